"""The judges of lesson 06 on curves that need no training."""

import pandas as pd
import pytest
from fakes import ended, run

import workbench as wb

LATE = [1.0, 0.8, 0.9, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0]  # patience 1 stops at the third evaluation, at 0.8
SOON = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]


def curve(losses):
    made = run()
    frame = pd.DataFrame({"step": range(1, len(losses) + 1), "train_loss": [1.0] * len(losses), "valid_loss": losses})
    made.frame = lambda: frame
    return made


@pytest.mark.parametrize(
    ("losses", "patience", "passed", "why"),
    [
        (LATE, 2, True, "Nothing is lost and 40% is saved"),
        (LATE, 1, False, "60.0% above"),
        (LATE, 9, False, "never stops"),
        (LATE, 4, False, "less than 25%"),
        (LATE, 0, False, "whole number"),
        (LATE, 1.5, False, "whole number"),
    ],
)
def test_a_patience_that_misses_nothing_and_saves_a_quarter(losses, patience, passed, why):
    outcome = wb.exercise("06.1").check(curve(losses), patience)
    assert (bool(outcome), why in outcome.text) == (passed, True), outcome


@pytest.mark.parametrize(
    ("losses", "passed", "why"),
    [(LATE, True, "60.0% above"), (SOON, False, "no harm"), (LATE[:4], False, "at least 8"), ([1.0 - i / 10 for i in range(9)], False, "never stops")],
)  # fmt: skip
def test_a_curve_on_which_impatience_costs(losses, passed, why):
    outcome = wb.exercise("06.2").check(curve(losses))
    assert bool(outcome) == passed, outcome
    assert why in outcome.text


@pytest.mark.parametrize(
    ("events", "passed"), [(ended(40, "rule"), True), (ended(90, "rule"), False), (ended(40, "patience"), False)]
)
def test_a_run_that_a_rule_has_stopped(events, passed):
    assert bool(wb.exercise("06.3").check(run(events=events))) == passed


def test_nothing_is_not_an_attempt():
    for name in ("06.1", "06.2", "06.3"):
        assert wb.exercise(name).check(None).state == "not attempted"
