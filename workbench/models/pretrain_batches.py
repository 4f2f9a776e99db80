"""What a pretraining step is fed: a run's plan, blocks of consecutive tokens, the fixed validation set. No training.

Everything random is a function of (seed, step): a resumed run sees what the uninterrupted run would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from workbench.errors import WorkbenchError
from workbench.models.recipes import Recipe

VALIDATION_LENGTH, VALIDATION_ROWS = 128, 512
WARM_UP = 0.05


@dataclass(frozen=True)
class Plan:
    """What a run has settled on. A resumed run must have the same one (minutes, device and threads may change)."""

    tokens: int
    batch: int
    rate: float
    seed: int
    phases: tuple[tuple[int, float], ...]

    @property
    def steps(self) -> int:
        """Steps of the whole budget."""
        return max(1, self.tokens // self.batch)

    def phase(self, step: int) -> tuple[int, int, int]:
        """(phase number, its sequence length, steps done within it) at a step."""
        begin, share = 0, 0.0
        for number, (length, part) in enumerate(self.phases):
            share += part
            end = round(self.steps * share)
            if step < end or number == len(self.phases) - 1:
                return number, length, step - begin
            begin = end
        raise AssertionError("a plan has phases")

    def learning_rate(self, step: int) -> float:
        """Linear warm-up over 5% of the steps, then linear decay to 0 at the end of the whole budget."""
        warm = max(1, round(WARM_UP * self.steps))
        return self.rate * min((step + 1) / warm, (self.steps - step) / max(1, self.steps - warm), 1.0)


class Blocks:
    """Rows of consecutive tokens in random order; each pass over the text cuts it at another offset."""

    def __init__(self, ids: np.ndarray, plan: Plan, added: int, device: torch.device) -> None:
        self.ids = torch.from_numpy(ids.astype(np.int32)).to(device)
        self.plan, self.added = plan, added
        self._pass: tuple[int, int] | None = None
        self._starts = torch.empty(0)

    def __call__(self, step: int) -> Tensor:
        """The blocks of one step, (rows, length - added) int64, a function of the step alone."""
        phase, length, done = self.plan.phase(step)
        size, rows = length - self.added, self.plan.batch // length
        per_pass = (len(self.ids) - size) // size // rows
        if per_pass < 1:
            raise WorkbenchError(
                f"The corpus has {len(self.ids):,} tokens", f"at least one batch of {self.plan.batch:,}", "--batch 512"
            )
        number, place = divmod(done, per_pass)
        if self._pass != (phase, number):
            self._pass, self._starts = (phase, number), self._shuffle(phase, number, size)
        starts = self._starts[place * rows : (place + 1) * rows]
        return self.ids[starts[:, None] + torch.arange(size, device=self.ids.device)].long()

    def _shuffle(self, phase: int, number: int, size: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + phase * 10_007 + number)
        offset = int(torch.randint(size, (1,), generator=generator))
        order = torch.randperm((len(self.ids) - size) // size, generator=generator)
        return (order * size + offset).to(self.ids.device)


class Validation:
    """Loss and accuracy on the same masked tokens every time, on every device. `length` counts special tokens too."""

    def __init__(
        self, ids: np.ndarray, recipe: Recipe, length: int = VALIDATION_LENGTH, rows: int = VALIDATION_ROWS
    ) -> None:
        held_out = recipe.held_out or running_text
        blocks = held_out(ids, length=length - recipe.added, rows=rows)
        self.recipe = recipe
        self.batch = recipe.corrupt(blocks, torch.Generator().manual_seed(20))

    @torch.no_grad()
    def __call__(self, model: torch.nn.Module, rows: int = 64) -> tuple[float, float]:
        """(mean loss, share of hidden tokens guessed right); computed in float32."""
        device = next(model.parameters()).device
        was_training = model.training
        model.eval()
        total = hits = count = 0.0
        for part in zip(*(tensor.split(rows) for tensor in self.batch), strict=True):
            inputs, positions, labels = (tensor.to(device) for tensor in part)
            logits = self.recipe.predict(model, inputs, positions).float()
            known = int((labels != -100).sum())
            total += float(self.recipe.loss(logits, labels)) * known
            hits += int((logits.argmax(-1) == labels.flatten()).sum())
            count += known
        model.train(was_training)
        return total / count, hits / count


def running_text(ids: np.ndarray, length: int, rows: int) -> Tensor:
    """Rows of consecutive tokens, evenly spread over the text: (rows, length)."""
    starts = np.linspace(0, len(ids) - length, min(rows, len(ids) // length)).astype(np.int64)
    return torch.from_numpy(ids[starts[:, None] + np.arange(length)].astype(np.int64))
