"""Predictions of a run that were made before it ran, and how far off they were. pandas and numpy only; nothing is drawn here.

Scoring, part by part, 0 to 1, and only for what was predicted: the best step loses a fifth for every evaluation that it is off;
the verdict is right or wrong; curve and final gap lose their error as a share of the range of the real validation curve. The
total is the mean of the parts in percent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.diagnosis import advice as a

VERDICTS = (a.UNDERFITTING, a.HEALTHY, a.MEMORISING, a.OVERFITTING, a.NOT_LEARNING, a.DIVERGING)
OFF = 5  # evaluations by which a best step may be off before it counts nothing


@dataclass(frozen=True)
class Prediction:
    """What somebody expects of a run; what is None was not predicted.

    `curve`: validation losses (nats) at evenly spaced moments from the first to the last epoch; `best`: epoch of the lowest one;
    `gap`: validation loss minus training loss at the end, in nats; `epochs`: how long the run is planned to be.
    """

    epochs: float
    curve: tuple[float, ...] | None = None
    best: float | None = None
    gap: float | None = None
    verdict: str | None = None

    @property
    def empty(self) -> bool:
        return self.curve is None and self.best is None and self.gap is None and self.verdict is None

    def at(self, epochs: Any) -> np.ndarray:
        """The drawn curve at these epochs, straight between its points."""
        points = self.curve or ()
        return np.interp(np.asarray(epochs, dtype=float), np.linspace(0, self.epochs, len(points)), points)

    def to_state(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Prediction:
        """The prediction of which `to_state` was asked."""
        return cls(**{**state, "curve": tuple(state["curve"]) if state["curve"] else None})


@dataclass(frozen=True)
class Score:
    """How far off a prediction was: evaluations, right or wrong, shares of the real curve's range; `total` in percent."""

    best_off: int | None
    verdict_right: bool | None
    curve_error: float | None
    gap_error: float | None

    @property
    def parts(self) -> dict[str, float]:
        """Points from 0 to 1 for every part that was predicted."""
        found = {
            "best step": None if self.best_off is None else 1 - self.best_off / OFF,
            "verdict": None if self.verdict_right is None else float(self.verdict_right),
            "curve": None if self.curve_error is None else 1 - self.curve_error,
            "final gap": None if self.gap_error is None else 1 - self.gap_error,
        }
        return {k: max(0.0, v) for k, v in found.items() if v is not None}

    @property
    def total(self) -> int | None:
        """The mean of the parts in percent; None where nothing was predicted."""
        return round(100 * float(np.mean(list(self.parts.values())))) if self.parts else None


def score(prediction: Prediction, frame: pd.DataFrame, verdict: str) -> Score:
    """Hold a prediction against a run's evaluations (epoch, train_loss, valid_loss) and its verdict.

    >>> frame = pd.DataFrame({"epoch": [0, 1, 2], "train_loss": [1, .5, .2], "valid_loss": [1, .5, 1]})
    >>> score(Prediction(2, best=2, verdict="overfitting"), frame, "overfitting").parts
    {'best step': 0.8, 'verdict': 1.0}
    """
    real = frame[np.isfinite(frame["valid_loss"])]
    right = None if prediction.verdict is None else family(verdict) == family(prediction.verdict)
    if real.empty:
        return Score(None, right, None, None)
    valid, epochs = real["valid_loss"].to_numpy(dtype=float), real["epoch"].to_numpy(dtype=float)
    span = max(float(valid.max() - valid.min()), 1e-9)
    off = error = gap = None
    if prediction.best is not None:
        off = abs(int(np.argmin(abs(epochs - prediction.best))) - int(np.argmin(valid)))
    if prediction.curve is not None:
        error = float(np.mean(abs(prediction.at(epochs) - valid)) / span)
    if prediction.gap is not None:
        gap = abs(prediction.gap - float(valid[-1] - real["train_loss"].iloc[-1])) / span
    return Score(off, right, error, gap)


def family(verdict: str) -> str:
    """A beginning overfit counts as overfitting."""
    return a.OVERFITTING if verdict == a.WATCH else verdict


def in_words(prediction: Prediction, frame: pd.DataFrame, verdict: str) -> str:
    """The score part by part in sentences with its numbers."""
    found = score(prediction, frame, verdict)
    if found.total is None:
        return "Nothing was predicted of this run, so nothing is scored."
    best = frame.loc[frame["valid_loss"].idxmin()]
    words = []
    if found.best_off is not None:
        how = "exactly" if found.best_off == 0 else f"off by {found.best_off} evaluation{'s' * (found.best_off > 1)}"
        words.append(f"Best step: {how} (you said epoch {prediction.best:.3g}, it was {best['epoch']:.3g})")
    if found.verdict_right is not None:
        said = "right" if found.verdict_right else f"you said {prediction.verdict}"
        words.append(f"Verdict: {said}, it is {verdict}")
    if found.curve_error is not None:
        words.append(f"Curve: {found.curve_error:.0%} of its range away on average")
    if found.gap_error is not None:
        real = frame["valid_loss"].iloc[-1] - frame["train_loss"].iloc[-1]
        words.append(f"Final gap: you said {prediction.gap:.2f} nats, it is {real:.2f}")
    return f"{found.total} of 100. " + ". ".join(words) + "."
