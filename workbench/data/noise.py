"""`flip`: wrong labels put into the training split on purpose, to see whether and when a model learns them by heart. No repair.

Zhang et al. 2017, "Understanding deep learning requires rethinking generalization"; Arpit et al. 2017, "A Closer Look at
Memorization in Deep Networks". Validation and test keep their labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.data.load import BY_HAND, Data, load
from workbench.errors import WorkbenchError, whole

TRUE = "true_label"  # the column that keeps what the labels were


def flip(data: Any, share: float, seed: int = 0, rows: np.ndarray | None = None) -> Data:
    """A copy of `data` in which a share (above 0, at most 0.9) of the training labels is wrong.

    `round(share * texts)` texts are drawn without replacement, from `rows` of the training split where they are given, and each
    gets one of the other labels at random; the same seed draws the same. A new column `true_label` keeps what they were. Raises
    WorkbenchError for data without one label per text.

    >>> noisy = flip("reviews", 0.1)["train"]
    >>> sum(a != b for a, b in zip(noisy["label"], noisy["true_label"]))
    128
    """
    data = load(data)
    if data.task != "classification":
        raise WorkbenchError(f"data for {data.task}", "texts with one label each", "wb.flip('reviews', 0.1)")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 0.9:
        raise WorkbenchError(f"a share of {share!r}", "a number above 0 and at most 0.9", "wb.flip(data, 0.1)")
    whole("seed", seed, try_="wb.flip(data, 0.1, seed=0)")
    train, rng = data["train"], np.random.default_rng((seed, 1))
    labels = np.array(train["label"], dtype=np.int64)
    rows = np.arange(len(labels)) if rows is None else _rows(rows, len(labels))
    chosen = rng.choice(rows, round(share * len(rows)), replace=False)
    wrong = labels.copy()
    wrong[chosen] = (labels[chosen] + rng.integers(1, len(data.labels), len(chosen))) % len(data.labels)
    kept = train.features["label"]
    true = true_labels(data).tolist()  # of data flipped twice the first labels are the true ones
    plain = train.remove_columns([c for c in ("label", TRUE) if c in train.column_names])
    changed = plain.add_column("label", wrong.tolist(), feature=kept).add_column(TRUE, true, feature=kept)
    flipped = Data({**data, "train": changed})
    flipped.name = BY_HAND  # its name would bring the labels back
    flipped.title = f"{data.called}, {len(chosen)} labels flipped"
    return flipped


def _rows(rows: Any, many: int) -> np.ndarray:
    """Numbers of rows by size; an error where one is no row of training."""
    found = np.asarray(list(rows) if isinstance(rows, range | set) else rows)
    expected, try_ = f"numbers of training rows, each once, from 0 to {many - 1}", "wb.flip(data, 0.1, rows=range(100))"
    if found.ndim != 1 or found.dtype.kind not in "iu" or not len(found):
        raise WorkbenchError(f"rows are {rows!r:.60}", expected, try_)
    found = np.sort(found)
    odd = found[(found < 0) | (found >= many)]
    if len(odd) or (found[1:] == found[:-1]).any():
        raise WorkbenchError(f"rows hold {odd[0]}" if len(odd) else "rows hold a number twice", expected, try_)
    return found


def true_labels(data: Any) -> np.ndarray:
    """The labels of the training split before any were flipped, (texts,): its column `true_label` (names or numbers of labels), or
    where there is none the labels that it has."""
    train = data["train"]
    known: dict[Any, int] = {name: i for i, name in enumerate(data.labels)} | {i: i for i in range(len(data.labels))}
    values = list(train[TRUE]) if TRUE in train.column_names else []
    if values and all(value in known for value in values):
        return np.array([known[value] for value in values], dtype=np.int64)
    return np.array(train["label"], dtype=np.int64)
