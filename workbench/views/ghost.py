"""The ghost in a picture: what came after early stopping had fired, dashed and pale, and a line where it fired. Never pyplot.

The curves of the run end at the stop, as they would have; the ghost begins there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

import workbench.views.figures as fig  # not through the package, which knows what is heavy

DASHES = (0, (4, 2.5))


class GhostArtists:
    """The ghost's lines in a loss picture. With `animated` they are left out of a full draw, and drawn by `draw`."""

    def __init__(self, ax: Axes, animated: bool = False) -> None:
        self.ax = ax
        some: dict[str, Any] = {"animated": animated, "alpha": 0.6, "lw": 1.3, "ls": DASHES}
        (self.train,) = ax.plot([], [], color=fig.TRAIN, **some)
        (self.valid,) = ax.plot([], [], color=fig.VALID, label="ghost after the stop", **some)
        self.stop = ax.axvline(0, color="#222222", lw=1.2, visible=False, animated=animated, label="early stopping")

    def update(self, ghost: pd.DataFrame) -> None:
        """Show these evaluations; the first of them is the stop."""
        if ghost.empty:
            return
        self.train.set_data(ghost["step"], ghost["train_loss"])
        self.valid.set_data(ghost["step"], ghost["valid_loss"])
        self.stop.set_xdata([ghost["step"].iloc[0]] * 2)
        self.stop.set_visible(True)

    def draw(self) -> None:
        """Put them on the canvas as it is."""
        for artist in (self.train, self.valid, self.stop):
            self.ax.draw_artist(artist)


def draw_ghost(run: Any, above: Axes, below: Axes) -> None:
    """Add the ghost of a finished run to its picture; nothing where there is none."""
    ghost, metric = run.store.ghost(), run.store.metric
    if len(ghost) < 2:
        return
    GhostArtists(above).update(ghost)
    if metric in ghost:
        below.plot(ghost["step"], ghost[metric], color=fig.VALID, ls=DASHES, lw=1.3, alpha=0.6)
        below.axvline(ghost["step"].iloc[0], color="#222222", lw=1.2)
    above.set_ylim(top=max(above.get_ylim()[1], fig.loss_top(ghost, 1.1)))
    fig.legend_outside(above)
