"""Texts with the places of names in them, in letters (doccano, Prodigy, ...) -> words and one tag per word.

A place is `[0, 2, "ORG"]` or an object with start, end and label. Words are what Prodigy lists as `tokens`, else letters and digits
in a row, or one sign. A place that cuts through a word is widened to the word, and that is said.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from workbench.data.columns import TEXT, usual
from workbench.data.text import is_list, missing, well_formed
from workbench.errors import WorkbenchError

SPANS = ("spans", "entities", "label", "labels", "annotations")
KINDS = ("label", "tag_name", "entity_group", "entity_type", "type", "tag")
_WORD = re.compile(r"\w+|[^\w\s]")
_STARTS, _ENDS = ("start", "start_offset"), ("end", "end_offset")

Place = tuple[int, int, str]  # first letter, one past the last letter, type


class Columns(NamedTuple):
    """Which columns hold the texts and the places of names."""

    text: str
    spans: str


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> Columns | None:
    """The columns of a table of texts with lists of places; None for every other table."""
    known = [str(c) for c in frame.columns]
    words = text or usual(known, TEXT)
    for name in [label] if label else [c for c in map(str.lower, known) if c in SPANS]:
        spans = usual(known, (name,)) if name not in known else name
        if words is None or spans is None or spans == words or known.count(spans) != 1 or known.count(words) != 1:
            continue
        values = list(frame.iloc[:, known.index(spans)])
        if all(missing(v) or is_list(v) for v in values) and _places(values):
            return Columns(words, spans)
    return None


def opened(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """The table with lists in place of such lists that are written as text, as Label Studio's and pandas' csv have them."""
    known = [str(c) for c in frame.columns]
    for name in (c for c in known if c.lower() in SPANS and known.count(c) == 1):
        values = list(frame.iloc[:, known.index(name)])
        first = next((v for v in values if not _is_blank(v)), None)
        if not isinstance(first, str) or not re.match(r"\[\s*[\[({]", first):
            continue
        lists = [[] if _is_blank(v) else _read_back(v) for v in values]
        if all(is_list(v) for v in lists) and _places(lists):
            notes.append(f"lists of places that are written as text in column {name!r} were read as lists")
            return frame.assign(**{name: pd.Series(lists, index=frame.index, dtype=object)})
    return frame


def _is_blank(value: Any) -> bool:
    return missing(value) or (isinstance(value, str) and not value.strip())


def _read_back(value: Any) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


def _places(values: Iterable[Any]) -> bool:
    items = [item for v in values if is_list(v) for item in v]
    return bool(items) and sum(_place(item) is not None for item in items) > len(items) / 2


def _place(item: Any) -> Place | None:
    """A place in any of its spellings; None for what is none."""
    if isinstance(item, Mapping):
        start, end = (next((item[k] for k in keys if k in item), None) for keys in (_STARTS, _ENDS))
        kind: Any = next((item[k] for k in KINDS if isinstance(item.get(k), str)), None)
        if kind is None and is_list(item.get("labels")) and len(item["labels"]) == 1:  # Label Studio's short export
            kind = item["labels"][0]
    elif is_list(item) and len(item) == 3:
        start, end, kind = item
    else:
        return None
    if not (_is_place(start) and _is_place(end) and isinstance(kind, str) and kind.strip()):
        return None
    return int(start), int(end), well_formed(kind).strip()


def _is_place(value: Any) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def sentences(frame: pd.DataFrame, found: Columns, split: str, notes: list[str], *, names: tuple[str, str]) -> pd.DataFrame:  # fmt: skip
    """The table with words and tags under these names instead of the places; the texts stay beside them."""
    table = frame.set_axis(list(map(str, frame.columns)), axis=1)
    given = table["tokens"] if "tokens" in table else [None] * len(table)
    tokens, tags, widened, wrong = [], [], 0, []
    for row, (text, spans, pieces) in enumerate(zip(table[found.text], table[found.spans], given, strict=True), 1):
        whole = "" if missing(text) else str(text)
        words = _given(pieces, whole) or [m.span() for m in _WORD.finditer(whole)]
        places = [_place(s) for s in ([] if missing(spans) else spans)]
        row_tags, cut, fault = _tags(words, sorted({p for p in places if p is not None}), len(whole))
        fault = "a name without start, end and label" if None in places else fault
        tokens.append([whole[a:b] for a, b in words])
        tags.append(row_tags)
        widened += cut
        wrong += [(row, fault)] if fault else []
    if wrong:
        rows = ", ".join(f"row {row}: {fault}" for row, fault in wrong[:5])
        raise WorkbenchError(f"{len(wrong)} texts of {split} whose names cannot be placed ({rows})",
                             "names inside the text, none of them over another", "mending or dropping those rows")  # fmt: skip
    note = f"the places of names in column {found.spans!r} were made tags of words"
    notes += [] if note in notes else [note]
    if widened:
        notes.append(f"{widened} names of {split} began or ended inside a word and were widened to the whole word")
    others = table.drop(columns=[c for c in {found.spans, "tokens", *names} if c in table and c != found.text])
    return others.assign(**dict(zip(names, (tokens, tags), strict=True)))


def _given(pieces: Any, text: str) -> list[tuple[int, int]]:
    """The words that a row itself lists with their places; empty where it lists none, or others than its text has."""
    if not is_list(pieces) or not all(isinstance(p, Mapping) and {"text", "start", "end"} <= set(p) for p in pieces):
        return []
    places = [(int(p["start"]), int(p["end"])) for p in pieces if str(p["text"]).strip()]
    return places if all(0 <= a < b <= len(text) and text[a:b].strip() for a, b in places) else []


def _tags(words: list[tuple[int, int]], places: list[Place], length: int) -> tuple[list[str], int, str]:
    """The tags of a row's words, how many places were widened to words, and what is wrong with one of them.

    >>> _tags([(0, 3), (4, 8), (9, 10)], [(0, 6, "PER")], 10)
    (['B-PER', 'I-PER', 'O'], 1, '')
    """
    tags, widened = ["O"] * len(words), 0
    for start, end, kind in places:
        inside = [i for i, (a, b) in enumerate(words) if a < end and start < b]
        if not 0 <= start < end <= length or not inside:
            return tags, widened, f"{start} to {end} holds no word of the text"
        if any(tags[i] != "O" for i in inside):
            return tags, widened, f"two names at {start} to {end}"
        tags[inside[0] : inside[-1] + 1] = [f"B-{kind}"] + [f"I-{kind}"] * (len(inside) - 1)
        widened += words[inside[0]][0] < start or end < words[inside[-1]][1]
    return tags, widened, ""
