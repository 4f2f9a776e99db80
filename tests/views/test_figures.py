"""Pictures: every axis has a label with its unit, the legend covers nothing, colours can be told apart, words describe it."""

import time

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from tiny import data, tiny_bert

import workbench as wb
from workbench.training import events as ev
from workbench.views import figures as fig
from workbench.views import run_picture


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        model = str(tiny_bert(tmp_path_factory.mktemp("tiny")))
        noisy = data(48, 48, noise=0.5)
        return wb.fit(noisy, model=model, learning_rate=1e-2, epochs=30, weight_decay=0.0).join()


def frame(valid, train=None):
    train = train or [0.7 - 0.1 * i for i in range(len(valid))]
    return pd.DataFrame({"step": range(len(valid)), "train_loss": train, "valid_loss": valid, "accuracy": 0.5})


def test_axes_have_labels_with_units(run):
    above, below = run.figure().axes
    assert above.get_ylabel() == "loss (nats per text)"
    assert (below.get_xlabel(), below.get_ylabel()) == ("optimiser steps", "accuracy (share)")


def test_legends_stand_outside_the_axes_and_inside_the_picture(run):
    figure = run.figure()
    figure.canvas.draw()
    for ax in figure.axes:
        legend, plot = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert legend.x0 > plot.x1 and legend.x1 <= figure.bbox.x1


def test_both_losses_the_best_step_and_the_baselines_are_in_the_legend(run):
    words = [t.get_text() for ax in run.figure().axes for t in ax.get_legend().get_texts()]
    assert {"training loss", "validation loss", "best step", "validation accuracy"} <= set(words)
    assert any(w.startswith("TF-IDF + LR 0.") for w in words) and any(w.startswith("majority class 0.") for w in words)


def test_the_region_past_the_minimum_is_shaded_and_says_by_how_much():
    _, ax, _ = fig.two_axes()
    fig.loss_curves(frame([0.7, 0.5, 0.6]), ax)
    assert any("GL 20.0%" in t.get_text() for t in ax.texts)  # 0.6 is 20% above 0.5
    assert [p.get_visible() for p in ax.patches] == [True] and ax.patches[0].get_bbox().intervalx.tolist() == [1, 2]


def test_a_curve_that_still_falls_has_no_shade():
    _, ax, _ = fig.two_axes()
    fig.loss_curves(frame([0.7, 0.6, 0.5]), ax)
    assert not any(p.get_visible() for p in ax.patches) and not any(t.get_text() for t in ax.texts)


def test_a_loss_that_is_no_number_does_not_spoil_the_picture():
    figure, ax, _ = fig.two_axes()
    fig.loss_curves(frame([0.7, 0.5, float("nan"), float("inf")]), ax)
    assert fig.png(figure).startswith(b"\x89PNG") and 0.7 < ax.get_ylim()[1] < 2


def test_an_empty_curve_is_drawn_too():
    figure, above, below = fig.two_axes()
    nothing = frame([])
    fig.loss_curves(nothing, above)
    fig.metric_curve(nothing, below)
    assert fig.png(figure).startswith(b"\x89PNG")


def _seen(colour, kind):
    """The colour as somebody with protanopia or deuteranopia sees it (Vienot, Brettel and Mollon, 1999), linear RGB."""
    rgb = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])
    matrices = {
        "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    return np.array(matrices[kind]) @ rgb


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_the_two_losses_differ_for_colour_blind_eyes_and_in_marker_and_line(kind):
    assert np.linalg.norm(_seen(fig.TRAIN, kind) - _seen(fig.VALID, kind)) > 0.2
    _, ax, _ = fig.two_axes()
    fig.loss_curves(frame([0.7, 0.5]), ax)
    train, valid = ax.get_lines()[:2]
    assert train.get_marker() != valid.get_marker() and train.get_linestyle() != valid.get_linestyle()


def test_the_description_in_words_has_the_numbers(run):
    words, curve = run_picture.alt_text(run), run.frame()
    assert words.startswith("Line chart over")
    for number in (curve["train_loss"].iloc[-1], curve["valid_loss"].iloc[-1], curve["valid_loss"].min()):
        assert f"{number:.2f}" in words
    assert str(run.diagnosis) in words


def test_dollar_signs_in_names_start_no_mathematics():
    from workbench.config import RunConfig

    figure, ax, _ = fig.two_axes()
    ax.set_title(run_picture.title(RunConfig(model="a$b$c_{", data="$")))
    assert fig.png(figure).startswith(b"\x89PNG")


def test_a_title_of_paths_and_long_names_stays_in_the_picture():
    from workbench.config import RunConfig

    after = "/home/somebody/a/long/way/runs/20260131-120000-bert-mini-reviews/model"
    assert run_picture.title(RunConfig(model=after, data="C:\\my\\news.csv")).startswith(
        "after bert-mini-reviews on news.csv, "
    )
    figure, ax, _ = fig.two_axes()
    ax.set_title(
        run_picture.title(RunConfig(model="a-long-name-" * 9, learning_rate=1.5e-5, batch_size=128)),
        loc="left",
        fontsize=10,
    )
    figure.canvas.draw()
    words = next(t for t in (ax._left_title, ax.title) if t.get_text())
    assert words.get_window_extent().x1 <= figure.bbox.x1


def test_there_are_no_half_steps():
    _, ax, _ = fig.two_axes()
    fig.style_loss(ax, 19, 1.0)
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_an_overlay_has_one_line_per_run_and_units(run):
    _, ax, _ = fig.two_axes()
    fig.overlay([run, run], ax, by="seconds")
    assert len(ax.get_lines()) == 2 and ax.get_xlabel() == "training time (s)"


def test_lines_of_an_overlay_are_told_apart_without_their_colours(run):
    _, ax, _ = fig.two_axes()
    fig.overlay([run] * 9, ax)
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.get_lines()}) == 9


def test_of_the_values_that_a_slider_passes_the_last_alone_is_written():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    ax.set_xlim(0, 100)
    moves = [
        ev.RateChanged(10, 1.0, 1e-4, 2e-4),
        ev.RateChanged(11, 1.1, 2e-4, 2.51e-4),
        ev.RateChanged(50, 5.0, 2.51e-4, 1e-5),
    ]
    run_picture.rate_changes(moves, ax)
    assert [t.get_text() for t in ax.texts] == [" rate 0.00025", " rate 1e-05"] and len(ax.lines) == 2


def test_a_confusion_matrix_of_thousands_of_labels_is_put_into_words_at_once():
    count = np.zeros((3000, 3000), dtype=int)
    count[np.arange(3000), np.arange(3000)] = 1
    count[7, 5], count[2, 9], count[2, 3] = 4, 6, 6
    names = [f"c{i}" for i in range(3000)]
    begun = time.perf_counter()
    told = fig.confusion_words(pd.DataFrame(count, index=names, columns=names), most=3)
    assert (
        told
        == "Confusion matrix: 3000 of 3016 texts right; c2 taken for c3 6 times, c2 taken for c9 6 times, c7 taken for c5 4 times."
    )
    assert time.perf_counter() - begun < 5  # cell by cell it took minutes
