"""Training states kept at evaluations, so that a run can be forked there: which, where, and how much disk. No torch here.

`runs/<id>/states/000120/` is a whole checkpoint (see `checkpoint.py`) with the best weights up to then beside it. What lies in
all run folders together is bounded: states of the oldest runs go first; curves and best weights stay.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LIMIT_MB = 2000  # of states in all runs together; $WORKBENCH_STATES_MB says otherwise
BEST = "best.safetensors"  # inside a state: the best weights up to its step


def spread(due: Iterable[int], n: int) -> set[int]:
    """`n` of these steps, evenly spread, the last one among them.

    >>> sorted(spread(range(10, 101, 10), 4))
    [30, 50, 80, 100]
    """
    steps = sorted(due)
    if n >= len(steps):
        return set(steps)
    return {steps[round(len(steps) * (k + 1) / n + 1e-9) - 1] for k in range(n)}


def place(run: Path, step: int) -> Path:
    """The folder of the state after `step`."""
    return run / "states" / f"{step:06d}"


class Keeper:
    """The states of one training, to fork from: at the steps that were chosen for it, and at the best one, which replaces the best before.

    `later` writes them while training goes on (`checkpoint.Later`); `guard` does what may meet a disk error, and says whether it went well.
    """

    def __init__(self, run: Path, guard: Callable[[Callable[[], None]], bool], later: Any) -> None:
        self.run, self.guard, self.later = run, guard, later
        self.at: set[int] = set()  # the chosen steps; none: nothing is kept
        self.best: int | None = None  # the step of the state that is kept because it is the best
        self.written: tuple[int, bool] | None = (
            None  # the step of the state that `later` writes, and whether it is the best
        )

    def keep(self, step: int, best: bool, write: Callable[[Path, Any], bool]) -> None:
        """Begin to write the state after `step`, where it is one to keep; `write(folder, later)` says whether it has begun."""
        if not self.at or not (best or step in self.at):
            return
        self.settle()
        if write(place(self.run, step), self.later):
            self.written = (step, best)

    def settle(self) -> None:
        """Wait for the state that is being written, then let the best one before it go."""
        if self.written is None:
            return
        (step, best), self.written = self.written, None
        if not self.guard(self.later.wait) or not best:
            return
        if self.best is not None and self.best not in self.at and self.best != step:
            shutil.rmtree(place(self.run, self.best), ignore_errors=True)
        self.best = step

    def close(self) -> None:
        """At the end of training: nothing is being written any more."""
        self.settle()
        self.later.close()


def kept(run: Path) -> dict[int, Path]:
    """Every whole state of a run folder by its step, the one that `resume` goes on from included."""
    found = {int(p.name): p for p in sorted((run / "states").glob("[0-9]*")) if p.name.isdigit() and _whole(p)}
    last = run / "last"
    if _whole(last) and (last / BEST).exists():
        found.setdefault(int(json.loads((last / "trainer_state.json").read_text("utf-8"))["global_step"]), last)
    return dict(sorted(found.items()))


def link(source: Path, target: Path) -> None:
    """One more name for a file that is never written again in place; a copy where the disk has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def megabytes(folder: Path) -> float:
    """What a folder takes on disk; a file with several names counts once."""
    found = {(s.st_dev, s.st_ino): s.st_size for s in (p.stat() for p in folder.rglob("*") if p.is_file())}
    return sum(found.values()) / 1e6


def trim(home: Path, spare: Path, limit: float | None = None) -> list[str]:
    """Remove the states of the oldest runs until all states together fit into `limit` MB; `spare` keeps its own.

    Returns the names of the runs that have lost them.
    """
    limit = float(os.environ.get("WORKBENCH_STATES_MB", LIMIT_MB)) if limit is None else limit
    sizes = {p.parent: megabytes(p) for p in sorted(home.glob("*/states"), reverse=True)}
    lost = []
    for run in reversed(list(sizes)):
        if sum(sizes.values()) <= limit:
            break
        if run.resolve() != spare.resolve():
            shutil.rmtree(run / "states", ignore_errors=True)
            sizes[run] = 0.0
            lost.append(run.name)
    return lost


def _whole(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("state.json", "trainer_state.json", "model.safetensors"))
