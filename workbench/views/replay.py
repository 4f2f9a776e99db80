"""`wb.replay(run)`: slide patience and min delta over a finished curve and see where it would have stopped. Trains nothing.

The curve stands still; only the stop moves. Everything is read from the run's evaluations, so a run of yesterday will do.
"""

from __future__ import annotations

import html
import os
from numbers import Real
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import HTML, display

from workbench.diagnosis.race import Patient, Stop, in_words, race, replay_rule, whole_curve
from workbench.errors import WorkbenchError, whole
from workbench.views import figures as fig
from workbench.views import in_notebook, labels
from workbench.views.asked import stored_run
from workbench.views.once import ShownBox
from workbench.views.tables import image_html, table_html

MOST_DELTA = 0.1  # nats: where the slider ends
STYLE = {"description_width": "96px"}


class Replay(ShownBox):
    """Two sliders, a picture, a sentence and the table of all rules. `stop` is what the sliders say."""

    def __init__(self, curve: Any, patience: int = 3, min_delta: float = 0.0) -> None:
        self.frame = whole_curve(curve)
        if len(self.frame) < 2:
            n = len(self.frame)
            raise WorkbenchError(f"a curve of {n} evaluation{'s' * (n != 1)}", "at least two", "a longer run")
        most = max(2, len(self.frame) - 1)
        self.patience = widgets.IntSlider(
            value=min(patience, most), min=1, max=most, description="Patience", style=STYLE, continuous_update=True,
            tooltip="Evaluations in a row without improvement before it stops", layout={"width": "380px"},
        )  # fmt: skip
        self.delta = widgets.FloatSlider(
            value=min_delta, min=0, max=MOST_DELTA, step=0.002, readout_format=".3f", description="Min delta", style=STYLE,
            tooltip="By how many nats a loss must be lower to count as an improvement", layout={"width": "380px"},
        )  # fmt: skip
        self.picture, self.words = labels.Picture(), widgets.HTML()
        for slider in (self.patience, self.delta):
            slider.observe(lambda change: self._draw(), names="value")
        rows = [{"rule": name, **row} for name, row in race(self.frame).iterrows()]
        self.table = widgets.HTML(
            table_html(rows, "All rules on this curve: the least regret first, then the fewest steps")
        )
        alive = widgets.HTML("<style>.wb-record{display:none}</style>", layout={"display": "none"})
        self.box = widgets.VBox(
            [widgets.HBox([self.patience, self.delta]), self.picture.box, self.words, self.table, alive]
        )
        self._draw()

    @property
    def stop(self) -> Stop:
        """Where the rule of the sliders stops this curve."""
        return replay_rule(self.frame, Patient(self.patience.value, round(self.delta.value, 4)))

    @property
    def text(self) -> str:
        """What the stop costs and what it saves, in a sentence with its numbers."""
        return in_words(self.frame, self.stop)

    def __repr__(self) -> str:
        return self.text

    def show(self) -> None:
        """Display it, and beneath it a picture that stays where no kernel keeps the sliders alive."""
        labels.show(self.box, self.text)
        self._drawn()
        figure = replay_figure(self.frame, self.stop)
        display(HTML(f'{labels.SCRIPT}<div class="wb-record">{image_html(figure, self.text, 700)}</div>'))

    def _draw(self) -> None:
        stop = self.stop
        words = in_words(self.frame, stop)
        self.picture.show(fig.png(replay_figure(self.frame, stop)), f"Line chart of validation loss. {words}")
        self.words.value = f'<p role="status" style="max-width:760px;line-height:1.5">{html.escape(words)}</p>'


def replay(run: Any, patience: int = 3, min_delta: float = 0.0) -> Replay:
    """Show a finished curve (a run, its id, a frame, a log history or file) with a stopping rule that can be moved, and return it. In a
    plain script its `text` says where the rule stops."""
    if isinstance(run, str | os.PathLike):
        run = stored_run(run) or run
    whole("patience", patience, 1, 1000, "patience=3")
    if isinstance(min_delta, bool) or not isinstance(min_delta, Real) or not 0 <= float(min_delta) <= MOST_DELTA:
        raise WorkbenchError(f"min_delta is {min_delta!r:.60}", f"nats from 0 to {MOST_DELTA}", "min_delta=0.01")
    made = Replay(run, patience, float(min_delta))
    if in_notebook():
        made.show()
    return made


def replay_figure(frame: pd.DataFrame, stop: Stop) -> Any:
    """The curve up to the stop as a line, what would have come as a dashed ghost, the kept step ringed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.2), dpi=fig.DPI, facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.09, 0.16, 0.66, 0.78))
    end = len(frame) - 1 if stop.stop is None else stop.stop
    seen, ghost = frame.iloc[: end + 1], frame.iloc[end:]
    ax.plot(seen["step"], seen["train_loss"], color=fig.TRAIN, marker="o", ms=3.5, label="training loss")
    ax.plot(seen["step"], seen["valid_loss"], color=fig.VALID, marker="s", ms=3.5, ls="--", label="validation loss")
    if len(ghost) > 1:
        ax.plot(
            ghost["step"], ghost["valid_loss"], color=fig.VALID, ls=":", lw=1.3, alpha=0.75, label="if it had gone on"
        )
        ax.plot(ghost["step"], ghost["train_loss"], color=fig.TRAIN, ls=":", lw=1.3, alpha=0.75)
        ax.axvline(frame["step"].iloc[end], color="#222222", lw=1.2, label="stop")
    kept = frame.iloc[stop.kept]
    ax.plot([kept["step"]], [kept["valid_loss"]], "o", ms=11, mfc="none", mew=2, color=fig.BEST, label="kept weights")
    if stop.best != stop.kept:
        best = frame.iloc[stop.best]
        ax.plot(
            [best["step"]], [best["valid_loss"]], "D", ms=8, mfc="none", mew=1.6, color=fig.GREY, label="missed best"
        )
    fig.style_loss(ax, int(frame["step"].max()), fig.loss_top(frame, 1.1))
    ax.set_ylabel("loss (nats)")
    ax.set_xlabel("optimiser steps")
    fig.legend_outside(ax)
    return figure
