"""The blank that a language model fills: how it is written, and what is said of a text with another number of them than one."""

from __future__ import annotations

from workbench.errors import WorkbenchError

BLANK = "___"


def not_one(count: int, text: str) -> WorkbenchError:
    """The error for a text with `count` blanks."""
    return WorkbenchError(f"{count} blanks in {text[:60]!r}", f"one blank, written {BLANK}", f"'The {BLANK} is cold.'")
