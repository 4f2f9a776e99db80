"""Several labels as columns of zeros and ones, one column per label -> one column `labels` of lists of names. No files are found here.

Such columns are those that are named, or all of them beside one column of texts where no other column could hold labels.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.data.columns import LOOKED_AT, TEXT, repeated, usual, wordiest
from workbench.data.multilabel import LABELS
from workbench.data.text import missing
from workbench.errors import WorkbenchError

ON, OFF = ("1", "1.0", "true"), ("0", "0.0", "false", "")


def columns(frame: pd.DataFrame, text: str | None) -> list[str]:
    """The columns of zeros and ones, where they can only be labels; empty where they cannot."""
    known = [str(c) for c in frame.columns]
    frame = frame.set_axis(known, axis=1)
    text = text or usual(known, TEXT) or (wordiest(frame, None) if len(set(known)) == len(known) else None)
    if text not in known or len(set(known)) < len(known) or usual(known, LABELS):
        return []
    few = [c for c in repeated(frame, text) if c != "split"]
    if len(few) < 2 or not all(_binary(frame[c].head(LOOKED_AT)) for c in few):
        return []
    return [c for c in known if c not in (text, "split") and _binary(frame[c])]  # with those that are 0 in every row


def gathered(
    tables: dict[str, pd.DataFrame], text: str | None, label: Any, notes: list[str]
) -> tuple[dict[str, pd.DataFrame], str | None]:
    """The tables with the columns of zeros and ones as one column of lists, and the label column that is asked for after that."""
    asked = [str(c) for c in label] if isinstance(label, list | tuple) else None
    chosen = columns(tables["train"], text) if asked is None else asked
    if not chosen:
        return tables, None
    if asked is None:
        notes.append(f"read as multi-label: columns {', '.join(map(repr, chosen))} hold 0 and 1 and became the labels")
    bare = {
        split for split, frame in tables.items() if asked is None and set(chosen).isdisjoint(map(str, frame.columns))
    }
    return {s: frame if s in bare else _gathered(frame, chosen, s) for s, frame in tables.items()}, "labels"


def _gathered(frame: pd.DataFrame, chosen: list[str], split: str) -> pd.DataFrame:
    known = [str(c) for c in frame.columns]
    for name in chosen:
        if known.count(name) != 1:
            raise WorkbenchError(f"{known.count(name) or 'no'} columns {name!r} in {split} (columns: {', '.join(known)})",
                                 "the names of columns that hold 0 and 1")  # fmt: skip
        bad = [i for i, v in enumerate(frame.iloc[:, known.index(name)]) if _plain(v) not in (*ON, *OFF)]
        if bad:
            raise WorkbenchError(f"{_plain(frame.iloc[bad[0], known.index(name)])!r} in row {bad[0] + 1} of column {name!r} in {split}",
                                 "0 or 1 in every row", "dropping those rows, or leaving that column out of label")  # fmt: skip
    on = {name: [_plain(v) in ON for v in frame.iloc[:, known.index(name)]] for name in chosen}
    rows = [[name for name in chosen if on[name][i]] for i in range(len(frame))]
    kept = frame.drop(columns=[c for c in frame.columns if str(c) in chosen]).rename(columns={"labels": "labels_1"})
    return kept.assign(labels=pd.Series(rows, index=frame.index, dtype=object))


def _binary(values: pd.Series) -> bool:
    """Whether a column holds 0 and 1 and nothing else."""
    return all(_plain(v) in (*ON, *OFF[:-1]) for v in values)


def _plain(value: Any) -> str:
    return "" if missing(value) else str(value).strip().lower()
