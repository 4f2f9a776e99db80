"""`wb.guess(...)`: predict a run before it trains: draw its validation curve, mark its best step, gap and verdict. Trains on demand.

Seven upright sliders stand beneath the picture, each under the moment of the run that it sets: they are dragged like the curve
itself, and reached with Tab and moved with the arrow keys. What has not been touched is not predicted and not scored.
"""

from __future__ import annotations

import html
import json
import math
import time
from datetime import datetime
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import HTML, display

from workbench import catalog
from workbench.config import RunConfig, check_names
from workbench.diagnosis.guesses import VERDICTS, Prediction, in_words, score
from workbench.errors import WorkbenchError
from workbench.training.run import Run, runs
from workbench.training.store import write_aside
from workbench.views import figures as fig
from workbench.views import labels
from workbench.views.browse import image_html, table_html

POINTS, DRAWN = 7, "#CC79A7"
LEFT, RIGHT, WIDTH = 0.09, 0.765, 760  # of the picture, shared with the sliders beneath it
NAME = "prediction.json"
STYLE = {"description_width": "150px"}


class Guess:
    """One prediction of one run. `prediction` is what has been drawn so far, `reveal(run)` lays the real curve over it."""

    def __init__(self, config: RunConfig, data: Any = None) -> None:
        self.config, self.data = config, data
        self.touched: set[str] = set()
        self.changed_at = 0.0
        self.run: Run | None = None
        self._setting = False
        self.points = [self._upright(i) for i in range(POINTS)]
        self.best = widgets.FloatSlider(min=0, max=1, step=0.1, description="Best step at epoch", style=STYLE, readout_format=".1f",
                                        tooltip="The epoch at which validation loss is lowest", layout={"width": "430px"})  # fmt: skip
        self.gap = widgets.FloatSlider(min=0, max=3, step=0.05, description="Gap at the end", style=STYLE, layout={"width": "430px"},
                                       tooltip="Validation loss minus training loss at the last evaluation, in nats")  # fmt: skip
        self.verdict = widgets.Dropdown(options=[("choose", None), *((v, v) for v in VERDICTS)], description="Verdict at the end",
                                        style=STYLE, layout={"width": "430px"},
                                        tooltip="What the diagnosis will say when the run has ended")  # fmt: skip
        self.picture, self.words = labels.Picture(), widgets.HTML()
        for name, widget in self._widgets():
            widget.observe(lambda change, name=name: self._moved(name), names="value")
        self.box = self._layout()
        self.start_over(config, data)

    def _upright(self, i: int) -> widgets.FloatSlider:
        wide = round(WIDTH * (RIGHT - LEFT) / 1.02 / (POINTS - 1))
        return widgets.FloatSlider(min=0, max=1, step=0.01, orientation="vertical", readout_format=".2f", description=f"{i}",
                                   tooltip="Validation loss at this moment of the run, in nats",
                                   layout={"width": f"{wide}px", "height": "150px", "margin": "0"})  # fmt: skip

    def _widgets(self) -> list[tuple[str, Any]]:
        named = [("best", self.best), ("gap", self.gap), ("verdict", self.verdict)]
        return [("curve", p) for p in self.points] + named

    def _layout(self) -> widgets.VBox:
        wide = round(WIDTH * (RIGHT - LEFT) / 1.02 / (POINTS - 1))
        lead = widgets.HTML("<p style='max-width:760px;line-height:1.5;margin:4px 0'>Before it trains: draw the <b>validation loss</b> with the "
                            "sliders beneath the picture, one for each moment of the run. Then mark the best step, the gap and the verdict. "
                            "Leave out what you do not want to say.</p>")  # fmt: skip
        self.upright = widgets.HBox(
            self.points, layout={"padding": f"0 0 0 {max(0, round(WIDTH * LEFT) - wide // 2)}px"}
        )
        return widgets.VBox([lead, self.picture.box, self.upright, self.best, self.gap, self.verdict, self.words])

    # what is predicted ---------------------------------------------------------------------------------------------

    def start_over(self, config: RunConfig, data: Any = None) -> None:
        """Forget the prediction and take the measures of another run."""
        self.config, self.data, self.run, self.touched = config, data, None, set()
        start = first_loss(config, data)
        self._setting = True
        for i, slider in enumerate(self.points):
            slider.max, slider.value = round(2 * start, 2), round(start, 2)
            slider.description = f"epoch {config.epochs * i / (POINTS - 1):.3g}"
        self.best.max, self.best.step = config.epochs, max(0.01, round(config.epochs / config.evaluations, 2))
        self.best.value, self.gap.value, self.verdict.value = 0, 0, None
        self.gap.max = round(2 * start, 2)
        self._setting = False
        self._lock(False)
        self.words.value = ""
        self._draw()

    def set(
        self, curve: Any = None, best: float | None = None, gap: float | None = None, verdict: str | None = None
    ) -> Guess:
        """The same as moving the controls: `curve` has seven losses, `best` is an epoch, `gap` in nats."""
        if curve is not None and len(curve) != POINTS:
            raise WorkbenchError(f"a curve of {len(curve)} points", f"{POINTS} losses, from the first epoch to the last",
                                 "guess.set(curve=[2.1, 1.6, 1.3, 1.2, 1.2, 1.3, 1.4])")  # fmt: skip
        if verdict is not None and verdict not in VERDICTS:
            raise WorkbenchError(f"verdict {verdict!r}", f"one of {', '.join(VERDICTS)}", 'verdict="overfitting"')
        values = [*(curve if curve is not None else [None] * POINTS), best, gap, verdict]
        for (name, widget), value in zip(self._widgets(), values, strict=True):
            if value is not None:
                widget.value = value
                self._moved(name)
        return self

    @property
    def prediction(self) -> Prediction:
        """What has been said so far; parts that nobody touched are None."""
        said = self.touched
        return Prediction(
            float(self.config.epochs),
            tuple(round(p.value, 3) for p in self.points) if "curve" in said else None,
            self.best.value if "best" in said else None,
            self.gap.value if "gap" in said else None,
            self.verdict.value if "verdict" in said else None,
        )

    # the run -------------------------------------------------------------------------------------------------------

    async def train(self) -> Run:
        """Seal the prediction, train, and lay the real curve over it. Returns the run."""
        from workbench.views import fit

        choices = {k: v for k, v in self.config.changed().items() if k != "data"}
        run: Run = fit(self.data if self.data is not None else self.config.data, **choices)
        self.seal(run)
        await run
        self.reveal(run)
        return run

    def seal(self, run: Run) -> None:
        """Put the prediction into the run's folder; from now on it does not change."""
        self.run = run
        self._lock(True)
        if not self.prediction.empty:
            said = {
                "prediction": self.prediction.to_state(),
                "said_at": self.changed_at,
                "fair": self.changed_at <= started(run),
            }
            run.store.guard(lambda: write_aside(run.folder / NAME, json.dumps(said, indent=1).encode()))

    def reveal(self, run: Run, show: bool = True) -> str:
        """Lay a finished run over what was drawn and say how far off it was; with `show` also beneath this cell."""
        if run.frame().empty:
            raise WorkbenchError(
                f"run {run.id} has no evaluation", "a run that has been trained", "await guess.train()"
            )
        if self.run is not run:
            self.seal(run)
        words = in_words(self.prediction, run.frame(), run.diagnosis.verdict)
        if not self.prediction.empty and self.changed_at > started(run):
            words += " It was said after the run had begun, so it does not count among your predictions."
        figure, alt = guess_figure(self.prediction, run.frame(), self.config, self.points[0].max), self._alt(run)
        self.picture.show(fig.png(figure), f"{alt} {words}")
        so_far = Guesses()
        self.words.value = _said(words) + so_far.words_html()
        if show:
            display(HTML(image_html(figure, f"{alt} {words}", 700) + _said(words) + so_far._repr_html_()))
        return words

    def show(self) -> None:
        """Display the controls."""
        display(HTML(labels.SCRIPT))
        labels.show(self.box, "A prediction to be made before training.")

    def _moved(self, name: str) -> None:
        if self._setting or self.run is not None:
            return
        self.touched.add(name)
        self.changed_at = time.time()
        self._draw()

    def _draw(self) -> None:
        figure = guess_figure(self.prediction, None, self.config, self.points[0].max)
        self.picture.show(fig.png(figure), self._alt(None))

    def _alt(self, run: Run | None) -> str:
        said = self.prediction
        parts = [f"validation loss {', '.join(f'{v:.2f}' for v in said.curve)}"] if said.curve else []
        parts += [f"best step at epoch {said.best:g}"] if said.best is not None else []
        words = f"Line chart of loss against epochs. Predicted: {'; '.join(parts) or 'nothing yet'}."
        return (
            words
            if run is None
            else f"{words} The real validation loss: {', '.join(f'{v:.2f}' for v in run.frame()['valid_loss'])}."
        )

    def _lock(self, locked: bool) -> None:
        for _, widget in self._widgets():
            widget.disabled = locked


def guess(data: Any = "reviews", **choices: Any) -> Guess:
    """Show the controls of a prediction for the run that `wb.fit(data, **choices)` would be, and return it.

    `await guess.train()` trains it and lays the real curve over the drawn one; `guess.reveal(run)` does so with a finished run.
    `wb.guesses()` lists all predictions with their scores (how they are scored: `workbench.diagnosis.guesses`).
    """
    check_names(choices)
    named = data if isinstance(data, str) else getattr(data, "name", "data")
    if not isinstance(data, str):
        from workbench.data import load

        data = load(data)
    made = Guess(RunConfig(**{**choices, "data": named}), None if isinstance(data, str) else data)
    made.show()
    return made


def first_loss(config: RunConfig, data: Any = None) -> float:
    """Nats at which a new head begins: ln of the number of labels; 3 where there are none to count."""
    card = next((c for c in catalog.datasets() if c.name == config.data), None)
    known = list(getattr(data, "labels", None) or [])
    if data is None and card is not None and "classification" in card.tasks:
        known = list(card.facts.get("labels") or [])
    return math.log(len(known)) if len(known) > 1 else 3.0


def started(run: Run) -> float:
    """When a run began, as its name says it (seconds since 1970; good to a second)."""
    return datetime.strptime(run.id[:15], "%Y%m%d-%H%M%S").timestamp() + 1


def guess_figure(said: Prediction, frame: pd.DataFrame | None, config: RunConfig, top: float) -> Any:
    """The drawn curve over epochs; with a frame also the real curves, and between drawn and real the error as a shade."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, 3.1), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((LEFT, 0.16, RIGHT - LEFT, 0.78))
    if said.curve is not None:
        epochs = [config.epochs * i / (POINTS - 1) for i in range(POINTS)]
        ax.plot(epochs, said.curve, color=DRAWN, lw=2.2, marker="o", ms=6, mfc="white", mew=1.8, label="your curve")
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
        if len(self.rows) < 2:
            return ""
        shown = [{"#": i + 1, **{k: _cell(k, v) for k, v in r.items()}} for i, r in enumerate(self.rows)][-8:]
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


def _said(words: str) -> str:
    return f'<p role="status" style="max-width:760px;line-height:1.5">{html.escape(words)}</p>'
