"""Sentences with their translations: pairs of columns, `translation` dicts, aligned text files -> `source` and `target` (str).

Nothing is translated here and no files are found here. Which language comes first is which one is translated: of two columns the
left one, of a dict the first entry; of two text files see `pair_files`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data.codes import LANGUAGES, language
from workbench.data.columns import LABEL, LOOKED_AT, usual
from workbench.data.text import first_rows, missing, well_formed
from workbench.errors import WorkbenchError

TASK = "translation"
ROWS, ROW = "pairs of sentences", "a source sentence and its translation"
FINGERPRINT = ("source", "target")
SOURCE, TARGET = ("source", "src", "source_text"), ("target", "tgt", "target_text")
TRANSLATION = ("translation",)
TEXTS = ("text", "label", "tokens", "question", "context", "sentence", "content", "message", "review", "body", "tweet",
         "headline")  # beside one of these, source and target mean something else  # fmt: skip
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ADDRESS = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?")
SHARE = 0.15  # of the source sentences that become the validation split where there is none


def ended(value: str) -> bool:
    """Whether a sign that ends a sentence stands at the end, be it before quotes and brackets."""
    return value.rstrip(" \"'”’»)")[-1:] in set(".!?…。！？")


def sentences(values: list[str]) -> bool:
    """Whether values are mostly different sentences; labels occur again and again, and ids have digits and no spaces.

    >>> sentences(["See you.", "Go away!"]), sentences(["ham", "spam", "ham"]), sentences(["id7", "id8"])
    (True, False, False)
    """
    texts = [v.strip() for v in values]
    spaced = sum(" " in v or not v.isascii() for v in texts) > len(texts) / 2
    digits = sum(" " not in v and any(c.isdigit() for c in v) for v in texts) > len(texts) / 2
    long = sum(map(ended, texts)) > len(texts) / 2 or sum(len(v.split()) for v in texts) >= 3 * len(texts)
    least = 0.1 if long else 0.5 if spaced else 0.9  # one sentence may have several translations
    return not digits and len(set(texts)) > least * len(texts)


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> dict[str, str] | None:
    """Which columns hold sentences and translations; None where there are no such columns.

    They are called source and target, or they are the only two columns named after languages, or the only two whose names have
    a language in them and that hold sentences, or there is one `translation` column of dicts. Two columns of sentences under
    other names are an error that says how to name them.
    """
    known = [str(c) for c in frame.columns]
    if text is not None or label is not None or usual(known, TEXTS):
        return None
    both = usual(known, SOURCE), usual(known, TARGET)
    spoken = [c for c in known if language(c)]
    if None in both and len(spoken) > 2 and all(known.count(c) == 1 and sentences(_texts(frame[c])) for c in spoken):
        raise WorkbenchError(f"sentences in {len(spoken)} languages ({', '.join(spoken[:6])})", "columns of two languages",
                             f"wb.load(frame[{spoken[:2]!r}]), where frame is the table as pandas has it")  # fmt: skip
    if None in both and len(spoken) == 2:
        both = spoken[0], spoken[1]
    elif None in both:
        both = _in_languages(frame, known) or both
    if None not in both and both[0] != both[1] and all(known.count(str(c)) == 1 and _written(frame[c]) for c in both):
        return {"source": str(both[0]), "target": str(both[1])}
    if None in both and (between := _beside_numbers(frame, known)):
        return between
    whole = usual(known, TRANSLATION)
    dicts = whole is not None and known.count(whole) == 1 and any(isinstance(v, Mapping) for v in frame[whole])
    if not dicts and len(set(known)) == 2 and _nameless(frame, known):
        names = dict(zip(frame.columns, FINGERPRINT, strict=True))
        raise WorkbenchError(f"two columns of sentences, {' and '.join(map(repr, known))}", "columns called source and target, or "
                             "a text and a label", f"wb.load(frame.rename(columns={names!r})), where frame is the table as pandas has it")  # fmt: skip
    return {"translation": str(whole)} if dicts else None


def _in_languages(frame: pd.DataFrame, known: list[str]) -> tuple[str, str] | None:
    """The only two columns that have a language in their names and hold sentences: `English words`, `French words`."""
    spoken = [c for c in known if any(len(w) > 3 and w in LANGUAGES for w in re.split(r"[\W_]+", c.lower()))]
    if len(spoken) != 2 or len(set(known)) < len(known):
        return None
    return (spoken[0], spoken[1]) if all(sentences(_texts(frame[c])) for c in spoken) else None


def _beside_numbers(frame: pd.DataFrame, known: list[str]) -> dict[str, str] | None:
    """The only two columns of sentences of a table without names, where all others are different numbers, addresses or empty: Tatoeba's
    pairs with their ids, mined pairs with their scores and places, Europarl's with a tab at the end."""
    if len(known) < 3 or len(frame) < 4 or not all(re.fullmatch(r"column \d+", c) for c in known):
        return None
    values = {c: _texts(frame[c].iloc[:LOOKED_AT]) for c in known}
    numbers = [c for c, vs in values.items() if all(map(_NUMBER.fullmatch, vs)) and len(set(vs)) > len(vs) / 3]
    numbers += [
        c for c, vs in values.items() if all(map(_ADDRESS.fullmatch, vs)) and c not in numbers
    ]  # also of one without values
    texts = [c for c in known if c not in numbers]
    if len(texts) != 2 or not all(sentences(values[c]) for c in texts):
        return None
    return {"source": texts[0], "target": texts[1]}


def _nameless(frame: pd.DataFrame, known: list[str]) -> bool:
    """Whether two columns hold sentences of which nearly none occurs twice, and neither has a usual name: none is a label."""
    if usual(known, (*LABEL, *SOURCE, *TARGET)) or len(frame) < 4:
        return False
    values = [_texts(frame.iloc[:, i]) for i in range(len(known))]
    return all(sentences(v) and len(set(v)) > 0.8 * len(v) and sum(" " in t for t in v) > len(v) / 2 for v in values)


def _texts(column: pd.Series) -> list[str]:
    return [v for v in column if isinstance(v, str) and v.strip()]


def _written(column: pd.Series) -> bool:
    """Whether the first value that is there is a text."""
    return isinstance(next((v for v in column if not missing(v)), ""), str)


def is_kind(features: Any) -> bool:
    """Two texts per row, called source and target."""
    return all(getattr(features.get(name), "dtype", None) == "string" for name in ("source", "target"))


def labels(features: Any) -> list[str]:
    """There are none: a translation is written, not chosen."""
    return []


def mended(tables: dict[str, pd.DataFrame], notes: list[str]) -> dict[str, pd.DataFrame]:
    """The tables without rows in which both sides are empty, as some corpora have them between documents; what is gone is said."""
    made = {}
    for split, frame in tables.items():
        made[split] = frame
        if {"source", "target"} <= set(frame.columns):
            blank = pd.Series([all(missing(v) or not str(v).strip() for v in row) for row in zip(frame["source"], frame["target"], strict=True)],
                              index=frame.index, dtype=bool)  # fmt: skip
            if 0 < blank.sum() < len(frame):
                notes.append(f"{blank.sum():,} empty pairs of {split} were left out")
                made[split] = frame[~blank].reset_index(drop=True)
    return made


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """Both sides as str, none of them empty."""
    if not len(frame):
        raise WorkbenchError(f"{split} has no rows", "at least one sentence with its translation")
    if "translation" in frame and "source" not in frame:
        frame = _unfolded(frame, split)
    for role, what in (("source", "source sentence"), ("target", "translation")):
        frame[role] = ["" if missing(v) else well_formed(str(v)) for v in frame[role]]
        empty = [i for i, v in enumerate(frame[role]) if not v.strip()]
        if empty:
            raise WorkbenchError(f"{len(empty)} row{'' if len(empty) == 1 else 's'} of {split} without a {what} (rows {first_rows(empty)})",
                                 f"a {what} in every row", "dropping those rows")  # fmt: skip
    return frame


def _unfolded(frame: pd.DataFrame, split: str) -> pd.DataFrame:
    """A column of {language: text} as two columns; the first language is the source."""
    first = next((v for v in frame["translation"] if isinstance(v, Mapping)), {})
    codes = list(first)
    bad = [i for i, v in enumerate(frame["translation"]) if not isinstance(v, Mapping) or set(v) != set(codes)]
    if len(codes) != 2 or bad:
        where = f" (rows {first_rows(bad)})" if bad else ""
        raise WorkbenchError(f"translations of {split} into {' and '.join(map(str, codes)) or 'nothing'}{where}",
                             "two languages, the same ones in every row", '{"en": "Good morning", "fr": "Bonjour"}')  # fmt: skip
    both = {
        role: [v[code] for v in frame["translation"]] for role, code in zip(("source", "target"), codes, strict=True)
    }
    return frame.drop(columns="translation").assign(**both)


def plain(sentence: str) -> str:
    """A sentence without case, signs and spaces: what counts as the same one.

    >>> plain("Good  morning!") == plain("good morning")
    True
    """
    bare = "".join(c for c in sentence.casefold() if c.isalnum())
    return bare or sentence


def held_out(train: pd.DataFrame, seed: int) -> list[int]:
    """All rows of some source sentences, 15% of the rows or a little more: no sentence is in both splits."""
    numbers, kinds = pd.factorize(train["source"].map(plain))
    if len(kinds) < 2:
        raise WorkbenchError("one source sentence", "several, to cut off a validation split")
    counts, chosen, rows = np.bincount(numbers), [], 0
    for group in np.random.default_rng(seed).permutation(len(kinds))[:-1]:
        if rows >= SHARE * len(train):
            break
        chosen.append(group)
        rows += counts[group]
    return np.flatnonzero(np.isin(numbers, chosen)).tolist()


def check(frames: dict[str, pd.DataFrame]) -> None:
    """Something to learn: the two sides of training are not the same column twice."""
    train = frames["train"]
    if (train["source"] == train["target"]).all():
        raise WorkbenchError("every translation of the training split equals its source", "two languages")


def datasets(frames: dict[str, pd.DataFrame], names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split; columns beside the two are kept as text, and every split has the same."""
    others = [c for c in dict.fromkeys(str(c) for f in frames.values() for c in f.columns) if c not in FINGERPRINT]
    kinds = hf.Features({c: hf.Value("string") for c in (*FINGERPRINT, *others)})
    made = {}
    for split, frame in frames.items():
        values = {c: list(frame[c]) if c in frame else [None] * len(frame) for c in kinds}
        values |= {c: [None if missing(v) else well_formed(str(v)) for v in values[c]] for c in others}
        made[split] = hf.Dataset.from_dict(values, kinds)
    return made
