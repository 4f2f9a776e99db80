"""Stopping rules side by side on one finished curve: where each would have stopped, what that costs and what it saves.

A rule reads a curve from the left, as it would have live, and never looks ahead. GL, PQ and UP: Prechelt (1998), "Early stopping -
but when?". Nothing is trained here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.diagnosis.curves import best_position, generalisation_loss, progress, successive_rises
from workbench.diagnosis.frames import as_frame
from workbench.diagnosis.stopping import Patience
from workbench.errors import WorkbenchError


class Rule(Protocol):
    """A stopping rule: `name` as it is written, and the first position of a curve at which it stops (None: never)."""

    @property
    def name(self) -> str: ...

    def first(self, valid: pd.Series, train: pd.Series) -> int | None: ...


@dataclass(frozen=True)
class Patient:
    """Stop after so many evaluations in a row without an improvement of more than `min_delta` nats."""

    patience: int
    min_delta: float = 0.0

    @property
    def name(self) -> str:
        return f"patience {self.patience}" + (f", min delta {self.min_delta:g}" if self.min_delta else "")

    def first(self, valid: pd.Series, train: pd.Series) -> int | None:
        rule = Patience(self.patience, self.min_delta)
        return next((i for i, loss in enumerate(valid) if rule.update(i, float(loss))), None)


@dataclass(frozen=True)
class GL:
    """Stop when the generalisation loss exceeds `alpha` percent."""

    alpha: float

    @property
    def name(self) -> str:
        return f"GL {self.alpha:g}"

    def first(self, valid: pd.Series, train: pd.Series) -> int | None:
        return _first(generalisation_loss(valid) > self.alpha)


@dataclass(frozen=True)
class PQ:
    """Stop when generalisation loss divided by training progress over the last `k` evaluations exceeds `alpha`."""

    alpha: float
    k: int = 5

    @property
    def name(self) -> str:
        return f"PQ {self.alpha:g}"

    def first(self, valid: pd.Series, train: pd.Series) -> int | None:
        loss, moved = generalisation_loss(valid), progress(train, self.k)
        whole = np.arange(len(valid)) >= self.k - 1  # a progress over fewer evaluations is no progress over k
        return _first((loss > self.alpha * moved) & (loss > 0) & whole)


@dataclass(frozen=True)
class UP:
    """Stop when validation loss has risen in `s` successive strips of `k` evaluations."""

    s: int
    k: int = 1

    @property
    def name(self) -> str:
        return f"UP {self.s}"

    def first(self, valid: pd.Series, train: pd.Series) -> int | None:
        return _first(successive_rises(valid, self.k) >= self.s)


USUAL: tuple[Rule, ...] = (Patient(1), Patient(2), Patient(3), Patient(5), GL(2), GL(5), PQ(0.5), PQ(1), UP(2), UP(3))


def rule(text: str) -> Rule:
    """The rule that a name stands for.

    >>> rule("GL 5"), rule("up 3"), rule("patience 2")
    (GL(alpha=5.0), UP(s=3, k=1), Patient(patience=2, min_delta=0.0))
    """
    found = re.fullmatch(r"\s*(patience|gl|pq|up)\s*([0-9]*\.?[0-9]+)\s*", str(text).lower())
    number = float(found[2]) if found else 0.0
    counted = found is not None and found[1] in ("patience", "up")
    if found is None or number <= 0 or (counted and number != int(number)):
        raise WorkbenchError(f"stopping rule {text!r}", "patience, GL, PQ or UP with a number above 0", "'GL 5'")
    kinds: dict[str, Any] = {"gl": GL, "pq": PQ, "up": UP, "patience": Patient}
    made: Rule = kinds[found[1]](int(number) if counted else number)
    return made


@dataclass(frozen=True)
class Stop:
    """What one rule would have done with one curve. Positions are rows of the frame; `stop` is None where it never stops."""

    rule: str
    stop: int | None
    seen: int  # evaluations that were needed
    kept: int  # the row whose weights would be kept: the lowest loss up to the stop
    best: int  # the row of the lowest loss of the whole curve
    regret: float  # percent by which the kept loss lies above the lowest of the whole curve
    used: float  # share of the steps of the whole curve


def replay_rule(curve: Any, one: Rule) -> Stop:
    """Lay a rule over a finished curve (a run, a frame, a log history)."""
    frame = whole_curve(curve)
    if frame.empty:
        raise WorkbenchError("a curve without evaluations", "a run that was evaluated at least once", "await run")
    return stopped(frame, one.first(frame["valid_loss"], frame["train_loss"]), one.name)


def whole_curve(curve: Any) -> pd.DataFrame:
    """The frame of a curve, of a run with what a ghost has seen after the stop."""
    return as_frame(curve.whole() if hasattr(curve, "whole") else curve)


def stopped(frame: pd.DataFrame, stop: int | None, name: str, kept: str = "lowest") -> Stop:
    """What a stop at position `stop` does with a curve (None: no stop); `kept` is "lowest" or "last": whose weights stay."""
    valid = frame["valid_loss"]
    end = len(frame) - 1 if stop is None else stop
    keeps, best = best_position(valid.iloc[: end + 1]) if kept == "lowest" else end, best_position(valid)
    lowest, steps = float(valid.iloc[best]), frame["step"].to_numpy(dtype=float)
    regret = 100 * (float(valid.iloc[keeps]) / lowest - 1) if lowest > 0 else 0.0
    used = steps[end] / steps[-1] if steps[-1] > 0 else 1.0
    return Stop(name, stop, end + 1, keeps, best, regret, float(used))


def in_words(frame: pd.DataFrame, stop: Stop) -> str:
    """The stop in a sentence: where, what is kept, what is lost, what is saved."""
    steps, losses = frame["step"].astype(int), frame["valid_loss"]
    name = stop.rule[0].upper() + stop.rule[1:]
    kept, best = losses.iloc[stop.kept], losses.iloc[stop.best]
    if stop.stop is None:
        return f"{name} never stops this curve: all {steps.iloc[-1]} steps are trained, and step {steps.iloc[stop.kept]} is kept ({kept:.3f})."
    words = (
        f"{name} stops at step {steps.iloc[stop.stop]} of {steps.iloc[-1]} ({stop.used:.0%}) and keeps step "
        f"{steps.iloc[stop.kept]} with validation loss {kept:.3f}"
    )
    if stop.kept == stop.best:
        return f"{words}, the lowest of the whole curve: nothing is lost, {steps.iloc[-1] - steps.iloc[stop.stop]} steps are saved."
    return (
        f"{words}. Going on would have found {best:.3f} at step {steps.iloc[stop.best]}: the stop costs {stop.regret:.1f}% and saves "
        f"{steps.iloc[-1] - steps.iloc[stop.stop]} steps."
    )


def race(curve: Any, rules: Sequence[Rule | str] = USUAL) -> pd.DataFrame:
    """All rules on one curve: where each stops, the loss it keeps, its regret (percent) and the share of the steps it used.

    Sorted by regret, then by steps. Only what the curve shows can be judged: a rule that never stops has regret 0 here.
    """
    frame = whole_curve(curve)
    rows = []
    for one in rules:
        found = replay_rule(frame, rule(one) if isinstance(one, str) else one)
        rows.append(
            {
                "rule": found.rule,
                "stops at step": "never" if found.stop is None else int(frame["step"].iloc[found.stop]),
                "kept step": int(frame["step"].iloc[found.kept]),
                "kept loss": round(float(frame["valid_loss"].iloc[found.kept]), 4),
                "regret (%)": round(found.regret, 2),
                "steps used (%)": round(100 * found.used, 1),
            }
        )
    table = pd.DataFrame(rows).sort_values(["regret (%)", "steps used (%)"], kind="stable")
    return table.set_index("rule")


def _first(holds: pd.Series) -> int | None:
    where = np.flatnonzero(np.asarray(holds, dtype=bool))
    return int(where[0]) if len(where) else None
