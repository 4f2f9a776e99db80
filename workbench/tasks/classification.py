"""One label for a whole text: tokens, head, collation, scores. Not multi-label, not token by token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import accuracy, f1_macro
from workbench.models import relabelled, zoo
from workbench.models.heads import PooledClassifier
from workbench.tasks.base import (
    PROBE,
    Ask,
    Collate,
    Encoded,
    Prepared,
    cross_entropy,
    entropy,
    softmax,
    stratified,
)
from workbench.tasks.inputs import texts as texts_of


class Classification:
    """Text -> one of the labels. Loss is cross-entropy in nats per text."""

    name = "classification"
    metric = "accuracy"
    unit = "text"
    controls = ("majority class", "TF-IDF + LR")

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Tokenise both splits once, keep them in memory; take a stratified subset where the config asks for one."""
        train = self.some(data["train"], tokenizer, config)
        probe = train.take(stratified(train.labels, min(PROBE, len(train)), config.seed + 1))
        validation = self.encode(data["validation"], tokenizer, config.max_length)
        facts = self.facts(train, validation, self.cut(data["train"]["text"], train, tokenizer, config.max_length))
        return Prepared(train, validation, probe, list(data["train"].features["label"].names), tokenizer, facts)

    def some(self, split: Any, tokenizer: Any, config: RunConfig) -> Encoded:
        """The training texts that the config asks for: chosen by their labels first, so that no others are tokenised."""
        if config.train_examples is None or config.train_examples >= len(split):
            return self.encode(split, tokenizer, config.max_length)
        rows = stratified(np.array(split["label"], dtype=np.int64), config.train_examples, config.seed)
        return replace(self.encode(split.select(rows), tokenizer, config.max_length), rows=rows)

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str] | None = None) -> Encoded:
        """Word-piece ids of every text of a split, cut at `max_length`."""
        ids = self.tokens(list(split["text"]), tokenizer, max_length)
        return Encoded(ids, np.array(split["label"], dtype=np.int64), np.arange(len(ids)))

    def tokens(self, texts: list[str], tokenizer: Any, max_length: int) -> list[np.ndarray]:
        """A list of int arrays, one per text; lone surrogates are replaced first."""
        if not texts:
            return []
        longest = min(max_length, tokenizer.model_max_length)
        ids = tokenizer([well_formed(t) for t in texts], truncation=True, max_length=longest)["input_ids"]
        return [np.array(i or [tokenizer.pad_token_id], dtype=np.int64) for i in ids]

    def cut(self, texts: Any, encoded: Encoded, tokenizer: Any, max_length: int) -> int:
        """How many of the encoded texts were longer than the limit: those at the limit are counted again, uncut."""
        longest = min(max_length, tokenizer.model_max_length)
        full = [well_formed(texts[int(i)]) for i in encoded.rows[encoded.lengths >= longest]]
        return sum(len(i) > longest for i in tokenizer(full, verbose=False)["input_ids"]) if full else 0

    def facts(self, train: Encoded, validation: Encoded, cut: int) -> dict[str, Any]:
        """Counts that the diagnosis and the picture need."""
        return {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": entropy(train.labels),
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": cut,
        }

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with a head for these labels: a fresh one, unless it is transformers' own and was trained for the same."""
        from transformers import AutoModelForSequenceClassification

        pooling = source.pooling if config.pooling == "auto" else config.pooling
        names = dict(enumerate(prepared.labels))
        cfg = zoo.config(source, num_labels=len(names), id2label=names, label2id={v: k for k, v in names.items()},
                         pad_token_id=prepared.tokenizer.pad_token_id, problem_type="single_label_classification")  # fmt: skip
        zoo.set_dropout(cfg, config.dropout)
        zoo.set_layers(cfg, config.layers)
        if pooling == "native":
            if config.head != "linear":
                raise WorkbenchError(f"head={config.head!r} on the model's own head (pooling='native')", "a pooling of ours: mean, max, cls or "
                                     "attention", 'pooling="mean"')  # fmt: skip
            return relabelled.with_labels(AutoModelForSequenceClassification, source, cfg)
        encoder = zoo.encoder(source, cfg)
        dropout = getattr(cfg, "hidden_dropout_prob", 0.1) if config.dropout is None else config.dropout
        return PooledClassifier(encoder, len(names), pooling, dropout, config.head)

    def collate(self, tokenizer: Any) -> Collate:
        return Collate(tokenizer.pad_token_id, tokenizer.padding_side, tokenizer.model_max_length)

    def read(self, output: Any, batch: Any) -> list[np.ndarray]:
        """One row of logits (labels,) per text."""
        return list(output["logits"].float().cpu().numpy())

    def losses(self, logits: Any, labels: np.ndarray) -> np.ndarray:
        """Cross-entropy per text in nats, (texts,)."""
        return cross_entropy(np.asarray(logits), labels)

    def metrics(self, logits: Any, labels: np.ndarray, names: list[str] | None = None) -> dict[str, float]:
        guess = np.asarray(logits).argmax(1)
        return {"accuracy": accuracy(guess, labels), "f1": f1_macro(guess, labels)}

    def pairs(self, logits: Any, labels: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """(right, answer, names): what a confusion matrix counts, one entry per text."""
        return labels, np.asarray(logits).argmax(1), names

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str] | None = None) -> tuple[float, float]:
        """Validation accuracy of the commonest class and of TF-IDF + logistic regression, fitted to these training rows."""
        from workbench.data.audit import baselines

        train, validation = data["train"], data["validation"]
        some = train.select(rows)
        return baselines(
            list(some["text"]), np.array(some["label"]), list(validation["text"]), np.array(validation["label"])
        )

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per text: text, label, probability, then the probability of every label."""
        texts = texts_of(inputs)
        p = np.zeros((0, len(labels)))
        if texts:
            ids = self.tokens(texts, tokenizer, config.max_length)
            p = softmax(np.asarray(ask(Encoded(ids, np.zeros(len(ids), dtype=np.int64), np.arange(len(ids))))))
        best = p.argmax(1)
        answers = {"text": texts, "label": [labels[i] for i in best], "probability": p[np.arange(len(p)), best]}
        return pd.DataFrame(answers | {f"p({name})": p[:, i] for i, name in enumerate(labels)})

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` wrong answers with the least probability on the right label: text, right, answer, p_right, p_answer."""
        encoded = self.encode(split, tokenizer, config.max_length)
        p = softmax(np.asarray(ask(encoded)))
        guess, right = p.argmax(1), encoded.labels
        wrong = np.flatnonzero(guess != right)
        wrong = wrong[np.argsort(p[wrong, right[wrong]], kind="stable")][:n]
        texts = split["text"]
        frame = pd.DataFrame(
            {
                "text": [texts[int(i)] for i in wrong],
                "right": [labels[right[i]] for i in wrong],
                "answer": [labels[guess[i]] for i in wrong],
                "p_right": p[wrong, right[wrong]],
                "p_answer": p[wrong, guess[wrong]],
            },
            index=pd.Index(wrong, name="row"),
        )
        extra = [c for c in split.column_names if c not in ("label", *frame.columns)]
        return frame.assign(**{c: [split[c][int(i)] for i in wrong] for c in extra})
