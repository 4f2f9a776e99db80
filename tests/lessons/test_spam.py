"""The judges of lesson 04: answers that can be counted by hand, with nothing trained."""

from types import SimpleNamespace

import pandas as pd
import pytest

from workbench.config import RunConfig
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED
from workbench.lessons.spam import EXERCISES

# Four ham, four spam. At 0.5: one ham thrown away, three of four spam caught.
ROWS = [
    ("the soup is on the stove at home", "ham", "personal", 0.1),
    ("the van has a flat again today", "ham", "work", 0.2),
    ("you won the sweep at the office", "ham", "lookalike", 0.6),
    ("your glasses are ready at the shop", "ham", "service", 0.1),
    ("win a prize now and send us the fee for it today please", "spam", "scam", 0.9),
    ("your card is locked confirm it", "spam", "phishing", 0.8),
    ("half price sofas at the barn", "spam", "promotion", 0.7),
    ("hi it is me on a new number", "spam", "disguised", 0.3),
]
PLAIN = ROWS[4][0]


def split(rows):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["ham", "spam"]), "kind": Value("string")})
    texts, labels, kinds, _ = zip(*rows, strict=True)
    return Dataset.from_dict({"text": texts, "label": labels, "kind": kinds}, features)


def run(without=(), lower=(), rows=ROWS, **choices):
    """What a judge looks at. `without`: kinds that training lacks; `lower`: kinds that are delivered."""
    known = {text: 0.1 if kind in lower else p for text, _, kind, p in rows}

    def predict(texts):
        p = [known.get(text, 0.4 if "prize" not in text else 0.9) for text in texts]
        return pd.DataFrame({"label": ["spam" if q >= 0.5 else "ham" for q in p], "p(spam)": p})

    data = {"train": split([r for r in rows if r[2] not in without]), "validation": split(rows)}
    return SimpleNamespace(config=RunConfig(**choices), predict=predict, data=lambda: data)


ALL = run(data="messages")
NARROW = run(without=["promotion"], lower=["promotion"], data="data")
BOOK = {e.id: e for e in EXERCISES}

RIGHT = {
    "04.1": [ALL, 0.65],
    "04.2": [ALL, (PLAIN, PLAIN.replace("win a prize", "hello"))],
    "04.3": [ALL, NARROW],
    "04.4": [ALL, 0.136],  # 0.05 · 0.75 / (0.05 · 0.75 + 0.95 · 0.25)
}
WRONG = {
    "04.1": ([ALL, 0.5], "1 wanted messages and lets 1 spam through: cost 11"),
    "04.2": ([ALL, (PLAIN, PLAIN.replace("now", "soon"))], "still caught"),
    "04.3": ([ALL, run(without=["promotion"], data="data")], "caught without having been seen"),
    "04.4": ([ALL, 0.75], "catches 75.0% of the spam and throws away 25.0%"),
}


def test_every_exercise_is_tested():
    assert set(BOOK) == set(RIGHT) == set(WRONG)


@pytest.mark.parametrize("id", BOOK)
def test_a_right_outcome_passes(id):
    outcome = BOOK[id].check(*RIGHT[id])
    assert outcome.state == PASSED, outcome


@pytest.mark.parametrize("id", BOOK)
def test_a_wrong_outcome_says_why_with_numbers(id):
    answer, words = WRONG[id]
    outcome = BOOK[id].check(*answer)
    assert outcome.state == FAILED and words in outcome.text, outcome


@pytest.mark.parametrize("id", BOOK)
@pytest.mark.parametrize("nothing", [None, ..., [], ""])
def test_nothing_is_neither_right_nor_wrong(id, nothing):
    assert BOOK[id].check(ALL, nothing).state == NOT_ATTEMPTED


@pytest.mark.parametrize("id", BOOK)
def test_an_answer_of_another_kind_is_not_yet_and_does_not_raise(id):
    assert BOOK[id].check(42, 42).state == FAILED == BOOK[id].check(ALL, 42 if id != "04.4" else "much").state


def test_a_filter_that_throws_nothing_away_has_a_cost_too():
    outcome = BOOK["04.1"].check(ALL, 1.0)
    assert outcome.state == FAILED and "lets 4 spam through: cost 4" in outcome.text


@pytest.mark.parametrize("threshold", [True, "half", float("nan")])
def test_a_threshold_and_a_precision_are_numbers(threshold):
    assert "A precision is a number" in BOOK["04.4"].check(ALL, threshold).text
    assert "not" in BOOK["04.1"].check(ALL, threshold).text and not BOOK["04.1"].check(ALL, threshold)


def test_only_a_few_words_of_a_long_message_may_change():
    judge = BOOK["04.2"].check
    assert "allowed" in judge(ALL, (PLAIN, "hello")).text
    assert "0 words are changed" in judge(ALL, (PLAIN, PLAIN)).text
    assert "at least 10 words" in judge(ALL, ("win a prize", "win a thing")).text
    quiet = "the soup is on the stove at home and getting cold"
    assert "let it through before" in judge(ALL, (quiet, quiet.replace("soup", "stew"))).text


def test_two_worlds_differ_in_one_kind_of_spam_and_in_nothing_else():
    judge = BOOK["04.3"].check
    assert "it is nothing" in judge(ALL, ALL).text
    assert "promotion, scam" in judge(ALL, run(without=["promotion", "scam"], data="data")).text
    assert "epochs" in judge(ALL, run(without=["promotion"], data="data", epochs=2)).text
    assert "no kind of spam" in judge(ALL, run(without=["work"], data="data")).text


def test_a_model_that_catches_nothing_has_no_precision():
    none = run(rows=[(t, label, k, 0.1) for t, label, k, _ in ROWS])
    assert "no precision" in BOOK["04.4"].check(none, 0.5).text


def test_a_run_on_other_labels_is_named():
    validation = SimpleNamespace(features={"label": SimpleNamespace(names=["bad", "good"])})
    other = SimpleNamespace(data=lambda: {"validation": validation})
    outcome = BOOK["04.1"].check(other, 0.5)
    assert outcome.state == FAILED and "bad, good" in outcome.text
