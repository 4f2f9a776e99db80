"""Questions with a passage and the places of their answers in it: SQuAD's files and rows -> canonical columns. No files are found here.

`question` and `context` are str, `answers` is SQuAD's own pair of lists: {"text": [...], "answer_start": [...]}, both empty
where the passage does not say. Several entries are several right answers, not the parts of one.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data import conversations
from workbench.data.columns import usual
from workbench.data.text import first_rows, is_list, missing, well_formed
from workbench.errors import WorkbenchError

TASK = "answering"
ROWS, ROW = "questions", "a question, its passage and its answers"
FINGERPRINT = ("question", "context", "answers")
SAME = ("question", "context")  # the same question on another passage is another one
QUESTION, CONTEXT, ANSWERS = (
    ("question", "query"),
    ("context", "passage", "paragraph"),
    ("answers", "answer", "answer_text"),
)
STARTS = ("answer_start", "start")  # beside an answer, or a column of its own
SHARE = 0.15  # of the questions that become the validation split where there is none
FEATURES = {"text": hf.List(hf.Value("string")), "answer_start": hf.List(hf.Value("int64"))}
Found = tuple[list[str], list[int]]


def squad(whole: Any) -> pd.DataFrame:
    """SQuAD's nested articles (version 1.1 or 2), or a list of rows: one row per question."""
    articles = whole.get("data") if isinstance(whole, dict) else whole
    if not isinstance(articles, list) or not all(isinstance(a, dict) for a in articles):
        raise ValueError("it is neither a list of objects nor an object with such a list as its `data`")
    articles = (
        [row for a in articles for row in conversations.rows(a)]
        if all(map(conversations.is_one, articles)) and articles
        else articles
    )
    nested = [a for a in articles if "paragraphs" in a]
    if nested and len(nested) < len(articles):
        raise ValueError("some articles have `paragraphs` and some have none")
    rows = [row for a in articles for row in _rows(a)] if nested else articles
    if not rows:
        raise ValueError("it holds no questions")
    return pd.DataFrame({k: pd.Series([r.get(k) for r in rows], dtype=object) for k in {k: 0 for r in rows for k in r}})


def _rows(article: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions of one article, each with its passage."""
    try:
        return [
            {**({"id": q["id"]} if "id" in q else {}), "title": article.get("title"), "question": q.get("question", q.get("query")),
             "context": _passage(p), "answers": [] if q.get("is_impossible") else _written(q)}
            for p in article["paragraphs"] for q in p["qas"]
        ]  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"article {article.get('title')!r} is not built as SQuAD's are") from error


def _passage(paragraph: dict[str, Any]) -> Any:
    """The passage of a paragraph; of ReCoRD's the text of what it calls so."""
    passage = paragraph.get("passage")
    return passage.get("text") if "context" not in paragraph and isinstance(passage, dict) else paragraph.get("context")


def _written(question: dict[str, Any]) -> Any:
    """The answers of a question; of MRQA's those with a place."""
    places = question.get("detected_answers")
    if not places:
        return question.get("answers") or []
    return [{"text": a["text"], "answer_start": a["char_spans"][0][0]} for a in places]


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> dict[str, str] | None:
    """Which columns hold questions, passages and answers; None where there are no such columns."""
    known = [str(c) for c in frame.columns]
    found = {role: usual(known, names) for role, names in
             (("question", QUESTION), ("context", CONTEXT), ("answers", ANSWERS))}  # fmt: skip
    if text is not None or label is not None or None in found.values() or not len(frame):
        return None
    chosen = {role: str(name) for role, name in found.items()}
    first = next((v for v in frame[chosen["answers"]] if not missing(v)), None)
    spans = first is None or isinstance(first, str | dict | list | tuple | np.ndarray)
    spans = spans and str(first).lower() not in ("true", "false")  # BoolQ: a label, not a place in the passage
    return chosen if spans and all(known.count(c) == 1 for c in chosen.values()) else None


def is_kind(features: Any) -> bool:
    """A question, a passage, and texts with their places in it."""
    answers = features.get("answers")
    return "question" in features and "context" in features and isinstance(answers, dict) and "answer_start" in answers


def labels(features: Any) -> list[str]:
    """There are none: an answer is a place in the passage."""
    return []


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """Questions and passages as str, none of them empty, and every answer at its place."""
    if not len(frame):
        raise WorkbenchError(f"{split} has no rows", "at least one question with its passage")
    listed = any(map(is_list, frame["context"]))
    for role, what in (("question", "question"), ("context", "passage")):
        frame[role] = ["" if missing(v) else well_formed(str(_joined(v))) for v in frame[role]]
        empty = [i for i, v in enumerate(frame[role]) if not v.strip()]
        if empty:
            raise WorkbenchError(f"{len(empty)} rows of {split} have no {what} (rows {first_rows(empty)})",
                                 f"a {what} in every row", "dropping those rows")  # fmt: skip
    beside = usual([c for c in map(str, frame.columns) if c not in ("question", "context", "answers")], STARTS)
    starts = frame[beside] if beside else [None] * len(frame)
    given = zip(frame["context"], frame["answers"], starts, strict=True)
    found = [_answers(context, value, start) for context, value, start in given]
    _complain(found, split)
    said = [f"the passages of {split} are lists and were joined with spaces"] if listed else []
    frame.attrs = {"notes": said + _unsure(found, split)}  # load takes them over
    frame["answers"] = [{"text": f[0], "answer_start": f[1]} for f, _ in found]
    return frame.drop(columns=beside) if beside else frame


def _joined(value: Any) -> Any:
    """A list of texts, or of lists of them, as one text; everything else as it is."""
    return " ".join(str(_joined(v)) for v in value) if is_list(value) else value


def _answers(context: str, value: Any, start: Any = None) -> tuple[Found, str]:
    """The answers of one row with their places, and what is wrong with them: nothing, "first" (of several
    places), "mended", or words."""
    if isinstance(start, str):  # in a csv file
        start = int(start) if start.strip().isdecimal() else start.strip() or None
    entries = _entries(value, start)
    if entries is None:
        return ([], []), "answers are neither texts nor texts with places"
    texts: list[str] = []
    starts: list[int] = []
    mended, unsure = "", False
    for text, at in entries:
        text = well_formed(str(text))
        at = None if missing(at) or (isinstance(at, int | float | np.number) and at < 0) else at
        if not text.strip():
            return ([], []), "an answer is an empty text"
        if at is not None and (isinstance(at, bool) or not isinstance(at, int | float | np.number) or at != int(at)):
            return ([], []), f"the place {at!r} is not a number"
        places = _places(context, text)
        if not places:
            return ([], []), f"the answer {_short(text)} is not in the passage"
        if at is None or int(at) not in places:
            if len(places) > 1 and at is not None:
                return (
                    [],
                    [],
                ), f"the answer {_short(text)} stands elsewhere, more than once: which is meant is not said"
            unsure = unsure or len(places) > 1
            mended, at = (mended if at is None else "mended"), places[0]
        bare = text.strip()
        texts.append(bare)
        starts.append(int(at) + text.index(bare))
    return (texts, starts), mended or ("first" if unsure else "")


def _entries(value: Any, start: Any) -> list[tuple[Any, Any]] | None:
    """(text, place) of every answer in any of the usual forms; None for a form that is not known."""
    if isinstance(value, str) and value.startswith("{"):
        value = _read_back(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        texts, places = value.get("text"), next((value[k] for k in STARTS if k in value), None)
        if isinstance(texts, str):
            return [(texts, places)]
        texts = [] if texts is None else list(texts)
        places = [None] * len(texts) if places is None else list(places) if hasattr(places, "__len__") else [places]
        return list(zip(texts, places, strict=True)) if len(texts) == len(places) else None
    if isinstance(value, list | tuple):
        several = [_entries(v, None) for v in value]
        return None if None in several else [e for s in several if s for e in s]
    if missing(value) or value == "":
        return []
    return [(value, start)] if isinstance(value, str) else None


def _read_back(value: str) -> Any:
    """An object that was written into a cell, {'text': array(['Ada'], dtype=object), 'answer_start': [0]}; a text that is none."""
    try:
        found = ast.literal_eval(re.sub(r"array\((\[[^]]*\])(, dtype=\w+)?\)", r"\1", value))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value
    return found if isinstance(found, dict) and "text" in found else value


def _places(context: str, text: str) -> list[int]:
    return [m.start() for m in re.finditer(f"(?={re.escape(text)})", context)]


def _complain(found: list[tuple[Found, str]], split: str) -> None:
    """An error for rows that are wrong, a warning for those that could be mended."""
    wrong = {i: why for i, (_, why) in enumerate(found) if why not in ("", "first", "mended")}
    if wrong:
        first = next(iter(wrong))
        raise WorkbenchError(
            f"{len(wrong)} row{'' if len(wrong) == 1 else 's'} of {split} with a wrong answer (rows {first_rows(list(wrong))}; row "
            f"{first + 1}: {wrong[first]})",
            "every answer word for word at its place in the passage, or no answer", "correcting or dropping those rows",
        )  # fmt: skip
    mended = [i for i, (_, why) in enumerate(found) if why == "mended"]
    if mended:
        warnings.warn(
            f"{len(mended)} row{'' if len(mended) == 1 else 's'} of {split} had a wrong place for an answer that stands in "
            f"the passage only once (rows {first_rows(mended)}): the right place was taken.", stacklevel=2,
        )  # fmt: skip


def _unsure(found: list[tuple[Found, str]], split: str) -> list[str]:
    """A sentence on the rows where the first of several places was taken."""
    rows = [i for i, (_, why) in enumerate(found) if why == "first"]
    if not rows:
        return []
    where = f"{len(rows)} row{'' if len(rows) == 1 else 's'} of {split} (rows {first_rows(rows)})"
    return [f"the answer stands in its passage more than once in {where}: its first place was taken"]


def held_out(train: pd.DataFrame, seed: int) -> list[int]:
    """The questions of some titles, or of some passages where titles are missing: 15% or a little more, never a part of one."""
    titled = "title" in train.columns and not any(missing(t) for t in train["title"])
    for name in ["title"] * (titled and train["title"].nunique() > 1) + ["context"]:
        numbers, kinds = pd.factorize(train[name])
        if len(kinds) > 1:
            chosen: list[int] = []
            for group in np.random.default_rng(seed).permutation(len(kinds))[:-1]:
                if len(chosen) >= SHARE * len(train):
                    break
                chosen += np.flatnonzero(numbers == group).tolist()
            return sorted(chosen)
    raise WorkbenchError("one passage", "questions on several passages, to cut off a validation split")


def check(frames: dict[str, pd.DataFrame]) -> None:
    """Some training question has an answer."""
    if not any(a["text"] for a in frames["train"]["answers"]):
        raise WorkbenchError("no question of the training split has an answer", "answers in most rows")


def datasets(frames: dict[str, pd.DataFrame], names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split; columns beside the three are kept as text, and every split has the same."""
    others = [c for c in dict.fromkeys(str(c) for f in frames.values() for c in f.columns)
              if c not in ("question", "context", "answers")]  # fmt: skip
    features = {"question": hf.Value("string"), "context": hf.Value("string"), "answers": FEATURES}
    kinds = hf.Features({**features, **{c: hf.Value("string") for c in others}})
    made = {}
    for split, frame in frames.items():
        columns: dict[str, Any] = {c: list(frame[c]) for c in features}
        for c in others:
            values = frame[c] if c in frame else [None] * len(frame)
            columns[c] = [None if missing(v) else well_formed(str(v)) for v in values]
        made[split] = hf.Dataset.from_dict(columns, kinds)
    return made


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
