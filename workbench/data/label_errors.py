"""Which labels are probably wrong: confident learning (Northcutt, Jiang & Chuang 2021) on out-of-fold probabilities. It proposes only.

A bag-of-words classifier that has not seen a text says how likely each label is. A text counts as a suspect where another label is
at least as probable as it usually is for texts that carry it. What words do not tell, this does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.data.baseline import commonest

FOLDS = 5
LARGEST = 12_000  # texts; beyond that a random part of them is looked at
LEAST = 0.2  # of the way from guessing to always right (mean recall of the classes) that the classifier must have gone to be heard


@dataclass(frozen=True)
class Suspect:
    """One training row whose label is doubtful: position, its label, the likelier one, and the probability of each."""

    row: int
    given: str
    proposed: str
    p_given: float
    p_proposed: float
    text: str = ""


def confident(p: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(positions of suspects, likelier label of each), surest first. `p` (texts, labels) out of fold, `given` (texts,).

    The threshold of a label is its mean probability among the texts that carry it; a text belongs confidently to the most
    probable of the labels whose threshold it reaches.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]])
    >>> confident(p, np.array([0, 0, 1, 1, 1]))
    (array([4]), array([0]))
    """
    classes = np.arange(p.shape[1])
    thresholds = np.array([p[given == c, c].mean() if (given == c).any() else np.inf for c in classes])
    reached = np.where(p >= thresholds, p, -1.0)
    likely = reached.argmax(1)
    rows = np.flatnonzero((reached.max(1) >= 0) & (likely != given))
    margin = p[rows, given[rows]] - p[rows, likely[rows]]
    order = np.argsort(margin, kind="stable")
    return rows[order], likely[rows[order]]


def out_of_fold(texts: list[str], given: np.ndarray, labels: int, seed: int = 0) -> np.ndarray:
    """Probabilities (texts, labels) of every text by a TF-IDF + logistic regression that was fitted to the other folds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    vectors = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", max_features=30_000, dtype=np.float32
    )
    x: Any = vectors.fit_transform(texts)  # counts of words alone: no label is looked at
    p = np.zeros((len(texts), labels))
    for train, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, given):
        model = LogisticRegression(C=10, max_iter=200, tol=1e-3).fit(x[train], given[train])
        p[np.ix_(rest, model.classes_)] = model.predict_proba(x[rest])
    return p


def suspects(texts: list[str], given: np.ndarray, names: list[str], seed: int = 0) -> tuple[Suspect, ...]:
    """The texts whose label is probably wrong, surest first; none where words say too little about the labels to doubt any.

    Of more than `baseline.CLASSES` labels those of the commonest are looked at.
    """
    kept = _enough(given, seed)
    kept = kept[commonest(given[kept])]
    if len(np.unique(given[kept])) < 2 or not any(any(c.isalnum() for c in texts[i]) for i in kept):
        return ()
    some, y = [texts[i] for i in kept], given[kept]
    p = out_of_fold(some, y, len(names), seed)
    guess, classes = p.argmax(1), np.unique(y)
    recall = float(np.mean([(guess[y == c] == c).mean() for c in classes]))
    if recall < 1 / len(classes) + LEAST * (1 - 1 / len(classes)):
        return ()
    rows, likely = confident(p, y)
    return tuple(Suspect(int(kept[i]), names[y[i]], names[j], float(p[i, y[i]]), float(p[i, j]), some[i])
                 for i, j in zip(rows, likely, strict=True))  # fmt: skip


def _enough(given: np.ndarray, seed: int) -> np.ndarray:
    """Positions of the labels that every fold can show, at most `LARGEST` of them."""
    counts = np.bincount(given)
    kept = np.flatnonzero(counts[given] >= FOLDS)
    if len(kept) > LARGEST:
        kept = np.sort(np.random.default_rng(seed).choice(kept, LARGEST, replace=False))
        kept = kept[np.bincount(given[kept], minlength=len(counts))[given[kept]] >= FOLDS]
    return kept
