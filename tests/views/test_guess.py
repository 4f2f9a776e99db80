"""`wb.guess`: what its controls stand for, how a prediction is scored, and what is kept in the run's folder."""

import asyncio
import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.diagnosis.guesses import Prediction, in_words, score
from workbench.views import figures as fig
from workbench.views.guess import Guess, first_loss
from workbench.views.guessed import LEFT, POINTS, RIGHT, WIDTH, Guesses, Sketch, guess_figure

FRAME = pd.DataFrame(
    {"epoch": [0, 1, 2, 3, 4], "train_loss": [2.0, 1.5, 1.0, 0.5, 0.2], "valid_loss": [2.0, 1.6, 1.2, 1.4, 2.2]}
)
CONFIG = RunConfig(data="headlines", epochs=6, evaluations=6)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


async def awaited(made):
    return await made.train()


def test_every_part_is_scored_as_it_says():
    said = Prediction(4, curve=(2.0, 1.7, 1.2, 1.4, 2.0), best=4, gap=1.0, verdict="overfitting")
    found = score(said, FRAME, "watch: overfitting")
    assert (found.best_off, found.verdict_right) == (2, True)
    assert found.curve_error == pytest.approx((0.1 + 0.2) / 5 / 1.0)  # the range of the real curve is 1.0
    assert found.gap_error == pytest.approx(1.0)  # the gap is 2.0, one whole range off
    assert found.parts == pytest.approx({"best step": 0.6, "verdict": 1, "curve": 0.94, "final gap": 0})
    assert found.total == round(100 * (0.6 + 1 + 0.94 + 0) / 4)


def test_what_was_not_said_is_not_scored():
    assert score(Prediction(4), FRAME, "healthy").total is None
    assert score(Prediction(4, verdict="healthy"), FRAME, "overfitting").total == 0
    assert score(Prediction(4, best=2), FRAME, "overfitting").total == 100
    assert "Nothing was predicted" in in_words(Prediction(4), FRAME, "healthy")


def test_a_drawn_curve_is_straight_between_its_points():
    assert Prediction(6, curve=(3, 2, 1, 1, 1, 2, 3)).at([0.5, 3, 6]).tolist() == [2.5, 1.0, 3.0]


def test_the_words_have_the_numbers():
    words = in_words(Prediction(4, best=1, verdict="healthy"), FRAME, "overfitting")
    assert (
        words
        == "40 of 100. Best step: off by 1 evaluation (you said epoch 1, it was 2). Verdict: you said healthy, it is overfitting."
    )


def test_a_prediction_comes_back_from_its_state():
    said = Prediction(4, curve=(1.0, 0.5), best=2.0, verdict="healthy")
    assert Prediction.from_state(json.loads(json.dumps(said.to_state()))) == said


def test_nothing_is_predicted_before_a_control_is_touched():
    made = Guess(CONFIG)
    assert made.prediction.empty and "nothing yet" in made.picture.words.value
    made.points[3].value = 1.1
    made.verdict.value = "overfitting"
    assert made.prediction.curve[3] == 1.1 and made.prediction.verdict == "overfitting" and made.prediction.best is None


def test_the_measures_are_those_of_the_run():
    made = Guess(CONFIG)
    assert first_loss(CONFIG) == pytest.approx(np.log(8)) and made.points[0].value == 2.1
    assert [p.description for p in made.points] == [f"epoch {i}" for i in range(7)] and made.best.max == 6
    made.set(best=3)
    made.start_over(CONFIG.replace(epochs=12))
    assert made.prediction.empty and made.points[-1].description == "epoch 12"


def test_every_slider_stands_under_the_moment_that_it_sets():
    made = Guess(CONFIG)
    assert (made.upright.layout.width, made.upright.layout.max_width) == (
        f"{WIDTH}px",
        "100%",
    )  # as wide as the picture, always
    indent, *wide = (float(w.layout.width.rstrip("%")) / 100 * WIDTH for w in made.upright.children)
    figure = guess_figure(made.prediction, None, CONFIG, 4)
    ax = figure.axes[0]
    for i in range(POINTS):
        x = ax.transData.transform((CONFIG.epochs * i / (POINTS - 1), 0))[0] / figure.bbox.width * WIDTH
        assert abs(indent + wide[i] * (i + 0.5) - x) < 4
    assert ax.get_position().x0 == pytest.approx(LEFT) and ax.get_position().x1 == pytest.approx(RIGHT)


def test_nothing_is_wider_than_its_place():
    made = Guess(CONFIG)
    assert {w.layout.max_width for w in (made.upright, made.best, made.gap, made.verdict)} == {"100%"}
    assert (
        made.picture.image.layout.max_width == "calc(100% - 4px)"
    )  # a picture has a margin, and would get a scrollbar


def test_of_values_that_come_quickly_the_last_one_is_drawn_and_those_between_are_not(monkeypatch):
    drawn = []
    whole = Sketch.png
    monkeypatch.setattr(
        Sketch, "png", lambda self, said, *rest: drawn.append(said.curve and said.curve[3]) or whole(self, said, *rest)
    )

    async def drag():
        made = Guess(CONFIG)
        drawn.clear()
        for i in range(40):  # what waits in the kernel's queue
            made.points[3].value = i / 20
            assert made.prediction.curve[3] == round(i / 20, 3)  # what is said does not wait for its picture
        begun = len(drawn)
        while made._waiting is not None:
            await asyncio.sleep(0.005)
        made.points[3].value = 1.0
        while made._waiting is not None:
            await asyncio.sleep(0.005)
        return begun, made.picture.words.value

    begun, words = asyncio.run(drag())
    assert begun == 0 and drawn == [1.95, 1.0] and ", 1.00, " in words


def grey(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L")).astype(int)


def test_the_picture_laid_together_is_the_one_drawn_at_once():
    sketch = Sketch()
    said = [
        Prediction(6), Prediction(6, curve=(2.0,) * 7), Prediction(6, curve=(2.0, 1.5, 1, 1, 1, 1.2, 1.4)),
        Prediction(6, curve=(2.0,) * 7, best=2.0), Prediction(6, curve=(2.1,) * 7, best=3.5), Prediction(6, best=1.0),
    ]  # fmt: skip
    for one in said:
        apart = np.abs(grey(sketch.png(one, CONFIG, 4)) - grey(fig.png(guess_figure(one, None, CONFIG, 4))))
        assert (apart > 20).sum() < 40  # where lines cross, another one may lie on top


def test_a_picture_that_waits_is_drawn_before_the_prediction_is_sealed(model, home):
    run = wb.fit(data(), model=model, epochs=1, evaluations=2).join()

    async def seal():
        made = Guess(run.config)
        made.best.value = 1.0
        made.seal(run)
        sealed = made.picture.words.value
        made.reveal(run, show=False)
        revealed = made.picture.words.value
        await asyncio.sleep(0.2)  # nothing is drawn over it
        return sealed, revealed, made.picture.words.value

    sealed, revealed, later = asyncio.run(seal())
    assert "best step at epoch 1" in sealed and "real validation loss" in revealed and later == revealed


def test_every_control_has_a_name_and_says_what_it_does():
    for _, widget in Guess(CONFIG)._widgets():
        assert widget.description and len(widget.tooltip) > 15


def test_axes_have_units_and_the_legend_covers_nothing():
    figure = guess_figure(
        Guess(CONFIG).set(curve=[2, 1.8, 1.5, 1.2, 1.2, 1.3, 1.5], best=3).prediction, FRAME, CONFIG, 4
    )
    ax = figure.axes[0]
    figure.canvas.draw()
    assert ax.get_xlabel() == "epochs" and "nats" in ax.get_ylabel()
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    assert {"your curve", "your best step", "how far off", "validation loss"} <= {
        t.get_text() for t in ax.get_legend().get_texts()
    }


def test_train_seals_reveals_and_keeps_the_prediction(model, home):
    made = wb.guess(data(), model=model, epochs=2, evaluations=4)
    made.set(curve=[0.7] * 7, best=2, gap=0.1, verdict="underfitting")
    run = asyncio.run(awaited(made))
    kept = json.loads((run.folder / "prediction.json").read_text())
    assert kept["fair"] and kept["prediction"]["best"] == 2 and run.status == "finished"
    assert made.best.disabled and "of 100" in made.words.value and "real validation loss" in made.picture.words.value
    made.set(best=0)  # too late
    assert json.loads((run.folder / "prediction.json").read_text()) == kept
    assert len(wb.guesses().rows) == 1 and wb.guesses().frame()["score"].iloc[0] == score(
        Prediction.from_state(kept["prediction"]), run.frame(), run.diagnosis.verdict).total  # fmt: skip


def test_a_script_joins_it(model, home):
    made = wb.guess(data(), model=model, epochs=1, evaluations=2).set(best=1)
    assert repr(made) == f"Guess: {model} on data, predicted, not trained yet"
    training = made.train()
    assert "`.join()` it in a script" in repr(training)
    run = training.join()
    assert run.status == "finished" and "of 100" in made.words.value and "nothing predicted" not in repr(made)
    assert repr(made).endswith(f"run {run.id} is finished")


@pytest.mark.parametrize("ask", [wb.guess, wb.panel])
def test_data_that_nobody_knows_are_refused_at_once_with_the_nearest_name(ask):
    with pytest.raises(wb.WorkbenchError, match=r"no data called 'headline'.*Try: 'headlines'"):
        ask("headline")


def test_what_is_said_after_the_run_does_not_count(model, home, monkeypatch):
    run = wb.fit(data(), model=model, epochs=1, evaluations=2).join()
    made = Guess(run.config)
    monkeypatch.setattr("workbench.views.guess.time.time", lambda: 4e9)
    made.set(best=1)
    assert "after the run had begun" in made.reveal(run) and Guesses().rows == []


def test_nothing_said_is_no_error(model, home):
    made = wb.guess(data(), model=model, epochs=1, evaluations=2)
    run = asyncio.run(awaited(made))
    assert "Nothing was predicted" in made.words.value and not (run.folder / "prediction.json").exists()


def test_no_prediction_is_said_and_no_empty_place(home):
    assert "No predictions yet" in wb.guesses()._repr_html_()


def test_past_scores_are_shown_as_a_line(model, home):
    for seed in (0, 1):
        made = wb.guess(data(), model=model, epochs=1, evaluations=2, seed=seed)
        made.set(best=1)
        asyncio.run(awaited(made))
    table = wb.guesses()._repr_html_()
    assert len(wb.guesses().rows) == 2 and "Line chart of the scores of 2 predictions" in table
    assert "so far, oldest first" in made.words.value


@pytest.mark.parametrize(
    ("wrong", "message"), [({"curve": [1, 2]}, "a curve of 2 points"), ({"verdict": "good"}, "verdict 'good'")]
)
def test_what_cannot_be_said_is_refused(wrong, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        Guess(CONFIG).set(**wrong)


def test_a_run_without_evaluations_cannot_be_revealed(home):
    from types import SimpleNamespace

    with pytest.raises(wb.WorkbenchError, match="has no evaluation"):
        Guess(CONFIG).reveal(SimpleNamespace(id="x", frame=pd.DataFrame))
