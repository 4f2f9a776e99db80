"""Tables of lines, csv and tsv: which sign separates their columns, whether a quote stands around a field or is a letter. What the
columns mean is not asked here."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import decode, first_line
from workbench.data.columns import LOOKED_AT

LETTERS = 3  # csv.QUOTE_NONE: a quote is a letter
Read = Callable[..., pd.DataFrame]  # a table, read as the keywords say
Told = tuple[pd.DataFrame, dict[str, Any]]  # a table, and the keywords by which it was read


def commas(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """A csv file; which sign separates its columns is found out and, where it is no comma, noted."""
    sign, above = _sign(path, coded, notes)
    behind = decode.escaped(decode.beginning(path, coded), sign)
    return _whole(path, coded, notes, partial(_quoted, sign=sign, behind=behind), **above)


def tabs(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """A tsv file, in which a quote is a letter, unless quotes are doubled and set around fields as in csv."""
    return _whole(path, coded, notes, _by_tabs)


def told(path: Path, coded: str, notes: list[str]) -> dict[str, Any]:
    """How pandas is to read a large file, by its first rows: the keywords that `commas` and `tabs` would find."""
    how: dict[str, Any] = {"sep": "\t", "quoting": LETTERS}
    way: Callable[[Read, str, list[str]], Told] = _by_tabs
    above: dict[str, Any] = {}
    if path.suffix.lower() != ".tsv":
        sign, above = _sign(path, coded, notes)
        how = {"sep": sign}
        way = partial(_quoted, sign=sign, behind=decode.escaped(decode.beginning(path, coded), sign), cut=True)
    with path.open(encoding=coded, errors="replace", newline="") as file:
        some = "".join(islice(file, LOOKED_AT))
    try:
        frame, how = way(lambda **how: fields(io.StringIO(some), coded, **above, **how), path.name, notes)
    except ValueError:  # these lines may end inside a quoted field
        frame = fields(path, coded, nrows=LOOKED_AT, **above, **how)
    made = names(_first(partial(fields, path, coded, **above), how), frame, path.name, notes)
    return how | above | ({"header": None, "names": made} if made else {})


def fields(source: Path | io.StringIO, coded: str, *, wrapped: bool = False, **how: Any) -> pd.DataFrame:
    """Every value as it is written; `wrapped` says that quotes that are no letters stand around some of them."""
    frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding=coded, **how)
    refuse_surplus(frame)
    return decode.unwrapped(frame) if wrapped else frame


def refuse_surplus(frame: pd.DataFrame) -> None:
    """An error for rows with more fields than the first line, of which pandas makes an index without a word."""
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more fields than the first line")


def _whole(
    path: Path, coded: str, notes: list[str], way: Callable[[Read, str, list[str]], Told], **above: Any
) -> pd.DataFrame:
    """The table, its first line made a row where it holds no names."""
    read = partial(fields, path, coded, **above)
    frame, how = way(read, path.name, notes)
    made = names(_first(read, how), frame, path.name, notes)
    return frame if made is None else read(header=None, **how).set_axis(made, axis=1)


def _sign(path: Path, coded: str, notes: list[str]) -> tuple[str, dict[str, Any]]:
    """The sign between the columns of a csv file, and how to pass over a first line `sep=;`, by which Excel is told."""
    sample = decode.beginning(path, coded)
    said = re.match(r"sep=(.)\r?\n", sample)
    sign = said[1] if said else decode.separator(sample)
    if sign != ",":
        notes.append(f"the columns of {path.name} are separated by {decode.SEPARATORS.get(sign, repr(sign))}")
    return sign, {"skiprows": 1} if said else {}


def _by_tabs(read: Read, name: str, notes: list[str]) -> Told:
    how: dict[str, Any] = {"sep": "\t", "quoting": LETTERS}
    try:
        frame = read(**how)
        again = decode.quoted(frame)
    except ValueError:  # a line break inside a quoted field cuts the row in two
        again, frame = True, None
    if again:
        how = {"sep": "\t"}
        frame = read(**how)
        notes.append(f"quotes in {name} stand around fields, as in csv")
    elif decode.wrapped(frame):
        how["wrapped"] = True
        frame = read(**how)
        notes.append(
            f"quotes in {name} stand around fields, and those inside them behind a backslash: both were undone"
        )
    return frame, how


def _quoted(read: Read, name: str, notes: list[str], sign: str, behind: bool = False, cut: bool = False) -> Told:
    """The table with quotes around fields, or as letters where a quote that is never closed would swallow the rows below it. In
    the first lines of a file, which are cut anywhere, a quote that is open at the end says nothing. `behind` says that a quote
    in a field stands behind a backslash, as databases write it; where rows are uneven otherwise, that is tried too."""
    frame = problem = None
    try:
        frame = None if behind else read(sep=sign)
    except ValueError as error:
        problem = error
    if frame is None and (escaped := _with_backslashes(read, sign, behind)) is not None:
        notes.append(f"quotes inside the fields of {name} stand behind a backslash and were read so")
        return escaped
    if behind:
        return _quoted(read, name, notes, sign, cut=cut)
    if frame is not None and not _breaks(frame):
        return frame, {"sep": sign}
    plain = None if frame is None and cut else _with_letters(read, sign)
    if plain is not None and (frame is None or (len(plain) > len(frame) and list(plain) == list(frame))):
        notes.append(f"quotes in {name} were read as letters: one that begins a text is not closed at its end")
        return plain, {"sep": sign, "quoting": LETTERS}
    if frame is None:
        raise problem or ValueError("it holds no table")
    notes += swallowed(frame, name, sign)
    return frame, {"sep": sign}


def _with_backslashes(read: Read, sign: str, sure: bool) -> Told | None:
    """The table with a backslash before every quote that is a letter, where its rows are even so and some value has such a quote;
    where that is not `sure`, no field may go over several lines."""
    how = {"sep": sign, "escapechar": "\\", "doublequote": False}
    try:
        frame = read(**how)
    except ValueError:
        return None
    inside = any('"' in v for v in frame.to_numpy().ravel() if isinstance(v, str))
    return (frame, how) if inside and not frame.isna().to_numpy().any() and (sure or not _breaks(frame)) else None


def _with_letters(read: Read, sign: str) -> pd.DataFrame | None:
    """The table with quotes as letters, where its rows are even and no field is quoted over several lines."""
    try:
        plain = read(sep=sign, quoting=LETTERS)
    except ValueError:
        return None
    return plain if not plain.isna().to_numpy().any() and decode.unclosed(plain) else None


def _breaks(frame: pd.DataFrame) -> bool:
    """Whether some value has a line break in it."""
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    return any(re.search("[\r\n]", v) for column in columns for v in column if isinstance(v, str))


def swallowed(frame: pd.DataFrame, name: str, sign: str, before: int = 0) -> list[str]:
    """A sentence on the first text whose inner lines, at least two, all have as many signs as a row; none where there is none."""
    for i in range(frame.shape[1]):
        for row, value in enumerate(frame.iloc[:, i], before + 1):
            inner = value.splitlines()[1:-1] if isinstance(value, str) else []
            if len(inner) > 1 and all(line.count(sign) == frame.shape[1] - 1 for line in inner):
                return [f"row {row} of {name} holds a text of {len(inner) + 2} lines that look like rows: where they are some, "
                        "a quote above them is not closed"]  # fmt: skip
    return []


def _first(read: Read, how: dict[str, Any]) -> list[str]:
    """The cells of the first line as they are written; pandas would number equal ones."""
    return list(map(str, read(header=None, nrows=1, **how).iloc[0]))


def names(cells: list[str], frame: pd.DataFrame, name: str, notes: list[str]) -> list[str] | None:
    """Names of columns where the first line is a row like the others; None where it holds names. What is guessed is noted."""
    if first_line.is_row(cells, frame):
        notes.append(f"the first line of {name} holds no names of columns and was read as a row")
        if first_line.is_judged(cells, frame):
            notes.append(f"the columns of {name} are those of CoLA: source, label, the linguists' mark, sentence")
            return ["source", "label", "mark", "sentence"]
        return [f"column {i + 1}" for i in range(len(cells))]
    if first_line.is_pair(cells, frame):
        notes.append(
            f"the first line of {name} was read as a pair of sentences like the others, not as names of columns"
        )
        return ["source", "target"]
    if first_line.doubtful(cells):
        notes.append(f"the first line of {name} was taken as names of columns: {', '.join(map(repr, cells))}")
    return None
