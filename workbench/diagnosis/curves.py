"""Numbers read off a curve of losses: generalisation loss, progress, best step, smoothing. No verdicts here.

Losses are arrays or Series of positive numbers, one per evaluation. Source of GL, P_k, PQ and UP: Prechelt (1998), "Early
stopping - but when?".
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def generalisation_loss(valid: pd.Series) -> pd.Series:
    """GL(t) = 100 · (E_va(t) / min so far − 1), in percent.

    >>> generalisation_loss(pd.Series([1.0, 0.5, 0.6])).round(1).tolist()
    [0.0, 0.0, 20.0]
    """
    return 100 * (valid / valid.cummin() - 1)


def progress(train: pd.Series, k: int = 5) -> pd.Series:
    """P_k(t) = 1000 · (mean of the last k training losses / their minimum − 1): how much training still moves.

    >>> progress(pd.Series([2.0, 1.0]), k=2).tolist()
    [0.0, 500.0]
    """
    window = train.rolling(k, min_periods=1)
    return 1000 * (window.mean() / window.min() - 1)


def quotient(valid: pd.Series, train: pd.Series, k: int = 5) -> pd.Series:
    """PQ(t) = GL(t) / P_k(t); infinite where training stands still while validation has risen."""
    return generalisation_loss(valid) / progress(train, k)


def successive_rises(valid: pd.Series, k: int = 1) -> pd.Series:
    """UP: in how many strips of k evaluations in a row, up to here, the loss was above that of the strip before.

    >>> successive_rises(pd.Series([1.0, 0.5, 0.6, 0.7])).tolist()
    [0, 0, 1, 2]
    """
    counts, run = [], 0
    values = valid.to_numpy()
    for i in range(len(values)):
        if i >= k and i % k == 0:
            run = run + 1 if values[i] > values[i - k] else 0
        counts.append(run)
    return pd.Series(counts, index=valid.index)


def smooth(valid: pd.Series, width: int = 3) -> pd.Series:
    """The median of the last `width` values: it drops single spikes and follows a lasting rise after width // 2 values.

    A running mean would let one spike colour `width` evaluations; the median lets it colour none.

    >>> smooth(pd.Series([1.0, 9.0, 1.0, 1.0])).tolist()
    [1.0, 5.0, 1.0, 1.0]
    """
    return valid.rolling(width, min_periods=1).median()


def best_position(valid: pd.Series) -> int:
    """The position of the lowest finite loss."""
    finite = np.where(np.isfinite(valid), valid, np.inf)
    return int(np.argmin(finite))


def wiggle(valid: pd.Series) -> float:
    """The noise of a curve about its own trend, in loss units: from second differences, which cancel a straight trend.

    The standard error of a validation loss says how far another validation set would be; along one run the set is the
    same, and what is left is this wiggle. Median absolute second difference / (0.6745 · √6) for Gaussian noise.
    """
    values = valid.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if len(values) < 4:
        return 0.0
    return float(np.median(np.abs(np.diff(values, 2))) / (0.6745 * np.sqrt(6)))
