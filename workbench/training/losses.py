"""The loss of every validation text at every evaluation: `validation_losses.jsonl` in a run folder. Text and numpy; no torch.

A mean alone cannot say what another validation set would have shown; these can (see `diagnosis/bands.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAME = "validation_losses.jsonl"
MOST = 20_000  # losses per evaluation beyond which nothing is kept


def append(run: Path, step: int, losses: Any) -> None:
    """One line for one evaluation; too many losses are left out, and so are losses that are not numbers."""
    if len(losses) > MOST or not np.isfinite(losses).all():
        return
    line = json.dumps({"step": step, "losses": [round(float(x), 4) for x in losses]})
    with (run / NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(line + "\n")


def read(run: Path) -> pd.DataFrame:
    """One row per evaluation (index: step), one column per validation text; empty where a run has kept none."""
    rows: dict[int, list[float]] = {}
    path = run / NAME
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
            rows[int(row["step"])] = row["losses"]
        except (ValueError, KeyError, TypeError):
            continue  # a torn line: the process was killed while writing it
    width = max(map(len, rows.values()), default=0)
    whole = {step: losses for step, losses in rows.items() if len(losses) == width}
    return pd.DataFrame.from_dict(whole, orient="index").sort_index().rename_axis("step")


def inherit(parent: Path, child: Path, step: int) -> None:
    """A fork begins with its parent's lines up to `step`."""
    for at, row in read(parent).loc[:step].iterrows():
        append(child, int(str(at)), row.to_numpy())
