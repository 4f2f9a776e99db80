"""`wb.panel`: controls beside the live figure, verdict and code below, beneath them tabs: predictions, runs, data, examples, a duel.

The panel edits a frozen RunConfig and starts runs; it holds nothing that is not in a run folder or in that config. Button
handlers only start runs and set flags; all drawing happens in one coroutine on the kernel's main thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML, display

from workbench.config import RunConfig, name_of
from workbench.errors import WorkbenchError
from workbench.training import engine
from workbench.training import events as ev
from workbench.training.run import Run, launch, training_now
from workbench.views import background, browse, datatab, dueltab, examplestab, fits, focus, kept, labels, live, tabs
from workbench.views import figures as fig
from workbench.views.asked import choices_of
from workbench.views.buttons import RunButtons, occupied
from workbench.views.controls import QUIET, Controls, code_html, note_html, problem_html
from workbench.views.experiments import Experiments
from workbench.views.folds import Folds
from workbench.views.once import ShownBox
from workbench.views.run_picture import alt_text

NOTHING_YET = "It ended before its first evaluation: there is nothing to judge yet. "
EMPTY = "<p style='opacity:.75;margin:8px 0'>Press <b>Train</b> to see the loss curves here.</p>"


class Panel(ShownBox):
    """One panel. `config` is what the controls say, `run` the run on display, `train()` what the button does."""

    def __init__(self, config: RunConfig, data: Any = None) -> None:
        self.controls, self._data = Controls(config), data
        self.run: Run | None = None
        self._task: asyncio.Task[None] | None = None
        self._figure: Any = None
        self._judged = -1  # how many evaluations the words on display speak of
        self._asked: RunConfig | None = None  # what this panel was made with, while it shows a run of another one
        self.buttons = RunButtons(self.start, self._on_pause, self._on_stop, self._on_continue)
        self.picture = labels.Picture()
        self.status, self.verdict, self.code = widgets.HTML(EMPTY), widgets.HTML(), widgets.HTML()
        self.estimate, self.problem, self.fits = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.experiments = Experiments(self)
        for button in self.experiments.buttons:
            focus.then(button, self.buttons["stop"], self.buttons["train"])
        self.predictions, self.runs, self.data = browse.Predictions(self), browse.RunsTab(self), datatab.DataTab(self)
        self.examples, self.duel = examplestab.ExamplesTab(self), dueltab.DuelTab(self)
        self._tabs = tabs.tabs({"Predictions": self.predictions, "Runs": self.runs, "Data": self.data,
                                "Examples": self.examples, "Duel": self.duel})  # fmt: skip
        self.folds = Folds(self)
        self.controls.observe(self._changed)
        self.controls.widgets["learning_rate"].observe(self._rate_moved, names="value")
        self.box = self._layout()
        self._record: Any = None
        self._set_buttons()
        self._changed()

    # what it stands for --------------------------------------------------------------------------------------------

    @property
    def config(self) -> RunConfig:
        """The choices as they stand."""
        return self.controls.config()

    def __repr__(self) -> str:
        model, data = (self.controls.widgets[name].value for name in ("model", "data"))
        return f"Panel: {model} on {data}, {self.run.status if self.run is not None else 'no run yet'}"

    @property
    def text(self) -> str:
        """The verdict in words, for a reader without eyes on the picture and for tests."""
        return str(self.run.diagnosis) if self.run is not None else ""

    def source(self) -> Any:
        """The data object that was passed in, as long as the data control still names it."""
        if self._data is None:
            return None
        named = self.controls.named()  # another control may have no valid value
        return self._data if named == name_of(self._data) else None

    def take_data(self, data: Any, path: str | None) -> None:
        """Data that came by hand: by its path where that finds it again, else as the object itself."""
        self._data = None if path else data
        self.controls.widgets["data"].value = path or data.name
        self._changed()  # the field may have said so before

    def source_data(self) -> Any:
        """The data object that was passed in, if one was."""
        return self._data

    async def train(self) -> Run:
        """Start a run with these settings, follow it to its end and return it: what the Train button does."""
        self.start()
        while self._task is not None and not self._task.done():
            try:
                await asyncio.shield(self._task)
            except asyncio.CancelledError:  # an interrupt of the kernel counts as Stop
                self._on_stop()
        if self.run is None:
            raise WorkbenchError("no run was started", "settings that are valid", "the message in the panel")
        return self.run

    def start(self) -> None:
        """Start a run with these settings and draw it while it trains. A problem is shown, not raised."""
        busy = training_now()
        if busy is not None:
            return self._show_problem(occupied(busy, self.run))
        try:
            if (refused := fits.refusal(self.config, self.source())) is not None:
                raise refused
            self.begin(lambda: launch(self.config, self.source()))
        except WorkbenchError as error:
            self._show_problem(error)

    def attach(self, run: Run) -> None:
        """Show a run that is training already: after the page or the cell was loaded again, or in a second panel. What this one was
        asked for comes back afterwards."""
        asked = self.config
        self.controls.show(run.config)
        self._follow(run)
        if (asked.data, asked.model) != (run.config.data, run.config.model):
            self._asked = asked
            self.problem.value = note_html(
                f"Run {run.id} is training and is shown here. The settings that this panel was made with come back when it has ended."
            )

    def take_up(self, run: Run) -> None:
        """Show a run that was interrupted, as by a restart of the kernel, so that Continue goes on with it."""
        self.run = run
        self.controls.show(run.config)
        self.status.value = live.status_html(run)
        self._judge(run)
        self._set_buttons()
        self.folds.refresh()
        self.problem.value = note_html(
            f"Run {run.id} was interrupted at step {kept.reached(run)}. Continue goes on with it, Train starts a new one."
        )

    def begin(self, make: Callable[[], Run]) -> None:
        """Make a run, which takes a moment, and show it. Meanwhile the words speak of it, no longer of the run before."""
        before = self.status.value, self.verdict.value
        self.status.value, self.verdict.value = live.BEGINNING, ""
        try:
            run = make()
        except BaseException:
            self.status.value, self.verdict.value = before
            raise
        self._follow(run)

    def check_ended(self) -> None:
        """Runs that others have started, of a duel or of `is_it_real`, are trained: what they kept busy is free again."""
        self.folds.refresh()
        self.runs.refresh()
        self._changed()  # a problem that was shown is one no more

    # drawing -------------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Display the panel and, beneath it, the place where the finished picture is kept for the saved notebook."""
        labels.show(self.box, "Run this cell to use the panel.")
        self._drawn()
        self._record = display(HTML(labels.SCRIPT + examplestab.SCRIPT), display_id=True)

    def _follow(self, run: Run) -> None:
        self.run, self.problem.value, self.verdict.value = run, "", ""
        self._keep(kept.going_html(run))
        self.predictions.began()
        self.status.value = live.status_html(run)
        self._figure, self._judged = live.LiveFigure(run), -1
        self.folds.began(run)
        self.experiments.offer(None, True)
        self._task = asyncio.ensure_future(self._draw_until_done(run))

    async def _draw_until_done(self, run: Run) -> None:
        self._set_buttons()
        while not run.done:
            self._tick(run)
            await asyncio.sleep(live.PERIOD)
        self._tick(run)
        self._finish(run)

    def _tick(self, run: Run) -> None:
        picture = self._figure.update()
        if picture is not None:
            evaluations = len(run.frame())
            news = evaluations != self._judged  # words change when an evaluation arrives, not with every step
            self.picture.show(picture, alt_text(run) if news else None)
            if news:
                self.verdict.value = live.verdict_html(run) if evaluations else ""
                self.experiments.offer(run.diagnosis if evaluations else None, not run.done)
            self._judged = evaluations
        self.status.value = live.status_html(run)
        self.examples.tick()
        self._set_buttons()

    def _finish(self, run: Run) -> None:
        if run.error is not None:
            error = run.error
            known = error if isinstance(error, WorkbenchError) else WorkbenchError(f"{type(error).__name__}: {error}")
            self._show_problem(known)
        self._judge(run)
        if self._asked is not None:
            self.controls.show(self._asked)
            self._asked = None
        self._set_buttons()
        self.runs.refresh()
        self.predictions.refresh()
        self.examples.tick()
        self._changed()
        self.folds.ended(run)
        self._keep(kept.record_html(run))

    def _judge(self, run: Run) -> None:
        """The picture and the words of a run that has ended."""
        if len(run.frame()):
            self.picture.show(fig.png(run.figure()), alt_text(run))
            self.verdict.value = live.verdict_html(run)
            self.experiments.offer(run.diagnosis, False)
        elif run.error is None:
            how = "Continue goes on with it, Train starts anew." if run.can_resume else "Train starts anew."
            self.verdict.value = f"<p>{NOTHING_YET}{how}</p>"

    def _keep(self, words: str) -> None:
        """What the saved notebook shows where no panel is alive; its style hides this as long as one is."""
        if self._record is not None:
            self._record.update(HTML(f"{labels.SCRIPT}{examplestab.SCRIPT}{words}"))

    def _show_problem(self, error: WorkbenchError) -> None:
        self.problem.value = problem_html(error)

    def _changed(self) -> None:
        try:
            config = self.config
            refused = fits.refusal(config, self.source())
        except WorkbenchError as error:
            self.code.value = code_html("# not all of these settings are valid")
            return self._show_problem(error)
        self.problem.value = "" if refused is None else problem_html(refused)
        task = fits.task_of(config, self.source())
        self.fits.value = fits.left_out_html(task, config.model)
        self.controls.offer_models(fits.models(task))
        self.code.value = code_html(config.to_code())
        self.data.refresh()  # first: what it loads, it knows the size of
        self.estimate.value = f"<p style='{QUIET}'>{html.escape(self.data.estimate(config))}</p>"
        self.folds.choices_changed(config)
        self.duel.refresh()

    def _set_buttons(self) -> None:
        self.buttons.allow(self.run)
        live_now = self.run is not None and not self.run.done
        if self.controls.widgets["model"].disabled != live_now:
            self.controls.lock(live_now)
            self.data.upload.lock(live_now)

    # handlers: they start or set flags, no more ----------------------------------------------------------------------

    def _on_pause(self) -> None:
        if self.run is not None and not self.run.done:
            self.run.pause()

    def _on_stop(self) -> None:
        if self.run is not None:
            self.run.stop()

    def _on_continue(self) -> None:
        if self.run is None:
            return
        if not self.run.done:
            return self.run.proceed()
        try:
            run = self.run
            before = self.code.value
            self.begin(lambda: run.resume(self.source()))
            moved = run.store.last(ev.RateChanged)
            self.controls.show(run.config.replace(learning_rate=moved.after) if moved else run.config)
            if self.code.value != before:
                self.problem.value = note_html(
                    "A run goes on with the settings that it began with; these stand here again. Fork goes on with others."
                )
        except WorkbenchError as error:
            self._show_problem(error)

    def _rate_moved(self, change: Any) -> None:
        if self.run is not None and not self.run.done:
            with contextlib.suppress(WorkbenchError):  # no number: the panel says so
                self.run.set_learning_rate(self.config.learning_rate)

    # layout --------------------------------------------------------------------------------------------------------

    def _layout(self) -> Any:
        buttons = widgets.Box(
            list(self.buttons.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px", "width": "318px"}
        )
        left = widgets.VBox(
            [self.controls.main(), buttons, self.estimate, self.problem, self.fits, self.controls.more()],
            layout={"width": "336px", "flex": "0 0 auto"},
        )
        right = widgets.VBox(
            [self.folds.before, self.status, self.picture.box, self.verdict, self.experiments.box, self.folds.after],
            layout={"flex": "1 1 480px", "min_width": "min(420px, 100%)"},
        )
        top = widgets.Box([left, right], layout={"display": "flex", "flex_flow": "row wrap", "grid_gap": "12px"})
        label = widgets.HTML(f"<p style='{QUIET}'>These settings as a line of code:</p>")
        alive = widgets.HTML(f"<style>.wb-record{{display:none}}{tabs.STYLE}</style>", layout={"display": "none"})
        return widgets.VBox([top, widgets.VBox([label, self.code]), self._tabs, alive])


def panel(data: Any = "reviews", **choices: Any) -> Panel:
    """Show the panel with these choices set (the fields of RunConfig) and return it. A live run is shown again."""
    made = Panel(*choices_of(data, {"patience": 3, "keep_states": 6, **choices}))
    made.show()
    busy = training_now()
    if busy is not None:
        made.attach(busy)
    elif (left := kept.interrupted(made.config)) is not None:
        made.take_up(left)
    warm_up()
    return made


def warm_up() -> None:
    """Import what training needs between other events of the main thread, so that the first Train starts at once."""

    async def imports() -> None:
        for _ in engine.portions():
            await asyncio.sleep(0.05)

    with contextlib.suppress(RuntimeError):  # no event loop: a plain script has no panel to wait for
        asyncio.get_running_loop()
        background.begin(imports())
