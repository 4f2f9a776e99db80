"""What the rules read off a curve, computed once: noise, lowest level, where it stands now, how fast it falls. No verdicts here.

Noise is taken from the curve itself: how far an evaluation lies off the line through its two neighbours. All evaluations of a run
share their validation texts, so their differences are far less noisy than the standard error of the set, and they stay noisy
with a set of any size when the learning rate is high. A spike is one evaluation; what is believed has been seen twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Reading:
    """One curve as arrays of equal length, sorted by step; losses in nats, `metric` from 0 to 1 or None."""

    step: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    metric: np.ndarray | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Reading:
        """Read a frame as `as_frame` makes it."""
        metric = frame["valid_metric"].to_numpy(dtype=float) if "valid_metric" in frame else None
        known = metric is not None and not np.isnan(metric).all()
        step, train, valid = (frame[name].to_numpy(dtype=float) for name in ("step", "train_loss", "valid_loss"))
        return cls(step, train, valid, metric if known else None)

    def until(self, n: int) -> Reading:
        """The first `n` evaluations: what was known then."""
        metric = None if self.metric is None else self.metric[:n]
        return Reading(self.step[:n], self.train[:n], self.valid[:n], metric)

    def __len__(self) -> int:
        return len(self.step)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of one validation loss about its own trend, nats."""
        return scatter(self.step, self.valid)

    @cached_property
    def noise_train(self) -> float:
        """The same of the training loss."""
        return scatter(self.step, self.train)

    @cached_property
    def level(self) -> np.ndarray:
        """Validation loss without lone spikes: the median of each evaluation and its neighbours, the lower of the last two at the end."""
        return centred(self.valid, min)

    @cached_property
    def trained(self) -> np.ndarray:
        """Training loss without lone spikes, the median of the last three at the end."""
        return centred(self.train, lambda last: float(np.median(self.train[-3:])))

    @cached_property
    def low(self) -> int:
        """The position of the lowest level."""
        return int(np.argmin(self.level))

    @cached_property
    def best(self) -> int:
        """The position of the lowest finite validation loss, noise included: the weights that are kept."""
        return int(np.argmin(np.where(np.isfinite(self.valid), self.valid, np.inf)))

    @property
    def gl(self) -> float:
        """How many percent both of the last two evaluations lie above the lowest level (Prechelt's GL, without spikes)."""
        base = float(self.level[self.low])
        return 100 * (float(self.level[-1]) / base - 1) if base > 0 else 0.0

    def rise(self) -> float:
        """The same rise in units of the noise, less on a longer curve (see `far`); infinite for a rise without noise.

        Where the last four evaluations all lie 5% above the lowest level their mean counts: so a volatile curve shows that it is up.
        """
        base, last = float(self.level[self.low]), self.valid[-4:]
        up = float(self.level[-1]) - base
        if len(self) - self.low > 4 and last.min() > 1.05 * base:
            up = max(up, float(last.mean()) - base)
        return math.inf if self.noise == 0 and up > 0 else up / (self.noise * self.far) if up > 0 else 0.0

    @property
    def clear(self) -> float:
        """By how many percent the lowest of the three or more evaluations that follow the best one lies above it; 0 for fewer than three.

        On a short and steep curve the noise cannot be told from the bend; that every later evaluation lies far above needs none.
        """
        best, after = float(self.valid[self.best]), self.valid[self.best + 1 :]
        return max(0.0, 100 * (float(after.min()) / best - 1)) if len(after) >= 3 and best > 0 else 0.0

    @cached_property
    def far(self) -> float:
        """By how much more the lowest of so many values is low by chance than that of seven: sqrt(2 ln n) / 2, at least 1.

        The lowest of n normal values lies about sqrt(2 ln n) standard deviations below their mean (extreme value theory).
        """
        return max(1.0, math.sqrt(2 * math.log(max(2, len(self)))) / 2)

    @cached_property
    def fall(self) -> float:
        """The share by which validation loss falls per evaluation at the end: the median slope of its logarithm over the last six.

        With unequal spacing an evaluation is the median of these gaps. Theil (1950), Sen (1968): one spike does not move it.
        """
        x, y = self.step[-6:], self.valid[-6:]
        if len(x) < 2 or not (y > 0).all() or x[-1] == x[0]:
            return 0.0
        i, j = np.triu_indices(len(x), 1)
        apart = x[j] > x[i]
        slope = np.median((np.log(y[j]) - np.log(y[i]))[apart] / (x[j] - x[i])[apart])
        return float(1 - math.exp(slope * float(np.median(np.diff(x)))))


def scatter(step: np.ndarray, values: np.ndarray) -> float:
    """Standard deviation of single values about the line through their neighbours; 0 for fewer than four values.

    From the median distance, so a few spikes do not count, and with weights for unequal spacing: a value whose neighbours lie w
    and 1 - w away from it is off their line by a standard deviation of sqrt(1 + w² + (1 - w)²).

    >>> round(scatter(np.arange(6.0), np.array([0.0, 2.0, 0.0, 2.0, 0.0, 2.0])), 2)
    2.42
    """
    if len(values) < 4:
        return 0.0
    width = step[2:] - step[:-2]
    w = np.where(width > 0, (step[1:-1] - step[:-2]) / np.where(width > 0, width, 1), 0.5)
    off = np.abs(values[1:-1] - (1 - w) * values[:-2] - w * values[2:]) / np.sqrt(1 + w**2 + (1 - w) ** 2)
    off = off[np.isfinite(off)]
    return float(np.median(off)) / 0.6745 if len(off) else 0.0


def centred(values: np.ndarray, end: Callable[..., float]) -> np.ndarray:
    """The median of each value and its two neighbours; `end` makes the last one of the last two values. No value lags behind.

    >>> centred(np.array([1.0, 9.0, 1.0, 2.0, 3.0]), min).tolist()
    [1.0, 1.0, 2.0, 2.0, 2.0]
    """
    out = values.copy()
    if len(values) > 2:
        a, b, c = values[:-2], values[1:-1], values[2:]
        out[1:-1] = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    if len(values) > 1:
        out[-1] = end(values[-2:])
    return out
