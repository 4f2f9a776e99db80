"""What lesson 17 says, with its own settings: what mistakes cost, which cost nothing, and that solutions pass their judges."""

import re
from pathlib import Path

import pandas as pd
import pytest
from lesson_sources import same_settings

import workbench as wb
from workbench.training.predictor import Predictor

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "17-tokens-gone-wrong.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-mini", "train_examples": 160, "learning_rate": 1e-3, "epochs": 5, "evaluations": 4}
SEEDS = [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """(right, wrong) of a seed, trained when they are first asked for."""
    import os

    made, before = {}, os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(tmp_path_factory.mktemp("runs"))

    def of(seed):
        if seed not in made:
            ways = (None, "wrong-tokenizer")
            made[seed] = [wb.fit("headlines", mistake=m, seed=seed, **SAME).join() for m in ways]
        return made[seed]

    yield of
    os.environ.pop("WORKBENCH_HOME") if before is None else os.environ.update(WORKBENCH_HOME=before)


def test_the_settings_are_those_of_the_lesson():
    assert same_settings(LESSON) == SAME


def test_notes_are_cut_finest_and_questions_and_contracts_are_not():
    cell = next(c for c in LESSON.read_text("utf-8").split("# %%") if "def pieces_per_word" in c)
    names = {"wb": wb, "pd": pd}
    exec(cell.rsplit("pd.concat", 1)[0], names)
    found = pd.concat(names["pieces_per_word"](*which) for which in names["asked"])
    for _, rows in found.groupby("tokenizer"):
        cost = rows.set_index("texts")["per word"]
        assert cost.idxmax() == "clinic note" and cost["clinic note"] > 1.3 * cost.drop("clinic note").max()
        assert cost["clinic question"] < cost["headlines"] and cost["clauses"] < 1.05 * cost["reviews"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wrong_tokenizer_costs_most_of_pretraining_and_in_serving_everything(runs, seed):
    right, wrong = runs(seed)
    validation = right.data()["validation"]
    score, majority = right.evaluate("validation")["accuracy"], right.store.facts["majority"]
    assert wrong.evaluate("validation")["accuracy"] < score / 2
    curve = wrong.frame()["train_loss"]
    assert curve.iloc[-1] < curve.iloc[0] - 0.5  # the curve alone does not look broken
    assert wb.mistaken(right, "wrong-tokenizer").evaluate(validation)["accuracy"] < majority + 0.08


@pytest.mark.parametrize("seed", SEEDS)
def test_what_costs_in_serving_and_what_does_not(runs, seed):
    right, _ = runs(seed)
    validation = right.data()["validation"]
    score = right.evaluate("validation")["accuracy"]
    served = lambda name: wb.mistaken(right, name).evaluate(validation)["accuracy"]  # noqa: E731
    assert served("early-truncation") < score - 0.2
    assert served("no-stop-words") < score - 0.03
    assert served("upper-case") == score
    assert abs(served("no-special-tokens") - score) < 0.05 and abs(served("no-mask") - score) < 0.05


def test_capitals_cost_a_cased_translator_much():
    phrases = wb.load("phrases-en-fr")["validation"].select(range(40))
    score = lambda m: Predictor.untouched("en-fr-mini", mistake=m).evaluate(phrases)["chrf"]  # noqa: E731
    plain, capitals, small = (score(m) for m in (None, "upper-case:serving", "lower-case:serving"))
    assert capitals < plain - 0.3 and capitals < small


def test_without_a_mask_an_answer_depends_on_its_neighbours(runs):
    right, _ = runs(0)
    short, long = "Fans filled the stadium.", right.data()["validation"]["text"][0] * 3
    alone, beside = (wb.mistaken(right, "no-mask").predict(t)["probability"][0] for t in ([short], [short, long]))
    masked, same = (right.predict(t)["probability"][0] for t in ([short], [short, long]))
    assert abs(alone - beside) > 0.01 and masked == pytest.approx(same, abs=1e-4)


def test_a_text_that_is_not_cut_is_an_error(runs):
    with pytest.raises(Exception, match=r"\d"):
        wb.mistaken(runs(0)[0], "no-truncation").predict(["news " * 300])


@pytest.mark.parametrize("name", ["17.2", "17.3"])
def test_the_solution_passes_its_judge(runs, name):
    code = re.fullmatch(r"answer = (wb\.fit\(.*\)); await answer", wb.exercise(name).solution())[1]
    right, wrong = runs(0)
    outcome = wb.exercise(name).check(
        wrong if name == "17.2" else right, eval(f"{code}.join()", {"wb": wb, "same": SAME})
    )
    assert outcome, outcome
