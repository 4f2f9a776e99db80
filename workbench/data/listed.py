"""Several labels in one cell, as they are met besides plain lists: lists written as text, names with commas, zeros and ones by place.

All of it becomes lists, and a note says so. Which sign other than a comma stands between labels is found in `multilabel`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from workbench.data import cells
from workbench.data.text import is_list, missing

LOOKED_AT = 5_000  # rows by which it is told how labels are written
LONGEST = 3  # words of a label between commas
_QUOTES = re.compile(r"(['\"])\s+(?=['\"])")  # numpy writes no commas
_NUMBERS = re.compile(r"\[\s*[\d.]+(\s+[\d.]+)*\s*\]")


def parsed(value: str) -> list[Any] | None:
    """The list that a text spells out, as Python, JSON or numpy write it; None where it is none of texts and numbers.

    >>> parsed("['toxic', 'insult']"), parsed("['toxic' 'insult']"), parsed("[sic] toxic")
    (['toxic', 'insult'], ['toxic', 'insult'], None)
    """
    value = value.strip()
    if not (value.startswith("[") and value.endswith("]")):
        return None
    value = ", ".join(value.split()) if _NUMBERS.fullmatch(value) else _QUOTES.sub(r"\1, ", value)
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    plain = isinstance(found, list) and all(isinstance(v, str | int | float) for v in found)
    return found if plain else None


def as_lists(values: Iterable[Any]) -> bool:
    """Whether every text spells out a list."""
    texts = _texts(values)
    return bool(texts) and all(parsed(v) is not None for v in texts)


def with_commas(values: Iterable[Any]) -> bool:
    """Whether commas stand between labels: every part is short and occurs again alone or with others, and some stand alone.

    >>> with_commas(["toxic,insult", "toxic", "insult"]), with_commas(["Paris, France", "Lyon, France", "Rome, Italy"])
    (True, False)
    """
    whole = set(map(str.strip, _texts(values)))
    several = [parts(v) for v in whole if "," in v]
    counts = Counter(p for v in whole for p in parts(v))
    if not several or len(several) == len(whole):
        return False
    if all(re.fullmatch(r"[\d ]*", p) for some in several for p in some) and not _numbered(whole):
        return False
    return all(counts[p] > 1 and len(p.split()) <= LONGEST for some in several for p in some)


def _numbered(values: set[str]) -> bool:
    """Whether values with commas are numbers of labels, as in GoEmotions, and no decimals or thousands: some hold three, without
    a zero before them and not all of three digits.

    >>> _numbered({"3", "3,10", "0,3,27"}), _numbered({"3,5", "4,0"}), _numbered({"1,000,250"})
    (True, False, False)
    """
    found = [v.split(",") for v in values if "," in v]
    plain = all(re.fullmatch(r"0|[1-9]\d{0,3}", p) for some in found for p in some)
    return plain and any(len(some) > 2 for some in found) and not all(len(p) == 3 for some in found for p in some[1:])


def parts(value: str) -> list[str]:
    """What stands between commas, each once."""
    return list(dict.fromkeys(p.strip() for p in value.split(",") if p.strip()))


def unfolded(tables: cells.Tables, signed: bool, notes: list[str]) -> cells.Tables:
    """The tables with lists in their column `labels`, where these were written in one of the ways above; `signed` says that another
    sign stands between labels."""
    some = list(tables["train"]["labels"].iloc[:LOOKED_AT])
    first = next((v for v in _texts(some) if "," in v), "")
    if as_lists(some):
        notes.append(f"labels written as lists, such as {first or _texts(some)[0]!r}, were read as lists")
        tables = _each(tables, _from_text)
    elif not signed and with_commas(some):
        notes.append(f"commas were read as signs between labels: {first!r} is {len(parts(first))} labels")
        tables = _each(tables, lambda v: parts(v) if isinstance(v, str) else v)
    size = places([v for frame in tables.values() for v in frame["labels"]])
    if size:
        notes.append(f"labels are lists of {size} zeros and ones and were read by place, as '0' to '{size - 1}'")
        tables = _each(tables, lambda v: v if missing(v) else [str(i) for i, on in enumerate(v) if on])
    return tables


def places(values: list[Any]) -> int:
    """How many places all lists have where they are zeros and ones by place, else 0: numbers of labels never occur twice in a list.

    >>> places([[1, 0, 0], [0, 0, 1]]), places([[0, 1], [1, 0]]), places([[0.0, 1.0], [1.0, 0.0]])
    (3, 0, 2)
    """
    given = [v for v in values if not missing(v)]
    if not given or not all(is_list(v) and len(v) == len(given[0]) for v in given) or len(given[0]) < 2:
        return 0
    if not all(isinstance(x, int | float | np.number | np.bool_) and x in (0, 1) for v in given for x in v):
        return 0
    numbers = all(isinstance(x, int | np.integer) and not isinstance(x, bool) for v in given for x in v)
    return 0 if numbers and all(len(set(v)) == len(v) for v in given) else len(given[0])


def _from_text(value: Any) -> Any:
    found = parsed(value) if isinstance(value, str) else None
    return value if found is None else found


def _texts(values: Iterable[Any]) -> list[str]:
    return [v for v in values if isinstance(v, str) and v.strip()]


def _each(tables: cells.Tables, read: Any) -> cells.Tables:
    """The tables with every cell of `labels` read anew."""
    return {split: frame.assign(labels=pd.Series([read(v) for v in frame["labels"]], index=frame.index, dtype=object))
            for split, frame in tables.items()}  # fmt: skip
