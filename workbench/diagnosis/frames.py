"""Curves from anywhere -> the one frame that the rules read. Not a rule itself.

Frame: one row per evaluation, sorted by step: step, epoch, seconds, train_loss and valid_loss (mean cross-entropy in nats),
valid_metric (0 to 1, may be missing), learning_rate. A step that goes back in a log is a training that was taken up again from a
checkpoint: what had come after that step did not happen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError

_NAMES = {
    "valid_loss": ("valid_loss", "val_loss", "eval_loss", "validation_loss", "valid/loss", "val/loss", "eval/loss"),
    "train_loss": ("train_loss", "loss", "training_loss", "train_loss_epoch", "train/loss", "train_loss_step"),
    "valid_metric": ("valid_metric", "val_accuracy", "eval_accuracy", "val_acc", "val/acc", "accuracy", "eval_f1", "val_f1"),
    "step": ("step", "steps", "global_step"),
    "epoch": ("epoch", "epochs"),
}  # fmt: skip


def as_frame(anything: Any) -> pd.DataFrame:
    """A frame from a frame, a Keras or Lightning history, a Trainer, its log history, a file of one of these, or a run.

    Files: csv (Keras' CSVLogger, Lightning's metrics.csv), trainer_state.json, or a checkpoint folder that holds one.
    Raises WorkbenchError when a loss is missing or the file cannot be read.
    """
    if isinstance(anything, str | os.PathLike):
        anything = _from_file(Path(anything).expanduser())
    if hasattr(anything, "frame"):
        anything = anything.frame()
    if hasattr(anything, "state") and hasattr(anything.state, "log_history"):  # a Trainer
        anything = anything.state.log_history
    if isinstance(getattr(anything, "history", None), dict):  # what Keras' fit() returns
        anything = anything.history
    if isinstance(anything, dict) and "log_history" in anything:  # a trainer_state.json
        anything = anything["log_history"]
    if isinstance(anything, Sequence) and not isinstance(anything, str):
        anything = frame_from_log_history(list(anything))
    if isinstance(anything, dict):
        try:
            anything = pd.DataFrame(anything)
        except ValueError as error:  # lists of different lengths, or no lists
            raise WorkbenchError(f"a dict that is no table ({error})", "a list of equal length for every column",
                                 "wb.diagnose({'loss': [...], 'val_loss': [...]})") from error  # fmt: skip
    if not isinstance(anything, pd.DataFrame):
        raise WorkbenchError(f"a curve of type {type(anything).__name__}", "a run, a DataFrame, a log history or a file",
                             "wb.diagnose(run)")  # fmt: skip
    frame = _named(anything)
    frame = _ordered(frame if "step" in frame else frame.assign(step=_counted(frame)))
    return _one_row_each(frame).reset_index(drop=True)


def _from_file(path: Path) -> Any:
    """What a log file holds; a folder stands for the trainer_state.json or metrics.csv in it."""
    if path.is_dir():
        found = [path / name for name in ("trainer_state.json", "metrics.csv") if (path / name).exists()]
        if not found:
            raise WorkbenchError(
                f"the folder {path.name} has no log", "trainer_state.json or metrics.csv in it", "the path of the file"
            )
        path = found[0]
    try:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return json.loads(path.read_text("utf-8")) if path.suffix == ".json" else _table(path)
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"{path.name} cannot be read ({error})", "a csv file or trainer_state.json", "the path of a log file"
        ) from error


def _table(path: Path) -> pd.DataFrame:
    """A csv file; Keras' CSVLogger may have been told to separate by something else than a comma."""
    frame = pd.read_csv(path)
    if frame.shape[1] > 1:
        return frame
    found = (pd.read_csv(path, sep=separator) for separator in (";", "\t"))
    return next((other for other in found if other.shape[1] > 1), frame)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with our names; a loss that is missing is an error."""
    found = {ours: next((n for n in names if n in frame), None) for ours, names in _NAMES.items()}
    for needed in ("valid_loss", "train_loss"):
        if found[needed] is None:
            raise WorkbenchError(f"columns {', '.join(map(str, frame.columns))}",
                                 f"a column called {' or '.join(_NAMES[needed][:2])}",
                                 f"frame.rename(columns={{...: '{needed}'}})")  # fmt: skip
    frame = frame.rename(columns={n: ours for ours, n in found.items() if n is not None and ours not in frame})
    numbers = [name for name in _NAMES if name in frame]
    try:
        return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})
    except (ValueError, TypeError) as error:
        raise WorkbenchError(f"a column that holds words ({error})", "numbers in the columns of losses") from error


def _counted(frame: pd.DataFrame) -> Any:
    """Steps where there are none: the epochs, or 1, 2, 3 ..."""
    whole = "epoch" in frame and frame["epoch"].notna().all() and frame["epoch"].is_unique
    return frame["epoch"] if whole and not frame["epoch"].is_monotonic_increasing else range(1, len(frame) + 1)


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Sorted by step. Rows in the order of a log whose step goes back a few times are a log of restarts: rows that were undone
    go. Rows in no order at all, or in reverse, are only sorted."""
    evaluated, groups = frame["valid_loss"].notna(), []
    for part in (frame[~evaluated], frame[evaluated]):
        steps = part["step"].to_numpy(dtype=float)
        backs = int((steps[1:] < steps[:-1]).sum())
        if 0 < backs <= len(part) / 4:
            undone = [bool((steps[i + 1 :] <= steps[i]).any()) for i in range(len(part))]
            part = part[[not gone for gone in undone]]
        groups.append(part)
    return pd.concat(groups).sort_values("step", kind="stable")


def _one_row_each(frame: pd.DataFrame) -> pd.DataFrame:
    """Lightning's metrics.csv has the two losses in rows of their own: one row per evaluation is made of them."""
    train, valid = frame["train_loss"].notna(), frame["valid_loss"].notna()
    if not (train.any() and valid.any()) or (train & valid).any():
        return frame
    return frame.assign(train_loss=frame["train_loss"].ffill().bfill())[valid]


def frame_from_log_history(history: list[dict[str, Any]]) -> pd.DataFrame:
    """`trainer.state.log_history`: each evaluation gets the training loss logged last before it."""
    if not all(isinstance(entry, dict) for entry in history):
        raise WorkbenchError(
            "a list of something else than records", "trainer.state.log_history", "wb.diagnose(trainer)"
        )
    rows: list[dict[str, Any]] = []
    train = next((float(e["loss"]) for e in history if "loss" in e), None)  # for evaluations before the first one
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
    if train is None:
        raise WorkbenchError("a log history without loss", "a training loss before each evaluation", "logging_steps=10")
    return pd.DataFrame(rows)
