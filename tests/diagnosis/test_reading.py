"""What is read off a curve, on curves whose answer can be computed by hand."""

import math

import numpy as np
import pytest

from workbench.diagnosis import Reading
from workbench.diagnosis.reading import centred, scatter


def reading(valid, step=None, train=None):
    valid = np.array(valid, dtype=float)
    step = np.arange(len(valid), dtype=float) if step is None else np.array(step, dtype=float)
    return Reading(step, np.array(train, dtype=float) if train else valid / 2, valid)


def test_a_straight_line_has_no_noise_however_it_is_spaced():
    step = np.array([0.0, 1, 2, 7, 20, 21])
    assert scatter(step, 3 - 0.1 * step) == pytest.approx(0, abs=1e-12)


def test_noise_is_what_was_put_in_for_even_and_for_uneven_steps():
    random = np.random.default_rng(0)
    for step in (np.arange(4000.0), np.cumsum(random.uniform(0.4, 2.5, 4000))):
        assert scatter(step, random.normal(0, 0.02, 4000) + 1) == pytest.approx(0.02, rel=0.06)


def test_spikes_are_no_noise():
    values = np.full(30, 0.5)
    values[[7, 19]] = 3.0
    assert scatter(np.arange(30.0), values) == 0


def test_a_spike_is_not_seen_and_a_lasting_rise_does_not_lag():
    assert centred(np.array([1.0, 9, 1, 1, 1]), min).tolist() == [1, 1, 1, 1, 1]
    assert centred(np.array([1.0, 1, 1, 4, 5]), min).tolist() == [1, 1, 1, 4, 4]


def test_gl_needs_two_evaluations_in_a_row():
    assert reading([1, 0.5, 0.5, 0.5, 0.9]).gl == 0
    assert reading([1, 0.5, 0.5, 0.6, 0.9]).gl == pytest.approx(20)


def test_a_rise_is_counted_in_units_of_the_noise():
    # neighbours: 0.02 off their line each time, over √1.5 and 0.6745: 0.0242; six values are fewer than seven
    curve = reading([0.5, 0.52, 0.5, 0.52, 0.5, 0.7, 0.7])
    assert curve.far == 1
    assert curve.rise() == pytest.approx((0.7 - 0.5) / curve.noise)


def test_a_rise_without_noise_is_infinitely_clear_and_none_is_none():
    assert reading([1, *[0.5] * 8, 0.6, 0.6]).rise() == math.inf
    assert reading([1, *[0.5] * 10]).rise() == 0


def test_a_longer_curve_must_rise_further():
    assert reading([0.5] * 7).far == 1
    assert reading([0.5] * 100).far == pytest.approx(math.sqrt(2 * math.log(100)) / 2)


@pytest.mark.parametrize("step", [None, [0, 1, 3, 4, 6, 7, 8]])
def test_the_fall_is_per_evaluation_of_the_usual_length(step):
    x = np.arange(7.0) if step is None else np.array(step, dtype=float)
    assert reading(0.8 * 0.97**x, step).fall == pytest.approx(0.03)


def test_one_spike_does_not_move_the_fall():
    valid = 0.8 * 0.97 ** np.arange(10.0)
    valid[7] *= 2
    assert reading(valid).fall == pytest.approx(0.03, abs=0.004)


def test_until_is_what_was_known_then():
    curve = reading([1, 0.5, 0.4, 0.3, 0.9, 0.9])
    assert curve.until(4).gl == 0 and curve.gl > 100 and len(curve.until(4)) == 4
