"""A folder with one folder per class and one text file per text, with or without folders for the splits above them.

    reviews/train/pos/0_9.txt   or   reviews/pos/a.txt   or   enron1/ham/a.txt beside enron2/ham/b.txt

Only `.txt` files are read, or mails (`.eml`), or files without an ending where there are no others; what else lies there is counted
and noted. Folders that are no classes (part1, part2; each with files called train and test) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from workbench.data import codes, decode
from workbench.data.endings import READMES, bare
from workbench.data.splits import meant, once_each
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

_MAIL = re.compile(r"(From|Subject|Received|Return-Path|Xref|Path|Newsgroups):? .*\n([A-Z][\w-]+: |[ \t])")  # two lines
BESIDE = (".ann", ".conllu", ".sgm", ".tmx", ".xml")  # what is no readme and no card, whether it could be read or not
MAILS = ".eml"
PARTS = ("part", "fold", "chunk", "batch", "split", "cv")  # with a number behind: no names of classes
UNLABELLED = ("unsup", "unlabeled", "unlabelled", "unsupervised")  # folders of texts without a class


def classes(folder: Path, notes: list[str]) -> dict[str, pd.DataFrame]:
    """One table per split with `text`, `label` (the class folder's name) and `file`; empty where the folder is built otherwise."""
    kinds = _kinds(folder)
    inner = {kind: folder / name for name, kind in kinds.items()}
    if "train" not in inner:
        found = _grouped(folder, notes) if _are_groups(folder) else _texts(folder, _ending(folder), notes)
        return {"train": found} if len(found) else {}
    once_each(kinds, f"folder {folder.name!r}")
    ending = _ending(inner["train"])
    tables = {split: _texts(place, ending, notes) for split, place in inner.items()}
    if not len(tables["train"]):
        return {}
    others = [f.name for f in _folders(folder) if f.name not in kinds]
    notes += [f"folder {name!r} was left out: its name is none of train, validation and test" for name in others]
    notes += [
        f"folder {inner[s].name!r} was left out: no folder in it holds texts" for s, t in tables.items() if not len(t)
    ]
    return {split: frame for split, frame in tables.items() if len(frame)}


def passed_over(folder: Path, files: list[Path], endings: tuple[str, ...]) -> list[str]:
    """A sentence on the files of data that lie beside those of the splits; a .txt file there is a readme, a .json file a card,
    unless the splits are such files."""
    endings_used = {bare(p).suffix.lower() for p in files}
    kinds = [
        ending
        for ending in {*endings, *BESIDE, *endings_used}
        if ending not in (".txt", ".json", "") or ending in endings_used - {""}
    ]
    used = {*files, *(p.with_suffix(".ann") for p in files if p.suffix.lower() == ".txt")}
    others = [p.name for p in sorted(folder.iterdir()) if bare(p).suffix.lower() in kinds and not {p, bare(p)} & used]
    return (
        [f"beside the files of splits in folder {folder.name!r} these were not read: {some_of(others)}"]
        if others
        else []
    )


def pair(folder: Path, notes: list[str]) -> Callable[[Path], str]:
    """Says `train` of the two files of a folder that hold the same text in two languages, corpus.en and corpus.fr, corpus.eng and corpus.fra."""
    named = {
        codes.turned(f) if f.suffix.lower() in (".gz", ".txt") else f: f
        for f in folder.iterdir()
        if f.is_file() and f.suffix.lower() != ".id"
    }
    spoken = list(codes.sides(named).values())
    both = spoken if len(spoken) == 2 and len({f.stem for f in spoken}) == 1 else []
    if both:
        notes.append(f"{named[both[0]].name} and {named[both[1]].name} were read as pairs to train on")
    return lambda path: "train" if path in both else ""


def _kinds(folder: Path) -> dict[str, str]:
    """What the names of folders mean: train and test, or 20news-bydate-train and 20news-bydate-test with folders in them."""
    names = [f.name for f in _folders(folder)]
    kinds = meant(names)
    if "train" in kinds.values():
        return kinds
    last = {name: re.split("[-_]", name.lower())[-1] for name in names if _folders(folder / name)}
    words = meant(last.values())
    ended = {name: words[word] for name, word in last.items() if word in words}
    return ended if "train" in ended.values() and len(ended) > 1 else kinds


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def headed(texts: list[str], folder: Path) -> list[str]:
    """A sentence on texts most of which begin with the head of a mail."""
    count = sum(bool(_MAIL.match(text)) for text in texts)
    if count <= len(texts) / 2:
        return []
    return [f"{count} texts of {folder.name!r} begin with the head of a mail (From:, Subject:), which may give the label away: "
            "frame['text'].str.partition('\\n\\n')[2] is what stands below it"]  # fmt: skip


def _are_groups(folder: Path) -> bool:
    """Whether each of several folders holds the same class folders, at least two: enron1 to enron6 with ham and spam in each."""
    inside = [frozenset(f.name.lower() for f in _folders(place)) for place in _folders(folder)]
    return len(inside) > 1 and len(set(inside)) == 1 and len(inside[0]) > 1 and not meant(inside[0])


def _grouped(folder: Path, notes: list[str]) -> pd.DataFrame:
    """The texts of the class folders in several folders one after the other; `group` says which they are from."""
    places = _folders(folder)
    tables = [_texts(place, _ending(place), notes).assign(group=place.name) for place in places]
    names = some_of((place.name for place in places), 6)
    notes.append(f"the class folders in {names} were joined, and column 'group' says which of these a text is from: wb.load of one "
                 "of them reads it alone")  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _refuse_others(places: list[Path]) -> None:
    """An error for folders that are no classes: parts of the same thing, or data of their own with splits."""
    names = [place.name for place in places]
    some, stems = some_of(names, 3), {re.sub(r"[\W\d_]+$", "", n.lower()) for n in names}
    if len(names) > 1 and stems <= {*PARTS}:
        raise WorkbenchError(f"folders {some}, which are parts and no classes", "a folder of texts for each class",
                             "a table with columns text and label, made from the names of the files")  # fmt: skip
    inside = [{f.stem.lower() for f in place.iterdir() if f.is_file()} for place in places]
    if len(places) > 1 and all(files and "train" in meant(files).values() for files in inside):
        raise WorkbenchError(f"folders {some}, each with files for training, validation and test", "one of them",
                             f"wb.load of the folder {names[0]!r} in it")  # fmt: skip


def _refuse_objects(texts: list[str], folder: Path) -> None:
    """An error for files of JSON in class folders, as RACE has them: they are no texts."""
    if texts and sum(text.startswith(('{"', "[{")) for text in texts) > len(texts) / 2:
        raise WorkbenchError(f"the files of class folders in {folder.name!r} hold JSON", "a text in every file",
                             "one table, with a row for each of the objects and columns text and label")  # fmt: skip


def _texts(folder: Path, ending: str, notes: list[str]) -> pd.DataFrame:
    """The texts of every class folder in the order of their names."""
    rows, coded_otherwise, passed = [], 0, 0
    _refuse_others(
        [place for place in _folders(folder) if any(f.is_file() and _is_text(f, ending) for f in place.iterdir())]
    )
    for place in _folders(folder):
        files = sorted(f for f in place.iterdir() if f.is_file() and not f.name.startswith("."))
        if place.name.lower() in UNLABELLED:
            passed += len(files)
            continue
        passed += sum(not _is_text(f, ending) for f in files)
        for file in (f for f in files if _is_text(f, ending)):
            text, coded = _read(file)
            coded_otherwise += coded != decode.UTF8
            rows.append((text, place.name, f"{place.name}/{file.name}"))
    _refuse_objects([text for text, _, _ in rows], folder)
    notes += headed([text for text, _, _ in rows], folder)
    if rows and passed:
        notes.append(f"{passed} other files in {folder.name!r} were passed over")
    if coded_otherwise:
        notes.append(
            f"{coded_otherwise} files in {folder.name!r} are not UTF-8 and were read as Windows-1252 or by their mark"
        )
    return pd.DataFrame(rows, columns=["text", "label", "file"])


def _ending(folder: Path) -> str:
    """`.txt` where the class folders hold such files, or where they are no folders of texts without an ending, or of mails: nothing
    else, two folders or more."""
    places = [f for f in _folders(folder) if f.name.lower() not in UNLABELLED]
    inside = [[f for f in place.iterdir() if not f.name.startswith(".")] for place in places]
    plain = all(f.is_file() and (_is_text(f, "") or f.name.lower() in READMES) for files in inside for f in files)
    if plain and sum(map(bool, inside)) > 1:
        return ""
    kinds = {f.suffix.lower() for files in inside for f in files if f.is_file()}
    return MAILS if MAILS in kinds and ".txt" not in kinds else ".txt"


def _is_text(file: Path, ending: str) -> bool:
    """Whether a file has this ending; a number behind a point, as in 51060.2, or a checksum is none."""
    return re.sub(r"^\.(\d+|[0-9a-f]{32})$", "", file.suffix.lower()) == ending and file.name.lower() not in READMES


def _read(file: Path) -> tuple[str, str]:
    try:
        coded = decode.encoding(file)
        return file.read_text(coded).strip(), coded
    except (ValueError, OSError) as error:
        raise WorkbenchError(f"{file.name} cannot be read: {str(error)[:200]}", "a text file in UTF-8",
                             "saving it again as UTF-8, or moving it away") from error  # fmt: skip
