"""`load`: a bundled name, "hub:owner/name", a file, a DataFrame or a DatasetDict -> canonical `Data`. No training here.

Canonical columns for classification: `text` (str) and `label` (ClassLabel); for tagging: `tokens` (list of str) and `tags`
(list of ClassLabel, IOB2). Other columns are kept as they are. The columns say which task the data is for. Splits are `train`, `validation` and, where there is one, `test`; missing ones are cut off the training split by label.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd
import pyarrow as pa

from workbench import catalog
from workbench.config import BY_HAND
from workbench.data import tagged
from workbench.data.tagged import usual as _usual
from workbench.data.text import missing, well_formed
from workbench.errors import WorkbenchError

_TEXT = ("text", "sentence", "content", "message", "review", "body", "tweet", "headline")
_LABEL = ("label", "labels", "category", "class", "sentiment", "target", "topic", "intent")
_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation",
           "val": "validation", "test": "test"}  # fmt: skip


class Data(hf.DatasetDict):
    """A DatasetDict that knows its name, its labels and the task it is for."""

    name: str = BY_HAND

    @property
    def task(self) -> str:
        """classification or tagging, by its columns."""
        return _task(self["train"])

    @property
    def labels(self) -> list[str]:
        """The label names, in the order of their ids."""
        features = self["train"].features
        return list(features["tags"].feature.names if self.task == "tagging" else features["label"].names)

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
    tables, name, names = _read(source, text, label)
    if tagged.columns(tables["train"], text, label):
        data = _tagging(tables, text, label, names, seed)
    else:
        data = _classification(tables, text, label, names, seed)
    data.name = name if text is None and label is None else BY_HAND  # a name alone would not find the columns again
    return data


def _classification(tables: Tables, text: str | None, label: str | None, names: list[str] | None, seed: int) -> Data:
    frames = {split: _canonical(table, split, text, label, names) for split, table in tables.items()}
    frames = _split(frames, lambda train: _some_of_each_label(train, seed))
    _check(frames)
    classes = hf.ClassLabel(names=names or _in_order({v for f in frames.values() for v in f["label"]}))
    return Data({split: _dataset(frame, classes) for split, frame in frames.items()})


def _tagging(tables: Tables, text: str | None, label: str | None, names: list[str] | None, seed: int) -> Data:
    frames = {}
    for split, table in tables.items():
        chosen = tagged.columns(table, text, label)
        if chosen is None:
            raise WorkbenchError(f"no sentences in {split} (columns: {', '.join(map(str, table.columns))})",
                                 "a list of words and a list of tags in every row, as in train")  # fmt: skip
        frames[split] = tagged.canonical(_named(table, chosen), split, names)
    frames = _split(frames, lambda train: tagged.held_out(train, seed))
    tagged.check(frames)
    found = tagged.label_names(frames.values())
    return Data({split: tagged.dataset(frame, found) for split, frame in frames.items()})


def _task(train: hf.Dataset) -> str:
    """Classification has one ClassLabel per row, whatever else is in its other columns."""
    return "classification" if isinstance(train.features.get("label"), hf.ClassLabel) else "tagging"


def _in_order(labels: set[str]) -> list[str]:
    """Numbers by size, names by the alphabet."""
    try:
        return sorted(labels, key=lambda v: (float(v), v))
    except ValueError:
        return sorted(labels)


def fingerprint(data: hf.DatasetDict) -> str:
    """Sixteen hex digits that change when any text, label or name of a label changes."""
    columns = ("tokens", "tags") if _task(data["train"]) == "tagging" else ("text", "label")
    digest = hashlib.sha256(repr(_class_names(data, columns[1])).encode("utf-8", "backslashreplace"))
    for split in sorted(data):
        for column in columns:
            digest.update(repr((split, column, list(data[split][column]))).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]


Tables = dict[str, pd.DataFrame]


def _read(source: Any, text: str | None, label: str | None) -> tuple[Tables, str, list[str] | None]:
    if isinstance(source, pd.DataFrame):
        return _by_split_column(source), BY_HAND, None
    if isinstance(source, hf.DatasetDict):
        return _from_hf(source, label), BY_HAND, _class_names(source, label)
    if isinstance(source, hf.Dataset):
        return _read(hf.DatasetDict(train=source), text, label)
    if isinstance(source, str) and source.startswith("hub:"):
        return _from_hub(source, text, label)
    if isinstance(source, str | Path):
        bundled = {c.name: c for c in catalog.datasets() if c.source == "bundled"}
        if str(source) in bundled:
            return _from_folder(bundled[str(source)].folder), str(source), None
        path = _existing(source)
        if path is not None:
            return _from_folder(path) if path.is_dir() else _by_split_column(_from_file(path)), str(path), None
    raise WorkbenchError(
        f"no data called {_short(source)}"
        if isinstance(source, str | Path)
        else f"data of type {type(source).__name__}",
        f"a bundled name ({', '.join(c.name for c in catalog.datasets() if c.source == 'bundled')}), 'hub:owner/name', "
        "a csv, tsv, jsonl or parquet file, a DataFrame or a DatasetDict",
        "wb.load('reviews')",
    )


def _existing(source: str | Path) -> Path | None:
    """The file or folder that is meant, if there is one; a text that cannot be a path is none."""
    try:
        if not str(source).strip():
            return None
        path = Path(source).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _short(source: Any) -> str:
    return repr(str(source) if len(str(source)) <= 80 else str(source)[:79] + "…")


_READERS: dict[str, Any] = {
    ".csv": lambda p: _separated(p),
    ".tsv": lambda p: _separated(p, sep="\t", quoting=3),
    ".jsonl": lambda p: _json_lines(p),
    ".parquet": pd.read_parquet,
    ".conll": tagged.read_conll,
    ".bio": tagged.read_conll,
    ".iob": tagged.read_conll,
    ".annotated": tagged.read_conll,
}


def _separated(path: Path, **how: Any) -> pd.DataFrame:
    """A csv or tsv, every value as it is written. pandas would make an index of surplus fields without a word."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more fields than the first line")
    return frame


def _from_file(path: Path) -> pd.DataFrame:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise WorkbenchError(f"a file ending in {path.suffix!r}", f"one of {', '.join(_READERS)}", "saving it as csv")
    try:
        return reader(path)
    except (ValueError, OSError) as error:
        coded = isinstance(error, UnicodeDecodeError)
        shape, try_ = (" in UTF-8", "saving it again as UTF-8") if coded else _shape(reader, path.suffix.lower())
        raise WorkbenchError(
            f"{path.name} cannot be read: {_first_line(error)}", f"a {path.suffix[1:]} file{shape}", try_
        ) from error


def _shape(reader: Any, suffix: str) -> tuple[str, str]:
    """What a file of this kind looks like inside, and what to try when one does not."""
    if reader is tagged.read_conll:
        return " with a word and its tag in every line and a blank line between sentences", "a tab between word and tag"
    if suffix in (".csv", ".tsv"):
        return (
            " with names in its first line and as many fields in every row",
            "texts that hold the separator in double quotes",
        )
    return (" with one object per line" if suffix == ".jsonl" else ""), "saving it again"


def _json_lines(path: Path) -> pd.DataFrame:
    """One object per line, every value as it is written (pandas would turn some texts into dates or numbers)."""
    rows = []
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append(dict(json.loads(line)))
                except (ValueError, TypeError) as error:
                    raise ValueError(f"line {number} is not a JSON object") from error
    return pd.DataFrame({k: pd.Series([r.get(k) for r in rows], dtype=object) for k in {k: 0 for r in rows for k in r}})


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _from_folder(folder: Path) -> Tables:
    known = [p for p in sorted(folder.iterdir()) if _split_of(p) and p.suffix.lower() in _READERS]
    plain = {_split_of(p) for p in known if p.stem.lower() in _SPLITS}  # beside train.csv, train-old.csv means nothing
    known = [p for p in known if p.stem.lower() in _SPLITS or _split_of(p) not in plain]
    files = {_split_of(p): p for p in known}
    if len(files) < len(known):
        names = ", ".join(p.name for p in known)
        raise WorkbenchError(f"two files for one split in folder {folder.name!r} ({names})", "one file per split",
                             "moving the other one away")  # fmt: skip
    if "train" not in files:
        raise WorkbenchError(f"no training file in folder {folder.name!r}", "train.csv and, if you have it, validation.csv "
                             f"({', '.join(_READERS)} can be read)", "renaming the file to train.csv")  # fmt: skip
    return {split: _from_file(path) for split, path in files.items()}


def _split_of(path: Path) -> str:
    """The split that a file's name speaks of, alone or with other words: train, wnut17train, emerging.dev, ..."""
    stem = path.stem.lower()
    if stem in _SPLITS:
        return _SPLITS[stem]
    words = re.findall(rf"(?:^|[^a-z])({'|'.join(_SPLITS)})(?=[^a-z]|$)", stem)
    return _SPLITS[words[-1]] if words else ""


def _from_hub(source: str, text: str | None, label: str | None) -> tuple[Tables, str, list[str] | None]:
    try:
        loaded = hf.load_dataset(source.removeprefix("hub:"))
    except Exception as error:
        raise WorkbenchError(
            f"{source} could not be loaded ({type(error).__name__}: {_first_line(error)})",
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
        column = label or _usual(dataset.column_names, _LABEL)
        feature = dataset.features.get(column) if column else None
        if isinstance(feature, hf.ClassLabel):
            frame = frame[frame[column].isna() | (frame[column] >= 0)].copy()  # hidden test labels are -1 on the Hub
            frame[column] = [None if pd.isna(i) else feature.names[int(i)] for i in frame[column]]
        if len(frame):
            tables[key] = frame
    return _with_train(tables, source)


def _with_train(tables: Tables, found: Any) -> Tables:
    if "train" not in tables:
        raise WorkbenchError(f"splits {', '.join(map(str, found)) or 'none'}", "a split called train with rows in it")
    return tables


def _class_names(source: hf.DatasetDict, label: str | None) -> list[str] | None:
    train = source.get("train")
    if train is None:
        return None
    column = label or _usual(train.column_names, _LABEL)
    if label is None and _usual(train.column_names, tagged.TOKENS):
        column = _usual(train.column_names, tagged.TAGS) or column
    feature = train.features.get(column) if column else None
    feature = getattr(feature, "feature", feature)  # of a list: what its items are
    return list(feature.names) if isinstance(feature, hf.ClassLabel) else None


def _by_split_column(frame: pd.DataFrame) -> Tables:
    if "split" not in frame.columns:
        return {"train": frame}
    keys = frame["split"].astype(str).str.lower().map(_SPLITS)
    if keys.isna().any():
        odd = sorted(set(frame.loc[keys.isna(), "split"].astype(str)))[:3]
        raise WorkbenchError(f"split values {odd}", "train, validation or test")
    return _with_train({str(k): part.drop(columns="split") for k, part in frame.groupby(keys)}, sorted(set(keys)))


def _canonical(
    frame: pd.DataFrame, split: str, text: str | None, label: str | None, names: list[str] | None
) -> pd.DataFrame:
    if not len(frame):
        raise WorkbenchError(f"{split} has no rows", "at least one text with its label")
    frame = _named(
        frame, {"text": _column(frame, text, _TEXT, "text"), "label": _column(frame, label, _LABEL, "label")}
    )
    bad = [i for i, v in enumerate(frame["label"]) if missing(v) or not str(v).strip()]
    if bad:
        rows = ", ".join(str(i + 1) for i in bad[:5])
        raise WorkbenchError(f"{len(bad)} rows of {split} have no label (rows {rows})", "a label in every row",
                             "dropping those rows")  # fmt: skip
    frame["text"] = ["" if missing(v) else well_formed(str(v)) for v in frame["text"]]
    empty = [i for i, v in enumerate(frame["text"]) if not v.strip()]
    if empty:
        rows = ", ".join(str(i + 1) for i in empty[:5])
        raise WorkbenchError(f"{len(empty)} empty texts in {split} (rows {rows})", "some text in every row",
                             "dropping those rows: frame[frame.text.str.strip() != '']")  # fmt: skip
    frame["label"] = [
        well_formed(str(int(v) if isinstance(v, float) and v.is_integer() else v)) for v in frame["label"]
    ]
    return frame


def _named(frame: pd.DataFrame, chosen: dict[str, str]) -> pd.DataFrame:
    """The chosen columns under their canonical names; a column that had such a name already gets a 1 behind it."""
    if len(set(chosen.values())) < len(chosen):
        twice = next(iter(chosen.values()))
        raise WorkbenchError(f"column {twice!r} as both {' and '.join(chosen)}", "two different columns")
    names = {column: role for role, column in chosen.items()}
    taken, columns = {*map(str, frame.columns), *chosen}, []
    for column in map(str, frame.columns):
        number = 1
        while column in chosen and column not in names and f"{column}_{number}" in taken:
            number += 1
        columns.append(names.get(column, f"{column}_{number}" if column in chosen else column))
    return frame.set_axis(columns, axis=1).reset_index(drop=True)


def _column(frame: pd.DataFrame, wanted: str | None, usual: tuple[str, ...], role: str) -> str:
    columns = [str(c) for c in frame.columns]
    if wanted is not None:
        if wanted in columns:
            return _once(wanted, columns)
        raise WorkbenchError(f"no column {wanted!r} (columns: {', '.join(columns)})", f"the {role} column's name")
    found = _usual(columns, usual)
    if found is not None:
        return _once(found, columns)
    raise WorkbenchError(
        f"columns {', '.join(columns)}",
        f"a {role} column called {' or '.join(usual[:3])}",
        f"wb.load(..., {role}='...')",
    )


def _once(name: str, columns: list[str]) -> str:
    if columns.count(name) > 1:
        raise WorkbenchError(
            f"{columns.count(name)} columns called {name!r}", "one column of that name", "renaming one"
        )
    return name


def _split(frames: Tables, choose: Callable[[pd.DataFrame], list[int]]) -> Tables:
    """With a validation split: where there is none, `choose` says which training rows become it."""
    frames = dict(frames)
    if "validation" not in frames:
        train = frames["train"]
        if len(train) < 4:
            raise WorkbenchError(f"{len(train)} training rows", "at least 4, to cut off a validation split")
        chosen = choose(train)
        frames["validation"] = train.loc[chosen].reset_index(drop=True)
        frames["train"] = train.drop(index=chosen).reset_index(drop=True)
    order = ("train", "validation", "test")
    return {split: frames[split] for split in order if split in frames}


def _some_of_each_label(train: pd.DataFrame, seed: int) -> list[int]:
    """15% of the rows with each label."""
    share = train.groupby("label", group_keys=False).sample(frac=0.15, random_state=seed)
    if share.empty:  # few texts of every class: one text of each class that has another
        repeated = train[train.duplicated("label", keep=False)]
        share = repeated.groupby("label", group_keys=False).sample(n=1, random_state=seed)
    if share.empty:
        raise WorkbenchError("one text per label", "several texts of each label, to cut off a validation split")
    return list(share.index)


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
