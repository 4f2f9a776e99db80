"""Passages with their answers marked: a frame, colour and the word "answer", so that no reader depends on the colour."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

ANSWER, RIGHT, BOTH = "#BFE3F5", "#BFE6D8", "#D7DEF2"  # tints under black text: contrast above 7 to 1
Mark = tuple[int, int, str, str]  # first character, one past the last, colour, word


def passage_html(context: str, marks: Sequence[Mark]) -> str:
    """A passage with some places marked; where two places overlap the first one in the text is shown. Everything is escaped."""
    parts, at = [], 0
    for start, end, tint, word in sorted(m for m in marks if 0 <= m[0] < m[1]):
        if start < at:
            continue
        parts.append(html.escape(context[at:start]))
        parts.append(
            f'<mark style="background:{tint};color:#000;border:1px solid #5F6670;border-radius:4px;padding:1px 4px">'
            f'{html.escape(context[start:end])} <small style="font-weight:600">{html.escape(word)}</small></mark>'
        )
        at = end
    return "".join([*parts, html.escape(context[at:])])


def answer_html(question: str, context: str, start: int, answer: str, note: str = "", right: Any = None) -> str:
    """One question with its passage and the answer marked in it; `right` are (start, text) of the right one where it is known."""
    marks: list[Mark] = []
    if answer and start >= 0:
        same = right is not None and (start, answer) == tuple(right)
        marks.append((start, start + len(answer), BOTH if same else ANSWER, "answer, right" if same else "answer"))
    if right is not None and right[1] and (start, answer) != tuple(right):
        marks.append((right[0], right[0] + len(right[1]), RIGHT, "right"))
    said = html.escape(answer) if answer else "<i>no answer</i>"
    told = "" if right is None or right[1] else " (right: the passage does not say)"
    words = f' <span style="opacity:.8">{html.escape(note)}</span>' if note else ""
    return (
        f'<div style="max-width:760px;line-height:1.9;margin:0 0 14px"><div><b>{html.escape(question)}</b> {said}{told}{words}</div>'
        f"<div>{passage_html(context, marks)}</div></div>"
    )


class Answers:
    """Questions with their answers marked, as a notebook shows them. Made from what `run.predict(...)` returns, or from a split,
    whose right answers are marked. With both, what is answered and what is right stand in one passage.

    >>> from types import SimpleNamespace
    >>> rows = {"question": ["Who left?"], "context": ["Ann left."], "answer": ["Ann"], "start": [0]}
    >>> Answers(rows)
    Who left?  [Ann]
    """

    def __init__(self, rows: Any, split: Any = None) -> None:
        answered = "answer" in _names(rows)
        known = split if split is not None else None if answered else rows
        rights = [None] * len(rows["question"]) if known is None else [_first(a) for a in known["answers"]]
        starts = list(rows["start"]) if answered else [r[0] for r in rights if r is not None]
        texts = list(rows["answer"]) if answered else [r[1] for r in rights if r is not None]
        chances = list(rows["probability"]) if "probability" in _names(rows) else [None] * len(texts)
        self.rows = list(zip(rows["question"], rows["context"], starts, texts, chances, rights if answered else [None] * len(texts),
                             strict=True))  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(f"{question}  [{text or 'no answer'}]" for question, _, _, text, _, _ in self.rows)

    def _repr_html_(self) -> str:
        return "".join(
            answer_html(question, context, int(start), text, "" if p is None else f"({p:.0%})", right)
            for question, context, start, text, p, right in self.rows
        )


def _first(answers: Any) -> tuple[int, str]:
    """The first right answer as (start, text); (-1, "") where there is none."""
    return (int(answers["answer_start"][0]), answers["text"][0]) if answers["text"] else (-1, "")


def _names(rows: Any) -> list[str]:
    return list(getattr(rows, "column_names", None) or rows.keys())
