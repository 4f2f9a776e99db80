"""Training states kept at evaluations, so that a run can be forked there: which, where, and how much disk. No torch here.

`runs/<id>/states/000120/` is a whole checkpoint (see `checkpoint.py`) with the best weights up to then beside it. What lies in
all run folders together is bounded: states of the oldest runs go first; curves and best weights stay.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

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
