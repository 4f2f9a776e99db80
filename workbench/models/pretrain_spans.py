"""What a pretraining on questions is fed: ids of questions and passages, in batches from easy to hard. No text, no training.

Ids travel as the flat shards of `pretrain_text`: question, [SEP], passage with its answer between two [MASK], [SEP], question, ...
Everything random is a function of (seed, step).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.errors import WorkbenchError
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_pairs import bounds
from workbench.models.recipes.bert_mini import CLS, MASK, PAD, SEP

GROUP = 1024  # neighbouring questions whose batches are shuffled


class Questions:
    """Batches of questions of about one length, in the order of the corpus but for the shuffling of neighbours.

    A shorter budget takes fewer batches, evenly spread, so that easy ones still come first.
    """

    def __init__(self, ids: np.ndarray, plan: Plan, device: torch.device) -> None:
        self.ids, self.device = ids, device
        self.bounds = bounds(ids, SEP)
        lengths = self.bounds[:, 1, 1] - self.bounds[:, 0, 0] + 1
        kept = np.flatnonzero(lengths <= plan.phases[-1][0])
        self.batches: list[np.ndarray] = []
        for begin in range(0, len(kept), GROUP):
            group = kept[begin : begin + GROUP]
            cuts = _cuts(group[np.argsort(-lengths[group], kind="stable")], lengths, plan.batch)
            order = np.random.default_rng([plan.seed, begin]).permutation(len(cuts))
            self.batches += [cuts[i] for i in order]
        self.steps = plan.steps
        if self.steps > len(self.batches):
            raise WorkbenchError(f"{self.steps:,} steps, and questions for {len(self.batches):,}", "at most one pass over them",
                                 f"--tokens {len(self.batches) * plan.batch}")  # fmt: skip

    def __call__(self, step: int) -> Tensor:
        """The rows of one step, (rows, 2 + longest): a function of the step alone."""
        return laid_out(self.ids, self.bounds[self.batches[step * len(self.batches) // self.steps]]).to(self.device)


def _cuts(group: np.ndarray, lengths: np.ndarray, most: int) -> list[np.ndarray]:
    """Rows from long to short -> batches of at most so many tokens, padding included; a last one less than half full is left out.

    Processes that train as one share each batch, so that none may be as small as a row or two.
    """
    cuts, begin = [], 0
    while begin < len(group):
        fits = max(1, most // int(lengths[group[begin]]))
        cuts.append(group[begin : begin + fits])
        begin += fits
    return cuts[:-1] if 2 * lengths[cuts[-1]].sum() < most else cuts


def laid_out(ids: np.ndarray, places: np.ndarray) -> Tensor:
    """Bounds (rows, 2, 2) -> start, end, and [CLS] question [SEP] passage [SEP] without the marks: (rows, 2 + longest).

    Where the passage does not hold the answer, start and end are 0, the place of [CLS].

    >>> ids = np.array([7, 3, 8, 4, 9, 9, 4, 8, 3, 7, 3, 8, 3])
    >>> laid_out(ids, bounds(ids, SEP)).tolist()
    [[4, 5, 2, 7, 3, 8, 9, 9, 8, 3], [0, 0, 2, 7, 3, 8, 3, 0, 0, 0]]
    """
    made = []
    for begin, end in places[:, [0, 1], [0, 1]]:
        row = np.concatenate([[CLS], ids[begin:end]]).astype(np.int64)
        marks = np.flatnonzero(row == MASK)
        where = (int(marks[0]), int(marks[-1]) - 2) if len(marks) == 2 else (0, 0)
        made.append(torch.from_numpy(np.concatenate([where, row[row != MASK]])))
    return torch.nn.utils.rnn.pad_sequence(made, batch_first=True, padding_value=PAD)


def held_out(ids: np.ndarray, length: int, rows: int) -> Tensor:
    """The fixed validation set: so many questions, evenly spread, none longer than `length`: (rows, 2 + longest)."""
    found = bounds(ids, SEP)
    found = found[found[:, 1, 1] - found[:, 0, 0] + 1 <= length]
    return laid_out(ids, found[np.linspace(0, len(found) - 1, min(rows, len(found))).astype(np.int64)])
