"""Permutation language modelling (XLNet, Yang et al. 2019) as batches: who may look at whom. No model and no scores here.

The hidden pieces are guessed in a shuffled order, each from all pieces that are shown and from those guessed before it. Nothing
is replaced by a mask: two streams of attention see to it that no place knows its own piece.
"""

from __future__ import annotations

import numpy as np
import torch


def order(ids: np.ndarray, labels: np.ndarray, silent: int) -> np.ndarray:
    """(length,): -1 where a piece is shown, else its turn: 0, 1, ... in an order that depends on the example alone.

    >>> order(np.array([7, 8, 9]), np.array([-100, 8, -100]), -100).tolist()
    [-1, 0, -1]
    """
    turns = np.full(len(ids), -1, dtype=np.int64)
    asked = np.flatnonzero(labels != silent)
    turns[asked] = np.random.default_rng((21, *map(int, ids), *map(int, asked))).permutation(len(asked))
    return turns


def views(turns: torch.Tensor) -> dict[str, torch.Tensor]:
    """What XLNet needs to guess at every place: turns (B, L) -> perm_mask and target_mapping, both (B, L, L).

    In `perm_mask` 1 is "row must not see column". A shown piece sees the shown ones; a guessed one also those of earlier turns.

    >>> views(torch.tensor([[-1, 1, 0]]))["perm_mask"][0].tolist()
    [[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    """
    mine, theirs = turns.unsqueeze(2), turns.unsqueeze(1)
    hidden = (theirs >= 0) & (theirs >= mine.clamp(min=0))
    everywhere = torch.eye(turns.shape[1], device=turns.device).expand(len(turns), -1, -1)
    return {"perm_mask": hidden.float(), "target_mapping": everywhere}
