"""What a translator's pretraining step is fed: sentence pairs of like length, in batches. No training, no model.

A corpus of pairs is a file with two tab-separated columns (plain or .xz), source and target. Its ids travel as the flat
shards of `pretrain_text`: source, separator, target, separator, source, ... Everything random is a function of (seed, step).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from workbench.errors import WorkbenchError
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_text import open_text

SHARES = {"test": 20, "valid": 10}  # per thousand source sentences; the rest is for training


def part_of(source: str) -> str:
    """train, valid or test, by the sentence alone: spelling variants in case and punctuation fall together.

    >>> part_of("I'm hungry.") == part_of("i'm  HUNGRY!")
    True
    """
    plain = "".join(c for c in source.casefold() if c.isalnum())
    place = int.from_bytes(hashlib.sha256(plain.encode()).digest()[:8], "big") % 1000
    for part, share in SHARES.items():
        if place < share:
            return part
        place -= share
    return "train"


def pairs(path: Path, part: str) -> Iterator[tuple[str, str]]:
    """The pairs of one part, in the order of the file."""
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
            if len(cells) != 2 or not all(cells):
                raise WorkbenchError(
                    f"Line {number} of {path.name} is not a pair", "source TAB target", "--corpus PATH"
                )
            if part_of(cells[0]) == part:
                yield cells[0], cells[1]


def sentences(path: Path, part: str) -> Iterator[list[str]]:
    """Source and target in turn, each a document of one line: what `pretrain_text.encode` closes with a separator."""
    for pair in pairs(path, part):
        for sentence in pair:
            yield [sentence]


class Pairs:
    """Batches of pairs whose sentences are about equally long; each pass shuffles which ones stand together.

    Pairs are sorted by length (target, then source) with ties in random order and cut where a batch would exceed the plan's
    tokens, padding included; so the cuts are the same in each pass. Sentences longer than the plan's length are left out.
    """

    def __init__(self, ids: np.ndarray, plan: Plan, separator: int, padding: int, device: torch.device) -> None:
        self.plan, self.padding, self.device = plan, padding, device
        self.ids = torch.from_numpy(ids.astype(np.int64))
        self.bounds = bounds(ids, separator)
        lengths = self.bounds[..., 1] - self.bounds[..., 0]
        self.kept = np.flatnonzero(lengths.max(axis=1) <= plan.phases[-1][0])
        self.lengths = lengths[self.kept]
        self.cuts = self._cut(self.lengths[np.lexsort((self.lengths[:, 0], self.lengths[:, 1]))])
        self._pass, self._batches = -1, list[np.ndarray]()

    def __call__(self, step: int) -> Tensor:
        """The pairs of one step, (rows, 2, longest), padded: a function of the step alone."""
        number, place = divmod(step, len(self.cuts))
        if number != self._pass:
            self._pass, self._batches = number, self._shuffle(number)
        return padded(self.ids, self.bounds[self._batches[place]], self.padding).to(self.device)

    def _cut(self, lengths: np.ndarray) -> list[slice]:
        """Sorted (source, target) lengths (N, 2) -> slices of at most the plan's tokens each."""
        cuts, begin, widest = [], 0, np.zeros(2, dtype=np.int64)
        for place, row in enumerate(lengths):
            wider = np.maximum(widest, row)
            if place > begin and int(wider.sum()) * (place - begin + 1) > self.plan.batch:
                cuts.append(slice(begin, place))
                begin, wider = place, row
            widest = wider
        return [*cuts, slice(begin, len(lengths))]

    def _shuffle(self, number: int) -> list[np.ndarray]:
        generator = np.random.default_rng([self.plan.seed, number])
        ties = generator.permutation(len(self.lengths))
        order = self.kept[np.lexsort((ties, self.lengths[:, 0], self.lengths[:, 1]))]
        return [order[self.cuts[i]] for i in generator.permutation(len(self.cuts))]


def bounds(ids: np.ndarray, separator: int) -> np.ndarray:
    """Where each pair's sentences begin and end, separator included: (N, 2, 2).

    >>> bounds(np.array([5, 1, 6, 7, 1]), separator=1).tolist()
    [[[0, 2], [2, 5]]]
    """
    ends = np.flatnonzero(ids == separator) + 1
    begins = np.concatenate([[0], ends[:-1]])
    return np.stack([begins, ends], axis=1)[: len(ends) // 2 * 2].reshape(-1, 2, 2)


def padded(ids: Tensor, pairs: np.ndarray, padding: int) -> Tensor:
    """Bounds (rows, 2, 2) -> ids (rows, 2, longest).

    >>> padded(torch.tensor([5, 1, 6, 7, 1]), np.array([[[0, 2], [2, 5]]]), padding=0).tolist()
    [[[5, 1, 0], [6, 7, 1]]]
    """
    rows = [ids[begin:end] for begin, end in pairs.reshape(-1, 2)]
    flat = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
    return flat.view(len(pairs), 2, -1)


def held_out(ids: np.ndarray, separator: int, padding: int, length: int, rows: int) -> Tensor:
    """The fixed validation set: so many pairs, evenly spread, none longer than `length`: (rows, 2, longest)."""
    found = bounds(ids, separator)
    found = found[(found[..., 1] - found[..., 0]).max(axis=1) <= length]
    chosen = np.linspace(0, len(found) - 1, min(rows, len(found))).astype(np.int64)
    return padded(torch.from_numpy(ids.astype(np.int64)), found[chosen], padding)
