"""From what a user names to tables, one per split: files, folders, frames, the Hub. What the columns mean is not asked here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench import catalog
from workbench.config import BY_HAND
from workbench.data import parallel, questions, tagged, unlabelled
from workbench.data.columns import LABEL, usual
from workbench.errors import WorkbenchError

_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation",
           "val": "validation", "test": "test"}  # fmt: skip

Tables = dict[str, pd.DataFrame]


def tables(source: Any, text: str | None, label: str | None) -> tuple[Tables, str, list[str] | None]:
    if isinstance(source, pd.DataFrame):
        return _by_split_column(source), BY_HAND, None
    if isinstance(source, hf.DatasetDict):
        return _from_hf(source, label), BY_HAND, _class_names(source, label)
    if isinstance(source, hf.Dataset):
        return tables(hf.DatasetDict(train=source), text, label)
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
    ".tsv": lambda p: parallel.with_header(_separated(p, sep="\t", quoting=3)),
    ".jsonl": lambda p: _json_lines(p),
    ".parquet": pd.read_parquet,
    ".json": questions.read_squad,
    ".txt": unlabelled.read_lines,
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
    if reader is questions.read_squad:
        return " as SQuAD has it, or a list of objects with the same fields", "one object per line, in a jsonl file"
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
        pairs = parallel.text_files(folder, _split_of)
        if pairs:
            return pairs
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
    found = {}
    for split, dataset in source.items():
        key = _SPLITS.get(str(split).lower())
        if key is None:
            continue
        frame = dataset.to_pandas()
        column = label or usual(dataset.column_names, LABEL)
        feature = dataset.features.get(column) if column else None
        if isinstance(feature, hf.ClassLabel):
            frame = frame[frame[column].isna() | (frame[column] >= 0)].copy()  # hidden test labels are -1 on the Hub
            frame[column] = [None if pd.isna(i) else feature.names[int(i)] for i in frame[column]]
        if len(frame):
            found[key] = frame
    return _with_train(found, source)


def _with_train(found: Tables, splits: Any) -> Tables:
    if "train" not in found:
        raise WorkbenchError(f"splits {', '.join(map(str, splits)) or 'none'}", "a split called train with rows in it")
    return found


def _class_names(source: hf.DatasetDict, label: str | None) -> list[str] | None:
    train = source.get("train")
    if train is None:
        return None
    column = label or usual(train.column_names, LABEL)
    if label is None and usual(train.column_names, tagged.TOKENS):
        column = usual(train.column_names, tagged.TAGS) or column
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
