"""The panel's tab about single examples: live histograms and the noise probe, afterwards the data map and the scrubber.

Drawn only while it is open, and then once per evaluation.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.training.examples import read
from workbench.views import example_figures as pictures
from workbench.views import figures as fig
from workbench.views import labels
from workbench.views.controls import problem_html
from workbench.views.datamap import CLICKS, DataMap
from workbench.views.scrub import Scrub

START = "<p>Tick <b>Watch examples</b> (under <i>Single examples</i>) and train: the texts are followed one by one.</p>"
AFTER = "<p>It is drawn when training has ended.</p>"
VIEWS = (("Histograms", "histograms"), ("Flipped labels", "noise"), ("Data map", "map"), ("Scrubber", "scrub"))


class ExamplesTab:
    """What the watched examples of the run on display say. `tick()` is called often and draws seldom."""

    def __init__(self, panel: Any) -> None:
        self.panel, self.visible = panel, False
        self.view = widgets.ToggleButtons(options=VIEWS, description="Show", tooltips=(
            "Probability of the right label, training against validation", "Are the flipped labels memorised, and when?",
            "Every training text as a point: click one to read it", "Move through the evaluations"))  # fmt: skip
        self.words, self.picture, self.place = widgets.HTML(START), labels.Picture(), widgets.VBox()
        self.box = widgets.VBox([self.view, self.words, self.picture.box, self.place])
        self.view.observe(lambda change: self._anew(), names="value")
        self._drawn: Any = None
        self._histograms = pictures.Histograms()
        self._made: dict[Any, Any] = {}

    def open(self) -> None:
        self.visible = True
        self.tick()

    def _anew(self) -> None:
        self._drawn = None
        self.tick()

    def tick(self) -> None:
        """Draw when there is something new and somebody to see it."""
        run = self.panel.run
        if not self.visible or run is None:
            return
        if not (run.config.watch or run.config.noise):
            self._say(START)
            return
        state = (run.id, len(run.frame()), run.done, self.view.value)
        if state == self._drawn or not state[1]:
            return
        self._drawn = state
        try:
            self._draw(run)
        except WorkbenchError as error:
            self._say(problem_html(error))

    def _draw(self, run: Any) -> None:
        if self.view.value == "histograms":
            examples = read(run.store, newest=True)
            self._say("")
            self.picture.show(self._histograms.update(examples), pictures.histograms_words(examples))
        elif self.view.value == "noise":
            frame, best = run.noise(), run.best.get("step")
            words = pictures.memorisation_words(frame, best)
            self._say(f'<p style="max-width:760px;line-height:1.5">{html.escape(words)}</p>')
            self.picture.show(fig.png(pictures.memorisation_figure(frame, best)), words)
        elif not run.done:
            self._say(AFTER)
        else:
            self._widget(run)

    def _widget(self, run: Any) -> None:
        key = (run.id, self.view.value)
        if key not in self._made:
            self._made = {k: v for k, v in self._made.items() if k[0] == run.id}  # those of the run before can go
            self._made[key] = (DataMap if self.view.value == "map" else Scrub)(run)
        self._say("")
        self.place.children = [self._made[key].box]

    def _say(self, words: str) -> None:
        self.words.value, self.place.children = words, ()
        self.picture.image.layout.display = "none"


SCRIPT = CLICKS  # what a page needs once, so that a click on the data map is heard
