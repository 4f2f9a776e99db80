"""What happens at the step where a fork leaves its parent: best weights come along, changed choices take effect. Once per fork."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from workbench.config import RunConfig
from workbench.diagnosis.stopping import Patience
from workbench.errors import WorkbenchError
from workbench.training import checkpoint, states
from workbench.training.store import kept_weights

RESHAPES = {
    "schedule",
    "warmup",
    "epochs",
    "train_examples",
}  # changes after which the schedule stands elsewhere at this step


def leave_parent(bridge: Any, model: Any, optimizer: Any, scheduler: Any, state: Any, decay: list[float]) -> None:
    """Called when the parent's state has been put back. With nothing changed all goes on as it did in the parent.

    `decay`: the weight decay of each parameter group as the fork's own config has it. Patience counts anew where something is
    changed: what the parent waited for in vain says nothing about its fork.
    """
    changed, source = bridge.changed, bridge.resumed / states.BEST
    if source.exists():
        take_best(bridge, source)
    else:  # a state written before there were such files: the best begins with these weights
        bridge.best_step, bridge.best_loss = state.global_step, bridge.curve[-1][0]
        bridge.keep(model)
    if not changed:
        return
    anew = {"patience": bridge.config.patience or 10**9, "min_delta": bridge.config.min_delta, "waited": 0}
    bridge.patience = Patience.from_state({**bridge.patience.to_state(), **anew})
    if "weight_decay" in changed:
        for group, value in zip(optimizer.param_groups, decay, strict=True):
            group["weight_decay"] = value
    if "learning_rate" in changed:
        bridge.wishes.rate = bridge.config.learning_rate
        bridge.change_rate(optimizer, scheduler, state)
    if changed.keys() & RESHAPES:
        inner = getattr(scheduler, "scheduler", scheduler)
        for group, base, shape in zip(optimizer.param_groups, inner.base_lrs, inner.lr_lambdas, strict=True):
            group["lr"] = base * shape(inner.last_epoch)


def take_best(bridge: Any, source: Path) -> None:
    """The parent's best weights up to here become the fork's, until it finds better ones."""
    target = kept_weights(bridge.folder)

    def write() -> None:
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
        states.link(source, target)

    if not bridge.guard(write):
        bridge.best_in_memory = checkpoint.load_file(source)


def steps_left(state: Any, config: RunConfig) -> None:
    """An error where a fork begins at or behind its own last step; the advice counts the epochs that the parent has done."""
    if state.global_step >= state.max_steps:
        done = float(state.epoch or config.epochs * state.global_step / state.max_steps)
        raise WorkbenchError(f"a fork at step {state.global_step} with {state.max_steps} steps in all", "steps that are left to train",
                             f"epochs={math.floor(done) + max(1, math.ceil(config.epochs))}")  # fmt: skip
