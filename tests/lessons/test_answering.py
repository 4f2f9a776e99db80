"""Exercises of lesson 07: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

from types import SimpleNamespace

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.data.load import load
from workbench.lessons.answering import EXERCISES
from workbench.lessons.exercise import FAILED, PASSED

IDS = [e.id for e in EXERCISES]
ROWS = [
    ("Who left?", "Ann Lee left early.", "Ann Lee"),
    ("Who stayed?", "Ben stayed late.", "Ben"),
    ("Who sang?", "Cal rode.", None),
]
DATA = load(
    pd.DataFrame([*ROWS, *ROWS], columns=["question", "context", "answer"]).assign(
        split=["train"] * 3 + ["validation"] * 3
    )
)


def run(said=("Ann Lee", "late", "Cal"), odds=(-1.0, 2.0, 1.0), data=DATA):
    """What a judge looks at, with nothing trained: best spans and null odds in the order of the questions; others by their words."""

    def predict(inputs):
        if (
            len(inputs) == 2
        ):  # pairs: a question that shares a word with the passage is answered with its first two words
            answers = [" ".join(c.split()[:2]) if set(q.split()) & set(c.split()) else "" for q, c in inputs]
            return pd.DataFrame({"answer": answers})
        return pd.DataFrame({"span": list(said), "null_odds": list(odds)})

    return SimpleNamespace(predict=predict, data=lambda: data)


def witness(said):
    """A run that answers whatever it is asked with the same words."""
    return SimpleNamespace(predict=lambda pairs: pd.DataFrame({"answer": [said for _ in pairs]}))


TEXT = "Ann Lee left early."
KNOWS, WRONGS = witness("Ann Lee"), witness("early")
RIGHT = {
    "07.1": [run(), 0, "Lee"],
    "07.2": [run(), 0.0],
    "07.3": [run(), KNOWS, TEXT, "Ann Lee", "what left early.", "Who went away?"],
}
WRONG = {
    "07.1": ([run(), 0, "Ann Lee"], "F1 1.00, exact match 1"),
    "07.2": ([run(), 5.0], "F1 is 0.333, and 0 of 3 questions get no answer. There is a threshold with 0.667"),
    "07.3": (
        [run(), WRONGS, TEXT, "Ann Lee", "what left early.", "Which thing is it all about here?"],
        "does the second one ask for that? The other model says 'early'",
    ),
}


def test_every_exercise_is_tested_and_in_the_book():
    assert IDS == ["07.1", "07.2", "07.3"] and set(RIGHT) == set(WRONG) == set(IDS)
    assert all(wb.exercise(e.id) is e for e in EXERCISES)


class TestAnsweringJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


@pytest.mark.parametrize(
    "answer, words",
    [
        ((0, "Zoe"), "'Zoe' is not a part"),
        ((0, "early"), "F1 0.00"),
        ((0, "left early."), "F1 0.00"),
        ((2, "Cal"), "Question 2 has no answer"),
        ((3, "Cal"), "no question 3; they are numbered from 0 to 2"),
        ((-1, "Cal"), "no question -1"),
    ],
)
def test_nearly_right_is_a_part_of_the_passage_that_shares_words(answer, words):
    assert words in wb.exercise("07.1").check(run(), *answer).text


def test_a_threshold_means_nothing_where_every_question_has_an_answer():
    rows = DATA.filter(lambda row: bool(row["answers"]["text"]))
    told = run(said=("Ann Lee", "late"), odds=(0.0, 0.0), data=rows)
    told.predict = lambda inputs: pd.DataFrame({"span": ["Ann Lee", "late"], "null_odds": [0.0, 0.0]})
    assert "Every question of this data has an answer" in wb.exercise("07.2").check(told, 1.0).text


@pytest.mark.parametrize("threshold", [-5.0, 0.0, 0.99])
def test_every_threshold_as_good_as_the_best_passes(threshold):
    outcome = wb.exercise("07.2").check(
        run(), threshold
    )  # from -1 up to 1 the first is answered, the other two are not
    assert (outcome.state == PASSED) == (threshold >= -1)


def test_the_answer_must_stand_in_the_passage_and_the_questions_must_differ():
    judge = wb.exercise("07.3").check
    assert "not a part of the passage" in judge(run(), KNOWS, TEXT, "Zoe", "what left early.", "Who went away?").text
    assert (
        "Two different questions" in judge(run(), KNOWS, TEXT, "Ann Lee", "what left early.", "what left early.").text
    )


def test_the_second_question_has_other_words_and_is_not_found_by_the_gap_model():
    judge = wb.exercise("07.3").check
    longer = f"{TEXT} Ben went home."  # other sentences may share words with it
    assert (
        "has left, early from the sentence"
        in judge(run(), KNOWS, longer, "Ann Lee", "what left early.", "Who left early?").text
    )
    assert judge(run(), KNOWS, longer, "Ann Lee", "what left early.", "Who did go home?").state == PASSED
    finds = witness("Ann Lee")
    told = judge(finds, KNOWS, TEXT, "Ann Lee", "what left early.", "Who went away?").text
    assert "the second with 'Ann Lee'; right is 'Ann Lee'" in told


def test_a_question_that_people_wrote_for_this_answer_needs_no_other_witness():
    row = next(r for r in wb.load("passages")["validation"] if r["answers"]["text"])
    answer = row["answers"]["text"][0]
    context, easy = f"{answer} xx yy.", "what xx yy."
    filler = SimpleNamespace(predict=lambda pairs: pd.DataFrame({"answer": [answer, "yy"]}))
    judge = wb.exercise("07.3").check
    assert judge(filler, WRONGS, context, answer, easy, row["question"]).state == PASSED
    assert judge(filler, WRONGS, context, answer, easy, "Which thing is it all about here?").state == FAILED
    assert judge(filler, WRONGS, context, "xx yy", easy, row["question"]).state == FAILED


def test_what_the_learner_wrote_is_escaped():
    outcome = wb.exercise("07.1").check(run(), 0, "<b>bold</b>")
    assert outcome.state == FAILED and "<b>bold" not in outcome._repr_html_()
