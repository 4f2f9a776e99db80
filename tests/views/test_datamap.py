"""Data map, scrubber and noise probe: what they show is what was stored, in words and pictures, and by click and keyboard."""

from types import SimpleNamespace

import numpy as np
import pytest

import workbench as wb
from workbench.training.examples import Examples, Part
from workbench.training.store import Store
from workbench.views import example_figures as pictures
from workbench.views import examplestab, scrub
from workbench.views.datamap import DataMap

STEPS = np.array([0, 10, 20, 30])
EVIL = "<script>alert(1)</script>"
# probability of label "b" of five training texts at four evaluations; the labels are b a b a b, the last two are flipped
P_B = np.array([[0.5] * 5, [0.9, 0.2, 0.6, 0.7, 0.3], [0.9, 0.1, 0.4, 0.6, 0.4], [0.9, 0.1, 0.8, 0.2, 0.9]])
LABELS, TRUE = np.array([1, 0, 1, 0, 1]), np.array([1, 0, 1, 1, 0])
TEXTS = [f"text {i} {EVIL}" for i in range(5)]


def part(p_b, labels):
    p = np.stack([1 - p_b, p_b], 2).astype(np.float32)
    return Part(np.arange(len(labels)) + 7, labels, p, (p_b > 0.5).astype(int))


def stored(names=("a", "b")):
    return Examples(STEPS, STEPS / 10, list(names), part(P_B, LABELS), part(P_B[:, :4], LABELS[:4]), TRUE)


def run(**choices):
    import pandas as pd

    from workbench.config import RunConfig

    examples = stored()
    frame = pd.DataFrame({"step": STEPS, "epoch": STEPS / 10, "train_loss": [0.7, 0.5, 0.4, 0.3], "valid_loss": [0.7, 0.6, 0.5, 0.6],
                          "accuracy": [0.5] * 4})  # fmt: skip

    def dynamics(until=None, reveal=False, data=None):
        found = examples.dynamics(until, reveal)
        found.insert(1, "text", TEXTS)
        return found

    return SimpleNamespace(
        id="r", examples=lambda: examples, dynamics=dynamics, noise=examples.noise, frame=lambda: frame, done=True,
        best={"step": 20}, data=lambda given=None: {"validation": {"text": [""] * 7 + TEXTS[:4]}}, store=SimpleNamespace(facts={}),
        config=RunConfig(watch=True, **choices),
    )  # fmt: skip


def test_the_dynamics_of_the_first_text_by_hand():
    row = stored().dynamics().iloc[0]
    assert (row["confidence"], row["variability"]) == pytest.approx((0.9, 0), abs=1e-6)
    assert row["correctness"] == 1 and row["learned"] == 10


def test_the_frame_of_the_noise_probe_by_hand():
    frame = stored().noise()  # texts 3 (given a, truly b) and 4 (given b, truly a)
    assert frame["given"].tolist() == [0.5, 0, 0, 1] and frame["true"].tolist() == [0.5, 1, 1, 0]


def test_the_list_stands_in_the_order_that_is_asked_for():
    made = DataMap(run())
    first = made.frame["confidence"].idxmin()
    assert made.list.value == first and made.row == made.frame["row"][first]
    made.order.value = "easy to learn first"
    assert made.list.value == made.frame["confidence"].idxmax()
    made.order.value = "as in the data"
    assert [v for _, v in made.list.options] == [0, 1, 2, 3, 4]


def test_a_click_on_a_point_chooses_its_text():
    made = DataMap(run())
    width, height = made._canvas.get_width_height()
    for i in range(5):
        x, y = made._ax.transData.transform(made.frame[["variability", "confidence"]].to_numpy()[i])
        made.clicked.value = f"{x / width:.4f},{1 - y / height:.4f}"
        assert made.list.value == i
    made.clicked.value = "no place"
    assert made.list.value == 4


def test_previous_and_next_move_along_the_list_and_stop_at_its_ends():
    made = DataMap(run())
    made.order.value = "as in the data"
    made.next.click()
    assert made.row == 8
    for _ in range(9):
        made.next.click()
    assert made.row == 11
    made.previous.click()
    assert made.row == 10


def test_choosing_a_text_moves_ring_words_and_path():
    made = DataMap(run())
    made.select(7)
    before = [made.picture.image.value, made.path.image.value, made.words.value]
    made.select(10)
    after = [made.picture.image.value, made.path.image.value, made.words.value]
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert "row 10" in made.words.value and "step 20 0.40" in made.path.words.value  # p(a) = 1 - 0.6
    with pytest.raises(wb.WorkbenchError, match="not watched"):
        made.select(999)


def test_flipped_labels_are_shown_when_the_box_is_ticked_only():
    made = DataMap(run())
    made.select(10)
    before = made.picture.image.value
    assert "flipped" not in made.words.value and "flipped" not in made.text
    made.reveal.value = True
    assert "its true label is b" in made.words.value and made.picture.image.value != before
    assert "its true label is b" in made.text


def test_up_to_a_step_the_numbers_are_those_of_that_step_and_the_choice_stays():
    made = DataMap(run())
    made.select(9)
    made.until.value = 20
    assert made.row == 9 and made.frame["confidence"][2] == pytest.approx(0.5)
    assert DataMap(run(), until=25).until.value == 20


def test_texts_are_escaped_everywhere():
    made, moving = DataMap(run()), scrub.Scrub(run())
    pages = [made.words.value, made.picture.words.value, moving.table.value, moving.picture.words.value]
    assert not any("<script>alert" in page for page in pages) and "&lt;script&gt;" in made.words.value


def test_every_axis_has_a_name_and_the_legend_lies_outside():
    figure, ax = pictures.map_figure()
    pictures.data_map(stored().dynamics(), ax, flipped=stored().flipped)
    figure.canvas.draw()
    names = [t.get_text() for t in ax.get_legend().get_texts()]
    assert names == ["always (2)", "above 2/3 (0)", "up to 2/3 (1)", "up to 1/3 (2)", "never (0)", "flipped (2)"]
    box, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
    assert legend.x0 > box.x1 and legend.x1 <= figure.bbox.x1
    for made in (figure, pictures.memorisation_figure(stored().noise(), 20), pictures.Histograms().show(stored()),
                 pictures.scrub_figure(stored(), run().frame(), 2), pictures.path_figure(STEPS, P_B[:, 0], P_B[:, 0] > 0.5)):  # fmt: skip
        assert all(ax.get_ylabel() for ax in made.axes) and made.axes[-1].get_xlabel()


def test_the_bars_of_a_histogram_are_shares_of_all_texts():
    axes = pictures.Histograms().show(stored(), 3).axes
    for ax in axes:
        assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert "5 texts: mean 0.86, below one half 0%" in axes[0].texts[0].get_text()
    assert "training mean 0.86, 0% of 5 texts" in pictures.histograms_words(stored(), 3)


def test_the_live_histograms_draw_the_newest_evaluation_over_what_stands_still():
    made, newest = pictures.Histograms(), stored()
    first, background = made.update(newest), made.background
    assert made.update(newest) == first and made.background is background
    assert [bar.get_height() for bar in made.axes[0].patches] == pytest.approx(
        pictures.shares(newest.train.p_right[-1])
    )
    assert made.step.get_text() == "Step 30"
    whole = pictures.Histograms()  # drawn in one go it is the same picture
    whole.show(newest)
    whole.canvas.draw()
    blitted, drawn = (np.asarray(h.canvas.buffer_rgba()).astype(int) for h in (made, whole))
    assert (abs(blitted - drawn).max(2) > 60).mean() < 0.002  # grid lines lie over the bars here and under them there


def test_the_slider_moves_curve_matrix_and_predictions_together():
    moving = scrub.Scrub(run(), rows=[7])
    assert moving.evaluation == 3 and "Step 30" in moving.text
    before = [moving.picture.image.value, moving.words.value, moving.table.value]
    moving.slider.value = 1
    assert all(
        a != b
        for a, b in zip(before, [moving.picture.image.value, moving.words.value, moving.table.value], strict=True)
    )
    assert "Step 10, epoch 1.0: training loss 0.500, validation loss 0.600" in moving.text
    assert "Confusion matrix: 3 of 4 texts right" in moving.text  # b a b a against b a b b
    assert "b (90%)" in moving.table.value and moving.table.value.count("<svg") == 1


def test_other_texts_are_followed_when_they_are_chosen():
    moving = scrub.Scrub(run(), rows=[7, 9])
    assert moving.choice.value == (0, 2)
    moving.choice.value = (1,)
    assert "text 1" in moving.table.value and "text 0" not in moving.table.value
    moving.choice.value = ()
    assert "Choose texts" in moving.table.value
    with pytest.raises(wb.WorkbenchError, match="row 99 is not in validation"):
        scrub.Scrub(run(), rows=[99])


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("moved most", 3),
        ("wrong at the end, most surely", 0),
        ("right once, wrong at the end", 0),
        ("as in the data", 0),
    ],
)
def test_validation_texts_are_ordered_by_what_they_did(order, first):
    assert scrub.ordered(part(P_B[:, :4], LABELS[:4]), order)[0] == first


def test_a_text_that_was_right_and_is_wrong_at_the_end_comes_first():
    p = np.array([[0.9, 0.9], [0.9, 0.1]])
    assert scrub.ordered(part(p, np.array([1, 1])), "right once, wrong at the end")[0] == 1
    assert scrub.ordered(part(p, np.array([1, 1])), "wrong at the end, most surely")[0] == 1


def test_a_small_line_says_its_numbers():
    assert 'aria-label="from 0.10 to 0.90, here 0.50"' in scrub.sparkline(np.array([0.1, 0.5, 0.9]), 1)


def test_the_noise_probe_says_when_and_how_many():
    made = wb.noise(run())
    assert made.text == (
        "2 training labels were flipped. At most 100% of these texts are answered with their true label, at step 10. Memorising begins by step "
        "30: 100% are answered with the wrong label that they were given; mistakes alone would give 0%. From step 30 on the wrong label is "
        "given more often than the true one. Where validation loss is lowest, at step 20, it is 0%. At the end it is 100%."
    )
    assert 'alt="Line chart of what the flipped texts' in made._repr_html_()


def test_more_labels_than_a_matrix_can_hold_are_drawn_as_a_curve():
    many = Examples(STEPS, STEPS, [str(i) for i in range(21)], stored().train, stored().validation, TRUE)
    assert len(pictures.scrub_figure(many, run().frame(), 1).axes) == 3


@pytest.mark.parametrize("show", [wb.datamap, wb.scrub])
def test_showing_leaves_a_picture_that_needs_no_kernel(show, monkeypatch):
    kept = []
    monkeypatch.setattr(f"workbench.views.{show.__name__}.display", kept.append)
    show(run())  # a plain script: nothing is displayed
    assert not kept
    monkeypatch.setattr(f"workbench.views.{show.__name__}.in_notebook", lambda: True)
    assert repr(show(run())) == show(run()).text
    assert 'class="wb-record"' in kept[0].data and "data:image/png;base64," in kept[0].data and 'alt="' in kept[0].data


def tab(made):
    return examplestab.ExamplesTab(SimpleNamespace(run=made))


def test_the_tab_draws_only_when_somebody_looks_and_something_is_new(monkeypatch):
    drawn = []
    monkeypatch.setattr(examplestab, "read", lambda store, newest: (drawn.append(newest), stored())[1])
    shown = tab(run())
    shown.tick()
    assert drawn == []
    shown.open()
    shown.tick()
    assert drawn == [True] and "Two histograms" in shown.picture.words.value
    shown.visible = False
    shown._drawn = None
    shown.tick()
    assert drawn == [True]


def test_the_tab_shows_map_and_scrubber_when_the_run_has_ended():
    made = run()
    made.done = False
    shown = tab(made)
    shown.view.value = "map"
    shown.open()
    assert "when training has ended" in shown.words.value
    made.done = True
    shown.tick()
    assert len(shown.place.children) == 1
    first = shown.place.children[0]
    shown.view.value = "scrub"
    assert shown.place.children[0] is not first
    shown.view.value = "map"
    assert shown.place.children[0] is first  # what was chosen there is still chosen


def test_the_tab_says_what_to_do_where_nothing_was_watched(tmp_path):
    made = run()
    made.config = made.config.replace(watch=False)
    shown = tab(made)
    shown.open()
    assert "Watch examples" in shown.words.value
    made.config = made.config.replace(watch=True)
    made.store = Store(tmp_path, made.config, {})
    shown.tick()
    assert "has not watched" in shown.words.value


def test_the_tab_draws_the_noise_probe():
    shown = tab(run(noise=0.2))
    shown.view.value = "noise"
    shown.open()
    assert "Memorising begins" in shown.words.value


@pytest.mark.parametrize("rows", ["x", -1, [0.5], [10**9]], ids=repr)
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(wb.WorkbenchError, match="is not in validation"):
        scrub.Scrub(run(), rows=rows)


@pytest.mark.parametrize("until", ["x", float("nan")], ids=repr)
def test_a_last_step_that_is_none_is_refused(until):
    with pytest.raises(wb.WorkbenchError, match="a step, or None"):
        DataMap(run(), until=until)


def test_data_that_are_not_those_of_the_run_are_refused_by_their_name_too():
    with pytest.raises(wb.WorkbenchError, match="no data called 'nonsense'"):
        wb.datamap(run(), data="nonsense")
