"""Which process trains a run: the facts by which it is known again, and whether it still lives. Only about this machine."""

from __future__ import annotations

import os
import platform
from typing import Any


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


def owner() -> dict[str, Any]:
    """The facts by which `owner_alive` knows this process again."""
    import psutil

    return {"pid": os.getpid(), "born": psutil.Process().create_time(), "host": platform.node()}
