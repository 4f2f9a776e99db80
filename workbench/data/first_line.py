"""Whether the first line of a table holds names of columns or is a row like the others. No files are read here.

What cannot be told is taken for names, and `doubtful` says so.
"""

from __future__ import annotations

import re

import numpy as np
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
SINGLE = NAMING.union(  # in a line of its own above values, not in a sentence
    (
        "rating",
        "score",
        "stars",
        "type",
        "kind",
        "group",
        "code",
        "polarity",
        "emotion",
        "mood",
        "opinion",
        "verdict",
        "status",
    ),
    ("annotation", "tag", "tags", "language", "gold"),
)
ASKING = frozenset(
    ["please", "describe", "explain", "tell", "enter", "write", "rate", "what", "how", "why", "which", "did", "would"]
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_row(cells: list[str], frame: pd.DataFrame) -> bool:
    """Whether the first line of a table is a row like those of `frame` below it: one of its cells is among the few values of its own
    column, or a number above numbers; where another cell reads like a sentence, one that occurs once below will do, and where it
    reads like the sentences below it, one that is written like the few values there.

    >>> below = pd.DataFrame([["spam", "Win now!"], ["ham", "Ok, will do."], ["spam", "Call us!"], ["ham", "See you."]])
    >>> is_row(["ham", "Great!"], below), is_row(["kind", "what they wrote"], below)
    (True, False)
    """
    some = frame.head(LOOKED_AT)
    if len(cells) < 2 or not len(some) or all(NUMBER.fullmatch(c) for c in cells if c):
        return False  # pandas writes 0, 1, 2 above columns without names
    below = some.astype(str).to_numpy()
    if any(_words(c) > 2 for c in cells) and any(_among(cells, i, below, 1) for i in range(len(cells))):
        return True
    if usual(cells):
        return False
    if any(_among(cells, i, below, 2) or _number(c, some.iloc[:, i]) for i, c in enumerate(cells)):
        return True
    return len(some) >= 8 and _alike(cells, [some.iloc[:, i].astype(str) for i in range(len(cells))])


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


def is_judged(cells: list[str], frame: pd.DataFrame) -> bool:
    """Whether a table without names has CoLA's four columns: where a sentence is from, 0 or 1, the linguists' mark, which stands
    where there is a 0 and all but nowhere else, and the sentence.

    >>> is_judged(["gj04", "1", "", "We left."], pd.DataFrame([["gj04", "0", "*", "Left we."]]))
    True
    """
    if len(cells) != 4:
        return False
    _, said, mark, texts = ([c, *map(str, frame.iloc[:LOOKED_AT, i])] for i, c in enumerate(cells))
    if set(said) != {"0", "1"} or not all(re.fullmatch(r"[*?#%]*", m) for m in mark):
        return False
    odd = sum(s == "1" and m != "" for s, m in zip(said, mark, strict=True))
    return odd <= len(mark) / 50 and any(mark) and sentences(texts)


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


def _among(cells: list[str], at: int, below: np.ndarray, times: int) -> bool:
    """Whether a cell is `times` among the few values of its column, in rows that are no copies of the first line (which tables
    that were put together have in their middle)."""
    column = below[:, at]
    if not cells[at].strip() or len(set(column)) > max(2, len(column) / 2) or (times > 1 and ended(cells[at])):
        return False
    same = below[column == cells[at]]
    return int((same != cells).any(axis=1).sum()) >= times


def _number(cell: str, column: pd.Series) -> bool:
    """Whether a cell is a number like those below it: they all are numbers, and none of them is far away from it."""
    if not NUMBER.fullmatch(cell) or not all(NUMBER.fullmatch(str(v)) for v in column):
        return False
    least, most = min(map(float, column)), max(map(float, column))
    return 2 * least - most <= float(cell) <= 2 * most - least


def _alike(cells: list[str], columns: list[pd.Series]) -> bool:
    """Whether a first line whose label occurs in no row below is one all the same: its text is a sentence like those below it, and
    every other cell is written like the values of its column, of which one has few.

    >>> below = [pd.Series(["ham", "spam"] * 4), pd.Series(["Win this prize now!", "See you there, then."] * 4)]
    >>> _alike(["junk", "Call us today, it is free!"], below), _alike(["verdict", "Which words did they use?"], below)
    (True, False)
    """
    at = max(range(len(cells)), key=lambda i: columns[i].map(_words).mean())
    others = [i for i in range(len(cells)) if i != at]
    few = any(columns[i].nunique() <= max(2, len(columns[i]) / 3) for i in others)
    return few and _is_sentence(cells[at], columns[at]) and all(_is_written(cells[i], columns[i]) for i in others)


def _is_sentence(cell: str, column: pd.Series) -> bool:
    """Whether a cell has four words or more and a sign at its end, as most texts of its column, and neither asks nor tells what to
    write, as the questions of a form do."""
    words, counts = _words(cell), column.map(_words)
    if not ended(cell) or column.map(ended).mean() < 0.5 or not max(4, counts.min() / 2) <= words <= 2 * counts.max():
        return False
    start = re.findall(r"\w+", cell.lower())[:2]
    same = column.str.lower().str.startswith(start[0]).mean()
    asks = cell.rstrip().endswith("?") and column.str.rstrip().str.endswith("?").mean() < 0.1
    return not asks and NAMING.isdisjoint(start) and (start[0] not in ASKING or same > 0.1)


def _is_written(cell: str, column: pd.Series) -> bool:
    """Whether a cell looks like the values of its column: letters, capitals, digits and signs where they have them, no longer."""
    if column.map(lambda v: NUMBER.fullmatch(v) is not None).all():
        return NUMBER.fullmatch(cell) is not None
    return (
        cell.strip().lower() not in SINGLE
        and _make(cell) in set(map(_make, column))
        and len(cell) <= 2 * column.map(len).max()
    )


def _make(value: str) -> tuple[bool, ...]:
    signs = (any(map(str.isdigit, value)), " " in value.strip(), "_" in value, ended(value))
    return (value[:1].islower(), value.isupper(), not value.strip(), *signs)


def _names(cell: str) -> bool:
    """Whether a cell is a few words, one of them usual in names of columns."""
    words = re.split(r"[\W_]+", cell.lower())
    return len(words) < 6 and not ended(cell) and not NAMING.isdisjoint(words)
