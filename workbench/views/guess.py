"""`wb.guess(...)`: predict a run before it trains: draw its validation curve, mark its best step, gap and verdict. Trains on demand.

Seven upright sliders stand beneath the picture, each under the moment of the run that it sets: they are dragged like the curve
itself, and reached with Tab and moved with the arrow keys. What has not been touched is not predicted and not scored. The sliders
shrink with the picture. While one is dragged its values come faster than pictures can be drawn: the newest is drawn, others are dropped.
"""

from __future__ import annotations

import asyncio
import html
import json
import math
import time
from collections.abc import Generator
from datetime import datetime
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML, display

from workbench import catalog
from workbench.config import RunConfig
from workbench.diagnosis.guesses import VERDICTS, Prediction, in_words
from workbench.errors import WorkbenchError
from workbench.training.run import Run
from workbench.training.store import write_aside
from workbench.views import figures as fig
from workbench.views import labels
from workbench.views.asked import choices_of, run_of
from workbench.views.guessed import LEFT, NAME, POINTS, RIGHT, WIDTH, Guesses, Sketch, guess_figure
from workbench.views.once import ShownBox
from workbench.views.tables import image_html

STYLE = {"description_width": "150px"}
BELOW = {"width": "430px", "max_width": "100%"}
PLACE = (RIGHT - LEFT) / 1.02 / (POINTS - 1)  # share of the picture's width that a slider has
UPRIGHT = """<style>.wb-upright{container-type:inline-size}.wb-upright .widget-label{height:auto;line-height:1.5;overflow:visible}
.wb-upright .widget-readout{width:auto;min-width:40px;flex:0 0 auto}
@container (max-width:620px){.wb-upright .widget-label{width:min-content;white-space:normal;text-align:center;line-height:1.25}}</style>"""
LEAD = (
    "<p style='max-width:760px;line-height:1.5;margin:4px 0'>Before it trains: draw the <b>validation loss</b> with the sliders beneath "
    "the picture, one for each moment of the run. Then mark the best step, the gap and the verdict. Leave out what you do not want to "
    "say.</p>"
)
REST = 0.03  # seconds between two pictures, in which what has moved meanwhile is read


class Guess(ShownBox):
    """One prediction of one run. `prediction` is what has been drawn so far, `reveal(run)` lays the real curve over it."""

    def __init__(self, config: RunConfig, data: Any = None) -> None:
        self.config, self.data = config, data
        self.touched: set[str] = set()
        self.changed_at = 0.0
        self.run: Run | None = None
        self._setting = False
        self._waiting: asyncio.TimerHandle | None = None  # the next picture
        self._rested = 0.0  # from when on it may be drawn
        self.points = [self._upright(i) for i in range(POINTS)]
        self.best = widgets.FloatSlider(min=0, max=1, step=0.1, description="Best step at epoch", style=STYLE, readout_format=".1f",
                                        tooltip="The epoch at which validation loss is lowest", layout=BELOW)  # fmt: skip
        self.gap = widgets.FloatSlider(min=0, max=3, step=0.05, description="Gap at the end", style=STYLE, layout=BELOW,
                                       tooltip="Validation loss minus training loss at the last evaluation, in nats")  # fmt: skip
        self.verdict = widgets.Dropdown(options=[("choose", ""), *((v, v) for v in VERDICTS)], description="Verdict at the end",
                                        style=STYLE, layout=BELOW,
                                        tooltip="What the diagnosis will say when the run has ended")  # fmt: skip
        self.picture, self.sketch, self.words = labels.Picture(), Sketch(), widgets.HTML()
        for name, widget in self._widgets():
            widget.observe(lambda change, name=name: self._moved_by_hand(name), names="value")
        self.box = self._layout()
        self.start_over(config, data)

    def _upright(self, i: int) -> widgets.FloatSlider:
        return widgets.FloatSlider(min=0, max=1, step=0.01, orientation="vertical", readout_format=".2f", description=f"{i}",
                                   tooltip="Validation loss at this moment of the run, in nats",
                                   layout={"width": f"{PLACE:.3%}", "min_width": "0", "height": "166px", "margin": "0"})  # fmt: skip

    def _widgets(self) -> list[tuple[str, Any]]:
        named = [("best", self.best), ("gap", self.gap), ("verdict", self.verdict)]
        return [("curve", p) for p in self.points] + named

    def _layout(self) -> widgets.VBox:
        indent = widgets.Box(layout={"width": f"{LEFT - PLACE / 2:.3%}", "margin": "0"})
        self.upright = widgets.HBox(
            [indent, *self.points], layout={"width": f"{WIDTH}px", "max_width": "100%", "margin": "0 0 8px"}
        )
        self.upright.add_class("wb-upright")
        lead = widgets.HTML(UPRIGHT + LEAD)
        return widgets.VBox([lead, self.picture.box, self.upright, self.best, self.gap, self.verdict, self.words])

    # what is predicted ---------------------------------------------------------------------------------------------

    def start_over(self, config: RunConfig, data: Any = None) -> None:
        """Forget the prediction and take the measures of another run."""
        self.config, self.data, self.run, self.touched = config, data, None, set()
        step = 0.05 if first_loss(config, data) > 1 else 0.02  # one arrow key; Page Up and Page Down are five
        start = round(first_loss(config, data) / step) * step
        self._setting = True
        for i, slider in enumerate(self.points):
            slider.max, slider.step, slider.value = round(2 * start, 2), step, round(start, 2)
            slider.description = f"epoch {config.epochs * i / (POINTS - 1):.3g}"
        self.best.max, self.best.step = config.epochs, max(0.01, round(config.epochs / config.evaluations, 2))
        self.best.value, self.gap.value, self.verdict.value = 0, 0, ""
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
                self._setting = True
                widget.value = value
                self._setting = False
                self._moved(name)
        if self.run is None:
            self._draw()
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
            (self.verdict.value or None) if "verdict" in said else None,
        )

    # the run -------------------------------------------------------------------------------------------------------

    def train(self) -> Training:
        """Seal the prediction and start the run. `await` the answer in a notebook, `.join()` it in a script: it lays the real curve
        over the prediction and returns the run."""
        from workbench.views import fit

        choices = {k: v for k, v in self.config.changed().items() if k != "data"}
        run: Run = fit(self.data if self.data is not None else self.config.data, **choices)
        self.seal(run)
        return Training(self, run)

    def __repr__(self) -> str:
        so_far = f"run {self.run.id} is {self.run.status}" if self.run is not None else "not trained yet"
        return f"Guess: {self.config.model} on {self.config.data}, {'nothing predicted' if self.prediction.empty else 'predicted'}, {so_far}"

    def seal(self, run: Run) -> None:
        """Put the prediction into the run's folder; from now on it does not change."""
        if self._waiting is not None:
            self._draw()  # what was said last
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
        run = run if hasattr(run, "frame") else run_of(run)
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
            display(
                HTML(
                    image_html(figure, f"{alt} {words}", 700)
                    + _said(words)
                    + (so_far._repr_html_() if len(so_far.rows) > 1 else "")
                )
            )
        return words

    def show(self) -> None:
        """Display the controls."""
        display(HTML(labels.SCRIPT))
        labels.show(self.box, "A prediction to be made before training.")
        self._drawn()

    def _moved(self, name: str) -> bool:
        """Note that a part has been said; False where it is too late, or nobody said it."""
        if self._setting or self.run is not None:
            return False
        self.touched.add(name)
        self.changed_at = time.time()
        return True

    def _moved_by_hand(self, name: str) -> None:
        if self._moved(name):
            self._draw_soon()

    def _draw_soon(self) -> None:
        """Draw when the kernel has rested since the last picture: a picture that waits already will show this value, too."""
        if self._waiting is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a plain script: nobody drags
            return self._draw()
        self._waiting = loop.call_later(max(0.0, self._rested - time.monotonic()), self._draw)

    def _draw(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self.picture.show(self.sketch.png(self.prediction, self.config, self.points[0].max), self._alt(None))
        self._rested = time.monotonic() + REST

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


class Training:
    """The run that a prediction was made for. `await` it in a notebook, `.join()` it in a script."""

    def __init__(self, made: Guess, run: Run) -> None:
        self.guess, self.run = made, run

    def __await__(self) -> Generator[Any, None, Run]:
        return self._watch().__await__()

    async def _watch(self) -> Run:
        await self.run
        self.guess.reveal(self.run)
        return self.run

    def join(self) -> Run:
        """Wait in a plain script; Ctrl-C counts as Stop. Returns the run."""
        self.run.join()
        self.guess.reveal(self.run)
        return self.run

    def __repr__(self) -> str:
        return f"Training of run {self.run.id}: {self.run.status}. `await` it in a notebook, `.join()` it in a script."


def guess(data: Any = "reviews", **choices: Any) -> Guess:
    """Show the controls of a prediction for the run that `wb.fit(data, **choices)` would be, and return it.

    `await guess.train()` (in a script `guess.train().join()`) trains it and lays the real curve over the drawn one; `guess.reveal(run)` does so with a finished run.
    `wb.guesses()` lists all predictions with their scores (how they are scored: `workbench.diagnosis.guesses`).
    """
    made = Guess(*choices_of(data, choices))
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


def _said(words: str) -> str:
    return f'<p role="status" style="max-width:760px;line-height:1.5">{html.escape(words)}</p>'
