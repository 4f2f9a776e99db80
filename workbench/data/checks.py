"""What is wrong between rows rather than in one: the same text in two splits. Said in sentences with row numbers, before any training."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd


def plain(value: Any) -> str:
    """What counts as the same text: letters and digits in lower case; a list of words is read as a text.

    >>> plain("See  you LATER!") == plain(["see", "you", "later"])
    True
    """
    text = value if isinstance(value, str) else " ".join(map(str, value))
    return re.sub(r"\W+", " ", text.lower()).strip() or text


def keys(kind: Any, table: Any) -> list[str]:
    """What every row is compared by: its text, or the question together with its passage."""
    columns = getattr(kind, "SAME", kind.FINGERPRINT[:1])
    return ["\n".join(map(plain, values)) for values in zip(*(table[c] for c in columns), strict=True)]


def shared(kind: Any, frames: dict[str, pd.DataFrame]) -> list[str]:
    """One sentence for each pair of splits that have texts in common, with the rows of the later split and their twins."""
    places: dict[str, dict[str, int]] = {}
    notes = []
    for split, frame in frames.items():
        here: dict[str, int] = {}
        for row, value in enumerate(keys(kind, frame)):
            here.setdefault(value, row)
        for other, known in places.items():
            twice = [(row, known[text]) for text, row in here.items() if text in known]
            if twice:
                some = ", ".join(f"row {a + 1} = row {b + 1}" for a, b in twice[:3])
                words = "text of {} stands" if len(twice) == 1 else "texts of {} stand"
                notes.append(f"{len(twice)} {words.format(split)} in {other} too ({some}): scores there flatter; "
                             "wb.audit(data).fixed() removes them")  # fmt: skip
        places[split] = here
    return notes
