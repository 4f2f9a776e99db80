"""Replacing and removing files that somebody else may be looking at. The standard library only; what is in them is not known here.

Windows refuses to rename, replace or remove a file while anybody has it open: a virus scanner, an indexer, a reader of ours. That
lasts some milliseconds, mostly right after the file was written. Files that stay mapped into memory are refused for good: whoever
keeps tensors of a file that is written again must copy them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
REFUSES = os.name == "nt"  # whether this system refuses so
PATIENCE = 2.0  # seconds


def patiently(act: Callable[[], T]) -> T:
    """What `act()` gives; where the system refuses because somebody has a file open, it is asked again for `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except PermissionError:
            if not REFUSES or time.monotonic() > end:
                raise
            time.sleep(0.02)
