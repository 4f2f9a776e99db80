"""Which files of a folder are its splits: by their names, by their endings, as pairs of texts and labels. Tables are not read here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from workbench.data import archives, codes, decode, endings, splits
from workbench.data.splits import EVAL, SPLITS, Tables
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

Files = dict[str, list[Path]]
ENDINGS = SPLITS | {"testa": "validation", "testb": "test"}  # eng.train, eng.testa, eng.testb
PAIRS = (("{}_text.txt", "{}_labels.txt"), ("{}/seq.in", "{}/label"))  # texts and their labels, line by line
WORDS = SPLITS | {"tst": "test"}  # as IWSLT calls it
_WORD = "|".join(WORDS)


def split_of(path: Path) -> str:
    """The split that a file's name speaks of, alone or with other words: train, wnut17train, emerging.dev, ..."""
    stem = endings.bare(path).stem.lower()
    if stem in SPLITS:
        return SPLITS[stem]
    words = re.findall(rf"(?:^|[^a-z])({_WORD})(?=[^a-z]|$)", stem)
    return WORDS[words[-1]] if words else ""


def of_folder(folder: Path, known: tuple[str, ...]) -> Files:
    """The files of every split that the names in a folder speak of. Files with other endings than those `known` count where their
    lines say what they are, and no other file is for training."""
    readable = [p for p in sorted(folder.iterdir()) if endings.bare(p).suffix.lower() in known]
    found = _by_names(folder, [p for p in readable if split_of(p)], readable)
    if "train" in found:
        return found
    others = [p for p in sorted(folder.iterdir()) if p.is_file() and p not in readable and not p.name.startswith(".")]
    odd = {p: split for p in others if (split := split_of(p) or ENDINGS.get(p.suffix[1:].lower(), ""))}
    told = {p: split for p, split in (odd or _behind_a_name([*readable, *others])).items()
            if p in readable or endings.looks_like(p)}  # fmt: skip
    if "train" in told.values() and len(set(told.values())) == len(told):
        return {split: [path] for path, split in told.items()}
    return found


def _by_names(folder: Path, known: list[Path], readable: list[Path]) -> Files:
    known = [p for p in known if p not in _in_languages(known)]
    open_ = {split_of(p) for p in known if p == endings.bare(p)}  # beside test.csv, test.csv.gz is the same once more
    known = [p for p in known if p == endings.bare(p) or split_of(p) not in open_]
    plain = {
        split_of(p) for p in known if endings.bare(p).stem.lower() in SPLITS
    }  # beside train.csv, train-old.csv means nothing
    known = [p for p in known if endings.bare(p).stem.lower() in SPLITS or split_of(p) not in plain]
    others = {endings.bare(p).stem for p in known if endings.bare(p).suffix.lower() != ".txt"}
    known = [
        p for p in known if endings.bare(p).suffix.lower() != ".txt" or endings.bare(p).stem not in others
    ]  # beside x-train.conllu, x-train.txt is what it was made of
    files: Files = {}
    for path in known:
        files.setdefault(split_of(path), []).append(path)
    if any(len(some) > 1 and not splits.shards(some) for some in files.values()):
        names = ", ".join(p.name for p in known)
        raise WorkbenchError(f"two files for one split in folder {folder.name!r} ({names})", "one file per split",
                             "moving the other one away")  # fmt: skip
    also = [p for p in readable if p.stem.lower() in EVAL]
    return {**files, "validation": also} if set(files) in ({"train"}, {"train", "test"}) and len(also) == 1 else files


def _in_languages(paths: list[Path]) -> list[Path]:
    """Of text files those that hold a split in one of several languages: train.en.txt and train.fr.txt are pairs, no two splits."""
    spoken = {p: named for p in paths if p.suffix.lower() == ".txt" and codes.of_file(named := codes.turned(p))}
    stems = [named.stem for named in spoken.values()]
    return [p for p, named in spoken.items() if stems.count(named.stem) > 1]


def _behind_a_name(paths: Iterable[Path]) -> dict[Path, str]:
    """engtrain.bio and engtest.bio: the word for the split behind the same letters, where that makes two splits or more."""
    found = {p: m for p in paths if (m := re.fullmatch(rf"(.+?)({_WORD})", p.stem.lower()))}
    for name in dict.fromkeys(m[1] for m in found.values()):
        some = {p: WORDS[m[2]] for p, m in found.items() if m[1] == name}
        if "train" in some.values() and len(some) > 1:
            return some
    return {}


def texts_and_labels(folder: Path, notes: list[str]) -> Tables:
    """train_text.txt beside train_labels.txt, and so for the other splits; empty where there are no such files."""
    for texts, labels in PAIRS:
        both = {w: (folder / texts.format(w), folder / labels.format(w)) for w in SPLITS}
        both = {w: pair for w, pair in both.items() if all(p.is_file() for p in pair)}
        if "train" in both:
            notes.append(f"the labels of {texts.format('train')} are the lines of {labels.format('train')}")
            if (both["train"][0].parent / "seq.out").is_file():
                notes.append(
                    "the tags in train/seq.out were not read: for them name a file train.tsv, with the words, a tab and their tags in every line"
                )
            return {SPLITS[w]: _aligned(*pair) for w, pair in both.items()}
    return {}


def _aligned(texts: Path, labels: Path) -> pd.DataFrame:
    found = [p.read_text(decode.encoding(p)).removesuffix("\n").split("\n") for p in (texts, labels)]
    if len(found[0]) != len(found[1]):
        raise WorkbenchError(f"{texts.name} has {len(found[0]):,} lines and {labels.name} {len(found[1]):,}",
                             "the same number: line by line a text and its label")  # fmt: skip
    return pd.DataFrame({"text": found[0], "label": found[1]}, dtype=object)


def no_training(folder: Path, known: tuple[str, ...]) -> WorkbenchError:
    """What to say of a folder without a file to train on: what to do with those that are there."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    for path in files:
        if split_of(path) == "train" and path.suffix.lower() not in known and not codes.of_file(path):
            return endings.unknown(path, known)
    names = some_of(p.name for p in files)
    pairs = [p for p in files if codes.turned(p) != p]
    if len(codes.sides(map(codes.turned, pairs))) < 2:
        pairs = [p for p in pairs if p.suffix.lower() != ".txt"]
    advice = next((endings.ADVICE[p.suffix.lower()] for p in files if p.suffix.lower() in endings.ADVICE), "")
    packed = next((p.name for p in files if archives.is_one(p)), "")
    if packed:
        advice = f"wb.load of {packed} itself, or of what comes out of it"
    elif pairs:
        named = (
            f"train.{codes.of_file(codes.turned(pairs[0]))}"
            if pairs[0].suffix.lower() == ".txt"
            else f"{pairs[0].stem}.train"
        )
        advice = f"renaming {pairs[0].name} to {named}, and its translation alike"
    elif not advice and len(files) != 1:
        advice = "putting what belongs together into one table, with columns text, label and split"
    return WorkbenchError(f"no training file in folder {folder.name!r}" + (f" ({names})" if names else ""),
                          f"train.csv and, if you have it, validation.csv ({', '.join(known)} can be read), or a folder of texts for "
                          "each class", advice or "renaming the file to train.csv")  # fmt: skip
