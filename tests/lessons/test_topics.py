"""Exercises of lesson 03: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.exercise import FAILED, PASSED
from workbench.lessons.topics import EXERCISES

NAMES = ["crime", "health", "sport"]
EIGHT = ["a", "b", "c", "d", "e", "f", "g", "h"]
IDS = [e.id for e in EXERCISES]


def split(*rows):
    features = Features({"text": Value("string"), "label": ClassLabel(names=NAMES)})
    return Dataset.from_dict({"text": [t for t, _ in rows], "label": [NAMES.index(y) for _, y in rows]}, features)


# Counting words knows "goal" and "flu" and nothing of the other texts: two of four right on validation, by hand.
TRAIN = [("goal goal goal", "sport"), ("flu flu flu", "health"), ("theft theft theft", "crime")] * 3
DATA = {
    "train": split(*TRAIN),
    "validation": split(("goal", "sport"), ("flu", "health"), ("goal", "crime"), ("flu", "sport")),
}
COUNTS = pd.DataFrame([[9, 1, 3], [0, 8, 1], [4, 2, 7]], index=NAMES, columns=NAMES)


def run(accuracy=0.75, n_train=64, control=0.4, labels=NAMES, first=1.1, step=0, **choices):
    """What a judge looks at, with nothing trained."""
    facts = {"n_train": n_train, "control": control, "labels": labels}
    return SimpleNamespace(
        config=RunConfig(**{"data": "headlines", **choices}), store=SimpleNamespace(facts=facts), data=lambda: DATA,
        evaluate=lambda split: {"accuracy": accuracy}, confusion=lambda: COUNTS,
        frame=lambda: pd.DataFrame({"step": [step, 9], "valid_loss": [first, 0.5]}),
    )  # fmt: skip


def twin(accuracy=0.8, n_train=900, **choices):
    return run(accuracy, n_train, model="bert-mini:random", **choices)


RIGHT = {
    "03.1": [run(accuracy=0.75, n_train=256)],
    "03.2": [run(), twin()],
    "03.3": [run(), ("sport", "crime")],
    "03.4": [run(), 1.0986],
}
WRONG = {
    "03.1": ([run(accuracy=0.5, n_train=256)], "50.0% after 256 texts; TF-IDF + logistic regression has 50.0% after 9"),
    "03.2": ([run(), twin(0.7, 512)], "75.0% after 64 texts, the twin 70.0% after 512: not there yet"),
    "03.3": ([run(), ("health", "sport")], "crime and sport 7, health and sport 3, crime and health 1 times. Your"),
    "03.4": ([run(), 2.08], "3 labels: you said 2.08 nats, knowing nothing costs 1.10, the curve begins at 1.10"),
}


def test_every_exercise_is_tested_and_in_the_book():
    assert IDS == ["03.1", "03.2", "03.3", "03.4"] and set(RIGHT) == set(WRONG) == set(IDS)
    assert all(wb.exercise(e.id) is e for e in EXERCISES)


class TestTopicsJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


def test_few_labels_are_at_most_256_of_these_data():
    judge = wb.exercise("03.1").check
    assert "from 257 texts: at most 256" in judge(run(accuracy=0.99, n_train=257)).text
    assert "on reviews" in judge(run(accuracy=0.99, data="reviews")).text


def test_a_lead_within_the_noise_is_called_so():
    # four validation texts, half of them right: the noise is 1.96 * sqrt(0.5 * 0.5 / 4) = 49 points
    assert "within the noise (±49.0%)" in wb.exercise("03.1").check(run(accuracy=0.75)).text
    assert "more than the noise" in wb.exercise("03.1").check(run(accuracy=1.0)).text


def test_as_many_labels_as_it_took_are_counted():
    assert "it took 14 times as many labels" in wb.exercise("03.2").check(run(), twin(n_train=896)).text


def test_a_first_run_that_has_not_learned_or_learned_from_many_proves_nothing():
    judge = wb.exercise("03.2").check
    assert "does not even beat counting words" in judge(run(accuracy=0.4, control=0.4), twin()).text
    assert "at most 128" in judge(run(n_train=129), twin()).text


@pytest.mark.parametrize("pair", [(run(), run()), (twin(), twin()), (twin(), run())])
def test_two_models_of_one_kind_are_no_comparison(pair):
    assert "First a pretrained model" in wb.exercise("03.2").check(*pair).text


def test_both_runs_are_on_the_same_data():
    assert "reviews" in wb.exercise("03.2").check(run(), twin(data="reviews")).text


def test_a_pair_is_the_same_pair_in_either_order_and_two_different_topics():
    judge = wb.exercise("03.3").check
    assert judge(run(), ("crime", "sport")).state == judge(run(), ["sport", "crime"]).state == PASSED
    assert "Two different topics" in judge(run(), ("crime", "crime")).text
    assert "crime, health, sport" in judge(run(), ("crime", "football")).text


def test_eight_topics_are_the_lesson_itself():
    assert "still has 8 topics" in wb.exercise("03.4").check(run(labels=EIGHT, first=2.08), math.log(8)).text


def test_a_curve_that_begins_late_or_far_off_shows_no_ignorance():
    judge = wb.exercise("03.4").check
    assert "begins at step 5" in judge(run(step=5), math.log(3)).text
    assert judge(run(first=1.5), math.log(3)).state == FAILED


def test_what_the_learner_wrote_is_escaped():
    outcome = wb.exercise("03.3").check(run(), ("<b>crime</b>", "sport"))
    assert outcome.state == FAILED and "<b>crime" not in outcome._repr_html_()


@pytest.mark.parametrize(
    ("nats", "words"),
    [
        (-math.log(3), "minus the natural logarithm of one in 3"),
        (float("nan"), "are a number"),
        ("1.1", "are a number"),
    ],
)
def test_the_price_is_a_number_and_none_below_zero(nats, words):
    outcome = wb.exercise("03.4").check(run(), nats)
    assert outcome.state == FAILED and words in outcome.text
