"""What lesson 23 says, with its own settings and three seeds, and that solutions pass their judges."""

import re
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench.lessons.architecture import broken_words, pieces_per_text  # noqa: F401

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "23-changing-the-architecture.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
NEWS = {"model": "bert-tiny", "train_examples": 160, "epochs": 6, "learning_rate": 1e-3, "evaluations": 6}
TAGS = {"model": "bert-tiny", "train_examples": 200, "epochs": 6, "learning_rate": 2e-3, "evaluations": 4}
SEEDS = (0, 1, 2)


def news(**changes):
    """Accuracy with three seeds."""
    return np.array([wb.fit("headlines", seed=s, **{**NEWS, **changes}).join().best["accuracy"] for s in SEEDS])


def test_the_settings_are_those_of_the_lesson():
    text = LESSON.read_text("utf-8")
    for name, settings in (("news", NEWS), ("tags", TAGS)):
        found = re.search(rf"^{name} = dict\((.*)\)", text, re.M)
        assert eval(f"dict({found[1]})") == settings


def solution(name):
    answer = {}
    code = wb.exercise(name).solution().replace("; await answer", ".join()")
    exec(code, {"wb": wb}, answer)
    return answer["answer"]
