"""Numbers read off a curve, each against an answer worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from workbench.diagnosis.curves import (
    best_position,
    generalisation_loss,
    progress,
    quotient,
    smooth,
    successive_rises,
    wiggle,
)

NONE = pd.Series([], dtype=float)


def test_generalisation_loss_is_the_percentage_above_the_lowest_so_far():
    assert generalisation_loss(pd.Series([1.0, 0.8, 1.0, 0.5, 0.75])).tolist() == pytest.approx([0, 0, 25, 0, 50])


def test_generalisation_loss_of_a_falling_curve_is_zero():
    assert generalisation_loss(pd.Series([3.0, 2.0, 1.0])).tolist() == [0, 0, 0]


def test_progress_compares_the_mean_of_the_window_with_its_minimum():
    # 1000 · ((4 + 2 + 1) / 3 / 1 − 1) and 1000 · ((2 + 1 + 3) / 3 / 1 − 1)
    assert progress(pd.Series([4.0, 2.0, 1.0, 3.0]), k=3).tolist() == pytest.approx([0, 500, 4000 / 3, 1000])


def test_progress_forgets_what_has_left_the_window():
    assert progress(pd.Series([9.0, 1.0, 1.0]), k=2).tolist() == [0, 4000, 0]


def test_quotient_divides_generalisation_loss_by_progress():
    valid, train = pd.Series([0.5, 0.6]), pd.Series([2.0, 1.0])
    assert quotient(valid, train, k=2).iloc[-1] == pytest.approx(20 / 500)


def test_quotient_is_infinite_where_training_stands_still_and_validation_has_risen():
    assert quotient(pd.Series([0.5, 0.6]), pd.Series([1.0, 1.0])).iloc[-1] == math.inf


def test_successive_rises_count_single_evaluations():
    assert successive_rises(pd.Series([1.0, 2.0, 3.0, 3.0, 4.0])).tolist() == [0, 1, 2, 0, 1]


def test_successive_rises_compare_the_ends_of_strips():
    assert successive_rises(pd.Series([1.0, 9.0, 2.0, 0.0, 3.0, 0.0, 2.0]), k=2).tolist() == [0, 0, 1, 1, 2, 2, 0]


def test_successive_rises_keep_the_index():
    assert successive_rises(pd.Series([1.0, 2.0], index=[10, 20])).index.tolist() == [10, 20]


def test_smooth_drops_a_single_spike():
    assert smooth(pd.Series([1.0, 1.0, 9.0, 1.0, 1.0])).max() == 1


def test_smooth_follows_a_step_after_one_value():
    assert smooth(pd.Series([1.0, 1.0, 1.0, 2.0, 2.0])).tolist() == [1, 1, 1, 1, 2]


def test_best_position_is_the_first_of_equals():
    assert best_position(pd.Series([3.0, 1.0, 2.0, 1.0])) == 1


def test_best_position_passes_over_what_is_not_a_number():
    assert best_position(pd.Series([math.nan, 2.0, -math.inf, 1.0])) == 3


def test_wiggle_of_a_straight_line_is_zero():
    assert wiggle(pd.Series(np.linspace(3, 1, 9))) == pytest.approx(0, abs=1e-12)


def test_wiggle_of_a_zigzag_by_hand():
    # second differences of 0, 1, 0, 1, 0 are -2, 2, -2
    assert wiggle(pd.Series([0.0, 1.0, 0.0, 1.0, 0.0])) == pytest.approx(2 / (0.6745 * math.sqrt(6)))


def test_wiggle_recovers_the_noise_under_a_trend():
    noisy = 2 - 0.001 * np.arange(2000) + np.random.default_rng(0).normal(0, 0.02, 2000)
    assert wiggle(pd.Series(noisy)) == pytest.approx(0.02, rel=0.1)


def test_wiggle_of_three_values_is_zero():
    assert wiggle(pd.Series([1.0, 5.0, 1.0, math.nan])) == 0


@pytest.mark.parametrize("curve", [generalisation_loss, progress, successive_rises, smooth])
def test_empty_in_empty_out(curve):
    assert curve(NONE).empty


@pytest.mark.parametrize("curve", [generalisation_loss, progress, successive_rises])
def test_one_value_says_nothing(curve):
    assert curve(pd.Series([0.7])).tolist() == [0]


@pytest.mark.parametrize("curve", [generalisation_loss, progress, successive_rises])
def test_a_constant_loss_never_moves(curve):
    assert curve(pd.Series([0.7] * 6)).tolist() == [0] * 6


def test_generalisation_loss_goes_on_after_a_missing_value():
    assert generalisation_loss(pd.Series([1.0, math.nan, 2.0])).iloc[-1] == 100
