"""The cells of the columns of texts and labels as plain text: bytes decoded, lists of words joined, spaces around labels taken off.

What was changed is said in notes, what cannot be a text is refused. Which columns these are is not asked here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from workbench.data.columns import LABEL, TEXT, usual
from workbench.data.text import first_rows, is_list, missing, well_formed
from workbench.errors import WorkbenchError

_BYTES = re.compile(r"""b'[^'\n]*'|b"[^"\n]*"|b'(?:[^'\\]|\\.)*'""")
Tables = dict[str, pd.DataFrame]


def called(frame: pd.DataFrame, role: str) -> str:
    """The name that the column of a role had before it got a canonical one."""
    return str(frame.attrs.get("columns", {}).get(role, role))


def dropping(frame: pd.DataFrame, role: str) -> str:
    """How the rows without a value in the column of a role are dropped."""
    name = called(frame, role)
    if role != "text":
        return f"dropping those rows: frame[frame[{name!r}].astype(object).fillna('').astype(str).str.strip() != '']"
    return f"dropping those rows: frame[frame[{name!r}].fillna('').str.strip() != '']"


def spoken(value: Any) -> Any:
    """Bytes as text and a list as its words with spaces between them; everything else as it is."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return " ".join(str(spoken(v)) for v in value) if is_list(value) else value


def texts(tables: Tables, notes: list[str]) -> Tables:
    """The tables with plain values in their column `text`."""
    for frame in tables.values():
        refuse_objects(frame, "text", TEXT)
    tables = _decoded(tables, notes)
    train = tables["train"]
    listed = next((v for v in train["text"] if is_list(v)), None)
    if listed is not None:
        notes.append(f"texts in column {called(train, 'text')!r} are lists and were joined with spaces")
    return {split: _with(frame, "text", [spoken(v) for v in frame["text"]]) for split, frame in tables.items()}


def _decoded(tables: Tables, notes: list[str]) -> Tables:
    """The tables with texts in place of bytes that were written as Python shows them, b'so', in every row of training."""
    some = [v for v in tables["train"]["text"] if not missing(v)]
    if len(some) < 4 or not all(isinstance(v, str) and _BYTES.fullmatch(v) for v in some):
        return tables
    notes.append(f"texts written as bytes, such as {some[0][:20]}..., were decoded")
    return {split: _with(frame, "text", [_of_bytes(v) for v in frame["text"]]) for split, frame in tables.items()}


def _of_bytes(value: Any) -> Any:
    try:
        found = ast.literal_eval(value) if isinstance(value, str) and _BYTES.fullmatch(value) else value
    except (ValueError, SyntaxError):
        return value
    return spoken(found)


def labels(tables: Tables) -> Tables:
    """The tables with one plain value per row in their column `label`, without spaces around it."""
    for split, frame in tables.items():
        refuse_objects(frame, "label", LABEL)
        bad = [i for i, v in enumerate(frame["label"]) if is_list(v)]
        if bad:
            raise WorkbenchError(f"{len(bad)} rows of {split} have a list as label, others have none (rows {first_rows(bad)})",
                                 "one label in every row, or a list in every row", "['billing'] for a single label")  # fmt: skip
    found = {split: [spoken(v) for v in frame["label"]] for split, frame in tables.items()}
    return {split: _with(frame, "label", [stripped(v) for v in found[split]]) for split, frame in tables.items()}


def stripped(value: Any) -> Any:
    """A text without spaces around it; everything else as it is."""
    return value.strip() if isinstance(value, str) else value


def alike(values: Iterable[Any]) -> list[str]:
    """Sentences on labels that were written with spaces around them, and on labels that differ by case only."""
    names = list(dict.fromkeys(v for v in values if isinstance(v, str) and v.strip()))
    notes = []
    spaced = [v for v in names if v != v.strip()]
    if spaced:
        notes.append(f"spaces around labels were taken off (as in {spaced[0]!r})")
    folded: dict[str, list[str]] = {}
    for name in dict.fromkeys(map(str.strip, names)):
        folded.setdefault(name.casefold(), []).append(name)
    twins = [" and ".join(map(repr, some)) for some in folded.values() if len(some) > 1]
    if twins:
        notes.append(f"labels that differ by capital letters only are different labels: {'; '.join(twins[:3])}")
    return notes


def refuse_objects(frame: pd.DataFrame, role: str, names: tuple[str, ...]) -> None:
    """An error that names the keys of the objects in a column, where it holds any."""
    first = next((v for v in frame[role] if isinstance(v, Mapping)), None)
    if first is None:
        return
    name, keys = called(frame, role), [str(k) for k in first]
    inside = usual(keys, names) or next((k for k in keys if isinstance(first[k], str)), keys[0] if keys else "")
    raise WorkbenchError(f"column {name!r} holds objects with {', '.join(keys[:8]) or 'nothing'}", f"a {role} in every row",
                         f"frame.assign({role}=[row[{inside!r}] for row in frame[{name!r}]])")  # fmt: skip


def without(frame: pd.DataFrame, role: str) -> list[int]:
    """The places of rows that have nothing in the column of a role."""
    return [i for i, v in enumerate(frame[role]) if missing(v) or not str(v).strip()]


def written(values: Iterable[Any]) -> list[str]:
    """Texts as str, empty cells as the empty text."""
    return ["" if missing(v) else well_formed(str(spoken(v))) for v in values]


def write_texts(frame: pd.DataFrame, split: str) -> None:
    """The column `text` as str, in place; refused where one is empty."""
    frame["text"] = written(frame["text"])
    if empty := without(frame, "text"):
        raise WorkbenchError(f"{len(empty)} empty texts in {split} (rows {first_rows(empty)})", "some text in every row",
                             dropping(frame, "text"))  # fmt: skip


def _with(frame: pd.DataFrame, role: str, values: list[Any]) -> pd.DataFrame:
    """The table with other values in a column, where they are others."""
    if all(new is old for new, old in zip(values, frame[role], strict=True)):
        return frame
    return frame.assign(**{role: pd.Series(values, index=frame.index, dtype=object)})
