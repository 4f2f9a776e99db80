"""Dynamics of single examples with answers that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from workbench.diagnosis.dynamics import dynamics, lasting, memorised, onset, overtaken

P = np.array([[0.2, 0.9, 0.1], [0.6, 0.9, 0.3], [0.4, 0.9, 0.2], [0.8, 0.9, 0.2]])


def test_confidence_is_the_mean_variability_the_deviation_and_correctness_the_share():
    found = dynamics(P, P > 0.5)
    assert found["confidence"].tolist() == pytest.approx([0.5, 0.9, 0.2])
    # deviations of the first: -0.3, 0.1, -0.1, 0.3, whose squares have the mean 0.05
    assert found["variability"].tolist() == pytest.approx([0.05**0.5, 0, 0.005**0.5])
    assert found["correctness"].tolist() == [0.5, 1.0, 0.0]


def test_an_example_is_forgotten_when_a_right_answer_is_followed_by_a_wrong_one():
    right = np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 1, 0, 0]], dtype=bool)
    found = dynamics(right.astype(float), right)
    assert found["forgetting"].tolist() == [2, 0, 0, 2]
    assert found["learned"].tolist() == [1, 0, -1, 0]  # never learned is not the same as never forgotten


ANSWERS = np.array([[0, 0, 2, 0], [0, 1, 1, 2], [1, 1, 1, 0], [1, 1, 1, 1]])  # four flipped texts at four evaluations
GIVEN, TRUE = np.array([1, 1, 1, 1]), np.array([0, 0, 0, 0])


def shares():
    return memorised(ANSWERS, GIVEN, TRUE, np.array([0.5, 0.4, 0.4, 0.4]), labels=3)


def test_shares_of_flipped_texts_by_what_they_are_answered_with():
    found = shares()
    assert found["given"].tolist() == [0, 0.5, 0.75, 1]
    assert found["true"].tolist() == [0.75, 0.25, 0.25, 0]
    assert found["other"].tolist() == [0.25, 0.25, 0, 0]


def test_what_mistakes_alone_would_give_is_the_error_shared_out_among_the_wrong_labels():
    assert shares()["expected"].tolist() == [0.25, 0.2, 0.2, 0.2]


@pytest.mark.parametrize(
    ("given", "n", "begins"),
    [
        ([0.1, 0.1, 0.4, 0.9], 100, 2),  # three standard errors of 0.1 among 100 are 0.09
        ([0.1, 0.1, 0.18, 0.9], 100, 3),  # 0.18 lies within them
        ([0.1, 0.1, 0.18, 0.9], 400, 2),  # among 400 they are 0.045
        ([0.5, 0.1, 0.4, 0.9], 100, 2),  # what does not last does not count
        ([0.1, 0.4, 0.9, 0.1], 100, None),
        ([0.4, 0.4, 0.4, 0.4], 100, 0),
    ],
)
def test_memorising_begins_where_given_leaves_chance_for_good(given, n, begins):
    assert onset(pd.DataFrame({"given": given, "expected": [0.1] * 4}), n) == begins


def test_the_wrong_label_overtakes_the_true_one():
    assert overtaken(shares()) == 1  # 0.5 against 0.25
    assert overtaken(shares().iloc[:1]) is None


def test_what_never_holds_has_no_beginning():
    assert lasting([]) is None and lasting([False]) is None and lasting([True]) == 0


def test_nothing_learned_means_no_variability():
    one = dynamics(np.full((5, 2), 0.25), np.zeros((5, 2), dtype=bool))
    assert (one["variability"] == 0).all() and (one["learned"] == -1).all() and (one["forgetting"] == 0).all()
