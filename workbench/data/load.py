"""`load`: a bundled name, "hub:owner/name", a file, a DataFrame or a DatasetDict -> canonical `Data`. No training here.

The columns say which task the data is for. A kind of data is a module that knows its canonical columns:

    labelled    text (str), label (ClassLabel)                          classification
    multilabel  text (str), labels (list of ClassLabel)                  multi-label
    tagged      tokens (list of str), tags (list of ClassLabel, IOB2)    tagging
    questions   question (str), context (str), answers (SQuAD's lists)   answering
    parallel    source (str), target (str)                              translation
    unlabelled  text (str) alone                                        language-modeling

Other columns are kept as they are. Splits are `train`, `validation` and, where there is one, `test`; a missing validation
split is cut off the training split, by group where a column says which rows belong together. What had to be guessed or is
doubtful stands in `Data.notes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench.catalog import existing
from workbench.config import BY_HAND
from workbench.data import (
    checks,
    foreign,
    groups,
    indicators,
    label_names,
    labelled,
    multilabel,
    parallel,
    questions,
    shaped,
    splits,
    stream,
    tagged,
    twins,
    unlabelled,
)
from workbench.data.columns import renamed, roles_said
from workbench.data.read import tables
from workbench.data.splits import Tables
from workbench.data.unreadable import READ_ERRORS, unreadable
from workbench.errors import WorkbenchError, visible, whole

KINDS: tuple[Any, ...] = (
    tagged,
    questions,
    parallel,
    unlabelled,
    multilabel,
    labelled,
)  # the first whose columns are there is it; the last one says what is missing


class Data(hf.DatasetDict):
    """A DatasetDict that knows its name, its labels and the task it is for."""

    name: str = BY_HAND
    title: str = ""  # for readers, where the name does not say what it is: "reviews + 128 copies (swap)"
    changes: Any = None  # of a fixed copy: a frame of what was changed (see audit.fixed)
    notes: tuple[str, ...] = ()  # sentences on what was guessed while loading, and on what is doubtful about the splits

    def __repr__(self) -> str:
        return "\n".join([*(f"Note: {visible(n)}." for n in self.notes), super().__repr__()])

    @property
    def kind(self) -> Any:
        """The module that knows what these columns mean."""
        return kind_of(self)

    @property
    def task(self) -> str:
        """The task it is for, by its columns."""
        return str(self.kind.TASK)

    @property
    def labels(self) -> list[str]:
        """The label names, in the order of their ids."""
        return list(self.kind.labels(self["train"].features))

    def frame(self) -> pd.DataFrame:
        """All splits as one table with a column `split`, labels by their names: to be changed and given to `load` again."""
        parts = []
        for split in self:
            rows = self[split].to_pandas()
            if "label" in rows and self.task == "classification":
                rows["label"] = [self.labels[i] for i in rows["label"]]
            if self.task in ("multi-label", "tagging"):
                column = self.kind.FINGERPRINT[1]
                rows[column] = [[self.labels[i] for i in some] for some in rows[column]]
            parts.append(rows.assign(split=split))
        return pd.concat(parts, ignore_index=True)

    def unlabelled(self) -> Data:
        """Its texts alone, split by split: what a language model can learn from before the labels are looked at.

        Data that never had labels is itself and keeps its name, so that its runs can be found and resumed by it.
        """
        if self.task == "language-modeling":
            return self
        if "text" not in self["train"].column_names:
            raise WorkbenchError(f"data for {self.task} has no column of texts", "labelled texts", "wb.load('reviews')")
        return Data({split: self[split].select_columns("text") for split in self})

    @property
    def called(self) -> str:
        """What a table calls it."""
        return self.title or self.name

    @property
    def is_named(self) -> bool:
        """Whether `load(self.name)` gives the same data again (needed to resume a run after a restart)."""
        return self.name != BY_HAND


def load(
    source: Any,
    *,
    text: str | int | None = None,
    label: str | int | list[str] | None = None,
    group: str | int | None = None,
    seed: int = 0,
) -> Data:
    """Canonical data from `source`: a bundled name, "hub:owner/name" (or "hub:owner/name/config"), a file, a folder of splits or of
    classes, a DataFrame (named levels of its index are columns too), a DatasetDict; also rows (a list of dicts), columns (a dict of
    lists), a dict of tables by their splits, texts (a list, a Series), or a table of pyarrow or polars.

    `text` and `label` name the columns where the usual names do not fit (`label` may be a list of columns of 0 and 1, one per label),
    `group` the one whose values must not be torn apart when a validation split is cut off, and `seed` says which rows or groups that
    are; columns that are numbers are named by numbers. `notes` of the result say what was guessed. Raises WorkbenchError with row numbers.

    >>> load("reviews")["train"].features["label"].names
    ['negative', 'positive']
    """
    if isinstance(source, Data):
        if missing := [s for s in ("train", "validation") if not len(source.get(s, ()))]:
            raise WorkbenchError(f"loaded data without rows in {' and '.join(missing)}", "both of train and validation",
                                 "wb.load(...) of the source again")  # fmt: skip
        if text is None and label is None and group is None:
            return source
    whole("seed", seed, most=2**32 - 1)
    text, group = (None if name is None else str(name) for name in (text, group))
    label = [str(name) for name in label] if isinstance(label, list | tuple) else None if label is None else str(label)
    notes: list[str] = []
    one = None if isinstance(label, list | tuple) else label
    if one is label and (large := _large(source, text, one, group, seed, notes)) is not None:
        return large
    found, name, names = tables(source, text, one, notes)
    if (text, label, group) != (None, None, None):
        name = BY_HAND  # a name alone would not find them again
    foreign.refuse(found["train"], text, label)
    found = shaped.sentences(found, text, one, notes)
    found, names, label = _one_column(found, names, text, label, notes)
    kind = next(k for k in KINDS if k.columns(found["train"], text, label))
    columns = kind.columns(found["train"], text, label)
    notes += roles_said(kind.TASK, columns, text, label)
    found = {split: _each_once(table, notes if split == "train" else []) for split, table in found.items()}
    notes += twins.of(found["train"], columns) if kind is labelled else []
    found = splits.judged(found, kind, columns, (text, label), notes)
    found = {split: _with_roles(kind, table, split, text, label, columns) for split, table in found.items()}
    found = kind.mended(found, notes) if hasattr(kind, "mended") else found
    frames = {split: kind.canonical(table, split, names) for split, table in found.items()}
    place = existing(source) if isinstance(source, str | Path) and names is None else None
    if place is not None and kind in (labelled, multilabel):
        frames = label_names.given(frames, kind.FINGERPRINT[1], place, notes)
    for frame in frames.values():
        notes += frame.attrs.pop("notes", []) if kind is questions else []
    name = BY_HAND if seed and "validation" not in frames else name  # the name alone would cut off other rows
    frames = _split(kind, frames, seed, group, notes)
    kind.check(frames)
    data = Data(kind.datasets(frames, names))
    data.name = name
    data.notes = (*notes, *checks.shared(kind, frames))
    return data


def _each_once(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """A table without columns whose name another one has, as after `pd.concat(..., axis=1)`; of those with a role there is one."""
    twice = table.columns.duplicated()
    if twice.any():
        names = ", ".join(dict.fromkeys(map(str, table.columns[twice])))
        notes.append(f"of several columns called {names} the first was taken")
    return table.loc[:, ~twice]


def _one_column(
    found: Tables, names: list[str] | None, text: str | None, label: Any, notes: list[str]
) -> tuple[Tables, list[str] | None, str | None]:
    """The tables, the names of numbered labels and the label column, after columns of 0 and 1 became one where that is asked for or
    where nothing else is there."""
    listed = isinstance(label, list | tuple)
    if not listed and (label is not None or any(k.columns(found["train"], text, None) for k in KINDS[:-1])):
        return found, names, label
    found, column = indicators.gathered(found, text, label, notes)
    return found, None if column else names, column


_streamed: dict[tuple[Any, ...], Data] = {}  # a large file is converted once per process


def _large(
    source: Any, text: str | None, label: str | None, group: str | None, seed: int, notes: list[str]
) -> Data | None:
    """A large file as data that stay on disk; None for everything else."""
    path = existing(source) if isinstance(source, str | Path) else None
    if path is None or not path.is_file() or path.stat().st_size < stream.LARGE:
        return None
    key = (str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns, text, label, group, seed)
    if key not in _streamed:
        try:
            found = stream.streamed(path, text, label, group, seed, notes)
        except READ_ERRORS as error:
            raise unreadable(path, error) from error
        if found is None:
            return None
        _streamed[key] = Data(found)
        _streamed[key].name = str(path) if (text, label, group, seed) == (None, None, None, 0) else BY_HAND
        _streamed[key].notes = tuple(notes)
    return _streamed[key]


def _with_roles(
    kind: Any, table: pd.DataFrame, split: str, text: str | None, label: str | None, known: dict[str, str]
) -> pd.DataFrame:
    """The table with the kind's columns under their canonical names: those of training, where they are here too."""
    same = known if set(known.values()) <= set(map(str, table.columns)) else None
    try:
        chosen = same or kind.columns(table, text, label)
    except WorkbenchError as error:
        raise WorkbenchError(f"{split}: {error.found}", error.expected, error.try_) from error
    if chosen is None:
        raise WorkbenchError(f"no {kind.ROWS} in {split} (columns: {', '.join(map(str, table.columns))})",
                             f"{kind.ROW} in every row, as in train")  # fmt: skip
    return renamed(table, chosen)


def _split(kind: Any, frames: Tables, seed: int, group: str | None, notes: list[str]) -> Tables:
    """With a validation split: where there is none, the kind says which training rows become it."""
    frames = dict(frames)
    if "validation" not in frames:
        train = frames["train"]
        if len(train) < 4:
            raise WorkbenchError(f"{len(train)} training rows", "at least 4, to cut off a validation split")
        chosen = _by_group(kind, train, seed, group, notes) or kind.held_out(train, seed)
        frames["validation"] = train.loc[chosen].reset_index(drop=True)
        frames["train"] = train.drop(index=chosen).reset_index(drop=True)
    order = ("train", "validation", "test")
    return {split: frames[split] for split in order if split in frames}


def _by_group(kind: Any, train: pd.DataFrame, seed: int, group: str | None, notes: list[str]) -> list[int]:
    """Rows of whole groups, where there is a column of groups; empty where there is none or it allows no such cut."""
    column = groups.column(train, group)
    if column is None:
        return []
    rows: Any = getattr(kind, "row_labels", None)
    labels = rows(train) if rows else [set()] * len(train)
    chosen = groups.held_out(list(train[column]), labels, seed)
    if chosen:
        notes.append(f"validation was cut off by {column!r}: no value of it is on both sides")
    elif group is not None:
        raise WorkbenchError(f"no cut by {group!r} leaves every label in training", "groups that share their labels",
                             "leaving group out")  # fmt: skip
    else:
        notes.append(f"validation was cut off by rows, not by {column!r}: no cut by it leaves every label in training")
    return chosen


def kind_of(data: hf.DatasetDict) -> Any:
    """The kind of canonical data."""
    features = data["train"].features
    return next(k for k in reversed(KINDS) if k.is_kind(features))


def fingerprint(data: hf.DatasetDict) -> str:
    """Sixteen hex digits that change when any text, label or name of a label changes."""
    kind = kind_of(data)
    names = kind.labels(data["train"].features) or None
    digest = hashlib.sha256(repr(names).encode("utf-8", "backslashreplace"))
    for split in sorted(data):
        for column in kind.FINGERPRINT:
            for piece in _written(split, column, data[split]):
                digest.update(piece.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]


def _written(split: str, column: str, rows: hf.Dataset, size: int = 10_000) -> Iterator[str]:
    """`repr((split, column, all values))` in pieces: a large column need not be in memory at once."""
    yield f"({split!r}, {column!r}, ["
    for start in range(0, len(rows), size):
        some = rows[start : start + size][column]
        yield (", " if start else "") + ", ".join(map(repr, some))
    yield "])"
