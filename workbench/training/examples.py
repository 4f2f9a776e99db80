"""What a run has stored of single examples: the probability of every label at every evaluation. Read here; no torch.

`examples/rows.npz` says which texts were watched, `examples/<step>.npz` what the model said of them: half-precision probabilities
(texts, labels) and the answers, for training and validation. No texts are stored: those are looked up in the data by their row.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.diagnosis.dynamics import dynamics, memorised
from workbench.errors import WorkbenchError
from workbench.training.store import Store, write_aside

FOLDER, ROWS = "examples", "rows"


@dataclass(frozen=True)
class Part:
    """One split through the evaluations. `rows` (texts,) are rows of the split, `labels` (texts,) the labels they have in it,
    `p` (evaluations, texts, labels) probabilities, `answers` (evaluations, texts) the labels that were answered."""

    rows: np.ndarray
    labels: np.ndarray
    p: np.ndarray
    answers: np.ndarray

    @property
    def p_right(self) -> np.ndarray:
        """Probability of the label that each text has, (evaluations, texts)."""
        return self.p[:, np.arange(len(self.labels)), self.labels]

    @property
    def right(self) -> np.ndarray:
        """Whether that label was the answer, (evaluations, texts)."""
        return self.answers == self.labels

    def at(self, evaluations: Any) -> Part:
        """The same texts at some evaluations only."""
        return Part(self.rows, self.labels, self.p[evaluations], self.answers[evaluations])


@dataclass(frozen=True)
class Examples:
    """Everything stored of single examples. `steps` and `epochs` (evaluations,); `true` (training texts,) are the labels before
    any were flipped."""

    steps: np.ndarray
    epochs: np.ndarray
    names: list[str]
    train: Part
    validation: Part
    true: np.ndarray

    @property
    def flipped(self) -> np.ndarray:
        """Which training texts have another label than their true one, (training texts,)."""
        return self.true != self.train.labels

    def confusion(self, evaluation: int) -> pd.DataFrame:
        """Counts of validation at one evaluation: rows are what is right, columns what was answered."""
        count = np.zeros((len(self.names), len(self.names)), dtype=int)
        np.add.at(count, (self.validation.labels, self.validation.answers[evaluation]), 1)
        return pd.DataFrame(count, index=self.names, columns=self.names)

    def until(self, step: float | None) -> np.ndarray:
        """Positions of the evaluations after training began, up to `step`."""
        if isinstance(step, str) or step != step:
            raise WorkbenchError(f"until={step!r}", "a step, or None for all of them", f"until={int(self.steps[-1])}")
        return np.flatnonzero((self.steps > 0) & (self.steps <= (np.inf if step is None else step)))

    def dynamics(self, until: float | None = None, reveal: bool = False) -> pd.DataFrame:
        """Row, label and the columns of `diagnosis.dynamics` for every watched training text, from the evaluations after step 0 up
        to step `until`; `learned` is a step here, NaN for never. With `reveal` the true labels and which of them were flipped."""
        which = self.until(until)
        if len(which) < 2:
            n = len(which)
            raise WorkbenchError(f"{n} evaluation{'s' * (n != 1)} after the first step", "at least two", "a longer run")
        part = self.train.at(which)
        frame = dynamics(part.p_right, part.right)
        first = frame["learned"].to_numpy()
        frame["learned"] = np.where(first < 0, np.nan, self.steps[which][first])
        frame.insert(0, "label", [self.names[i] for i in part.labels])
        frame.insert(0, "row", part.rows)
        if reveal:
            frame["true_label"], frame["flipped"] = [self.names[i] for i in self.true], self.flipped
        return frame

    def noise(self) -> pd.DataFrame:
        """One row per evaluation: step, epoch, and of the flipped texts the shares of `dynamics.memorised`."""
        hidden = self.flipped
        if not hidden.any():
            raise WorkbenchError(
                "a run without flipped labels", "a run with noise", "noise=0.1 (in the panel: Flipped labels)"
            )
        part = self.train
        frame = memorised(part.answers[:, hidden], part.labels[hidden], self.true[hidden],
                          1 - self.validation.right.mean(1), len(self.names))  # fmt: skip
        frame.insert(0, "epoch", self.epochs)
        frame.insert(0, "step", self.steps)
        return frame.assign(flipped=int(hidden.sum()))


def write(store: Store, name: str, arrays: dict[str, np.ndarray]) -> None:
    """Put arrays into the run folder in one go; where the disk refuses, they stay in memory."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    path = store.folder / FOLDER / f"{name}.npz"

    def to_disk() -> None:
        path.parent.mkdir(exist_ok=True)
        write_aside(path, out.getvalue())

    if not store.guard(to_disk):
        store.unwritten[name] = arrays


def watched(store: Store) -> bool:
    """Whether a run has stored anything of single examples."""
    return ROWS in store.unwritten or (store.folder / FOLDER / f"{ROWS}.npz").is_file()


def read(store: Store, newest: bool = False) -> Examples:
    """What is stored of the evaluations that the run's frame has; with `newest` of the last one only, for live pictures.

    Raises WorkbenchError where a run has not watched its examples or has not been evaluated yet.
    """
    if not watched(store):
        raise WorkbenchError(f"run {store.id} has not watched single examples", "a run with watch=True, of texts with one label each",
                             "wb.fit(..., watch=True)")  # fmt: skip
    frame = store.frame()
    found = [(row.step, row.epoch, arrays) for row in frame.iloc[-1 if newest else 0 :].itertuples()
             if (arrays := _arrays(store, f"{int(row.step):07d}")) is not None]  # fmt: skip
    if not found:
        raise WorkbenchError(f"run {store.id} has no evaluation yet", "a run with at least one", "await run")
    rows = _arrays(store, ROWS) or {}

    def part(split: str) -> Part:
        p, answers = (np.stack([a[name] for *_, a in found]) for name in (split, f"{split}_answers"))
        return Part(rows[f"{split}_rows"], rows[f"{split}_labels"], p.astype(np.float32), answers.astype(np.int64))

    steps, epochs = np.array([s for s, *_ in found]), np.array([e for _, e, _ in found])
    return Examples(steps, epochs, [str(n) for n in store.facts["labels"]], part("train"), part("validation"),
                    rows["true"])  # fmt: skip


def _arrays(store: Store, name: str) -> dict[str, np.ndarray] | None:
    """The arrays of one file; None where there is none or where it cannot be read."""
    if name in store.unwritten:
        return store.unwritten[name]
    path: Path = store.folder / FOLDER / f"{name}.npz"
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except Exception:  # a damaged file raises whatever its reader stumbles over; one evaluation is lost, not the run
        return None


def texts_of(data: Any, split: str, rows: np.ndarray) -> list[str]:
    """The texts at some rows of a split."""
    column = data[split]["text"]
    if len(rows) and int(rows.max()) >= len(column):
        raise WorkbenchError(
            f"{len(column)} texts in {split}, and row {int(rows.max())} was watched", "the data of this run"
        )
    return [str(column[int(i)]) for i in rows]
