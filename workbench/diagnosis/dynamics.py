"""Training dynamics of single examples: arrays of probabilities in, frames out. Nothing is read, trained or drawn here.

Data maps: Swayamdipta et al. 2020, "Dataset Cartography". Forgetting: Toneva et al. 2019, "An Empirical Study of Example
Forgetting". Flipped labels: Zhang et al. 2017, "Understanding deep learning requires rethinking generalization"; Arpit et al.
2017, "A Closer Look at Memorization".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

SURE = 3.0  # standard errors by which a share must lie above what is expected before it counts: many evaluations are looked at


def dynamics(p: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """One row per example: confidence, variability, correctness, forgetting, learned.

    `p` (evaluations, examples) is the probability of the label that the example has, `right` (same shape, bool) whether that
    label was the answer. Confidence is the mean of `p` over the evaluations, variability its standard deviation (both 0 to 1),
    correctness the share of evaluations that were right (Swayamdipta et al. 2020). Forgetting counts how often a right answer was
    followed by a wrong one (Toneva et al. 2019); `learned` is the first evaluation that was right, -1 for never.

    >>> dynamics(np.array([[0.2], [0.6], [0.4], [0.8]]), np.array([[False], [True], [False], [True]])).round(3).iloc[0].to_dict()
    {'confidence': 0.5, 'variability': 0.224, 'correctness': 0.5, 'forgetting': 1.0, 'learned': 1.0}
    """
    p, right = np.asarray(p, dtype=np.float64), np.asarray(right, dtype=bool)
    return pd.DataFrame(
        {
            "confidence": p.mean(0),
            "variability": p.std(0),
            "correctness": right.mean(0),
            "forgetting": (right[:-1] & ~right[1:]).sum(0),
            "learned": np.where(right.any(0), right.argmax(0), -1),
        }
    )


def memorised(answers: np.ndarray, given: np.ndarray, true: np.ndarray, error: np.ndarray, labels: int) -> pd.DataFrame:
    """One row per evaluation for the texts with flipped labels: shares `given`, `true`, `other`, and `expected`.

    `answers` (evaluations, flipped) are the answers, `given` and `true` (flipped,) the wrong label that an example was trained
    with and the right one. `error` (evaluations,) is the share of unseen texts answered wrongly; divided among the `labels - 1`
    wrong labels it is how often one of them is answered by mistake: what `given` is `expected` to be as long as nothing is
    memorised.

    >>> memorised(np.array([[0, 2], [1, 2]]), np.array([1, 1]), np.array([0, 0]), np.array([0.4, 0.3]), 3).iloc[1].to_dict()
    {'given': 0.5, 'true': 0.0, 'other': 0.5, 'expected': 0.15}
    """
    as_given, as_true = (answers == given).mean(1), (answers == true).mean(1)
    expected = np.asarray(error, dtype=np.float64) / max(1, labels - 1)
    other = ((answers != given) & (answers != true)).mean(1)
    return pd.DataFrame({"given": as_given, "true": as_true, "other": other, "expected": expected})


def onset(frame: pd.DataFrame, flipped: int) -> int | None:
    """Position of the first evaluation from which on, to the end, `given` lies above `expected` by more than 3 standard errors
    of a share of `flipped` texts: there memorising begins. None where it does not.

    >>> shares = {"given": [0.1, 0.1, 0.4, 0.9], "expected": [0.1] * 4}
    >>> onset(pd.DataFrame(shares), flipped=100)
    2
    """
    noise = np.sqrt(frame["expected"] * (1 - frame["expected"]) / max(1, flipped))
    return lasting(frame["given"] > frame["expected"] + SURE * noise)


def overtaken(frame: pd.DataFrame) -> int | None:
    """Position of the first evaluation from which on, to the end, more flipped texts are answered with the wrong label that they
    were given than with their true one; None where there is none."""
    return lasting(frame["given"] > frame["true"])


def lasting(holds: Any) -> int | None:
    """The first position from which on something holds to the end.

    >>> lasting([True, False, True, True]), lasting([True, False])
    (2, None)
    """
    no = np.flatnonzero(~np.asarray(holds, dtype=bool))
    first = int(no[-1]) + 1 if len(no) else 0
    return first if first < len(holds) else None
