"""From bytes to letters and from letters to fields: which encoding a file is in, which sign separates its columns. No values here.

Nothing is asked of a library that guesses: UTF-8 is all but impossible to meet by chance, so what is valid UTF-8 is UTF-8, and
what is not is read as Windows-1252, which is what such files nearly always are. What was found is said in `notes`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd

UTF8 = "utf-8-sig"
_WRAPPED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 26})
_UNDEFINED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))  # in Windows-1252
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
PIECE = 1 << 20  # bytes that are looked at at a time
SAMPLE = 1 << 16  # letters by which columns are told


def encoding(path: Path) -> str:
    """The encoding of a text file by its mark, else UTF-8 where its bytes are that, else Windows-1252 or Latin-1.

    Raises ValueError for what is no text in any of them.
    """
    with path.open("rb") as file:
        start = file.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while piece := file.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
            return UTF8
        except UnicodeDecodeError:
            return _eight_bits(path)


def _eight_bits(path: Path) -> str:
    """Windows-1252, or Latin-1 where bytes occur that the former does not have."""
    controls = undefined = size = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            size += len(piece)
            controls += len(piece) - len(piece.translate(None, _CONTROLS))
            undefined += len(piece) - len(piece.translate(None, _UNDEFINED))
    if controls > size / 100:
        raise ValueError("it is no text: it is full of bytes that stand for no letters")
    return "latin-1" if undefined else "cp1252"


def stated(name: str, found: str) -> list[str]:
    """A sentence on an encoding that had to be guessed or is not the usual one; none for UTF-8."""
    if found == UTF8:
        return []
    if found.startswith("utf"):
        return [f"{name} is in {found.upper()}, by the mark at its beginning"]
    called = "Windows-1252" if found == "cp1252" else "Latin-1"
    return [f"{name} is not UTF-8 and was read as {called}: where letters look wrong, save it again as UTF-8"]


def beginning(path: Path, found: str) -> str:
    """The first letters of a file, to tell its columns by."""
    with path.open(encoding=found, errors="replace", newline="") as file:
        return file.read(SAMPLE)


def separator(sample: str, usual: str = ",") -> str:
    """The sign that divides most lines of a sample into as many fields as its first one, `usual` where several do.

    >>> separator("text;label\\ngood, really;yes\\n"), separator("text,label\\n1;2,no\\n")
    (';', ',')
    """
    found = []
    for sign in SEPARATORS:
        try:
            rows = [r for r in csv.reader(io.StringIO(sample, newline=""), delimiter=sign) if r][:60]
        except csv.Error:
            continue
        rows = rows[:-1] if len(rows) > 3 else rows  # the sample ends anywhere
        if rows and len(rows[0]) > 1:
            even = sum(len(r) == len(rows[0]) for r in rows) / len(rows)
            found.append((even > 0.9, len(rows[0]), sign == usual, sign))
    return max(found)[-1] if found else usual


def quoted(frame: pd.DataFrame) -> bool:
    """Whether the values of a table that was read with quotes as letters are quoted as csv has it: some hold doubled quotes
    inside a pair of quotes, and none only begins with one."""
    starts = [v for c in frame.columns for v in frame[c] if isinstance(v, str) and v.startswith('"')]
    return any('""' in v[1:-1] for v in starts) and all(re.fullmatch(r'"(?:[^"]|"")*"', v) for v in starts)


def escaped(sample: str, sign: str) -> bool:
    """Whether quotes inside quoted fields stand behind a backslash: some do, and none is doubled, as csv has it.

    >>> escaped('1,"He said \\\\"no\\\\" twice"\\n', ","), escaped('1,"He said ""no"" twice"\\n', ",")
    (True, False)
    """
    inside = re.search(rf'(?<!\\)\\"(?=[^{re.escape(sign)}\r\n])', sample)
    return inside is not None and re.search(rf'[^{re.escape(sign)}\r\n"]""[^{re.escape(sign)}\r\n"]', sample) is None


def wrapped(frame: pd.DataFrame) -> bool:
    """Whether all values of some column of a table that was read with quotes as letters stand in quotes, with no other quotes inside
    but behind a backslash: Kaggle's labeledTrainData.tsv."""
    columns = [[v for v in frame.iloc[:, i] if isinstance(v, str) and v] for i in range(frame.shape[1])]
    return any(len(some) > 3 and all(map(_WRAPPED.fullmatch, some)) for some in columns)


def unwrapped(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without the quotes around its values and the backslashes before those inside, in the names of columns as well."""
    return frame.map(_bare).set_axis([_bare(c) for c in frame.columns], axis=1)


def _bare(value: Any) -> Any:
    whole = isinstance(value, str) and _WRAPPED.fullmatch(value)
    return value[1:-1].replace('\\"', '"') if whole else value


def unclosed(frame: pd.DataFrame) -> bool:
    """Whether a table that was read with quotes as letters has fields that only begin with a quote, and no field is quoted over
    several lines: the next quote is not the end of a field, or there is none. False where a column is mostly in quotes.

    >>> unclosed(pd.DataFrame({"label": ["ham", "spam"], "text": ['"Hi there', '"No" he said']}))
    True
    >>> unclosed(pd.DataFrame({"label": ["ham", "two"], "text": ['"Hi there', 'lines"']}))
    False
    """
    whole = [frame.iloc[:, i].str.fullmatch(r'".*"').mean() for i in range(frame.shape[1])]
    inside, found = False, False
    for value in frame.to_numpy().ravel():
        bare = value.replace('""', "").rstrip()
        if not inside:
            inside = bare.startswith('"') and bare.count('"') == 1
            found = found or inside
        elif '"' in bare:
            if 0 < bare.index('"') == len(bare) - 1:
                return False
            inside = False
    return found and bool(max(whole) < 0.5)
