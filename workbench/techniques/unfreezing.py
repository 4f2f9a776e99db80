"""Gradual unfreezing with discriminative learning rates: the ULMFiT way (Howard & Ruder 2018).

At first only the head learns. With every epoch one more block joins in, from the last layer down to the embeddings, each with
a rate that is `rate_decay` times smaller than that of the block above it. Pair it with `schedule="slanted"`.
"""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.models.anatomy import blocks
from workbench.techniques.base import Group, Technique, by_decay


class GradualUnfreezing(Technique):
    """The head first, then one more block per epoch from top to bottom."""

    name = "unfreezing"

    def apply(self, model: Any, config: RunConfig) -> Any:
        self.before_epoch(model, config, 0.0)
        return model

    def groups(self, model: Any, config: RunConfig) -> list[Group]:
        """One rate per block. Frozen ones are in the optimiser from the start, so that they can join in later."""
        weights = dict(model.named_parameters())
        found = []
        for depth, block in enumerate(reversed(blocks(model))):
            named = [(name, weights[name]) for name in block.parameters]
            found += by_decay(named, config.learning_rate / config.rate_decay**depth, config.weight_decay)
        return found

    def before_epoch(self, model: Any, config: RunConfig, epoch: float) -> None:
        """Epoch 0 to 1: the head alone; 1 to 2: the last layer too; and so on."""
        weights = dict(model.named_parameters())
        for depth, block in enumerate(reversed(blocks(model))):
            for name in block.parameters:
                weights[name].requires_grad = depth <= int(epoch + 1e-9)
