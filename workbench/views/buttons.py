"""Buttons: how one is made, and the four that steer a run. They call what they are given; what a run does they do not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.views import focus

NARROW, WIDE = "110px", "152px"
RESUMABLE = ("stopped", "interrupted")


def button(text: str, icon: str, tip: str, action: Callable[[], Any], width: str = WIDE, style: str = "") -> Any:
    """A button that calls `action` when it is pressed; `style` is one of ipywidgets' own, such as primary."""
    made = widgets.Button(description=text, icon=icon, tooltip=tip, button_style=style, layout={"width": width})
    made.on_click(lambda _: action())
    return made


def occupied(busy: Any, here: Any) -> WorkbenchError:
    """What to say where something else trains: run `busy`, while `here` is the run on display."""
    how = (
        "Stop first"
        if busy is here
        else "to wait, or to end it where it was started: in the Duel tab, by Enough, or in another cell"
    )
    return WorkbenchError(f"run {busy.id} is {busy.status}", "one training at a time", how)


class RunButtons(dict[str, Any]):
    """Train, Pause, Stop and Continue by their names in small letters; `allow(run)` lets those be pressed that make sense."""

    def __init__(self, train: Any, pause: Any, stop: Any, go_on: Any) -> None:
        super().__init__(
            {
                "train": button("Train", "play", "Start training with these settings", train, style="primary"),
                "pause": button("Pause", "pause", "Wait after this step", pause),
                "stop": button("Stop", "stop", "End after this step; history and best weights stay", stop),
                "continue": button("Continue", "forward", "Go on after a pause, or go on with a stopped run", go_on),
            }
        )
        wanted = {
            "train": ("stop",),
            "pause": ("continue", "train"),
            "stop": ("train",),
            "continue": ("pause", "stop", "train"),
        }
        for name, others in wanted.items():
            focus.then(self[name], *(self[other] for other in others))

    def allow(self, run: Any) -> None:
        """Enable what can be done with this run as it is now; without one, Train alone."""
        live = run is not None and not run.done
        state = {
            "train": not live,
            "pause": live and run.status == "training",
            "stop": live,
            "continue": run is not None
            and (run.status == "paused" if live else run.status in RESUMABLE and run.can_resume),
        }
        for name, enabled in sorted(state.items(), key=lambda item: not item[1]):  # first what the focus can go to
            if self[name].disabled == enabled:
                self[name].disabled = not enabled
