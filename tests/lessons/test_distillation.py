"""The judges of lesson 11 on made-up teachers and runs: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.config import RunConfig


def run(accuracy=0.6, parameters=1_000_000, **choices):
    facts = {"parameters": parameters, "control": 0.5, "majority": 0.12}
    return SimpleNamespace(config=RunConfig(**choices), store=SimpleNamespace(facts=facts), best={"accuracy": accuracy})


def teacher(p=0.9):
    """A teacher of two topics that gives the first `p`."""
    return SimpleNamespace(
        predict=lambda texts: pd.DataFrame({"text": texts, "p(a)": [p], "p(b)": [1 - p]}), best={"accuracy": 0.8}
    )


TAUGHT = {"technique": "distillation", "teacher": "x", "model": "bert-tiny"}


@pytest.mark.parametrize(
    ("temperature", "passes"),
    [
        (1.0, False),
        (20.0, True),
        (np.int64(20), True),
        (-1, False),
        ("hot", False),
        (True, False),
        (float("nan"), False),
    ],
)
def test_a_temperature_is_right_when_the_favourite_has_half(temperature, passes):
    """Of two topics with 0.9 and 0.1: at T the first has 9^(1/T) / (9^(1/T) + 1), which is 0.53 at T = 20."""
    outcome = wb.exercise("11.1").check(teacher(), "text", temperature)
    assert bool(outcome) is passes
    if passes:
        assert f"{9 ** (1 / 20) / (9 ** (1 / 20) + 1):.0%}" in str(outcome)


def test_too_flat_is_told_too():
    """With three topics of 0.8, 0.1 and 0.1 half is reached near T = 3, and T = 50 is too flat."""
    wise = SimpleNamespace(predict=lambda texts: pd.DataFrame({"p(a)": [0.8], "p(b)": [0.1], "p(c)": [0.1]}))
    outcome = wb.exercise("11.1").check(wise, "text", 50)
    assert not outcome and "too flat" in str(outcome)
    assert wb.exercise("11.1").check(
        wise, "text", np.log(8) / np.log(2)
    )  # 0.8 : 0.1 is 8, and at this T it is 2 : 1 : 1


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("11.2", run(), "technique is full"),
        ("11.2", run(**TAUGHT, alpha=0.9), "still looks at the labels"),
        ("11.2", run(accuracy=0.2, **TAUGHT, alpha=1.0), "More epochs"),
        ("11.3", run(), "technique is full"),
        ("11.3", run(**TAUGHT), "a single layer"),
        ("11.3", run(accuracy=0.4, **TAUGHT, layers=1), "above TF-IDF"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, answer, words):
    outcome = wb.exercise(name).check(*([teacher()] if name == "11.2" else []), answer)
    assert not outcome and words in str(outcome)


def test_right_answers_pass():
    assert wb.exercise("11.2").check(teacher(), run(**TAUGHT, alpha=1.0))
    assert wb.exercise("11.3").check(run(**TAUGHT, layers=1))
