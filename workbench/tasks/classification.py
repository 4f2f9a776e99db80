"""One label for a whole text: tokens, head, collation, scores. Not multi-label, not token by token."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from workbench.config import RunConfig
from workbench.metrics import accuracy, f1_macro
from workbench.models import zoo
from workbench.models.heads import PooledClassifier
from workbench.tasks.base import Collate, Encoded, Prepared

PROBE = 200  # training examples that are re-evaluated in eval mode at every evaluation


class Classification:
    """Text -> one of the labels. Loss is cross-entropy in nats per text."""

    name = "classification"
    metric = "accuracy"

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Tokenise both splits once, keep them in memory; take a stratified subset where the config asks for one."""
        train = self.encode(data["train"], tokenizer, config.max_length)
        if config.train_examples is not None and config.train_examples < len(train):
            train = train.take(stratified(train.labels, config.train_examples, config.seed))
        probe = train.take(stratified(train.labels, min(PROBE, len(train)), config.seed + 1))
        validation = self.encode(data["validation"], tokenizer, config.max_length)
        return Prepared(train, validation, probe, list(data["train"].features["label"].names), tokenizer,
                        self.facts(train, validation, config))  # fmt: skip

    def encode(self, split: Any, tokenizer: Any, max_length: int) -> Encoded:
        """Word-piece ids of every text of a split, cut at `max_length`."""
        ids = self.tokens(list(split["text"]), tokenizer, max_length)
        return Encoded(ids, np.array(split["label"], dtype=np.int64), np.arange(len(ids)))

    def tokens(self, texts: list[str], tokenizer: Any, max_length: int) -> list[np.ndarray]:
        """A list of int arrays, one per text; lone surrogates are replaced first."""
        clean = [t.encode("utf-8", "replace").decode("utf-8") for t in texts]
        longest = min(max_length, tokenizer.model_max_length)
        return [np.array(i, dtype=np.int64) for i in tokenizer(clean, truncation=True, max_length=longest)["input_ids"]]

    def facts(self, train: Encoded, validation: Encoded, config: RunConfig) -> dict[str, Any]:
        """Counts that the diagnosis and the picture need."""
        share = np.bincount(train.labels) / len(train)
        share = share[share > 0]
        return {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": float(-(share * np.log(share)).sum()),
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": int((train.lengths >= config.max_length).sum()),
            "metric": self.metric,
        }

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with a fresh head for these labels."""
        from transformers import AutoModel, AutoModelForSequenceClassification

        pooling = source.pooling if config.pooling == "auto" else config.pooling
        names = dict(enumerate(prepared.labels))
        cfg = zoo.config(source, num_labels=len(names), id2label=names, label2id={v: k for k, v in names.items()},
                         pad_token_id=prepared.tokenizer.pad_token_id)  # fmt: skip
        zoo.set_dropout(cfg, config.dropout)
        if pooling == "native":
            return zoo.build(AutoModelForSequenceClassification, source, cfg)
        extra = (
            {"add_pooling_layer": False} if cfg.model_type in ("bert", "roberta", "xlm-roberta", "camembert") else {}
        )
        encoder = zoo.build(AutoModel, source, cfg, **extra)
        return PooledClassifier(encoder, len(names), pooling, getattr(cfg, "hidden_dropout_prob", 0.1))

    def collate(self, tokenizer: Any) -> Collate:
        return Collate(tokenizer.pad_token_id, tokenizer.padding_side)

    def losses(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Cross-entropy per example in nats, (examples,)."""
        shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
        return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]

    def metrics(self, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        guess = logits.argmax(1)
        return {"accuracy": accuracy(guess, labels), "f1": f1_macro(guess, labels)}


def stratified(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """`n` positions with the label shares of the whole and at least one of each label where `n` allows, sorted."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    rank = np.empty(len(labels))
    for value in np.unique(labels):
        mine = order[labels[order] == value]
        rank[mine] = (np.arange(len(mine)) + rng.uniform(0, 1)) / len(mine)
        rank[mine[0]] = -1  # one of each label first
    return np.sort(np.argsort(rank, kind="stable")[:n])
