"""Texts with the places of names beside them: PubTator's files, and BRAT's `.txt` with an `.ann` of the same name. What comes out is a
row per sentence with `text`, `entities` (lists of [start, end, type]) and `document`; words and tags are made of it elsewhere.

Of names that stand in each other the longest is taken, names in several pieces and what else is written there (relations, events,
attributes) are left out, and both are said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import decode
from workbench.data.text import left_out

_TEXT = re.compile(r"([^|\s]+)\|([ta])\|(.*)")
_MARK = re.compile(
    r"(?P<start>\d+)\t(?P<end>\d+)\t(?P<said>[^\t]*)\t(?P<kind>[^\t]+)(?:\t.*)?"
)  # behind the document's name
_ANN = re.compile(r"T\d+\t(?P<kind>\S+) (?P<start>\d+) (?P<end>\d+)\t(?P<said>.*)")
_END = re.compile(r"[.!?]['\")]*(?=\s+[A-Z\d\"(])|\n")  # of a sentence
_PIECES = re.compile(r"T\d+\t\S+ \d+ \d+;.*")

Place = tuple[int, int, str]  # first letter, one past the last letter, type
Mark = re.Match[str] | dict[str, Any]  # with start, end, said and kind
Document = tuple[str, str, list[Place]]  # its name, its text, its names


def is_pubtator(lines: list[str]) -> bool:
    """Whether the first lines that are not blank are a title and an abstract of PubTator.

    >>> is_pubtator(["227508|t|Aspirin helps.", "227508|a|We saw it."]), is_pubtator(["a|t|b", "c"])
    (True, False)
    """
    found = [_TEXT.fullmatch(line) for line in lines[:2]]
    return len(found) == 2 and [m and m[2] for m in found] == ["t", "a"]


def pubtator(lines: Iterable[str], name: str, notes: list[str]) -> pd.DataFrame:
    """The sentences of all documents of a file."""
    counts: Counter[str] = Counter()
    made = [placed(*document, counts) for document in _documents(lines, counts)]
    return frame_of(made, counts, name, "PubTator's documents: each sentence of a title and an abstract", notes)


def _documents(lines: Iterable[str], counts: Counter[str]) -> Iterator[tuple[str, str, list[re.Match[str]]]]:
    """The name, the text and the marks of every document."""
    about: dict[str, str] = {}
    marks: list[re.Match[str]] = []
    for line in (*map(str.rstrip, lines), ""):
        if found := _TEXT.fullmatch(line):
            if found[2] == "t" and about:
                yield about["name"], _whole(about), marks
                about, marks = {}, []
            about |= {"name": found[1], found[2]: found[3]}
        elif mark := _MARK.fullmatch(line.partition("\t")[2]):
            marks.append(mark)
        elif line.strip():
            counts["lines that are no names"] += 1
    if about:
        yield about["name"], _whole(about), marks


def _whole(about: dict[str, str]) -> str:
    """Title and abstract, one sign between them: so their letters are counted."""
    return f"{about.get('t', '')}\n{about.get('a', '')}"


def brat(folder: Path, notes: list[str]) -> pd.DataFrame | None:
    """The sentences of all texts of a folder that have their names in an .ann file; None where there are no such files."""
    texts = [text for ann in sorted(folder.glob("*.ann")) if (text := ann.with_suffix(".txt")).is_file()]
    if not texts:
        return None
    counts: Counter[str] = Counter()
    made = [_annotated(text, counts) for text in texts]
    notes += [f"the texts of folder {folder.name!r} have their names in .ann files: each sentence became a row",
              *left_out(folder.name, counts)]  # fmt: skip
    return _frame(made)


def has_names(text: Path) -> bool:
    """Whether a .txt file has its names in an .ann file beside it, and these are BRAT's."""
    ann = text.with_suffix(".ann")
    if text.suffix.lower() != ".txt" or not ann.is_file():
        return False
    return any(_ANN.fullmatch(line.rstrip()) for line in ann.read_text(decode.encoding(ann)).splitlines())


def brat_file(text: Path, notes: list[str]) -> pd.DataFrame:
    """The sentences of a text that has its names in an .ann file."""
    counts: Counter[str] = Counter()
    made = _annotated(text, counts)
    notes += [
        f"{text.name} has its names in {text.with_suffix('.ann').name}: each sentence became a row",
        *left_out(text.name, counts),
    ]
    return _frame([made])


def _annotated(text: Path, counts: Counter[str]) -> Document:
    """A text with the names of its .ann file, and the lines of that which are left out counted."""
    ann = text.with_suffix(".ann")
    lines = ann.read_text(decode.encoding(ann)).splitlines()
    marks = [mark for line in lines if (mark := _ANN.fullmatch(line.rstrip()))]
    pieces = sum(bool(_PIECES.fullmatch(line)) for line in lines)
    counts += Counter({"names in several pieces": pieces})
    counts += Counter({"lines that are no names": sum(map(bool, lines)) - len(marks) - pieces})
    return placed(text.stem, _as_counted(text, marks), marks, counts)


def _as_counted(path: Path, marks: list[re.Match[str]]) -> str:
    """The text with its line ends as they are, or as one letter where more names fit then."""
    with path.open(encoding=decode.encoding(path), newline="") as file:
        whole = file.read()
    return max((whole, whole.replace("\r\n", "\n")), key=lambda text: sum(_fits(text, mark) for mark in marks))


def _fits(text: str, mark: Mark) -> bool:
    return text[int(mark["start"]) : int(mark["end"])].split() == mark["said"].split()


def placed(name: str, text: str, marks: Iterable[Mark], counts: Counter[str]) -> Document:
    """The document with those of its marks that stand where they say, none of them over another."""
    kept: list[Place] = []
    for mark in sorted(marks, key=lambda m: int(m["start"]) - int(m["end"])):
        start, end = int(mark["start"]), int(mark["end"])
        if not _fits(text, mark):
            counts["names that are not what stands at their place"] += 1
        elif any(a < end and start < b for a, b, _ in kept):
            counts["names inside or over others"] += 1
        else:
            kept.append((start, end, mark["kind"]))
    return name, text, sorted(kept)


def frame_of(documents: list[Document], counts: Counter[str], name: str, what: str, notes: list[str]) -> pd.DataFrame:
    """The sentences of documents, with sentences on what they are and on what was left out."""
    notes += [f"{name} holds {what} became a row", *left_out(name, counts)]
    return _frame(documents)


def _frame(documents: list[Document]) -> pd.DataFrame:
    rows = [row for document in documents for row in _sentences(*document)]
    if not rows:
        raise ValueError("it holds no text")
    return pd.DataFrame(rows, columns=["text", "entities", "document"])


def _sentences(name: str, text: str, places: list[Place]) -> Iterator[tuple[str, list[list[object]], str]]:
    """The rows of a document: it is cut where a sentence or a line ends and no name goes on."""
    ends = {m.end() for m in _END.finditer(text) if not any(a < m.end() < b for a, b, _ in places)} | {len(text)}
    start = 0
    for end in sorted(ends):
        piece = text[start:end]
        if bare := piece.strip():
            first = start + piece.index(bare)
            inside = [[a - first, b - first, kind] for a, b, kind in places if start <= a < end]
            yield bare, inside, name
            start = end
