"""The buttons under the verdict: each is one experiment of the finding. Pressing one sets controls or stops; nothing is trained here.

While a run trains only what can act on it is offered: Stop, and a learning rate, which moves in mid-run. Afterwards the controls
take the changes and Train begins the experiment.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets

from workbench.diagnosis.advice import Experiment, Finding
from workbench.errors import WorkbenchError
from workbench.views.controls import CONTROLS

MOST = 3
LABELS = {control.field: control.label for control in CONTROLS}


class Experiments:
    """Up to three buttons and a line that says what a press has changed. `panel` owns the controls and the run."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.offered: tuple[Experiment, ...] = ()
        self.buttons = [
            widgets.Button(icon="flask", layout={"width": "auto", "max_width": "240px", "display": "none"}) for _ in range(MOST)
        ]  # fmt: skip
        for i, button in enumerate(self.buttons):
            button.on_click(lambda _, i=i: self.press(i))
        self.said = widgets.HTML()
        row = widgets.Box(self.buttons, layout={"flex_flow": "row wrap", "grid_gap": "4px"})
        self.box = widgets.VBox([row, self.said])

    def offer(self, finding: Finding | None, live: bool) -> None:
        """Show the experiments of a finding; the same ones are left alone, so that a focused button keeps its focus."""
        try:
            config = self.panel.config
        except WorkbenchError:  # a control holds what no run can have: the panel says so itself
            finding = None
        wanted = () if finding is None else tuple(e for e in finding.advice if _possible(e, live, config))[:MOST]
        if wanted == self.offered:
            return
        self.offered = wanted
        for i, button in enumerate(self.buttons):
            shown = i < len(wanted)
            if shown:
                button.description, button.tooltip = wanted[i].label, f"{wanted[i].label}: {wanted[i].why}"
                button.icon = "stop" if wanted[i].stop else "flask"
            button.layout.display = None if shown else "none"
        self.said.value = ""

    def press(self, i: int) -> None:
        """Do what the button says and put it into words."""
        if i >= len(self.offered):
            return
        one = self.offered[i]
        if one.stop and self.panel.run is not None:
            self.panel.run.stop()
        try:
            before = self.panel.config
            after = one.applied(before)
        except WorkbenchError as error:
            return self._say(f"{error.found}: {error.expected}.")
        self.panel.controls.change({name: getattr(after, name) for name in one.changes})
        running = self.panel.run is not None and not self.panel.run.done
        words = ", ".join(
            f"{LABELS.get(n, n)} {_word(n, getattr(before, n))} → {_word(n, getattr(after, n))}" for n in one.changes
        )
        end = (
            "The run stops after this step."
            if one.stop
            else "It holds from the next step on."
            if running
            else "Press Train to try it."
        )
        self._say(f"{words}. {end}" if words else end)

    def _say(self, words: str) -> None:
        self.said.value = f'<p role="status" style="margin:2px 0;opacity:.8">{html.escape(words)}</p>'


def _possible(one: Experiment, live: bool, config: Any) -> bool:
    """Whether it can act now, and would change anything."""
    if one.stop:
        return live
    if live and set(one.changes) - {"learning_rate"}:
        return False
    try:
        return bool(one.applied(config) != config)
    except WorkbenchError:
        return False


def _word(name: str, value: Any) -> str:
    if value is None:
        return {"train_examples": "all", "patience": "off", "dropout": "as the model has it"}.get(name, "none")
    return f"{value:g}" if isinstance(value, float) else str(value)
