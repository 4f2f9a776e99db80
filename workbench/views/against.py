"""`wb.against("epochs", *runs)`: where runs ended, against one choice in which they differ. The U of too little and too much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.config import RunConfig, check_names
from workbench.errors import WorkbenchError
from workbench.views import figures as fig
from workbench.views.asked import run_of, same_question
from workbench.views.tables import image_html, table_html

UNITS = {"epochs": "epochs", "train_examples": "training texts", "learning_rate": "learning rate", "layers": "layers", "dropout": "dropout (share)",
         "weight_decay": "weight decay", "batch_size": "texts per step", "label_smoothing": "label smoothing (share)"}  # fmt: skip
LOWEST = "lowest at the end"  # what the ring and the table call the run that ended with the lowest validation loss
WIDE = ("epochs", "train_examples", "learning_rate", "batch_size")  # choices whose values lie factors apart


class Against:
    """Last losses of several runs by one of their choices: `frame()` is the table, in a notebook it shows itself as a picture."""

    def __init__(self, choice: str, runs: list[Any]) -> None:
        self.choice, self.runs = choice, sorted(runs, key=lambda r: self.value(r, choice))

    @staticmethod
    def value(run: Any, choice: str) -> float:
        """The choice as a number; training texts of a run that took all of them are counted."""
        found = run.store.facts.get("n_train") if choice == "train_examples" else getattr(run.config, choice)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise WorkbenchError(
                f"{choice} is {found!r} in run {run.id}", "a choice that is a number", 'wb.against("epochs", ...)'
            )
        return float(found)

    def frame(self) -> pd.DataFrame:
        """One row per run: the choice, last training and validation loss, whether no other ended with a lower validation loss, verdict."""
        rows = []
        for run in self.runs:
            last = run.frame().iloc[-1]
            rows.append({self.choice: self.value(run, self.choice), "training loss": last["train_loss"],
                         "validation loss": last["valid_loss"], "verdict": run.diagnosis.verdict})  # fmt: skip
        frame = pd.DataFrame(rows).set_index(self.choice)
        frame.insert(2, LOWEST, frame["validation loss"] == frame["validation loss"].min())
        return frame

    def figure(self) -> Figure:
        figure = Figure(figsize=(7.2, 3.0), dpi=110, layout="constrained")
        last_losses(self.frame(), figure.add_subplot(), self.choice)
        return figure

    def alt(self) -> str:
        rows = "; ".join(
            f"{i:g}: {r['training loss']:.2f} and {r['validation loss']:.2f}" for i, r in self.frame().iterrows()
        )
        low = ", ".join(f"{i:g}" for i in self.frame().query(f"`{LOWEST}`").index)
        words = (
            f"Line chart of last training and validation loss against {UNITS.get(self.choice, self.choice)}: {rows}."
        )
        return f"{words} Validation loss is {LOWEST} with {low}." if low else words

    def __repr__(self) -> str:
        return self.frame().round(3).to_string()

    def _repr_html_(self) -> str:
        rows = [
            {self.choice: f"{i:g}", **r, LOWEST: "✓" if r[LOWEST] else ""} for i, r in self.frame().round(3).iterrows()
        ]
        return image_html(self.figure(), self.alt(), 700) + table_html(rows)


def last_losses(frame: pd.DataFrame, ax: Axes, choice: str) -> Axes:
    """Last losses (nats) against a choice, the lowest of the last validation losses ringed."""
    ax.plot(frame.index, frame["training loss"], color=fig.TRAIN, marker="o", label="training loss")
    ax.plot(frame.index, frame["validation loss"], color=fig.VALID, marker="s", ls="--", label="validation loss")
    low = frame.loc[frame[LOWEST], "validation loss"]
    ax.plot(low.index, low, "o", ms=12, mfc="none", mew=2, color=fig.BEST, label=LOWEST)
    if choice in WIDE:
        ax.set_xscale("log")
        ax.set_xticks(list(frame.index), [f"{v:g}" for v in frame.index])
        ax.minorticks_off()
    ax.set_xlabel(UNITS.get(choice, choice) + (" (log scale)" if choice in WIDE else ""))
    ax.set_ylabel("loss at the end (nats)")
    losses = frame[["training loss", "validation loss"]].to_numpy(dtype=float)
    top = 1.1 * float(losses[np.isfinite(losses)].max(initial=0.0)) or 1.0  # a run may have ended without a finite loss
    ax.set_ylim(-0.03 * top, top)  # a loss of zero keeps its whole marker
    ax.grid(True, color="#E3E6EA", lw=0.7)
    fig.legend_outside(ax)
    return ax


def against(choice: str, *runs: Any) -> Against:
    """Where runs ended, against one numeric choice (a field of RunConfig) in which they differ: epochs, train_examples, layers, ..."""
    check_names([choice] if isinstance(choice, str) else [repr(choice)])
    several = [run_of(r) for r in (runs[0] if len(runs) == 1 and isinstance(runs[0], list | tuple) else runs)]
    trained = [r for r in several if isinstance(r.config, RunConfig) and len(r.frame())]
    if len(several) < 2 or len(trained) < len(several):
        raise WorkbenchError(f"{len(trained)} runs with an evaluation among {len(several)}", "two or more, and no others",
                             'wb.against("epochs", short, long)')  # fmt: skip
    same_question(several, 'wb.against("epochs", ...) once for each data set')
    made = Against(choice, several)
    if len(set(made.frame().index)) < 2:
        raise WorkbenchError(f"{choice} is {made.frame().index[0]:g} in all of these runs", "a choice in which they differ",
                             "wb.compare(*runs)")  # fmt: skip
    return made
