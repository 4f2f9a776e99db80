"""Any number of labels for a whole text: one yes-or-no question per label. Tokens, head and prediction table; not one label out of many.

The loss is the mean binary cross-entropy over the labels, in nats per text; a label is given where its probability is at least
one half. Scores are micro F1 (every label of every text counts alike) and macro F1 (every label counts alike).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.data.multilabel import spoken
from workbench.errors import WorkbenchError
from workbench.metrics import f1_labels
from workbench.models import zoo
from workbench.models.heads import PooledClassifier
from workbench.tasks.base import PROBE, Ask, Collate, Encoded, Prepared
from workbench.tasks.classification import Classification
from workbench.tasks.inputs import texts as texts_of

THRESHOLD = 0.5
ADDED, MISSED, RIGHT, LEFT = "given wrongly", "missed", "given rightly", "rightly not given"


class LabelSets(Collate):
    """As `Collate`, with a row of zeros and ones per text: labels (texts, labels), float."""

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return torch.from_numpy(np.stack(labels).astype(np.float32))


class MultiLabelHead(PooledClassifier):
    """The pooled head with a yes-or-no question per label."""

    loss = staticmethod(torch.nn.functional.binary_cross_entropy_with_logits)


class MultiLabel(Classification):
    """Text -> any of the labels. Loss is binary cross-entropy in nats, the mean over labels."""

    name = "multi-label"
    metric = "f1"
    unit = "text"
    controls = ("commonest labels", "TF-IDF + LR")

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Tokenise both splits once; take a subset with the shares of the commonest label where the config asks for one."""
        if config.label_smoothing:
            raise WorkbenchError(f"label_smoothing={config.label_smoothing} with several labels per text",
                                 "none: it takes certainty from one label out of many", "label_smoothing=0")  # fmt: skip
        names = list(data["train"].features["labels"].feature.names)
        train = self.encode(data["train"], tokenizer, config.max_length, names)
        if config.train_examples is not None and config.train_examples < len(train):
            train = train.take(spread(train.labels, config.train_examples, config.seed))
        probe = train.take(spread(train.labels, min(PROBE, len(train)), config.seed + 1))
        validation = self.encode(data["validation"], tokenizer, config.max_length, names)
        cut = self.cut(data["train"]["text"], train, tokenizer, config.max_length)
        return Prepared(train, validation, probe, names, tokenizer, self.facts(train, validation, cut))

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str] | None = None) -> Encoded:
        """Word-piece ids and a row of zeros and ones per text."""
        ids = self.tokens(list(split["text"]), tokenizer, max_length)
        names = labels or list(split.features["labels"].feature.names)
        return Encoded(ids, indicators(split["labels"], len(names)), np.arange(len(ids)))

    def facts(self, train: Encoded, validation: Encoded, cut: int) -> dict[str, Any]:
        """Counts that the diagnosis and the picture need; the entropy is the mean over labels, as the loss is."""
        share = train.labels.mean(0, dtype=np.float64).clip(1e-9, 1 - 1e-9)  # a label that all texts have
        entropy = float(-(share * np.log(share) + (1 - share) * np.log(1 - share)).mean())
        return {"n_train": len(train), "n_valid": len(validation), "label_entropy": entropy,
                "tokens_per_epoch": int(train.lengths.sum()), "cut": cut}  # fmt: skip

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with a fresh head of one output per label."""
        model = super().build(source, prepared, config)
        if isinstance(model, PooledClassifier):
            model.__class__ = MultiLabelHead
        else:
            native: Any = model
            native.config.problem_type = "multi_label_classification"
        return model

    def collate(self, tokenizer: Any) -> Collate:
        return LabelSets(tokenizer.pad_token_id, tokenizer.padding_side, tokenizer.model_max_length)

    def losses(self, logits: Any, labels: np.ndarray) -> np.ndarray:
        """Binary cross-entropy per text, the mean over labels, in nats: (texts,)."""
        z = np.asarray(logits, dtype=np.float64)
        return (np.logaddexp(0, z) - z * labels).mean(1)

    def metrics(self, logits: Any, labels: np.ndarray, names: list[str] | None = None) -> dict[str, float]:
        """Micro F1 (drawn as F1), macro F1, and the share of texts whose labels are all right."""
        return scores(sigmoid(logits) >= THRESHOLD, labels)

    def pairs(self, logits: Any, labels: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """There is no matrix of labels against labels: see `label_counts`."""
        raise NotImplementedError("a text has several labels: ask for label_counts")

    def label_counts(self, logits: Any, labels: np.ndarray, names: list[str]) -> pd.DataFrame:
        """One row per label: how often it was given rightly, given wrongly, missed, rightly not given; and its F1."""
        given, right = sigmoid(logits) >= THRESHOLD, labels.astype(bool)
        frame = pd.DataFrame({RIGHT: (given & right).sum(0), ADDED: (given & ~right).sum(0), MISSED: (~given & right).sum(0),
                              LEFT: (~given & ~right).sum(0)}, index=pd.Index(names, name="label"))  # fmt: skip
        total = 2 * frame[RIGHT] + frame[ADDED] + frame[MISSED]
        return frame.assign(F1=(2 * frame[RIGHT] / total.where(total > 0)).fillna(0.0))

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str] | None = None) -> tuple[float, float]:
        """Micro F1 on validation of the commonest set of labels, and of TF-IDF with one logistic regression per label."""
        names = list(data["train"].features["labels"].feature.names)
        train = data["train"].select([int(i) for i in rows])
        return controls(list(train["text"]), indicators(train["labels"], len(names)),
                        list(data["validation"]["text"]), indicators(data["validation"]["labels"], len(names)))  # fmt: skip

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per text: text, labels (a list, those with a probability of one half or more), every label's probability."""
        texts = texts_of(inputs)
        p = np.zeros((0, len(labels)))
        if texts:
            ids = self.tokens(texts, tokenizer, config.max_length)
            p = sigmoid(ask(Encoded(ids, np.zeros((len(ids), len(labels))), np.arange(len(ids)))))
        given = [[labels[i] for i in np.flatnonzero(row >= THRESHOLD)] for row in p]
        return pd.DataFrame({"text": texts, "labels": given} | {f"p({name})": p[:, i] for i, name in enumerate(labels)})

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` texts with the worst single label: text, right, answer (both in words), label, p_right, p_answer. `label` is
        the one that is most surely wrong, `p_right` the probability of what it should have been."""
        encoded = self.encode(split, tokenizer, config.max_length, labels)
        p, right = sigmoid(ask(encoded)), encoded.labels.astype(bool)
        sure = np.where(right, p, 1 - p)  # of what is right
        worst = sure.argmin(1)
        wrong = np.flatnonzero(((p >= THRESHOLD) != right).any(1))
        wrong = wrong[np.argsort(sure[wrong, worst[wrong]], kind="stable")][:n]
        texts, least = split["text"], sure[wrong, worst[wrong]]
        return pd.DataFrame(
            {"text": [texts[int(i)] for i in wrong],
             "right": [spoken(np.flatnonzero(right[i]), labels) for i in wrong],
             "answer": [spoken(np.flatnonzero(p[i] >= THRESHOLD), labels) for i in wrong],
             "label": [labels[worst[i]] for i in wrong], "p_right": least, "p_answer": 1 - least},
            index=pd.Index(wrong, name="row"))  # fmt: skip


def indicators(sets: Any, labels: int) -> np.ndarray:
    """Lists of label numbers as rows of zeros and ones, (texts, labels) float32.

    >>> indicators([[0, 2], []], 3).tolist()
    [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    rows = [list(s) for s in sets]
    out = np.zeros((len(rows), labels), dtype=np.float32)
    for i, some in enumerate(rows):
        out[i, some] = 1
    return out


def sigmoid(logits: Any) -> np.ndarray:
    """Probabilities, label by label."""
    return 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))


def scores(given: Any, labels: Any) -> dict[str, float]:
    """Micro F1, macro F1 and exact match of rows of zeros and ones."""
    return {"f1": f1_labels(given, labels), "f1_macro": f1_labels(given, labels, "macro"),
            "exact": float((np.asarray(given).astype(bool) == np.asarray(labels).astype(bool)).all(1).mean())}  # fmt: skip


def spread(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """`n` positions at random, sorted, with at least one text of every label where `n` allows."""
    order = np.random.default_rng(seed).permutation(len(labels))
    first = [next((int(i) for i in order if labels[i, k]), None) for k in range(labels.shape[1])]
    must = list(dict.fromkeys(i for i in first if i is not None))[:n]
    rest = [int(i) for i in order if int(i) not in set(must)]
    return np.sort(np.array(must + rest[: n - len(must)], dtype=np.int64))


def controls(train: list[str], y: np.ndarray, valid: list[str], valid_y: np.ndarray) -> tuple[float, float]:
    """Micro F1 of (the commonest set of labels that is not empty, TF-IDF + one logistic regression per label)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    sets, counts = np.unique(y[y.any(1)], axis=0, return_counts=True)
    if not len(sets):
        return 0.0, 0.0
    commonest = f1_labels(np.tile(sets[counts.argmax()], (len(valid_y), 1)), valid_y)
    taught = np.flatnonzero(y.any(0) & ~y.all(0))  # a label that all texts have, or none, needs no classifier
    given = np.tile(y.all(0), (len(valid), 1)).astype(bool)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    model = make_pipeline(words, OneVsRestClassifier(LogisticRegression(C=10, max_iter=1000)))
    try:
        answers = model.fit(train, y[:, taught].astype(int)).predict(valid) if len(taught) else None
    except ValueError:  # no words at all
        return commonest, commonest
    if answers is not None:
        given[:, taught] = np.asarray(answers).reshape(len(valid), len(taught)).astype(bool)
    return commonest, f1_labels(given, valid_y)
