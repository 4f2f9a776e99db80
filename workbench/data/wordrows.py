"""Tables with one word and its tag per row and a column that says which sentence it is of -> a list of words and of tags per row.

Kaggle's ner_dataset.csv names a sentence in the row of its first word only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from workbench.data import conll
from workbench.data.columns import LOOKED_AT, usual
from workbench.data.text import missing
from workbench.errors import WorkbenchError

WORDS = ("word", "token", "words", "tokens", "form", "text")
TAGS = ("tag", "ner", "ner_tag", "tags", "ner_tags", "label", "labels")
SENTENCES = (
    "sentence #",
    "sentence_id",
    "sentence id",
    "sentence_idx",
    "sentence",
    "sent_id",
    "sentid",
    "sent",
    "sentence_no",
)
SINGLE = 0.95  # of the words of a table that are single words


class Columns(NamedTuple):
    """Which columns hold words, tags and, in one row or all of them, the sentence's name."""

    word: str
    tag: str
    sentence: str | None


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> Columns | None:
    """The columns of a table of single words with tags, by their values; None for every other table."""
    known = [str(c) for c in frame.columns]
    if len(set(known)) < len(known) or not {text, label} <= {None, *known}:
        return None
    some = frame.head(LOOKED_AT).set_axis(known, axis=1)
    written = [c for c in known if all(missing(v) or isinstance(v, str) for v in some[c])]
    values = {c: ["" if missing(v) else str(v).strip() for v in some[c]] for c in written}
    tags = [c for c, vs in values.items() if conll.tagged(vs) and "O" in vs and label in (None, c)]
    sentence = usual((c for c in known if c not in (text, label, *tags)), SENTENCES)
    words = [c for c in written if c not in (*tags, sentence) and text in (None, c) and _single(values[c])]
    if not tags or not words:
        return None
    return Columns(usual(words, WORDS) or words[0], usual(tags, TAGS) or tags[0], sentence)


def _single(values: list[str]) -> bool:
    """Whether these are words and neither numbers nor texts."""
    given = [v for v in values if v]
    letters = sum(any(c.isalpha() for c in v) for v in given)
    return letters > len(given) / 2 and sum(len(v.split()) == 1 for v in values) >= SINGLE * len(values)


def sentences(frame: pd.DataFrame, found: Columns, notes: list[str], *, names: tuple[str, str]) -> pd.DataFrame:
    """One row per sentence: its words and its tags under these names. A sentence begins where its column says another name."""
    word, tag, sentence = found
    if sentence is None:
        raise WorkbenchError(f"a table of one word ({word!r}) and its tag ({tag!r}) per row, which does not say where sentences end",
                             "a column sentence_id", "saving it as .conll, with a blank line between sentences")  # fmt: skip
    table = frame.set_axis(list(map(str, frame.columns)), axis=1)
    tokens: list[list[str]] = []
    tags: list[list[str]] = []
    before: Any = None
    for name, w, t in zip(table[sentence], table[word], table[tag], strict=True):
        new = not missing(name) and str(name).strip() != "" and name != before
        if new or not tokens:
            tokens.append([])
            tags.append([])
        before = name if new else before
        tokens[-1].append("�" if missing(w) or not str(w).strip() else str(w).strip())
        tags[-1].append("" if missing(t) else str(t))
    left = [c for c in table if c not in found]
    note = f"words of column {word!r} were put together to sentences by {sentence!r}, with the tags of {tag!r}"
    note += f"; {', '.join(map(repr, left[:5]))} left out" if left else ""
    notes += [] if note in notes else [note]
    return pd.DataFrame({names[0]: tokens, names[1]: tags})
