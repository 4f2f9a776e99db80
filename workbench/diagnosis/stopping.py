"""Patience: early stopping that counts evaluations. Usable live and on a finished curve; it stops nothing itself."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd


@dataclass
class Patience:
    """Stop after `patience` evaluations whose loss is not below the best by more than `min_delta` (absolute, nats).

    >>> rule = Patience(patience=2)
    >>> [rule.update(step, loss) for step, loss in enumerate([0.7, 0.5, 0.6, 0.55])]
    [False, False, False, True]
    """

    patience: int
    min_delta: float = 0.0
    best_value: float = math.inf
    best_step: int | None = None
    waited: int = 0

    def update(self, step: int, value: float) -> bool:
        """Take one evaluation in; True when patience has run out. A loss that is not a number counts as no improvement."""
        if value < self.best_value - self.min_delta:
            self.best_value, self.best_step, self.waited = value, step, 0
        else:
            self.waited += 1
        return self.waited >= self.patience

    @property
    def left(self) -> int:
        """Evaluations without improvement that are still allowed."""
        return max(0, self.patience - self.waited)

    def to_state(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "best_value": None if math.isinf(self.best_value) else self.best_value}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Patience:
        """The rule as it was when `to_state` was called."""
        return cls(**{**state, "best_value": math.inf if state["best_value"] is None else state["best_value"]})


def replay(frame: pd.DataFrame, rule: Patience) -> int | None:
    """The step at which a fresh `rule` would have stopped this curve, or None."""
    rule = Patience(rule.patience, rule.min_delta)
    for step, value in zip(frame["step"], frame["valid_loss"], strict=True):
        if rule.update(int(step), float(value)):
            return int(step)
    return None
