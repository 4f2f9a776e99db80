"""Text files with the same text in two languages, line by line, which belong to a split by their names or their folders -> a table with
`source` and `target`. Columns of tables are told in `parallel`.

Of `train.en` and `train.fr` the first in the alphabet is translated, unless the folder is named after the direction (`fr-en`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from workbench.data import decode, endings, segments
from workbench.data.codes import sides, split_named, turned
from workbench.data.parallel import SOURCE, TARGET
from workbench.errors import WorkbenchError

_TAG = re.compile(r"\s*</?[a-z]+( [^<>]*)?>")


def text_files(
    folder: Path, split_of: Callable[[Path], str], notes: list[str] | None = None
) -> dict[str, pd.DataFrame]:
    """`train.en` beside `train.fr`, or `en.train` beside `fr.train`, and so for the other splits: one pair per line. Empty where there
    are no such files."""
    paths: dict[str, dict[Path, Path]] = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if split := split_of(named := turned(path)):
            paths.setdefault(split, {})[named] = path
    found: dict[str, dict[str, Path]] = {}
    said_once: list[str] = []
    for split, some in sorted(paths.items()):
        if files := sides(_of_one_name(some, split, said_once)):
            found[split] = {code: some[name] for code, name in files.items()}
    tables = {split: _aligned(files, folder, said_once) for split, files in found.items()} if "train" in found else {}
    if notes is not None and tables:
        notes += dict.fromkeys(said_once)
    return tables


def in_folders(folder: Path, notes: list[str]) -> dict[str, pd.DataFrame]:
    """The pairs in folders named after their splits, as FLORES has dev and devtest; empty where there are no such folders."""
    inner = {
        split: place for place in sorted(folder.iterdir()) if place.is_dir() and (split := split_named(place.name))
    }
    named = {split: {turned(p): p for p in place.iterdir() if p.is_file()} for split, place in inner.items()}
    found = {split: files for split, there in named.items() if len(files := sides(there)) > 1}
    if found and "train" not in found:
        raise WorkbenchError(f"texts in {len(next(iter(found.values())))} languages for {' and '.join(inner[s].name for s in found)} alone, in folder "
                             f"{folder.name!r}", "a text in two languages to train on",
                             "for a first look renaming a folder to train, with files in two languages in it")  # fmt: skip
    said: list[str] = []
    tables = {}
    for split, files in found.items():
        tables[split] = _aligned({code: named[split][name] for code, name in files.items()}, folder, said)
    notes += dict.fromkeys(said)
    return tables


def _of_one_name(names: Iterable[Path], split: str, notes: list[str]) -> list[Path]:
    """Of the files of a split, such as tst2010.en, tst2010.de, tst2011.en, tst2011.de, the first two that go together."""
    stems: dict[str, list[Path]] = {}
    for name in names:
        stems.setdefault(name.stem, []).append(name)
    spoken = {stem: some for stem, some in stems.items() if sides(some)}
    first = next((stem for stem, some in spoken.items() if len(sides(some)) == 2), None)
    if first is None or len(spoken) < 2:
        return [name for some in spoken.values() for name in some]
    others = ", ".join([stem for stem in spoken if stem != first][:5])
    notes.append(f"of several texts for {split} the first was read, {first}, and not {others}")
    return spoken[first]


def _aligned(files: dict[str, Path], folder: Path, notes: list[str]) -> pd.DataFrame:
    codes = sorted(files)
    if len(codes) != 2:
        raise WorkbenchError(f"{' and '.join(p.name for p in files.values())} in folder {folder.name!r}",
                             "one file for each of two languages", "train.en and train.fr")  # fmt: skip
    first, second = codes
    if re.search(rf"(^|[^a-z]){second}[-_]{first}([^a-z]|$)", folder.name.lower()):
        codes.reverse()
    elif {first, second}.isdisjoint(SOURCE + TARGET) and not re.search(rf"{first}[-_]{second}", folder.name.lower()):
        notes.append(
            f"read as translations from {first} into {second}; in a folder called {second}-{first} they go the other way"
        )
    both = {code: _lines(files[code], notes) for code in codes}
    lengths = [len(side) for side in both.values()]
    if lengths[0] != lengths[1]:
        raise WorkbenchError(f"{files[codes[0]].name} has {lengths[0]:,} lines and {files[codes[1]].name} {lengths[1]:,}",
                             "the same number: line by line each is the other's translation")  # fmt: skip
    return _whole_pairs(
        pd.DataFrame(dict(zip(("source", "target"), both.values(), strict=True)), dtype=object), files, notes
    )


def _whole_pairs(frame: pd.DataFrame, files: dict[str, Path], notes: list[str]) -> pd.DataFrame:
    """The pairs without those of which a side is empty, as corpora that were aligned by a program have them, and without lines of
    tags on both sides, as talks have them."""
    names = " and ".join(path.name for path in files.values())
    sides = list(zip(frame["source"], frame["target"], strict=True))
    tags = pd.Series([a.lstrip()[:1] == "<" and all(map(_TAG.match, (a, b))) for a, b in sides])
    empty = pd.Series([not (a.strip() and b.strip()) for a, b in sides])
    if tags.mean() < 0.5:
        frame, empty = frame[~tags], empty[~tags]
        notes += (
            [f"{tags.sum():,} lines of {names} begin with a tag such as <doc> and were left out"] if tags.any() else []
        )
    if 0 < empty.sum() < len(frame):
        count = "1 pair" if empty.sum() == 1 else f"{empty.sum():,} pairs"
        notes.append(f"{count} of {names} with an empty line left out (the first is line {frame.index[empty][0] + 1})")
        frame = frame[~empty]
    return frame.reset_index(drop=True)


def _lines(path: Path, notes: list[str]) -> list[str]:
    if path.suffix.lower() == ".gz":
        with endings.unpacked(path, (path.with_suffix("").suffix.lower(),)) as inner:
            return _lines(inner, notes)
    try:
        coded = decode.encoding(path)
        notes += decode.stated(path.name, coded)
        if path.suffix.lower() in segments.ENDINGS:
            return segments.lines(path, coded)
        return path.read_text(coded).removesuffix("\n").split("\n")
    except (ValueError, OSError) as error:
        raise WorkbenchError(f"{path.name} cannot be read: {str(error)[:200]}", "a text file in UTF-8",
                             "saving it again as UTF-8") from error  # fmt: skip
