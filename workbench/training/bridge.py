"""The one TrainerCallback: it turns what Trainer does into events and the learner's wishes into Trainer's controls.

Not a display and not a store: `emit` takes events, `Wishes` brings flags in. Flags are read at every step boundary and
between the batches of an evaluation, so Stop never waits for more than one batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from transformers import TrainerCallback

from workbench.config import RunConfig
from workbench.diagnosis.race import rule
from workbench.diagnosis.stopping import Patience
from workbench.models import place
from workbench.models.moves import Moves
from workbench.tasks.base import Prepared, Task
from workbench.tasks.forward import forward
from workbench.training import checkpoint, states
from workbench.training import events as ev
from workbench.training import losses as per_text
from workbench.training.branch import leave_parent, steps_left
from workbench.training.budget import budget
from workbench.training.store import STOP, kept_weights
from workbench.training.team import ALONE, Team
from workbench.training.wishes import Wishes

LOOK = 0.2  # seconds between two looks into the run folder: free on a disk, some milliseconds on a share
CHECKPOINT_SHARE = 0.04  # of the training time that writing checkpoints may take


class Bridge(TrainerCallback):
    """Events out, wishes in, best weights kept, state saved. One instance per training."""

    def __init__(
        self,
        task: Task,
        prepared: Prepared,
        config: RunConfig,
        folder: Path,
        emit: Callable[[ev.Event], None],
        guard: Callable[[Callable[[], None]], bool],
        wishes: Wishes,
        resumed: Path | None = None,
        technique: Any = None,
        team: Team = ALONE,
        watch: Any = None,
        changed: dict[str, Any] | None = None,
    ) -> None:
        self.task, self.prepared, self.config, self.folder = task, prepared, config, folder
        self.emit, self.guard, self.wishes, self.resumed = emit, guard, wishes, resumed
        self.technique, self.team, self.watch = technique, team, watch
        self.changed = changed  # in a fork that begins; None: no fork, or one that goes on
        self.forks = states.Keeper(folder, guard, checkpoint.Later())  # the states to fork from
        self.collate = task.collate(prepared.tokenizer)
        self.training_collate = getattr(task, "training_collate", task.collate)(prepared.tokenizer)
        self.patience = Patience(config.patience or 10**9, config.min_delta)
        self.rule = rule(config.stopping) if config.stopping else None
        self.curve: list[tuple[float, float]] = []  # (validation, training) loss of every evaluation: what a rule reads
        self.rate, self.before, self.began, self.waited = config.learning_rate, 0.0, 0.0, 0.0
        self.best_step: int | None = None
        self.best_loss = math.inf
        self.best_in_memory: dict[str, Any] | None = None
        self.due: set[int] = set()
        self.memory = 0.0  # resident megabytes of this process, the most that an evaluation has seen
        self.gpu_memory: int | None = None  # the most megabytes of the GPU that tensors have held; None on the CPU
        self.last_saved, self.save_cost = 0.0, 0.0
        self.ended = self.fired = ""  # why training ends; why it should have ended, while a ghost goes on
        self.budget = budget(config.seconds)
        self.looked = 0.0  # when the folder was last searched for a wish
        self.moves: Moves | None = None
        self._rng_pending = resumed is not None and "seed" not in (changed or {})

    # Trainer's hooks ---------------------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        self.due = evaluation_steps(state.max_steps, self.config.evaluations)
        self.forks.at = states.spread(self.due, self.config.keep_states)
        if self.resumed is not None:
            if self.changed is not None:
                steps_left(state, self.config)
            extra = checkpoint.read_extra(self.resumed)
            decay = [group["weight_decay"] for group in kw["optimizer"].param_groups]
            checkpoint.restore(self.resumed, kw["optimizer"], kw["lr_scheduler"])
            self.patience = Patience.from_state(extra["patience"])
            self.curve = [(float(v), float(t)) for v, t in extra.get("curve", [])]
            self.best_step, self.best_loss = extra["best_step"], extra["best_loss"]
            self.forks.best = self.best_step
            self.rate, self.before, self.fired = extra["rate"], extra["seconds"], extra.get("fired", "")
        self.moves = self.moves or Moves(kw["model"])
        place.count_anew(args.device)
        self.began = self.last_saved = time.monotonic()
        parts = args.gradient_accumulation_steps
        self.emit(ev.Started(state.global_step, self.before, state.max_steps, {"accumulate": parts}))
        if self.changed is not None:
            leave_parent(self, kw["model"], kw["optimizer"], kw["lr_scheduler"], state, decay)
        if self.resumed is None:
            self.evaluate(kw["model"], state, control, kw["optimizer"])

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        if self.technique is not None:
            self.technique.before_epoch(kw["model"], self.config, float(state.epoch or 0.0))

    def on_step_begin(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        if self._rng_pending and self.resumed is not None:  # the first batch has been drawn, nothing computed yet
            checkpoint.restore_rng(self.resumed)
            self._rng_pending = False

    def on_step_end(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        self._after_step(state, control, kw)
        control.should_training_stop = self.team.agree(control.should_training_stop, args.device)

    def _after_step(self, state: Any, control: Any, kw: dict[str, Any]) -> None:
        model, optimizer, scheduler = kw["model"], kw["optimizer"], kw["lr_scheduler"]
        self._wait_while_paused(model, optimizer, scheduler, state)
        self.change_rate(optimizer, scheduler, state)
        if self.stop_is_wished():
            return self._end(control, "user")
        if self.seconds() >= self.budget and not self.ended:
            self._end(control, "time")
            if state.global_step not in self.due:
                self.evaluate(model, state, control, optimizer)
        if state.global_step in self.due:
            self.evaluate(model, state, control, optimizer)
            self._keep_state(model, optimizer, scheduler, state)
            if not control.should_training_stop and self._save_is_due():
                self.save(model, optimizer, scheduler, state)

    def on_train_end(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        self.moves = None  # the copy of the start is not needed any more, and a notebook keeps its runs
        self.forks.close()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kw: Any) -> None:
        if not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self.emit(
            ev.Stepped(state.global_step, self.seconds(), state.epoch or 0.0, loss, float(logs.get("learning_rate", 0)))
        )
        if not math.isfinite(loss):
            self._end(control, "non-finite")

    # What the hooks do -------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """Seconds trained so far, pauses left out, earlier sessions of a resumed run included."""
        return self.before + time.monotonic() - self.began - self.waited if self.began else self.before

    def stop_is_wished(self) -> bool:
        """By the button, or by a file called `stop` in the run folder: whoever shares that folder can end the run."""
        now = time.monotonic()
        if self.team.leads and now - self.looked > LOOK:
            self.looked = now
            if (self.folder / STOP).exists():
                self.wishes.stop.set()
        return self.wishes.stop.is_set()

    def evaluate(self, model: Any, state: Any, control: Any, optimizer: Any) -> None:
        """Both losses in eval mode; the best weights are kept and patience is counted on validation loss."""
        going = lambda: not self.stop_is_wished()  # noqa: E731  one word for both calls
        valid = forward(model, self.prepared.validation, self.collate, going, read=self.task.read)
        seen = self.watch.train if self.watch else self.prepared.probe
        train = forward(model, seen, self.collate, going, read=self.task.read) if valid is not None else None
        if valid is None or train is None:
            return self._end(control, "user")
        if self.watch:
            train = self.watch(state.global_step, train, valid)
        self.memory = max(self.memory, round(psutil.Process().memory_info().rss / 1e6))
        self.gpu_memory = place.most_held(next(model.parameters()).device)
        losses = self.task.losses(valid, self.prepared.validation.labels)
        train_loss = float(self.task.losses(train, self.prepared.probe.labels).mean())
        valid_loss = float(losses.mean())
        self.guard(lambda: per_text.append(self.folder, state.global_step, losses))
        finite = math.isfinite(valid_loss)
        best = finite and valid_loss < self.best_loss and not self.fired
        stop = self.patience.update(state.global_step, valid_loss)
        self.curve.append((valid_loss, train_loss))
        if best:
            self.best_loss, self.best_step = valid_loss, state.global_step
            self.keep(model)
        rate = float(optimizer.param_groups[0]["lr"])
        left = self.patience.left if self.config.patience and not self.fired else None
        error = float(losses.std(ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else None
        metrics = self.task.metrics(valid, self.prepared.validation.labels, self.prepared.labels)
        self.emit(ev.Evaluated(state.global_step, self.seconds(), state.epoch or 0.0, train_loss, valid_loss, metrics,
                               rate, bool(best), left, error))  # fmt: skip
        if self.moves is not None and (blocks := self.moves(model)):
            self.emit(ev.Moved(state.global_step, self.seconds(), blocks))
        if not (finite and math.isfinite(train_loss)):
            self._end(control, "non-finite")
        elif self.fired or state.global_step >= state.max_steps:
            return
        elif self.config.patience and stop:
            self._fire(model, state, control, "patience")
        elif self.rule is not None and self.rule.first(*self._losses()) is not None:
            self._fire(model, state, control, "rule")

    def _fire(self, model: Any, state: Any, control: Any, reason: str) -> None:
        """Early stopping: the end, or the beginning of a ghost that changes no kept weights any more."""
        if not self.config.ghost:
            return self._end(control, reason)
        self.fired = reason
        if not self.config.restore_best:
            self.keep(model)
        self.emit(ev.Fired(state.global_step, self.seconds(), reason, self.best_step))

    def _losses(self) -> tuple[pd.Series, pd.Series]:
        valid, train = zip(*self.curve, strict=True)
        return pd.Series(valid), pd.Series(train)

    def save(self, model: Any, optimizer: Any, scheduler: Any, state: Any) -> None:
        """A resumable state in `last/`; how long it took decides when the next one may be written."""
        start = time.monotonic()
        self._write_state(self.folder / "last", model, optimizer, scheduler, state)
        self.last_saved = time.monotonic()
        self.save_cost = self.last_saved - start

    def _write_state(
        self, folder: Path, model: Any, optimizer: Any, scheduler: Any, state: Any, later: checkpoint.Later | None = None
    ) -> bool:  # fmt: skip
        extra = {"patience": self.patience.to_state(), "best_step": self.best_step, "rate": self.rate,
                 "best_loss": self.best_loss, "seconds": self.seconds(), "curve": self.curve,
                 "fired": self.fired}  # fmt: skip
        best = kept_weights(self.folder)
        return self.guard(lambda: checkpoint.save(folder, model, optimizer, scheduler, state, extra, best, later))

    def _keep_state(self, model: Any, optimizer: Any, scheduler: Any, state: Any) -> None:
        """A state to fork from, where this step is one that keeps it."""

        def write(folder: Path, later: checkpoint.Later) -> bool:
            return self._write_state(folder, model, optimizer, scheduler, state, later)

        self.forks.keep(state.global_step, state.global_step == self.best_step, write)

    def restore_best(self, model: Any) -> None:
        """The weights of the best evaluation, from disk or, where the disk failed, from memory."""
        if self.best_in_memory is not None:
            model.load_state_dict(self.best_in_memory)
        elif self.best_step is not None:
            checkpoint.load_weights(model, kept_weights(self.folder))

    def keep(self, model: Any) -> None:
        """These weights are the ones to use, until others are better."""
        if self.guard(lambda: checkpoint.save_weights(model, kept_weights(self.folder))):
            self.best_in_memory = None
        else:
            self.best_in_memory = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.last_saved > self.save_cost / CHECKPOINT_SHARE

    def _wait_while_paused(self, model: Any, optimizer: Any, scheduler: Any, state: Any) -> None:
        if not self.wishes.pause.is_set() or self.wishes.stop.is_set():
            return
        start = time.monotonic()
        # First: who reads "paused" may rely on the state that it goes on from.
        self.save(model, optimizer, scheduler, state)
        self.emit(ev.Paused(state.global_step, self.seconds()))
        while self.wishes.pause.is_set() and not self.wishes.stop.is_set():
            time.sleep(0.02)
        self.waited += time.monotonic() - start
        self.emit(ev.Continued(state.global_step, self.seconds()))

    def change_rate(self, optimizer: Any, scheduler: Any, state: Any) -> None:
        """Take the wished peak rate: the schedule keeps its shape."""
        wanted, self.wishes.rate = self.wishes.rate, None
        if wanted is None or wanted == self.rate:
            return
        scale = wanted / self.rate
        inner = getattr(scheduler, "scheduler", scheduler)
        inner.base_lrs = [x * scale for x in inner.base_lrs]
        inner._last_lr = [x * scale for x in inner._last_lr]
        for group in optimizer.param_groups:
            group["lr"] *= scale
            group["initial_lr"] = group.get("initial_lr", group["lr"]) * scale
        self.emit(ev.RateChanged(state.global_step, self.seconds(), self.rate, wanted))
        self.rate = wanted

    def _end(self, control: Any, reason: str) -> None:
        control.should_training_stop = True
        self.ended = self.ended or reason


def evaluation_steps(total: int, evaluations: int) -> set[int]:
    """The steps after which to evaluate: `evaluations` of them evenly spread, the last step always among them.

    >>> sorted(evaluation_steps(10, 4))
    [2, 5, 8, 10]
    """
    return {max(1, round(total * (k + 1) / evaluations)) for k in range(evaluations)} | {total}
