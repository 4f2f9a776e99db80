"""Do the texts that a model will meet look like those it was trained on? A classifier that tries to tell them apart says how far not.

Its AUC out of fold is the measure: 0.5 where nothing tells them apart, 1.0 where everything does (Rabanser, Günnemann & Lipton 2019
compare such tests). Words are looked at, no labels: it needs no labelled target.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import datasets as hf
import numpy as np

from workbench.errors import WorkbenchError

LARGEST = 2_000  # texts of each side
FOLDS = 5
STRONG = 0.8  # from here on it is called a problem
LEAST = 20  # texts of the target below which nothing can be said


@dataclass(frozen=True)
class Drift:
    """AUC of the domain classifier, its standard error over folds, how many texts of each side, and the words that tell."""

    auc: float
    se: float
    texts: tuple[int, int]
    train_words: tuple[str, ...]
    target_words: tuple[str, ...]

    def __str__(self) -> str:
        far = "hardly apart" if self.auc < 0.6 else "apart in part" if self.auc < STRONG else "clearly apart"
        return (f"training and target are {far}: AUC {self.auc:.2f} ± {self.se:.2f} (0.50 would be the same source); "
                f"training says {', '.join(self.train_words[:6])}; the target {', '.join(self.target_words[:6])}")  # fmt: skip


def drift(train: list[str], target: list[str], seed: int = 0) -> Drift:
    """How well TF-IDF + logistic regression tells training texts from target texts, out of fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    size = min(LARGEST, len(train), len(target))
    if size < LEAST:
        raise WorkbenchError(f"{len(target)} target texts and {len(train)} training texts", f"at least {LEAST} of each")
    sides = [[texts[i] for i in rng.choice(len(texts), size, replace=False)] for texts in (train, target)]
    texts, y = sides[0] + sides[1], np.repeat([0, 1], size)
    vectors, x = _vectors(texts)
    scores = []
    for some, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(texts, y):
        model = LogisticRegression(C=10, max_iter=500).fit(x[some], y[some])
        scores.append(roc_auc_score(y[rest], model.decision_function(x[rest])))
    weights = LogisticRegression(C=1, max_iter=500).fit(x, y).coef_[0]
    names, order = vectors.get_feature_names_out(), np.argsort(weights)
    return Drift(float(np.mean(scores)), float(np.std(scores, ddof=1) / FOLDS**0.5), (size, size),
                 tuple(names[i] for i in order[:10]), tuple(names[i] for i in order[::-1][:10]))  # fmt: skip


def _vectors(texts: list[str]) -> tuple[Any, Any]:
    """Words that stand in at least two texts: one that stands in one tells nothing about others."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", min_df=2)
        return vectors, vectors.fit_transform(texts)
    except ValueError:
        raise WorkbenchError("texts without a word in common", "texts of one language") from None


def target_texts(target: Any) -> list[str]:
    """Texts of anything: a list of texts, a column, a table with a column of texts, loaded data, or a file or name for `load`."""
    from workbench.data.load import load
    from workbench.tasks.inputs import Purpose, texts

    if isinstance(target, str | PathLike | hf.DatasetDict):
        data = load(target)
        if "text" not in data["train"].column_names:
            raise WorkbenchError(f"a target for {data.task}", "texts", "target=list_of_texts")
        return [str(t) for split in data for t in data[split]["text"]]
    listed = "target=list_of_texts"
    return texts(target, purpose=Purpose("in the target ", "instead of texts", listed, listed))
