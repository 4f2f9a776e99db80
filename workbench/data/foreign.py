"""Rows of well-known data that none of the tasks learns from as they are: told by the names of their columns, and refused with one
sentence on what to make of them. No files are read here.

Where a text or a label column is asked for, whoever asks knows better, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.data.columns import usual
from workbench.data.listed import as_lists
from workbench.data.questions import ANSWERS, CONTEXT, QUESTION
from workbench.data.text import is_list, missing
from workbench.errors import WorkbenchError

LOOKED_AT = 200  # rows by which values are told
PASSAGE = "a passage with each question, and its answer word for word in it"
TABLE = "a table with columns question, context and answers"
TURNS = ("content", "value")  # what is said in a turn of a chat
CHOICES = (
    "questions among whose answers one is chosen",
    "a text and its label, or a question, its passage and its answer word for word in that",
    "a row per answer: text = question and answer, label = right or wrong",
)
NEWS = (
    "NewsQA's questions, whose answers are places in CNN's stories",
    PASSAGE,
    f"the NewsQA.jsonl.gz of MRQA, which is read, or {TABLE}, with the story as context",
)


@dataclass(frozen=True)
class Foreign:
    """Columns by which rows are known (any one of a `|` group will do), and the error's three parts."""

    columns: tuple[str, ...]
    said: tuple[str, str, str]

    def fits(self, known: set[str]) -> bool:
        return all(not known.isdisjoint(group.split("|")) for group in self.columns)


KNOWN = (
    Foreign(("question", "answer", "entitypages|evidencepages|searchresults"),
            ("TriviaQA's questions, whose passages lie in files of their own (EntityPages)", PASSAGE,
             f"convert_to_squad_format.py of TriviaQA's authors, whose json is read, or {TABLE}")),
    Foreign(("story_id", "question", "answer_char_ranges|answer_token_ranges"), NEWS),
    Foreign(("storyid", "questions", "text"), NEWS),
    Foreign(("document_html|document_tokens|document_text", "annotations", "question_text"),
            ("Natural Questions with whole pages, whose answers are places in their tokens", PASSAGE,
             f"the NaturalQuestions.jsonl.gz of MRQA, which is read, or {TABLE}, with the long answer as context")),
    Foreign(("passage", "qa_pairs"), ("DROP's passages, many of whose answers are counted and stand nowhere", PASSAGE,
                                      f"{TABLE}, of the questions whose answer is one span")),
    Foreign(("query", "passages", "answers|wellformedanswers"), ("MS MARCO's queries with ten passages each and free answers", PASSAGE,
                                                                 f"{TABLE}, of the answers that stand in a selected passage")),
    Foreign(("body", "snippets"), ("BioASQ's questions with snippets of articles", PASSAGE,
                                   f"{TABLE}, with a snippet as context and what of exact_answer stands in it")),
    Foreign(("question", "contexts", "final_decision"),
            ("PubMedQA's questions, each with its passages and a decision", "a text and its label",
             "frame.assign(text=[q + ' ' + ' '.join(c) for q, c in zip(frame['QUESTION'], frame['CONTEXTS'])])[['text', 'final_decision']]")),
    Foreign(("question|question_stem|questions", "choices|options", "answer|answers|answerkey|answer_idx|label"), CHOICES),
    Foreign(("question", "opa|opa_text|answera", "opb|answerb"), CHOICES),
    Foreign(("question", "distractor1", "correct_answer"), CHOICES),
    Foreign(("premise", "choice1", "choice2"), CHOICES),
    Foreign(("goal", "sol1", "sol2"), CHOICES),
    Foreign(("sentence", "option1", "option2"), CHOICES),
    Foreign(("utterance", "targetvalue"), ("WebQuestions, which have answers and no passages", PASSAGE, TABLE)),
    Foreign(("question", "possible_answers"), ("questions with answers and no passages", PASSAGE, TABLE)),
    Foreign(("support", "query", "types"),
            ("Few-NERD's episodes, each with sentences to learn from and to ask about", "a sentence and its tags in every row",
             "wb.load of the folder supervised, inter or intra, whose files hold a word and its tag per line")),
)  # fmt: skip


def refuse(frame: pd.DataFrame, text: str | None, label: Any) -> None:
    """An error that says what to make of a table of such rows; nothing for other tables."""
    if text is not None or label is not None or not len(frame):
        return
    known = {str(c).lower() for c in frame.columns}
    said = next((kind.said for kind in KNOWN if kind.fits(known)), None)
    said = said or next((found for told in TOLD if (found := told(frame))), None)
    if said is not None:
        raise WorkbenchError(said[0], said[1], said[2])


def _open(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    """Questions with lists of answers and no passage, as NQ-open has them: these lists are no labels."""
    question, answers = usual(frame.columns, QUESTION), usual(frame.columns, ANSWERS)
    if question is None or answers is None or usual(frame.columns, CONTEXT) is not None:
        return None
    given = _values(frame, answers)
    if not given or not (all(map(is_list, given)) or (all(isinstance(v, str) for v in given) and as_lists(given))):
        return None
    about = f"questions with answers and no passages (columns {question} and {answers})"
    return about, PASSAGE, f"{TABLE}; where the answers are classes, wb.load(..., label={answers!r})"


def _choices(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    """Questions as objects with their choices, as ARC and CommonsenseQA have them."""
    question = usual(frame.columns, QUESTION)
    given = _values(frame, question) if question is not None else []
    return CHOICES if given and all(isinstance(v, Mapping) and "choices" in v for v in given) else None


def _talk(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    """Chats, each a list of what was said in turn, as models that follow instructions learn from them."""
    name = usual(frame.columns, ("messages", "conversations", "conversation"))
    given = _values(frame, name) if name is not None else []
    key = next((k for k in TURNS if given and all(_turns(v, k) for v in given)), None)
    if key is None:
        return None
    return (f"column {name!r} holds chats, lists of what was said in turn", "a text and its label, or a source and a target, in every row",
            f"frame.assign(text=[row[-2][{key!r}] for row in frame[{name!r}]], label=[row[-1][{key!r}] for row in frame[{name!r}]])"
            "[['text', 'label']], where every answer is the name of a class")  # fmt: skip


def _turns(value: Any, key: str) -> bool:
    return is_list(value) and len(value) > 1 and all(isinstance(turn, Mapping) and key in turn for turn in value)


def _by_kind(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    """Names by their kinds, {"name": {"Ada": [[0, 2]]}}, as CLUENER has them."""
    label = usual(frame.columns, ("label", "entities"))
    given = _values(frame, label) if label is not None else []
    inner = [found for v in given if isinstance(v, Mapping) for found in v.values()]
    if not inner or len(given) > sum(isinstance(v, Mapping) for v in given) or not all(map(_places, inner)):
        return None
    return (f"column {label!r} holds objects with the places of names by their kinds", "a list of [start, end, kind] in every row",
            f"[[a, b + 1, kind] for kind, names in row[{label!r}].items() for places in names.values() for a, b in places], where the "
            "last letter is counted in")  # fmt: skip


def _places(found: Any) -> bool:
    values = list(found.values()) if isinstance(found, Mapping) else []
    return bool(values) and all(is_list(v) and all(is_list(p) and len(p) == 2 for p in v) for v in values)


def _values(frame: pd.DataFrame, name: str) -> list[Any]:
    at = list(map(str, frame.columns)).index(name)
    return [v for v in frame.iloc[:LOOKED_AT, at] if not missing(v)]


TOLD: Iterable[Callable[[pd.DataFrame], tuple[str, str, str] | None]] = (_open, _choices, _talk, _by_kind)
