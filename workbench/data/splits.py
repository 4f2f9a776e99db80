"""Which rows are for training, which for validation and which for the test: by names of splits and by a column of them.

What no name explains is left out of the data and said in a note.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from workbench.errors import WorkbenchError

SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation",
           "val": "validation", "test": "test"}  # fmt: skip
EVAL = ("eval", "evaluation")  # validation, where nothing else is
COLUMNS = ("split", "data_split", "partition", "subset", "set", "fold")

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
