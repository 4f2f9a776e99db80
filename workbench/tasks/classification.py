"""One label for a whole text: tokens, head, collation, scores. Not multi-label, not token by token."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from workbench.config import RunConfig
from workbench.data.load import well_formed
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
        texts = list(data["train"]["text"])
        train = self.encode(data["train"], tokenizer, config.max_length)
        if config.train_examples is not None and config.train_examples < len(train):
            train = train.take(stratified(train.labels, config.train_examples, config.seed))
        probe = train.take(stratified(train.labels, min(PROBE, len(train)), config.seed + 1))
        validation = self.encode(data["validation"], tokenizer, config.max_length)
        facts = self.facts(train, validation, self.cut(texts, train, tokenizer, config.max_length))
        return Prepared(train, validation, probe, list(data["train"].features["label"].names), tokenizer, facts)

    def encode(self, split: Any, tokenizer: Any, max_length: int) -> Encoded:
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

    def cut(self, texts: list[str], encoded: Encoded, tokenizer: Any, max_length: int) -> int:
        """How many of the encoded texts were longer than the limit: those at the limit are counted again, uncut."""
        longest = min(max_length, tokenizer.model_max_length)
        full = [well_formed(texts[int(i)]) for i in encoded.rows[encoded.lengths >= longest]]
        return sum(len(i) > longest for i in tokenizer(full, verbose=False)["input_ids"]) if full else 0

    def facts(self, train: Encoded, validation: Encoded, cut: int) -> dict[str, Any]:
        """Counts that the diagnosis and the picture need."""
        share = np.bincount(train.labels) / len(train)
        share = share[share > 0]
        return {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": float(-(share * np.log(share)).sum()),
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": cut,
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
            return zoo.build(AutoModelForSequenceClassification, source, cfg, ignore_mismatched_sizes=True)
        extra = (
            {"add_pooling_layer": False} if cfg.model_type in ("bert", "roberta", "xlm-roberta", "camembert") else {}
        )
        encoder = zoo.build(AutoModel, source, cfg, **extra)
        dropout = getattr(cfg, "hidden_dropout_prob", 0.1) if config.dropout is None else config.dropout
        return PooledClassifier(encoder, len(names), pooling, dropout)

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
