"""What lesson 14 says of its regularisers: the ablation of the lesson and the one on reviews that it speaks of; solutions that pass."""

import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "14-regularisation.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("regularisation")]
SETTINGS = re.search(r"(?m)^base = (dict\(.*\))$", LESSON.read_text("utf-8"))[1]
BASE = eval(SETTINGS)


@pytest.fixture(scope="module")
def home_of_all(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def table(home_of_all):
    """The ablation of the lesson, as its own cell asks for it, and mixing, of which its text speaks."""
    text = LESSON.read_text("utf-8")
    code = text[text.index("changes = {") : text.index("\ntable = await")]
    names = {}
    exec(code, names)
    return (
        wb.ablate("headlines", {**names["changes"], "mixup": 1.0}, seeds=3, **BASE).join().frame().set_index("change")
    )


@pytest.fixture(scope="module")
def ill(home_of_all):
    return wb.fit("headlines", **BASE).join()


def test_the_illness_is_overfitting(ill):
    """As a rule from the first words on; where the rebound is short, the verdict only watches it."""
    assert ill.diagnosis.verdict in ("overfitting", "watch: overfitting")
    losses = ill.frame()["valid_loss"]
    assert losses.iloc[-1] > 1.2 * losses.min()


def test_dropout_ends_the_rebound_and_makes_the_best_model_worse(table):
    row, base = table.loc["dropout=0.6"], table.loc["base"]
    assert row["GL"] < 1 and row["gap"] < 0.3 * base["gap"] and base["GL"] > 10
    assert row["against the base"] == "higher" and row["difference"] == pytest.approx(0.5, abs=0.15)


def test_mixing_checks_the_climb_without_a_detectable_difference(table):
    assert table.loc["mixup=1.0", "GL"] < 0.75 * table.loc["base", "GL"]
    assert table.loc["mixup=1.0", "against the base"] == "no detectable difference"
    assert table.loc["mixup=1.0", "difference"] == pytest.approx(-0.06, abs=0.08)


def test_freezing_helps_by_two_tenths_and_more_texts_do_most(table):
    frozen, more = table.loc["freeze=2"], table.loc["more texts"]
    assert frozen["against the base"] == more["against the base"] == "lower"
    assert frozen["GL"] < 5 and frozen["difference"] == pytest.approx(-0.2, abs=0.1)
    assert table["difference"].idxmin() == "more texts"


def test_on_reviews_a_cured_curve_is_not_a_cured_model(home_of_all):
    changes = {"dropout": 0.6, "mixup": 1.0, "freeze": 2, "more texts": {"train_examples": 512, "epochs": 3}}
    base = {**BASE, "train_examples": 128, "learning_rate": 1e-3, "evaluations": 8}
    found = wb.ablate("reviews", changes, seeds=3, **base).join().frame().set_index("change")
    assert set(found["against the base"].iloc[1:]) == {"no detectable difference"}
    assert found.loc["base", "loss"] == pytest.approx(0.69, abs=0.015) and found.loc["base", "GL"] > 80
    assert found.loc["dropout=0.6", "GL"] < 2 and found.loc["freeze=2", "GL"] < 20


@pytest.mark.parametrize("name", ["14.1", "14.2"])
def test_the_solution_passes_its_judge(ill, name):
    exercise = wb.exercise(name)
    code = re.fullmatch(r"(\w+) = (wb\.fit\(.*\)); await \1", exercise.solution())[2]
    outcome = exercise.check(ill, eval(f"{code}.join()", {"wb": wb, "base": BASE}))
    assert outcome, outcome


def test_the_ablation_of_the_solution_is_read_as_the_judge_reads_it(home_of_all):
    exercise = wb.exercise("14.3")
    code = exercise.solution().replace("await wb.ablate", "wb.ablate").replace("**base)", "**base).join()")
    names = {"wb": wb, "base": BASE}
    exec(code, names)
    outcome = exercise.check(names["mine"], names["lower"])
    assert outcome, outcome
