"""Which rows are for training, which for validation and which for the test: by names of splits and by a column of them.

What no name explains is left out of the data and said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench.data.text import missing
from workbench.errors import WorkbenchError

SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation", "devel": "validation", "development": "validation",
           "val": "validation", "test": "test"}  # fmt: skip
EVAL = ("eval", "evaluation")  # validation, where nothing else is
COLUMNS = ("split", "data_split", "partition", "subset", "set", "fold")
SHARD = r"(.*)-(\d+)-of-(\d+)(\.\w+(?:\.gz)?)"

Tables = dict[str, pd.DataFrame]


def meant(names: Iterable[object]) -> dict[str, str]:
    """What every name of a split means; names that mean nothing are not among them.

    >>> meant(["Train", "eval", "unsupervised"]), meant(["train", "dev", "eval"])
    ({'Train': 'train', 'eval': 'validation'}, {'train': 'train', 'dev': 'validation'})
    """
    lowered = {str(name): str(name).strip().lower() for name in names}
    found = {name: SPLITS[word] for name, word in lowered.items() if word in SPLITS}
    if "validation" in found.values():
        return found
    return {n: SPLITS.get(w, "validation") for n, w in lowered.items() if w in SPLITS or w in EVAL}


def once_each(found: dict[str, str], where: str) -> None:
    """An error where two names mean the same split."""
    for kind in dict.fromkeys(found.values()):
        names = [name for name, k in found.items() if k == kind]
        if len(names) > 1:
            raise WorkbenchError(f"{' and '.join(map(repr, names))} in {where}, which both mean {kind}",
                                 "one of each split", f"leaving out or renaming {names[1]!r}")  # fmt: skip


def shards(paths: list[Path]) -> bool:
    """Whether files are the numbered parts of one: train-00000-of-00002.parquet, train-00001-of-00002.parquet."""
    found = [re.fullmatch(SHARD, path.name) for path in paths]
    wholes = {(m[1], m[3], m[4]) for m in found if m}
    return all(found) and len(wholes) == 1


def parts_missing(paths: list[Path]) -> list[str]:
    """A sentence where numbered parts of a file are not there."""
    part = re.fullmatch(SHARD, paths[0].name)
    if part is None or int(part[3]) <= len(paths):
        return []
    return [
        f"{len(paths)} of the {int(part[3])} parts of {part[1]}{part[4]} {'is' if len(paths) == 1 else 'are'} there"
    ]


def of_repository(folder: Path, endings: tuple[str, ...]) -> Path | None:
    """The folder `data` of a copy of a Hub repository, if files of data are in it and no other folder lies beside it."""
    beside = [f for f in folder.iterdir() if f.is_dir() and not f.name.startswith(".")]
    inner = folder / "data"
    if beside != [inner]:
        return None
    return inner if any(p.suffix.lower() in endings and p.suffix.lower() != ".txt" for p in inner.iterdir()) else None


def saved(path: Path) -> bool:
    """Whether a folder is one that `save_to_disk` wrote."""
    alone = (path / "state.json").is_file() and (path / "dataset_info.json").is_file()
    return alone or (path / "dataset_dict.json").is_file()


def loaded(path: Path) -> hf.DatasetDict:
    """What `save_to_disk` wrote into a folder."""
    try:
        found = hf.load_from_disk(str(path))
    except Exception as error:
        raise WorkbenchError(f"the folder {path.name!r} cannot be read ({type(error).__name__}: {str(error)[:200]})",
                             "a folder as save_to_disk of datasets writes it", "saving it again") from error  # fmt: skip
    return found if isinstance(found, hf.DatasetDict) else hf.DatasetDict(train=found)


def hidden(split: str, gone: int, left: int) -> list[str]:
    """A sentence on rows without a label, which a Hub dataset gives as -1."""
    if not gone:
        return []
    rows = f"{gone:,} row{'' if gone == 1 else 's'}"
    if left:
        return [f"{rows} of {split} with label -1 {'was' if gone == 1 else 'were'} left out"]
    return [f"split {split!r} ({rows}) was left out: its labels are all -1"]


def column(
    frame: pd.DataFrame, notes: list[str], taken: tuple[str | None, ...] = (), strict: bool = True
) -> str | None:
    """The column that says each row's split: `split`, else one with a usual name whose values are all names of splits, among them
    those of training. `taken` are columns that are meant otherwise; if not `strict`, `split` is one name among the others."""
    known = [str(c) for c in frame.columns]
    if strict and "split" in known:
        return "split"
    for name in (c for usual in COLUMNS for c in known if c.lower() == usual and c not in taken):
        values = frame[name].map(str).unique() if known.count(name) == 1 else []
        kinds = meant(values)
        if len(kinds) == len(values) and "train" in kinds.values():
            notes.append(f"the splits are those of column {name!r}")
            return name
        notes.append(f"column {name!r} does not divide the rows: its values are not train, validation and test")
    return None


def numbered(values: pd.Series) -> pd.Series:
    """The split that every value of a column means; an error for one that means none."""
    words = values.astype(str)
    keys = words.map(meant(words.unique()))
    if keys.isna().any():
        raise WorkbenchError(f"split values {sorted(set(words[keys.isna()]))[:3]}", "train, validation or test",
                             f"dropping those rows, or another name for column {values.name!r}")  # fmt: skip
    return keys


def by_column(frame: pd.DataFrame, notes: list[str], taken: tuple[str | None, ...] = ()) -> Tables:
    """One table per split where a column says it, else one for training."""
    return _parted(frame, column(frame, notes, taken))


def divided(found: Tables, notes: list[str], taken: tuple[str | None, ...] = ()) -> Tables:
    """The same tables; where training is alone and a column tells its rows apart, one table per split."""
    if set(found) != {"train"}:
        return found
    return _parted(found["train"], column(found["train"], notes, taken, strict=False))


def _parted(frame: pd.DataFrame, name: str | None) -> Tables:
    if name is None:
        return {"train": frame}
    keys = numbered(frame[name])
    return with_train({str(k): part.drop(columns=name) for k, part in frame.groupby(keys)}, sorted(set(keys)))


def with_train(found: Tables, names: Iterable[object]) -> Tables:
    """The tables, if one of them is for training."""
    if "train" not in found:
        raise WorkbenchError(f"splits {', '.join(map(str, names)) or 'none'}", "a split called train with rows in it")
    return found


def judged(
    found: Tables, kind: Any, chosen: dict[str, str], asked: tuple[str | None, str | None], notes: list[str]
) -> Tables:
    """The tables without a test split of texts that have no labels, as competitions give it: nothing can be measured on it."""
    role = next((r for r in ("label", "labels") if r in chosen), None)
    if role is None or "test" not in found or not _blind(found, kind, chosen, role, asked):
        return found
    notes.append(f"split 'test' ({len(found['test']):,} rows) was left out: it has no labels")
    return {split: table for split, table in found.items() if split != "test"}


def _blind(found: Tables, kind: Any, chosen: dict[str, str], role: str, asked: tuple[str | None, str | None]) -> bool:
    """Whether the test split lacks the column of labels, or holds nothing but gaps and -1 there while training has other labels."""
    train, test, name = found["train"], found["test"], chosen[role]
    have = list(map(str, test.columns))
    if have.count(name) == 1:
        given = {str(v).strip() for v in test[name] if not missing(v)} if role == "label" else {"some"}
        return len(test) > 0 and given <= {"", "-1", "-1.0"} and not given & {str(v).strip() for v in train[name]}
    if name in have or not {c for r, c in chosen.items() if r != role} <= set(have):
        return False
    try:
        return kind.columns(test, *asked) is None
    except WorkbenchError:
        return True
