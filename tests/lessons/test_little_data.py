"""The judges of lesson 09: texts and runs whose answers can be counted by hand, with nothing trained."""

import functools
from types import SimpleNamespace

import pandas as pd
import pytest

import workbench as wb
from workbench.config import RunConfig
from workbench.data.synonyms import protected
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED
from workbench.lessons.little_data import EXERCISES, _cores, covered, still_says

BOOK = {e.id: e for e in EXERCISES}
REVIEW = "Not good, not cheap, not clean. I won't be back."  # a text of reviews, negative
MAPPLE = "Would not trust Mapple to get me out of my own drive"  # another
TOPICS = wb.load("headlines")


@functools.cache
def copies(methods="deletion", texts=64, **choices):
    return wb.augment(TOPICS, methods, train_examples=texts, **choices)


def run(data=TOPICS, steps=100, accuracy=0.5, loss=1.5, **choices):
    """What the judge of two runs looks at."""
    frame = pd.DataFrame({"step": [0, steps], "valid_loss": [2.1, loss]})
    return SimpleNamespace(config=RunConfig(**choices), data=lambda: data, frame=lambda: frame, store=SimpleNamespace(facts={"n_valid": 200}),
                           evaluate=lambda split: {"accuracy": accuracy})  # fmt: skip


CONTROL = run(data=TOPICS, train_examples=64, epochs=20)


def single(methods="deletion", texts=64, seed=0, **given):
    """A run on copies; `given`: what the run reached, or what differs in its settings."""
    return run(data=copies(methods, texts, copies=1, seed=seed), **{"epochs": 4, **given})


@functools.cache
def right(id):
    return {
        "09.1": [(MAPPLE, MAPPLE.replace(" not", ""))],
        "09.2": [wb.augment("headlines", "contextual", copies=3, share=0.2, train_examples=64)],
        "09.3": [CONTROL, single(accuracy=0.52, loss=1.25)],
    }[id]


def wrong(id):
    return {
        "09.1": ([(REVIEW, "Not good, not cheap, not clean. I won't be.")], "gone: back"),
        "09.2": ([copies()], "Copies that add 3% are asked for"),
        "09.3": ([CONTROL, single(("deletion", "swap"))], "made by deletion, swap"),
    }[id]


@pytest.mark.parametrize("id", BOOK)
def test_a_right_outcome_passes(id):
    outcome = BOOK[id].check(*right(id))
    assert outcome.state == PASSED, outcome


@pytest.mark.parametrize("id", BOOK)
def test_a_wrong_outcome_says_why(id):
    answer, words = wrong(id)
    outcome = BOOK[id].check(*answer)
    assert outcome.state == FAILED and words.lower() in outcome.text.lower(), outcome


@pytest.mark.parametrize("id", BOOK)
@pytest.mark.parametrize("nothing", [None, ..., [], ""])
def test_nothing_is_neither_right_nor_wrong(id, nothing):
    assert BOOK[id].check(nothing).state == NOT_ATTEMPTED == BOOK[id].check(*right(id)[:-1], nothing).state


@pytest.mark.parametrize("id", BOOK)
def test_an_answer_of_another_kind_is_not_yet_and_does_not_raise(id):
    assert BOOK[id].check(*[42] * len(right(id))).state == FAILED


def test_words_may_only_go_and_at_most_two_of_them():
    judge = BOOK["09.1"].check
    assert "word for word" in judge(("The room was not clean.", "The room was clean.")).text
    assert "nothing may be added" in judge((REVIEW, "Good, not not cheap, not clean. I won't be back.")).text
    assert "0 words are gone" in judge((REVIEW, REVIEW)).text
    assert "3 words are gone" in judge((REVIEW, "Good, cheap, clean. I won't be back.")).text
    assert "nothing may be added" in judge((REVIEW, " ")).text
    assert "'negative'" in judge(*right("09.1")).text


def test_what_still_says_so_is_no_turn():
    judge = BOOK["09.1"].check
    assert "not, won't may well say so still" in judge((REVIEW, "Good, not cheap, clean. I won't be back.")).text
    reviews = wb.load("reviews")["train"]
    (waste,) = [t for t in reviews["text"] if "waste your money" in t and "boring" in t][:1]
    assert not judge((waste, waste.replace(" too ", " ", 1)))


def test_hundreds_of_reviews_can_be_turned_by_one_word():
    data, turned = wb.load("reviews"), 0
    for text, label in zip(data["train"]["text"], data["train"]["label"], strict=True):
        words = _cores(text)
        turned += any(protected(w) and not still_says(data.labels[label], words[:i] + words[i + 1 :]) for i, w in enumerate(words))  # fmt: skip
    assert turned > 200


def test_words_that_are_known_are_counted_once():
    assert covered(["The cat sat."], ["A cat sat", "the end"]) == 3 / 5
    assert covered([], ["a b"]) == 0


def test_more_labels_are_not_copies_and_other_data_are_not_headlines():
    judge = BOOK["09.2"].check
    assert "65 labelled texts" in judge(copies(texts=65)).text
    assert "made of headlines" in judge(wb.augment("reviews", "swap", train_examples=64)).text
    assert "without copies" in judge(TOPICS).text


def test_two_runs_are_compared_only_when_they_are_fair():
    judge = BOOK["09.3"].check
    assert "the one without copies" in judge(single(), single()).text
    assert "without copies" in judge(CONTROL, CONTROL).text
    assert "learning_rate" in judge(CONTROL, single(learning_rate=1e-3)).text
    assert "not learn from the same" in judge(CONTROL, single(texts=63)).text
    assert "100 steps without copies and 500 with" in judge(CONTROL, single(steps=500)).text
    assert judge(CONTROL, single(steps=95))


def test_a_difference_is_held_against_the_noise():
    judge = BOOK["09.3"].check
    within, beyond = judge(CONTROL, single(accuracy=0.52)), judge(CONTROL, single(accuracy=0.62))
    assert "+2.0%, within the noise of 200 texts (±9.8%)" in within.text
    assert "+12.0%, more than the noise" in beyond.text and "1.50 and 1.50" in beyond.text
