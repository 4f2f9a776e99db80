"""Label Studio's JSON exports: tasks with what annotators said of them -> one row per task. No files are read here.

Choices become `label`, or `labels` where some task has several; names in the text become `spans`; where several things were asked,
each has a column under its own name. A task without a completed annotation is left out; of several annotators the first is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from workbench.data.columns import TEXT, usual
from workbench.errors import WorkbenchError

ANNOTATIONS = ("annotations", "completions")  # called so before version 1
Row = dict[str, Any]


class Answers(NamedTuple):
    """What one annotator said of one task."""

    chosen: dict[str, list[str]]  # by the name of the question
    spans: list[dict[str, Any]]  # start, end, label and the text that stands there


def is_export(rows: Any) -> bool:
    """Whether these are tasks as the full export has them.

    >>> is_export([{"id": 1, "data": {"text": "Fine."}, "annotations": []}]), is_export([{"text": "Fine.", "label": "good"}])
    (True, False)
    """
    return isinstance(rows, list) and bool(rows) and all(isinstance(r, Mapping) and _is_task(r) for r in rows)


def _is_task(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("data"), dict) and any(isinstance(row.get(key), list) for key in ANNOTATIONS)


def rows(tasks: list[dict[str, Any]], name: str, notes: list[str]) -> list[Row]:
    """A row for every task that somebody has completed; what was left out is noted."""
    found: list[tuple[Row, Answers]] = []
    several, others = 0, Counter[str]()
    for task in tasks:
        done = _completed(task)
        several += len(done) > 1
        if done:
            found.append(({"id": task.get("id"), **task["data"]}, _answers(done[0], others)))
    if not found:
        raise WorkbenchError(f"{name} holds {len(tasks)} tasks of Label Studio and no completed annotation",
                             "annotations that were submitted", "labelling some tasks and exporting them as JSON again")  # fmt: skip
    if len(found) < len(tasks):
        gone = len(tasks) - len(found)
        notes.append(
            f"{_tasks(gone)} of {name} without a completed annotation {'was' if gone == 1 else 'were'} left out"
        )
    if several:
        notes.append(f"{_tasks(several)} of {name} {'has' if several == 1 else 'have'} several annotations: "
                     "the first completed one was taken")  # fmt: skip
    if others:
        some = ", ".join(f"{kind} ({n:,})" for kind, n in others.most_common(5))
        notes.append(f"of {name} these answers were not read: {some}")
    return _rows(found, name, notes, others)


def opened(rows: list[Row]) -> list[Row]:
    """Rows of the short export, where several choices are written as {"choices": [...]} and one alone, with lists in their place.

    >>> opened([{"kind": {"choices": ["a", "b"]}}, {"kind": "a"}, {}])
    [{'kind': ['a', 'b']}, {'kind': ['a']}, {'kind': []}]
    """
    several = {key for row in rows for key, value in row.items() if _is_choices(value)}
    as_list = lambda v: v["choices"] if _is_choices(v) else [] if v is None else [v]  # noqa: E731
    return [{**row, **{key: as_list(row.get(key)) for key in several}} for row in rows] if several else rows


def _is_choices(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["choices"] and isinstance(value["choices"], list)


def _tasks(number: int) -> str:
    return f"{number:,} task{'' if number == 1 else 's'}"


def _completed(task: Mapping[str, Any]) -> list[list[Any]]:
    """The results of the annotations that were submitted and not skipped."""
    given = next(task[key] for key in ANNOTATIONS if isinstance(task.get(key), list))
    done = [a for a in given if isinstance(a, Mapping) and not a.get("was_cancelled") and not a.get("skipped")]
    return [a["result"] for a in done if isinstance(a.get("result"), list)]


def _answers(result: list[Any], others: Counter[str]) -> Answers:
    chosen: dict[str, list[str]] = {}
    spans: list[dict[str, Any]] = []
    for item in result:
        value = item.get("value") if isinstance(item, Mapping) else None
        kind = str(item.get("type") or "without a type")[:40] if isinstance(item, Mapping) else "without a type"
        inside = isinstance(value, Mapping) and ("start" in value or "end" in value)
        if isinstance(value, Mapping) and not inside and (words := _words(value)):
            chosen.setdefault(str(item.get("from_name") or "label"), []).extend(words)
        elif isinstance(value, Mapping) and _is_span(value):
            place = {key: value.get(key) for key in ("start", "end", "text")}
            spans += [{**place, "label": word} for word in _texts(value["labels"])]
        else:
            others[kind] += 1
    return Answers(chosen, spans)


def _words(value: Mapping[str, Any]) -> list[str]:
    """What was chosen: of a list, of a tree (its levels with / between them), a number of stars."""
    if isinstance(value.get("rating"), int | float):
        return [str(value["rating"])]
    if isinstance(paths := value.get("taxonomy"), list):
        return ["/".join(_texts(path)) for path in paths if _texts(path)]
    return _texts(value.get("choices"))


def _texts(values: Any) -> list[str]:
    return [v for v in values if isinstance(v, str) and v.strip()] if isinstance(values, list) else []


def _is_span(value: Mapping[str, Any]) -> bool:
    """Whether a name has its type and its place in letters; in HTML and dialogues places are written otherwise."""
    return bool(_texts(value.get("labels"))) and all(type(value.get(key)) is int for key in ("start", "end"))


def _rows(found: list[tuple[Row, Answers]], name: str, notes: list[str], others: Counter[str]) -> list[Row]:
    asked = {question: 0 for _, answers in found for question in answers.chosen}
    named = any(answers.spans for _, answers in found)
    if not asked and not named:
        raise WorkbenchError(f"{name} holds neither choices nor names in texts"
                             + (f", but answers of the kind {', '.join(list(others)[:3])}" if others else ""),
                             "tasks of Label Studio with choices, or with labels in a text")  # fmt: skip
    columns = {}
    for question in asked:
        many = any(len(answers.chosen.get(question, ())) > 1 for _, answers in found)
        columns[question] = question if len(asked) > 1 else "labels" if many else "label"
    if len(asked) + named > 1:
        every = ", ".join(map(repr, [*columns.values(), *["spans"] * named]))
        notes.append(f"the tasks of {name} have several answers, in columns {every}: label= says which one is meant")
    made = []
    for data, answers in _placed(found, name, notes) if named else found:
        row = {columns[q]: answers.chosen.get(q, []) for q in asked} | ({"spans": answers.spans} if named else {})
        made.append({(f"data {key}" if key in row else key): value for key, value in data.items()} | row)
    singles = [c for q, c in columns.items() if all(len(answers.chosen.get(q, ())) < 2 for _, answers in found)]
    return _single(made, singles, name, notes, alone=len(columns) == 1 and not named)


def _single(made: list[Row], columns: list[str], name: str, notes: list[str], alone: bool) -> list[Row]:
    """One label in place of lists of one; a task without any is left out where nothing else was asked."""
    for row in made:
        row.update({column: row[column][0] if row[column] else None for column in columns})
    kept = [row for row in made if row[columns[0]] is not None] if alone and columns else made
    if len(kept) < len(made):
        gone = len(made) - len(kept)
        notes.append(f"{_tasks(gone)} of {name} with nothing chosen {'was' if gone == 1 else 'were'} left out")
    return kept


def _placed(found: list[tuple[Row, Answers]], name: str, notes: list[str]) -> list[tuple[Row, Answers]]:
    """The tasks with the text in which names stand as `text`, and with places that are those of the names."""
    field = _field(found)
    made, odd = [], 0
    for data, answers in found:
        text = data.get(field)
        places = (
            [_place(text, span) for span in answers.spans] if isinstance(text, str) else [None] * len(answers.spans)
        )
        odd += sum(place is None for place in places)
        spans = [{"start": (p or (s["start"],))[0], "end": (p or (0, s["end"]))[1], "label": s["label"]}
                 for s, p in zip(answers.spans, places, strict=True)]  # fmt: skip
        if usual(data, TEXT) != field:
            data = {("data text" if key == "text" else key): value for key, value in data.items()} | {"text": text}
        made.append((data, Answers(answers.chosen, spans)))
    if usual(found[0][0], TEXT) != field:
        notes.append(f"the names of {name} stand in {field!r}, which is also called 'text' here")
    if odd:
        notes.append(f"{odd:,} name{'' if odd == 1 else 's'} of {name} {'is' if odd == 1 else 'are'} not what stands at "
                     f"{'its' if odd == 1 else 'their'} place")  # fmt: skip
    return made


def _field(found: list[tuple[Row, Answers]]) -> str:
    """The field of the data in which most names are found."""
    fits = Counter[str]()
    for data, answers in found[:500]:
        texts = {key: value for key, value in data.items() if isinstance(value, str)}
        fits.update(dict.fromkeys(texts, 0))
        fits.update(key for key, text in texts.items() for span in answers.spans if _place(text, span) is not None)
    known = usual(fits, TEXT)
    return max(fits, key=lambda key: (fits[key], key == known), default="text")


def _place(text: str, span: Mapping[str, Any]) -> tuple[int, int] | None:
    """Where a name stands; None where it is not there. Browsers count some letters as two, and once the last letter was counted in.

    >>> _place("🙂 Ada!", {"start": 3, "end": 6, "text": "Ada"}), _place("Ada!", {"start": 0, "end": 2, "text": "Ada"})
    ((2, 5), (0, 3))
    """
    start, end, said = span["start"], span["end"], span["text"]
    if not isinstance(said, str):
        return (start, end) if 0 <= start < end <= len(text) else None
    units = text.encode("utf-16-le", "surrogatepass")
    counted = [len(units[: max(0, 2 * at)].decode("utf-16-le", "replace")) for at in (start, end)]
    ways = ((start, end), (counted[0], counted[1]), (start, end + 1))
    return next(((a, b) for a, b in ways if 0 <= a < b <= len(text) and text[a:b] == said), None)
