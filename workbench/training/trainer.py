"""A `transformers.Trainer` for in-memory tensors, set up from a RunConfig: batches of similar length, a technique's loss and
rates, and the slanted triangular schedule. Nothing is measured or kept here: that is the bridge."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from workbench.config import RunConfig
from workbench.techniques.base import Technique
from workbench.training.bridge import Bridge
from workbench.training.precision import Precision
from workbench.training.team import ALONE, Shares, Team


class WorkbenchTrainer(Trainer):
    """Draws its batches from `LengthGrouped`, whose order depends on (seed, epoch) alone, so that a resumed run sees the
    batches that an uninterrupted one would, and several processes see shares of the batches that one would."""

    def __init__(
        self, technique: Technique, config: RunConfig, team: Team = ALONE, task_loss: Any = None, **arguments: Any
    ) -> None:
        self.technique, self.choices, self.team, self.task_loss = technique, config, team, task_loss
        super().__init__(**arguments)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        groups = self.technique.groups(self.model, self.choices)
        if groups is None:
            return super().create_optimizer()
        kind, arguments = self.get_optimizer_cls_and_kwargs(self.args)
        self.optimizer = kind(groups, **arguments)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.choices.schedule != "slanted":
            return super().create_scheduler(num_training_steps, optimizer)
        optimizer = optimizer or self.optimizer
        shape = partial(slanted_triangle, total=num_training_steps, cut=max(self.choices.warmup, 1e-9))
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, shape)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        weight = self.team.weight(inputs, self._loss_shifts_labels)
        if type(self.technique).loss is Technique.loss and not self.choices.mixup:
            both: Any = super().compute_loss(model, inputs, True, num_items_in_batch)
            loss, output = both
            if self.task_loss is not None:
                loss = self.task_loss(output, inputs)
        else:
            output = model(**{k: v for k, v in inputs.items() if k not in self.technique.extras})
            loss = self.technique.loss(output, inputs, self.choices)
        loss = loss * weight
        return (loss, output) if return_outputs else loss

    def get_train_dataloader(self) -> DataLoader:
        data: Any = self.train_dataset
        seed = int(self.args.data_seed or 0)
        batches = Shares(data.lengths, self.args.per_device_train_batch_size * self.team.world, seed, self.team, data)
        generator = torch.Generator().manual_seed(seed)  # the loader leaves the global generator alone
        loader = DataLoader(data, batch_sampler=batches, collate_fn=self.data_collator, generator=generator)
        if self.team.world > 1:  # our shares are cut already: accelerate would deal out whole batches
            return prepare_data_loader(loader, self.accelerator.device, 1, 0, put_on_device=True)
        return self.accelerator.prepare(loader)


def make_trainer(
    model: torch.nn.Module,
    examples: Any,
    technique: Technique,
    config: RunConfig,
    precision: Precision,
    folder: Path,
    bridge: Bridge,
    accumulate: int = 1,
    team: Team = ALONE,
) -> WorkbenchTrainer:
    """A Trainer that reports to `bridge` alone. `accumulate` splits every batch when memory is short, `team` over processes."""
    choices = config.to_training_arguments()
    choices["per_device_train_batch_size"] = max(1, config.batch_size // accumulate // team.world)
    arguments = TrainingArguments(
        output_dir=str(folder if folder.is_dir() else tempfile.gettempdir()),  # it makes this folder and writes nothing
        **choices,
        **precision.to_training_arguments(),
        gradient_accumulation_steps=accumulate,
        data_seed=config.seed,
        logging_steps=1 if precision.device == "cpu" else 5,
        logging_nan_inf_filter=False,
        logging_strategy="steps",
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    if arguments.n_gpu > 1:  # of several GPUs Trainer would give each a copy of the model and a batch of its own size
        arguments._n_gpu = 1
    task_loss = getattr(bridge.task, "loss", None)  # most models compute the loss of their task themselves
    trainer = WorkbenchTrainer(technique, config, team, task_loss, model=model, args=arguments, train_dataset=examples,
                               data_collator=technique.collate(bridge.training_collate), callbacks=[bridge])  # fmt: skip
    trainer.model_accepts_loss_kwargs = (
        False  # most heads ignore num_items_in_batch, and accumulation would scale wrongly
    )
    for unwanted in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(unwanted)
    return trainer


def slanted_triangle(step: int, total: int, cut: float, ratio: float = 32) -> float:
    """Share of the peak rate: up over the first `cut` of the steps, then slowly down to 1/`ratio` (Howard & Ruder 2018).

    >>> [round(slanted_triangle(step, 10, 0.2), 2) for step in (0, 1, 2, 10)]
    [0.03, 0.52, 1.0, 0.03]
    """
    peak = max(1, int(total * cut))
    share = step / peak if step < peak else max(0.0, 1 - (step - peak) / max(1, total - peak))
    return (1 + share * (ratio - 1)) / ratio
