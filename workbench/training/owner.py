"""Which process trains a run: the facts by which it is known again, and whether it still lives."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

SILENCE = 120.0  # seconds without a sign of life after which a training on another machine counts as gone


def owner_alive(facts: dict[str, Any]) -> bool:
    """Whether the process that trains (or trained) this run still exists; a reused process number does not count."""
    pid, born = facts.get("pid"), facts.get("born")
    if not pid:
        return False
    import psutil

    try:
        process = psutil.Process(pid)
        dead = process.status() == psutil.STATUS_ZOMBIE  # killed, and nobody has waited for it yet
        return not dead and abs(process.create_time() - float(born or 0)) < 2
    except (psutil.Error, ValueError):
        return False


def alive(facts: dict[str, Any], sign: Path) -> bool:
    """Whether somebody has a run: a process of this machine, or one elsewhere that has touched the file `sign` not long ago."""
    if is_here(facts):
        return owner_alive(facts)
    try:
        return time.time() - sign.stat().st_mtime < SILENCE
    except OSError:
        return False


def is_here(facts: dict[str, Any]) -> bool:
    """Whether the process is, or was, one of this machine."""
    return bool(facts.get("host", platform.node()) == platform.node())


def owner() -> dict[str, Any]:
    """The facts by which `owner_alive` knows this process again."""
    import psutil

    return {"pid": os.getpid(), "born": psutil.Process().create_time(), "host": platform.node()}
