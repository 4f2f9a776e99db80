"""Questions that follow one another in a conversation: CoQA's stories, and what is said of QuAC's answers. No files are read here."""

from __future__ import annotations

from typing import Any

import pandas as pd

NONE = "CANNOTANSWER"  # QuAC's word behind every passage


def is_one(article: dict[str, Any]) -> bool:
    """Whether this is one of CoQA's: a story, questions in turn, and answers with the words of the story that they rest on."""
    answers = article.get("answers")
    return "story" in article and isinstance(article.get("questions"), list) and isinstance(answers, list) and all(
        isinstance(a, dict) and {"input_text", "span_text", "span_start"} <= set(a) for a in answers)  # fmt: skip


def rows(article: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions of a conversation whose answers are words of the story: those that are found in what they rest on, and those that
    have none. An answer in other words, such as yes, has no place in the story.

    >>> talk = {"story": "Ann left.", "questions": [{"input_text": "Who?"}, {"input_text": "Did she?"}], "answers": [
    ...     {"input_text": "ann", "span_text": "Ann left", "span_start": 0}, {"input_text": "yes", "span_text": "left", "span_start": 4}]}
    >>> rows(talk)
    [{'question': 'Who?', 'context': 'Ann left.', 'answers': {'text': ['Ann'], 'answer_start': [0]}}]
    """
    made: list[dict[str, Any]] = []
    for question, answer in zip(article["questions"], article["answers"], strict=True):
        start, said = int(answer["span_start"]), str(answer["input_text"]).strip().rstrip(".")
        at = -1 if start < 0 or not said else str(answer["span_text"]).lower().find(said.lower())
        text = article["story"][start + at : start + at + len(said)]
        if start < 0 or (at >= 0 and text.lower() == said.lower()):
            found = {"text": [], "answer_start": []} if start < 0 else {"text": [text], "answer_start": [start + at]}
            made.append({"question": question.get("input_text"), "context": article["story"], "answers": found})
    return made


def said(found: pd.DataFrame, whole: Any, name: str) -> list[str]:
    """Sentences on what is special in the questions of a file: that they belong to conversations, that some have no answer."""
    articles = whole.get("data") if isinstance(whole, dict) else whole
    notes = []
    if articles and all(map(is_one, articles)):
        gone = sum(len(a["questions"]) for a in articles) - len(found)
        left = f"; {gone:,} whose answer is in other words than the story's were left out" if gone else ""
        notes.append(f"the questions of {name} follow one another, and each is asked alone{left}")
    empty = sum(
        isinstance(a, list) and any(isinstance(e, dict) and e.get("text") == NONE for e in a)
        for a in found.get("answers", ())
    )
    if empty:
        notes.append(f"{empty:,} answers of {name} are the word {NONE} at the end of their passage, which stands for none; the questions "
                     "of QuAC follow one another, and each is asked alone")  # fmt: skip
    return notes
