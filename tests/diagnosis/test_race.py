"""Stopping rules on curves short enough to count by hand."""

import pandas as pd
import pytest

import workbench as wb
from workbench.diagnosis.race import GL, PQ, UP, USUAL, Patient, race, replay_rule, rule


def curve(valid, train=None, every=10):
    steps = range(every, every * len(valid) + 1, every)
    return pd.DataFrame({"step": steps, "train_loss": train or [1.0] * len(valid), "valid_loss": valid})


DIP = curve([1.0, 0.8, 0.84, 0.9, 0.6, 0.7])  # a first minimum at step 20, the true one at step 50


@pytest.mark.parametrize(
    ("one", "stop", "kept", "regret"),
    [
        (Patient(1), 2, 1, 100 / 3),  # step 30; 0.8 is a third above 0.6
        (Patient(2), 3, 1, 100 / 3),
        (Patient(3), None, 4, 0.0),  # the count begins again at step 50
        (Patient(1, min_delta=0.3), 1, 1, 100 / 3),  # 0.2 better does not count
        (GL(4), 2, 1, 100 / 3),  # GL is 5.0 at step 30
        (GL(5.5), 3, 1, 100 / 3),  # 12.5 at step 40
        (GL(20), None, 4, 0.0),  # 16.7 at the end is the highest
        (UP(1), 2, 1, 100 / 3),
        (UP(2), 3, 1, 100 / 3),
        (UP(3), None, 4, 0.0),
    ],
)
def test_where_a_rule_stops_and_what_that_costs(one, stop, kept, regret):
    found = replay_rule(DIP, one)
    assert (found.stop, found.kept, found.best) == (stop, kept, 4)
    assert found.regret == pytest.approx(regret)
    assert found.seen == (len(DIP) if stop is None else stop + 1)
    assert found.used == pytest.approx(found.seen / 6)


def test_progress_quotient_waits_while_training_still_moves():
    valid = [1.0, 0.5, 0.5, 0.5, 0.5, 0.55, 0.55]  # GL 10% from the sixth evaluation on
    still, moving = [1.0] * 7, [2.0, 1.9, 1.7, 1.4, 1.0, 0.5, 0.1]
    assert PQ(0.5).first(pd.Series(valid), pd.Series(still)) == 5  # no progress at all: any rise is enough
    assert PQ(0.5).first(pd.Series(valid), pd.Series(moving)) is None


def test_progress_quotient_needs_k_evaluations():
    rising = pd.Series([0.5, 0.6, 0.7, 0.8])
    assert PQ(0.5, k=5).first(rising, pd.Series([1.0] * 4)) is None
    assert PQ(0.5, k=3).first(rising, pd.Series([1.0] * 4)) == 2


@pytest.mark.parametrize("one", USUAL, ids=lambda r: r.name)
def test_no_rule_looks_ahead(one):
    whole = curve([1.0, 0.7, 0.72, 0.75, 0.71, 0.9, 0.95, 1.0, 1.2, 1.3], [1.0 - i / 20 for i in range(10)])
    stop = one.first(whole["valid_loss"], whole["train_loss"])
    if stop is not None:
        cut = whole.iloc[: stop + 1]
        assert one.first(cut["valid_loss"], cut["train_loss"]) == stop
        assert one.first(cut["valid_loss"][:-1], cut["train_loss"][:-1]) is None


@pytest.mark.parametrize("one", USUAL, ids=lambda r: r.name)
def test_a_name_stands_for_its_rule(one):
    assert rule(one.name) == one


@pytest.mark.parametrize("text", ["", "GL", "GL 0", "patience 1.5", "UP -2", "gl five", "<b>", None])
def test_a_name_that_stands_for_none(text):
    with pytest.raises(wb.WorkbenchError, match="patience, GL, PQ or UP"):
        rule(text)


def test_the_race_is_sorted_by_regret_and_then_by_steps():
    table = race(DIP, ["patience 1", "patience 3", "UP 2"])
    assert list(table.index) == ["patience 3", "patience 1", "UP 2"]
    assert table.loc["patience 1", "stops at step"] == 30 and table.loc["patience 3", "stops at step"] == "never"
    assert table.loc["patience 1", "steps used (%)"] == 50.0 and table.loc["patience 1", "regret (%)"] == 33.33


def test_unequal_spacing_counts_steps_not_evaluations():
    frame = DIP.assign(step=[1, 2, 3, 10, 50, 100])
    assert replay_rule(frame, Patient(1)).used == pytest.approx(0.03)


def test_a_curve_without_evaluations_is_said_to_be_one():
    with pytest.raises(wb.WorkbenchError, match="without evaluations"):
        replay_rule(curve([]), Patient(1))


def test_losses_that_are_not_numbers_never_count_as_best():
    found = replay_rule(curve([1.0, float("nan"), 0.9, float("inf"), 1.1]), Patient(2))
    assert (found.kept, found.stop) == (2, 4)
