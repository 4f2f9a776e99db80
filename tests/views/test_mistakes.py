"""The table of costs: paired with the right way, seed by seed; what is made in serving alone is not trained again."""

import numpy as np
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.views.mistakes import RIGHT, CostOfMistakes


def made(scores):
    """A table with these scores and nothing trained."""
    costs = CostOfMistakes("reviews", {name: {} for name in scores}, [0, 1, 2], "validation")
    costs.scores = scores
    return costs


def row(costs, name):
    return {
        "contender": name,
        "cost": float(costs.costs(name).mean()),
        "cost sd": float(np.std(costs.costs(name), ddof=1)),
    }


def test_a_cost_is_the_mean_difference_to_the_right_way_of_the_same_seed():
    costs = made({RIGHT: [0.8, 0.6, 0.7], "x": [0.7, 0.5, 0.5]})
    assert costs.costs("x") == pytest.approx([10, 10, 20])


@pytest.mark.parametrize(
    ("scores", "words"),
    [([0.8, 0.6, 0.7], "costs nothing"), ([0.7, 0.5, 0.55], "costs 11.7 points"), ([0.7, 0.5, 0.5], "no detectable cost"), ([0.9, 0.5, 0.7], "no detectable cost"),
     ([0.9, 0.7, 0.8], "gains 10.0 points")],
)  # fmt: skip
def test_what_a_cost_is_called(scores, words):
    from workbench.views.mistakes import _sentence

    costs = made({RIGHT: [0.8, 0.6, 0.7], "x": scores})
    assert words in _sentence(row(costs, "x"), costs.costs("x"))


@pytest.fixture
def trained(tmp_path, home):
    names = ["early-truncation", "early-truncation:serving", "upper-case:serving"]
    folder = str(tiny_bert(tmp_path / "tiny"))
    return wb.cost_of_mistakes(
        data(48, 24), names, seeds=2, model=folder, epochs=2, evaluations=2, learning_rate=3e-3
    ).join()


def test_mistakes_in_serving_use_the_run_of_the_right_way(trained):
    assert [r.id for r in trained.runs["upper-case:serving"]] == [r.id for r in trained.runs[RIGHT]]
    assert {r.id for r in trained.runs["early-truncation"]}.isdisjoint(r.id for r in trained.runs[RIGHT])
    frame = trained.frame().set_index("contender")
    assert frame.loc["upper-case:serving", "cost"] == 0 == frame.loc[RIGHT, "cost"]
    assert frame.loc["early-truncation:serving", "on the curve"] == frame.loc[RIGHT, "on the curve"]
    assert (frame["runs"] == 2).all()
    html = trained._repr_html_()
    assert "early-truncation" in trained._so_far("x, seed 0")
    assert "costs nothing" in trained.verdict() and 'alt="Chart of scores with and without mistakes' in html
    for name, runs in trained.runs.items():
        if not name.endswith(":serving"):
            assert trained.scores[name] == pytest.approx([r.evaluate("validation")["accuracy"] for r in runs])


@pytest.mark.parametrize(
    ("mistakes", "choices"),
    [([], {}), (["nonsense"], {}), (["no-mask"], {"learning_rat": 1}), (["padding-in-loss:serving"], {})],
)
def test_what_cannot_be_compared_is_told_before_anything_is_trained(mistakes, choices):
    with pytest.raises(wb.WorkbenchError):
        wb.cost_of_mistakes("reviews", mistakes, **choices)


def test_one_mistake_may_come_as_a_name():
    assert list(wb.cost_of_mistakes("reviews", "no-mask").contenders) == [RIGHT, "no-mask"]
