"""The judges of lesson 14 on made-up curves: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.exercise import FAILED


def curve(low, end, train, **choices):
    """A run whose validation loss falls to `low` and ends at `end`, with a training loss of `train` in the end."""
    frame = pd.DataFrame({"step": [1, 2, 3], "train_loss": [1.0, 0.6, train], "valid_loss": [1.0, low, end]})
    return SimpleNamespace(config=RunConfig(**choices), frame=lambda: frame)


ILL = curve(0.5, 0.6, 0.1)  # GL 20%, gap 0.5


def table(*rows, runs=3):
    frame = pd.DataFrame([{"change": "base", "runs": runs, "difference": 0.0, "band": 0.0, "against the base": ""}]
                         + [{"change": n, "runs": runs, "difference": -0.1, "band": 0.05, "against the base": a} for n, a in rows])  # fmt: skip
    return SimpleNamespace(frame=lambda: frame)


MINE = table(("mixup=1.0", "lower"), ("dropout=0.4", "no detectable difference"))


class TestJudges(Judges):
    RIGHT = {  # noqa: RUF012
        "14.1": [ILL, curve(0.51, 0.515, 0.3, mixup=1.0)],
        "14.2": [ILL, curve(0.5, 0.6, 0.25, label_smoothing=0.2)],
        "14.3": [MINE, ["mixup=1.0"]],
    }
    WRONG = {  # noqa: RUF012
        "14.1": ([ILL, curve(0.51, 0.56, 0.3, mixup=1.0)], "GL at the end 20.0% before, 9.8% after"),
        "14.2": ([ILL, curve(0.45, 0.5, 0.25, dropout=0.4)], "this one really helped"),
        "14.3": ([MINE, ["dropout=0.4"]], "band does not reach zero"),
    }


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("14.1", curve(0.51, 0.515, 0.3, mixup=1.0, epochs=3), "differ in epochs, mixup"),
        ("14.1", curve(0.5, 0.6, 0.1), "differ in nothing"),
        ("14.1", curve(0.51, 0.515, 0.3, learning_rate=1e-5), "the regularisers here are dropout"),
        ("14.1", curve(0.6, 0.605, 0.5, dropout=0.9), "too strong"),
        ("14.2", curve(0.5, 0.6, 0.15, dropout=0.4), "smaller by 25%"),
    ],
)
def test_an_answer_is_told_what_is_wrong_with_it(name, answer, words):
    outcome = wb.exercise(name).check(ILL, answer)
    assert outcome.state == FAILED and words in outcome.text, outcome


def test_a_healthy_run_cannot_be_cured():
    outcome = wb.exercise("14.1").check(curve(0.5, 0.51, 0.1), curve(0.5, 0.5, 0.1, mixup=1.0))
    assert outcome.state == FAILED and "does not overfit" in outcome.text


def test_few_seeds_or_changes_say_nothing_and_none_may_be_the_truth():
    check = wb.exercise("14.3").check
    assert "1 changes with 3 seeds" in check(table(("a", "lower")), ["a"]).text
    assert "2 changes with 2 seeds" in check(table(("a", "lower"), ("b", "lower"), runs=2), ["a", "b"]).text
    assert check(table(("a", "higher"), ("b", "no detectable difference")), "none")
    assert not check(MINE, "none")


def test_a_change_may_be_named_without_its_value_where_no_other_has_the_same():
    check = wb.exercise("14.3").check
    assert check(MINE, ["mixup"]) and check(MINE, "Mixup") and check(MINE, ("mixup=1.0",))
    twice = table(("dropout=0.3", "lower"), ("dropout=0.6", "higher"))
    assert not check(twice, ["dropout"]) and check(twice, ["dropout=0.3"])
