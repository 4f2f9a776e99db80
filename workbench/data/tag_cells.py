"""Tables with a sentence in one cell and its tags in another, `O O B-per` or "['O', 'O', 'B-per']", as Kaggle's ner.csv has them."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from workbench.data import conll, listed
from workbench.data.columns import LOOKED_AT, TEXT, usual
from workbench.data.tagged import TAGS, TOKENS
from workbench.data.text import first_rows
from workbench.errors import WorkbenchError


class Columns(NamedTuple):
    """Which columns hold the sentences and the tags."""

    text: str
    tags: str


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> Columns | None:
    """The columns of a table of sentences with as many tags as words; None for every other table."""
    known = [str(c) for c in frame.columns]
    words, tags = text or usual(known, (*TEXT, *TOKENS)), label or usual(known, (*TAGS, "tag", "ner_tag"))
    if (
        len(set(known)) < len(known)
        or not {words, tags} <= set(known)
        or words == tags
        or words is None
        or tags is None
    ):
        return None
    some = frame.head(LOOKED_AT).set_axis(known, axis=1)
    pairs = [(_cut(a), _cut(b)) for a, b in zip(some[words], some[tags], strict=True)]
    even = bool(pairs) and sum(len(a) == len(b) for a, b in pairs) > conll.ENOUGH * len(pairs)
    several = sum(len(b) > 1 for _, b in pairs) > len(pairs) / 2
    return Columns(words, tags) if even and several and conll.tagged([tag for _, b in pairs for tag in b]) else None


def _cut(cell: object) -> list[str]:
    """The words of a text, or those of a list that it spells out."""
    if not isinstance(cell, str):
        return []
    return [str(v) for v in listed.parsed(cell) or cell.split()]


def sentences(
    table: pd.DataFrame, found: Columns, split: str, notes: list[str], *, names: tuple[str, str]
) -> pd.DataFrame:
    """The table with lists of words and of tags under these names instead of the two columns."""
    frame = table.set_axis(list(map(str, table.columns)), axis=1)
    tokens, tags = ([_cut(cell) for cell in frame[column]] for column in found)
    bad = [i for i, (a, b) in enumerate(zip(tokens, tags, strict=True)) if len(a) != len(b) or not a]
    if bad:
        raise WorkbenchError(f"{len(bad)} sentences of {split} with other than one tag per word (rows {first_rows(bad)})",
                             f"as many tags in {found.tags!r} as words, with spaces between, in {found.text!r}", "dropping those rows")  # fmt: skip
    note = f"the texts of {found.text!r} were cut at their spaces into words, with the tags of {found.tags!r}"
    notes += [] if note in notes else [note]
    made = dict(zip(names, (pd.Series(tokens, frame.index), pd.Series(tags, frame.index)), strict=True))
    return frame.drop(columns=[*found]).assign(**made)
