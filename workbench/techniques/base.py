"""What every technique may do to a training. It gets a model with its head and says what learns, how fast, towards what.

Every hook has a default that changes nothing, so a technique's file shows only what makes it different. No Trainer here.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench import catalog
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.anatomy import blocks
from workbench.techniques.mixing import mixed_loss

Group = dict[str, Any]  # one group of an optimiser: {"params": [...], "lr": ..., "weight_decay": ...}


class Technique:
    """One way to fine-tune. Its title, source and tasks stand in the catalogue."""

    name: ClassVar[str] = ""
    freezes: ClassVar[bool] = False  # whether `config.freeze` may say which blocks do not learn
    reads: ClassVar[bool] = False  # whether the language model reads on before the head is built
    extras: ClassVar[tuple[str, ...]] = ()  # what a batch holds for this technique's loss and the model does not take

    @property
    def rate(self) -> float:
        """The learning rate that usually suits it."""
        return float(catalog.find(catalog.techniques(), self.name, "technique").facts["rate"])

    def check(self, config: RunConfig, task: str) -> None:
        """Raise a WorkbenchError where the choices do not go together; asked before the model is loaded."""
        refused = catalog.technique_refusal(self.name, task)
        if refused is not None:
            raise refused
        if config.mixup and (task != "classification" or type(self).loss is not Technique.loss):
            where = (
                f"data for {task}"
                if task != "classification"
                else f"technique {self.name!r}, which has a loss of its own"
            )
            raise WorkbenchError(
                f"mixup={config.mixup:g} with {where}", "one label for a whole text, and no other loss", "mixup=0"
            )
        if config.freeze and not self.freezes:
            raise WorkbenchError(f"freeze={config.freeze} with technique {self.name!r}, which says itself what learns",
                                 "technique='full'", "freeze=0")  # fmt: skip

    def apply(self, model: Any, config: RunConfig) -> Any:
        """The model, changed in place or wrapped; weights that shall not learn have `requires_grad` off."""
        return model

    def again(self, model: Any, config: RunConfig, weights: dict[str, torch.Tensor]) -> Any:
        """The model as `apply` had left it, ready to take up stored weights, by name."""
        return self.apply(model, config)

    def groups(self, model: Any, config: RunConfig) -> list[Group] | None:
        """Groups for the optimiser, the head's first; None: one rate for all that learns, as Trainer does it."""
        return None

    def before_epoch(self, model: Any, config: RunConfig, epoch: float) -> None:
        """Called with the epochs done so far where an epoch begins, or where a resumed run goes on within one."""

    def examples(self, prepared: Any, data: Any, task: Any, config: RunConfig) -> Any:
        """The training examples, with whatever this technique adds to them (see `collate`)."""
        return prepared.train

    def collate(self, collate: Any) -> Any:
        """What makes a batch of those examples."""
        return collate

    def loss(self, output: Any, batch: dict[str, torch.Tensor], config: RunConfig) -> torch.Tensor | None:
        """The loss to train on; None: the task's own. Unless a technique has its own, examples are mixed here where asked for."""
        return mixed_loss(output["logits"], batch["labels"], config) if config.mixup else None

    def report(self, model: Any, prepared: Any, task: Any, config: RunConfig) -> dict[str, Any]:
        """Facts about the model that only this technique can tell, asked once before `finish`."""
        return {}

    def finish(self, model: Any) -> Any:
        """A plain model again, which gives the same answers and which `from_pretrained` can read once it is saved."""
        return model


def freeze_lowest(model: Any, config: RunConfig) -> None:
    """Keep the `config.freeze` lowest blocks (embeddings first, then layer after layer) as they are; the head always learns."""
    found = blocks(model)
    if config.freeze >= len(found):
        names = ", ".join(block.name for block in found[:-1])
        raise WorkbenchError(f"freeze={config.freeze} of a model with {len(found) - 1} blocks below its head ({names})",
                             f"0 to {len(found) - 1}", f"freeze={len(found) - 1}")  # fmt: skip
    weights = dict(model.named_parameters())
    for name in (name for block in found[: config.freeze] for name in block.parameters):
        weights[name].requires_grad = False


def trained_parameters(model: Any) -> tuple[int, int]:
    """(parameters that learn, all parameters)."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, learns in sizes if learns), sum(n for n, _ in sizes)


def by_decay(named: list[tuple[str, torch.nn.Parameter]], rate: float, weight_decay: float) -> list[Group]:
    """Two groups at one rate: matrices decay, biases and normalisations (one dimension) do not."""
    split = ([p for _, p in named if p.ndim > 1], weight_decay), ([p for _, p in named if p.ndim <= 1], 0.0)
    return [{"params": params, "lr": rate, "weight_decay": decay} for params, decay in split if params]
