"""`wb.scrub(run)`: a slider through the evaluations of a run that moves curve, confusion matrix and predictions together.

Everything comes from the stored probabilities: nothing is computed again by a model. And `wb.noise(run)`, the noise probe's picture.
"""

from __future__ import annotations

import html
from numbers import Integral
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML, display

from workbench.errors import WorkbenchError
from workbench.training.examples import texts_of
from workbench.views import example_figures as pictures
from workbench.views import figures as fig
from workbench.views import in_notebook, labels
from workbench.views.asked import data_of, run_of
from workbench.views.inks import ink
from workbench.views.once import ShownBox
from workbench.views.tables import CELL, image_html, shortened

SHOWN, WIDTH = 5, 890  # texts that are chosen at first; pixels of the picture on the page
ORDERS = ("moved most", "wrong at the end, most surely", "right once, wrong at the end", "as in the data")


class Scrub(ShownBox):
    """A slider over the evaluations, a picture, and chosen validation texts. `evaluation` is where it stands."""

    def __init__(self, run: Any, rows: Any = None, data: Any = None) -> None:
        self.examples, self.unit = run.examples(), run.store.facts.get("unit", "text")
        self.frame = run.frame()
        self.texts = texts_of(run.data(data), "validation", self.examples.validation.rows)
        last = len(self.examples.steps) - 1
        self.slider = widgets.IntSlider(value=last, min=0, max=last, description="Evaluation", layout={"width": "520px"},
                                        tooltip="Move through the evaluations with the arrow keys")  # fmt: skip
        self.play = widgets.Play(value=last, min=0, max=last, interval=800, tooltip="Play through the evaluations")
        self.link = widgets.jslink((self.play, "value"), (self.slider, "value"))
        self.order = widgets.Dropdown(options=list(ORDERS), description="Order", layout={"width": "360px"},
                                      tooltip="In which order the validation texts are listed")  # fmt: skip
        self.choice = widgets.SelectMultiple(rows=6, description="Texts", layout={"width": "760px"},
                                             tooltip="Validation texts to follow: arrow keys, Ctrl or Shift for several")  # fmt: skip
        self.picture, self.words, self.table = labels.Picture(), widgets.HTML(), widgets.HTML()
        self.picture.image.layout.width = f"{WIDTH}px"
        self.pictures: dict[int, bytes] = {}
        self._sort(_positions(rows, self.examples.validation.rows) if rows is not None else None)
        self.order.observe(lambda change: self._sort(), names="value")
        self.choice.observe(lambda change: self._tell(), names="value")
        self.slider.observe(lambda change: self._draw(), names="value")
        alive = widgets.HTML("<style>.wb-record{display:none}</style>", layout={"display": "none"})
        top = widgets.HBox([self.slider, self.play], layout={"flex_flow": "row wrap"})
        self.box = widgets.VBox([top, self.words, self.picture.box, self.table, self.order, self.choice, alive])
        self._draw()

    @property
    def evaluation(self) -> int:
        """Position of the evaluation that is shown, 0 before the first step."""
        return int(self.slider.value)

    @property
    def text(self) -> str:
        """The moment in words."""
        row = self.frame[self.frame["step"] == self.examples.steps[self.evaluation]].iloc[0]
        return (
            f"Step {int(row.step)}, epoch {row.epoch:.1f}: training loss {row.train_loss:.3f}, validation loss {row.valid_loss:.3f}. "
            f"{fig.confusion_words(self.examples.confusion(self.evaluation))}"
        )

    @property
    def alt(self) -> str:
        """The picture in words."""
        heaps = pictures.histograms_words(self.examples, self.evaluation)
        return f"Loss curves with a cursor, histograms and confusion matrix. {self.text} {heaps}"

    def __repr__(self) -> str:
        return self.text

    def show(self) -> None:
        """Display it, and beneath it a picture that stays where no kernel keeps the slider alive."""
        labels.show(self.box, self.text)
        self._drawn()
        kept = image_html(self._figure(), self.alt, WIDTH) + self.table.value
        display(HTML(f'{labels.SCRIPT}<div class="wb-record">{kept}</div>'))

    def _sort(self, chosen: list[int] | None = None) -> None:
        part, names = self.examples.validation, self.examples.names
        order = ordered(part, self.order.value)
        self.choice.options = [(f"{names[part.labels[i]]}: {shortened(self.texts[i], 110)}", int(i)) for i in order]
        self.choice.value = tuple(chosen if chosen is not None else [int(i) for i in order[:SHOWN]])

    def _figure(self) -> Any:
        return pictures.scrub_figure(self.examples, self.frame, self.evaluation, self.unit)

    def _draw(self) -> None:
        at = self.evaluation
        if at not in self.pictures:
            self.pictures[at] = fig.png(self._figure())
        self.picture.show(self.pictures[at], self.alt)
        self.words.value = f'<p role="status" style="margin:2px 0">{html.escape(self.text.split(" Confusion")[0])}</p>'
        self._tell()

    def _tell(self) -> None:
        self.table.value = predictions_html(self.examples, self.texts, list(self.choice.value), self.evaluation)


def scrub(run: Any, rows: Any = None, data: Any = None) -> Scrub:
    """Show a run that watched its examples (`watch=True`) with a slider through its evaluations, and return it.

    `rows`: validation rows to follow at first. `data`: the data of the run, where it cannot be loaded again by its name.
    """
    made = Scrub(run_of(run, "examples"), rows, data_of(data))
    if in_notebook():
        made.show()
    return made


def _positions(rows: Any, watched: np.ndarray) -> list[int]:
    where = {int(row): i for i, row in enumerate(watched)}
    rows = [rows] if isinstance(rows, str | int | float) else list(rows)
    odd = [r for r in rows if not isinstance(r, Integral) or int(r) not in where]
    if odd:
        raise WorkbenchError(
            f"row {odd[0]!r} is not in validation", f"rows from 0 to {len(watched) - 1}", "wb.scrub(run)"
        )
    return [where[int(r)] for r in rows]


def ordered(part: Any, order: str) -> np.ndarray:
    """Positions of the texts of a split in one of the `ORDERS`."""
    p, right = part.p_right, part.right
    end = -p[-1]
    value = {
        "moved most": p.std(0),
        "wrong at the end, most surely": np.where(right[-1], -2.0, end),
        "right once, wrong at the end": np.where(right.any(0) & ~right[-1], p.max(0) - p[-1], -1.0),
        "as in the data": -np.arange(len(part.labels)),
    }[order]
    return np.argsort(-value, kind="stable")


def predictions_html(examples: Any, texts: list[str], chosen: list[int], evaluation: int) -> str:
    """The chosen validation texts: label, answer and its probability now, and the probability of the label through training."""
    part, names = examples.validation, examples.names
    rows = []
    for i in chosen[:20]:
        p, answer = part.p_right[:, i], int(part.answers[evaluation, i])
        right = answer == part.labels[i]
        mark = f'<b style="{ink(fig.BEST if right else fig.VALID)}">{"✓" if right else "✗"}</b>'
        cells = [
            html.escape(shortened(texts[i], 160)),
            html.escape(names[part.labels[i]]),
            f"{mark} {html.escape(names[answer])} ({part.p[evaluation, i, answer]:.0%})",
            f"{p[evaluation]:.0%}",
            sparkline(p, evaluation),
        ]
        rows.append("".join(f'<td style="{CELL}">{c}</td>' for c in cells))
    if not rows:
        return "<p>Choose texts in the list to follow them.</p>"
    names_of = ("validation text", "right", "answer", "p(right)", "p(right) through training")
    head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in names_of)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    words = f"At step {int(examples.steps[evaluation])}"
    return (
        f'<table style="border-collapse:collapse;line-height:1.45;max-width:{WIDTH}px"><caption style="text-align:left;opacity:.8">{words}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def sparkline(p: np.ndarray, at: int, width: int = 150, height: int = 30) -> str:
    """A small line of probabilities from 0 (below) to 1 (above) with a dot at one evaluation, as SVG."""
    x = np.linspace(4, width - 4, len(p)) if len(p) > 1 else np.array([width / 2])
    y = (height - 4) - np.asarray(p, dtype=float) * (height - 8)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    words = f"from {p[0]:.2f} to {p[-1]:.2f}, here {p[at]:.2f}"
    return (
        f'<svg role="img" aria-label="{words}" width="{width}" height="{height}"><line x1="0" x2="{width}" y1="{height / 2}" '
        f'y2="{height / 2}" stroke="#C9CED4" stroke-dasharray="3 3"/><polyline points="{points}" fill="none" stroke="{fig.TRAIN}" '
        f'stroke-width="1.6"/><circle cx="{x[at]:.1f}" cy="{y[at]:.1f}" r="3.6" fill="{fig.VALID}"/></svg>'
    )


class Noise:
    """The noise probe of a run: shows itself as a picture and says whether and when the flipped labels are memorised."""

    def __init__(self, run: Any) -> None:
        self.frame, self.best = run.noise(), run.best.get("step")

    @property
    def text(self) -> str:
        """Whether and when, in sentences with their numbers."""
        return pictures.memorisation_words(self.frame, self.best)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        figure = pictures.memorisation_figure(self.frame, self.best)
        words = f'<p style="max-width:760px;line-height:1.5">{html.escape(self.text)}</p>'
        return image_html(figure, f"Line chart of what the flipped texts are answered with. {self.text}", 760) + words


def noise(run: Any) -> Noise:
    """Whether and when a run has memorised its flipped labels (`noise=0.1`): the picture of `run.noise()`."""
    return Noise(run_of(run, "noise"))
