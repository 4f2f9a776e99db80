"""What lesson 15 says, with its own settings: patterns come before exceptions, wrong labels gather where it is hard, and solutions
pass their judges."""

import re
from functools import cache
from pathlib import Path

import pytest

import workbench as wb
from workbench.diagnosis.dynamics import onset, overtaken

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "15-reading-single-examples.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-tiny", "train_examples": 400, "epochs": 8, "learning_rate": 1e-3, "evaluations": 16}
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.seeds) for seed in (1, 2))]


@pytest.fixture(scope="module", autouse=True)
def shared(tmp_path_factory):
    """One folder for the runs of all tests here: each is trained once."""
    return tmp_path_factory.mktemp("lesson15")


@pytest.fixture(autouse=True)
def home(shared, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(shared))
    return shared


@cache
def trained(seed, **choices):
    return wb.fit("headlines", seed=seed, **choices, **SAME).join()


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert eval(f"dict({re.search(r'same = dict[(](.*)[)]', source)[1]})") == SAME
    assert 'wb.fit("headlines", noise=0.2, **same)' in source and 'wb.fit("headlines", watch=True, **same)' in source


@pytest.mark.parametrize("seed", SEEDS)
def test_patterns_come_first_and_exceptions_are_learned_by_heart(home, seed):
    run = trained(seed, noise=0.2)
    shares = run.noise()
    begins, over = onset(shares, 80), overtaken(shares)
    assert shares["flipped"].iloc[0] == 80 and shares["step"].iloc[-1] == 200
    assert shares["true"].max() > 0.35 and 0 < begins <= over < len(shares) - 5  # for a while many are corrected
    assert shares["given"].iloc[-1] > 0.9  # in the end nearly all are answered as they were told
    at_best = shares[shares["step"] == run.best["step"]].iloc[0]
    assert at_best["given"] > 0.3 > 3 * at_best["expected"]  # a good part at the lowest validation loss
    assert 40 < run.best["step"] < 160


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_labels_gather_where_it_is_hard_and_the_control_has_few_there(home, seed):
    run, control = trained(seed, noise=0.2), trained(seed, watch=True)
    until = run.best["step"]
    shown = run.dynamics(until=until, reveal=True)
    assert shown.nsmallest(20, "confidence")["flipped"].mean() > 0.8  # one in five by chance
    corner, without = ((r.dynamics(until=until)["confidence"] < 0.25).sum() for r in (run, control))
    assert corner > 2 * without
    everything = run.dynamics()["confidence"]
    assert everything.quantile(0.05) > shown["confidence"].quantile(0.05) + 0.1  # the map collapses upwards


@pytest.mark.parametrize("seed", SEEDS)
def test_training_ends_at_the_right_edge_and_validation_in_two_heaps(home, seed):
    found = trained(seed, noise=0.2).examples()
    train, valid = found.train.p_right[-1], found.validation.p_right[-1]
    assert (train > 0.9).mean() > 0.9
    assert (valid > 0.8).mean() > 0.3 and (valid < 0.2).mean() > 0.15
    assert ((valid > 0.2) & (valid < 0.8)).mean() < 0.4


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["15.1", "15.2", "15.3"])
def test_the_solutions_that_train_nothing_pass(home, name, seed):
    found = {"run": trained(seed, noise=0.2)}
    exec(wb.exercise(name).solution(), found)
    outcome = wb.exercise(name).check(found["run"], found.get("rows", found.get("step")))
    assert outcome, outcome


def test_the_solution_that_trains_passes(home):
    code = re.fullmatch(r"answer = (wb\.fit\(.*\)); await answer", wb.exercise("15.4").solution())[1]
    outcome = wb.exercise("15.4").check(eval(f"{code}.join()", {"wb": wb}))
    assert outcome, outcome
