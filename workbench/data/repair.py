"""A fixed copy of a dataset, with a list of what was changed. Removed are duplicates and leaks; labels change only when asked to.

- a training text that stands in validation or test too, or nearly so, leaves training; one of validation that stands in test leaves
  validation: what is judged on stays as it is;
- of texts that are the same, or nearly so with the same label, the first stays;
- where the very same text has different labels in training, all its rows leave: nobody knows which is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import datasets as hf
import pandas as pd

from workbench.data.checks import plain
from workbench.data.near import Pair
from workbench.errors import WorkbenchError

_RANK = {"train": 0, "validation": 1, "test": 2}


def fixed(data: Any, pairs: Iterable[Pair], suspects: Iterable[Any], labels: bool | Iterable[int]) -> Any:
    """`data` without duplicates and leaks; `labels` True takes every proposed label, a list of rows those alone.

    The result is a `Data` whose `changes` is a frame: split, row (from 0), what, text.
    """
    from workbench.data.load import Data

    gone = _removals(data, pairs)
    changed = _relabelled(data, suspects, labels, gone)
    made = Data({split: _repaired(data, split, gone, changed) for split in data})
    if not all(len(made[s]) for s in made):
        raise WorkbenchError("a split in which every row stands elsewhere too", "rows of its own in every split")
    made.notes = tuple(n for n in data.notes if "scores there flatter" not in n)
    made.changes = _listed(data, gone, changed)
    made.title = f"{data.called}, fixed"
    return made


def _removals(data: Any, pairs: Iterable[Pair]) -> dict[tuple[str, int], str]:
    gone: dict[tuple[str, int], str] = {}
    for one, other in sorted(pairs, key=lambda p: (_RANK[p[1][0]] == _RANK[p[0][0]], p)):  # leaks first
        first, second = sorted((one, other), key=lambda at: (_RANK[at[0]], at[1]))
        (a, i), (b, j) = first, second
        if a != b:
            gone.setdefault(first, f"removed: stands in {b} too (row {j})")
            continue
        if first in gone or second in gone:
            continue
        if _same_answer(data, a, i, j):
            gone[second] = f"removed: the same as row {i}"
        elif a == "train" and plain(_text(data, a, i)) == plain(_text(data, a, j)):
            gone[first] = f"removed: the same text as row {j} with another label"
            gone[second] = f"removed: the same text as row {i} with another label"
    return gone


def _same_answer(data: Any, split: str, i: int, j: int) -> bool:
    columns = data.kind.FINGERPRINT[1:]
    return all(data[split][i][c] == data[split][j][c] for c in columns)


def _relabelled(data: Any, suspects: Iterable[Any], labels: Any, gone: dict[tuple[str, int], str]) -> dict[int, Any]:
    """Training row -> suspect, for the proposals that are accepted."""
    known = {s.row: s for s in suspects}
    wanted = set(known) if labels is True else set() if labels is False else {int(r) for r in labels}
    odd = sorted(wanted - set(known))
    if odd:
        raise WorkbenchError(f"row {odd[0]} is not among the suspects", "rows of audit.suspects", "labels=True for all")
    return {row: known[row] for row in sorted(wanted) if ("train", row) not in gone}


def _repaired(data: Any, split: str, gone: dict[tuple[str, int], str], changed: dict[int, Any]) -> Any:
    rows = data[split]
    if split == "train" and changed:
        ids = list(rows["label"])
        for row, suspect in changed.items():
            ids[row] = data.labels.index(suspect.proposed)
        rows = hf.Dataset.from_dict({**{c: list(rows[c]) for c in rows.column_names}, "label": ids}, rows.features)
    left = [i for i in range(len(rows)) if (split, i) not in gone]
    return rows if len(left) == len(rows) else rows.select(left)


def _listed(data: Any, gone: dict[tuple[str, int], str], changed: dict[int, Any]) -> pd.DataFrame:
    rows = [(split, row, what) for (split, row), what in gone.items()]
    rows += [("train", row, f"label {s.given} became {s.proposed}") for row, s in changed.items()]
    rows.sort(key=lambda r: (_RANK[r[0]], r[1]))
    return pd.DataFrame([(*r, _text(data, r[0], r[1])) for r in rows], columns=["split", "row", "what", "text"])


def _text(data: Any, split: str, row: int) -> str:
    value = data[split][row][data.kind.FINGERPRINT[0]]
    return value if isinstance(value, str) else " ".join(map(str, value))
