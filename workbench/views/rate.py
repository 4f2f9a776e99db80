"""The control of a learning rate: a slider over powers of ten, and the number itself to be typed. What it stands for it does not know."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import traitlets


class Rate(widgets.HBox):
    """A slider over powers of ten and a field for the number itself, as 3e-4, 0.0003 or 0,0003. (The slider's own readout takes 3,5e-4 for
    3 and that for its maximum.) What is no number becomes the value all the same: who reads it says so."""

    value = traitlets.Any()
    description = traitlets.Unicode().tag(sync=True)  # without it a box with a tooltip is not drawn
    disabled = traitlets.Bool()

    def __init__(self, low: float, high: float, **common: Any) -> None:
        tip, style, layout = common["tooltip"], common["style"], common["layout"]
        self.slider = widgets.FloatLogSlider(min=low, max=high, step=0.05, readout=False, continuous_update=False, tooltip=tip, style=style,
                                             description=common["description"], layout={"width": "222px"})  # fmt: skip
        self.field = widgets.Text(continuous_update=False, tooltip=f"{common['description']} as a number, such as 3e-4",
                                  layout={"width": "66px"})  # fmt: skip
        super().__init__([self.slider, self.field], tooltip=tip, layout=layout, description=common["description"])
        self.add_class("wb-rate")  # labels.py gives both their names
        self.slider.observe(lambda change: self._took(change["new"]), names="value")
        self.field.observe(lambda change: self._took(_number(change["new"])), names="value")
        self.observe(lambda change: self._show(), names="value")
        self.observe(lambda change: self._lock(), names="disabled")
        self._showing = False

    def _took(self, value: Any) -> None:
        if not self._showing:
            self.value = value

    def _show(self) -> None:
        known = isinstance(self.value, float) and self.value > 0
        self._showing = True
        self.field.value = f"{self.value:.3g}" if known else str(self.value)
        if known:
            low, high = 10.0**self.slider.min, 10.0**self.slider.max
            self.slider.value = min(max(self.value, low), high)
        self._showing = False

    def _lock(self) -> None:
        self.slider.disabled = self.field.disabled = self.disabled


def _number(text: str) -> float | str:
    """What a person has typed as a number, with a point or a comma; else the text."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text
