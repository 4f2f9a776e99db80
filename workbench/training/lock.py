"""Who goes on with a run: a file in its folder that one process at a time can make. Of two that ask at the same moment one is told.

A new run needs none, as its folder is its own; and a file of a process that is gone holds nobody up.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.training.facts import sound
from workbench.training.owner import alive, is_here, owner

LOCK = "lock"
WRITING = 5.0  # seconds that a lock without words is taken for one that is being written


def claim(folder: Path) -> None:
    """Take a run for this process, or raise a WorkbenchError: another one has it."""
    lock = folder / LOCK
    for _ in range(2):
        try:
            with lock.open("x", encoding="utf-8") as file:
                json.dump(owner(), file)
            return
        except FileExistsError:
            if _held(lock):
                raise WorkbenchError(f"run {folder.name} is training in another process", "a run that nobody trains",
                                     "run.frame(), or await wb.follow(run)") from None  # fmt: skip
            lock.unlink(missing_ok=True)  # whoever had it is gone
        except OSError:
            return  # a disk that cannot be written is said elsewhere


def release(folder: Path) -> None:
    """Give the run back, when training has ended."""
    with contextlib.suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)


def _held(lock: Path) -> bool:
    """Whether another process that has taken a run is alive; on another machine for a while."""
    try:
        found = sound(json.loads(lock.read_text("utf-8") or "{}"))
        silent = time.time() - lock.stat().st_mtime
    except (OSError, ValueError, AttributeError, RecursionError):
        return False
    if is_here(found) and "pid" not in found:
        return silent < WRITING
    return not (is_here(found) and found["pid"] == os.getpid()) and alive(found, lock)
