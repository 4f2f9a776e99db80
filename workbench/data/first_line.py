"""Whether the first line of a table holds names of columns or is a row like the others. No files are read here.

What cannot be told is taken for names, and `doubtful` says so.
"""

from __future__ import annotations

import re

import pandas as pd

from workbench.data.codes import LANGUAGES
from workbench.data.columns import LABEL, LOOKED_AT, TEXT
from workbench.data.parallel import SOURCE, TARGET, ended, sentences

USUAL = frozenset((*TEXT, *LABEL, *SOURCE, *TARGET, "id", "split"))
NAMING = USUAL.union(
    (name for name in LANGUAGES if len(name) > 3),
    ("texts", "sentences", "word", "words", "phrase", "phrases", "question", "questions", "answer", "answers"),
    ("original", "translation", "name", "number", "title"),
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_row(cells: list[str], frame: pd.DataFrame) -> bool:
    """Whether the first line of a table is a row like those of `frame` below it: one of its cells is among the few values of its own
    column, or a number above numbers; where another cell reads like a sentence, one that occurs once below will do.

    >>> below = pd.DataFrame([["spam", "Win now!"], ["ham", "Ok, will do."], ["spam", "Call us!"], ["ham", "See you."]])
    >>> is_row(["ham", "Great!"], below), is_row(["kind", "what they wrote"], below)
    (True, False)
    """
    some = frame.head(LOOKED_AT)
    if len(cells) < 2 or not len(some) or all(NUMBER.fullmatch(c) for c in cells if c):
        return False  # pandas writes 0, 1, 2 above columns without names
    if any(_words(c) > 2 for c in cells) and any(_among(cells, i, some, 1) for i in range(len(cells))):
        return True
    if usual(cells):
        return False
    return any(_among(cells, i, some, 2) or _number(c, some.iloc[:, i]) for i, c in enumerate(cells))


def is_pair(cells: list[str], frame: pd.DataFrame) -> bool:
    """Whether the first line of a table of two columns is a pair of sentences like the pairs below it.

    A first line of two single words is none, whatever they are, nor is one of names such as `English sentence`,
    nor one of few words without a full stop above sentences that all have one.

    >>> is_pair(["Good night.", "Bonne nuit."], pd.DataFrame([["See you.", "À bientôt."]]))
    True
    """
    if len(cells) != 2 or not len(frame) or usual(cells) or all(re.fullmatch(r"[\w-]+", c) for c in cells):
        return False
    if all(_names(c) for c in cells) or _bare(cells, frame):
        return False
    left, right = ([c, *map(str, frame.iloc[:, i])] for i, c in enumerate(cells))
    spaced = sum(" " in v.strip() for v in right) > len(right) / 2
    return spaced and len(set(right)) > len(right) / 2 and sentences(left)


def _bare(cells: list[str], frame: pd.DataFrame) -> bool:
    """Whether both cells are at most three words without a sign at the end, and nearly all of 20 values below or more have one."""
    short = all(_words(c) <= 3 and not ended(c) for c in cells)
    share = [frame.iloc[:, i].astype(str).map(ended).mean() for i in range(2)]
    return short and len(frame) >= 20 and min(share) > 0.95


def usual(cells: list[str]) -> bool:
    """Whether one of the cells is a usual name of a column."""
    return any(c.strip().lower() in USUAL for c in cells)


def doubtful(cells: list[str]) -> bool:
    """Whether a first line that was taken for names could be a row: none of them is a usual name, and one is more than a word."""
    return len(cells) > 1 and not usual(cells) and any(c and not re.fullmatch(r"[^\W\d][\w-]*", c) for c in cells)


def _words(cell: str) -> int:
    return len(re.findall(r"\w+", cell))


def _among(cells: list[str], at: int, frame: pd.DataFrame, times: int) -> bool:
    """Whether a cell is `times` among the few values of its column, in rows that are no copies of the first line (which tables
    that were put together have in their middle)."""
    column = frame.iloc[:, at].astype(str)
    if not cells[at].strip() or column.nunique() > max(2, len(column) / 2) or (times > 1 and ended(cells[at])):
        return False
    same = frame[(column == cells[at]).to_numpy()].astype(str).to_numpy()
    return int((same != cells).any(axis=1).sum()) >= times


def _number(cell: str, column: pd.Series) -> bool:
    """Whether a cell is a number like those below it: they all are numbers, and none of them is far away from it."""
    if not NUMBER.fullmatch(cell) or not all(NUMBER.fullmatch(str(v)) for v in column):
        return False
    least, most = min(map(float, column)), max(map(float, column))
    return 2 * least - most <= float(cell) <= 2 * most - least


def _names(cell: str) -> bool:
    """Whether a cell is a few words, one of them usual in names of columns."""
    words = re.split(r"[\W_]+", cell.lower())
    return len(words) < 6 and not ended(cell) and not NAMING.isdisjoint(words)
