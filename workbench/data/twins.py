"""Two columns of texts of which classification reads one: premise and hypothesis, two sentences, a question and its passage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.data.columns import MADE

TWINS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("question", "passage"),
    ("question", "sentence"),
)

NUMBERED = (("1", "2"), ("2", "1"))  # in names: #1 String, #2 String


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
