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
from workbench.models.moves import Moves
from workbench.tasks.base import Prepared, Task, forward
from workbench.training import checkpoint
from workbench.training import events as ev
from workbench.training.wishes import Wishes

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
    ) -> None:
        self.task, self.prepared, self.config, self.folder = task, prepared, config, folder
        self.emit, self.guard, self.wishes, self.resumed = emit, guard, wishes, resumed
        self.technique = technique
        self.collate = task.collate(prepared.tokenizer)
        self.patience = Patience(config.patience or 10**9, config.min_delta)
        self.rule = rule(config.stopping) if config.stopping else None
        self.curve: list[tuple[float, float]] = []  # (validation, training) loss of every evaluation: what a rule reads
        self.rate, self.before, self.began, self.waited = config.learning_rate, 0.0, 0.0, 0.0
        self.best_step: int | None = None
        self.best_loss = math.inf
        self.best_in_memory: dict[str, Any] | None = None
        self.due: set[int] = set()
        self.memory = 0.0  # resident megabytes of this process, the most that an evaluation has seen
        self.last_saved, self.save_cost = 0.0, 0.0
        self.ended = self.fired = ""  # why training ends; why it should have ended, while a ghost goes on
        self._rng_pending = resumed is not None

    # Trainer's hooks ---------------------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        self.due = evaluation_steps(state.max_steps, self.config.evaluations)
        if self.resumed is not None:
            extra = checkpoint.read_extra(self.resumed)
            checkpoint.restore(self.resumed, kw["optimizer"], kw["lr_scheduler"])
            self.patience = Patience.from_state(extra["patience"])
            self.curve = [(float(v), float(t)) for v, t in extra.get("curve", [])]
            self.best_step, self.best_loss = extra["best_step"], extra["best_loss"]
            self.rate, self.before, self.fired = extra["rate"], extra["seconds"], extra.get("fired", "")
        self.moves = Moves(kw["model"])
        self.began = self.last_saved = time.monotonic()
        parts = args.gradient_accumulation_steps
        self.emit(ev.Started(state.global_step, self.before, state.max_steps, {"accumulate": parts}))
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
        model, optimizer, scheduler = kw["model"], kw["optimizer"], kw["lr_scheduler"]
        self._wait_while_paused(model, optimizer, scheduler, state)
        self._change_rate(optimizer, scheduler, state)
        if self.wishes.stop.is_set():
            return self._end(control, "user")
        if self.config.seconds is not None and self.seconds() >= self.config.seconds and not self.ended:
            self._end(control, "time")
            if state.global_step not in self.due:
                self.evaluate(model, state, control, optimizer)
        if state.global_step in self.due:
            self.evaluate(model, state, control, optimizer)
            if not control.should_training_stop and self._save_is_due():
                self.save(model, optimizer, scheduler, state)

    def on_train_end(self, args: Any, state: Any, control: Any, **kw: Any) -> None:
        self.moves.start = {}  # the copy of the start is not needed any more, and a notebook keeps its runs

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

    def evaluate(self, model: Any, state: Any, control: Any, optimizer: Any) -> None:
        """Both losses in eval mode; the best weights are kept and patience is counted on validation loss."""
        going = lambda: not self.wishes.stop.is_set()  # noqa: E731  one word for both calls
        valid = forward(model, self.prepared.validation, self.collate, going, read=self.task.read)
        train = (
            forward(model, self.prepared.probe, self.collate, going, read=self.task.read) if valid is not None else None
        )
        if valid is None or train is None:
            return self._end(control, "user")
        self.memory = max(self.memory, round(psutil.Process().memory_info().rss / 1e6))
        losses = self.task.losses(valid, self.prepared.validation.labels)
        train_loss = float(self.task.losses(train, self.prepared.probe.labels).mean())
        valid_loss = float(losses.mean())
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
        if blocks := self.moves(model):
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
        extra = {"patience": self.patience.to_state(), "best_step": self.best_step, "rate": self.rate,
                 "best_loss": self.best_loss, "seconds": self.seconds(), "curve": self.curve,
                 "fired": self.fired}  # fmt: skip
        self.guard(lambda: checkpoint.save(self.folder / "last", model, optimizer, scheduler, state, extra))
        self.last_saved = time.monotonic()
        self.save_cost = self.last_saved - start

    def restore_best(self, model: Any) -> None:
        """The weights of the best evaluation, from disk or, where the disk failed, from memory."""
        if self.best_in_memory is not None:
            model.load_state_dict(self.best_in_memory)
        elif self.best_step is not None:
            checkpoint.load_weights(model, self.folder / "best" / "model.safetensors")

    def keep(self, model: Any) -> None:
        """These weights are the ones to use, until others are better."""
        path = self.folder / "best" / "model.safetensors"
        if self.guard(lambda: checkpoint.save_weights(model, path)):
            self.best_in_memory = None
        else:
            self.best_in_memory = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.last_saved > self.save_cost / CHECKPOINT_SHARE

    def _wait_while_paused(self, model: Any, optimizer: Any, scheduler: Any, state: Any) -> None:
        if not self.wishes.pause.is_set() or self.wishes.stop.is_set():
            return
        start = time.monotonic()
        self.emit(ev.Paused(state.global_step, self.seconds()))
        self.save(model, optimizer, scheduler, state)
        while self.wishes.pause.is_set() and not self.wishes.stop.is_set():
            time.sleep(0.02)
        self.waited += time.monotonic() - start
        self.emit(ev.Continued(state.global_step, self.seconds()))

    def _change_rate(self, optimizer: Any, scheduler: Any, state: Any) -> None:
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
