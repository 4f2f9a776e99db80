"""A new folder that appears whole or not at all: it is filled beside its place and renamed at the end. What goes in is not known here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.files import patiently, to_be_made


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; it becomes `folder` when the block ends well and vanishes when it does not.

    Raises WorkbenchError where something is there already, for a name that not every system can give, and for what the disk refuses
    (full, read-only) in one sentence.
    """
    folder = to_be_made(folder)
    check_free(folder)
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        if folder.is_dir():  # an empty one: Windows renames onto nothing
            folder.rmdir()
        patiently(lambda: aside.rename(folder))
    except WorkbenchError:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and "os error" not in str(error):  # Rust writers have errors of their own
            raise
        why = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise WorkbenchError(f"folder {folder.name!r} cannot be written ({why}), and nothing was left of it",
                             "a place with room that you may write to", "another folder") from error  # fmt: skip
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_free(folder: Path) -> None:
    """Raise a WorkbenchError where a file or a folder with something in it stands already, or where none can be looked for."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"folder {str(folder)[:80]!r} cannot be looked at ({error})", "the path of a new folder"
        ) from error
    if taken:
        kind = "is not empty" if folder.is_dir() else "is a file"
        raise WorkbenchError(f"folder {folder.name!r} {kind}", "a new or empty folder", "another name")
