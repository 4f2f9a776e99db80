"""What the panel folds away around a training: predict it before, fork it and ask whether it is real afterwards. No drawing of runs.

Each fold is closed until somebody opens it. Handlers start runs and set flags; what takes time happens in one coroutine.
"""

from __future__ import annotations

import asyncio
import html
from typing import Any

import ipywidgets as widgets

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training.fork import FIXED
from workbench.training.run import Run, training_now
from workbench.views import background, focus
from workbench.views.buttons import button, occupied
from workbench.views.controls import problem_html
from workbench.views.fold import folds
from workbench.views.guess import Guess
from workbench.views.lineage import Lineage
from workbench.views.real import Check, is_it_real

WIDTH = "min(800px, calc(100% - 4px))"  # JupyterLab gives a button a margin of 2 px; with more there is a scrollbar under each fold


class Folds:
    """The three folds of a panel: `before` stands above the picture, `after` below the verdict."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.guess = Guess(panel.controls.base, panel.source_data())
        self.fork, self.real = ForkFold(panel), RealFold(panel)
        self.anew = button(
            "Predict again", "pencil", "Clear the prediction and make one for the next run", self._predict_again
        )
        self.anew.disabled = True
        predict = {"Predict first: what will the curve do?": widgets.VBox([self.guess.box, self.anew])}
        later = {
            "Fork here: change one thing and branch off": self.fork.box,
            "Is it real? Other seeds, other texts": self.real.box,
        }
        self.opened, self.before = folds(predict, WIDTH)
        closed, self.after = folds(later, WIDTH)
        self.opened += closed
        self._measure = _measure(panel.controls.base)
        focus.then(self.anew, *self.guess.points)
        focus.then(self.fork.go, panel.buttons["stop"])

    def choices_changed(self, config: RunConfig) -> None:
        """The prediction takes the new run's measures; what the fork would change is said anew."""
        if _measure(config) != self._measure and (self.guess.run is None or self.guess.run.done):
            self._measure = _measure(config)
            self.guess.start_over(config, self.panel.source_data())
        self.refresh()

    def began(self, run: Run) -> None:
        """A run begins: the prediction is sealed, the other folds wait."""
        if "fork" not in run.store.facts:
            if self.guess.run is not None and self.guess.run is not run:
                self.guess.start_over(run.config, self.panel.source_data())
            if self.guess.touched:
                self.guess.seal(run)
        self.refresh()

    def _predict_again(self) -> None:
        self.guess.start_over(self.panel.config, self.panel.source_data())
        self.refresh()

    def ended(self, run: Run) -> None:
        """A run has ended: the real curve is laid over the prediction."""
        if self.guess.run is run and len(run.frame()):
            self.guess.reveal(run, show=False)
        self.refresh()

    def refresh(self) -> None:
        self.anew.disabled = self.guess.run is None or not self.guess.run.done
        self.fork.refresh()
        self.real.refresh()


class ForkFold:
    """A step of the run on display and a button; what is changed is what the controls now say other than the run."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.step = widgets.Dropdown(options=[], description="From step", layout={"width": "330px"},
                                     tooltip="A step whose training state is kept")  # fmt: skip
        self.go = button("Fork", "code-fork", "Branch off at this step with what the controls now say", self.start)
        self.words, self.tree, self.problem = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.box = widgets.VBox([self.words, widgets.HBox([self.step, self.go]), self.problem, self.tree])
        self._drawn: tuple[str, int] | None = None

    def changes(self) -> dict[str, Any]:
        """The choices in which the controls differ from the run on display."""
        now, then = self.panel.config, self.panel.run.config
        return {k: getattr(now, k) for k in now.differing(then, "keep_states")}

    def start(self) -> None:
        """Begin the fork and show it in the panel."""
        self.problem.value = ""
        try:
            run = self.panel.run
            self.panel.begin(lambda: run.fork(self.step.value, **self.changes()))
        except WorkbenchError as error:
            self.problem.value = problem_html(error)

    def refresh(self) -> None:
        run = self.panel.run
        steps = run.states if run is not None and run.done else []
        self.go.disabled = self.step.disabled = not steps
        if [v for _, v in self.step.options] != steps:
            best = int(run.best["step"]) if run is not None and run.best else None
            self.step.options = [(f"{s} (lowest validation loss)" if s == best else f"{s}", s) for s in steps]
            left = [s for s in steps if s < int(run.frame()["step"].iloc[-1])] if steps and run is not None else []
            # Behind the last step nothing is left to train.
            self.step.value = best if best in left else (left or steps or [None])[-1]
        self.words.value = f"<p style='margin:4px 0;max-width:740px;line-height:1.5'>{self._said(run, steps)}</p>"
        self._draw(run)

    def _said(self, run: Run | None, steps: list[int]) -> str:
        if run is None or not run.done:
            return "When a run has ended, it can go on from one of its steps with something changed."
        if not steps:
            return ("This run kept no states. Set <b>Kept states</b> (under <i>Early stopping</i>) before Train.")  # fmt: skip
        try:
            changes = self.changes()
        except WorkbenchError:
            return "One of the controls has no valid value."
        listed = ", ".join(
            f"<b>{html.escape(k)}</b> {html.escape(_spoken(getattr(run.config, k)))} → {html.escape(_spoken(v))}"
            for k, v in changes.items()
        )
        unfit = [k for k in changes if k in FIXED]
        if unfit:
            return (
                f"{html.escape(unfit[0])} cannot change in mid-run: press Train for a run of its own, or put it back."
            )
        return (
            f"The fork changes: {listed}."
            if listed
            else "Move a control to say what the fork changes. With nothing changed it repeats this run."
        )

    def _draw(self, run: Run | None) -> None:
        if run is None or not run.done or not len(run.frame()) or self._drawn == (run.id, len(run.frame())):
            return
        made = Lineage(run)
        self._drawn = (run.id, len(run.frame()))
        self.tree.value = made._repr_html_() if len(made.members) > 1 else ""


class RealFold:
    """A number of seeds, a button, and what came of it."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.seeds = widgets.BoundedIntText(value=3, min=1, max=9, description="Other seeds", layout={"width": "200px"},
                                            tooltip="How many times the same run is trained with another seed")  # fmt: skip
        self.go = button(
            "Is it real?",
            "question-circle",
            "Train it again with other seeds, and resample the validation texts",
            self.start,
        )
        self.stop = button("Enough", "stop", "End with the seeds that there are", self._enough)
        self.words = widgets.HTML("<p>When a run has ended, ask whether its verdict holds.</p>")
        focus.then(self.go, self.stop)
        focus.then(self.stop, self.go)
        self.box = widgets.VBox([widgets.HBox([self.seeds, self.go, self.stop]), self.words])
        self.check: Check | None = None
        self.task: asyncio.Task[None] | None = None
        self._asked: str | None = None

    def start(self) -> None:
        """Train the other seeds one after the other and say what came of it."""
        try:
            if (busy := training_now()) is not None:
                raise occupied(busy, self.panel.run)
            self.check = is_it_real(self.panel.run, seeds=self.seeds.value)
        except WorkbenchError as error:
            self.words.value = problem_html(error)
            return
        self._asked = self.panel.run.id
        self.task = background.begin(self._train(self.check))

    def _enough(self) -> None:
        if self.check is not None:
            self.check.stop()

    async def _train(self, check: Check) -> None:
        self.refresh()
        try:
            for name, seed, choices in check._plan():
                self.words.value = check._so_far(f"seed {seed}")
                check._note(name, await check._start(choices, seed))
            self.words.value = check._repr_html_()
        except WorkbenchError as error:
            self.words.value = problem_html(error)
        self.check = None
        self.panel.check_ended()

    def refresh(self) -> None:
        run = self.panel.run
        ready = run is not None and run.done and len(run.frame()) > 0 and self.check is None
        self.go.disabled, self.stop.disabled = not ready, self.check is None
        if run is not None and self._asked is not None and run.id != self._asked and self.check is None:
            self.words.value, self._asked = "<p>When a run has ended, ask whether its verdict holds.</p>", None


def _spoken(value: Any) -> str:
    return "default" if value is None else str(value)


def _measure(config: RunConfig) -> tuple[Any, ...]:
    """What the axes of a prediction depend on."""
    return config.data, config.epochs, config.evaluations
