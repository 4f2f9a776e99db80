"""Run: one training as an object. Start, watch, pause, stop, resume; afterwards predict, look at errors, save.

The work happens in one background thread that runs transformers' Trainer. Nothing here draws: `__init__` hands in a viewer
that `await run` ticks. A Run opened from its folder offers the same history and, after a restart, `resume()`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pandas as pd

from workbench import catalog
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training.store import STOP, Store, owner, runs_home, stored

Viewer = Callable[["Run"], Any]
_ONE_AT_A_TIME = threading.Lock()  # two trainings on one machine only slow each other down: the second one waits
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9-]+")
_live: WeakValueDictionary[Path, Run] = WeakValueDictionary()  # a run that nobody holds is read from its folder again


class Run:
    """One training run, live or from its folder. Made by `wb.fit` or `wb.runs()`."""

    alone: threading.Lock | None = _ONE_AT_A_TIME  # what a run holds while it trains

    def __init__(self, store: Store, data: Any = None, viewer: Viewer | None = None) -> None:
        self.store, self._data, self.viewer = store, data, viewer
        self._worker: Any = None
        self._thread: threading.Thread | None = None
        self.error: BaseException | None = None

    # live ----------------------------------------------------------------------------------------------------------

    def start(self, resume: Path | None = None) -> Run:
        """Begin in the background. Training starts when no other run of this process trains."""
        from workbench.training import engine

        engine.load()
        from workbench.training.worker import Worker

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
                return worker.end("user", "Stopped before it began.")
        try:
            worker.train()
        except BaseException as error:  # a thread has nobody above it: the awaiting cell raises it again
            self.error = error
            worker.end("error", _one_line(error))
        finally:
            self.store.close()
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
        """Wait in a plain script; Ctrl-C counts as Stop. Returns the run."""
        try:
            if self._thread:
                self._thread.join(timeout)
        except KeyboardInterrupt:
            self.stop()
            if self._thread:
                self._thread.join()
        return self._checked()

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
        if self._worker:
            self._worker.wishes.pause.set()

    def proceed(self) -> None:
        """Go on after a pause."""
        if self._worker:
            self._worker.wishes.pause.clear()

    def set_learning_rate(self, rate: float) -> None:
        """A new peak rate from the next step on; the schedule keeps its shape."""
        checked = self.config.replace(learning_rate=rate)
        if self._worker:
            self._worker.wishes.rate = checked.learning_rate

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
        if not (checkpoint / "state.json").exists():
            raise WorkbenchError(f"run {self.id} has no checkpoint to go on from", "a run of more than a few seconds",
                                 f"{self.config.to_code()} again")  # fmt: skip
        if self.status == "finished":
            raise WorkbenchError(
                f"run {self.id} is finished", "an interrupted or stopped run", "more epochs in a new run"
            )
        if data is not None:
            from workbench.data import load

            self._data = load(data)
        if self._data is None and self.config.data == "data":
            raise WorkbenchError(f"run {self.id} was trained on data passed by hand", "the same data again",
                                 "run.resume(data=my_data)")  # fmt: skip
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
    def states(self) -> list[int]:
        """The steps whose training state is kept: where `fork` can begin."""
        from workbench.training.states import kept

        return list(kept(self.folder))

    # reading -------------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.store.id

    @property
    def folder(self) -> Path:
        return self.store.folder

    @property
    def config(self) -> RunConfig:
        return self.store.config

    @property
    def done(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    @property
    def status(self) -> str:
        """new, queued, training, paused, finished, stopped, failed or interrupted."""
        if self._thread is not None and self._thread.is_alive() and not self._worker.begun:
            return "queued" if _ONE_AT_A_TIME.locked() and not self._worker.began_loading else "preparing"
        return self.store.status

    @property
    def notes(self) -> list[str]:
        """Sentences for the learner: what the run had to change, and trouble with the disk."""
        found = [e.text for e in self.store.events if isinstance(e, ev.Note)]
        return found + ([self.store.trouble] if self.store.trouble else [])

    def frame(self) -> pd.DataFrame:
        """One row per evaluation (see `Store.frame`)."""
        return self.store.frame()

    def ghost(self) -> pd.DataFrame:
        """The evaluations after early stopping has fired, of a run with `ghost=True` (see `Store.ghost`)."""
        return self.store.ghost()

    def whole(self) -> pd.DataFrame:
        """`frame()` and `ghost()` as one curve: what a replay of stopping rules reads."""
        return self.store.whole()

    def steps(self) -> pd.DataFrame:
        """One row per reported step (see `Store.steps`)."""
        return self.store.steps()

    def moves(self) -> pd.DataFrame:
        """One row per evaluation: how far every block of the model is from its start (see `Store.moves`)."""
        return self.store.moves()

    def examples(self) -> Any:
        """The probabilities of single texts at every evaluation (see `training.examples.Examples`); needs `watch=True`."""
        from workbench.training.examples import read

        return read(self.store)

    def dynamics(self, until: float | None = None, reveal: bool = False, data: Any = None) -> pd.DataFrame:
        """One row per watched training text: row, text, label, confidence, variability, correctness, forgetting, learned, over the
        evaluations up to step `until`; with `reveal` also `true_label` and `flipped`. `data` where the run cannot load it again."""
        from workbench.training.examples import texts_of

        frame = self.examples().dynamics(until, reveal)
        frame.insert(1, "text", texts_of(self.data() if data is None else data, "train", frame["row"].to_numpy()))
        return frame

    def noise(self) -> pd.DataFrame:
        """One row per evaluation: shares of the flipped training texts that are answered with the wrong label that they were
        `given`, with their `true` one, or another; and the share `expected` if nothing were memorised."""
        return self.examples().noise()

    @property
    def diagnosis(self) -> Any:
        """The Finding that fits the curve so far: verdict, numbers, rule, source, advice."""
        from workbench.diagnosis import diagnose

        return diagnose(self.frame(), self.context())

    def context(self) -> Any:
        """What the diagnosis needs to know beside the curve."""
        from workbench.diagnosis import Context

        facts, frame = self.store.facts, self.frame()
        ended, begun = self.store.last(ev.Ended), self.store.last(ev.Started)
        fired = self.store.fired
        finished = fired is not None or self.status not in ("training", "paused", "queued", "preparing", "new")
        se = frame["valid_loss_se"].iloc[-1] if len(frame) and "valid_loss_se" in frame else None
        return Context(
            n_valid=facts.get("n_valid"),
            n_train=facts.get("n_train"),
            majority=facts.get("majority"),
            trivial=str((facts.get("controls") or ["majority class"])[0]),
            label_entropy=facts.get("label_entropy"),
            planned_steps=begun.planned_steps if begun else None,
            loss_se=None if se is None or pd.isna(se) else float(se),
            metric_name=self.store.metric,
            finished=finished,
            stopped_by="patience"
            if fired
            else {"rule": "patience"}.get(ended.reason, ended.reason)
            if ended and finished
            else None,
        )

    @property
    def best(self) -> dict[str, float]:
        """The row of the best evaluation: step, losses, metrics. Empty before the first one."""
        frame = self.frame()
        finite = frame[frame["valid_loss"].apply(lambda v: pd.notna(v) and abs(v) != float("inf"))]
        return {} if finite.empty else dict(finite.loc[finite["valid_loss"].idxmin()])

    @property
    def kept(self) -> dict[str, float]:
        """The row of the weights that predict: `best`, or with `restore_best=False` the last one with a finite loss."""
        frame = self.frame()
        if self.config.restore_best or frame.empty:
            return self.best
        return dict(frame.iloc[-1])

    # afterwards ----------------------------------------------------------------------------------------------------

    def predictor(self) -> Any:
        """The model with the weights that are kept, ready for texts; loaded again from the folder after a restart."""
        from workbench.training.predictor import Predictor

        if not self.done:
            raise WorkbenchError(f"run {self.id} is still {self.status}", "a run that has ended", "await run")
        if self._worker is None or self._worker.predictor is None:
            if not (self.folder / "best" / "model.safetensors").exists():
                raise WorkbenchError(
                    f"run {self.id} has no weights", "a run with at least one evaluation", "wb.fit again"
                )
            predictor = Predictor.from_store(self.store)
            if self._worker is None:
                self._cached = getattr(self, "_cached", predictor)
                return self._cached
            return predictor
        return self._worker.predictor

    def predict(self, texts: Any) -> pd.DataFrame:
        """One row per input. Classification: text, label, probability, and the probability of every label. Tagging: text,
        and the entities found in it. Answering, of (question, passage) pairs: the answers and their places. Translation: text,
        translation."""
        return self.predictor().predict(texts)

    def errors(self, n: int = 10, split: str = "validation") -> pd.DataFrame:
        """The `n` texts of a split that the model gets most wrong, worst first."""
        return self.predictor().errors(self.data()[split], n)

    def confusion(self, split: str = "validation") -> pd.DataFrame:
        """Counts of a split: rows are what is right, columns what the model answered (tagging: words by type of name; several
        labels per text: a row per label with how often it was given rightly, given wrongly, missed, rightly not given)."""
        return self.predictor().confusion(self.data()[split])

    def evaluate(self, split: str = "test") -> dict[str, float]:
        """Loss and metrics of the weights that are kept on a split, BLEU and chrF of a translator among them; look at `test`
        once, at the end."""
        data = self.data()
        if split not in data:
            raise WorkbenchError(
                f"no split called {split!r}", f"one of {', '.join(data)}", "run.evaluate('validation')"
            )
        return self.predictor().evaluate(data[split])

    def quantized(self) -> Any:
        """The kept model with int8 weights for inference on CPUs: `.predict`, `.evaluate`, `.errors` and `.save` as the run has them
        (see `training.quantized`)."""
        return self.predictor().quantized()

    def save(self, folder: str | Path) -> Path:
        """Write the model to a new folder: weights, tokenizer, config, labels and how to load it again."""
        return self.predictor().save(Path(folder), self)

    def export(self, folder: str | Path) -> Path:
        """Write this run to a new folder as a plain transformers script with its config and data (see `scale.export`)."""
        from workbench.scale.export import export

        return export(self, folder)

    def push_to_hub(self, name: str, private: bool = True) -> str:
        """Upload what `save` writes to "owner/name" on the Hub with your own token, and return its address (see `scale.push`)."""
        from workbench.scale.push import push

        return push(self, name, private)

    def model_folder(self) -> Path:
        """The model of this run as a folder beside its history, written when it is first asked for."""
        folder = self.folder / "model"
        if not (folder / "workbench.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            self.save(folder)
        return folder

    def data(self) -> Any:
        """The data this run was trained on."""
        from workbench.data import load

        if self._data is None:
            if self.config.data == "data":
                raise WorkbenchError(f"run {self.id} was trained on data passed by hand", "that data", "wb.load(...)")
            self._data = load(self.config.data)
        return self._data

    def figure(self) -> Any:
        """A matplotlib Figure of the curves."""
        from workbench.views.figures import run_figure

        return run_figure(self)

    def to_code(self) -> str:
        """The line of code that makes this run again; of a fork the one that branches it off its parent."""
        fork = self.store.facts.get("fork")
        if not fork:
            return self.config.to_code()
        choices = "".join(f", {name}={new!r}" for name, (_, new) in fork["changed"].items())
        return f"parent.fork({fork['step']}{choices})  # parent: run {fork['parent']}"

    def to_recipe(self) -> str:
        """The same choices as TOML: save it as a file and `python -m workbench launch` runs it again."""
        return self.config.to_recipe()

    def __repr__(self) -> str:
        kept = self.kept
        score = f" · {self.store.metric} {kept[self.store.metric]:.3f} at step {int(kept['step'])}" if kept else ""
        return f"<Run {self.id} · {self.status}{score}>"


def fit(data: Any = "reviews", *, viewer: Viewer | None = None, **choices: Any) -> Run:
    """Start fine-tuning in the background and return the Run. `choices` are the fields of RunConfig.

    `model=` and `teacher=` also take a finished run: what it has learned is the start of this one, or its teacher.
    """
    from workbench.config import check_names

    check_names(choices)
    choices |= {k: _folder_of(v) for k, v in choices.items() if isinstance(v, Run)}
    named = data if isinstance(data, str) else getattr(data, "name", "data")
    config = RunConfig(**{**choices, "data": named})
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
    if data is None or type(data).__name__ != "Data":
        from workbench.data import load

        if data is not None or not config.data.startswith("hub:"):  # the Hub is asked in the background
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


def runs(home: Path | None = None) -> list[Run]:
    """Every run of this folder, newest first; a live run is the same object that `fit` returned."""
    return [_opened(s) for s in stored(home or runs_home())]


def training_now() -> Run | None:
    """The run of this process that has not ended, if there is one."""
    return next((r for r in reversed(list(_live.values())) if not r.done), None)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
