"""What is awaited is drawn once in its cell, and figures and tables show themselves as a notebook needs them."""

from typing import ClassVar

import ipywidgets as widgets
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

from workbench import views
from workbench.config import RunConfig
from workbench.views import once, real_figures, tables
from workbench.views.guess import Guess
from workbench.views.panel import Panel
from workbench.views.replay import Replay

CURVE = pd.DataFrame({"step": [0, 10, 20], "train_loss": [1.0, 0.5, 0.2], "valid_loss": [1.0, 0.8, 0.9]})


class Shown(once.Once):
    def _repr_html_(self):
        return "<p>the result</p>"

    def __repr__(self):
        return "the result"


@pytest.fixture
def drawn(monkeypatch):
    """What is displayed, in a notebook whose cells are counted by the test."""
    found, cell = [], {"number": 1}
    for place in ("IPython.display.display", "workbench.views.labels.display"):
        monkeypatch.setattr(place, lambda shown, **how: found.append(shown))
    monkeypatch.setattr(views, "in_notebook", lambda: True)
    monkeypatch.setattr(once, "_cell", lambda: cell["number"])
    return found, cell


def test_what_drew_itself_is_not_drawn_again_by_the_last_line_of_its_cell(drawn):
    found, cell = drawn
    shown = Shown()
    shown._drawn()
    shown._ipython_display_()
    assert found == []
    cell["number"] = 2
    shown._ipython_display_()
    assert found == [{"text/html": "<p>the result</p>", "text/plain": "the result"}]


def test_what_was_not_awaited_is_drawn(drawn):
    Shown()._ipython_display_()
    assert len(drawn[0]) == 1


def test_widgets_are_shown_by_the_call_and_again_by_their_name_in_a_later_cell(drawn):
    """The last line of a cell is often the call itself."""
    found, cell = drawn

    class Slider(once.ShownBox):
        box = widgets.IntSlider(value=3)

        def __repr__(self):
            return "a slider at 3"

    made = Slider()
    made._drawn()
    made._ipython_display_()
    assert found == []
    cell["number"] = 2
    made._ipython_display_()
    (bundle,) = found
    assert bundle["text/plain"] == "a slider at 3" and "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.parametrize("kind", [Guess, Panel, Replay])
def test_what_shows_its_widgets_is_not_written_below_them(kind, drawn, monkeypatch):
    found, cell = drawn
    for module in ("guess", "panel", "replay"):
        monkeypatch.setattr(f"workbench.views.{module}.display", lambda shown, **how: None)
    made = kind(CURVE) if kind is Replay else kind(RunConfig(model="bert-tiny"))
    made.show()
    (first,) = found
    made._ipython_display_()
    assert found == [first]
    cell["number"] = 2
    made._ipython_display_()
    key = "application/vnd.jupyter.widget-view+json"
    assert found[1][key]["model_id"] == first[key]["model_id"] and found[1]["text/plain"] == repr(made)


def test_in_a_terminal_it_is_text(capsys):
    Shown()._ipython_display_()
    assert capsys.readouterr().out == "the result\n"


def test_a_figure_that_ends_a_cell_is_a_picture(monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    formatter = shell.display_formatter.formatters["image/png"]
    formatter.enabled = True
    assert formatter(Figure()) is None
    views.figures_as_pictures()
    assert formatter(Figure(figsize=(1, 1))).startswith(b"\x89PNG")


def test_the_names_under_a_difference_are_not_cut(monkeypatch):
    class Check:
        judged: ClassVar = {
            "learning_rate 0.0003, epochs 4, batch_size 16": None,
            "learning_rate 0.001, epochs 8, batch_size 8": None,
        }
        seeds, difference = (1, 2), 0.1

        def differences(self):
            return [0.1, 0.2]

        def by_seed(self):
            return real_figures.bands.Interval(0.15, 0.1, 0.2)

        def by_text(self):
            return None

    figure = Figure(figsize=(8.6, 3.4), dpi=110, layout="constrained")
    _, ax = figure.subplots(1, 2, width_ratios=(3, 2))
    real_figures._dots(Check(), ax)
    real_figures.fig.png(figure)
    label = ax.xaxis.label.get_window_extent()
    assert label.x1 <= figure.bbox.x1 and label.y0 >= 0 and label.x0 > figure.bbox.x1 / 2


def test_columns_of_numbers_stand_on_the_right():
    shown = tables.table_html([{"run": "a", "loss": 0.5, "seeds": "–"}, {"run": "b", "loss": "1,000.25", "seeds": 3}])
    assert shown.count("text-align:right") == 6 and shown.count("text-align:left") == 3
