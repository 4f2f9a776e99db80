"""What the lessons promise happens with the shipped model and data: the curves they show, and solutions that pass their judge."""

import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "00-start-here.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.seeds)])
def test_lesson_00_shows_under_and_overfitting(home, seed):
    settings = "train_examples=400, epochs=15, learning_rate=1e-4"
    assert LESSON.read_text("utf-8").count(settings) == 3  # panel, run and early stopping
    run = eval(f"wb.fit('reviews', {settings}, seed={seed}).join()")
    curve = run.frame()
    loss, best = curve["valid_loss"], run.best["step"] / curve["step"].max()
    assert run.diagnosis.verdict == "overfitting"
    assert loss.iloc[0] - loss.min() > 0.02  # it fits first: validation loss falls
    assert 0.1 < best < 0.6  # the turn is neither at the very beginning nor at the end
    assert loss.iloc[-1] > 1.2 * loss.min()
    facts = run.store.facts
    assert run.best["accuracy"] < facts["control"] + 0.05  # "counting words would do as well"


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.seeds)])
def test_lesson_01_overfits_by_its_loss_and_not_by_its_accuracy(home, seed):
    text = LESSON.with_name("01-sentiment.py").read_text("utf-8")
    same = eval(re.search(r"(?m)^same = (dict\(.*\))$", text)[1])
    run = wb.fit("reviews", model="bert-mini", **{**same, "seed": seed}).join()
    frame = run.frame()
    lowest = frame.loc[frame["valid_loss"].idxmin()]
    assert run.diagnosis.verdict == "overfitting"
    assert (
        frame["accuracy"].iloc[-1] > lowest["accuracy"] - 0.02 and frame["valid_loss"].iloc[-1] > lowest["valid_loss"]
    )


@pytest.mark.parametrize("name", ["00.1", "00.2", "00.3", "01.1"])
def test_the_solution_passes_its_judge(home, name):
    exercise = wb.exercise(name)
    code = re.fullmatch(r"answer = wb\.fit\((.*)\); await answer", exercise.solution())[1]
    answer = eval(f"wb.fit({code}).join()", {"wb": wb})
    outcome = exercise.check(answer)
    assert outcome, outcome
