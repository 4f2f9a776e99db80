"""From what a user names to tables, one per split: files, folders, frames, the Hub. What the columns mean is not asked here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench import catalog
from workbench.catalog import existing
from workbench.config import BY_HAND
from workbench.data import (
    archives,
    bioc,
    classlabels,
    conll,
    decode,
    docstrings,
    endings,
    folders,
    given,
    indexed,
    json_files,
    memories,
    named_files,
    pair_files,
    reuters,
    segments,
    separated,
    split_files,
    splits,
    spreadsheets,
    standoff,
    txt,
)
from workbench.data.splits import Tables
from workbench.data.unreadable import CONLL, READ_ERRORS, first_line, unreadable
from workbench.errors import WorkbenchError


def tables(source: Any, text: str | None, label: str | None, notes: list[str]) -> tuple[Tables, str, list[str] | None]:
    """One table per split, the name by which the data are found again, and the names of numbered labels where they are known.

    What had to be guessed on the way is added to `notes`.
    """
    if (parts := given.of_splits(source, text, notes)) is not None:
        return splits.divided(parts, notes, (text, label)), BY_HAND, None
    if (table := given.frame(source, text)) is not None:
        return splits.by_column(table, notes, (text, label)), BY_HAND, None
    if isinstance(source, hf.DatasetDict):
        return _as_called(source, BY_HAND, text, label, notes)
    if isinstance(source, hf.Dataset):
        return tables(hf.DatasetDict(train=source), text, label, notes)
    if isinstance(source, str) and source.startswith("hub:"):
        return _from_hub(source, text, label, notes)
    if isinstance(source, str | Path):
        bundled = {c.name: c for c in catalog.datasets() if c.source == "bundled"}
        if str(source) in bundled:
            return _from_folder(bundled[str(source)].folder, notes), str(source), None
        if source in docstrings.NAMES:
            return docstrings.tables(str(source)), str(source), None
        path = existing(source)
        if path is not None:
            if splits.saved(path):
                return _as_called(splits.loaded(path), str(path), text, label, notes)
            if path.is_dir():
                return _from_folder(path, notes), str(path), None
            if archives.is_one(path):
                return _from_archive(path, notes), str(path), None
            return splits.by_column(_from_file(path, notes), notes, (text, label)), str(path), None
    raise WorkbenchError(
        f"no data called {catalog.in_short(source)}"
        if isinstance(source, str | Path)
        else f"data of type {type(source).__name__}",
        f"a bundled name ({', '.join(c.name for c in catalog.datasets() if c.source == 'bundled')}), 'hub:owner/name', "
        f"a file ({', '.join(READERS)}), a folder of splits or of classes, a DataFrame or a DatasetDict",
        f"wb.load({_nearest(source)!r})" if isinstance(source, str | Path) else "wb.load(pd.DataFrame(rows))",
    )


def _nearest(source: str | Path) -> str:
    """The known name that is written most nearly so, on the Hub too; reviews where none is near."""
    return catalog.nearest(str(source)[:200], [c.name for c in catalog.datasets()], "reviews")


READERS: dict[str, Any] = {
    ".csv": lambda path, coded, notes: separated.commas(path, coded, notes),
    ".tsv": lambda path, coded, notes: txt.read_tsv(path, coded, notes, separated.tabs),
    ".xlsx": lambda path, coded, notes: spreadsheets.read(path, notes),
    ".jsonl": lambda path, coded, notes: json_files.lines(path, coded, notes),
    ".parquet": lambda path, coded, notes: classlabels.read_parquet(path),
    ".json": lambda path, coded, notes: json_files.whole(path, coded, notes),
    ".tmx": lambda path, coded, notes: memories.read(path, notes),
    ".sgm": lambda path, coded, notes: _marked_up(path, coded, notes),
    ".txt": lambda path, coded, notes: txt.read(path, coded, notes, separated.tabs),
    **dict.fromkeys(CONLL, lambda path, coded, notes: conll.read_conll(path, coded, notes)),
}
BINARY = (".parquet", ".xlsx", ".tmx")  # which say themselves how they are written


def _marked_up(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """A file of tags: BioC's, Reuters' stories, or the segments of a translation."""
    start = decode.beginning(path, coded)[:2_000]
    if bioc.is_xml(start):
        return bioc.read_xml(path, notes)
    if reuters.is_some(start):
        return reuters.read(path, coded, notes)
    return segments.read(path, coded, notes)


def _from_file(path: Path, notes: list[str]) -> pd.DataFrame:
    if not path.is_file():  # /dev/zero never ends, and a pipe waits for somebody to write
        raise WorkbenchError(f"{path.name} is a device or a pipe", "a file", "saving what comes out of it as a file")
    suffix = path.suffix.lower()
    if suffix == ".gz":
        with endings.unpacked(path, tuple(READERS)) as inner:
            if inner.suffix.lower() not in READERS and not endings.looks_like(inner):
                raise endings.unsaid(path)
            return _from_file(inner, notes)
    if suffix == ".zip" and endings.bare(path) != path:  # train.csv.zip beside others
        with archives.unpacked(path, tuple(READERS), notes) as inner:
            if inner.is_dir():
                raise archives.several(path, inner, tuple(READERS))
            return _from_file(inner, notes)
    told = suffix if suffix in READERS else endings.looks_like(path)
    reader = READERS.get(told)
    if reader is None:
        raise endings.unknown(path, tuple(READERS))
    notes += (
        []
        if told == suffix or suffix in (".xml", ".sgml")
        else [f"{path.name} was read as a {told} file is, by what its lines look like"]
    )
    try:
        coded = decode.UTF8 if suffix in BINARY else decode.encoding(path)
        notes += decode.stated(path.name, coded)
        return standoff.brat_file(path, notes) if standoff.has_names(path) else reader(path, coded, notes)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error


def _from_archive(path: Path, notes: list[str]) -> Tables:
    """The only file of data of an archive, or its files as those of a folder."""
    with archives.unpacked(path, tuple(READERS), notes) as place:
        if place.is_file():
            return splits.by_column(_from_file(place, notes), notes)
        found = _in_folder(place, notes)
        if not found:
            raise archives.several(path, place, tuple(READERS))
        notes.append(f"{path.name} was read as a folder with its files is")
        return found


def _from_folder(folder: Path, notes: list[str]) -> Tables:
    """The splits of a folder; an error where its files tell of none."""
    found = _in_folder(folder, notes)
    if not found:
        raise split_files.no_training(folder, tuple(READERS))
    return found


def _in_folder(folder: Path, notes: list[str]) -> Tables:
    """The splits of a folder, empty where nothing in it is for training."""
    if found := split_files.texts_and_labels(folder, notes):
        return found
    files = split_files.of_folder(folder, tuple(READERS))
    if not files and (inner := splits.of_repository(folder, tuple(READERS))):
        notes.append(f"the files of folder {folder.name!r} are in its folder {inner.name!r}")
        return _in_folder(inner, notes)
    if "train" not in files:
        return _without_train(folder, files, notes)
    notes += folders.passed_over(folder, [p for some in files.values() for p in some], tuple(READERS))
    found = {split: _from_files(some, notes) for split, some in files.items()}
    hidden = [
        s for s, some in files.items() if some[0].suffix.lower() == ".parquet" and s != "train" and not len(found[s])
    ]
    notes += [f"{files[split][0].name} has no rows with labels and was left out" for split in hidden]
    return splits.divided({split: frame for split, frame in found.items() if split not in hidden}, notes)


def _without_train(folder: Path, files: split_files.Files, notes: list[str]) -> Tables:
    """What a folder holds that is called by no split: pairs of texts, class folders, texts with their names, one file of data."""
    if found := indexed.texts(folder, notes):
        return found
    found = pair_files.text_files(folder, split_files.split_of, notes) or (
        {} if files else pair_files.text_files(folder, folders.pair(folder, notes), notes)
    )
    found = (
        found
        or pair_files.in_folders(folder, notes)
        or reuters.in_folder(folder, notes)
        or segments.in_folder(folder, notes)
        or folders.classes(folder, notes)
        or _beside_names(folder, notes)
    )
    if found:
        return found
    if not files and (rows := named_files.joined(folder, tuple(READERS), _from_file, notes)) is not None:
        return splits.by_column(rows, notes)
    only = [
        p for p in folder.iterdir() if p.suffix.lower() in READERS and p.suffix.lower() != ".txt"
    ]  # a .txt is a readme
    if len(only) != 1 or files:
        return {}
    notes.append(f"of the folder {folder.name} its only file of data was read, {only[0].name}")
    return splits.by_column(_from_file(only[0], notes), notes)


def _beside_names(folder: Path, notes: list[str]) -> Tables:
    """Texts with their names in .ann files, in the folder itself or in one folder for each split; empty where there are none."""
    kinds = splits.meant(f.name for f in folder.iterdir() if f.is_dir())
    splits.once_each(kinds, f"folder {folder.name!r}")
    places = {kind: folder / name for name, kind in kinds.items()} if "train" in kinds.values() else {"train": folder}
    found = {split: standoff.brat(place, notes) for split, place in places.items()}
    tables = {split: table for split, table in found.items() if table is not None}
    return tables if "train" in tables else {}


def _from_files(paths: list[Path], notes: list[str]) -> pd.DataFrame:
    """The one file of a split, or its numbered parts one after the other."""
    notes += splits.parts_missing(paths)
    tables = [_from_file(path, notes) for path in paths]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def _from_hub(
    source: str, text: str | None, label: str | None, notes: list[str]
) -> tuple[Tables, str, list[str] | None]:
    repository, config = _repository(source)
    try:
        loaded = hf.load_dataset(repository, config) if config else hf.load_dataset(repository)
    except Exception as error:
        raise WorkbenchError(
            f"{source} could not be loaded ({type(error).__name__}: {first_line(error)})",
            "a parquet, csv or json dataset repository and a network connection",
            "a bundled name such as 'reviews'",
        ) from error
    if isinstance(loaded, hf.Dataset):
        loaded = hf.DatasetDict(train=loaded)
    card = next((c for c in catalog.datasets() if c.name == source), None)
    if card is None or text is not None or label is not None:
        return _as_called(loaded, source, text, label, notes)
    loaded = _with_roles(loaded, card.facts["columns"])
    found, names = _from_hf(loaded, None, None, notes), card.facts["names"]
    for table in found.values() if names else ():
        table["label"] = [names.get(str(v), v) for v in table["label"]]
    return found, source, classlabels.of_labels(loaded.get("train"), None, None)


def _repository(source: str) -> tuple[str, str | None]:
    """hub:owner/name, or hub:owner/name/config where a repository holds several datasets."""
    parts = source.removeprefix("hub:").strip("/").split("/")
    return "/".join(parts[:2]), "/".join(parts[2:]) or None


def _with_roles(loaded: hf.DatasetDict, columns: dict[str, str]) -> hf.DatasetDict:
    """The columns under the names by which the kinds of data know them; where one is missing, all stay as they are."""
    have = set(next(iter(loaded.values())).column_names)
    renames = {there: role for role, there in columns.items() if there != role and there in have and role not in have}
    return loaded.rename_columns(renames) if renames else loaded


def _as_called(
    source: hf.DatasetDict, name: str, text: str | None, label: str | None, notes: list[str]
) -> tuple[Tables, str, list[str] | None]:
    return _from_hf(source, text, label, notes), name, classlabels.of_labels(source.get("train"), text, label)


def _from_hf(source: hf.DatasetDict, text: str | None, label: str | None, notes: list[str]) -> Tables:
    found, kinds = {}, splits.meant(source)
    splits.once_each(kinds, "a DatasetDict")
    train = source.get("train", next(iter(source.values()), None))
    column = classlabels.column(train, text, label) if train is not None else None
    for split, dataset in source.items():
        key = kinds.get(str(split))
        if key is None:
            notes.append(f"split {str(split)!r} ({len(dataset):,} rows) was left out: "
                         "its name is none of train, validation and test")  # fmt: skip
            continue
        frame = classlabels.named(dataset.to_pandas(), column, dataset.features)
        if len(frame) < len(dataset):  # hidden test labels are -1 on the Hub
            notes += splits.hidden(key, len(dataset) - len(frame), len(frame))
        if len(frame):
            found[key] = frame
    return splits.divided(splits.with_train(found, source), notes, (label,))
