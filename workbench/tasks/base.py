"""What every task offers, and the in-memory form of its data. No training, no technique is known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import Dataset

from workbench.config import RunConfig


@dataclass
class Encoded(Dataset):
    """Word-piece ids of texts, in memory. Items are `(ids, label)`; `rows` are row numbers in the source split.

    What a label is depends on the task: one number per text (an int array), or one per word piece (a list of int arrays).
    """

    ids: list[np.ndarray]
    labels: Any
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> tuple[np.ndarray, Any]:
        return self.ids[i], self.labels[i]

    @property
    def lengths(self) -> np.ndarray:
        """Word pieces per example."""
        return np.fromiter((len(x) for x in self.ids), dtype=np.int64, count=len(self.ids))

    def take(self, which: np.ndarray) -> Encoded:
        """The examples at these positions."""
        labels = self.labels[which] if isinstance(self.labels, np.ndarray) else [self.labels[i] for i in which]
        return replace(self, ids=[self.ids[i] for i in which], labels=labels, rows=self.rows[which])


@dataclass
class Prepared:
    """One dataset made ready for one tokenizer. `probe` is the fixed training subset that is re-evaluated."""

    train: Encoded
    validation: Encoded
    probe: Encoded
    labels: list[str]
    tokenizer: Any
    facts: dict[str, Any] = field(default_factory=dict)


class Ask(Protocol):
    """A trained model as its task sees it: called with encoded inputs it gives the task's logits, example by example.

    `model` is the model itself, for a task that lets it write.
    """

    model: Any

    def __call__(self, encoded: Encoded) -> Any: ...


class Task(Protocol):
    """A task prepares, builds its model, collates, scores, predicts and finds its worst errors.

    `metric` is the share that is drawn; `unit` is what a loss is a mean over; `controls` names the two baselines: the answer
    that needs no input, and the best method without a neural network.
    """

    name: str
    metric: str
    unit: str
    controls: tuple[str, str]

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared: ...

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str]) -> Encoded: ...

    def build(self, source: Any, prepared: Prepared, config: RunConfig) -> torch.nn.Module: ...

    def collate(self, tokenizer: Any) -> Any: ...

    def read(self, output: Any, batch: Any) -> list[np.ndarray]: ...

    def losses(self, logits: Any, labels: Any) -> np.ndarray: ...

    def metrics(self, logits: Any, labels: Any, names: list[str]) -> dict[str, float]: ...

    def pairs(self, logits: Any, labels: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]: ...

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str]) -> tuple[float, float]: ...

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> Any: ...

    def errors(self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig) -> Any: ...


MULTIPLE = 8  # of which every padded width is one


class Collate:
    """Examples -> a padded batch of int64 tensors: input_ids, attention_mask, labels.

    Pads to the longest, and from there to a multiple of eight, but not beyond `limit`, the pieces that the model takes. With
    few widths memory that was freed fits again: at its peak a run of bert-mini on reviews needs 940 MB instead of 1,090, one on
    questions 1,090 instead of 1,610.
    """

    def __init__(self, pad: int, side: str = "right", limit: int = 2**30) -> None:
        self.pad, self.side, self.limit = pad, side, limit

    def __call__(self, items: list[tuple[np.ndarray, Any]]) -> dict[str, torch.Tensor]:
        ids = [ids for ids, _ in items]
        batch = {
            "input_ids": self.padded(ids, self.pad),
            "attention_mask": self.padded([np.ones_like(i) for i in ids], 0),
        }
        return {**batch, "labels": self.labels([label for _, label in items])}

    def labels(self, labels: list[Any]) -> torch.Tensor:
        """One label per text."""
        return torch.tensor([int(label) for label in labels])

    def padded(self, rows: list[np.ndarray], value: int) -> torch.Tensor:
        """Rows of different lengths as one int64 tensor (rows, width), `value` where a row has nothing."""
        longest = max(len(row) for row in rows)
        width = max(longest, min(self.limit, -(-longest // MULTIPLE) * MULTIPLE))
        out = np.full((len(rows), width), value, dtype=np.int64)
        for i, row in enumerate(rows):
            out[i, slice(0, len(row)) if self.side == "right" else slice(width - len(row), width)] = row
        return torch.from_numpy(out)


class LengthGrouped:
    """Batches of similar length, in an order that depends on (seed, epoch) alone: a batch sampler with `set_epoch`.

    Shuffle, cut into pools of 16 batches, sort each pool by length, cut into batches, shuffle the batches.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        order = rng.permutation(len(self.lengths))
        pool = self.batch_size * 16
        batches = []
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += [part[i : i + self.batch_size].tolist() for i in range(0, len(part), self.batch_size)]
        for i in rng.permutation(len(batches)):
            yield batches[i]


PROBE = 200  # training examples that are re-evaluated in eval mode at every evaluation


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


def entropy(labels: np.ndarray) -> float:
    """Entropy of the label shares in nats: the loss of a model that knows the shares and nothing else.

    >>> round(entropy(np.array([0, 1, 0, 1])), 3)
    0.693
    """
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy per row in nats: logits (rows, labels), labels (rows,) -> (rows,)."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
