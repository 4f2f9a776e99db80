"""`load`: a bundled name, "hub:owner/name", a file, a DataFrame or a DatasetDict -> canonical `Data`. No training here.

Canonical columns for classification: `text` (str) and `label` (ClassLabel); other columns are kept as they are.
Splits are `train`, `validation` and, where there is one, `test`; missing ones are cut off the training split by label.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd
import pyarrow as pa

from workbench import catalog
from workbench.errors import WorkbenchError

_TEXT = ("text", "sentence", "content", "message", "review", "body", "tweet", "headline")
_LABEL = ("label", "labels", "category", "class", "sentiment", "target", "topic", "intent")
_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation",
           "val": "validation", "test": "test"}  # fmt: skip


class Data(hf.DatasetDict):
    """A DatasetDict that knows its name and its labels."""

    name: str = "data"

    @property
    def labels(self) -> list[str]:
        """The label names, in the order of their ids."""
        return list(self["train"].features["label"].names)

    @property
    def is_named(self) -> bool:
        """Whether `load(self.name)` gives the same data again (needed to resume a run after a restart)."""
        return self.name != "data"


def load(source: Any, *, text: str | None = None, label: str | None = None, seed: int = 0) -> Data:
    """Canonical data from `source`; `text` and `label` name the columns where the usual names do not fit.

    >>> load("reviews")["train"].features["label"].names
    ['negative', 'positive']
    """
    if isinstance(source, Data) and text is None and label is None:
        return source
    tables, name, names = _read(source, text, label)
    frames = {split: _canonical(table, split, text, label, names) for split, table in tables.items()}
    frames = _split(frames, seed)
    _check(frames)
    found = sorted({str(v) for f in frames.values() for v in f["label"]})
    classes = hf.ClassLabel(names=names or found)
    data = Data({split: _dataset(frame, classes) for split, frame in frames.items()})
    data.name = name
    return data


def fingerprint(data: hf.DatasetDict) -> str:
    """Sixteen hex digits that change when any text or label changes."""
    digest = hashlib.sha256()
    for split in sorted(data):
        columns = [c for c in ("text", "label") if c in data[split].column_names]
        for column in columns:
            digest.update(repr((split, column, list(data[split][column]))).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]


Tables = dict[str, pd.DataFrame]


def _read(source: Any, text: str | None, label: str | None) -> tuple[Tables, str, list[str] | None]:
    if isinstance(source, pd.DataFrame):
        return _by_split_column(source), "data", None
    if isinstance(source, hf.DatasetDict):
        return _from_hf(source, label), "data", _class_names(source, label)
    if isinstance(source, hf.Dataset):
        return _read(hf.DatasetDict(train=source), text, label)
    if isinstance(source, str) and source.startswith("hub:"):
        return _from_hub(source, text, label)
    if isinstance(source, str | Path):
        bundled = {c.name: c for c in catalog.datasets() if c.source == "bundled"}
        if str(source) in bundled:
            return _from_folder(bundled[str(source)].folder), str(source), None
        path = Path(source).expanduser()
        if path.is_file():
            return _by_split_column(_from_file(path)), str(path), None
        if path.is_dir():
            return _from_folder(path), str(path), None
    raise WorkbenchError(
        f"no data called {source!r}" if isinstance(source, str | Path) else f"data of type {type(source).__name__}",
        f"a bundled name ({', '.join(c.name for c in catalog.datasets() if c.source == 'bundled')}), 'hub:owner/name', "
        "a csv, tsv, jsonl or parquet file, a DataFrame or a DatasetDict",
        "wb.load('reviews')",
    )


def _from_file(path: Path) -> pd.DataFrame:
    readers: dict[str, Any] = {
        ".csv": lambda p: pd.read_csv(p, dtype=str, keep_default_na=False),
        ".tsv": lambda p: pd.read_csv(p, sep="\t", dtype=str, keep_default_na=False, quoting=3),
        ".jsonl": lambda p: pd.read_json(p, lines=True, dtype=False),
        ".parquet": pd.read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WorkbenchError(f"a file ending in {path.suffix!r}", f"one of {', '.join(readers)}", "saving it as csv")
    try:
        return reader(path)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise WorkbenchError(f"{path.name} cannot be read: {error}", f"a {path.suffix[1:]} file in UTF-8") from error


def _from_folder(folder: Path) -> Tables:
    files = {_SPLITS[p.stem.lower()]: p for p in sorted(folder.iterdir()) if p.stem.lower() in _SPLITS and p.is_file()}
    if "train" not in files:
        raise WorkbenchError(f"no training file in {folder.name}", "train.csv and, if you have it, validation.csv")
    return {split: _from_file(path) for split, path in files.items()}


def _from_hub(source: str, text: str | None, label: str | None) -> tuple[Tables, str, list[str] | None]:
    try:
        loaded = hf.load_dataset(source.removeprefix("hub:"))
    except Exception as error:
        raise WorkbenchError(
            f"{source} could not be loaded ({type(error).__name__}: {str(error).splitlines()[0][:200]})",
            "a parquet, csv or json dataset repository and a network connection",
            "a bundled name such as 'reviews'",
        ) from error
    return _from_hf(loaded, label), source, _class_names(loaded, label)


def _from_hf(source: hf.DatasetDict, label: str | None) -> Tables:
    tables = {}
    for split, dataset in source.items():
        key = _SPLITS.get(str(split).lower())
        if key is None:
            continue
        frame = dataset.to_pandas()
        column = label or next((c for c in _LABEL if c in dataset.column_names), None)
        feature = dataset.features.get(column) if column else None
        if isinstance(feature, hf.ClassLabel):
            frame = frame[frame[column] >= 0].copy()  # hidden test labels are -1 on the Hub
            frame[column] = [feature.names[i] for i in frame[column]]
        if len(frame):
            tables[key] = frame
    if "train" not in tables:
        raise WorkbenchError(f"splits {', '.join(map(str, source))}", "a split called train")
    return tables


def _class_names(source: hf.DatasetDict, label: str | None) -> list[str] | None:
    train = source.get("train")
    column = label or next((c for c in _LABEL if train is not None and c in train.column_names), None)
    feature = train.features.get(column) if train is not None and column else None
    return list(feature.names) if isinstance(feature, hf.ClassLabel) else None


def _by_split_column(frame: pd.DataFrame) -> Tables:
    if "split" not in frame.columns:
        return {"train": frame}
    keys = frame["split"].astype(str).str.lower().map(_SPLITS)
    if keys.isna().any():
        odd = sorted(set(frame.loc[keys.isna(), "split"].astype(str)))[:3]
        raise WorkbenchError(f"split values {odd}", "train, validation or test")
    return {split: part.drop(columns="split") for split, part in frame.groupby(keys)}


def _canonical(
    frame: pd.DataFrame, split: str, text: str | None, label: str | None, names: list[str] | None
) -> pd.DataFrame:
    chosen = {"text": _column(frame, text, _TEXT, "text"), "label": _column(frame, label, _LABEL, "label")}
    frame = frame.rename(columns={v: k for k, v in chosen.items()}).reset_index(drop=True)
    bad = [
        i for i, v in enumerate(frame["label"]) if v is None or (isinstance(v, float) and pd.isna(v)) or str(v) == ""
    ]
    if bad:
        rows = ", ".join(str(i + 1) for i in bad[:5])
        raise WorkbenchError(f"{len(bad)} rows of {split} have no label (rows {rows})", "a label in every row",
                             "dropping those rows")  # fmt: skip
    frame["text"] = ["" if v is None or (isinstance(v, float) and pd.isna(v)) else str(v) for v in frame["text"]]
    empty = [i for i, v in enumerate(frame["text"]) if not v.strip()]
    if empty:
        rows = ", ".join(str(i + 1) for i in empty[:5])
        raise WorkbenchError(f"{len(empty)} empty texts in {split} (rows {rows})", "some text in every row",
                             "dropping those rows: frame[frame.text.str.strip() != '']")  # fmt: skip
    frame["label"] = frame["label"].astype(str)
    return frame


def _column(frame: pd.DataFrame, wanted: str | None, usual: tuple[str, ...], role: str) -> str:
    columns = [str(c) for c in frame.columns]
    if wanted is not None:
        if wanted in columns:
            return wanted
        raise WorkbenchError(f"no column {wanted!r} (columns: {', '.join(columns)})", f"the {role} column's name")
    lowered = {c.lower(): c for c in columns}
    for name in usual:
        if name in lowered:
            return lowered[name]
    raise WorkbenchError(
        f"columns {', '.join(columns)}",
        f"a {role} column called {' or '.join(usual[:3])}",
        f"wb.load(..., {role}='...')",
    )


def _split(frames: Tables, seed: int) -> Tables:
    frames = dict(frames)
    if "validation" not in frames:
        train = frames["train"]
        if len(train) < 4:
            raise WorkbenchError(f"{len(train)} training rows", "at least 4, to cut off a validation split")
        share = train.groupby("label", group_keys=False).sample(frac=0.15, random_state=seed)
        if share.empty:
            share = train.sample(n=max(1, len(train) // 5), random_state=seed)
        frames["validation"] = share.reset_index(drop=True)
        frames["train"] = train.drop(index=share.index).reset_index(drop=True)
    order = ("train", "validation", "test")
    return {split: frames[split] for split in order if split in frames}


def _check(frames: Tables) -> None:
    labels = set(frames["train"]["label"])
    if len(labels) < 2:
        raise WorkbenchError(f"one class only ({next(iter(labels), 'none')!r}) in the training split",
                             "texts of at least two classes")  # fmt: skip
    for split, frame in frames.items():
        unknown = set(frame["label"]) - labels
        if unknown:
            raise WorkbenchError(f"labels in {split} that training never shows: {', '.join(sorted(unknown)[:5])}",
                                 "the same labels in every split")  # fmt: skip


def _dataset(frame: pd.DataFrame, classes: hf.ClassLabel) -> hf.Dataset:
    frame = frame.assign(label=[classes.str2int(v) for v in frame["label"]])
    features = hf.Features.from_arrow_schema(pa.Schema.from_pandas(frame, preserve_index=False))
    return hf.Dataset.from_pandas(frame, hf.Features({**features, "label": classes}), preserve_index=False)
