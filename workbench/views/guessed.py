"""What became of predictions: the drawn curve with the real one over it, and all scores so far. No controls here."""

from __future__ import annotations

import html
import json
from typing import Any

import pandas as pd

from workbench.config import RunConfig
from workbench.diagnosis.guesses import Prediction, score
from workbench.training.run import Run, runs
from workbench.views import figures as fig
from workbench.views.tables import image_html, table_html

POINTS, DRAWN = 7, "#CC79A7"
LEFT, RIGHT, WIDTH = 0.09, 0.765, 760  # of the picture, shared with the sliders beneath it
NAME = "prediction.json"


def guess_figure(said: Prediction, frame: pd.DataFrame | None, config: RunConfig, top: float) -> Any:
    """The drawn curve over epochs; with a frame also the real curves, and between drawn and real the error as a shade."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, 3.1), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((LEFT, 0.16, RIGHT - LEFT, 0.78))
    if said.curve is not None:
        epochs = [config.epochs * i / (POINTS - 1) for i in range(POINTS)]
        ax.plot(
            epochs,
            said.curve,
            color=DRAWN,
            lw=2.2,
            marker="o",
            ms=6,
            mfc="white",
            mew=1.8,
            label="your curve",
            clip_on=False,
            zorder=4,
        )
    if said.best is not None:
        ax.axvline(said.best, color=DRAWN, ls=(0, (2, 2)), lw=1.8, label="your best step")
    if frame is not None:
        ax.plot(frame["epoch"], frame["train_loss"], color=fig.TRAIN, marker="o", ms=3.5, label="training loss")
        ax.plot(
            frame["epoch"], frame["valid_loss"], color=fig.VALID, marker="s", ms=3.5, ls="--", label="validation loss"
        )
        best = frame.loc[frame["valid_loss"].idxmin()]
        ax.plot([best["epoch"]], [best["valid_loss"]], "o", ms=11, mfc="none", mew=2, color=fig.BEST, label="best step")
        if said.curve is not None:
            ax.fill_between(
                frame["epoch"],
                said.at(frame["epoch"]),
                frame["valid_loss"],
                color=DRAWN,
                alpha=0.18,
                lw=0,
                label="how far off",
            )
        top = max(top, fig.loss_top(frame, 1.08))
    if said.curve is None and frame is None:
        ax.text(0.5, 0.5, "nothing drawn yet", transform=ax.transAxes, ha="center", va="center", color=fig.GREY)
    fig.style_loss(ax, 1, top)
    ax.set_xlim(0, config.epochs * 1.02)
    ax.set_xlabel("epochs")
    fig.legend_outside(ax)
    return figure


class Sketch:
    """The same before the run, as PNG bytes again and again: what stands still is drawn once, the curve and its mark over a copy of it."""

    def __init__(self) -> None:
        self._still: tuple[Any, ...] = ()  # what the background shows

    def png(self, said: Prediction, config: RunConfig, top: float) -> bytes:
        """The prediction as it stands."""
        still = config.epochs, top, said.curve is None, said.best is None
        if still != self._still:
            self._still = still
            self._draw_still(guess_figure(said, None, config, top))
        self.canvas.restore_region(self._background)
        if said.best is not None:
            self._moving["your best step"].set_xdata([said.best, said.best])
        if said.curve is not None:
            self._moving["your curve"].set_ydata(said.curve)
        for line in self._moving.values():
            self.ax.draw_artist(line)
        return fig.encode(self.canvas)

    def _draw_still(self, figure: Any) -> None:
        self.canvas, self.ax = figure.canvas, figure.axes[0]
        found = {str(line.get_label()): line for line in self.ax.get_lines()}
        self._moving = {name: found[name] for name in ("your best step", "your curve") if name in found}
        for line in self._moving.values():
            line.set_animated(True)
        self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(figure.bbox)


class Guesses:
    """All fair predictions, oldest first, with their scores; they show themselves as a table and a line."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        for run in reversed(runs()):
            said = _read(run)
            if said is not None and run.done and len(run.frame()):
                self.rows.append(_row(run, said))

    def frame(self) -> pd.DataFrame:
        """One row per prediction: run, evaluations off, verdict right, curve error, gap error (shares of the range), score."""
        columns = ["run", "best step off", "verdict", "curve error", "gap error", "score"]
        return pd.DataFrame(self.rows, columns=columns, index=pd.RangeIndex(1, len(self.rows) + 1))

    def words_html(self) -> str:
        """Past scores in one sentence, where there are at least two."""
        if len(self.rows) < 2:
            return ""
        scores = ", ".join(str(r["score"]) for r in self.rows[-8:])
        return f"<p>Your predictions so far, oldest first: <b>{scores}</b> of 100.</p>"

    def figure(self) -> Any:
        """Score against the number of the prediction."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5.2, 2.1), dpi=100, layout="constrained")
        ax = figure.add_subplot()
        numbers = range(1, len(self.rows) + 1)
        ax.plot(numbers, [r["score"] for r in self.rows], color=DRAWN, marker="o", mfc="white", mew=1.8)
        ax.set_xticks(list(numbers)[:: max(1, len(self.rows) // 10)])
        ax.set_ylim(0, 105)
        ax.set_xlabel("prediction (number)")
        ax.set_ylabel("score (of 100)")
        ax.grid(True, color="#E3E6EA", lw=0.7)
        return figure

    def __repr__(self) -> str:
        return self.frame().to_string() if self.rows else "No predictions yet. Try: wb.guess('reviews')."

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{html.escape(repr(self))}</p>"
        shown = [{"#": i + 1, **{k: _cell(k, v) for k, v in r.items()}} for i, r in enumerate(self.rows)][-8:]
        if len(self.rows) < 2:
            return table_html(shown, "Your predictions so far")
        alt = f"Line chart of the scores of {len(self.rows)} predictions: {', '.join(str(r['score']) for r in self.rows)}."
        return table_html(shown, "Your predictions so far") + image_html(self.figure(), alt, 520)


def guesses() -> Guesses:
    """Every prediction that was made before its run, with its score: do they get better?"""
    return Guesses()


def _read(run: Run) -> Prediction | None:
    try:
        said = json.loads((run.folder / NAME).read_text("utf-8"))
        return Prediction.from_state(said["prediction"]) if said["fair"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _row(run: Run, said: Prediction) -> dict[str, Any]:
    found = score(said, run.frame(), run.diagnosis.verdict)
    return {"run": run.id, "best step off": found.best_off, "verdict": found.verdict_right, "curve error": found.curve_error,
            "gap error": found.gap_error, "score": found.total}  # fmt: skip


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.0%}"
        if isinstance(value, float)
        else {True: "right", False: "wrong"}[value]
        if isinstance(value, bool)
        else str(value)
    )
