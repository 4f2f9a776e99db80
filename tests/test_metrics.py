"""Scores against values worked out by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from workbench.errors import WorkbenchError
from workbench.metrics import FUNCTIONS, accuracy, f1, f1_macro, metric

RANDOM = [np.random.default_rng(seed) for seed in range(5)]
PAIRS = [(r.integers(0, 2, 50), r.integers(0, 2, 50)) for r in RANDOM]
TAGS = ([["B-PER", "O"], ["O", "B-LOC"]], [["B-PER", "O"], ["O", "O"]])
OF_LABELS = {
    n: f for n, f in FUNCTIONS.items() if n in ("accuracy", "f1", "f1_macro", "entity_f1")
}  # others score texts
INPUTS = {name: TAGS if name == "entity_f1" else PAIRS[0] for name in OF_LABELS}  # (guess, right)
MANY = [(r.integers(0, 5, 60), r.integers(1, 7, 60)) for r in RANDOM]  # classes that occur on one side only


def test_accuracy_is_the_share_of_equal_entries():
    assert accuracy([1, 0, 2, 2], [1, 1, 2, 0]) == 0.5


def test_accuracy_of_texts():
    assert accuracy(["a", "b", "b"], ["a", "b", "c"]) == pytest.approx(2 / 3)


def test_f1_by_hand():
    # two hits, one false alarm, one miss: 2 · 2 / (2 · 2 + 1 + 1)
    assert f1([1, 1, 1, 0, 0], [1, 1, 0, 1, 0]) == pytest.approx(2 / 3)


def test_f1_of_the_other_class():
    # one hit, one false alarm, one miss
    assert f1([1, 1, 1, 0, 0], [1, 1, 0, 1, 0], positive=0) == 0.5


def test_f1_of_a_class_that_never_occurs_is_zero():
    assert f1([0, 0], [0, 0]) == 0


def test_f1_without_a_hit_is_zero():
    assert f1([1, 0], [0, 1]) == 0


def test_f1_macro_is_the_mean_over_classes():
    assert f1_macro([1, 1, 1, 0, 0], [1, 1, 0, 1, 0]) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_f1_macro_counts_a_class_that_was_only_guessed():
    # class 0: 1 hit, 1 miss: 2/3; class 1 never right: 0
    assert f1_macro([0, 1], [0, 0]) == pytest.approx(1 / 3)


def test_f1_macro_of_always_the_majority_is_low():
    assert f1_macro([0] * 10, [0] * 9 + [1]) == pytest.approx((18 / 19 + 0) / 2)


@pytest.mark.parametrize("name", OF_LABELS)
def test_perfect_guesses_score_one(name):
    _, right = INPUTS[name]
    assert FUNCTIONS[name](right, right) == 1


@pytest.mark.parametrize(("guess", "right"), PAIRS)
def test_f1_agrees_with_scikit_learn(guess, right):
    assert f1(guess, right) == pytest.approx(sk.f1_score(right, guess))


@pytest.mark.parametrize(("guess", "right"), MANY)
def test_many_classes_agree_with_scikit_learn(guess, right):
    assert accuracy(guess, right) == pytest.approx(sk.accuracy_score(right, guess))
    assert f1_macro(guess, right) == pytest.approx(sk.f1_score(right, guess, average="macro", zero_division=0))


def test_f1_macro_of_texts_agrees_with_scikit_learn():
    guess, right = ["a", "b", "c", "a"], ["a", "c", "c", "b"]
    assert f1_macro(guess, right) == pytest.approx(sk.f1_score(right, guess, average="macro", zero_division=0))


@pytest.mark.parametrize("name", OF_LABELS)
def test_scores_are_plain_floats(name):
    assert type(FUNCTIONS[name](*INPUTS[name])) is float


@pytest.mark.parametrize("function", OF_LABELS.values())
def test_unequal_numbers_are_an_error_that_counts_them(function):
    with pytest.raises(WorkbenchError, match="2 predictions and 3 references"):
        function([0, 1], [0, 1, 1])


@pytest.mark.parametrize("function", OF_LABELS.values())
def test_nothing_to_score_is_an_error(function):
    with pytest.raises(WorkbenchError, match="at least one"):
        function([], [])


@pytest.mark.parametrize("name", OF_LABELS)
def test_the_metric_of_evaluate_gives_the_same_as_the_function(name):
    guess, right = INPUTS[name]
    assert metric(name).compute(predictions=guess, references=right) == {name: FUNCTIONS[name](guess, right)}


def test_the_metric_can_be_fed_in_batches():
    score = metric("accuracy")
    score.add_batch(predictions=[0, 1], references=[0, 0])
    score.add_batch(predictions=[1, 1], references=[1, 1])
    assert score.compute() == {"accuracy": 0.75}


def test_the_metric_can_be_used_again():
    score = metric("accuracy")
    assert score.compute(predictions=[0], references=[0]) == {"accuracy": 1}
    assert score.compute(predictions=[0], references=[1]) == {"accuracy": 0}


def test_the_metric_passes_options_on():
    taken = metric("f1").compute(predictions=[1, 1, 1, 0, 0], references=[1, 1, 0, 1, 0], positive=0)
    assert taken == {"f1": 0.5}


def test_an_unknown_metric_is_an_error_that_lists_the_known_ones():
    with pytest.raises(WorkbenchError, match="one of accuracy, f1, f1_macro"):
        metric("rouge")
