"""Folders with a file per text and a list that says which label each has: TREC's spam (`full/index`), NLTK's Reuters (`cats.txt`).

spam ../data/inmail.1          a label, and where its mail lies
training/9865 earn grain       where a text of a split lies, and its labels
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from workbench.data import decode, folders
from workbench.data.splits import SPLITS, Tables
from workbench.errors import WorkbenchError

_MAIL = re.compile(r"(\w+) (\.\./\S+)")
_TEXT = re.compile(r"(\w+)/(\S+) (\S.*)")


def texts(folder: Path, notes: list[str]) -> Tables:
    """The texts that a list names, one table per split; empty where there is no such list."""
    for name, read in (("full/index", _mails), ("cats.txt", _split)):
        path = folder / name
        if path.is_file() and (found := read(folder, _lines(path))):
            notes.append(f"the labels of folder {folder.name!r} are those of its list {name}")
            notes += folders.headed([text for table in found.values() for text in table["text"]], folder)
            return found
    return {}


def _mails(folder: Path, lines: list[str]) -> Tables:
    found = [m for line in lines if (m := _MAIL.fullmatch(line))]
    if len(found) < len(lines) or not found:
        return {}
    rows = [(_text(folder / "full" / m[2]), m[1].lower()) for m in found]
    return {"train": pd.DataFrame(rows, columns=["text", "label"], dtype=object)}


def _split(folder: Path, lines: list[str]) -> Tables:
    found = [m for line in lines if (m := _TEXT.fullmatch(line)) and m[1].lower() in SPLITS]
    if len(found) < len(lines) or "train" not in {SPLITS[m[1].lower()] for m in found}:
        return {}
    several = any(" " in m[3] for m in found)
    rows: dict[str, list[tuple[str, object]]] = {}
    for m in found:
        labels: object = m[3].split() if several else m[3]
        rows.setdefault(SPLITS[m[1].lower()], []).append((_text(folder / m[1] / m[2]), labels))
    names = ["text", "labels" if several else "label"]
    return {split: pd.DataFrame(some, columns=names, dtype=object) for split, some in rows.items()}


def _lines(path: Path) -> list[str]:
    try:
        return [bare for line in path.read_text(decode.encoding(path)).splitlines() if (bare := line.strip())]
    except (ValueError, OSError):
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(decode.encoding(path), errors="replace").strip()
    except (ValueError, OSError) as error:
        raise WorkbenchError(f"{path.name} cannot be read: {str(error)[:200]}", "a text for every line of the list",
                             "unpacking the folder anew, or leaving that line out") from error  # fmt: skip
