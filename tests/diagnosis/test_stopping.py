"""Patience, counted by hand."""

import json
import math

import pandas as pd
import pytest

from workbench.diagnosis import Patience, replay


def answers(rule, losses):
    return [rule.update(step, loss) for step, loss in enumerate(losses)]


def curve(*losses):
    return pd.DataFrame({"step": range(10, 10 * len(losses) + 1, 10), "valid_loss": losses})


def test_it_stops_after_so_many_evaluations_without_improvement():
    assert answers(Patience(3), [0.7, 0.6, 0.61, 0.62, 0.63]) == [False] * 4 + [True]


def test_an_improvement_starts_the_count_again():
    rule = Patience(2)
    assert answers(rule, [0.7, 0.71, 0.6, 0.61]) == [False] * 4
    assert rule.left == 1


def test_an_equal_loss_is_no_improvement():
    assert answers(Patience(1), [0.5, 0.5]) == [False, True]


def test_an_improvement_of_exactly_min_delta_is_none():
    assert answers(Patience(1, min_delta=0.25), [1.0, 0.75]) == [False, True]


def test_an_improvement_of_more_than_min_delta_counts():
    assert answers(Patience(1, min_delta=0.25), [1.0, 0.5]) == [False, False]


def test_small_improvements_add_up_against_the_best():
    assert answers(Patience(3, min_delta=0.25), [1.0, 0.875, 0.75, 0.625]) == [False] * 4


def test_the_best_step_is_kept():
    rule = Patience(5)
    answers(rule, [0.7, 0.5, 0.6])
    assert (rule.best_step, rule.best_value, rule.waited) == (1, 0.5, 1)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_loss_that_is_not_a_number_is_no_improvement(odd):
    assert answers(Patience(2), [odd, odd]) == [False, True]


def test_left_counts_down_to_zero_and_stays_there():
    rule, left = Patience(2), []
    for step in range(5):
        rule.update(step, 1.0)
        left.append(rule.left)
    assert left == [2, 1, 0, 0, 0]


@pytest.mark.parametrize("losses", [[], [0.7, 0.8]])
def test_the_state_survives_json(losses):
    rule = Patience(3, min_delta=0.01)
    answers(rule, losses)
    assert Patience.from_state(json.loads(json.dumps(rule.to_state(), allow_nan=False))) == rule


def test_a_restored_rule_goes_on_counting():
    rule = Patience(2)
    answers(rule, [0.5, 0.6])
    assert Patience.from_state(rule.to_state()).update(2, 0.6)


def test_replay_names_the_step_of_the_stop():
    assert replay(curve(0.7, 0.5, 0.6, 0.6, 0.4), Patience(2)) == 40


def test_replay_is_none_where_patience_lasts():
    assert replay(curve(0.7, 0.5, 0.6, 0.6), Patience(3)) is None


def test_replay_of_nothing_is_none():
    assert replay(curve(), Patience(1)) is None


def test_replay_leaves_the_rule_fresh():
    rule, falling = Patience(2), curve(0.7, 0.6, 0.5)
    assert replay(falling, rule) == replay(falling, rule)
