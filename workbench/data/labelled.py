"""One text and one label per row: `text` (str) and `label` (ClassLabel). No files are found here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import datasets as hf
import pandas as pd
import pyarrow as pa

from workbench.data import cells
from workbench.data.checks import plain
from workbench.data.columns import LABEL, TEXT, column, guessed, undecided, usual
from workbench.data.splits import Tables
from workbench.data.text import first_rows, missing, well_formed
from workbench.errors import WorkbenchError

TASK = "classification"
ROWS, ROW = "texts", "a text and its label"
FINGERPRINT = ("text", "label")

NOTHING = ("-", "--", "?", "n/a", "nan", "null")  # what may stand where there is no label
MANY = 20  # different numbers from which they are no classes
_NUMBER = re.compile(r"-?\d*\.?\d+(?:[eE][-+]?\d+)?")


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> dict[str, str]:
    """Which columns hold the texts and the labels: those that are named, those with the usual names, else those whose values look
    like it; an error that lists the columns where none does."""
    known = [str(c) for c in frame.columns]
    text, label = guessed(frame, text or usual(known, TEXT), label or usual(known, LABEL))
    if label is None and text in known and known.count(text) == 1 and len(frame):
        raise undecided(frame, text)
    return {"text": column(frame, text, TEXT, "text"), "label": column(frame, label, LABEL, "label")}


def is_kind(features: Any) -> bool:
    """One ClassLabel per row, whatever else is in its other columns."""
    return isinstance(features.get("label"), hf.ClassLabel)


def labels(features: Any) -> list[str]:
    """The label names, in the order of their ids."""
    return list(features["label"].names)


def mended(tables: Tables, notes: list[str]) -> Tables:
    """The tables of all splits with plain texts and labels; what had to be changed for that is noted."""
    made = as_text(tables, notes)
    texts = made["train"]["text"]
    if len(texts) >= MANY and (different := len(set(map(str, texts)))) <= len(texts) / 4:
        notes.append(
            f"column {cells.called(made['train'], 'text')!r} was read as text and holds {different} different ones in {len(texts):,} rows"
        )
    notes += said(cells.spoken(v) for table in tables.values() for v in table["label"])
    return made


def as_text(tables: Tables, notes: list[str], whole: bool = True) -> Tables:
    """The same without a word on the labels. `whole` says that the tables are no later part of a file."""
    tables = cells.labels(cells.texts(tables, notes))
    train = tables["train"]
    if whole:
        refuse_many(train["label"], cells.called(train, "label"))
    return tables


def said(values: Iterable[Any]) -> list[str]:
    """Sentences on labels as they are written: on spaces around them, on such as differ by capitals, on commas in them."""
    given = [v for v in values if isinstance(v, str)]
    nothing = next((v.strip() for v in given if v.strip().lower() in NOTHING), None)
    commas = next((v.strip() for v in given if "," in v), None)
    return [
        *cells.alike(given),
        *(
            [
                f"label {nothing!r} was read as a class like the others: where it says that there is none, leave those rows out"
            ]
            if nothing
            else []
        ),
        *_several(given),
        *([f"labels hold commas and were read as one label each (as {commas!r})"] if commas else []),
    ]


def _several(given: list[str]) -> list[str]:
    """A sentence on labels that are others with spaces between them, as arXiv writes several.

    >>> len(_several(["cs.CL", "math.CO", "cs.CL math.CO"])), _several(["very good", "good", "very bad", "bad"])
    (1, [])
    """
    kinds = {v.strip() for v in given}
    alone = {v for v in kinds if len(v.split()) == 1}
    joined = [v for v in kinds if len(v.split()) > 1]
    if not joined or not all(set(v.split()) <= alone for v in joined):
        return []
    return [f"label {min(joined)!r} was read as one class, though each of its words is one: for several labels per text, make lists of them, "
            "frame.assign(labels=frame['label'].str.split())"]  # fmt: skip


def refuse_many(values: Iterable[Any], name: str) -> None:
    """An error where values are no classes: measured numbers, or texts of which nearly each occurs once."""
    given = [_name(v) for v in values if not missing(v)]
    kinds = set(given)
    if len(kinds) > MANY and all(map(_NUMBER.fullmatch, kinds)) and any("." in v for v in kinds):
        measured = max(
            (v for v in given if "." in v), key=lambda v: not float(v).is_integer()
        )  # the first with decimals that count
        raise WorkbenchError(f"column {name!r} holds {len(kinds)} different numbers with decimals (such as {measured})",
                             "a few classes, each in many rows", f"frame.assign(label=pd.cut(frame[{name!r}].astype(float), 3, "
                             "labels=['low', 'middle', 'high']).astype(str))")  # fmt: skip
    if len(given) > 2 * MANY and len(kinds) > len(given) / 2:
        raise WorkbenchError(f"column {name!r} holds {len(kinds)} different labels in {len(given)} rows",
                             "a few classes, each in many rows", "wb.load(..., label='...') with the column of the classes")  # fmt: skip


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """Texts and labels as str, none of them empty."""
    if not len(frame):
        raise WorkbenchError(f"{split} has no rows", "at least one text with its label")
    bad = cells.without(frame, "label")
    if bad:
        raise WorkbenchError(f"{len(bad)} rows of {split} have no label (rows {first_rows(bad)})", "a label in every row",
                             cells.dropping(frame, "label"))  # fmt: skip
    cells.write_texts(frame, split)
    frame["label"] = [_name(v) for v in frame["label"]]
    return frame


def _name(value: Any) -> str:
    """A label as it is written; whole numbers stay whole."""
    value = int(value) if isinstance(value, float) and value.is_integer() else cells.spoken(value)
    return well_formed(str(value)).strip()


def row_labels(frame: pd.DataFrame) -> list[set[str]]:
    """The label of every row."""
    return [{v} for v in frame["label"]]


def held_out(train: pd.DataFrame, seed: int) -> list[int]:
    """15% of the rows with each label; rows whose text stays in training stay with it, as far as a row is left."""
    share = train.groupby("label", group_keys=False).sample(frac=0.15, random_state=seed)
    if share.empty:  # few texts of every class: one text of each class that has another
        repeated = train[train.duplicated("label", keep=False)]
        share = repeated.groupby("label", group_keys=False).sample(n=1, random_state=seed)
    if share.empty:
        raise WorkbenchError("one text per label", "several texts of each label, to cut off a validation split")
    texts = train["text"].map(plain)
    staying = set(texts.drop(index=share.index))
    apart = [int(i) for i in share.index if texts[i] not in staying]
    return apart or list(share.index)


def check(frames: Tables) -> None:
    """At least two labels in training, and no other ones elsewhere."""
    labels = set(frames["train"]["label"])
    if len(labels) < 2:
        raise WorkbenchError(f"one class only ({next(iter(labels), 'none')!r}) in the training split",
                             "texts of at least two classes")  # fmt: skip
    for split, frame in frames.items():
        unknown = set(frame["label"]) - labels
        if unknown:
            raise WorkbenchError(f"labels in {split} that training never shows: {', '.join(sorted(unknown)[:5])}",
                                 "the same labels in every split")  # fmt: skip


def datasets(frames: Tables, names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split, with the same ClassLabel in all of them."""
    classes = hf.ClassLabel(names=names or _in_order({v for f in frames.values() for v in f["label"]}))
    return {split: _dataset(frame, classes) for split, frame in frames.items()}


def _in_order(labels: set[str]) -> list[str]:
    """Numbers by size, names by the alphabet."""
    try:
        return sorted(labels, key=lambda v: (float(v), v))
    except ValueError:
        return sorted(labels)


def _dataset(frame: pd.DataFrame, classes: hf.ClassLabel) -> hf.Dataset:
    frame = frame.assign(label=[classes.str2int(v) for v in frame["label"]])
    odd = [c for c in frame.columns if c not in ("text", "label") and not _storable(frame[[c]])]
    frame = frame.assign(**{c: [None if missing(v) else well_formed(str(v)) for v in frame[c]] for c in odd})
    features = hf.Features.from_arrow_schema(pa.Schema.from_pandas(frame, preserve_index=False))
    return hf.Dataset.from_pandas(frame, hf.Features({**features, "label": classes}), preserve_index=False)


def _storable(column: pd.DataFrame) -> bool:
    """Whether datasets can keep a column as it is: no mixed types, no lone surrogates, a type that Arrow knows."""
    try:
        hf.Features.from_arrow_schema(pa.Schema.from_pandas(column, preserve_index=False))
        return True
    except (pa.ArrowException, UnicodeEncodeError, ValueError, TypeError):
        return False
