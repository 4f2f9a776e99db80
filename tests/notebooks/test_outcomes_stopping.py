"""What lesson 06 promises: a curve that turns, a replay that foretells the live stop, and solutions that pass their judge."""

import re
from pathlib import Path

import pytest
from lesson_sources import same_settings

import workbench as wb
from workbench.diagnosis.race import Patient, race, replay_rule, rule

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "06-when-to-stop.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-mini", "train_examples": 300, "epochs": 12, "learning_rate": 1.5e-4, "evaluations": 12}


def test_the_settings_are_those_of_the_lesson():
    assert same_settings(LESSON) == SAME


def test_the_curve_turns_and_the_replay_foretells_where_a_live_rule_stops(home):
    runs = [wb.fit("reviews", seed=seed, **SAME).join() for seed in (0, 1)]
    for run in runs:
        found = replay_rule(run, Patient(3))
        assert (
            found.stop is not None and found.regret < 1 and found.used < 0.8
        )  # it turns: something is there to be saved
    stop = replay_rule(runs[0], rule("GL 5")).stop
    assert stop is not None
    early = wb.fit("reviews", stopping="GL 5", **SAME).join()
    assert int(early.frame()["step"].iloc[-1]) == int(runs[0].frame()["step"].iloc[stop])
    first = next(p for p in range(1, 12) if race(runs[0], [f"patience {p}"])["regret (%)"].iloc[0] == 0)
    outcome = wb.exercise("06.1").check(runs[0], first)
    assert outcome, outcome


@pytest.mark.parametrize("name", ["06.2", "06.3"])
def test_the_solution_passes_its_judge(home, name):
    exercise = wb.exercise(name)
    code = re.fullmatch(r"answer = wb\.fit\((.*)\); await answer", exercise.solution())[1]
    outcome = exercise.check(eval(f"wb.fit({code}).join()", {"wb": wb}))
    assert outcome, outcome
