"""Every exercise: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

from pathlib import Path

import pandas as pd
import pytest
from fakes import ended, run

import workbench as wb
from workbench.lessons import book
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED, progress
from workbench.training import events as ev

EXERCISES = [name for name in book.EXERCISES if name[:2] in ("00", "01")]  # later lessons have a test file each


def says(label, probability=0.8):
    return lambda texts: pd.DataFrame({"text": texts, "label": label, "probability": probability})


def cases():
    """Five texts per case; the model of the test says "negative" to all, so a case is as hard as it is positive."""
    from datasets import ClassLabel, Dataset, Features, Value

    names = ("plain", "negation", "irony")
    rows = [
        (f"text {case} {i}", int(i < hard), case) for case, hard in zip(names, (0, 3, 5), strict=True) for i in range(5)
    ]
    features = Features(
        {"text": Value("string"), "label": ClassLabel(names=["negative", "positive"]), "case": Value("string")}
    )
    return {"validation": Dataset.from_dict(dict(zip(features, zip(*rows, strict=True), strict=True)), features)}


IRONY = ("what a great idea", "positive")
PLAIN = ("this is a plain text", "positive")
SURE = run(predict=says("negative"), data=cases())

RIGHT = {
    "00.1": [run("overfitting")],
    "00.2": [run("diverging", learning_rate=0.3)],
    "00.3": [run(events=ended(40, "patience"))],
    "01.1": [run(accuracy=0.71)],
    "01.2": [SURE, [IRONY, PLAIN]],
    "01.3": [run(), run(model="bert-mini:random")],
    "01.4": [SURE, "irony"],
}
WRONG = {
    "00.1": ([run("healthy")], "healthy"),
    "00.2": ([run("healthy", accuracy=0.8)], "still learned: 80.0%"),
    "00.3": ([run(events=ended(100, "budget"))], "100 of 100"),
    "01.1": ([run(accuracy=0.55)], "55.0%, and TF-IDF"),
    "01.2": ([SURE, [IRONY, ("what a bad idea", "negative")]], "got 'what a bad idea' right"),
    "01.3": ([run(), run(model="bert-mini:random", epochs=3)], "epochs"),
    "01.4": ([SURE, "plain"], "plain 100% of 5"),
}


def test_every_exercise_is_tested():
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    elsewhere = "".join(
        p.read_text("utf-8") for p in Path(__file__).parent.glob("test_*.py") if p.name != "test_book.py"
    )
    assert [name for name in book.EXERCISES if name not in EXERCISES and name not in elsewhere] == []


def test_a_number_belongs_to_one_exercise_with_three_hints():
    lessons = (book.LESSON_00_01, *(module.EXERCISES for module in book.LATER))
    numbers = [e.id for exercises in lessons for e in exercises]
    assert len(numbers) == len(set(numbers)) == len(book.EXERCISES)
    assert all(len(e.hints) >= 3 and e.answer for e in book.EXERCISES.values())


@pytest.mark.parametrize("id", EXERCISES)
def test_a_right_outcome_passes_and_is_remembered(id):
    outcome = wb.exercise(id).check(*RIGHT[id])
    assert outcome.state == PASSED and bool(outcome), outcome
    assert id in progress()


@pytest.mark.parametrize("id", EXERCISES)
def test_a_wrong_outcome_says_why_with_numbers(id):
    answer, words = WRONG[id]
    outcome = wb.exercise(id).check(*answer)
    assert outcome.state == FAILED and words in outcome.text and id not in progress()


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("nothing", [None, ..., [], ""])
def test_nothing_is_neither_right_nor_wrong(id, nothing):
    assert wb.exercise(id).check(nothing).state == NOT_ATTEMPTED == wb.exercise(id).check().state


@pytest.mark.parametrize("id", EXERCISES)
def test_an_answer_of_another_kind_is_not_yet_and_does_not_raise(id):
    assert wb.exercise(id).check(*([42] * len(RIGHT[id]))).state == FAILED


def test_stopping_late_or_not_at_all_is_not_stopping_early():
    judge = wb.exercise("00.3").check
    assert judge(run(events=ended(74, "user"))).state == PASSED
    assert judge(run(events=ended(76, "user"))).state == FAILED
    assert judge(run(events=[ev.Started(0, 0.0, 100)])).state == FAILED


def test_a_rate_so_low_that_nothing_moves_is_not_too_high():
    outcome = wb.exercise("00.2").check(run("not learning", learning_rate=1e-9))
    assert outcome.state == FAILED and "the usual one is 0.0003" in outcome.text


def test_a_short_run_at_a_usual_rate_has_not_been_too_fast():
    assert "10 times as much" in wb.exercise("00.2").check(run("not learning", learning_rate=4e-4)).text
    assert wb.exercise("00.2").check(run("not learning", learning_rate=3e-3)).state == PASSED


@pytest.mark.parametrize("other", [{"model": "gpt-mini"}, {"data": "headlines"}])
def test_what_overfits_is_the_model_and_the_data_that_were_asked_for(other):
    made = run("overfitting")
    made.config = made.config.replace(**other)
    outcome = wb.exercise("00.1").check(made)
    assert outcome.state == FAILED and "bert-mini on reviews is asked for" in outcome.text


def test_a_rate_that_was_moved_up_in_mid_run_counts():
    moved = [ev.RateChanged(10, 1.0, 3e-4, 0.03)]
    outcome = wb.exercise("00.2").check(run("diverging", events=moved))
    assert outcome.state == PASSED and "At 0.03" in outcome.text


def test_one_sentence_twice_or_a_label_that_does_not_exist_fools_nobody():
    judge = wb.exercise("01.2").check
    assert "Two different" in judge(SURE, [IRONY, IRONY]).text
    assert "'good' is not a label" in judge(SURE, [("a nice little text", "good"), IRONY]).text


def test_two_twins_are_no_comparison():
    twin = run(model="bert-mini:random")
    assert wb.exercise("01.3").check(twin, twin).state == FAILED


def test_a_twin_of_another_model_or_the_number_of_texts_of_the_lesson_is_no_answer():
    judge = wb.exercise("01.3").check
    assert "the other's random twin" in judge(run(model="gpt-mini"), run(model="bert-mini:random")).text
    lesson = [run(model=m, train_examples=660) for m in ("bert-mini", "bert-mini:random")]
    assert judge(*lesson).state == FAILED and "With 660 texts the lesson has done it" in judge(*lesson).text
    few = [run(model=m, train_examples=64, accuracy=a) for m, a in (("bert-mini:random", 0.5), ("bert-mini", 0.7))]
    assert (
        judge(*few).state == PASSED and "With 64 texts: pretrained 70.0%, random twin 50.0%, +20.0%" in judge(*few).text
    )


def test_hints_go_on_to_the_last_and_stay_there():
    made = wb.exercise("00.1")
    shown = [made.hint() for _ in range(5)]
    assert len(set(shown)) == 3 and shown[2] == shown[4] and made.solution()


def test_answers_are_escaped():
    outcome = wb.exercise("01.2").check(SURE, [("<script>alert(1)</script> is a text", "negative"), IRONY])
    assert outcome.state == FAILED and "<script>" not in outcome._repr_html_()


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(wb.WorkbenchError, match=r"no exercise '99'.*00\.1"):
        wb.exercise("99")


def test_an_exercise_that_is_nearly_called_so_is_suggested():
    with pytest.raises(wb.WorkbenchError, match=r"Try: wb\.exercise\('01\.1'\)"):
        wb.exercise("1.1")
