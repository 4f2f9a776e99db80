"""`wb.datamap(run)`: every training text as a point, and the text behind a point with its path through training. Trains nothing.

A click on the picture, the list, or Previous and Next choose a text. The picture is an image, so a click is turned into a place by a
script that writes it into a hidden field; where scripts are dropped, list and buttons do the same.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML, display

from workbench.errors import WorkbenchError
from workbench.views import example_figures as pictures
from workbench.views import figures as fig
from workbench.views import in_notebook, labels
from workbench.views.asked import data_of, run_of
from workbench.views.buttons import NARROW, button
from workbench.views.inks import ink
from workbench.views.once import ShownBox
from workbench.views.tables import image_html, shortened

ORDERS = {
    "hard to learn first": ("confidence", True),
    "ambiguous first": ("variability", False),
    "easy to learn first": ("confidence", False),
    "forgotten most often first": ("forgetting", False),
    "as in the data": ("row", True),
}
CLICKS = """<script>(() => {
  if (window.workbenchClicks) return;
  window.workbenchClicks = true;
  document.addEventListener('click', e => {
    const image = e.target.closest && e.target.closest('.wb-click img');
    const field = image && image.closest('.wb-click').querySelector('.wb-click-at input');
    if (!field) return;
    const box = image.getBoundingClientRect();
    field.value = [(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height].map(v => v.toFixed(4)).join(',');
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new Event('change', {bubbles: true}));
  });
})()</script>"""
WIDTH, SIDE = 560, "320px"  # pixels of the map on the page, width of what stands beside it: both fit into a cell


class DataMap(ShownBox):
    """The map, a list and the chosen text. `frame` is `run.dynamics()`, `row` the chosen row of the training split."""

    def __init__(self, run: Any, until: float | None = None, data: Any = None) -> None:
        self.frame, self.examples = run.dynamics(until=until, data=data), run.examples()
        steps = [int(s) for s in self.examples.steps[self.examples.until(None)][1:]]
        self.until = widgets.SelectionSlider(
            options=steps, value=max(s for s in steps if until is None or s <= until), description="Up to step",
            tooltip="Only evaluations up to this step count", continuous_update=False, layout={"width": SIDE},
        )  # fmt: skip
        hidden = self.examples.flipped
        self.hidden = hidden if hidden.any() else None
        self.order = widgets.Dropdown(options=list(ORDERS), description="Order", layout={"width": SIDE},
                                      tooltip="In which order the texts are listed")  # fmt: skip
        self.list = widgets.Select(rows=9, description="Text", layout={"width": SIDE},
                                   tooltip="Choose a text with the arrow keys")  # fmt: skip
        self.reveal = widgets.Checkbox(description="Show which labels were flipped", indent=False,
                                       tooltip="Ring the texts whose labels are wrong on purpose")  # fmt: skip
        self.reveal.layout.display = None if self.hidden is not None else "none"
        self.previous = button("Previous", "arrow-up", "The text above in the list", lambda: self._move(-1), NARROW)
        self.next = button("Next", "arrow-down", "The text below in the list", lambda: self._move(1), NARROW)
        self.clicked = widgets.Text(layout={"display": "none"})
        self.clicked.add_class("wb-click-at")
        self.picture, self.path, self.words = labels.Picture(), labels.Picture(), widgets.HTML()
        self.picture.image.layout.width, self.path.image.layout.width = f"{WIDTH}px", SIDE
        self.box = self._layout()
        self._background: Any = None
        self._sort()
        self.order.observe(lambda change: self._sort(), names="value")
        self.list.observe(lambda change: self._draw(), names="value")
        self.reveal.observe(lambda change: self._redraw(), names="value")
        self.until.observe(lambda change: self._count(), names="value")
        self.clicked.observe(lambda change: self._click(change["new"]), names="value")
        self._redraw()

    @property
    def row(self) -> int:
        """The chosen text's row in the training split."""
        return int(self.frame["row"].iloc[self.list.value])

    @property
    def text(self) -> str:
        """The map and the chosen text in words."""
        return f"{pictures.map_words(self.frame)} {self._said()}"

    def select(self, row: int) -> None:
        """Choose the text at a row of the training split."""
        found = np.flatnonzero(self.frame["row"] == row)
        if not len(found):
            raise WorkbenchError(f"row {row!r} was not watched", "a row of run.dynamics()", "run.dynamics()['row']")
        self.list.value = int(found[0])

    def __repr__(self) -> str:
        return self.text

    def show(self) -> None:
        """Display it, and beneath it pictures that stay where no kernel keeps the widgets alive."""
        labels.show(self.box, self.text)
        self._drawn()
        figure, _ = self._map()
        kept = image_html(figure, pictures.map_words(self.frame), WIDTH) + self.words.value
        display(HTML(f'{labels.SCRIPT}{CLICKS}<div class="wb-record">{kept}</div>'))

    # what the widgets do -------------------------------------------------------------------------------------------

    def _sort(self) -> None:
        column, rising = ORDERS[self.order.value]
        order = self.frame[column].sort_values(ascending=rising, kind="stable").index
        self.list.options = [
            (f"{self.frame['label'][i]}: {shortened(self.frame['text'][i], 70)}", int(i)) for i in order
        ]
        self.list.value = int(order[0])

    def _count(self) -> None:
        """The numbers anew, from the evaluations up to a step; the chosen text stays chosen."""
        chosen, text = self.list.value, self.frame["text"]
        self.frame = self.examples.dynamics(until=self.until.value)
        self.frame.insert(1, "text", text)
        self._sort()
        self.list.value = chosen
        self._redraw()

    def _move(self, by: int) -> None:
        at = self.list.index + by
        if 0 <= at < len(self.list.options):
            self.list.index = at

    def _click(self, place: str) -> None:
        try:
            x, y = (float(v) for v in place.split(","))
        except ValueError:
            return
        self.list.value = self.nearest(x, y)

    def nearest(self, x: float, y: float) -> int:
        """Position in the frame of the text nearest to a place of the picture, from (0, 0) top left to (1, 1) bottom right."""
        width, height = self._canvas.get_width_height()
        points = self._ax.transData.transform(self.frame[["variability", "confidence"]].to_numpy())
        return int(np.hypot(points[:, 0] - x * width, points[:, 1] - (1 - y) * height).argmin())

    # drawing -------------------------------------------------------------------------------------------------------

    def _map(self) -> tuple[Any, Any]:
        figure, ax = pictures.map_figure()
        pictures.data_map(self.frame, ax, flipped=self.hidden if self.reveal.value else None)
        return figure, ax

    def _redraw(self) -> None:
        """The map anew; the ring around the chosen text is drawn over a copy of it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure, self._ax = self._map()
        self._canvas: Any = FigureCanvasAgg(figure)
        (self._ring,) = self._ax.plot([], [], "o", ms=15, mfc="none", mec=fig.BEST, mew=3, animated=True, zorder=6)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
        self._draw()

    def _draw(self) -> None:
        if self._background is None or self.list.value is None:
            return
        chosen = self.frame.iloc[self.list.value]
        self._ring.set_data([chosen["variability"]], [chosen["confidence"]])
        self._canvas.restore_region(self._background)
        self._ax.draw_artist(self._ring)
        self.picture.show(
            fig.encode(self._canvas), f"{pictures.map_words(self.frame)} The chosen text is ringed in green."
        )
        part, i = self.examples.train, self.list.value
        p, right = part.p_right[:, i], part.right[:, i]
        alt = "Line chart of the probability of its label: " + ", ".join(
            f"step {int(s)} {v:.2f}" for s, v in zip(self.examples.steps, p, strict=True)
        )
        self.path.show(fig.png(pictures.path_figure(self.examples.steps, p, right)), alt)
        self.words.value = f'<div role="status" style="width:{WIDTH}px;line-height:1.5">{self._said_html()}</div>'

    def _numbers(self) -> str:
        r = self.frame.iloc[self.list.value]
        first = "" if np.isnan(r["learned"]) else f", first at step {int(r['learned'])}"
        times = {0: "never", 1: "once"}.get(int(r["forgetting"]), f"{int(r['forgetting'])} times")
        return (
            f"row {int(r['row'])} · confidence {r['confidence']:.2f} · variability {r['variability']:.2f} · its label was the answer at "
            f"{r['correctness']:.0%} of the evaluations{first} · forgotten {times}"
        )

    def _was(self) -> str:
        """The true label of a flipped text, once that is to be seen."""
        if self.hidden is None or not self.reveal.value or not self.hidden[self.list.value]:
            return ""
        return f"flipped; its true label is {self.examples.names[self.examples.true[self.list.value]]}"

    def _said(self) -> str:
        r = self.frame.iloc[self.list.value]
        was = f" ({self._was()})" if self._was() else ""
        return f"Chosen: {r['text']!r}, labelled {r['label']}{was}: {self._numbers()}."

    def _said_html(self) -> str:
        r = self.frame.iloc[self.list.value]
        was = f' <span style="{ink("#D55E00")}">({html.escape(self._was())})</span>' if self._was() else ""
        return (
            f'<p style="margin:6px 0;font-size:108%">{html.escape(shortened(r["text"], 1200))}</p>'
            f'<p style="margin:4px 0">labelled <b>{html.escape(r["label"])}</b>{was}</p>'
            f'<p style="margin:4px 0;opacity:.8">{html.escape(self._numbers())}</p>'
        )

    def _layout(self) -> Any:
        left = widgets.VBox([self.picture.box, self.clicked])
        left.add_class("wb-click")
        buttons = widgets.HBox([self.previous, self.next])
        right = widgets.VBox([self.until, self.order, self.list, buttons, self.reveal], layout={"width": "328px"})
        flow = {"display": "flex", "flex_flow": "row wrap", "grid_gap": "8px"}
        top, below = widgets.Box([left, right], layout=flow), widgets.Box([self.words, self.path.box], layout=flow)
        alive = widgets.HTML(
            "<style>.wb-record{display:none} .wb-click img{cursor:crosshair}</style>", layout={"display": "none"}
        )
        return widgets.VBox([top, below, alive])


def datamap(run: Any, until: float | None = None, data: Any = None) -> DataMap:
    """Show the training texts of a run that watched them (`watch=True`) as a data map, and return it.

    `until`: only evaluations up to this step count. `data`: the data of the run, where it cannot be loaded again by its name.
    """
    made = DataMap(run_of(run, "dynamics"), until, data_of(data))
    if in_notebook():
        made.show()
    return made
