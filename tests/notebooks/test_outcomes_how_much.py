"""What lesson 10 says, with its own settings: a frozen checkpoint is ahead of counting words, and solutions pass their judges."""

import re
from pathlib import Path

import pytest
from lesson_sources import same_settings

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "10-how-much-may-move.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-mini", "train_examples": 160, "epochs": 5, "evaluations": 5}


def solution(name):
    code = re.fullmatch(r"answer = wb\.fit\((.*)\); await answer", wb.exercise(name).solution())[1]
    return eval(f"wb.fit({code}).join()", {"wb": wb})


def test_the_settings_are_those_of_the_lesson():
    assert same_settings(LESSON) == SAME


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))])
def test_a_frozen_checkpoint_is_ahead_of_counting_words_and_cheap(home, seed):
    probe = wb.fit("headlines", technique="feature-extraction", learning_rate=1e-2, seed=seed, **SAME).join()
    lora = wb.fit("headlines", technique="lora", learning_rate=3e-3, seed=seed, **SAME).join()
    assert probe.best["accuracy"] > probe.store.facts["control"] + 0.08
    assert lora.best["accuracy"] > lora.store.facts["control"] + 0.05
    assert probe.frame()["seconds"].iloc[-1] < lora.frame()["seconds"].iloc[-1] / 2
    assert 0.02 < lora.store.facts["trained"] / lora.store.facts["parameters"] < 0.04
    moves = lora.moves().iloc[-1]
    assert moves["embeddings"] == 0 and moves["layer 1"] > 0


@pytest.mark.parametrize("name", ["10.1", "10.2", "10.3"])
def test_the_solution_passes_its_judge(home, name):
    outcome = wb.exercise(name).check(solution(name))
    assert outcome, outcome
