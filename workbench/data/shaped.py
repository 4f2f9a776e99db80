"""Tables whose rows are no sentences with tags yet: one word per row, or places of names in letters. They are made such rows here."""

from __future__ import annotations

import pandas as pd

from workbench.data import offsets, tag_cells, tagged, wordrows


def sentences(
    tables: dict[str, pd.DataFrame], text: str | None, label: str | None, notes: list[str]
) -> dict[str, pd.DataFrame]:
    """The tables with a list of words and a list of tags per row where training can be read so, else as they are.

    The columns are called as they were asked for, else tokens and tags.
    """
    names = text or "tokens", label or "tags"
    words = wordrows.columns(tables["train"], text, label)
    if words is not None:
        return {
            split: wordrows.sentences(table, words, notes, names=names) if _has(table, words) else table
            for split, table in tables.items()
        }
    cut = tag_cells.columns(tables["train"], text, label)
    if cut is not None:
        return {
            split: tag_cells.sentences(table, cut, split, notes, names=names) if _has(table, cut) else table
            for split, table in tables.items()
        }
    said: list[str] = []
    tables = {split: offsets.opened(table, said) for split, table in tables.items()}
    notes += dict.fromkeys(said)
    places = offsets.columns(tables["train"], text, label)
    lists = tagged.columns(tables["train"], text, label)
    if places is None or (lists and lists["tags"] != places.spans):
        return tables
    return {
        split: offsets.sentences(table, places, split, notes, names=names) if _has(table, places) else table
        for split, table in tables.items()
    }


def fits(table: pd.DataFrame, text: str | None, label: str | None) -> bool:
    """Whether a table would be made such rows."""
    table = offsets.opened(table, [])
    return any(kind.columns(table, text, label) is not None for kind in (wordrows, tag_cells, offsets))


def _has(table: pd.DataFrame, columns: tuple[str | None, ...]) -> bool:
    """Whether a split has the columns of training."""
    return {c for c in columns if c is not None} <= set(map(str, table.columns))
