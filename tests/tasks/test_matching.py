"""The control of answering: it finds what counting can find, and says nothing where there is nothing to find."""

import numpy as np
import pandas as pd
import pytest

from workbench.data.load import load
from workbench.tasks import TASKS
from workbench.tasks.answering import ANSWER, NONE
from workbench.tasks.matching import Matcher, Passage, kind, stem

NAMES = ["Ann", "Ben", "Cal", "Dora", "Eve", "Finn", "Gus", "Hal", "Ivy", "Joan", "Kurt", "Lea"]
THINGS = ["bridge", "tower", "school", "garden", "library", "harbour"]


def rows(n=24, empty=0):
    """Passages of three sentences; who built a thing, and in which year, stands where the thing stands."""
    made = []
    for i in range(n):
        things = [THINGS[(i + k) % 6] for k in range(3)]
        parts = [
            f"In {1700 + 7 * i + k} the {t} was built by {NAMES[(i + 3 * k) % 12]} with care."
            for k, t in enumerate(things)
        ]
        context = " ".join(parts)
        person = i % 2 == 0
        answer = NAMES[(i + 3) % 12] if person else str(1701 + 7 * i)
        question = f"Who built the {things[1]}?" if person else f"In what year was the {things[1]} built?"
        if i < empty:
            question, answer = "Who painted ships there?", None
        made.append({"question": question, "context": context, "answer": answer})
    return pd.DataFrame(made)


def split(frame):
    return load(pd.concat([frame.assign(split=s) for s in ("train", "validation")]))["train"]


def test_it_takes_the_kind_of_thing_that_is_asked_for_from_the_sentence_that_is_asked_about():
    train, test = split(rows(24)), rows(40).iloc[24:]
    matcher = Matcher().fit(train, nothing=False)
    said = [matcher(q, c) for q, c in zip(test["question"], test["context"], strict=True)]
    assert np.mean([text == right for (text, _), right in zip(said, test["answer"], strict=True)]) > 0.8
    assert all(c[start:].startswith(text) for (text, start), c in zip(said, test["context"], strict=True))


def test_it_says_nothing_where_no_word_is_shared_if_that_pays():
    matcher = Matcher().fit(split(rows(24, empty=8)), nothing=True)
    assert matcher("Who painted ships there?", rows()["context"][20]) == ("", -1)
    assert matcher(rows()["question"][20], rows()["context"][20])[0] == rows()["answer"][20]


def test_answers_that_it_cannot_reach_make_it_silent():
    frame = pd.DataFrame(
        {
            "question": ["What?"] * 6,
            "context": [f"One {i}. Two three." for i in range(6)],
            "answer": [None] * 5 + ["three."],
        }
    )
    assert (
        Matcher().fit(split(frame.assign(answer=[None] * 5 + ["Two three"])), nothing=True)("What?", "One. Two.")
        is not None
    )


@pytest.mark.parametrize("context", ["?!", "…", " . "])
def test_a_passage_without_words_has_no_answer(context):
    assert Matcher().fit(split(rows()), nothing=False)("Who?", context) == ("", -1)


def test_the_words_of_a_passage():
    p = Passage("Ann left in 1811. It was Ben Ames, who stayed two days.")
    assert p.stems[:4] == ["ann", "left", "in", "1811"] and p.sentence.tolist() == [0] * 4 + [1] * 8
    assert np.flatnonzero(p.capital).tolist() == [6, 7]  # the first word of a sentence proves nothing
    assert np.flatnonzero(p.digit).tolist() == [3, 10] and np.flatnonzero(p.first).tolist() == [0, 4]


@pytest.mark.parametrize("question, number", [("How many?", 0), ("When did it open?", 1), ("Whose is it?", 2), ("Where is it?", 3),
                                              ("Why?", 4), ("What is it?", 5), ("What year?", 1), ("How often?", 0), ("Showman?", 5)])  # fmt: skip
def test_what_a_question_asks_for(question, number):
    assert kind(question) == number


def test_a_stem_is_never_empty():
    assert [stem(w) for w in ("is", "As", "Red", "its", "houses'")] == ["is", "as", "red", "its", "houses'"]


def test_both_controls_are_scores_of_the_validation_split():
    frame = pd.concat([rows(24, 8).assign(split="train"), rows(40, 8).iloc[20:].assign(split="validation"),
                       rows(40, 8).iloc[:4].assign(split="validation")])  # fmt: skip
    data = load(frame)
    nothing, matching = TASKS["answering"].baselines(data, np.arange(24), [ANSWER, NONE])
    assert nothing == pytest.approx(4 / 24) and matching > 0.8
    assert TASKS["answering"].baselines(data, np.arange(8, 24), [ANSWER])[0] == pytest.approx(4 / 24)
