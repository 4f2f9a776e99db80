"""Exercises of lesson 24: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

from types import SimpleNamespace

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons import new_language as lesson
from workbench.lessons.new_language import EXERCISES, MARK

IDS = [e.id for e in EXERCISES]


def run(spanish=0.4, n_train=60, model="start", mark="El gato no está en la casa."):
    """What a judge looks at, with nothing trained: French without the mark, `mark` with it."""
    said = lambda texts: pd.DataFrame({"translation": [mark if t.startswith(MARK) else FRENCH for t in texts]})  # noqa: E731
    return SimpleNamespace(
        config=RunConfig(model=model), store=SimpleNamespace(facts={"n_train": n_train}), score=spanish, predict=said
    )


FRENCH = "Le chat n'est pas dans la maison."
TWIN = run(0.2, n_train=600, model="start:random")


@pytest.fixture(autouse=True)
def nothing_is_written(monkeypatch):
    monkeypatch.setattr(lesson, "chrf_of", lambda run: run.score)


RIGHT = {
    "24.1": ["El bebé no toma café con la leche."],
    "24.2": [run(), TWIN],
    "24.3": [run(), "The cat is not in the house."],
}
WRONG = {
    "24.1": (["El niño no toma café con la leche."], "The vocabulary lacks ñ"),
    "24.2": ([run(0.15), TWIN], "chrF 15.0% from 60 pairs, the random twin 20.0% from 600"),
    "24.3": ([run(mark=FRENCH), "The cat is not in the house."], "(French), with it"),
}


def test_every_exercise_is_tested_and_in_the_book():
    assert IDS == ["24.1", "24.2", "24.3"] and set(RIGHT) == set(WRONG) == set(IDS)
    assert all(wb.exercise(e.id) is e for e in EXERCISES)


class TestNewLanguageJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


def test_other_answers_say_what_is_asked_for():
    judge = {id: wb.exercise(id).check for id in IDS}
    assert "not recognised as Spanish" in judge["24.1"]("The baby does not drink any coffee.").text
    assert "none has an accent" in judge["24.1"]("El gato no toma leche con la sopa.").text
    assert "let it have all 600" in judge["24.2"](run(), run(0.1, 60, "start:random")).text
    assert "from 61 pairs: at most 60" in judge["24.2"](run(n_train=61), TWIN).text
    assert "then its random twin: these are start:random and start" in judge["24.2"](TWIN, run()).text
    assert "at least five words" in judge["24.3"](run(), "Too short").text
    assert "(no language named)" in judge["24.3"](run(mark="Gato."), "The cat is not in the house.").text
