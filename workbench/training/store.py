"""Run folders: `runs/<id>/` with config.json, append-only events.jsonl, weights and the last picture. No torch here.

A saved run can be listed, turned into frames and diagnosed on a machine without torch. Writing never ends a training:
when the disk is full or read-only the store keeps events in memory and says so in `trouble`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.files import patiently
from workbench.training import events as ev
from workbench.training.facts import sound
from workbench.training.owner import alive

if TYPE_CHECKING:
    import pandas as pd  # otherwise where it is needed: who watches a launched run needs none of its 85 MB

E = TypeVar("E", bound=ev.Event)
STOP, ALIVE = "stop", "alive"  # files in a run folder: a wish to stop it, and a sign of life of who trains it


def runs_home() -> Path:
    """Where run folders are: `$WORKBENCH_HOME/runs`, else `runs` in the current folder."""
    return Path(os.environ.get("WORKBENCH_HOME", ".")).expanduser() / "runs"


def kept_weights(folder: Path) -> Path:
    """Where a run folder has the weights to use: those of the best evaluation, or of the last."""
    return folder / "best" / "model.safetensors"


class Store:
    """One run folder. Events are held in memory as well, so that reading costs nothing while a run is live."""

    def __init__(self, folder: Path, config: RunConfig, facts: dict[str, Any], past: Iterable[ev.Event] = ()) -> None:
        self.folder, self.config, self.facts = folder, config, facts
        self.events: list[ev.Event] = list(past)
        self.trouble: str | None = None
        self.unwritten: dict[str, Any] = {}  # probabilities of single examples that the disk has refused
        self._file: Any = None

    @property
    def weights(self) -> Path:
        """The file of the weights that are kept, once there are any."""
        return kept_weights(self.folder)

    @classmethod
    def create(cls, config: RunConfig, facts: dict[str, Any], home: Path | None = None) -> Store:
        """A new folder named after the moment, the data and the model; in memory only where it cannot be made."""
        stem = (
            time.strftime("%Y%m%d-%H%M%S")
            + "-"
            + re.sub(r"[^a-z0-9]+", "-", f"{called(config.model)} {called(config.data)}".lower()).strip("-")[:60]
        )
        home = home or runs_home()
        folder = home / stem
        for n in range(2, 1000):
            try:
                folder.mkdir(parents=True)
                break
            except FileExistsError:
                folder = home / f"{stem}-{n}"
            except OSError as error:
                store = cls(folder, config, facts)
                store.trouble = (
                    f"this run is kept in memory only: {folder.name} cannot be written ({error.strerror or error})"
                )
                return store
        store = cls(folder, config, facts)
        store.write_config()
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing folder; half-written last lines (a killed process) are passed over."""
        try:
            raw = json.loads(patiently(lambda: (folder / "config.json").read_text("utf-8")))
            choices = {k: v for k, v in raw["config"].items() if k in {f.name for f in fields(RunConfig)}}
            past, facts = _read_events(folder / "events.jsonl"), sound(dict(raw.get("facts", {})))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise WorkbenchError(
                f"{folder.name} is not a run folder ({error})", "config.json and events.jsonl"
            ) from error
        return cls(folder, RunConfig(**choices), facts, past)

    @property
    def id(self) -> str:
        return self.folder.name

    def write_config(self) -> None:
        """Write config.json aside, then rename."""
        text = json.dumps({"config": asdict(self.config), "facts": self.facts}, indent=1, ensure_ascii=False)
        self.guard(lambda: write_aside(self.folder / "config.json", text.encode("utf-8", "backslashreplace")))

    def append(self, event: ev.Event) -> None:
        """Keep one event and put it on disk at once (a line survives `kill -9` as soon as this returns)."""
        self.events.append(event)
        if self.trouble is None:
            self.guard(lambda: self._write(ev.to_json(event) + "\n"))

    def guard(self, write: Any) -> bool:
        """Do `write`; on a disk error remember the sentence for the learner and go on without the disk."""
        if self.trouble is not None:
            return False
        try:
            write()
            return True
        except OSError as error:
            self.trouble = (
                f"the run goes on in memory: {self.id} cannot be written any more ({error.strerror or error})"
            )
            return False

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # a full disk refuses once more what it has refused before
                file.close()

    def _write(self, line: str) -> None:
        if self._file is None:
            path = self.folder / "events.jsonl"
            torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
            self._file = path.open("a", encoding="utf-8", newline="\n", buffering=1)
            if torn:
                self._file.write("\n")
        self._file.write(line)

    # reading -----------------------------------------------------------------------------------------------------

    def last(self, kind: type[E]) -> E | None:
        """The newest event of a kind."""
        return next((e for e in reversed(self.events) if isinstance(e, kind)), None)

    @property
    def status(self) -> str:
        """new, training, paused, finished, stopped, failed, or interrupted (its process is gone)."""
        for event in reversed(self.events):
            if isinstance(event, ev.Ended):
                return {
                    "budget": "finished",
                    "patience": "finished",
                    "rule": "finished",
                    "time": "finished",
                    "error": "failed",
                    "interrupted": "interrupted",
                }.get(event.reason, "stopped")
            if isinstance(event, ev.Started):
                break
        if not any(isinstance(e, ev.Started) for e in self.events):
            return "new" if self.alive() else "interrupted"
        if not self.alive():
            return "interrupted"
        pauses = [e for e in self.events if isinstance(e, ev.Started | ev.Paused | ev.Continued)]
        return "paused" if pauses and isinstance(pauses[-1], ev.Paused) else "training"

    def alive(self) -> bool:
        """Whether somebody trains it: a process of this machine, or one elsewhere that gave a sign of life not long ago."""
        return alive(self.facts, self.folder / ALIVE)

    def ask_to_stop(self) -> None:
        """Leave the wish where whoever trains this run finds it, in this process or any other that shares the folder."""
        self.guard((self.folder / STOP).touch)

    @property
    def fired(self) -> ev.Fired | None:
        """Early stopping that has fired while training went on as a ghost; None where that is not so."""
        found: ev.Fired | None = None
        for e in self.events:
            if isinstance(e, ev.Fired):
                found = e
            elif isinstance(e, ev.Started) and found is not None and e.step < found.step:
                found = None  # going on from a checkpoint before it
        return found

    def frame(self) -> pd.DataFrame:
        """One row per evaluation: step, epoch, seconds, train_loss, valid_loss (nats), metrics, learning_rate, best.

        Where a ghost went on after early stopping, its evaluations are not among them: they are in `ghost()`.
        """
        whole, fired = self.whole(), self.fired
        return whole if fired is None else whole[whole["step"] <= fired.step].reset_index(drop=True)

    def ghost(self) -> pd.DataFrame:
        """The evaluations from the stop on that early stopping would have spared; empty without a ghost."""
        whole, fired = self.whole(), self.fired
        return whole.iloc[:0] if fired is None else whole[whole["step"] >= fired.step].reset_index(drop=True)

    def whole(self) -> pd.DataFrame:
        """`frame()` and `ghost()` as one curve."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for e in self.events:
            if isinstance(e, ev.Started):  # going on from a checkpoint: what was lost since then did not happen
                rows = [row for row in rows if row["step"] <= e.step]
            if isinstance(e, ev.Evaluated):
                row = asdict(e)
                rows.append({**{k: v for k, v in row.items() if k != "metrics"}, **row["metrics"]})
        columns = ["step", "epoch", "seconds", "train_loss", "valid_loss", "learning_rate", "best"]
        frame = pd.DataFrame(rows, columns=None if rows else columns)
        if "valid_metric" not in frame:
            frame["valid_metric"] = frame[self.metric] if self.metric in frame else float("nan")
        return frame.drop_duplicates("step", keep="last").sort_values("step").reset_index(drop=True)

    def steps(self) -> pd.DataFrame:
        """One row per reported step: step, epoch, seconds, loss (dropout on), learning_rate."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for e in self.events:
            if isinstance(e, ev.Started):
                rows = [row for row in rows if row["step"] <= e.step]
            elif isinstance(e, ev.Stepped):
                rows.append(asdict(e))
        frame = pd.DataFrame(rows, columns=["step", "seconds", "epoch", "loss", "learning_rate"])
        return frame.drop_duplicates("step", keep="last").sort_values("step").reset_index(drop=True)

    def moves(self) -> pd.DataFrame:
        """One row per evaluation: step, then every block's distance from its start as a share of its length."""
        import pandas as pd

        rows = [{"step": e.step, **e.blocks} for e in self.events if isinstance(e, ev.Moved)]
        frame = pd.DataFrame(rows, columns=None if rows else ["step"])
        return frame.drop_duplicates("step", keep="last").sort_values("step").reset_index(drop=True)

    @property
    def metric(self) -> str:
        """The metric that is drawn: accuracy unless the run says otherwise."""
        return str(self.facts.get("metric", "accuracy"))


def called(name: str, dated: bool = False) -> str:
    """A model or data as a run's name has it: of a folder the last part, of another run's model that run, without its date unless `dated`.

    >>> called("runs/20260131-120000-bert-mini-reviews/model"), called("owner/model"), called("/home/me/news.csv")
    ('after bert-mini-reviews', 'owner/model', 'news.csv')
    """
    parts = re.split(r"[\\/]", name.rstrip("\\/"))
    if len(parts) > 2 and parts[-1] == "model":
        return "after " + (parts[-2] if dated else re.sub(r"^[0-9]{8}-[0-9]{6}-", "", parts[-2]))
    return parts[-1] if len(parts) > 2 else name


def write_aside(path: Path, content: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of it."""
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(content)
    patiently(lambda: os.replace(aside, path))


def stored(home: Path | None = None, most: int | None = None) -> list[Store]:
    """Every readable run folder, newest first; with `most` no more of them than so many are read."""
    home = home or runs_home()
    found: list[Store] = []
    for folder in sorted(home.glob("*/config.json"), reverse=True):
        if len(found) == most:
            break
        try:
            found.append(Store.open(folder.parent))
        except WorkbenchError:
            continue
    return found


def _read_events(path: Path) -> list[ev.Event]:
    events = []
    if path.exists():
        for line in path.read_text("utf-8", errors="replace").splitlines():
            try:
                events.append(ev.from_json(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue  # a torn line: the process was killed while writing it; or one that nobody here has written
    return events
