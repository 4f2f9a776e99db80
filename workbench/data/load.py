"""`load`: a bundled name, "hub:owner/name", a file, a DataFrame or a DatasetDict -> canonical `Data`. No training here.

The columns say which task the data is for. A kind of data is a module that knows its canonical columns:

    labelled    text (str), label (ClassLabel)                          classification
    tagged      tokens (list of str), tags (list of ClassLabel, IOB2)    tagging
    questions   question (str), context (str), answers (SQuAD's lists)   answering
    parallel    source (str), target (str)                              translation
    unlabelled  text (str) alone                                        language-modeling

Other columns are kept as they are. Splits are `train`, `validation` and, where there is one, `test`; a missing validation
split is cut off the training split.
"""

from __future__ import annotations

import hashlib
from typing import Any

import datasets as hf
import pandas as pd

from workbench.config import BY_HAND
from workbench.data import labelled, parallel, questions, tagged, unlabelled
from workbench.data.columns import renamed
from workbench.data.read import Tables, tables
from workbench.errors import WorkbenchError

KINDS: tuple[Any, ...] = (
    tagged,
    questions,
    parallel,
    unlabelled,
    labelled,
)  # the first whose columns are there is it; the last one says what is missing


class Data(hf.DatasetDict):
    """A DatasetDict that knows its name, its labels and the task it is for."""

    name: str = BY_HAND

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

    def unlabelled(self) -> Data:
        """Its texts alone, split by split: what a language model can learn from before the labels are looked at."""
        if "text" not in self["train"].column_names:
            raise WorkbenchError(f"data for {self.task} has no column of texts", "labelled texts", "wb.load('reviews')")
        return Data({split: self[split].select_columns("text") for split in self})

    @property
    def is_named(self) -> bool:
        """Whether `load(self.name)` gives the same data again (needed to resume a run after a restart)."""
        return self.name != BY_HAND


def load(source: Any, *, text: str | None = None, label: str | None = None, seed: int = 0) -> Data:
    """Canonical data from `source`; `text` and `label` name the columns where the usual names do not fit.

    >>> load("reviews")["train"].features["label"].names
    ['negative', 'positive']
    """
    if isinstance(source, Data) and text is None and label is None:
        return source
    found, name, names = tables(source, text, label)
    kind = next(k for k in KINDS if k.columns(found["train"], text, label))
    frames = {split: kind.canonical(_with_roles(kind, table, split, text, label), split, names)
              for split, table in found.items()}  # fmt: skip
    frames = _split(kind, frames, seed)
    kind.check(frames)
    data = Data(kind.datasets(frames, names))
    data.name = name if text is None and label is None else BY_HAND  # a name alone would not find the columns again
    return data


def _with_roles(kind: Any, table: pd.DataFrame, split: str, text: str | None, label: str | None) -> pd.DataFrame:
    """The table with the kind's columns under their canonical names."""
    chosen = kind.columns(table, text, label)
    if chosen is None:
        raise WorkbenchError(f"no {kind.ROWS} in {split} (columns: {', '.join(map(str, table.columns))})",
                             f"{kind.ROW} in every row, as in train")  # fmt: skip
    return renamed(table, chosen)


def _split(kind: Any, frames: Tables, seed: int) -> Tables:
    """With a validation split: where there is none, the kind says which training rows become it."""
    frames = dict(frames)
    if "validation" not in frames:
        train = frames["train"]
        if len(train) < 4:
            raise WorkbenchError(f"{len(train)} training rows", "at least 4, to cut off a validation split")
        chosen = kind.held_out(train, seed)
        frames["validation"] = train.loc[chosen].reset_index(drop=True)
        frames["train"] = train.drop(index=chosen).reset_index(drop=True)
    order = ("train", "validation", "test")
    return {split: frames[split] for split in order if split in frames}


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
            digest.update(repr((split, column, list(data[split][column]))).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]
