"""A folder with one folder per class and one text file per text, with or without folders for the splits above them.

    reviews/train/pos/0_9.txt   or   reviews/pos/a.txt

Only `.txt` files are read; what else lies there is counted and noted.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.data import decode
from workbench.data.splits import meant, once_each
from workbench.errors import WorkbenchError

UNLABELLED = ("unsup", "unlabeled", "unlabelled", "unsupervised")  # folders of texts without a class


def classes(folder: Path, notes: list[str]) -> dict[str, pd.DataFrame]:
    """One table per split with `text`, `label` (the class folder's name) and `file`; empty where the folder is built otherwise."""
    kinds = meant(f.name for f in _folders(folder))
    inner = {kind: folder / name for name, kind in kinds.items()}
    if "train" in inner:
        once_each(kinds, f"folder {folder.name!r}")
        others = [f.name for f in _folders(folder) if f.name not in kinds]
        notes += [f"folder {name!r} was left out: its name is none of train, validation and test" for name in others]
    found = (
        {split: _texts(f, notes) for split, f in inner.items()}
        if "train" in inner
        else {"train": _texts(folder, notes)}
    )
    return {split: frame for split, frame in found.items() if len(frame)} if len(found["train"]) else {}


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _texts(folder: Path, notes: list[str]) -> pd.DataFrame:
    """The texts of every class folder in the order of their names."""
    rows, coded_otherwise, passed = [], 0, 0
    for place in _folders(folder):
        files = sorted(f for f in place.iterdir() if f.is_file() and not f.name.startswith("."))
        if place.name.lower() in UNLABELLED:
            passed += len(files)
            continue
        passed += sum(f.suffix.lower() != ".txt" for f in files)
        for file in (f for f in files if f.suffix.lower() == ".txt"):
            text, coded = _read(file)
            coded_otherwise += coded != decode.UTF8
            rows.append((text, place.name, f"{place.name}/{file.name}"))
    if rows and passed:
        notes.append(f"{passed} other files in {folder.name!r} were passed over")
    if coded_otherwise:
        notes.append(
            f"{coded_otherwise} files in {folder.name!r} are not UTF-8 and were read as Windows-1252 or by their mark"
        )
    return pd.DataFrame(rows, columns=["text", "label", "file"])


def _read(file: Path) -> tuple[str, str]:
    try:
        coded = decode.encoding(file)
        return file.read_text(coded).strip(), coded
    except (ValueError, OSError) as error:
        raise WorkbenchError(f"{file.name} cannot be read: {str(error)[:200]}", "a text file in UTF-8",
                             "saving it again as UTF-8, or moving it away") from error  # fmt: skip
