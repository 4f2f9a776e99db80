"""Rows as spaCy and Prodigy write them: pairs of a text and its names, shares of categories, chosen options, yes and no to one label.

They become rows with `text` and `label`, `labels` or `entities`. No files are read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Row = dict[str, Any]
ANSWERS = ("accept", "reject", "ignore")  # what Prodigy's `answer` says of a row
NOTES = ("entities", "cats", "spans")  # what spaCy's training data say of a text


def as_row(found: Any) -> Row:
    """An object as it is, and spaCy's ["Ada left.", {"entities": [[0, 3, "PER"]]}] as one; TypeError for anything else."""
    if isinstance(found, Mapping):
        return dict(found)
    if is_pair(found):
        return {"text": found[0], **found[1]}
    raise TypeError("it is no object")


def is_pair(found: Any) -> bool:
    """Whether this is a text with what spaCy's training data say of it.

    >>> is_pair(["Ada left.", {"entities": []}]), is_pair(["a", "b"])
    (True, False)
    """
    pair = isinstance(found, list) and len(found) == 2 and isinstance(found[0], str) and isinstance(found[1], Mapping)
    return pair and any(key in found[1] for key in NOTES)


def shared_out(rows: list[Row], name: str, notes: list[str]) -> list[Row]:
    """spaCy's `cats`, {"good": 1.0, "bad": 0.0}, as one label in every row or as lists of labels; other rows as they are."""
    if not rows or not all(_is_shares(row.get("cats")) for row in rows) or any(row.get("entities") for row in rows):
        return rows
    notes.append(f"of {name} the categories with 0.5 and more became the labels")
    on = [[key for key, share in row["cats"].items() if share >= 0.5] for row in rows]
    return _labelled(rows, on, ("cats", "entities"))


def _is_shares(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(v, int | float) for v in value.values())


def chosen(rows: list[Row], name: str, notes: list[str]) -> list[Row]:
    """Prodigy's `accept`, the options that were chosen, as one label in every row or as lists of labels; other rows as they are."""
    if not rows or not all(isinstance(r.get("accept"), list) and isinstance(r.get("options"), list) for r in rows):
        return rows
    options = {
        str(o.get("id")): str(o.get("text") or o.get("id"))
        for r in rows
        for o in r["options"]
        if isinstance(o, Mapping)
    }
    notes.append(f"of {name} the options that were chosen became the labels")
    on = [[options.get(str(key), str(key)) for key in row["accept"]] for row in rows]
    several = any(
        row.get("config", {}).get("choice_style") == "multiple"
        for row in rows
        if isinstance(row.get("config", {}), Mapping)
    )
    return _labelled(rows, on, ("accept", "options", "config"), several)


def pointed(rows: list[Row], name: str, notes: list[str]) -> list[Row]:
    """Dataturks' annotations, whose last letter is counted in, as lists of [start, end, type]; other rows as they are.

    >>> point = {"label": ["Name"], "points": [{"start": 0, "end": 2, "text": "Ada"}]}
    >>> pointed([{"content": "Ada left.", "annotation": [point], "extras": None}], "resumes.json", [])
    [{'text': 'Ada left.', 'entities': [[0, 3, 'Name']]}]
    """
    if not rows or not all(isinstance(r.get("content"), str) and _are_points(r.get("annotation")) for r in rows):
        return rows
    if not any(r.get("annotation") for r in rows):
        return rows
    notes.append(f"the names of {name} are those of 'annotation', whose last letter is counted in")
    return [{"text": r["content"], "entities": [_stripped(r["content"], p["start"], p["end"] + 1, mark["label"][0])
             for mark in r.get("annotation") or () if mark["label"] for p in mark["points"]]} for r in rows]  # fmt: skip


def _are_points(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(isinstance(m, Mapping) and isinstance(m.get("points"), list) and isinstance(m.get("label"), list)
                                           for m in value)  # fmt: skip


def _stripped(text: str, start: int, end: int, kind: str) -> list[Any]:
    """A place without the spaces that were marked with it."""
    inside = text[start:end]
    return [start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip()), kind]


def spread(rows: list[Row], name: str, notes: list[str]) -> list[Row]:
    """Intents with the lists of what is said for each, as chatbots have them, as a row per text; other rows as they are.

    >>> spread([{"tag": "greet", "patterns": ["Hi", "Hello"], "responses": ["Hi!"]}], "intents.json", [])
    [{'text': 'Hi', 'label': 'greet'}, {'text': 'Hello', 'label': 'greet'}]
    """
    first = rows[0] if rows else {}
    intent = next((key for key in ("tag", "intent") if isinstance(first.get(key), str)), "")
    said = next((key for key in ("patterns", "examples", "utterances") if isinstance(first.get(key), list)), "")
    if not intent or not said or not all(isinstance(r.get(intent), str) and _texts(r.get(said)) for r in rows):
        return rows
    notes.append(f"the texts of {name} are those of {said!r}, each with its {intent!r} as label")
    return [{"text": text, "label": row[intent]} for row in rows for text in row[said]]


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(v, str) for v in values)


def yes_and_no(rows: list[Row], name: str, notes: list[str]) -> list[Row]:
    """Rows that all ask for the same label, with Prodigy's answers accept and reject, as two classes; other rows as they are.

    >>> rows = [{"text": "a", "label": "SPORT", "answer": "accept"}, {"text": "b", "label": "SPORT", "answer": "reject"}]
    >>> [row["label"] for row in yes_and_no(rows, "mine.jsonl", [])]
    ['SPORT', 'not SPORT']
    """
    label = asked(rows)
    if label is None:
        return rows
    notes.append(asked_said(label, name))
    return list(turned(rows, label))


def asked(rows: Iterable[Row]) -> str | None:
    """The label that every row asks for, where Prodigy's answers accept and reject both occur; None for other rows, which are not
    read further than the first that tells."""
    label, answers = None, set()
    for row in rows:
        here, answer = row.get("label"), row.get("answer")
        if not isinstance(here, str) or label not in (None, here) or "spans" in row or answer not in ANSWERS:
            return None
        label = here
        answers.add(answer)
    return label if {"accept", "reject"} <= answers else None


def asked_said(label: str, name: str) -> str:
    """A sentence on what became of the answers."""
    return f"of {name} texts for which {label!r} was rejected are labelled {'not ' + label!r}"


def turned(rows: Iterable[Row], label: str) -> Iterator[Row]:
    """The rows that ask for this label as accepted ones of two classes; those with another answer as they are."""
    named = {"accept": label, "reject": f"not {label}"}
    return (
        {**row, "label": named[row["answer"]], "answer": "accept"} if row.get("answer") in named else row
        for row in rows
    )


def _labelled(rows: list[Row], on: list[list[str]], gone: tuple[str, ...], several: bool = False) -> list[Row]:
    """The rows with these labels: one in every row where no row has more; rows with none are left out then."""
    several = several or any(len(some) > 1 for some in on)
    kept = [({k: v for k, v in row.items() if k not in gone}, some) for row, some in zip(rows, on, strict=True)]
    if several:
        return [{**row, "labels": some} for row, some in kept]
    return [{**row, "label": some[0]} for row, some in kept if some]
