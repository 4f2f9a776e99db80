"""The space of a search: what a plain dict stands for, and the sentence for one that is malformed."""

import pytest

import workbench as wb
from workbench.scale.space import distributions


def test_a_tuple_is_a_range_a_list_a_choice_and_a_rate_is_logarithmic():
    space = {"learning_rate": (1e-4, 1e-2), "batch_size": [8, 16, 32], "dropout": (0.0, 0.3), "epochs": (2, 5)}
    rate, batch, dropout, epochs = distributions(space, {}).values()
    assert (rate.low, rate.high, rate.log) == (1e-4, 1e-2, True)
    assert batch.choices == (8, 16, 32)
    assert (dropout.low, dropout.high, dropout.log) == (0.0, 0.3, False)
    assert (epochs.low, epochs.high, type(epochs).__name__) == (2, 5, "IntDistribution")


def test_a_rate_that_may_be_nothing_cannot_be_logarithmic():
    assert not distributions({"weight_decay": (0, 0.1)}, {})["weight_decay"].log
    assert distributions({"weight_decay": (1e-4, 0.1)}, {})["weight_decay"].log


def test_a_whole_number_stays_one():
    found = distributions({"batch_size": (4, 64), "layers": [1, None]}, {})
    assert type(found["batch_size"]).__name__ == "IntDistribution" and found["layers"].choices == (1, None)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (None, "a dict of fields"),
        ({}, "a dict of fields"),
        ([1], "a dict of fields"),
        ({"lr": (1, 2)}, r"unknown argument 'lr'\. Expected: one of data, model, .*learning_rate"),
        ({"data": ["reviews", "headlines"]}, "cannot be compared"),
        ({"seed": [0, 1]}, "luck, not a setting"),
        ({"epochs": (1, 2)}, "among the choices"),
        ({"learning_rate": 1e-3}, "a range"),
        ({"learning_rate": [1e-3]}, "at least two values"),
        ({"learning_rate": (1e-2, 1e-4)}, "the lower one first"),
        ({"learning_rate": (1e-4, 1e-3, 1e-2)}, "two numbers"),
        ({"learning_rate": ("a", "b")}, "two numbers"),
        ({"learning_rate": (1e-4, float("nan"))}, "the lower one first"),
        ({"learning_rate": (-1.0, 1e-2)}, "learning_rate is -1"),
        ({"batch_size": (1.5, 8.5)}, r"batch_size is 1\.5"),
        ({"batch_size": [8, 8]}, "twice"),
        ({"batch_size": [8, "many"]}, "batch_size is 'many'"),
        ({"dropout": [0.1, [0.2]]}, "numbers, words"),
        ({"technique": ["full", "magic"]}, "magic"),
        ({"model": ["bert-mini", "bert-maxi"]}, "bert-maxi"),
    ],
)
def test_a_malformed_space_is_one_sentence(space, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        distributions(space, {"epochs": 2})
