"""A box that a button opens and closes. ipywidgets' Accordion does the same for a mouse alone: its titles take no focus."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets


class Fold:
    """`box` is what to display: a toggle button that Tab reaches and Space presses, and below it the content, closed at first."""

    def __init__(self, title: str, content: Any, width: str = "auto") -> None:
        self.button = widgets.ToggleButton(value=False, description=title, icon="caret-right", tooltip=f"Open or close: {title}",
                                           layout={"width": width})  # fmt: skip
        self.button.add_class("wb-fold")  # left-aligned, and its state said to screen readers: see labels.SCRIPT
        self.content = widgets.VBox([content], layout={"display": "none", "padding": "4px 0 8px 12px"})
        self.button.observe(lambda change: self._turn(change["new"]), names="value")
        self.box = widgets.VBox([self.button, self.content])

    @property
    def open(self) -> bool:
        return bool(self.button.value)

    def _turn(self, opened: bool) -> None:
        self.content.layout.display = None if opened else "none"
        self.button.icon = "caret-down" if opened else "caret-right"


def folds(sections: dict[str, Any], width: str) -> tuple[list[Fold], Any]:
    """One fold per title, and a box with all of them below each other."""
    made = [Fold(title, content, width) for title, content in sections.items()]
    return made, widgets.VBox([fold.box for fold in made], layout={"grid_gap": "4px"})
