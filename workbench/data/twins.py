"""Columns beside the one that classification reads: the other of premise and hypothesis, two sentences, a question and its passage; the
answers among which a label chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from workbench.data.columns import MADE, prose, spread
from workbench.data.text import is_list

TWINS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("question", "passage"),
    ("question", "sentence"),
)

LOOKED_AT = 200  # rows by which lists are told
MOST = 2_000  # rows by which names of labels are told
NUMBERED = (("1", "2"), ("2", "1"))  # in names: #1 String, #2 String


def of(frame: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """Sentences on what is not read beside the text and the label of a table."""
    twin = said([c for c in frame.columns if str(c) != chosen["label"]], chosen["text"])
    other = twin + options(frame, chosen)
    return [*(other or _unread(frame, chosen)), *_named(frame, chosen)]


def _unread(frame: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """A sentence on the other columns of texts: a title above the text, a summary below it."""
    known, text = [str(c) for c in frame.columns], chosen["text"]
    if len(set(known)) < len(known):
        return []
    some = spread(frame, LOOKED_AT).set_axis(known, axis=1)
    whole = [str(v) for v in some[text]]
    others = [c for c in prose(some, chosen["label"]) if c != text and not _is_part(some[c], whole)]
    others = [
        c
        for c in others
        if not re.search(r"(?i)(^annot.*|names?|authors?|users?|date|time|locations?|address|parse|tokenized)$", c)
    ]
    if not others:
        return []
    both = sorted((text, others[0]), key=known.index)
    return [f"column{'s' if len(others) > 1 else ''} {', '.join(map(repr, others[:5]))} hold{'' if len(others) > 1 else 's'} texts too, which "
            f"are not read: to read both, join them: frame.assign(text=frame[{both[0]!r}] + ' ' + frame[{both[1]!r}])"]  # fmt: skip


def _is_part(column: pd.Series, whole: list[str]) -> bool:
    """Whether most values are pieces of the text beside them."""
    inside = sum(str(v).strip() in text for v, text in zip(column, whole, strict=True))
    return inside > len(whole) / 2


def _named(frame: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """A sentence on a column that has a name for every number of the labels."""
    known = [str(c) for c in frame.columns]
    if len(set(known)) < len(known):
        return []
    some = spread(frame, MOST).set_axis(known, axis=1)
    numbers = [str(v) for v in some[chosen["label"]]]
    if not all(re.fullmatch(r"\d{1,3}(\.0)?", v) for v in numbers) or len(set(numbers)) < 2:
        return []
    for name in (c for c in known if c not in chosen.values()):
        names = [v.strip() if isinstance(v, str) else "" for v in some[name]]
        if len(set(names)) == len(set(numbers)) == len(set(zip(numbers, names, strict=True))) and all(
            re.search(r"[^\W\d_]{2}", v) for v in names
        ):
            return [
                f"column {name!r} has a name for every number of {chosen['label']!r}: wb.load(..., label={name!r}) reads these"
            ]
    return []


def options(frame: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """A sentence on a column with as many texts in every row as there are labels or more, as the ends of a story among which one is
    right; none where there is no such column.

    >>> rows = pd.DataFrame({"text": ["It rained.", "It blew."], "endings": [["So?", "No."], ["Ah.", "Oh."]], "label": ["0", "1"]})
    >>> options(rows, {"text": "text", "label": "label"})[0][:48]
    "column 'endings' holds lists of 2 texts, which a"
    """
    some = frame.head(LOOKED_AT)
    kinds = len({str(v) for v in some.iloc[:, list(map(str, frame.columns)).index(chosen["label"])]})
    for name, column in ((str(c), some.iloc[:, i]) for i, c in enumerate(frame.columns)):
        lists = [_listed(v) for v in column]
        sizes = {len(v) for v in lists}
        different = len({tuple(v) for v in lists}) > len(lists) / 2
        if name not in chosen.values() and len(sizes) == 1 and 2 <= kinds <= min(sizes) and different:
            return [f"column {name!r} holds lists of {min(sizes)} texts, which are not read: where the label says which of them is right, "
                    "it cannot be learned from the text alone"]  # fmt: skip
    return _in_columns(some, chosen)


def _in_columns(frame: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """The same of columns such as A, B, C and D, or ending0 to ending3, one of which the label names."""
    known = list(map(str, frame.columns))
    labels = {str(v) for v in frame.iloc[:, known.index(chosen["label"])]}
    named = labels if len(labels) > 1 and labels <= set(known) else set()
    families = [
        [c for c in known if re.fullmatch(re.escape(c_[:-1]) + r"\d", c)]
        for c_ in known
        if re.search(r"[A-Za-z]\d$", c_)
    ]
    numbered = [some for some in families if len(some) > 2 and labels <= {c[-1] for c in some} and len(labels) > 1]
    columns = sorted(named) or next(iter(numbered), [])
    if not columns or not all(_is_different(frame.iloc[:, known.index(c)]) for c in columns):
        return []
    return [f"columns {', '.join(map(repr, columns))} hold texts, which are not read: where the label says which of them is right, it "
            "cannot be learned from the text alone"]  # fmt: skip


def _is_different(column: pd.Series) -> bool:
    """Whether a column holds texts of which most occur once."""
    return all(isinstance(v, str) for v in column) and len(set(column)) > len(column) / 2


def _listed(value: Any) -> list[str]:
    """The texts of a list, or of the list called text in an object; none of another value."""
    value = value.get("text") if isinstance(value, dict) else value
    return list(value) if is_list(value) and all(isinstance(v, str) for v in value) else []


def said(columns: Iterable[Any], text: str) -> list[str]:
    """A sentence on the twin of the column that is read as text; none where it has none.

    >>> said(["Premise", "Hypothesis", "label"], "Premise")[0][:54]
    "another column of texts, 'Hypothesis', is not read: to"
    """
    named = {str(c).lower(): str(c) for c in columns}
    for first, second in TWINS:
        pair = named.get(first), named.get(second)
        if None not in pair and text in pair:
            a, b = pair
            return [f"another column of texts, {(b if text == a else a)!r}, is not read: to read both, join them: "
                    f"frame.assign(text=frame[{a!r}] + ' ' + frame[{b!r}])"]  # fmt: skip
    for ours, theirs in NUMBERED if not MADE.fullmatch(text) else ():
        other = next((c for c in map(str, columns) if ours in text and c == text.replace(ours, theirs, 1)), None)
        if other is not None:
            a, b = sorted((text, other))
            return [f"another column of texts, {other!r}, is not read: to read both, join them: "
                    f"frame.assign(text=frame[{a!r}] + ' ' + frame[{b!r}])"]  # fmt: skip
    return []
