"""Several processes that train one model together: who this one is, its share of every batch, what all must agree on.

With one process everything here leaves things as they are. Gradients are exchanged by accelerate, not here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workbench.tasks.base import LengthGrouped

NOT_ASKED = -100  # labels that no loss counts


@dataclass(frozen=True)
class Team:
    """`rank` of `world` processes. The first one leads: it alone writes the run folder and decides when to stop."""

    rank: int = 0
    world: int = 1

    @classmethod
    def here(cls) -> Team:
        """This process as `accelerate launch` has started it."""
        return cls(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agree(self, stop: bool, device: Any) -> bool:
        """What the leader says, told to all: processes that stop at different steps would wait for each other for ever."""
        if self.world == 1:
            return stop
        said = torch.tensor(int(stop), device=device)
        torch.distributed.broadcast(said, src=0)
        return bool(said.item())

    def weight(self, inputs: dict[str, torch.Tensor], shifted: bool) -> float | torch.Tensor:
        """By what to multiply a mean over this process's share, so that the mean over processes is that over the whole batch.

        Shares differ by an example, and in tagging by the number of words that are asked for.
        """
        if self.world == 1:
            return 1.0
        labels = inputs.get("labels")
        if labels is None:  # places instead of labels: as many as there are examples
            first = next(iter(inputs.values()))
            mine = torch.tensor(len(first), device=first.device)
        else:
            mine = (labels[..., 1:] if shifted else labels).ne(NOT_ASKED).sum()
        everywhere = mine.clone()
        torch.distributed.all_reduce(everywhere)
        return mine * self.world / everywhere


ALONE = Team()


class Shares(LengthGrouped):
    """The batches of one process, cut into one share per process; a batch with fewer examples than processes goes to all."""

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int, team: Team, data: Any = None) -> None:
        super().__init__(lengths, batch_size, seed)
        self.team, self.data = team, data

    def set_epoch(self, epoch: int) -> None:
        super().set_epoch(epoch)
        if hasattr(self.data, "set_epoch"):  # examples that are drawn anew for every epoch
            self.data.set_epoch(epoch)
            self.lengths = self.data.lengths

    def __iter__(self) -> Iterator[list[int]]:
        for batch in super().__iter__():
            yield batch[self.team.rank :: self.team.world] if len(batch) >= self.team.world else batch
