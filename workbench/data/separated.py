"""Tables of lines, csv and tsv: which sign separates their columns, whether a quote stands around a field or is a letter. What the
columns mean is not asked here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import decode, first_line

LETTERS = 3  # csv.QUOTE_NONE: a quote is a letter


def commas(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """A csv file; which sign separates its columns is found out and, where it is no comma, noted."""
    sign = decode.separator(decode.beginning(path, coded))
    if sign != ",":
        notes.append(f"the columns of {path.name} are separated by {decode.SEPARATORS[sign]}")
    frame, how = _quoted(path, coded, sign, notes)
    return _named(frame, path, notes, coded, sep=sign, **how)


def tabs(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """A tsv file, in which a quote is a letter, unless quotes are doubled and set around fields as in csv."""
    how: dict[str, Any] = {"sep": "\t", "quoting": LETTERS}
    try:
        frame = fields(path, coded, **how)
        again = decode.quoted(frame)
    except ValueError:  # a line break inside a quoted field cuts the row in two
        again, frame = True, None
    if again:
        how = {"sep": "\t"}
        frame = fields(path, coded, **how)
        notes.append(f"quotes in {path.name} stand around fields, as in csv")
    return _named(frame, path, notes, coded, **how)


def fields(path: Path, coded: str, **how: Any) -> pd.DataFrame:
    """Every value as it is written. pandas would make an index of surplus fields without a word."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=coded, **how)
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more fields than the first line")
    return frame


def _quoted(path: Path, coded: str, sign: str, notes: list[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table with quotes around fields, or as letters where a quote that is never closed would swallow the rows below it; and
    how pandas is told so."""
    frame = problem = None
    try:
        frame = fields(path, coded, sep=sign)
    except ValueError as error:
        problem = error
    if frame is not None and not _breaks(frame):
        return frame, {}
    plain = _with_letters(path, coded, sign)
    if plain is not None and (frame is None or (len(plain) > len(frame) and list(plain) == list(frame))):
        notes.append(f"quotes in {path.name} were read as letters: one that begins a text is not closed at its end")
        return plain, {"quoting": LETTERS}
    if frame is None:
        raise problem or ValueError("it holds no table")
    for row, lines in list(_like_rows(frame, sign).items())[:1]:
        notes.append(f"row {row + 1} of {path.name} holds a text of {lines} lines that look like rows: where they are some, "
                     "a quote above them is not closed")  # fmt: skip
    return frame, {}


def _with_letters(path: Path, coded: str, sign: str) -> pd.DataFrame | None:
    """The table with quotes as letters, where its rows are even and no field is quoted over several lines."""
    try:
        plain = fields(path, coded, sep=sign, quoting=LETTERS)
    except ValueError:
        return None
    return plain if not plain.isna().to_numpy().any() and decode.unclosed(plain) else None


def _breaks(frame: pd.DataFrame) -> bool:
    """Whether some value has a line break in it."""
    return any(
        re.search("[\r\n]", v) for name in range(frame.shape[1]) for v in frame.iloc[:, name] if isinstance(v, str)
    )


def _like_rows(frame: pd.DataFrame, sign: str) -> dict[int, int]:
    """The rows with a text whose inner lines, at least two, all have as many signs as a row: how many lines it has."""
    found = {}
    for name in range(frame.shape[1]):
        for row, value in enumerate(frame.iloc[:, name]):
            inner = value.splitlines()[1:-1] if isinstance(value, str) else []
            if len(inner) > 1 and all(line.count(sign) == frame.shape[1] - 1 for line in inner):
                found[row] = len(inner) + 2
    return found


def _named(frame: pd.DataFrame, path: Path, notes: list[str], coded: str, **how: Any) -> pd.DataFrame:
    """The table, its first line made a row where it holds no names; what is guessed of it is noted."""
    cells = list(map(str, fields(path, coded, header=None, nrows=1, **how).iloc[0]))
    if first_line.is_row(cells, frame):
        notes.append(f"the first line of {path.name} holds no names of columns and was read as a row")
        names = [f"column {i + 1}" for i in range(len(cells))]
    elif first_line.is_pair(cells, frame):
        notes.append(
            f"the first line of {path.name} was read as a pair of sentences like the others, not as names of columns"
        )
        names = ["source", "target"]
    else:
        if first_line.doubtful(cells):
            notes.append(f"the first line of {path.name} was taken as names of columns: {', '.join(map(repr, cells))}")
        return frame
    return fields(path, coded, header=None, **how).set_axis(names, axis=1)
