"""The panel's tab for a duel: two to four techniques, several seeds, the panel's data, model and budget. Handlers set flags.

The runs are started one after the other by one coroutine and drawn by another, so a panel that is shown anew finds the duel that is
going on. `EarlierDuels` puts those of other days together again from the run folders.
"""

from __future__ import annotations

import asyncio
import html
import json
import time
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from workbench import catalog
from workbench.config import BY_HAND, RunConfig
from workbench.errors import WorkbenchError
from workbench.training.run import training_now
from workbench.views import background, focus, labels, live
from workbench.views import figures as fig
from workbench.views.buttons import button, occupied
from workbench.views.controls import QUIET, STYLE, code_html, problem_html
from workbench.views.duel import Duel, duel, duels
from workbench.views.duel_figures import costs_words
from workbench.views.duel_html import FEWEST, ended, spoken, status_html, words_html

MOST, FIRST = 4, ("full", "feature-extraction")
REDRAW = 6.0  # seconds between two pictures of a run in training: each takes 0.2 s, and all contenders pay for it alike
# What a duel says itself, or has no use for.
OWN = ("data", "technique", "learning_rate", "seed", "keep_states", "ghost")
NONE = ("choose one", -1)  # None would be an empty field: to ipywidgets it stands for no choice
PLACE = '<p style="max-width:760px;line-height:1.5;margin:4px 0">'


class Going:
    """A duel that is being trained by this process, at most one, whoever looks at it."""

    now: Going | None = None

    def __init__(self, made: Duel) -> None:
        self.duel, self.problem, self.over = made, "", False
        Going.now = self
        background.begin(self._train())

    async def _train(self) -> None:
        try:
            await self.duel.train()
        except WorkbenchError as error:
            self.problem = problem_html(error)
        except Exception as error:  # a task has nobody above it: the tab says it
            self.problem = problem_html(WorkbenchError(f"{type(error).__name__}: {error}"))
        finally:
            self.over, Going.now = True, None


class DuelTab:
    """Checkboxes, seeds, Start and Stop; the table, the picture and the verdict of the newest duel. `train()` is what Start does."""

    def __init__(self, panel: Any) -> None:
        self.panel, self.visible = panel, False
        self.going: Going | None = None
        self._task: asyncio.Task[None] | None = None
        self._drawn, self._drawn_at = (-1, -1), 0.0
        self.choices = {card.name: _checkbox(card) for card in catalog.techniques()}
        self.seeds = widgets.BoundedIntText(value=3, min=1, max=5, description="Seeds", style=STYLE, layout={"width": "292px"},
                                            tooltip="How many times every technique is trained, each time with another seed")  # fmt: skip
        self.begin = button(
            "Start duel", "play", "Train the chosen techniques one after the other", self.start, style="primary"
        )
        self.end = button("Stop duel", "stop", "End after this step, with the runs that have ended", self.stop)
        focus.then(self.begin, self.end)
        focus.then(self.end, self.begin)
        self.terms, self.code, self.problem, self.status, self.words = (widgets.HTML() for _ in range(5))
        self.picture = labels.Picture()
        for widget in (*self.choices.values(), self.seeds):
            widget.observe(lambda change: self.refresh(), names="value")
        self.box = self._layout()
        if Going.now is not None:  # the cell was run again, or the page loaded again
            self._follow(Going.now)

    def _layout(self) -> Any:
        row = {"display": "flex", "flex_flow": "row wrap", "grid_gap": "4px 16px", "max_width": "780px"}
        question = (
            f"{PLACE}Same data, same model, same budget: which technique is better by more than the seeds spread, and what does "
            "it cost? <b>Choose two to four techniques:</b></p>"
        )
        budget = self.panel.controls.widgets["seconds"]  # the panel's own control, shown here once more
        return widgets.VBox([
            widgets.HTML(question), widgets.Box(list(self.choices.values()), layout=row),
            widgets.Box([self.seeds, budget], layout=row), self.terms, widgets.HBox([self.begin, self.end]), self.problem,
            widgets.HTML(f"<p style='{QUIET}'>The same as a line of code:</p>"), self.code,
            self.status, self.picture.box, self.words,
        ])  # fmt: skip

    # what is chosen --------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> list[str]:
        """The names of the techniques that are ticked."""
        return [name for name, box in self.choices.items() if box.value]

    @property
    def shared(self) -> RunConfig:
        """The panel's choices that hold for every run."""
        config: RunConfig = self.panel.config
        return RunConfig(**{"data": config.data} | {k: v for k, v in config.changed().items() if k not in OWN})

    def to_code(self) -> str:
        """The call of `wb.duel` that does the same."""
        config = self.shared
        data = BY_HAND if config.data == BY_HAND else json.dumps(config.data, ensure_ascii=False)
        begun = f"await wb.duel({data}, {json.dumps(self.chosen)}, seeds={self.seeds.value}"
        return config.to_code().replace(f"wb.fit({data}", begun, 1)

    def made(self) -> Duel:
        """The duel that the controls stand for; raises WorkbenchError where a technique cannot take part."""
        config, given = self.shared, self.panel.source()
        if not FEWEST <= len(self.chosen) <= MOST:
            raise WorkbenchError(f"{len(self.chosen)} techniques", f"{FEWEST} to {MOST}", "the checkboxes")
        shared = {k: v for k, v in config.changed().items() if k != "data"}
        made = duel(config.data if given is None else given, self.chosen, seeds=self.seeds.value, **shared)
        if given is None and not config.data.startswith("hub:"):  # the Hub is asked in the background
            from workbench.data import load

            given = load(config.data)
        for choices in made.contenders.values():
            _check(RunConfig(**choices), given)
        return made

    # doing it --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a duel and draw it while it goes on. A problem is shown, not raised."""
        self.problem.value = ""
        try:
            busy = training_now()
            if busy is not None:
                raise occupied(busy, self.panel.run)
            if Going.now is not None:
                raise WorkbenchError("a duel is going on", "one training at a time", "Stop duel first")
            self._follow(Going(self.made()))
        except WorkbenchError as error:
            self.problem.value = problem_html(error)

    def stop(self) -> None:
        """End the duel that is going on after this step."""
        if self.going is not None:
            self.going.duel.stop()

    async def train(self) -> Duel:
        """Start a duel, follow it to its end and return it."""
        before = self.going
        self.start()
        if self.going is None or self.going is before or self._task is None:
            raise WorkbenchError("no duel was started", "settings that are valid", "the message in the tab")
        await self._task
        return self.going.duel

    def open(self) -> None:
        self.visible = True
        self.refresh()
        if self.going is not None:
            self._draw(self.going)

    # drawing ---------------------------------------------------------------------------------------------------------

    def _follow(self, going: Going) -> None:
        self.going, self._drawn = going, (-1, -1)
        self.status.value = self.words.value = ""
        self._task = asyncio.ensure_future(self._draw_until_done(going))

    async def _draw_until_done(self, going: Going) -> None:
        while not going.over:
            self._tick(going)
            await asyncio.sleep(live.PERIOD)
        self._tick(going)
        self._draw(going)
        self.problem.value = going.problem
        self.panel.check_ended()

    def _tick(self, going: Going) -> None:
        self.begin.disabled, self.end.disabled = not going.over, going.over
        self.status.value = status_html(going.duel)
        counted = ended(going.duel)
        state = counted, len(going.duel.now.frame()) if going.duel.now is not None else 0
        waited = time.monotonic() - self._drawn_at > REDRAW or counted != self._drawn[0]
        if self.visible and state != self._drawn and waited:
            self._draw(going)
            self._drawn, self._drawn_at = state, time.monotonic()

    def _draw(self, going: Going) -> None:
        made = going.duel
        if made.now is not None and (len(made.now.frame()) or any(made.runs.values())):
            self.picture.show(fig.png(made.cost_figure()), costs_words(made))
        self.words.value = words_html(made)

    def refresh(self) -> None:
        """Say what the controls stand for."""
        going = self.going is not None and not self.going.over
        few = not FEWEST <= len(self.chosen) <= MOST
        self.begin.disabled, self.end.disabled = going or few, not going
        if going:
            return  # what stands there is what is being trained
        self.problem.value = ""
        try:
            self.terms.value = f"{PLACE}{self._terms(self.shared)}</p>"
            self.code.value = "" if few else code_html(self.to_code())
        except WorkbenchError as error:
            self.terms.value = problem_html(error)

    def _terms(self, config: RunConfig) -> str:
        n = len(self.chosen)
        if not FEWEST <= n <= MOST:
            return f"{n or 'No'} technique{'' if n == 1 else 's'} chosen: tick two to four."
        runs = n * self.seeds.value
        each = (
            f"each for at most {config.seconds:g} s of training: {spoken(runs * config.seconds)} at most"
            if config.seconds
            else f"each to the end of its {config.epochs:g} epochs; with a time budget above 0 all get the same seconds"
        )
        return (
            f"{runs} runs of {html.escape(config.model)} on {html.escape(config.data)}, one after the other, {each}. "
            "Every technique has the learning rate that suits it; all else is as the panel's controls say."
        )


class EarlierDuels:
    """A list of the duels whose runs are still there, and what came of the chosen one. Hidden while there is none."""

    def __init__(self) -> None:
        self.choice = widgets.Dropdown(description="Duel", options=[NONE], layout={"width": "620px"},
                                       tooltip="A duel of before: its table, picture and verdict")  # fmt: skip
        self.picture, self.words = labels.Picture(), widgets.HTML()
        self.choice.observe(lambda change: self._show(change["new"]), names="value")
        self.box = widgets.VBox([self.choice, self.picture.box, self.words], layout={"display": "none"})
        self._found: list[Duel] = []

    def refresh(self, among: Sequence[Any] | None = None) -> None:
        """Look into the run folders again, or at these runs, newest first."""
        self._found = duels(among)
        self.box.layout.display = None if self._found else "none"
        names = [
            (f"{', '.join(d.contenders)} on {d.data}, {ended(d)} runs, {d.id[:15]}", i)
            for i, d in enumerate(self._found)
        ]
        if list(self.choice.options) != [NONE, *names]:
            self.choice.options = [NONE, *names]

    def _show(self, which: int) -> None:
        if which < 0:
            self.picture.image.layout.display, self.words.value = "none", ""
            return
        self.picture.show(fig.png(self._found[which].cost_figure()), costs_words(self._found[which]))
        self.words.value = words_html(self._found[which])


def _check(config: RunConfig, data: Any) -> None:
    """Raise what the technique has against these choices, before anything is trained."""
    from workbench.techniques import TECHNIQUES

    if data is not None:
        TECHNIQUES[config.technique].check(config, getattr(data, "task", "classification"))


def _checkbox(card: catalog.Card) -> Any:
    return widgets.Checkbox(value=card.name in FIRST, description=card.title.split(":")[0], tooltip=card.title, indent=False,
                            layout={"width": "auto"})  # fmt: skip
