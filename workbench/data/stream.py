"""Large files, piece by piece: a table of a million texts becomes Arrow files on disk that are read where they are needed.

Never in memory at once are the texts; per row there are a label number, a split number and a hash. Kept are text and label (and,
while splits are cut, the column of groups); other columns are left out, and that is said. Taken are one-label data and plain
texts; other kinds are read whole.
"""

from __future__ import annotations

import atexit
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa

from workbench.data import (
    cells,
    classlabels,
    decode,
    foreign,
    groups,
    indicators,
    json_files,
    label_names,
    labelled,
    separated,
    shaped,
    splits,
    standoff,
    txt,
    unlabelled,
)
from workbench.data.checks import plain
from workbench.data.columns import renamed, roles_said
from workbench.errors import WorkbenchError

LARGE = 32 * 1024 * 1024  # bytes from which a file is read in pieces
PIECE = 20_000  # rows of a piece
MOST_VALIDATION = 10_000  # rows that are cut off for validation at most: an evaluation goes through all of them
SPLITS = ("train", "validation", "test")
ENDINGS = (".csv", ".tsv", ".jsonl", ".txt", ".parquet")


def pieces(path: Path, coded: str, notes: list[str]) -> Iterator[pd.DataFrame]:
    """The rows of a file as tables of at most `PIECE` rows, every value as it is written."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        how, read = separated.told(path, coded, notes), 0
        wrapped = how.pop("wrapped", False)
        with pd.read_csv(path, dtype=str, keep_default_na=False, encoding=coded, chunksize=PIECE, **how) as reader:
            for frame in reader:
                separated.refuse_surplus(frame)
                frame = decode.unwrapped(frame) if wrapped else frame
                if not any("look like rows" in note for note in notes):  # said once
                    notes += separated.swallowed(frame, path.name, how["sep"], read)
                read += len(frame)
                yield frame.reset_index(drop=True)
    elif suffix == ".parquet":
        import pyarrow.parquet as pq

        file = pq.ParquetFile(path)
        yield from (classlabels.with_names(batch.to_pandas(), file.schema_arrow) for batch in file.iter_batches(PIECE))
    elif suffix == ".jsonl":
        yield from _in_pieces(json_files.decided(path, coded, notes))
    else:
        first = txt.beginning(path, coded)
        if txt.built(first) == "labelled":
            yield from _in_pieces(txt.labelled(path, coded, first))
            return
        with path.open(encoding=coded) as lines:
            yield from _in_pieces({"text": bare} for line in lines if (bare := line.strip()))


def _in_pieces(rows: Iterator[dict[str, Any]]) -> Iterator[pd.DataFrame]:
    while some := list(islice(rows, PIECE)):
        yield pd.DataFrame(some, dtype=object)


class Stream:
    """One pass over the pieces: canonical rows to disk, numbers per row in memory; then `finish` makes the splits."""

    def __init__(self, folder: Path, text: str | None, label: str | None, group: str | None) -> None:
        self.folder, self.text, self.label, self.group = folder, text, label, group
        self.divided: str | None = None  # the column of splits
        self.kind: Any = None
        self.chosen: dict[str, str] = {}
        self.extra: list[str] = []
        self.codes: dict[str, int] = {}
        self.parts: dict[str, list[np.ndarray]] = {"label": [], "split": [], "hash": [], "group": []}
        self.spellings: dict[str, None] = {}  # of labels, as they are written
        self.notes: list[str] = []  # on the texts of single pieces
        self.rows = 0

    def begin(self, frame: pd.DataFrame, notes: list[str]) -> None:
        """What the columns mean, by the first piece."""
        for kind in (unlabelled, labelled):
            chosen: Any = kind.columns(frame, self.text, self.label)
            if chosen is not None:
                self.kind, self.chosen = kind, chosen
                break
        self.divided = splits.column(frame, notes, (self.text, self.label))
        self.group = groups.column(frame, self.group)
        self.extra = [str(c) for c in frame.columns if str(c) not in (*self.chosen.values(), self.divided, self.group)]

    def take(self, frame: pd.DataFrame, writer: Any) -> None:
        """One piece: its canonical columns to disk, its numbers kept."""
        marks = self._marks(frame)
        try:
            table = renamed(frame[list(self.chosen.values())], self.chosen)
            if self.kind is labelled:
                self.spellings |= dict.fromkeys(v for v in map(cells.spoken, table["label"]) if isinstance(v, str))
                table = labelled.as_text({"train": table}, self.notes, whole=self.rows == 0)["train"]
            rows = self.kind.canonical(table, "the file", None)
        except WorkbenchError as error:
            raise WorkbenchError(
                f"{error.found}, counted from row {self.rows + 1:,}", error.expected, error.try_
            ) from error
        labels = (
            [self.codes.setdefault(v, len(self.codes)) for v in rows["label"]] if "label" in rows else [0] * len(rows)
        )
        writer.write_batch(pa.record_batch([pa.array(list(rows["text"]), pa.string())], names=["text"]))
        self.parts["label"].append(np.array(labels, dtype=np.int32))
        self.parts["hash"].append(pd.util.hash_array(np.array([plain(t) for t in rows["text"]], dtype=object)))
        if "label" in rows or len(rows) == len(frame):
            self.parts["split"].append(marks)
        else:
            self.parts["split"].append(np.full(len(rows), -1, dtype=np.int8))
        if self.group is not None:
            self.parts["group"].append(pd.util.hash_array(frame[self.group].astype(str).to_numpy(dtype=object)))
        self.rows += len(rows)

    def _marks(self, frame: pd.DataFrame) -> np.ndarray:
        """The number of every row's split, -1 where no column says it."""
        if self.divided is None:
            return np.full(len(frame), -1, dtype=np.int8)
        keys = splits.numbered(frame[self.divided])
        return keys.map(SPLITS.index).to_numpy(dtype=np.int8)

    def finish(self, source: Path, seed: int, notes: list[str]) -> dict[str, hf.Dataset]:
        """The splits as memory-mapped datasets."""
        numbers = {name: np.concatenate(parts) if parts else np.array([]) for name, parts in self.parts.items()}
        split = self._cut(numbers, seed, notes)
        names = labelled._in_order(set(self.codes)) if self.kind is labelled else []
        if self.kind is labelled and len(names) < 2:
            raise WorkbenchError(f"one class only ({names[0]!r})", "texts of at least two classes")
        order = np.array([names.index(v) for v in self.codes] or [0])
        features = hf.Features({"text": hf.Value("string"), **({"label": hf.ClassLabel(names=names)} if names else {})})
        found = _written(self.folder, source, split, order[numbers["label"]], features)
        seen = np.unique(numbers["label"][split == 0])
        if names and len(seen) < len(names):
            odd = [v for v, code in self.codes.items() if code not in set(seen.tolist())]
            raise WorkbenchError(
                f"labels that training never shows: {', '.join(sorted(odd)[:5])}", "the same labels in every split"
            )
        twice = np.isin(numbers["hash"][split > 0], numbers["hash"][split == 0]).sum()
        if twice:
            notes.append(f"{twice:,} texts outside training stand in training too: scores there flatter")
        notes += [*dict.fromkeys(self.notes), *labelled.said(self.spellings)]
        left = f"; {', '.join(map(repr, self.extra[:5]))} left out" if self.extra else ""
        notes.append(f"{self.rows:,} rows are read from disk where they are needed{left}")
        return found

    def _cut(self, numbers: dict[str, np.ndarray], seed: int, notes: list[str]) -> np.ndarray:
        """The split number of every row: those of a column, and where that names no validation some of training."""
        split, rng = np.maximum(numbers["split"], 0), np.random.default_rng(seed)
        train = np.flatnonzero(split == 0)
        if (split == 1).any() or len(train) < 4:
            return split
        share = min(0.15, MOST_VALIDATION / len(train))
        if len(numbers["group"]):
            kinds = rng.permutation(np.unique(numbers["group"][train]))
            sizes = pd.Series(numbers["group"][train]).value_counts()[kinds].to_numpy()
            chosen = np.isin(
                numbers["group"][train], kinds[: max(1, int(np.searchsorted(sizes.cumsum(), share * len(train))))]
            )
            if set(numbers["label"][train[~chosen]]) == set(numbers["label"][train]):
                split[train[chosen]] = 1
                notes.append(f"validation was cut off by {self.group!r}: no value of it is on both sides")
                return split
        for code in np.unique(numbers["label"][train]):
            mine = rng.permutation(train[numbers["label"][train] == code])
            split[mine[: int(len(mine) * share)]] = 1
        held = np.flatnonzero(split == 1)
        split[held[np.isin(numbers["hash"][held], numbers["hash"][split == 0])]] = 0  # its twin stays in training
        return split


def _written(
    folder: Path, source: Path, split: np.ndarray, labels: np.ndarray, features: hf.Features
) -> dict[str, hf.Dataset]:
    """The texts once more from disk to disk, sorted into one file per split, their labels beside them."""
    present = [k for k in range(3) if (split == k).any()]
    paths = {k: folder / f"{SPLITS[k]}.arrow" for k in present}
    writers = {k: pa.ipc.new_stream(str(paths[k]), features.arrow_schema) for k in present}
    at = 0
    with pa.OSFile(str(source)) as file, pa.ipc.open_stream(file) as batches:  # not mapped: Windows would keep it
        for batch in batches:
            here = split[at : at + len(batch)]
            for k in present:
                chosen = np.flatnonzero(here == k)
                columns = [batch.column(0).take(pa.array(chosen))]
                if "label" in features:
                    columns.append(pa.array(labels[at + chosen].astype(np.int64)))
                writers[k].write_batch(pa.record_batch(columns, schema=features.arrow_schema))
            at += len(batch)
    for writer in writers.values():
        writer.close()
    source.unlink(missing_ok=True)
    return {SPLITS[k]: hf.Dataset.from_file(str(paths[k]), info=hf.DatasetInfo(features=features)) for k in present}


def streamed(path: Path, text: str | None, label: str | None, group: str | None, seed: int,
             notes: list[str]) -> dict[str, hf.Dataset] | None:  # fmt: skip
    """The splits of a large file, or None where it is small or of a kind that is read whole."""
    if path.suffix.lower() not in ENDINGS or not path.is_file() or path.stat().st_size < LARGE:
        return None
    coded = decode.UTF8 if path.suffix.lower() == ".parquet" else decode.encoding(path)
    lines = txt.beginning(path, coded) if path.suffix.lower() in (".txt", ".tsv") else []
    built = "standoff" if standoff.has_names(path) else txt.built(lines)
    if built in ("sentences", "pairs", "standoff") or (
        path.suffix.lower() == ".txt" and built in ("table", "documents")
    ):
        return None
    if path.suffix.lower() == ".jsonl" and not json_files.is_plain(
        list(islice(json_files.objects(path, coded), PIECE))
    ):
        return None
    tables = pieces(path, coded, said := decode.stated(path.name, coded))
    first = next(tables, None)
    if first is None:
        return None
    foreign.refuse(first, text, label)
    try:
        told, fits = first, _kind_fits(first, text, label)
    except WorkbenchError:  # the first rows of a sorted file have the same label
        told = pd.concat([some.iloc[::200] for some in pieces(path, coded, [])], ignore_index=True)
        fits = _kind_fits(told, text, label)
    if not fits:
        return None
    folder = _own_folder(Path(_cache() or tempfile.gettempdir()))
    stream, raw = Stream(folder, text, label, group), folder / "raw.arrow"
    stream.begin(told, found := [])
    schema = pa.schema([("text", pa.string())])
    with pa.OSFile(str(raw), "wb") as out, pa.ipc.new_stream(out, schema) as writer:
        stream.take(first, writer)
        for frame in tables:
            stream.take(frame, writer)
    said += txt.said(path.name, lines) if path.suffix.lower() == ".txt" else []
    found += [*said, *roles_said(stream.kind.TASK, stream.chosen, text, label)]
    names = label_names.of(stream.codes, path, found)
    stream.codes = {names.get(label, label): code for label, code in stream.codes.items()}
    made = stream.finish(raw, seed, found)
    if "validation" not in made:  # a handful of long texts
        return None
    notes += found
    return made


def _kind_fits(frame: pd.DataFrame, text: str | None, label: str | None) -> bool:
    """Whether the first kind that takes these columns is one that is streamed."""
    from workbench.data.load import KINDS

    if shaped.fits(frame, text, label) or (label is None and indicators.columns(frame, text)):
        return False
    return next(k for k in KINDS if k.columns(frame, text, label)) in (labelled, unlabelled)


def _own_folder(place: Path) -> Path:
    """A folder for the files of this process, which goes away with it. A process that was killed leaves its folder behind, and on Windows
    everyone does, as what is mapped into memory is not removed there: so those of processes that have gone go first."""
    here = f"workbench-data-{re.sub('[^A-Za-z0-9]', '', platform.node())}"
    for old in place.glob(f"{here}-*"):
        pid = old.name.split("-")[3]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{here}-{os.getpid()}-", dir=place))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _cache() -> str | None:
    """Where datasets keeps its files, which is a disk; a system's place for temporary files may be memory."""
    place = Path(hf.config.HF_DATASETS_CACHE)
    try:
        place.mkdir(parents=True, exist_ok=True)
        return str(place)
    except OSError:
        return None
