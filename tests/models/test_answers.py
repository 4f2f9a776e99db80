"""The threshold for "no answer" comes from the validation questions, and is not looked for among those it is scored on."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.models import answers
from workbench.tasks.answering import ANSWER, NONE

ANN, NOTHING = {"text": ["Ann"], "answer_start": [0]}, {"text": [], "answer_start": []}


def split(*answers):
    return {
        "question": [f"q{n}" for n in range(len(answers))],
        "context": ["Ann left."] * len(answers),
        "answers": list(answers),
    }


class Questions(dict):
    task = "answering"


class Said:
    """A run that always points at Ann, surer of her the lower the number it is given for a question."""

    def __init__(self, labels, odds):
        self.labels, self.odds, self.asked = labels, odds, []

    def predictor(self):
        return SimpleNamespace(labels=self.labels)

    def predict(self, pairs):
        self.asked.append(len(pairs))
        return pd.DataFrame({"span": ["Ann"] * len(pairs), "null_odds": self.odds[len(pairs)]})

    def evaluate(self, name):
        return {"f1": {"test": 0.25}[name]}


def test_the_threshold_of_three_validation_questions_scores_four_test_questions():
    run = Said([ANSWER, NONE], {3: [2.0, 3.0, 5.0], 4: [1.0, 2.5, 4.0, 6.0]})
    data = Questions({"validation": split(ANN, ANN, NOTHING), "test": split(ANN, NOTHING, ANN, NOTHING)})
    # best on validation: answer up to odds of 3; of the test questions the first is right, the last rightly empty
    assert answers.scores(run, data)["f1"] == pytest.approx(2 / 4)
    assert run.asked == [3, 4]


def test_where_every_question_has_an_answer_there_is_no_threshold():
    run = Said([ANSWER], {})
    assert answers.scores(run, Questions())["f1"] == 0.25 and not run.asked


def test_odds_equal_to_the_threshold_are_answered():
    assert answers.at(1.0, [1.0, 1.5], [0.5, 1.0], np.array([True, False])) == 0.75
