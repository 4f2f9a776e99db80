"""A `transformers.Trainer` for in-memory tensors, set up from a RunConfig. It adds batches of similar length, no more."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from workbench.config import RunConfig
from workbench.tasks.base import LengthGrouped, Prepared
from workbench.training.bridge import Bridge
from workbench.training.precision import Precision


class WorkbenchTrainer(Trainer):
    """Draws its batches from `LengthGrouped`, whose order depends on (seed, epoch) alone, so that a resumed run sees the
    batches that an uninterrupted one would."""

    def get_train_dataloader(self) -> DataLoader:
        data: Any = self.train_dataset
        seed = int(self.args.data_seed or 0)
        batches = LengthGrouped(data.lengths, self.args.per_device_train_batch_size, seed)
        generator = torch.Generator().manual_seed(seed)  # the loader leaves the global generator alone
        loader = DataLoader(data, batch_sampler=batches, collate_fn=self.data_collator, generator=generator)
        return self.accelerator.prepare(loader)


def make_trainer(
    model: torch.nn.Module,
    prepared: Prepared,
    collate: Any,
    config: RunConfig,
    precision: Precision,
    folder: Path,
    bridge: Bridge,
    accumulate: int = 1,
) -> WorkbenchTrainer:
    """A Trainer that reports to `bridge` alone. `accumulate` splits every batch when memory is short."""
    choices = config.to_training_arguments()
    choices["per_device_train_batch_size"] = max(1, config.batch_size // accumulate)
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
    trainer = WorkbenchTrainer(model=model, args=arguments, train_dataset=prepared.train, data_collator=collate,
                               callbacks=[bridge])  # fmt: skip
    trainer.model_accepts_loss_kwargs = (
        False  # most heads ignore num_items_in_batch, and accumulation would scale wrongly
    )
    for unwanted in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(unwanted)
    return trainer
