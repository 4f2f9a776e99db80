"""What every reader of data asks about single values, and how it names rows. Nothing else."""

from __future__ import annotations

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


def first_rows(places: list[int]) -> str:
    """The numbers of the first five of these rows, counted from 1.

    >>> first_rows([0, 4])
    '1, 5'
    """
    return ", ".join(str(place + 1) for place in places[:5])
