"""Sentences with one tag per word: CoNLL columns and token lists -> `tokens` and `tags` (IOB2). No files are found here.

Read are IOB1, IOB2, IO, BIOES and BILOU; what comes out is IOB2, whose names do not depend on their neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data.text import missing, well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import entities

TOKENS, TAGS = ("tokens", "words"), ("tags", "ner_tags", "labels", "ner", "entities")
_NOTE = re.compile(r"# *(\w+) *= *(.*)")


def read_conll(path: Path) -> pd.DataFrame:
    """A file of one word per line, first column the word, last column its tag, a blank line between sentences.

    Columns are separated by a tab, or by spaces where there is no tab. Lines such as `# genre = news` before a sentence become
    columns of their own; `-DOCSTART-` lines are passed over.
    """
    rows: list[dict[str, Any]] = []
    notes: dict[str, str] = {}
    tokens: list[str] = []
    tags: list[str] = []

    def close() -> None:
        nonlocal tokens, tags, notes
        if tokens:
            rows.append({**notes, "tokens": tokens, "tags": tags})
            tokens, tags, notes = [], [], {}

    with path.open(encoding="utf-8-sig", newline=None) as lines:
        for number, line in enumerate(lines, 1):
            note = _NOTE.fullmatch(line.strip()) if not tokens and "\t" not in line else None
            parts = [p.strip() for p in line.split("\t")] if "\t" in line.strip() else line.split()
            if note:
                notes[note[1]] = note[2]
            elif not line.strip():
                close()
            elif parts[0] == "-DOCSTART-":
                continue
            elif len(parts) < 2:
                raise ValueError(f"line {number} has one column: {line.strip()[:40]!r}")
            else:
                tokens.append(parts[0] or "�")
                tags.append(parts[-1])
    close()
    return pd.DataFrame(rows, columns=None if rows else ["tokens", "tags"])


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Any of the usual schemes as IOB2.

    >>> to_iob2(["I-PER", "I-PER", "B-PER", "S-LOC", "O"])
    ['B-PER', 'I-PER', 'B-PER', 'B-LOC', 'O']
    """
    out = ["O"] * len(tags)
    for kind, start, end in entities(tags):
        out[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return out


def is_tagged(frame: pd.DataFrame) -> bool:
    """Whether a table holds lists of words and lists of tags."""
    words, tags = usual(frame.columns, TOKENS), usual(frame.columns, TAGS)
    if words is None or tags is None or not len(frame):
        return False
    return all(_is_list(frame[c].iloc[0]) for c in (words, tags))


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """The table with `tokens` (lists of str) and `tags` (lists of IOB2 names); `names` are those of numbered tags."""
    words, tags = usual(frame.columns, TOKENS), usual(frame.columns, TAGS)
    frame = frame.rename(columns={words: "tokens", tags: "tags"}).reset_index(drop=True)
    bad = [i for i, (w, t) in enumerate(zip(frame["tokens"], frame["tags"], strict=True)) if _faulty(w, t)]
    if bad:
        rows = ", ".join(str(i + 1) for i in bad[:5])
        raise WorkbenchError(f"{len(bad)} sentences of {split} have no words, or not one tag per word (rows {rows})",
                             "two lists of the same length in every row", "dropping those rows")  # fmt: skip
    frame["tokens"] = [[well_formed(str(w)) for w in words] for words in frame["tokens"]]
    frame["tags"] = [to_iob2([_tag(t, names) for t in tags]) for tags in frame["tags"]]
    return frame


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


def dataset(frame: pd.DataFrame, names: list[str]) -> hf.Dataset:
    """A Dataset whose `tags` are lists of ClassLabel; other columns are kept as text."""
    number = {name: i for i, name in enumerate(names)}
    columns: dict[str, Any] = {
        "tokens": list(frame["tokens"]),
        "tags": [[number[t] for t in tags] for tags in frame["tags"]],
    }
    features: dict[str, Any] = {"tokens": hf.List(hf.Value("string")), "tags": hf.List(hf.ClassLabel(names=names))}
    for column in map(str, frame.columns):
        if column not in columns:
            columns[column] = [None if missing(v) else well_formed(str(v)) for v in frame[column]]
            features[column] = hf.Value("string")
    return hf.Dataset.from_dict(columns, hf.Features(features))


def usual(columns: Iterable[Any], names: tuple[str, ...]) -> str | None:
    """The first of the usual names among the columns, however it is spelt."""
    known = [str(c) for c in columns]
    lowered = {c.lower(): c for c in known} | {c: c for c in known}
    return next((lowered[name] for name in names if name in lowered), None)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _faulty(words: Any, tags: Any) -> bool:
    return not (_is_list(words) and _is_list(tags)) or len(words) != len(tags) or not len(words)


def _tag(value: Any, names: list[str] | None) -> str:
    if names is not None and not isinstance(value, str):
        return names[int(value)] if 0 <= int(value) < len(names) else "O"
    return str(value).strip() or "O"
