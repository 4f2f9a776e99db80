"""The judges of lesson 17: texts are counted, runs are made up."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons import tokens as lesson


def run(score=0.4, **choices):
    return SimpleNamespace(
        config=RunConfig(**{"data": "headlines", **choices}), store=SimpleNamespace(facts={"n_valid": 200}),
        evaluate=lambda split: {"accuracy": score}, data=lambda: {"validation": None}, kept={"accuracy": score},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """The right way scores 10% with the wrong tokenizer."""
    monkeypatch.setattr(
        "workbench.views.mistakes.mistaken", lambda *_: SimpleNamespace(evaluate=lambda _: {"accuracy": 0.1})
    )


class TestJudges(Judges):
    RIGHT: ClassVar = {
        "17.1": ("THIS HOTEL WAS VERY QUIET AND CLEAN",),
        "17.2": (run(0.3, mistake="wrong-tokenizer"), run(0.28, model="bert-mini:random")),
        "17.3": (run(0.7), run(0.4, mistake="wrong-tokenizer")),
    }
    WRONG: ClassVar = {
        "17.1": (("The hotel was very quiet and clean",), "times as many"),
        "17.2": ((run(0.3, mistake="wrong-tokenizer"), run(0.3)), "random twin"),
        "17.3": ((run(0.7), run(0.2, mistake="wrong-tokenizer")), "15 points"),
    }


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("17.1", (5,), "type int"),
        ("17.1", ("A A A A A A A",), "6 different"),
        ("17.1", ("1 2 3 4 5 6 7",), "letter in it"),
        ("17.2", (run(), run(model="bert-mini:random")), "mistake='wrong-tokenizer'"),
        ("17.2", (run(mistake="wrong-tokenizer"), run(model="bert-mini:random", epochs=9)), "epochs"),
        ("17.2", (run(mistake="wrong-tokenizer"), run(model="bert-tiny:random")), "one thing at a time"),
        ("17.3", (run(mistake="no-mask"), run()), "without a mistake"),
        ("17.3", (run(), run(mistake="wrong-tokenizer:training")), "serve with the wrong"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(id, answer, words):
    outcome = wb.exercise(id).check(*answer)
    assert not outcome and words in str(outcome)


def test_the_solution_of_the_first_passes_its_judge(home):
    text = lesson.EXERCISES[0].answer.partition("'")[2].rstrip("'")
    assert wb.exercise("17.1").check(text)
