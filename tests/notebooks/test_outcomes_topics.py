"""What lesson 03 promises happens with the shipped model and data: who is ahead of whom, where curves begin, and the solutions."""

import math
import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "03-topics.py"
SAME = "learning_rate=5e-4, evaluations=8, restore_best=False, seed=0"
FEW, FULL = "train_examples=64, epochs=20, **same", "epochs=4, **same"
pytestmark = [pytest.mark.notebooks, pytest.mark.slow]


def trained(model, settings, seed):
    """A run with the settings of the lesson; the number of evaluations changes no weight, so few are enough here."""
    same = eval(f"dict({SAME})") | {"seed": seed, "evaluations": 1}
    return eval(f"wb.fit('headlines', model=model, {settings}).join()", {"wb": wb, "model": model, "same": same})


def accuracy(run):
    return run.evaluate("validation")["accuracy"]


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert source.count(f"same = dict({SAME})") == 1
    assert source.count(FEW) == 3 and source.count(FULL) == 1  # two runs and the panel; the run with all texts


@pytest.mark.parametrize("seed", [0, 1])
def test_with_64_texts_only_the_pretrained_model_is_ahead_of_counting_words(home, seed):
    few, twin = (trained(model, FEW, seed) for model in ("bert-mini", "bert-mini:random"))
    words = few.store.facts["control"]  # of the same 64 texts
    assert accuracy(few) > words + 0.08
    assert accuracy(twin) < words - 0.02
    assert accuracy(few) > accuracy(twin) + 0.15
    for run in (few, twin):
        frame = run.frame()
        assert frame["step"].iloc[0] == 0 and abs(frame["valid_loss"].iloc[0] - math.log(8)) < 0.1
        assert frame["train_loss"].iloc[-1] < 0.1  # both know their texts by heart


@pytest.mark.parametrize("seed", [0, 1])
def test_with_all_texts_the_lead_over_counting_words_is_small(home, seed):
    full = trained("bert-mini", FULL, seed)
    assert 0 < accuracy(full) - full.store.facts["control"] < 0.13
    counts = full.confusion()
    assert counts.shape == (8, 8) and counts.to_numpy().sum() == 237


@pytest.mark.parametrize("name", ["03.1"])
def test_the_solution_passes_its_judge(home, name):
    exercise = wb.exercise(name)
    code = re.fullmatch(r"answer = wb\.fit\((.*)\); await answer", exercise.solution())[1]
    outcome = exercise.check(eval(f"wb.fit({code}).join()", {"wb": wb}))
    assert outcome, outcome
