"""What a classifier has to beat: the majority class, and a bag of words with logistic regression. No neural network here."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

LARGEST = 20_000
FINE = 50  # labels up to which every word and pair of words counts
CLASSES = 150  # labels that a bag of words is fitted to: the work grows with their number; the others it never answers


def baselines(train: list[str], train_y: np.ndarray, valid: list[str], valid_y: np.ndarray) -> tuple[float, float]:
    """Accuracy on validation of (the majority class of training, TF-IDF + logistic regression).

    Beyond 20,000 training texts the second is fitted to a random 20,000 of them: it is a yardstick, not a contestant. Of more
    than `FINE` labels it is fitted coarsely, of more than `CLASSES` it knows the commonest alone.
    """
    classes, counts = np.unique(train_y, return_counts=True)
    majority = float((valid_y == classes[counts.argmax()]).mean())
    coarse = len(classes) > FINE
    if len(classes) > CLASSES:
        some = commonest(train_y)
        train, train_y = [train[i] for i in some], train_y[some]
        classes = np.unique(train_y)
    if len(classes) < 2 or not any(re.search(r"\w", t) for t in train):
        return majority, majority
    if len(train) > LARGEST:
        some = np.random.default_rng(0).choice(len(train), LARGEST, replace=False)
        some = np.union1d(some, [np.flatnonzero(train_y == c)[0] for c in classes])  # no class is missing
        train, train_y = [train[i] for i in some], train_y[some]
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "The number of unique classes"
        )  # a text or two of each are few, but no mistake
        return majority, float(bag_of_words(coarse=coarse).fit(train, train_y).score(valid, valid_y))


def commonest(y: np.ndarray, most: int | None = None) -> np.ndarray:
    """Positions of the rows with one of the `most` (`CLASSES`) commonest labels, in their order; of equally common ones the first.

    >>> commonest(np.array([3, 1, 2, 1, 3]), 2)
    array([0, 1, 3, 4])
    """
    classes, counts = np.unique(y, return_counts=True)
    return np.flatnonzero(np.isin(y, classes[np.argsort(-counts, kind="stable")[: most or CLASSES]]))


def bag_of_words(coarse: bool = False) -> Any:
    """The control: TF-IDF of words and word pairs, logistic regression. `coarse` is for very many labels: 30,000 words and pairs at
    most, and weights that are nearly the best."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", max_features=30_000 if coarse else None
    )
    return make_pipeline(
        vectors, LogisticRegression(C=10, max_iter=200, tol=1e-3) if coarse else LogisticRegression(C=10, max_iter=1000)
    )
