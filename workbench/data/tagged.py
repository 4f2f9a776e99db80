"""Sentences with one tag per word: lists of words and lists of tags -> `tokens` and `tags` (IOB2). No files are read here.

Read are IOB1, IOB2, IO, BIOES and BILOU; what comes out is IOB2, whose names do not depend on their neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data.columns import usual
from workbench.data.text import first_rows, is_list, missing, well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import entities

TASK = "tagging"
ROWS, ROW = "sentences", "a list of words and a list of tags"
FINGERPRINT = ("tokens", "tags")
TOKENS, TAGS = ("tokens", "words"), ("tags", "ner_tags", "labels", "ner", "entities", "label")
LOOKED_AT = 2_000  # sentences by which columns are told
_NUMBER = re.compile(r"-?\d+(\.0)?")
_NOTHING = ("", "_", "-")  # what some files write where there is no tag


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Any of the usual schemes as IOB2.

    >>> to_iob2(["I-PER", "I-PER", "B-PER", "S-LOC", "O"])
    ['B-PER', 'I-PER', 'B-PER', 'B-LOC', 'O']
    """
    out = ["O"] * len(tags)
    for kind, start, end in entities(tags):
        out[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return out


def columns(frame: pd.DataFrame, words: str | None = None, tags: str | None = None) -> dict[str, str] | None:
    """Which columns hold lists of words and lists of tags: those that are named, else those with the usual names."""
    known = [str(c) for c in frame.columns]
    chosen = {"tokens": words or usual(known, TOKENS), "tags": tags or usual(known, TAGS)}
    found = {role: c for role, c in chosen.items() if c is not None and known.count(c) == 1}
    listed = len(found) == 2 and len(frame) and all(is_list(frame.iloc[0, known.index(c)]) for c in found.values())
    if (
        listed and tags is None and found["tags"].lower() == "label"
    ):  # that may also hold the labels of the whole sentence
        some = frame.head(LOOKED_AT)
        pairs = zip(some[found["tokens"]], some[found["tags"]], strict=True)
        listed = all(is_list(w) and is_list(t) and len(w) == len(t) for w, t in pairs)
    return found if listed else None


def is_kind(features: Any) -> bool:
    """A list of ClassLabel per row."""
    return isinstance(getattr(features.get("tags"), "feature", None), hf.ClassLabel)


def labels(features: Any) -> list[str]:
    """The tags' names, in the order of their ids."""
    return list(features["tags"].feature.names)


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """`tokens` as lists of str and `tags` as lists of IOB2 names; `names` are those of numbered tags."""
    bad = [i for i, (w, t) in enumerate(zip(frame["tokens"], frame["tags"], strict=True)) if _faulty(w, t)]
    if bad:
        raise WorkbenchError(f"{len(bad)} sentences of {split} have no words, or not one tag per word (rows {first_rows(bad)})",
                             "two lists of the same length in every row", "dropping those rows")  # fmt: skip
    named = [[_tag(t, names) for t in tags] for tags in frame["tags"]]
    number = next((t for tags in named for t in tags if _NUMBER.fullmatch(t)), None)
    if number is not None:
        raise WorkbenchError(f"numbers without names as tags of {split} (such as {number})",
                             "tags such as B-PER and O, or a DatasetDict with lists of ClassLabel",
                             "frame['tags'] = [[names[i] for i in row] for row in frame['tags']]")  # fmt: skip
    tokens = [[well_formed(str(w)) for w in words] for words in frame["tokens"]]
    return frame.assign(tokens=tokens, tags=[to_iob2(tags) for tags in named])


def row_labels(frame: pd.DataFrame) -> list[set[str]]:
    """The types of names in every sentence."""
    return [{t[2:] for t in tags if t != "O"} for tags in frame["tags"]]


def held_out(frame: pd.DataFrame, seed: int, share: float = 0.15) -> list[int]:
    """Positions of a random share of the sentences. The last sentence with a type of name stays where it is."""
    kinds = row_labels(frame)
    left = Counter(kind for some in kinds for kind in some)
    chosen: list[int] = []
    for i in np.random.default_rng(seed).permutation(len(frame)):
        if len(chosen) < max(1, round(share * len(frame))) and all(left[kind] > 1 for kind in kinds[i]):
            chosen.append(int(i))
            left.subtract(kinds[i])
    if not chosen:
        raise WorkbenchError("one sentence per type of name",
                             "several sentences with each type, to cut off a validation split")  # fmt: skip
    return sorted(chosen)


def label_names(frames: Iterable[pd.DataFrame]) -> list[str]:
    """O, then B- and I- of every type that occurs, in the order of the alphabet."""
    kinds = {t[2:] for f in frames for tags in f["tags"] for t in tags if t != "O"}
    return ["O", *(f"{prefix}-{kind}" for kind in sorted(kinds) for prefix in "BI")]


def check(frames: dict[str, pd.DataFrame]) -> None:
    """Names in training, and none of an unknown type elsewhere."""
    known = set(label_names([frames["train"]]))
    if len(known) < 2:
        raise WorkbenchError("no name is tagged in the training split", "tags such as B-PER besides O")
    for split, frame in frames.items():
        unknown = set(label_names([frame])) - known
        if unknown:
            raise WorkbenchError(f"tags in {split} that training never shows: {', '.join(sorted(unknown)[:5])}",
                                 "the same types of names in every split")  # fmt: skip


def datasets(frames: dict[str, pd.DataFrame], names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split, with the same tags in all of them; they are found in the data, whatever `names` says."""
    found = label_names(frames.values())
    return {split: _dataset(frame, found) for split, frame in frames.items()}


def _dataset(frame: pd.DataFrame, names: list[str]) -> hf.Dataset:
    """A Dataset whose `tags` are lists of ClassLabel; other columns are kept as text."""
    number = {name: i for i, name in enumerate(names)}
    columns: dict[str, Any] = {
        "tokens": list(frame["tokens"]),
        "tags": [[number[t] for t in tags] for tags in frame["tags"]],
    }
    features: dict[str, Any] = {"tokens": hf.List(hf.Value("string")), "tags": hf.List(hf.ClassLabel(names=names))}
    for at, column in enumerate(map(str, frame.columns)):
        if column not in columns:
            columns[column] = [None if missing(v) else well_formed(str(v)) for v in frame.iloc[:, at]]
            features[column] = hf.Value("string")
    return hf.Dataset.from_dict(columns, hf.Features(features))


def _faulty(words: Any, tags: Any) -> bool:
    if not (is_list(words) and is_list(tags)) or len(words) != len(tags) or not len(words):
        return True
    return not all(_is_one(v) for values in (words, tags) for v in values)


def _is_one(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float | np.number) and not missing(value))


def _tag(value: Any, names: list[str] | None) -> str:
    if names is not None and not isinstance(value, str):
        value = names[int(value)] if 0 <= int(value) < len(names) else "O"
    tag = well_formed(str(value)).strip()
    return "O" if tag in _NOTHING else tag
