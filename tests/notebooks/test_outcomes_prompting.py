"""What lesson 19 says, with its own settings: asking without examples is far above chance once calibrated, examples do not help so
small a model, and some two hundred labels leave the prompt behind. And the solutions pass their judges."""

from pathlib import Path

import pytest
from lesson_sources import run_cell

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "19-asking-instead-of-training.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
ABOUT = "{text} This is about"
SEEDS = [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))]


def accuracy(asked, way, examples):
    rows = asked.summary().set_index(["way", "examples"])
    return rows.loc[(way, examples), "accuracy"]


def test_the_settings_are_those_of_the_lesson():
    text = LESSON.read_text("utf-8")
    assert f'about = "{ABOUT}"' in text and "shots=(0, 1, 4), seeds=2, texts=80" in text
    assert "train_examples=640, epochs=3, learning_rate=5e-4, evaluations=2" in text


def test_gpt_3_is_some_thirty_thousand_times_larger():
    from transformers import AutoModelForCausalLM

    gpt = AutoModelForCausalLM.from_pretrained(next(card for card in wb.models() if card.name == "gpt-mini").folder)
    assert "some thirty thousand times smaller" in LESSON.read_text("utf-8")
    assert 175e9 / sum(p.numel() for p in gpt.parameters()) == pytest.approx(30_000, rel=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibrated_asking_knows_topics_and_examples_do_not_help(home, seed):
    asked = wb.prompt(
        "headlines",
        model="gpt-mini",
        template=ABOUT,
        between=". ",
        shots=(0, 1, 4),
        seeds=[2 * seed, 2 * seed + 1],
        texts=80,
    )
    asked.join()
    zero = accuracy(asked, "prompt, calibrated", 0)
    assert zero > asked.majority + 0.15 and zero > accuracy(asked, "prompt", 0) + 0.05
    assert all(accuracy(asked, "prompt, calibrated", n) < zero - 0.03 for n in (1, 4))
    few, some, more = (
        wb.fit(
            "headlines", model="gpt-mini", train_examples=n, learning_rate=rate, epochs=epochs, evaluations=2, seed=seed
        ).join()
        for n, rate, epochs in ((16, 5e-4, 6), (192, 3e-4, 8), (640, 5e-4, 3))
    )
    assert few.kept["accuracy"] < 0.25  # eight topics: a blind guess is right in one of eight
    assert some.kept["accuracy"] == pytest.approx(zero, abs=0.12)  # "about as much as training on two hundred"
    assert more.kept["accuracy"] > zero + 0.08


@pytest.mark.parametrize("name", ["19.1", "19.2", "19.3"])
def test_the_solution_passes_its_judge(home, name):
    names = run_cell(wb.exercise(name).solution(), {"wb": wb})
    answers = (names["my_prompts"], names["my_run"]) if name == "19.3" else (names["answer"],)
    outcome = wb.exercise(name).check(*answers)
    assert outcome, outcome
