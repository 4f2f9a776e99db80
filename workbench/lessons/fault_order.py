"""Which number of a case stands for which fault, and which have been found: for this learner, kept in `runs/faults.json`.

The order is drawn once, so that numbers tell nothing to the neighbour. Nothing is trained or shown here.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from workbench.lessons.faults import CAUSES
from workbench.training.store import runs_home, write_aside

LATE = CAUSES[0]  # the case that lesson 16 solves together: never among the first for a learner
FIRST = 4
_unsaved: dict[str, Any] = {}  # where the disk cannot be written the lab lasts as long as the process


def order() -> list[str]:
    """The names of the faults in this learner's order."""
    known = _read().get("order", [])
    if sorted(known) != sorted(CAUSES):
        known = _drawn()
        _write({**_read(), "order": known})
    return known


def found() -> set[str]:
    """The causes that have been found."""
    return set(_read().get("found", [])) & set(CAUSES)


def shuffled() -> None:
    """A new order, and nothing found."""
    _write({"order": _drawn(), "found": []})


def _drawn() -> list[str]:
    names = [name for name in CAUSES if name != LATE]
    random.SystemRandom().shuffle(names)
    names.insert(random.SystemRandom().randint(FIRST, len(names)), LATE)
    return names


def remember(name: str) -> None:
    """This cause has been found."""
    state = _read()
    _write({**state, "found": sorted({*state.get("found", []), name})})


def _path() -> Path:
    return runs_home() / "faults.json"


def _read() -> dict[str, Any]:
    try:
        return dict(json.loads(_path().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return dict(_unsaved)


def _write(state: dict[str, Any]) -> None:
    try:
        _path().parent.mkdir(parents=True, exist_ok=True)
        write_aside(_path(), json.dumps(state).encode())
    except OSError:
        _unsaved.update(state)
