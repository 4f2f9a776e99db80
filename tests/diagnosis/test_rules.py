"""Each rule on a frame that just meets it and on one that just does not; then on hundreds of noisy curves."""

import json
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from workbench.diagnosis import Context, Thresholds, as_frame, diagnose, findings, frame_from_log_history
from workbench.diagnosis.advice import (
    DIVERGING,
    HEALTHY,
    MEMORISING,
    NON_FINITE,
    NOT_LEARNING,
    OVERFITTING,
    TOO_LITTLE,
    UNDERFITTING,
    WATCH,
)
from workbench.errors import WorkbenchError

NAN = math.nan
COIN = math.log(2)  # what knowing nothing costs with two labels that are equally frequent
FALLING = [0.8, 0.6, 0.5, 0.45, 0.4, 0.35, 0.32, 0.3]
RESTING = [0.8, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]


def frame(valid, train, metric=None):
    steps = range(10, 10 * len(valid) + 1, 10)
    rows = pd.DataFrame({"step": steps, "train_loss": train, "valid_loss": valid}, dtype=float)
    return rows if metric is None else rows.assign(valid_metric=metric)


def verdict(valid, train, metric=None, **context):
    return diagnose(frame(valid, train, metric), Context(**context)).verdict


def rising(top):
    """A validation loss that ends with three steps up to `top`; the last smoothed value is the middle one of these."""
    return [*RESTING[:5], *np.linspace(0.5, top, 4)[1:]]


def up_to(smoothed):
    """The same, told by the last smoothed value: the minimum is 0.5."""
    return rising(0.5 + 1.5 * (smoothed - 0.5))


class Saved:
    """Anything with `.frame()`, such as a Store."""

    def __init__(self, rows):
        self.rows = rows

    def frame(self):
        return self.rows


# 1: non-finite ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [NAN, math.inf, -math.inf])
def test_a_training_loss_that_is_not_a_number_comes_first(odd):
    found = diagnose(frame(RESTING, [*FALLING[:-1], odd]))
    assert (found.verdict, found.since_step) == (NON_FINITE, 80)


def test_the_first_odd_evaluation_is_named():
    assert diagnose(frame([0.7, 0.6, math.inf, math.inf, NAN], FALLING[:5])).since_step == 30


def test_finite_losses_are_not_rule_1():
    assert verdict(RESTING, FALLING) == HEALTHY


def test_a_run_that_a_batch_ended_is_rule_1_though_its_curve_is_finite():
    found = diagnose(frame(RESTING, FALLING), Context(stopped_by="non-finite"))
    assert (found.verdict, found.since_step) == (NON_FINITE, 80)


def test_a_curve_that_is_not_a_number_is_judged_by_rule_1_alone():
    assert [f.verdict for f in findings(frame([NAN, 0.5], [0.7, 0.6]))] == [NON_FINITE]


def test_both_losses_not_a_number_is_rule_1():
    assert verdict([*RESTING[:6], NAN, NAN], [*FALLING[:6], NAN, NAN]) == NON_FINITE


def test_nothing_but_nan_is_rule_1():
    assert verdict([NAN] * 5, [NAN] * 5) == NON_FINITE


# 2: diverging -------------------------------------------------------------------------------------------------------


def test_training_loss_that_ends_above_one_and_a_half_times_its_minimum_diverges():
    found = diagnose(frame([0.7] * 5, [1.0, 0.5, 0.6, 0.76, 0.76]))
    assert (found.verdict, found.since_step) == (DIVERGING, 20)
    assert found.numbers == {"train_loss": 0.76, "lowest": 0.5}


def test_training_loss_that_ends_at_one_and_a_half_times_its_minimum_does_not():
    assert verdict([0.7] * 5, [1.0, 0.5, 0.6, 0.75, 0.75]) != DIVERGING


def test_one_spike_at_the_end_is_not_diverging():
    assert verdict(RESTING, [*FALLING[:-1], 3.0]) != DIVERGING


def test_ratios_of_losses_near_zero_are_not_diverging():
    assert verdict(RESTING, [1.0, 0.1, 0.001, 0.001, 0.002, 0.002, 0.002, 0.002]) != DIVERGING


def test_a_training_loss_that_only_falls_is_not_diverging():
    assert verdict([0.7, 0.6, 0.5, 0.5, 0.5], [0.8, 0.5, 0.3, 0.18, 0.1]) != DIVERGING


# 3: not learning ----------------------------------------------------------------------------------------------------


def test_a_flat_training_loss_is_not_learning():
    found = diagnose(frame([1.0] * 5, [1.0, 0.96, 0.96, 0.96, 0.96]))
    assert found.verdict == NOT_LEARNING
    assert found.numbers["improvement"] == pytest.approx(0.04)


def test_an_improvement_of_more_than_five_percent_is_learning():
    assert verdict([1.0] * 5, [1.0, 0.94, 0.94, 0.94, 0.94]) != NOT_LEARNING


def test_accuracy_within_noise_of_the_majority_class_is_not_learning():
    # 1.96 · √(0.5 · 0.5 / 400) = 0.049
    assert verdict([0.7] * 5, [0.7] * 5, [0.5, 0.5, 0.548, 0.548, 0.548], majority=0.5, n_valid=400) == NOT_LEARNING


def test_accuracy_above_the_noise_is_learning():
    assert verdict([0.7] * 5, [0.7] * 5, [0.5, 0.5, 0.55, 0.55, 0.55], majority=0.5, n_valid=400) != NOT_LEARNING


def test_one_lucky_evaluation_is_not_learning():
    assert verdict([0.7] * 5, [0.7] * 5, [0.5, 0.5, 0.8, 0.5, 0.5], majority=0.5, n_valid=400) == NOT_LEARNING


def test_a_bad_start_above_the_label_entropy_is_not_credited():
    assert verdict([0.7] * 5, [1.4, 0.69, 0.69, 0.69, 0.69], label_entropy=COIN) == NOT_LEARNING


@pytest.mark.parametrize(("planned", "expected"), [(400, False), (200, True)])
def test_a_live_run_is_not_judged_before_15_percent_of_its_steps(planned, expected):
    found = verdict([0.7] * 5, [0.7] * 5, finished=False, planned_steps=planned)
    assert (found == NOT_LEARNING) is expected


def test_a_score_of_zero_is_shown_as_zero():
    found = diagnose(frame([0.7] * 5, [0.7] * 5, [0.0] * 5), Context(majority=0.5, n_valid=400))
    assert found.numbers["best_metric"] == 0


# 4: overfitting -----------------------------------------------------------------------------------------------------


def test_a_rise_above_five_percent_while_training_falls_is_overfitting():
    found = diagnose(frame(up_to(0.526), FALLING))  # GL 5.2%
    assert found.verdict == OVERFITTING
    assert found.numbers["GL"] == pytest.approx(5.2)


def test_a_rise_between_two_and_five_percent_is_watched():
    assert verdict(up_to(0.524), FALLING) == WATCH  # GL 4.8%
    assert verdict(up_to(0.511), FALLING) == WATCH  # GL 2.2%


def test_a_rise_under_two_percent_is_healthy():
    assert verdict(up_to(0.509), FALLING) == HEALTHY  # GL 1.8%


def test_a_rise_of_both_losses_is_not_overfitting():
    assert verdict(up_to(0.6), [0.8, 0.6, 0.5, 0.5, 0.52, 0.55, 0.55, 0.55]) not in (OVERFITTING, WATCH)


def test_overfitting_is_dated_from_the_lowest_validation_loss():
    found = diagnose(frame([0.8, 0.6, 0.49, 0.5, 0.5, 0.6, 0.7, 0.8], FALLING))
    assert found.since_step == 30
    assert found.numbers["best_valid_loss"] == 0.49
    assert found.numbers["GL_last"] == pytest.approx(100 * (0.8 / 0.49 - 1))


def test_one_spike_of_validation_loss_is_not_overfitting():
    assert verdict([*RESTING[:-1], 0.9], FALLING) == HEALTHY


def test_a_rise_within_the_wiggle_of_the_curve_is_not_overfitting():
    assert verdict([0.8, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.6], FALLING) not in (OVERFITTING, WATCH)


def test_three_evaluations_are_too_few_for_overfitting():
    assert verdict([0.5, 0.7, 0.9], [0.5, 0.45, 0.4]) == TOO_LITTLE


def test_early_stopping_is_mentioned_where_it_ended_the_run():
    found = diagnose(frame(up_to(0.6), FALLING), Context(stopped_by="patience"))
    assert "Early stopping ended it" in found.sentence


def test_the_sentence_holds_the_numbers():
    found = diagnose(frame(up_to(0.6), FALLING))
    assert str(found) == (
        "Overfitting since step 30: validation loss is 30.0% above its best (0.650, was 0.500) while training loss "
        "still fell (to 0.300, was 0.500 then)."
    )


# 5: underfitting ----------------------------------------------------------------------------------------------------


def test_a_training_loss_at_nine_tenths_of_the_label_entropy_is_underfitting():
    train = [COIN, 0.66, 0.63, 0.63, 0.63]  # 0.9 · ln 2 = 0.6238
    assert verdict([0.69, 0.66, 0.65, 0.65, 0.65], train, label_entropy=COIN) == UNDERFITTING


def test_a_training_loss_just_below_is_not():
    train = [COIN, 0.66, 0.62, 0.62, 0.62]
    assert verdict([0.69, 0.66, 0.65, 0.65, 0.65], train, label_entropy=COIN) == HEALTHY


@pytest.mark.parametrize(("planned", "expected"), [(200, False), (160, True)])
def test_a_high_training_loss_counts_in_a_live_run_after_30_percent_of_its_steps(planned, expected):
    valid, train = [0.69, 0.66, 0.65, 0.65, 0.65], [COIN, 0.66, 0.63, 0.63, 0.63]
    found = verdict(valid, train, label_entropy=COIN, finished=False, planned_steps=planned)
    assert (found == UNDERFITTING) is expected


def by_percent(percent):
    return [0.55 * (1 - percent / 100) ** n for n in range(8)]


def test_a_validation_loss_that_still_falls_by_more_than_one_percent_is_underfitting():
    found = diagnose(frame(by_percent(1.1), FALLING))
    assert found.verdict == UNDERFITTING
    assert found.numbers["fall_per_evaluation"] == pytest.approx(0.011)


def test_a_validation_loss_that_was_lower_before_does_not_still_fall():
    """Five evaluations of a real run of tags: the steep beginning is not the end."""
    assert verdict([2.22, 0.79, 0.62, 0.64, 0.63], [2.22, 0.71, 0.48, 0.42, 0.40]) == HEALTHY
    assert verdict([2.22, 0.79, 0.62, 0.64, 0.61], [2.22, 0.71, 0.48, 0.42, 0.40]) == UNDERFITTING


def test_a_validation_loss_that_falls_by_less_than_one_percent_is_healthy():
    assert verdict(by_percent(0.9), FALLING) == HEALTHY


@pytest.mark.parametrize("context", [{"finished": False}, {"stopped_by": "user"}, {"stopped_by": "patience"}])
def test_a_falling_validation_loss_is_underfitting_only_where_the_budget_ended_it(context):
    assert verdict(by_percent(1.1), FALLING, **context) == HEALTHY


# 6: memorising ------------------------------------------------------------------------------------------------------


def ends_at(loss):
    return [0.7, 0.5, 0.4, 0.35, 0.3, loss, loss, loss]


def test_a_gap_of_half_the_validation_loss_without_a_rise_is_memorising():
    found = diagnose(frame(RESTING, ends_at(0.24)))
    assert found.verdict == MEMORISING
    assert found.numbers["gap"] == pytest.approx(0.26)


@pytest.mark.parametrize(
    ("valid", "said"),
    [(RESTING, "but validation has not risen."), ([*RESTING[:-1], 0.55], "validation ends 10.0% above its best, too small or too short")],
)  # fmt: skip
def test_memorising_does_not_deny_a_rise_that_the_picture_shows(valid, said):
    found = diagnose(frame(valid, ends_at(0.2)))
    assert found.verdict == MEMORISING and said in str(found)


def test_a_smaller_gap_is_healthy():
    assert verdict(RESTING, ends_at(0.26)) == HEALTHY


@pytest.mark.parametrize(("error", "expected"), [(0.13, MEMORISING), (0.14, HEALTHY)])
def test_the_gap_must_be_larger_than_its_noise(error, expected):
    assert verdict(RESTING, ends_at(0.24), loss_se=error) == expected  # 0.26 / 1.96 = 0.1327


def test_a_gap_with_a_rise_is_not_memorising_without_harm():
    assert verdict(up_to(0.515), [0.7, 0.4, *[0.2] * 6]) != MEMORISING  # GL 3%, training loss at rest


# 7 and 8: healthy, not enough evidence ------------------------------------------------------------------------------


def test_both_losses_falling_to_rest_is_healthy():
    found = diagnose(frame(RESTING, FALLING))
    assert (found.verdict, found.since_step, found.advice) == (HEALTHY, None, ())


def test_three_evaluations_are_not_enough():
    assert verdict([0.8, 0.6, 0.5], [0.8, 0.6, 0.5]) == TOO_LITTLE


def test_four_evaluations_are_enough():
    assert verdict([0.8, 0.6, 0.5, 0.5], [0.8, 0.6, 0.5, 0.45]) == HEALTHY


def test_a_change_within_the_noise_is_not_enough_evidence():
    # second differences 0.04 and 0.08: wiggle 0.0363, 1.96 of them 0.071, and the change is 0.04
    found = diagnose(frame([0.62, 0.58, 0.62, 0.58, 0.62, 0.58], FALLING[:6]))
    assert found.verdict == TOO_LITTLE
    assert found.numbers["change"] == pytest.approx(0.04)


def test_a_change_above_the_noise_is_evidence():
    assert verdict([0.72, 0.58, 0.6, 0.58, 0.6, 0.58], FALLING[:6]) == HEALTHY


def test_not_enough_evidence_is_never_followed_by_healthy():
    assert [f.verdict for f in findings(frame([0.6] * 5, FALLING[:5]))] == [TOO_LITTLE]


def test_what_overfits_is_not_healthy_or_without_harm_as_well():
    found = {f.verdict for f in findings(frame(up_to(0.6), ends_at(0.2)))}
    assert not found & {HEALTHY, MEMORISING}


# Little to go by ----------------------------------------------------------------------------------------------------


def test_an_empty_frame_is_not_enough_evidence():
    assert diagnose(pd.DataFrame()).verdict == TOO_LITTLE


def test_a_run_without_evaluations_is_not_enough_evidence():
    assert diagnose(Saved(frame([], []))).verdict == TOO_LITTLE


def test_a_run_that_a_batch_ended_before_its_first_evaluation_is_rule_1():
    assert diagnose(frame([], []), Context(stopped_by="non-finite")).verdict == NON_FINITE


def test_one_row_is_not_enough_evidence():
    assert verdict([0.7], [0.7]) == TOO_LITTLE


def test_constant_losses_are_not_learning():
    assert verdict([0.7] * 6, [0.7] * 6) == NOT_LEARNING


def test_constant_losses_with_a_good_score_are_not_enough_evidence():
    assert verdict([0.3] * 6, [0.3] * 6, [0.9] * 6, majority=0.5, n_valid=400) == TOO_LITTLE


def test_thresholds_can_be_moved():
    assert diagnose(frame(up_to(0.509), FALLING), None, Thresholds(watch=1)).verdict == WATCH


def test_a_finding_is_plain_enough_for_json():
    found = diagnose(frame(up_to(0.6), FALLING))
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == OVERFITTING


@pytest.mark.parametrize(
    ("valid", "train"),
    [
        ([NAN, 0.5, 0.5, 0.5], FALLING[:4]),
        ([0.7] * 5, [1.0, 0.5, 0.8, 0.8, 0.8]),
        ([0.7] * 5, [0.7] * 5),
        (up_to(0.6), FALLING),
        (by_percent(3), FALLING),
        (RESTING, ends_at(0.1)),
        (RESTING, FALLING),
        ([0.7], [0.7]),
    ],
)
def test_every_verdict_names_its_rule_its_numbers_and_what_would_change_it(valid, train):
    found = diagnose(frame(valid, train))
    assert found.rule[0] in "12345678"
    assert found.numbers
    assert found.revise


# Frames from elsewhere ----------------------------------------------------------------------------------------------


def test_a_keras_history_is_read():
    assert diagnose({"loss": FALLING, "val_loss": up_to(0.6)}).verdict == OVERFITTING


def test_anything_with_a_frame_is_read():
    assert diagnose(Saved(frame(up_to(0.6), FALLING))).verdict == OVERFITTING


def test_rows_are_put_in_the_order_of_their_steps():
    backwards = frame(up_to(0.6), FALLING).iloc[::-1]
    assert diagnose(backwards).verdict == OVERFITTING


def test_evaluations_without_steps_are_numbered_from_one():
    assert as_frame({"loss": [0.7, 0.6], "val_loss": [0.7, 0.6]})["step"].tolist() == [1, 2]


def test_a_log_history_gives_each_evaluation_the_training_loss_before_it():
    history = [
        {"loss": 0.7, "step": 5},
        {"loss": 0.6, "step": 10},
        {"eval_loss": 0.65, "eval_accuracy": 0.8, "step": 10, "epoch": 1.0},
        {"train_runtime": 1.0, "train_loss": 0.65, "step": 10},
    ]
    row = frame_from_log_history(history).iloc[0]
    assert (row.step, row.train_loss, row.valid_loss, row.valid_metric) == (10, 0.6, 0.65, 0.8)


def test_a_log_history_without_evaluations_is_an_error():
    with pytest.raises(WorkbenchError, match="eval_strategy"):
        diagnose([{"loss": 0.7, "step": 5}])


@pytest.mark.parametrize("missing", ["valid_loss", "train_loss"])
def test_a_missing_column_is_named(missing):
    with pytest.raises(WorkbenchError, match=missing):
        diagnose(frame(RESTING, FALLING).drop(columns=missing))


def test_what_is_no_curve_is_an_error():
    with pytest.raises(WorkbenchError, match="type float"):
        diagnose(0.5)


def test_an_evaluation_before_the_first_training_loss_is_no_alarm():
    history = [{"eval_loss": 0.8, "step": 0}]
    for n, (train, valid) in enumerate(zip(FALLING, RESTING, strict=True), 1):
        history += [{"loss": train, "step": n}, {"eval_loss": valid, "step": n}]
    assert diagnose(history).verdict == HEALTHY


def test_lightning_rows_with_one_loss_each_are_no_alarm():
    train = pd.DataFrame({"step": range(8), "train_loss": FALLING})
    valid = pd.DataFrame({"step": range(8), "val_loss": RESTING})
    assert diagnose(pd.concat([train, valid])).verdict == HEALTHY


# Hundreds of noisy curves -------------------------------------------------------------------------------------------

MANY = 200
NOISE = [0.01, 0.02]


def verdicts(make, seed, evaluations=20, context=None):
    random = np.random.default_rng(seed)
    t = np.linspace(0, 1, evaluations)
    return Counter(diagnose(frame(*make(t, random)), context).verdict for _ in range(MANY))


def fitted(noise, rate=5):
    def make(t, random):
        fall = np.exp(-rate * t)
        return 0.4 + 0.3 * fall + random.normal(0, noise, len(t)), 0.3 + 0.4 * fall + random.normal(
            0, noise / 2, len(t)
        )

    return make


def overfitted(noise):
    def make(t, random):
        valid = 0.45 + 0.25 * np.exp(-12 * t) + 0.3 * np.maximum(t - 0.3, 0)
        return valid + random.normal(0, noise, len(t)), 0.15 + 0.55 * np.exp(-4 * t) + random.normal(
            0, noise / 2, len(t)
        )

    return make


def idle(noise):
    def make(t, random):
        return COIN + random.normal(0, noise, len(t)), COIN + random.normal(0, noise / 2, len(t))

    return make


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("evaluations", [10, 20])
def test_at_most_5_percent_of_healthy_curves_raise_an_alarm(noise, evaluations):
    found = verdicts(fitted(noise), seed=1, evaluations=evaluations)
    assert found[OVERFITTING] + found[WATCH] <= 0.05 * MANY


def test_at_most_5_percent_of_long_resting_curves_raise_an_alarm():
    found = verdicts(fitted(0.02, rate=10), seed=1, evaluations=40)
    assert found[OVERFITTING] + found[WATCH] <= 0.05 * MANY


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("evaluations", [10, 20])
def test_at_most_5_percent_of_clear_overfitting_is_missed(noise, evaluations):
    assert verdicts(overfitted(noise), seed=2, evaluations=evaluations)[OVERFITTING] >= 0.95 * MANY


@pytest.mark.parametrize("noise", NOISE)
def test_at_most_5_percent_of_flat_curves_are_called_anything_but_not_learning(noise):
    found = verdicts(idle(noise), seed=3)
    assert found[NOT_LEARNING] >= 0.95 * MANY
    assert found[HEALTHY] == 0


def test_resting_curves_that_ended_by_patience_are_called_healthy():
    found = verdicts(fitted(0.01), seed=4, context=Context(stopped_by="patience"))
    assert found[HEALTHY] >= 0.95 * MANY


def test_a_run_that_does_not_learn_is_held_against_what_its_task_calls_trivial():
    flat = pd.DataFrame({"step": range(8), "train_loss": [1.0] * 8, "valid_loss": [1.0] * 8, "accuracy": [0.0] * 8})
    found = diagnose(flat, Context(n_valid=200, majority=0.0, trivial="no names", finished=True))
    assert found.verdict == "not learning" and "no names 0.0%" in str(found) and "majority" not in str(found)


def test_a_short_steep_curve_that_stays_far_above_its_best_is_overfitting():
    """Of six evaluations of 96 texts on bert-tiny; its noise cannot be told from the bend, so the rise alone is not believed."""
    train = [2.083, 1.416, 0.208, 0.027, 0.009, 0.006, 0.005]
    valid = [2.080, 1.818, 1.296, 1.520, 1.847, 1.885, 1.879]
    assert verdict(valid, train) == OVERFITTING
    doubted = diagnose(frame(valid, train), Context(), Thresholds(clear=20))  # 1.520 is 17% above 1.296
    assert doubted.verdict == WATCH
    assert str(doubted).startswith("Probably overfitting since") and "too uneven to be sure" in str(doubted)
    assert str(diagnose(frame(up_to(0.511), FALLING))).startswith("Beginning to overfit")


# what is said must be true of the curve and of how the run ended -------------------------------------------------------------


def test_a_loss_that_is_higher_than_it_began_has_not_fallen_and_smaller_steps_come_first():
    found = diagnose(frame([2.1, 2.8, 2.3, 2.2, 2.12], [2.08, 2.77, 2.3, 2.2, 2.114], [0.12, 0.13, 0.12, 0.139, 0.12]),
                     Context(majority=0.12, n_valid=237, label_entropy=2.08, finished=True))  # fmt: skip
    assert found.verdict == NOT_LEARNING and "has not fallen: it is 2.114 after 2.080" in str(found)
    assert found.advice[0].label == "Lower the learning rate"
    flat = diagnose(
        frame([2.1] * 5, [2.08, 2.079, 2.078, 2.078, 2.077], [0.12] * 5),
        Context(majority=0.12, n_valid=237, finished=True),
    )
    assert flat.verdict == NOT_LEARNING and flat.advice[0].label == "Raise the learning rate"


def test_a_loss_near_zero_that_falls_on_is_no_underfitting():
    solved = [0.7, 0.2, 0.06, 0.02, 0.015, 0.011]
    for level, expected in ((1.0, HEALTHY), (10.0, UNDERFITTING)):
        curve = [level * v for v in solved]
        found = verdict(
            curve, curve, [0.5, 0.9, 1, 1, 1, 1], label_entropy=0.69, finished=True, majority=0.5, n_valid=100
        )
        assert found == expected, level


def test_a_run_that_was_stopped_by_hand_while_it_was_falling_says_so():
    falling = [5.2, 4.4, 3.99, 3.76, 3.64]
    by_hand = diagnose(frame(falling, falling), Context(finished=True, stopped_by="user"))
    assert by_hand.verdict == HEALTHY and "stopped by hand while validation loss was still falling by" in str(by_hand)
    assert "stopped by hand" not in str(diagnose(frame(RESTING, FALLING), Context(finished=True, stopped_by="user")))


@pytest.mark.parametrize(("stopped_by", "advised"), [("patience", []), ("user", []), ("budget", ["Train for longer"])])
def test_who_was_stopped_is_not_told_that_the_budget_ended(stopped_by, advised):
    found = diagnose(
        frame([0.7, 0.71, 0.695, 0.7, 0.705], [0.7, 0.6, 0.55, 0.5, 0.45]),
        Context(finished=True, stopped_by=stopped_by),
    )
    assert found.verdict == TOO_LITTLE and [a.label for a in found.advice] == advised
    assert not any("budget" in a.why for a in found.advice)
