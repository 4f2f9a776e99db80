"""Excel's .xlsx files -> a table of texts, every value as a csv file would have it. What the columns mean is not asked here.

The first sheet that holds anything is read, or all that are called after splits. Formulas count as the values that were saved with
them, macros and links are never looked at. A sheet is taken row by row, its filled cells alone: one stray cell far away costs nothing.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import first_line, separated, splits
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

MOST = 256 * 1024 * 1024  # bytes of the unpacked parts: a million rows of short texts
ROWS, CELLS = 1 << 20, 50_000_000  # what a sheet has at most; cells are counted from the first column on, gaps too
ERRORS = frozenset(("#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"))
_FORMULA = re.compile(rb"<c( [^>]*)><f[^>]*(?:/>|>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>")  # one without a value
Row = dict[int, str]  # the number of a column, what stands there
Sheet = list[Row]


def read(path: Path, notes: list[str]) -> pd.DataFrame:
    """The rows of a workbook, below its first line where that holds names of columns."""
    sheets = {name: rows for name, rows in _sheets(path).items() if rows}
    if not sheets:
        raise ValueError("no cell of it is filled")
    kinds = splits.meant(sheets)
    if "train" in kinds.values() and len(kinds) > 1:
        splits.once_each(kinds, path.name)
        chosen = list(kinds)
        notes.append(f"the sheets {', '.join(map(repr, chosen))} of {path.name} were read as splits")
        parts = [_table(sheets[name], path.name, notes).assign(split=kinds[name]) for name in chosen]
        frame = pd.concat(parts, ignore_index=True)
    else:
        chosen = list(sheets)[:1]
        frame = _table(sheets[chosen[0]], path.name, notes)
    others = [repr(name) for name in sheets if name not in chosen]
    if others:
        some = some_of(others)
        notes.append(f"of {path.name} sheet {chosen[0]!r} was read and not {some}" if len(chosen) == 1 else
                     f"of {path.name} these sheets were not read: {some}")  # fmt: skip
    if (frame == "").to_numpy().any() and (bare := _never_computed(path)):
        raise WorkbenchError(f"{bare:,} cells of {path.name} hold formulas without a value", "the values beside the formulas",
                             "opening it in Excel or LibreOffice and saving it again")  # fmt: skip
    return frame


def _sheets(path: Path) -> dict[str, Sheet]:
    """The filled cells of every sheet."""
    try:
        import openpyxl
    except ImportError as error:
        raise WorkbenchError(
            f"{path.name} cannot be read without openpyxl", "that package", "pip install openpyxl"
        ) from error
    _checked(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles and charts, which are not looked at
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                found = {sheet.title: _filled(sheet, path.name) for sheet in book.worksheets}
            finally:
                book.close()
    except WorkbenchError:
        raise
    except Exception as error:  # whatever a file that is not what it says makes of the parser
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise WorkbenchError(f"{path.name} cannot be read: {said[0][:200]}", "a whole xlsx file",
                             "opening it in Excel or LibreOffice and saving it again") from error  # fmt: skip
    return found


def _checked(path: Path) -> None:
    """An error for a file that is no xlsx file, or one whose parts are far larger than the file is."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise WorkbenchError(f"{path.name} has a password or is an old .xls file", "an xlsx file without a password",
                             "opening it in Excel or LibreOffice and saving it as xlsx or csv")  # fmt: skip
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WorkbenchError(f"{path.name} is no xlsx file, or a part of one: {str(error)[:200]}", "a whole xlsx file",
                             "opening it in Excel or LibreOffice and saving it again") from error  # fmt: skip
    if size > MOST:
        raise WorkbenchError(f"{path.name} holds more than {MOST >> 20} MB", "a smaller xlsx file", "saving it as csv")


def _filled(sheet: Any, name: str) -> Sheet:
    """The rows of a sheet that hold anything, as far as Excel would have them."""
    sheet.reset_dimensions()  # what some programs say of the size is wrong
    rows, cells = [], 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += len(values)
        if number > ROWS or cells > CELLS:
            raise WorkbenchError(f"sheet {sheet.title!r} of {name} has more than {ROWS:,} rows or {CELLS:,} cells",
                                 "a smaller sheet", "saving it as csv")  # fmt: skip
        row = {i: text for i, value in enumerate(values) if value is not None and (text := _text(value)).strip()}
        rows += [row] if row else []
    return rows


def _text(value: Any) -> str:
    """A cell as Excel writes it into csv; error values such as #N/A are gaps.

    >>> _text(3.0), _text(True), _text(datetime(2024, 5, 1)), _text("#N/A"), _text("two_x000D_ lines")
    ('3', 'TRUE', '2024-05-01', '', 'two lines')
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    text = str(value).replace("_x000D_", "")  # a carriage return
    return "" if text in ERRORS else text


def _table(rows: Sheet, name: str, notes: list[str]) -> pd.DataFrame:
    """The rows of a sheet under names of columns, those of its first line or made ones."""
    rows = _below_title(rows, name, notes)
    columns = sorted({i for row in rows for i in row})
    lines = [[row.get(i, "") for i in columns] for row in rows]
    below = pd.DataFrame(lines[1:], columns=_once_each(lines[0]), dtype=str)
    made = separated.names(lines[0], below, name, notes) if len(below) else None
    return _named(below, lines[0], name, notes) if made is None else pd.DataFrame(lines, columns=made, dtype=str)


def _named(frame: pd.DataFrame, head: list[str], name: str, notes: list[str]) -> pd.DataFrame:
    """The table without remarks beside it: columns without a name that are filled in fewer than half of the rows."""
    filled = [(frame.iloc[:, i] != "").sum() for i in range(len(head))]
    remarks = [i for i, cell in enumerate(head) if not cell.strip() and filled[i] < len(frame) / 2]
    if remarks:
        cells = sum(filled[i] for i in remarks)
        notes.append(f"{cells} cell{'' if cells == 1 else 's'} of {name} beside the named columns were left out")
    return frame.iloc[:, [i for i in range(len(head)) if i not in remarks]]


def _below_title(rows: Sheet, name: str, notes: list[str]) -> Sheet:
    """The rows without the lines of one cell that stand above a table as its title."""
    first = min(i for row in rows for i in row)
    at = next((n for n, row in enumerate(rows) if list(row) != [first]), 0)
    if not 0 < at <= 3 or first_line.usual([rows[0][first]]) or sum(len(row) > 1 for row in rows) <= len(rows) / 2:
        return rows
    lines = "1 line was" if at == 1 else f"{at} lines were"
    notes.append(f"above the table of {name} {lines} passed over: {rows[0][first][:60]!r}")
    return rows[at:]


def _once_each(cells: list[str]) -> list[str]:
    """Names of columns as pandas makes them of a csv file's first line.

    >>> _once_each(["text", "", "text"])
    ['text', 'Unnamed: 1', 'text.1']
    """
    names: list[str] = []
    for at, cell in enumerate(cell.strip() or f"Unnamed: {at}" for at, cell in enumerate(cells)):
        again = (f"{cell}.{n}" for n in range(1, at + 2))
        names.append(cell if cell not in names else next(name for name in again if name not in names))
    return names


def _never_computed(path: Path) -> int:
    """How many formulas stand in a file without a value, as programs write them that do not compute."""
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(part) for part in archive.namelist() if part.startswith("xl/worksheets/")]
    return sum(b't="str"' not in cell[1] for sheet in sheets for cell in _FORMULA.finditer(sheet))
