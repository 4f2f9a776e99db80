"""One text and any number of labels per row: `text` (str) and `labels` (list of ClassLabel). No files are found here.

Labels come as lists, or as one text with a sign between them: `billing|refund`, `billing; refund`; other ways to write them are read
in `listed`. A text may have none.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data import cells, listed
from workbench.data.columns import LABEL, TEXT, guessed, usual, wordiest
from workbench.data.text import first_rows, is_list, missing, well_formed
from workbench.errors import WorkbenchError

TASK = "multi-label"
ROWS, ROW = "texts", "a text and its labels"
FINGERPRINT = ("text", "labels")
LABELS = ("labels", *LABEL, "tags", "topics", "categories", "genres", "emotions")
SIGNS = ("|", ";")
SHARE = 0.15
LOOKED_AT = 5_000  # rows by which a column is told


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> dict[str, str] | None:
    """Which columns hold texts and several labels: lists, or texts with a sign between labels; None where there are none."""
    known = [str(c) for c in frame.columns]
    asked, label, text = label, label or usual(known, LABELS) or _listed(frame, text), text or usual(known, TEXT)
    if label is None or known.count(label) != 1 or not _several(list(frame.iloc[:LOOKED_AT, known.index(label)])):
        return None
    if text is None and (asked or label.lower() in LABEL or guessed(frame, None, None)[1] in (None, label)):
        text = wordiest(frame, label)
    return {"text": text, "labels": label} if text in known and text != label and known.count(text) == 1 else None


def _listed(frame: pd.DataFrame, text: str | None) -> str | None:
    """The column that is guessed to hold labels, where its name does not say so and its values are lists."""
    if len(set(map(str, frame.columns))) < frame.shape[1]:
        return None
    found = guessed(frame, text or usual(frame.columns, TEXT), None)[1]
    if found is None:
        return None
    values = frame.iloc[:LOOKED_AT, list(map(str, frame.columns)).index(found)]
    return found if _several(list(values)) else None


def _several(values: list[Any]) -> bool:
    given = [v for v in values if not missing(v)]
    if any(map(is_list, given)):
        return all(map(is_list, given))
    texts = [v for v in given if isinstance(v, str)]
    return separator(texts) is not None or listed.as_lists(texts) or listed.with_commas(texts)


def separator(values: list[str]) -> str | None:
    """The sign that stands between labels: one whose parts occur again in other combinations or alone.

    >>> separator(["a|b", "b", "a"]), separator(["a|b", "c|d", "a|b"])
    ('|', None)
    """
    for sign in SIGNS:
        whole = {v for v in values if v.strip()}
        parts = Counter(p for v in whole for p in split(v, sign))
        if any(sign in v for v in whole) and any(n > 1 for n in parts.values()):
            return sign
    return None


def split(value: str, sign: str | None) -> list[str]:
    """The labels in one text, each once, in their order."""
    parts = value.split(sign) if sign else [value]
    return list(dict.fromkeys(p.strip() for p in parts if p.strip()))


def is_kind(features: Any) -> bool:
    """A list of ClassLabel per row, beside a text."""
    return "text" in features and isinstance(getattr(features.get("labels"), "feature", None), hf.ClassLabel)


def labels(features: Any) -> list[str]:
    """The label names, in the order of their ids."""
    return list(features["labels"].feature.names)


def mended(tables: dict[str, pd.DataFrame], notes: list[str]) -> dict[str, pd.DataFrame]:
    """The tables of all splits with plain texts, and with labels as this module reads them; what was changed is noted."""
    tables = cells.texts(tables, notes)
    signed = separator([v for v in tables["train"]["labels"] if isinstance(v, str)]) is not None
    tables = listed.unfolded(tables, signed, notes)
    notes += cells.alike(v for frame in tables.values() for some in frame["labels"] for v in _parts(some))
    return tables


def _parts(value: Any) -> list[Any]:
    """The labels of a row as far as they are seen without knowing a sign between them."""
    if isinstance(value, str):
        return [p.strip() for p in re.split(r"[|;]", value)]
    return list(value) if is_list(value) else []


def canonical(frame: pd.DataFrame, split_name: str, names: list[str] | None) -> pd.DataFrame:
    """`text` as str, none empty; `labels` as lists of str. `names` are those of numbered labels."""
    if not len(frame):
        raise WorkbenchError(f"{split_name} has no rows", "at least one text with its labels")
    cells.write_texts(frame, split_name)
    texts = [v for v in frame["labels"] if isinstance(v, str)]
    sign = separator(texts) or next(
        (s for s in SIGNS if any(s in t for t in texts)), None
    )  # of a split with few combinations
    found = [_names(v, sign, names) for v in frame["labels"]]
    bad = [i for i, v in enumerate(found) if v is None]
    if bad:
        raise WorkbenchError(f"{len(bad)} rows of {split_name} whose labels cannot be read (rows {first_rows(bad)})",
                             "a list of names, or names with | between them", "['billing', 'refund']")  # fmt: skip
    frame["labels"] = pd.Series(found, index=frame.index, dtype=object)
    return frame


def _names(value: Any, sign: str | None, names: list[str] | None) -> list[str] | None:
    """The labels of one row; None where they are neither a text nor a list of texts or numbers."""
    if missing(value):
        return []
    if isinstance(value, str):
        return [well_formed(p) for p in split(value, sign)]
    if not is_list(value):
        return None
    out = []
    for item in value:
        if isinstance(item, bool | dict | list | tuple | np.ndarray) or missing(item):
            return None
        number = isinstance(item, int | np.integer)
        if number and names is not None and not 0 <= int(item) < len(names):
            return None
        out.append(names[int(item)] if number and names is not None else well_formed(str(cells.spoken(item))).strip())
    return list(dict.fromkeys(v for v in out if v))


def row_labels(frame: pd.DataFrame) -> list[set[str]]:
    """The labels of every row."""
    return [set(v) for v in frame["labels"]]


def held_out(frame: pd.DataFrame, seed: int) -> list[int]:
    """Positions of a random 15% of the rows, taken by the rarest of their labels; a label's last row stays in training."""
    sets = row_labels(frame)
    left = Counter(name for some in sets for name in some)
    size, aim = Counter(left), max(1, round(SHARE * len(frame)))
    rarest = [min(some, key=lambda n: (size[n], n), default="") for some in sets]
    taken: Counter[str] = Counter()
    of_rarest = Counter(rarest)
    chosen: list[int] = []
    for i in map(int, np.random.default_rng(seed).permutation(len(frame))):
        quota = max(1, round(SHARE * of_rarest[rarest[i]]))
        if len(chosen) < aim and taken[rarest[i]] < quota and all(left[n] > 1 for n in sets[i]):
            chosen.append(i)
            taken[rarest[i]] += 1
            left.subtract(sets[i])
    if not chosen:
        raise WorkbenchError("one text per label", "several texts with each label, to cut off a validation split")
    return sorted(chosen)


def check(frames: dict[str, pd.DataFrame]) -> None:
    """At least two labels in training, and no other ones elsewhere."""
    known = {name for some in frames["train"]["labels"] for name in some}
    if len(known) < 2:
        raise WorkbenchError(
            f"one label only ({next(iter(known), 'none')!r}) in the training split", "at least two labels"
        )
    for split_name, frame in frames.items():
        unknown = {name for some in frame["labels"] for name in some} - known
        if unknown:
            raise WorkbenchError(f"labels in {split_name} that training never shows: {', '.join(sorted(unknown)[:5])}",
                                 "the same labels in every split")  # fmt: skip


def datasets(frames: dict[str, pd.DataFrame], names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split with the same ClassLabel in all of them; other columns are kept as text."""
    found = names or sorted({name for f in frames.values() for some in f["labels"] for name in some})
    number = {name: i for i, name in enumerate(found)}
    others = [c for c in dict.fromkeys(str(c) for f in frames.values() for c in f.columns) if c not in FINGERPRINT]
    features = hf.Features({"text": hf.Value("string"), "labels": hf.List(hf.ClassLabel(names=found)),
                            **{c: hf.Value("string") for c in others}})  # fmt: skip
    made = {}
    for split_name, frame in frames.items():
        rows: dict[str, Any] = {
            "text": list(frame["text"]),
            "labels": [sorted(number[n] for n in some) for some in frame["labels"]],
        }
        for c in others:
            values = frame[c] if c in frame else [None] * len(frame)
            rows[c] = [None if missing(v) else well_formed(str(v)) for v in values]
        made[split_name] = hf.Dataset.from_dict(rows, features)
    return made


def spoken(some: Any, names: list[str]) -> str:
    """The labels of one row in words.

    >>> spoken([0, 2], ["billing", "bug", "refund"]), spoken([], ["billing"])
    ('billing, refund', 'none')
    """
    return ", ".join(re.sub(r"\s+", " ", names[int(i)]) for i in some) or "none"
