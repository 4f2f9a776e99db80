"""A validation split cut by group: all rows of one author, document, patient stay together, the labels' shares nearly so. No files here.

Rows of one group resemble each other in more than their label; where a group stands on both sides, validation flatters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.data.columns import usual
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

GROUPS = ("group", "group_id", "document", "document_id", "doc_id", "author", "author_id", "user", "user_id", "speaker", "patient",
          "patient_id", "contract", "thread_id", "conversation_id", "session_id", "article_id")  # fmt: skip
SHARE = 0.15
TRIES = 30


def column(frame: pd.DataFrame, wanted: str | None) -> str | None:
    """The column whose values are groups: the one that is asked for, else one with a usual name and several rows per group."""
    names = [str(c) for c in frame.columns]
    if wanted is not None:
        if names.count(wanted) == 1:
            return wanted
        raise WorkbenchError(f"no column {wanted!r} (columns: {some_of(names, 40)})", "the name of the group column")
    found = usual(names, GROUPS)
    if found is None or names.count(found) != 1:
        return None
    values = frame.iloc[:, names.index(found)].astype(str)
    return found if 2 < values.nunique() < len(frame) else None


def held_out(values: Sequence[object], labels: Sequence[set[str]], seed: int, share: float = SHARE) -> list[int]:
    """Positions of the rows of some groups, about `share` of all rows; empty where no cut leaves every label in training.

    Of several random cuts the one whose label shares are nearest to those of the whole.
    """
    groups, kinds = pd.factorize(np.array([str(v) for v in values], dtype=object))
    names = sorted({name for some in labels for name in some}) or [""]
    at = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(kinds), len(names)))
    for group, some in zip(groups, labels, strict=True):
        for name in some:
            counts[group, at[name]] += 1
    sizes, rng = np.bincount(groups, minlength=len(kinds)), np.random.default_rng(seed)
    tries = [cut for _ in range(TRIES) if (cut := _cut(rng.permutation(len(kinds)), sizes, counts, share))]
    if not tries:
        return []
    whole = counts.sum(0)
    best = min(
        tries,
        key=lambda cut: float(
            np.abs(counts[cut].sum(0) - share * whole).sum() + abs(sizes[cut].sum() - share * sizes.sum())
        ),
    )
    return np.flatnonzero(np.isin(groups, best)).tolist()


def _cut(order: np.ndarray, sizes: np.ndarray, counts: np.ndarray, share: float) -> list[int]:
    """Groups in this order until the share is reached; a group that would take too much, or a label's last rows, is left out."""
    chosen: list[int] = []
    size, aim, left = 0, share * sizes.sum(), counts.sum(0)
    for group in order:
        if size >= aim:
            break
        if (not chosen or size + sizes[group] <= 1.5 * aim) and ((left - counts[group] > 0) | (left == 0)).all():
            chosen.append(int(group))
            size += sizes[group]
            left = left - counts[group]
    return chosen if len(chosen) < len(sizes) and size <= sizes.sum() / 2 else []
