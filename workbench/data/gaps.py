"""Easier questions made from passages: gaps to be filled, and passages cut down to what stands around an answer. Nothing is read here.

A gap question is a sentence of the passage with some words left out; its answer is the words, at their place in the passage. It
needs no writer and no understanding beyond "which sentence is that, and what stands where the gap is".
"""

from __future__ import annotations

import random
import re
from typing import Any

import pandas as pd

GAP = "what"
_SENTENCE = re.compile(r".+?(?:[.!?;]+(?=\s|$)|$)", re.S)
_WORD = re.compile(r"\w[\w'’-]*")


def sentences(context: str) -> list[tuple[int, int]]:
    """The places of the sentences of a passage, as (first character, one past the last).

    >>> [("One left. Two stayed!"[a:b]) for a, b in sentences("One left. Two stayed!")]
    ['One left.', ' Two stayed!']
    """
    return [m.span() for m in _SENTENCE.finditer(context) if m[0].strip()]


def gap_questions(contexts: Any, each: int, seed: int = 0) -> pd.DataFrame:
    """`each` gap questions on every different passage, fewer where its sentences are short: question, context, answers.

    >>> row = gap_questions(["Ann left the old mill early today."], 1, seed=1).iloc[0]
    >>> row["question"], row["answers"]
    ('Ann left the old what early today.', {'text': ['mill'], 'answer_start': [17]})
    """
    draw = random.Random(seed)
    rows = []
    for context in dict.fromkeys(contexts):
        places = [(a, b) for a, b in sentences(context) if len(_WORD.findall(context[a:b])) >= 6]
        for first, last in (draw.choice(places) for _ in range(each if places else 0)):
            words = [m.span() for m in _WORD.finditer(context, first, last)]
            heavy = [_heavy(context[a:b]) for a, b in words]
            size = draw.choice((1, 1, 2, 3))
            fits = [i for i in range(len(words) - size) if heavy[i] and heavy[i + size - 1]]
            if not fits:
                continue
            at = draw.choice(fits)
            start, end = words[at][0], words[at + size - 1][1]
            question = f"{context[first:start]}{GAP}{context[end:last]}".strip()
            rows.append(_row(question, context, [context[start:end]], [start]))
    return pd.DataFrame(rows, columns=["question", "context", "answers"])


def around(rows: Any, size: int = 3, seed: int = 0) -> pd.DataFrame:
    """The same questions on `size` sentences of their passage, among them the one with the answer; any where there is none.

    >>> rows = pd.DataFrame([{"question": "Who?", "context": "It rained. Ann left. It grew cold. Snow fell.",
    ...                       "answers": {"text": ["Ann"], "answer_start": [11]}}])
    >>> around(rows, 2, seed=1).iloc[0].tolist()
    ['Who?', 'Ann left. It grew cold.', {'text': ['Ann'], 'answer_start': [0]}]
    """
    draw = random.Random(seed)
    made = []
    for question, context, answers in zip(rows["question"], rows["context"], rows["answers"], strict=True):
        texts, starts = list(answers["text"])[:1], list(answers["answer_start"])[:1]
        places = sentences(context) or [(0, len(context))]
        here = next((i for i, (a, b) in enumerate(places) if starts and a <= starts[0] < b), None)
        here = draw.randrange(len(places)) if here is None else here
        first = max(0, min(here - draw.randrange(size), len(places) - size))
        start, end = places[first][0], places[min(first + size, len(places)) - 1][1]
        if starts:
            end = max(end, starts[0] + len(texts[0]))
        start += len(context[start:end]) - len(context[start:end].lstrip())
        made.append(_row(question, context[start:end].rstrip(), texts, [s - start for s in starts]))
    return pd.DataFrame(made, columns=["question", "context", "answers"])


def _heavy(word: str) -> bool:
    """Whether a gap may begin or end with it: articles and the like are no answers."""
    return len(word) > 3 or (not word.islower() and word.lower() not in ("a", "an", "the"))


def _row(question: str, context: str, texts: list[str], starts: list[int]) -> dict[str, Any]:
    return {"question": question, "context": context, "answers": {"text": texts, "answer_start": starts}}
