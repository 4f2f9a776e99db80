"""Multi-task learning: one encoder learns several data sets at once, each through a head of its own (Caruana 1997).

All heads read the same vector. Every example is judged by its own task's head alone, so the other heads have no part in its
gradient, while the encoder hears from all of them. The main data set (`data=`) is the one that is watched, scored and kept; the
others (`also=`) are there for what the encoder may learn from them. A plain model with the main head is left in the end.

How much is drawn from each: shares ∝ size^sampling ("temperature-scaled mixing" of Raffel et al. 2020 with T = 1 / sampling). An
epoch is the main data set once and the others in proportion. No weighting of losses here, and no task but classification.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.anatomy import is_head
from workbench.tasks.base import Encoded, stratified
from workbench.tasks.forward import forward
from workbench.techniques.base import Technique

JUDGED = 1000  # validation texts of another task that are looked at, at most, when a run has ended


class MultiTask(Technique):
    """Full fine-tuning of one encoder below several heads."""

    name = "multi-task"
    extras: ClassVar[tuple[str, ...]] = ("labels", "span")  # a model's own loss knows the main labels only

    def check(self, config: RunConfig, task: str) -> None:
        super().check(config, task)
        if not config.also:
            raise WorkbenchError("multi-task without another task", "one or more data sets to learn beside the main one",
                                 "wb.fit(..., technique='multi-task', also=('reviews',))")  # fmt: skip
        if config.data in config.also or len(set(config.also)) < len(config.also):
            twice = next(n for n in config.also if (config.data, *config.also).count(n) > 1)
            raise WorkbenchError(f"{twice!r} would be learned twice", "every data set once", "another one in also=")
        loaded.cache_clear()  # files may have changed since another run
        for name, data in zip(config.also, loaded(config.also), strict=True):
            if data.task != task:
                raise WorkbenchError(f"also={name!r} is data for {data.task}", "data with one label per text",
                                     "also=('reviews',)")  # fmt: skip

    def apply(self, model: Any, config: RunConfig) -> Any:
        return with_heads(model, [len(data.labels) for data in loaded(config.also)])

    def again(self, model: Any, config: RunConfig, weights: dict[str, torch.Tensor]) -> Any:
        """As many heads as were stored, of the sizes that were stored: the other data may be gone by now."""
        path = f"{head_path(model)}.others."
        sizes = {int(name[len(path) :].split(".")[0]): len(w) for name, w in weights.items() if name.startswith(path)}
        return with_heads(model, [sizes[i] for i in sorted(sizes)])

    def examples(self, prepared: Any, data: Any, task: Any, config: RunConfig) -> Mixture:
        others = [task.encode(d["train"], prepared.tokenizer, config.max_length) for d in loaded(config.also)]
        widths = [len(prepared.labels), *(len(d.labels) for d in loaded(config.also))]
        return Mixture([prepared.train, *others], widths, config.sampling, config.seed)

    def collate(self, collate: Any) -> Any:
        return lambda items: {
            **collate([(ids, label) for ids, label, _ in items]),
            "span": torch.tensor([span for *_, span in items]),
        }

    def loss(self, output: Any, batch: dict[str, torch.Tensor], config: RunConfig) -> torch.Tensor:
        return own_heads_loss(output["logits"], batch["labels"], batch["span"], config.label_smoothing)

    def report(self, model: Any, prepared: Any, task: Any, config: RunConfig) -> dict[str, Any]:
        """Accuracy on the other tasks' validation texts (1,000 at most), beside their commonest class."""
        heads, found = model.get_submodule(head_path(model)), {}
        collate = task.collate(prepared.tokenizer)
        drawn = per_epoch([len(prepared.train), *(len(d["train"]) for d in loaded(config.also))], config.sampling)
        for i, (name, data) in enumerate(zip(config.also, loaded(config.also), strict=True)):
            labels = np.array(data["validation"]["label"], dtype=np.int64)
            split = data["validation"].select(stratified(labels, min(JUDGED, len(labels)), config.seed))
            encoded = task.encode(split, prepared.tokenizer, config.max_length)
            with heads.asking(i + 1):
                answers = forward(model, encoded, collate, lambda: True, read=task.read)
            found[name] = {
                "accuracy": task.metrics(answers, encoded.labels)["accuracy"],
                "majority": float(np.bincount(encoded.labels).max() / len(encoded)),
                "n_valid": len(encoded),
                "per_epoch": drawn[i + 1],
            }
        return {"also": found}

    def finish(self, model: Any) -> Any:
        path = head_path(model)
        model.set_submodule(path, model.get_submodule(path).main)
        return model


@functools.lru_cache(maxsize=1)
def loaded(names: tuple[str, ...]) -> tuple[Any, ...]:
    """The data sets with these names; a run asks for them three times."""
    from workbench.data import load

    return tuple(load(name) for name in names)


def per_epoch(sizes: Sequence[int], sampling: float) -> list[int]:
    """Examples per epoch when shares are ∝ size^sampling and the first data set comes once: at least one of each.

    >>> per_epoch([100, 400], 1.0), per_epoch([100, 400], 0.5), per_epoch([100, 400], 0.0)
    ([100, 400], [100, 200], [100, 100])
    """
    return [max(1, round(sizes[0] * (n / sizes[0]) ** sampling)) for n in sizes]


def own_heads_loss(
    logits: torch.Tensor, labels: torch.Tensor, span: torch.Tensor, smoothing: float = 0.0
) -> torch.Tensor:
    """Mean cross-entropy in nats, every row over the columns of its own head: logits (batch, labels of all tasks), labels (batch,)
    counted within the head, span (batch, 2) its first column and the one behind its last.

    >>> logits = torch.tensor([[0.0, 0.0, 9.0, 9.0, 9.0], [9.0, 9.0, 0.0, 0.0, 0.0]])  # two labels, then three
    >>> own_heads_loss(logits, torch.tensor([1, 2]), torch.tensor([[0, 2], [2, 5]]))  # (ln 2 + ln 3) / 2
    tensor(0.8959)
    """
    total = logits.new_zeros((), dtype=torch.float32)
    for first, last in span.unique(dim=0).tolist():
        mine = span[:, 0] == first
        own = logits[mine, first:last].float()
        total = total + F.cross_entropy(own, labels[mine], label_smoothing=smoothing, reduction="sum")
    return total / len(labels)


class Heads(nn.Module):
    """The last layer of a classifier, and one of the same kind for each other task. Vectors (..., size) -> logits: while it trains
    those of all tasks side by side, else those of the task that is asked (the main one, unless `asking` says otherwise)."""

    def __init__(self, main: nn.Linear, labels: Sequence[int]) -> None:
        super().__init__()
        self.main, self.asked = main, 0
        more = [nn.Linear(main.in_features, n, bias=main.bias is not None) for n in labels]
        for head in more:
            nn.init.normal_(head.weight, std=0.02)
            if head.bias is not None:
                nn.init.zeros_(head.bias)
        self.others = nn.ModuleList(more)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        heads = [self.main, *self.others]
        if not self.training:
            return heads[self.asked](vectors)
        return torch.cat([head(vectors) for head in heads], dim=-1)

    def asking(self, task: int) -> Asking:
        """Within `with heads.asking(i):` task i answers (0: the main one)."""
        return Asking(self, task)


@dataclass
class Asking:
    """Puts the main task back at the end, whatever happens."""

    heads: Heads
    task: int

    def __enter__(self) -> None:
        self.heads.asked = self.task

    def __exit__(self, *_: Any) -> None:
        self.heads.asked = 0


def head_path(model: Any) -> str:
    """Where the layer that makes the logits stands, or the `Heads` that have taken its place."""
    labels = model.config.num_labels
    parts = [(name, part) for name, part in model.named_modules() if is_head(model, f"{name}.")]
    for name, part in reversed(parts):
        if isinstance(part, Heads):
            return str(name)
    for name, part in reversed(parts):
        if isinstance(part, nn.Linear) and part.out_features == labels:
            return str(name)
    raise WorkbenchError(f"no last layer in {type(model).__name__} that makes {labels} logits", "a classifier with a linear head",
                         "pooling='mean'")  # fmt: skip


def with_heads(model: Any, labels: Sequence[int]) -> Any:
    """The model with one more head for each number of labels, where its last layer was. Every weight learns."""
    for parameter in model.parameters():
        parameter.requires_grad = True
    path = head_path(model)
    model.set_submodule(path, Heads(model.get_submodule(path), labels))
    return model


@dataclass
class Mixture(Dataset):
    """Encoded texts of several tasks: items are (ids, label, span), the span being the head's columns among all logits.

    The first task's texts come once per epoch. The others are dealt like cards: an epoch takes the next ones of a shuffled deck,
    and a new shuffle follows when the deck is through. What an epoch gets depends on (seed, epoch) alone.
    """

    parts: list[Encoded]
    widths: list[int]
    sampling: float
    seed: int
    at: list[tuple[int, int]] = field(default_factory=list)  # (task, position in it) of every example of this epoch

    def __post_init__(self) -> None:
        self.drawn = per_epoch([len(p) for p in self.parts], self.sampling)
        edges = np.cumsum([0, *self.widths]).tolist()
        self.spans = list(pairwise(edges))
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Deal the examples of an epoch."""
        self.at = [(0, i) for i in range(len(self.parts[0]))]
        for task, n in list(enumerate(self.drawn))[1:]:
            self.at += [(task, i) for i in self._dealt(task, int(epoch) * n, n)]

    def _dealt(self, task: int, start: int, n: int) -> list[int]:
        """Cards `start` to `start + n` of one shuffled deck after the other."""
        size = len(self.parts[task])
        first, last = start // size, (start + n - 1) // size
        decks = [np.random.default_rng((self.seed, task, d)).permutation(size) for d in range(first, last + 1)]
        return np.concatenate(decks)[start - first * size :][:n].tolist()

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, i: int) -> tuple[np.ndarray, Any, tuple[int, int]]:
        task, position = self.at[i]
        return (*self.parts[task][position], self.spans[task])

    @property
    def lengths(self) -> np.ndarray:
        """Word pieces of every example of this epoch."""
        known = [part.lengths for part in self.parts]
        return np.array([known[task][i] for task, i in self.at], dtype=np.int64)
