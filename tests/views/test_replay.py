"""`wb.replay`: what the sliders say, in words, as a picture, and as HTML that needs no kernel."""

import pandas as pd
import pytest

import workbench as wb
from workbench.views.replay import Replay, in_words, replay_figure

FRAME = pd.DataFrame({"step": [10, 20, 30, 40, 50, 60], "train_loss": [1.0, 0.8, 0.6, 0.5, 0.4, 0.3],
                      "valid_loss": [1.0, 0.8, 0.84, 0.9, 0.6, 0.7]})  # fmt: skip


def test_the_sentence_says_what_the_stop_costs_and_saves():
    assert Replay(FRAME, patience=2).text == (
        "Patience 2 stops at step 40 of 60 (67%) and keeps step 20 with validation loss 0.800. Going on would have found 0.600 at "
        "step 50: the stop costs 33.3% and saves 20 steps."
    )


def test_a_stop_that_loses_nothing_says_so():
    assert "nothing is lost, 10 steps are saved" in Replay(FRAME.iloc[:4], patience=1).text


def test_a_rule_that_never_stops_says_so():
    assert Replay(FRAME, patience=5).text.startswith("Patience 5 never stops this curve: all 60 steps")


def test_moving_a_slider_moves_the_stop_the_picture_and_the_words():
    made = Replay(FRAME, patience=1)
    before, picture = made.words.value, made.picture.image.value
    made.patience.value = 2
    assert made.stop.stop == 3 and made.words.value != before and made.picture.image.value != picture
    made.delta.value = 0.1
    assert made.stop.rule == "patience 2, min delta 0.1"


def test_the_table_has_every_rule():
    table = Replay(FRAME).table.value
    assert all(name in table for name in ("patience 1", "GL 5", "PQ 0.5", "UP 3", "regret (%)"))


def test_axes_have_names_and_units_and_the_legend_lies_outside():
    figure = replay_figure(FRAME, Replay(FRAME, patience=1).stop)
    ax = figure.axes[0]
    assert ax.get_xlabel() == "optimiser steps" and ax.get_ylabel() == "loss (nats)"
    names = [t.get_text() for t in ax.get_legend().get_texts()]
    assert {"stop", "kept weights", "missed best", "if it had gone on"} <= set(names)
    figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1


def test_every_slider_has_a_name():
    made = Replay(FRAME)
    assert [w.description for w in (made.patience, made.delta)] == ["Patience", "Min delta"]


def test_one_evaluation_is_too_little():
    with pytest.raises(wb.WorkbenchError, match="at least two"):
        wb.replay(FRAME.iloc[:1])


def test_a_keras_history_will_do():
    history = {"loss": [1.0, 0.5], "val_loss": [1.0, 1.1]}
    assert "stops" in in_words(Replay(history, 1).frame, Replay(history, 1).stop)


def test_showing_it_leaves_a_picture_with_its_description(capsys):
    made = wb.replay(FRAME, patience=2)
    assert made.text and isinstance(made, Replay)


@pytest.mark.parametrize(
    "wrong",
    [{"patience": 0}, {"patience": -1}, {"patience": 1.5}, {"patience": "x"}, {"min_delta": -1}, {"min_delta": 5},
     {"min_delta": float("nan")}, {"min_delta": "x"}],
    ids=repr,
)  # fmt: skip
def test_a_rule_that_there_is_not_is_refused_and_not_bent_into_another(wrong):
    with pytest.raises(wb.WorkbenchError, match=next(iter(wrong))):
        wb.replay(FRAME, **wrong)


def test_a_plain_script_gets_words_and_nothing_is_printed(capsys):
    made = wb.replay(FRAME, patience=2)
    assert repr(made) == made.text and "Patience 2 stops at step 40" in repr(made)
    assert capsys.readouterr().out == ""
