"""Two columns of texts of which classification reads one: premise and hypothesis, two sentences, a question and its passage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

TWINS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("question", "passage"),
    ("question", "sentence"),
)


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
    return []
