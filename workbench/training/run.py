"""Run: one training as an object. Start, watch, pause, stop, resume, fork; what can be asked of it afterwards is in `record.py`.

The work happens in one background thread that runs transformers' Trainer. Nothing here draws: `__init__` hands in a viewer
that `await run` ticks. A Run opened from its folder offers the same history and, after a restart, `resume()`.
"""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from workbench import catalog
from workbench.config import BY_HAND, RunConfig
from workbench.errors import WorkbenchError
from workbench.training import lock, recent
from workbench.training.owner import owner
from workbench.training.record import Record
from workbench.training.store import STOP, Store, runs_home, stored

Viewer = Callable[["Run"], Any]
_ONE_AT_A_TIME = threading.Lock()  # two trainings on one machine only slow each other down: the second one waits
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9-]+")
_live: WeakValueDictionary[Path, Run] = WeakValueDictionary()  # a run that nobody holds is read from its folder again


class Run(Record):
    """One training run, live or from its folder. Made by `wb.fit` or `wb.runs()`."""

    alone: threading.Lock | None = _ONE_AT_A_TIME  # what a run holds while it trains

    def __init__(self, store: Store, data: Any = None, viewer: Viewer | None = None) -> None:
        super().__init__(store, data)
        self.viewer = viewer
        self._worker: Any = None
        self._thread: threading.Thread | None = None
        self.error: BaseException | None = None

    # live ----------------------------------------------------------------------------------------------------------

    def start(self, resume: Path | None = None) -> Run:
        """Begin in the background. Training starts when no other run of this process trains."""
        from workbench.training import engine

        if resume is None and (self._worker is not None or self.store.status != "new"):
            raise WorkbenchError(f"run {self.id} has begun already: it is {self.status}", "a run that is new",
                                 "run.resume(), run.fork(), or wb.fit(...) for another one")  # fmt: skip
        engine.load()
        from workbench.training.worker import Worker

        self._loaded = None
        self._worker = Worker(self.store, self._data, resume)
        self._begin()
        return self

    def _begin(self) -> None:
        """The worker's thread."""
        _live[self.folder.resolve()] = self
        self._thread = threading.Thread(target=self._work, name=f"workbench-{self.id}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        from workbench.training import engine

        worker = self._worker
        turn = self.alone or threading.Lock()
        while not turn.acquire(timeout=0.05):
            if worker.wishes.stop.is_set():
                lock.release(self.folder)
                return worker.end("user", "Stopped before it began.")
        try:
            worker.train()
        except BaseException as error:  # a thread has nobody above it: the awaiting cell raises it again
            self.error = error
            worker.end("error", _one_line(error))
        finally:
            self.store.close()
            lock.release(self.folder)
            engine.give_back()
            turn.release()

    def __await__(self) -> Generator[Any, None, Run]:
        return self.watch().__await__()

    async def watch(self) -> Run:
        """Wait without blocking widgets; an interrupt of the kernel counts as Stop. Returns the run."""
        view = self.viewer(self) if self.viewer else None
        try:
            while not self.done:
                if view:
                    view.tick()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            self.stop()
            while not self.done:
                time.sleep(0.02)
        finally:
            if view:
                view.close()
        return self._checked()

    def join(self, timeout: float | None = None) -> Run:
        """Wait in a plain script, for so many seconds at most; Ctrl-C counts as Stop. Returns the run."""
        if timeout is not None and (isinstance(timeout, bool | str) or not hasattr(timeout, "__float__")):
            raise WorkbenchError(f"join({timeout!r:.60})", "seconds, or nothing", "run.join()")
        try:
            self._wait(timeout)
        except KeyboardInterrupt:
            self.stop()
            self._wait()
        return self._checked()

    def _wait(self, timeout: float | None = None) -> None:
        """In slices: Windows notices no Ctrl-C while a thread is waited for without an end."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while self._thread and self._thread.is_alive() and (left := end - time.monotonic()) > 0:
            self._thread.join(min(left, 0.2))

    def _checked(self) -> Run:
        if self.error is not None:
            if isinstance(self.error, WorkbenchError):
                raise self.error
            raise WorkbenchError(
                f"run {self.id} ended with {type(self.error).__name__}: {_one_line(self.error)}",
                "a training that runs to its end",
                "run.frame() for what there is up to then",
            ) from self.error
        return self

    def stop(self) -> None:
        """End training at the next step boundary; history and best weights stay."""
        if self._worker:
            self._worker.wishes.stop.set()
        elif self.store.status in ("new", "training", "paused"):  # another process trains it
            self.store.ask_to_stop()

    def pause(self) -> None:
        """Wait after the next step until `proceed()`."""
        self._trains_here("pause")
        if self._worker:
            self._worker.wishes.pause.set()

    def proceed(self) -> None:
        """Go on after a pause."""
        if self._worker:
            self._worker.wishes.pause.clear()

    def set_learning_rate(self, rate: float) -> None:
        """A new peak rate from the next step on; the schedule keeps its shape."""
        self._trains_here("set_learning_rate")
        checked = self.config.replace(learning_rate=rate)
        if self._worker:
            self._worker.wishes.rate = checked.learning_rate

    def _trains_here(self, asked: str) -> None:
        """An error where a wish would reach nobody."""
        if self.done and self.status != "new":
            where = " in another process" if self.status in ("training", "paused") else ""
            raise WorkbenchError(f"{asked} of run {self.id}, which is {self.status}{where}", "a run that trains in this one",
                                 "run.fork(learning_rate=...) goes on from a kept state")  # fmt: skip

    def resume(self, data: Any = None) -> Run:
        """Go on from the last checkpoint of an interrupted or stopped run, with the curve it would have had."""
        if self._thread is not None and self._thread.is_alive():
            raise WorkbenchError(
                f"run {self.id} is {self.status}", "a run that has ended or was interrupted", "await run"
            )
        if self.status == "training":
            raise WorkbenchError(
                f"run {self.id} is training in another process", "a run that nobody trains", "run.frame()"
            )
        checkpoint = self.folder / "last"
        if not self.can_resume:
            raise WorkbenchError(f"run {self.id} has no checkpoint to go on from", "a run of more than a few seconds",
                                 f"{self.config.to_code()} again")  # fmt: skip
        if self.status == "finished":
            raise WorkbenchError(
                f"run {self.id} is finished", "an interrupted or stopped run", "more epochs in a new run"
            )
        if data is None and self._data is None and self.config.data == BY_HAND:
            raise WorkbenchError(f"run {self.id} was trained on data passed by hand", "the same data again",
                                 "run.resume(data=my_data)")  # fmt: skip
        self.data(data)  # a file that was changed since is refused here
        lock.claim(self.folder)
        self.error = None
        (self.folder / STOP).unlink(missing_ok=True)
        self.store.facts.update(owner())
        self.store.write_config()
        return self.start(resume=checkpoint)

    def fork(self, step: int | None = None, **changes: Any) -> Run:
        """A new run that has this one's history up to `step` (None: the best one) and goes on with some choices changed.

        Needs the state of that step (`keep_states=` of RunConfig; `run.states` lists them). With nothing changed it repeats what
        the parent did from there on. `wb.lineage(run)` draws the family.
        """
        from workbench.training.fork import fork

        return fork(self, step, changes)

    @property
    def can_resume(self) -> bool:
        """Whether there is a state on disk to go on from; a run that was stopped in its first second has none."""
        return (self.folder / "last" / "state.json").exists()

    @property
    def done(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    @property
    def status(self) -> str:
        """new, queued, preparing, training, paused, finished, stopped, failed or interrupted."""
        if self._thread is not None and self._thread.is_alive() and not self._worker.begun:
            return "queued" if _ONE_AT_A_TIME.locked() and not self._worker.began_loading else "preparing"
        return self.store.status

    def predictor(self) -> Any:
        """The model with the weights that are kept, ready for texts; loaded again from the folder after a restart."""
        here = self._worker.predictor if self.done and self._worker is not None else None
        if here is None:
            return super().predictor()
        recent.use(self._worker)
        return here


def fit(data: Any = "reviews", *, viewer: Viewer | None = None, **choices: Any) -> Run:
    """Start fine-tuning in the background and return the Run. `choices` are the fields of RunConfig.

    `model=` and `teacher=` also take a finished run: what it has learned is the start of this one, or its teacher.
    """
    from workbench.config import check_names, name_of

    check_names(choices)
    if data is None:
        raise WorkbenchError("data is None", "a name, a file, a frame or loaded data", 'wb.fit("reviews")')
    choices |= {k: _folder_of(v) for k, v in choices.items() if isinstance(v, Run)}
    config = RunConfig(**{**choices, "data": name_of(data)})
    return launch(config, None if isinstance(data, str) else data, viewer)


def launch(config: RunConfig, data: Any = None, viewer: Viewer | None = None) -> Run:
    """Start the run that a config describes. What the catalogue does not have is an error before anything begins."""
    from workbench.data import mistakes
    from workbench.models import zoo

    catalog.find(catalog.techniques(), config.technique, "technique")
    if config.mistake is not None:
        mistakes.find(config.mistake)
    config = config.replace(model=_folder_of(config.model), teacher=_folder_of(config.teacher))
    if config.task != "auto":
        catalog.find(list(catalog.TASKS), config.task, "task")
    zoo.source(config.model)
    if data is not None or not config.data.startswith("hub:"):  # the Hub is asked in the background
        from workbench.data import load

        data = load(data if data is not None else config.data)
    facts = owner() | ({"data_title": data.title} if getattr(data, "title", "") else {})
    return Run(Store.create(config, facts), data, viewer).start()


def _folder_of(choice: Any) -> Any:
    """A finished run, or its id, as the folder of the model that it has made; anything else as it is."""
    if isinstance(choice, str) and _RUN_ID.fullmatch(choice) and (runs_home() / choice / "config.json").is_file():
        choice = _opened(Store.open(runs_home() / choice))
    return str(choice.model_folder()) if isinstance(choice, Run) else choice


def _opened(store: Store) -> Run:
    """A live run is the same object that `fit` returned."""
    live = _live.get(store.folder.resolve())
    if live is None and store.config.technique == "hosted":
        from workbench.remote.job import HostedRun

        return HostedRun(store)
    return live or Run(store)


def open_run(folder: Path) -> Run:
    """The run of a folder; a live one is the same object that `fit` returned."""
    return _opened(Store.open(folder))


def runs(home: Path | None = None, most: int | None = None) -> list[Run]:
    """Every run of this folder, or the newest ones, newest first; a live run is the same object that `fit` returned."""
    return [_opened(s) for s in stored(home or runs_home(), most)]


def training_now() -> Run | None:
    """The run of this process that has not ended, if there is one."""
    return next((r for r in reversed(list(_live.values())) if not r.done), None)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
