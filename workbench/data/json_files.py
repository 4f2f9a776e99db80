"""Files of JSON: one object per line, a list of objects, SQuAD's nested articles, Label Studio's tasks, or one list for each split."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import annotated, bioc, codes, conversations, first_line, label_studio, questions, tagged
from workbench.data.columns import TEXT, guessed, usual
from workbench.data.splits import meant, once_each

MOST_CLASSES = 200  # lists of texts by their labels


def lines(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """One object per line, every value as it is written (pandas would turn some texts into dates or numbers)."""
    rows = list(objects(path, coded))
    if label_studio.is_export(rows):
        return table(label_studio.rows(rows, path.name, notes))
    if any("qas" in row for row in rows):  # a passage and its questions in every line, as MRQA has them
        return questions.squad({"data": [{"paragraphs": [row for row in rows if "header" not in row]}]})
    if rows and (documents := bioc.documents(rows)):
        return bioc.rows(documents, path.name, notes)
    return table(_plain(rows, path.name, notes))


def _plain(rows: list[dict[str, Any]], name: str, notes: list[str]) -> list[dict[str, Any]]:
    """Rows that were written by annotation tools with plain labels, and of those with a decision the accepted ones."""
    rows = _accepted(annotated.yes_and_no(rows, name, notes), name, notes)
    return _plain_labels(rows, name, notes)


def _plain_labels(rows: list[dict[str, Any]], name: str, notes: list[str]) -> list[dict[str, Any]]:
    """The rows with plain labels; the very same list where they have them."""
    rows = annotated.pointed(annotated.spread(rows, name, notes), name, notes)
    return annotated.shared_out(annotated.chosen(label_studio.opened(rows), name, notes), name, notes)


def is_plain(rows: list[dict[str, Any]]) -> bool:
    """Whether rows are a table as they are, but for answers of Prodigy's: not tasks, articles or labels in some tool's own form.

    >>> is_plain([{"text": "a", "label": "b"}]), is_plain([{"text": "a", "cats": {"b": 1.0, "c": 0.0}}])
    (True, False)
    """
    return (
        not (label_studio.is_export(rows) or any("qas" in row for row in rows) or bioc.documents(rows))
        and _plain_labels(rows, "", []) is rows
    )


def objects(path: Path, coded: str) -> Iterator[dict[str, Any]]:
    """The object of every line that is not blank."""
    with path.open(encoding=coded) as found:
        for number, line in enumerate(found, 1):
            if line.strip():
                try:
                    yield annotated.as_row(json.loads(line))
                except (ValueError, TypeError, RecursionError) as error:
                    raise ValueError(f"line {number} is not a JSON object") from error


def whole(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """The rows of a .json file; those of a dict of splits with a column `split`."""
    text = path.read_text(coded)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data") or not text.lstrip().startswith("{"):
            raise
        rows = lines(path, coded, notes)
        notes.append(f"{path.name} holds one object per line and was read as jsonl")
        return rows
    if label_studio.is_export(found):
        return table(label_studio.rows(found, path.name, notes))
    found = _opened(found)
    if documents := bioc.documents(found):
        return bioc.rows(documents, path.name, notes)
    if isinstance(found, dict) and (rows := _of_splits(found, path.name, notes)):
        return table(rows)
    if isinstance(found, dict) and (columns := _of_columns(found)) is not None:
        return columns
    if isinstance(found, dict) and not isinstance(found.get("data"), list) and len(lists := _lists(found)) == 1:
        where, found = next(iter(lists.items()))
        notes.append(f"the rows of {path.name} are those of {where}")
    if _all_pairs(found):
        found = _pairs({"": found})[""]
    if isinstance(found, dict) and (rows := _of_classes(found, path.name, notes)):
        return table(rows)
    if isinstance(found, list) and all(isinstance(row, dict) or annotated.is_pair(row) for row in found):
        found = _plain(list(map(annotated.as_row, found)), path.name, notes)
    rows = questions.squad(found)
    notes += conversations.said(rows, found, path.name)
    return rows


def _opened(found: Any) -> Any:
    """The rows in what the Hub's viewer answers, and spaCy's pairs in what NER Annotator saves; everything else as it is.

    >>> _opened({"rows": [{"row_idx": 0, "row": {"text": "a"}}]}), _opened({"classes": ["A"], "annotations": [["a", {"entities": []}], None]})
    ([{'text': 'a'}], [['a', {'entities': []}]])
    """
    if not isinstance(found, dict):
        return found
    rows, pairs = found.get("rows"), found.get("annotations")
    if (
        isinstance(rows, list)
        and rows
        and all(isinstance(r, dict) and isinstance(r.get("row"), dict) and "row_idx" in r for r in rows)
    ):
        return [r["row"] for r in rows]
    if isinstance(pairs, list) and any(pairs) and all(annotated.is_pair(p) for p in pairs if p) and "classes" in found:
        return [p for p in pairs if p]
    return found


def _of_columns(found: dict[str, Any]) -> pd.DataFrame | None:
    """A table that pandas wrote column by column, or as names of columns and rows; None where it is built otherwise."""
    names, data = found.get("columns"), found.get("data")
    if (
        isinstance(names, list)
        and isinstance(data, list)
        and all(isinstance(r, list) and len(r) == len(names) for r in data)
    ):
        return pd.DataFrame(data, columns=list(map(str, names)), dtype=object)
    columns = list(found.values())
    if len(columns) < 2 or len({len(c) if isinstance(c, list | dict) else -1 for c in columns}) > 1 or not columns[0]:
        return None
    if all(isinstance(c, dict) and list(c) == list(columns[0]) for c in columns) and "0" in columns[0]:
        return pd.DataFrame({key: list(column.values()) for key, column in found.items()}, dtype=object)
    plain = all(isinstance(c, list) and not any(isinstance(v, dict) for v in c) for c in columns)
    return (
        pd.DataFrame(found, dtype=object)
        if plain and usual(found, (*TEXT, *questions.QUESTION, *tagged.TOKENS))
        else None
    )


def _lists(found: dict[str, Any], above: str = "", depth: int = 3) -> dict[str, list[Any]]:
    """The lists of objects in an object, by the way to them."""
    made: dict[str, list[Any]] = {}
    for key, value in found.items():
        if isinstance(value, list) and len(value) > 1 and all(isinstance(row, dict) for row in value):
            made[f"{above}{key!r}"] = value
        elif isinstance(value, dict) and depth:
            made |= _lists(value, f"{above}{key!r}, ", depth - 1)
    return made


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A column for every key that occurs."""
    return pd.DataFrame({k: pd.Series([r.get(k) for r in rows], dtype=object) for k in {k: 0 for r in rows for k in r}})


def _of_splits(found: dict[str, Any], name: str, notes: list[str]) -> list[dict[str, Any]]:
    """The rows of {"train": [...], "test": [...]}, objects or pairs of a text and its label; none where it is built otherwise."""
    kinds = {key: kind for key, kind in meant(found).items() if isinstance(found[key], list) and found[key]}
    items = [item for key in kinds for item in found[key]]
    if "train" not in kinds.values():
        return []
    if all(isinstance(item, dict) and "split" not in item and "paragraphs" not in item for item in items):
        rows = {key: [dict(item) for item in found[key]] for key in kinds}
    elif _all_pairs(items):
        rows = _pairs({key: found[key] for key in kinds})
    else:
        return []
    once_each(kinds, name)
    others = [key for key in found if key not in kinds]
    notes += [f"beside the splits of {name} these were left out: {', '.join(others[:5])}"] if others else []
    return [{**row, "split": kinds[key]} for key in kinds for row in rows[key]]


def _all_pairs(items: Any) -> bool:
    """Whether these are pairs of texts."""
    return isinstance(items, list) and all(
        isinstance(i, list) and len(i) == 2 and all(isinstance(v, str) for v in i) for i in items
    )


def _of_classes(found: dict[str, Any], name: str, notes: list[str]) -> list[dict[str, Any]]:
    """The rows of {"0": {...}, "1": {...}}, or of lists of texts by their labels; none where it is built otherwise."""
    values = list(found.values())
    objects = len(values) > 3 and all(isinstance(v, dict) for v in values) and not meant(found)
    if objects and (all(map(str.isdigit, found)) or all(len(v) > 1 and list(v) == list(values[0]) for v in values)):
        return values
    lists = all(isinstance(v, list) and v and all(isinstance(t, str) and t.strip() for t in v) for v in values)
    named = any(key.lower() in first_line.NAMING or codes.language(key) for key in found)  # these are columns
    if (
        named
        or not 2 <= len(values) <= MOST_CLASSES
        or not lists
        or meant(found)
        or len(values) == sum(map(len, values))
    ):
        return []
    notes.append(f"the labels of {name} are the names of its lists: {', '.join(list(found)[:5])}")
    return [{"text": text, "label": label} for label, texts in found.items() for text in texts]


def _pairs(found: dict[str, list[list[str]]]) -> dict[str, list[dict[str, str]]]:
    """Pairs as objects: the text comes first, unless the values say the contrary."""
    some = pd.DataFrame([pair for pairs in found.values() for pair in pairs], columns=["first", "second"])
    names = ("label", "text") if guessed(some, None, None)[0] == "second" else ("text", "label")
    return {key: [dict(zip(names, pair, strict=True)) for pair in pairs] for key, pairs in found.items()}


def _accepted(rows: list[dict[str, Any]], name: str, notes: list[str]) -> list[dict[str, Any]]:
    """The rows that an annotator accepted, where every row says so."""
    gone = rejected(rows)
    notes += left_out(gone, name)
    return rows if gone is None else list(accepted(rows))


def rejected(rows: Iterable[dict[str, Any]]) -> int | None:
    """How many rows were not accepted, where every one says accept, reject or ignore, as Prodigy's do, and some accept; else None.
    Beside a question that word is an answer."""
    count = kept = 0
    for count, row in enumerate(rows, 1):
        answer = row.get("answer")
        if not isinstance(answer, str) or answer not in annotated.ANSWERS or (count == 1 and "question" in row):
            return None
        kept += answer == "accept"
    return count - kept if kept else None


def accepted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows that were accepted, without that word."""
    return ({k: v for k, v in row.items() if k != "answer"} for row in rows if row["answer"] == "accept")


def left_out(gone: int | None, name: str) -> list[str]:
    """A sentence on rows that were not accepted."""
    if not gone:
        return []
    rows = f"{gone} row{'' if gone == 1 else 's'}"
    return [f"{rows} of {name} whose answer is reject or ignore were left out"]


def decided(path: Path, coded: str, notes: list[str]) -> Iterator[dict[str, Any]]:
    """The objects of a large file, one per line; where every line says whether it was accepted, which takes passes of their own, those
    that were, or where all ask for the same label, all that were decided."""
    label = annotated.asked(objects(path, coded))
    notes += [] if label is None else [annotated.asked_said(label, path.name)]
    every = lambda: objects(path, coded) if label is None else annotated.turned(objects(path, coded), label)  # noqa: E731
    gone = rejected(every())
    notes += left_out(gone, path.name)
    yield from every() if gone is None else accepted(every())
