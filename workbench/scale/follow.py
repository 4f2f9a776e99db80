"""A run that trains elsewhere, watched through its folder: another process, another machine with the same disk. No training here."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import patiently
from workbench.training import events as ev
from workbench.training.run import Run, Viewer
from workbench.training.store import Store, runs_home

LOOK = 0.3  # seconds between two looks at the files


class Followed(Run):
    """The same as a Run, except that its events come from the files. `stop()` leaves a wish in the folder; the rate and Pause belong
    to whoever trains."""

    def __init__(self, folder: Path, viewer: Viewer | None = None) -> None:
        store = Store.open(folder)
        store.events.clear()
        super().__init__(store, None, viewer)
        self._read, self._changed, self._looked = 0, 0, 0.0
        self.refresh()

    def refresh(self) -> None:
        """Take in what was written since the last look; a line that is being written waits for the next one."""
        try:
            self._facts()
            events = self.folder / "events.jsonl"
            if events.exists():
                with events.open("rb") as file:
                    file.seek(self._read)
                    fresh = file.read()
                fresh = fresh[: fresh.rfind(b"\n") + 1]
                self._read += len(fresh)
                self.store.events += [e for e in map(_event, fresh.decode("utf-8", "replace").splitlines()) if e]
        except OSError as error:
            raise WorkbenchError(f"the folder of run {self.id} has gone or cannot be read ({error.strerror or error})",
                                 "the folder that the training writes", "wb.follow() again when it is back") from error  # fmt: skip
        self._looked = time.monotonic()

    def _facts(self) -> None:
        path = self.folder / "config.json"
        changed = path.stat().st_mtime_ns
        if changed != self._changed:
            self.store.facts.update(json.loads(patiently(lambda: path.read_text("utf-8"))).get("facts", {}))
            self._changed = changed

    @property
    def done(self) -> bool:
        if time.monotonic() - self._looked > LOOK:
            self.refresh()
        return self.store.status not in ("new", "training", "paused")

    async def watch(self) -> Run:
        """Wait without blocking widgets. An interrupt of the kernel ends the watching and not the training: that is what Stop is for."""
        view: Any = self.viewer(self) if self.viewer else None
        try:
            while not self.done:
                if view:
                    view.tick()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            pass
        finally:
            if view:
                view.close()
        return self

    def join(self, timeout: float | None = None) -> Run:
        """Wait in a plain script; Ctrl-C ends the waiting and not the training."""
        end = time.monotonic() + timeout if timeout is not None else float("inf")
        try:
            while not self.done and time.monotonic() < end:
                time.sleep(0.05)
        except KeyboardInterrupt:
            pass
        return self


def follow(run: Any, viewer: Viewer | None = None) -> Run:
    """The run of an id, a folder or a Run, to be awaited while it trains elsewhere; a run of this process as it is.

    Raises WorkbenchError where there is no such run folder.
    """
    if isinstance(run, Followed) or (isinstance(run, Run) and run._thread is not None):
        return run
    folder = run.folder if isinstance(run, Run) else _found(run)
    return Followed(folder, viewer)


def _found(name: Any) -> Path:
    place = Path(str(name)).expanduser()
    for folder in (runs_home() / place.name, place):
        if str(name).strip() and (folder / "config.json").is_file():
            return folder
    raise WorkbenchError(
        f"no run {str(name)!r} in {str(runs_home())!r}", "the id of a run there, or a run folder", "wb.runs()"
    )


def _event(line: str) -> ev.Event | None:
    try:
        return ev.from_json(line)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
