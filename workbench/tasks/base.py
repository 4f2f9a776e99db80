"""What every task offers, and the in-memory form of its data. No training, no technique is known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import Dataset

from workbench.config import RunConfig


@dataclass
class Encoded(Dataset):
    """Word-piece ids of texts, in memory. Items are `(ids, label)`; `rows` are row numbers in the source split."""

    ids: list[np.ndarray]
    labels: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return self.ids[i], int(self.labels[i])

    @property
    def lengths(self) -> np.ndarray:
        """Word pieces per example."""
        return np.fromiter((len(x) for x in self.ids), dtype=np.int64, count=len(self.ids))

    def take(self, which: np.ndarray) -> Encoded:
        """The examples at these positions."""
        return Encoded([self.ids[i] for i in which], self.labels[which], self.rows[which])


@dataclass
class Prepared:
    """One dataset made ready for one tokenizer. `probe` is the fixed training subset that is re-evaluated."""

    train: Encoded
    validation: Encoded
    probe: Encoded
    labels: list[str]
    tokenizer: Any
    facts: dict[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """A task prepares, builds its model, collates, scores and predicts."""

    name: str
    metric: str

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared: ...

    def build(self, source: Any, prepared: Prepared, config: RunConfig) -> torch.nn.Module: ...

    def collate(self, tokenizer: Any) -> Any: ...

    def losses(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray: ...

    def metrics(self, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]: ...


class Collate:
    """Examples -> a padded batch of int64 tensors: input_ids, attention_mask, labels. Pads to the longest."""

    def __init__(self, pad: int, side: str = "right") -> None:
        self.pad, self.side = pad, side

    def __call__(self, items: list[tuple[np.ndarray, int]]) -> dict[str, torch.Tensor]:
        width = max(len(ids) for ids, _ in items)
        ids = np.full((len(items), width), self.pad, dtype=np.int64)
        mask = np.zeros((len(items), width), dtype=np.int64)
        for row, (piece, _) in enumerate(items):
            where = slice(0, len(piece)) if self.side == "right" else slice(width - len(piece), width)
            ids[row, where], mask[row, where] = piece, 1
        labels = torch.tensor([label for _, label in items])
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask), "labels": labels}


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


def forward(
    model: torch.nn.Module, encoded: Encoded, collate: Any, keep_going: Any, batch_size: int = 32
) -> np.ndarray | None:
    """Logits (examples, labels) in eval mode, shortest texts first; None when `keep_going()` turned false on the way."""
    order = np.argsort(encoded.lengths, kind="stable")
    device = next(model.parameters()).device
    was_training, parts = model.training, []
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                if not keep_going():
                    return None
                batch = collate([encoded[i] for i in order[start : start + batch_size]])
                batch.pop("labels")
                out = model(**{k: v.to(device) for k, v in batch.items()})
                parts.append(out["logits"].float().cpu().numpy())
    finally:
        model.train(was_training)
    logits = np.concatenate(parts)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return logits[back]
