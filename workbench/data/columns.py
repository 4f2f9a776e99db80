"""Which column of a table plays which role: the usual names, the name that was asked for, canonical names. No values here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError

TEXT = ("text", "sentence", "content", "message", "review", "body", "tweet", "headline")
LOOKED_AT = 2_000  # rows by which columns are told
LABEL = ("label", "labels", "category", "class", "sentiment", "target", "topic", "intent")


def usual(columns: Iterable[Any], names: tuple[str, ...]) -> str | None:
    """The first of the usual names among the columns, however it is spelt."""
    known = [str(c) for c in columns]
    lowered = {c.lower(): c for c in known} | {c: c for c in known}
    return next((lowered[name] for name in names if name in lowered), None)


def renamed(frame: pd.DataFrame, chosen: dict[str, str]) -> pd.DataFrame:
    """The chosen columns under their canonical names; a column that had such a name already gets a 1 behind it."""
    if len(set(chosen.values())) < len(chosen):
        twice = next(iter(chosen.values()))
        raise WorkbenchError(f"column {twice!r} as both {' and '.join(chosen)}", "two different columns")
    names = {found: role for role, found in chosen.items()}
    taken, columns = {*map(str, frame.columns), *chosen}, []
    for name in map(str, frame.columns):
        number = 1
        while name in chosen and name not in names and f"{name}_{number}" in taken:
            number += 1
        columns.append(names.get(name, f"{name}_{number}" if name in chosen else name))
    made = frame.set_axis(columns, axis=1).reset_index(drop=True)
    made.attrs["columns"] = dict(chosen)  # errors speak of the names that the user knows
    return made


def column(frame: pd.DataFrame, wanted: str | None, names: tuple[str, ...], role: str) -> str:
    """The column that is asked for, else the first with a usual name; an error that lists the columns where there is none."""
    columns = [str(c) for c in frame.columns]
    if wanted is not None:
        if wanted in columns:
            return _once(wanted, columns)
        raise WorkbenchError(f"no column {wanted!r} (columns: {', '.join(columns)})", f"the {role} column's name")
    found = usual(columns, names)
    if found is not None:
        return _once(found, columns)
    raise WorkbenchError(
        f"columns {', '.join(columns)}",
        f"a {role} column called {' or '.join(names[:3])}",
        f"wb.load(..., {role}='...')",
    )


def guessed(frame: pd.DataFrame, text: str | None, label: str | None) -> tuple[str | None, str | None]:
    """The columns of texts and labels by their values, where no name says it: the one with the longest, mostly different texts of
    several words, and the only other one with few values again and again. None for what cannot be told."""
    known, some, asked = [str(c) for c in frame.columns], frame.head(LOOKED_AT), (text, label)
    if (text and label) or len(set(known)) < len(known):
        return text, label
    values = {n: [str(v).strip() for v in some.iloc[:, i] if v is not None] for i, n in enumerate(known)}
    words = {n: sum(len(v.split()) for v in vs) / max(1, len(vs)) for n, vs in values.items()}
    if text is None:
        long = [n for n, vs in values.items() if n != label and words[n] >= 3 and len(set(vs)) > len(vs) / 2]
        text = max(long, key=lambda n: words[n], default=None)
    if label is None and text is not None:
        few = [n for n, vs in values.items() if n != text and words[n] <= 4 and 2 <= len(set(vs)) <= len(vs) / 3]
        label = few[0] if len(few) == 1 else None
    return (text, label) if text and label else asked


def _once(name: str, columns: list[str]) -> str:
    if columns.count(name) > 1:
        raise WorkbenchError(
            f"{columns.count(name)} columns called {name!r}", "one column of that name", "renaming one"
        )
    return name
