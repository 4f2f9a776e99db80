"""Curves from anywhere -> the one frame that the rules read. Not a rule itself.

Frame: one row per evaluation, sorted by step: step, epoch, seconds, train_loss and valid_loss (mean cross-entropy in nats),
valid_metric (0 to 1, may be missing), learning_rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError

_NAMES = {
    "valid_loss": ("valid_loss", "val_loss", "eval_loss", "validation_loss"),
    "train_loss": ("train_loss", "loss", "training_loss", "train_loss_epoch"),
    "valid_metric": ("valid_metric", "val_accuracy", "eval_accuracy", "val_acc", "accuracy", "eval_f1"),
    "step": ("step", "steps", "global_step"),
    "epoch": ("epoch", "epochs"),
}


def as_frame(anything: Any) -> pd.DataFrame:
    """A frame from a frame, a Keras or Lightning history, a Trainer log history, or anything with `.frame()`."""
    if hasattr(anything, "frame"):
        anything = anything.frame()
    if isinstance(anything, Sequence) and not isinstance(anything, str):
        return frame_from_log_history(list(anything))
    if isinstance(anything, dict):
        anything = pd.DataFrame(anything)
    if not isinstance(anything, pd.DataFrame):
        raise WorkbenchError(f"a curve of type {type(anything).__name__}", "a run, a DataFrame or a log history",
                             "wb.diagnose(run)")  # fmt: skip
    found = {ours: next((n for n in names if n in anything), None) for ours, names in _NAMES.items()}
    for needed in ("valid_loss", "train_loss"):
        if found[needed] is None:
            raise WorkbenchError(f"columns {', '.join(map(str, anything.columns))}",
                                 f"a column called {' or '.join(_NAMES[needed][:2])}",
                                 f"frame.rename(columns={{...: '{needed}'}})")  # fmt: skip
    frame = anything.rename(columns={n: ours for ours, n in found.items() if n is not None and ours not in anything})
    if "step" not in frame:
        frame = frame.assign(step=range(1, len(frame) + 1))
    return _one_row_each(frame.sort_values("step", kind="stable")).reset_index(drop=True)


def _one_row_each(frame: pd.DataFrame) -> pd.DataFrame:
    """Lightning's metrics.csv has the two losses in rows of their own: one row per evaluation is made of them."""
    train, valid = frame["train_loss"].notna(), frame["valid_loss"].notna()
    if not (train.any() and valid.any()) or (train & valid).any():
        return frame
    return frame.assign(train_loss=frame["train_loss"].ffill().bfill())[valid]


def frame_from_log_history(history: list[dict[str, Any]]) -> pd.DataFrame:
    """`trainer.state.log_history`: each evaluation gets the training loss logged last before it."""
    rows: list[dict[str, Any]] = []
    train = next(
        (float(e["loss"]) for e in history if "loss" in e), float("nan")
    )  # for evaluations before the first one
    for entry in history:
        if "eval_loss" in entry:
            rows.append(
                {
                    "step": entry.get("step", len(rows) + 1),
                    "epoch": entry.get("epoch"),
                    "train_loss": train,
                    "valid_loss": entry["eval_loss"],
                    "valid_metric": entry.get("eval_accuracy", entry.get("eval_f1")),
                }
            )
        elif "loss" in entry:
            train = float(entry["loss"])
    if not rows:
        raise WorkbenchError("a log history without eval_loss", "evaluations during training", "eval_strategy='steps'")
    return pd.DataFrame(rows)
