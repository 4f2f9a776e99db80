"""Numbers back to the names that a dataset of Hugging Face or its parquet file keeps for them. What is a text or a label is not asked
here beyond the question which column holds the labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench.data import endings, tagged
from workbench.data.columns import LABEL, TEXT, guessed, usual
from workbench.data.multilabel import LABELS
from workbench.data.text import is_list
from workbench.errors import WorkbenchError

ROWS = 256  # of a parquet file at a time


def column(dataset: hf.Dataset, text: str | None, label: str | None) -> str | None:
    """The column that holds the labels: the one that is asked for, the one with a usual name, else the one that is guessed."""
    known = dataset.column_names
    several = usual(known, LABELS)
    found = label or usual(known, LABEL) or (several if hasattr(dataset.features.get(several), "feature") else None)
    if found or not any(isinstance(f, hf.ClassLabel) for f in dataset.features.values()):
        return found
    some = dataset.select(range(min(len(dataset), 2_000))).to_pandas()
    return guessed(some, text or usual(known, TEXT), None)[1]


def named(frame: pd.DataFrame, label: str | None, features: Any) -> pd.DataFrame:
    """The table with names in a column of numbers, or in all of them where it is not clear which one is meant. Hidden labels of a
    test split, which are -1 on the Hub, are left out."""
    if label is None:
        return _with_others(frame, features)
    feature = features.get(label)
    if not isinstance(feature, hf.ClassLabel):
        return frame
    frame = frame[frame[label].isna() | (frame[label] >= 0)].copy()
    frame[label] = [None if pd.isna(i) else feature.names[int(i)] for i in frame[label]]
    return frame


def read_parquet(path: Path) -> pd.DataFrame:
    """A parquet file, with names where `Dataset.to_parquet` kept them beside the numbers of labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pieces, room = [], endings.MOST
    with pq.ParquetFile(path) as file:
        for piece in file.iter_batches(ROWS):
            # A text that occurs in every row is stored once: the file's size says little.
            room -= piece.nbytes
            if room < 0:
                raise WorkbenchError(
                    f"{path.name} holds more than {endings.MOST >> 20} MB of rows",
                    "a smaller table",
                    "its first rows as a file of their own",
                )
            pieces.append(piece)
        schema = file.schema_arrow
    return with_names(pa.Table.from_batches(pieces, schema).to_pandas(), schema)


def with_names(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """The rows of a parquet file of this schema with the names of labels and of lists of labels."""
    if b"huggingface" not in (schema.metadata or {}):
        return frame
    features = hf.Features.from_arrow_schema(schema)
    first = usual(frame.columns, LABEL)
    frame = named(frame, first, features) if first else frame
    others = {n: getattr(f, "feature", f) for n, f in features.items() if n != first or hasattr(f, "feature")}
    return _with_others(frame, others)


def _with_others(frame: pd.DataFrame, features: Any) -> pd.DataFrame:
    """The table with names in all these columns, no row left out."""
    for name, feature in features.items():
        if name in frame.columns and isinstance(feature, hf.ClassLabel):
            frame[name] = [_names(v, feature.names) for v in frame[name]]
    return frame


def _names(value: Any, names: list[str]) -> Any:
    if is_list(value):
        return [_names(v, names) for v in value]
    return None if value is None or pd.isna(value) or value < 0 else names[int(value)]


def of_labels(train: hf.Dataset | None, text: str | None, label: str | None) -> list[str] | None:
    """The names of the labels of a dataset, where it knows any."""
    if train is None:
        return None
    found = column(train, text, label)
    if label is None and usual(train.column_names, tagged.TOKENS):
        found = usual(train.column_names, tagged.TAGS) or found
    feature = train.features.get(found) if found else None
    feature = getattr(feature, "feature", feature)  # of a list: what its items are
    return list(feature.names) if isinstance(feature, hf.ClassLabel) else None
