"""Which layers move, and how far: `wb.layers(run)` draws it. What a model looks like before anything moves is `blueprint.py`'s."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.views.asked import run_of
from workbench.views.tables import image_html


def moves_map(moves: pd.DataFrame, ax: Axes) -> Axes:
    """Blocks from bottom (input) to top (head) against steps; colour, and at the end a number, say how far each is from its start, in
    percent of its length. What has moved by less than 0.01% looks like what has not moved."""
    steps, blocks = list(moves["step"]), [c for c in moves if c != "step"]
    percent = 100 * moves[blocks].to_numpy().T
    shade = LogNorm(0.01, 100, clip=True)  # heads move a hundred times as far as what lies below them
    picture = ax.imshow(percent.clip(0.01), origin="lower", aspect="auto", cmap="cividis", norm=shade)
    ax.set_yticks(range(len(blocks)), blocks)
    shown = range(0, len(steps), max(1, len(steps) // 8))
    ax.set_xticks(list(shown), [str(steps[i]) for i in shown])
    ax.set_xlabel("optimiser steps")
    ax.set_ylabel("block, input at the bottom")
    for row, line in enumerate(percent):
        ax.text(
            len(steps) - 0.45,
            row,
            f" {line[-1]:.{1 if line[-1] >= 0.1 else 2}f}%",
            va="center",
            fontsize=8.5,
            clip_on=False,
        )
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.12)
    bar.set_label("distance from the start (%)")
    bar.set_ticks([0.01, 0.1, 1, 10, 100], labels=["0", "0.1", "1", "10", "100"])
    return ax


class Layers:
    """Shows itself as the map of moves of a run."""

    def __init__(self, run: Any) -> None:
        self.run, self.moves = run, run.moves()
        if self.moves.shape[1] < 2:
            raise WorkbenchError(f"run {run.id} has no map of moves", "a run with an evaluation, of a model below 30 M weights",
                                 "await run")  # fmt: skip

    def __repr__(self) -> str:
        return f"{self.alt()}\n{self.moves.round(4).to_string(index=False)}"

    def alt(self) -> str:
        """The picture in words."""
        last = self.moves.iloc[-1]
        words = ", ".join(f"{name} {100 * last[name]:.1f}%" for name in self.moves if name != "step")
        return f"Map of how far each block has moved from its start; at step {int(last['step'])}: {words}."

    def figure(self) -> Figure:
        figure = Figure(figsize=(7.2, 0.7 + 0.42 * self.moves.shape[1]), dpi=110, layout="constrained")
        moves_map(self.moves, figure.add_subplot())
        return figure

    def _repr_html_(self) -> str:
        return image_html(self.figure(), self.alt())


def layers(run: Any) -> Layers:
    """How far each block of a run's model has moved from its start, evaluation by evaluation."""
    return Layers(run_of(run, "moves"))
