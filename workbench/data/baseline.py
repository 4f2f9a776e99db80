"""What a classifier has to beat: the majority class, and a bag of words with logistic regression. No neural network here."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

LARGEST = 20_000


def baselines(train: list[str], train_y: np.ndarray, valid: list[str], valid_y: np.ndarray) -> tuple[float, float]:
    """Accuracy on validation of (the majority class of training, TF-IDF + logistic regression).

    Beyond 20,000 training texts the second is fitted to a random 20,000 of them: it is a yardstick, not a contestant.
    """
    classes, counts = np.unique(train_y, return_counts=True)
    majority = float((valid_y == classes[counts.argmax()]).mean())
    if len(classes) < 2 or not any(re.search(r"\w", t) for t in train):
        return majority, majority
    if len(train) > LARGEST:
        some = np.random.default_rng(0).choice(len(train), LARGEST, replace=False)
        some = np.union1d(some, [np.flatnonzero(train_y == c)[0] for c in classes])  # no class is missing
        train, train_y = [train[i] for i in some], train_y[some]
    return majority, float(bag_of_words().fit(train, train_y).score(valid, valid_y))


def bag_of_words() -> Any:
    """The control: TF-IDF of words and word pairs, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    return make_pipeline(vectors, LogisticRegression(C=10, max_iter=1000))
