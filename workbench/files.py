"""Files and folders where systems differ: names that not all of them can give, and replacing or removing what somebody else may be
looking at. The standard library only; what is in the files is not known here.

Windows refuses to rename, replace or remove a file while anybody has it open: a virus scanner, an indexer, a reader of ours. That
lasts some milliseconds, mostly right after the file was written. Files that stay mapped into memory are refused for good: whoever
keeps tensors of a file that is written again must copy them.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from workbench.errors import WorkbenchError

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


def swap(waiting: Path, folder: Path, previous: Path) -> None:
    """A folder that is written whole takes the place of `folder`, which is `previous` meanwhile: at any moment one of the three is whole."""
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        patiently(lambda: folder.replace(previous))
    patiently(lambda: waiting.replace(folder))
    shutil.rmtree(previous, ignore_errors=True)


_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", "conin$", "conout$", *(f"{d}{n}" for d in ("com", "lpt") for n in "123456789¹²³"))
)


def portable(name: str) -> bool:
    """Whether every system can give this name. Windows keeps those of its devices to itself, whatever stands behind a dot, and drops
    dots and blanks at the end of a name, so that another file is meant than the one that was named.

    >>> [portable(name) for name in ("con", "Aux.tar.gz", "model.", "console", "my.model")]
    [False, False, False, True, True]
    """
    return name.partition(".")[0].rstrip().lower() not in _DEVICES and not name.endswith((".", " "))


def to_be_made(path: str | os.PathLike[str]) -> Path:
    """The path of a file or folder that a user asks for, with `~` spelled out, and able to be copied to any system.

    Raises WorkbenchError where the last part is no name (`.`), and where a part that is not there yet has a name that is not
    `portable`. Folders that are there already may be called what they are.
    """
    try:
        path = Path(path).expanduser()
        if "\0" in str(path):
            raise WorkbenchError(f"{str(path)[:80]!r} holds a zero byte", "a path", "my-model")
    except RuntimeError as error:
        raise WorkbenchError(f"{str(path)[:80]!r} begins with a user that is not known here", "a path") from error
    if path.name in ("", ".."):
        raise WorkbenchError(f"{str(path)[:80]!r} has no name of its own", "a new name", "my-model")
    for part in (path, *path.parents):
        if os.path.isdir(part):
            break
        if part.name != ".." and not portable(part.name):
            raise WorkbenchError(
                f"{part.name[:80]!r} is a name that Windows cannot give, where this may be copied to",
                "no name of a device such as con, aux or nul, and no dot or blank at the end", "another name")  # fmt: skip
    return path
