"""Texts and nothing else: a .txt file with one text per line, or a table whose only column holds texts -> `text` (str).

What language modelling and domain adaptation learn from. No files are found here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data.columns import TEXT
from workbench.data.text import missing, well_formed
from workbench.errors import WorkbenchError

TASK = "language-modeling"
ROWS, ROW = "texts", "a text"
FINGERPRINT = ("text",)
SHARE = 0.1  # of the texts that become the validation split where there is none


def read_lines(path: Path, coded: str = "utf-8-sig") -> pd.DataFrame:
    """A file of one text per line; empty lines are passed over."""
    lines = [line.strip() for line in path.read_text(coded).splitlines()]
    if not any(lines):
        raise ValueError("it holds no text")
    return pd.DataFrame({"text": [line for line in lines if line]})


def columns(frame: pd.DataFrame, text: str | None = None, label: str | None = None) -> dict[str, str] | None:
    """The only column, where it has a usual name for texts or is asked for; beside other columns texts have labels."""
    names = [str(c) for c in frame.columns]
    if label is not None or len(names) != 1 or not (names[0] == text or names[0].lower() in TEXT):
        return None
    return {"text": names[0]}


def is_kind(features: Any) -> bool:
    """Nothing but texts."""
    return set(features) == {"text"}


def labels(features: Any) -> list[str]:
    """There are none."""
    return []


def canonical(frame: pd.DataFrame, split: str, names: list[str] | None) -> pd.DataFrame:
    """Texts as str; empty ones are left out."""
    texts = ["" if missing(v) else well_formed(str(v)).strip() for v in frame["text"]]
    kept = [t for t in texts if t]
    if not kept:
        raise WorkbenchError(f"{split} has no texts", "at least one")
    return pd.DataFrame({"text": kept})


def held_out(frame: pd.DataFrame, seed: int) -> list[int]:
    """Positions of a random tenth; the same text never stands on both sides."""
    groups = list(dict.fromkeys(frame["text"]))
    order = np.random.default_rng(seed).permutation(len(groups))
    chosen = {groups[i] for i in order[: max(1, round(SHARE * len(groups)))]}
    found = [i for i, text in enumerate(frame["text"]) if text in chosen]
    if len(found) == len(frame):
        raise WorkbenchError("one text again and again", "different texts, to cut off a validation split")
    return found


def check(frames: dict[str, pd.DataFrame]) -> None:
    """Any texts will do."""


def datasets(frames: dict[str, pd.DataFrame], names: list[str] | None) -> dict[str, hf.Dataset]:
    """One Dataset per split."""
    return {split: hf.Dataset.from_dict({"text": list(frame["text"])}) for split, frame in frames.items()}
