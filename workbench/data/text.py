"""What every reader of data asks about single values, and how it names rows. Nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd


def missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT."""
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))


def is_list(value: Any) -> bool:
    """Whether a cell holds several values."""
    return isinstance(value, list | tuple | np.ndarray)


def well_formed(text: str) -> str:
    """Surrogate pairs joined into the character they stand for, lone ones replaced: the rest of the world needs UTF-8.

    >>> well_formed("a\\ud83d\\ude00b\\ud83d") == "a\\U0001f600b\\ufffd"
    True
    """
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def some_of(names: Iterable[str], most: int = 5) -> str:
    """The first of some names, with dots where there are more.

    >>> some_of("abc", 3), some_of("abc", 2)
    ('a, b, c', 'a, b, ...')
    """
    known = list(names)
    return ", ".join(known[:most]) + (", ..." if len(known) > most else "")


def left_out(name: str, counts: Mapping[str, int]) -> list[str]:
    """A sentence on what of a file was left out, by how many of each; none where nothing was.

    >>> left_out("a.txt", {"relations": 1200, "names in several pieces": 0})
    ['of a.txt were left out: 1,200 relations']
    """
    said = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    return [f"of {name} were left out: {said}"] if said else []


def first_rows(places: list[int]) -> str:
    """The numbers of the first five of these rows, counted from 1.

    >>> first_rows([0, 4])
    '1, 5'
    """
    return ", ".join(str(place + 1) for place in places[:5])
