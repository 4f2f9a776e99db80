"""Is it real? What other seeds and other validation texts would have shown: resampling and intervals. No training here.

The bootstrap (Efron 1979) draws validation texts with replacement: all evaluations of a run share the same texts, so whole curves
are resampled, and the lowest point is looked for again in each of them. Seeds are compared by Student's t.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.diagnosis import diagnose
from workbench.diagnosis.advice import Context
from workbench.diagnosis.guesses import family

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # 0.975 quantiles of Student's t, 1 to 9 degrees


@dataclass(frozen=True)
class Interval:
    """A mean with the bounds of its 95% interval, in the unit of what was measured."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def resampled(losses: np.ndarray, n: int = 1000, seed: int = 0) -> np.ndarray:
    """Mean losses on `n` validation sets drawn with replacement: (evaluations, texts) -> (n, evaluations).

    >>> resampled(np.ones((3, 5)), n=2).shape
    (2, 3)
    """
    texts = losses.shape[1]
    counts = np.random.default_rng(seed).multinomial(texts, np.full(texts, 1 / texts), size=n)
    return counts @ losses.T / texts


def verdicts(frame: pd.DataFrame, curves: np.ndarray, context: Context) -> Counter[str]:
    """How often each verdict is given when the validation losses of `frame` are replaced by each of the curves."""
    return Counter(family(diagnose(frame.assign(valid_loss=curve), context).verdict) for curve in curves)


def rebound(valid: np.ndarray) -> np.ndarray:
    """By how many percent the last loss lies above the lowest: (..., evaluations) -> (...).

    >>> rebound(np.array([1.0, 0.5, 0.6])).round(3).item()
    20.0
    """
    return 100 * (valid[..., -1] / valid.min(axis=-1) - 1)


def middle(values: np.ndarray) -> Interval:
    """Mean and the middle 95% of many resampled values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(np.mean(values)), float(low), float(high))


def of_seeds(values: Sequence[float]) -> Interval:
    """Mean of a few seeds with its 95% interval (Student's t); one seed says nothing, so its interval is endless.

    >>> f"{of_seeds([1.0, 2.0, 3.0]).low:.2f}"
    '-0.48'
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return Interval(mean, -np.inf, np.inf)
    wide = T95[min(n - 2, len(T95) - 1)] * float(np.std(values, ddof=1)) / np.sqrt(n)
    return Interval(mean, mean - wide, mean + wide)


def band(frames: Sequence[pd.DataFrame], column: str = "valid_loss") -> pd.DataFrame:
    """Lowest and highest value of several runs at the steps that all of them have: step, low, high."""
    joined = pd.concat([f.set_index("step")[column] for f in frames], axis=1, join="inner").sort_index()
    return pd.DataFrame({"step": joined.index, "low": joined.min(axis=1).values, "high": joined.max(axis=1).values})
