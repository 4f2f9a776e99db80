"""What every technique offers. It gets a model with its head and says which weights learn. No task, no Trainer here."""

from __future__ import annotations

from typing import Any, Protocol

from workbench.config import RunConfig


class Technique(Protocol):
    """One way to fine-tune."""

    name: str

    def apply(self, model: Any, config: RunConfig) -> Any:
        """The model, changed in place or wrapped; weights that shall not learn have `requires_grad` off."""


def trained_parameters(model: Any) -> tuple[int, int]:
    """(parameters that learn, all parameters)."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, learns in sizes if learns), sum(n for n, _ in sizes)
