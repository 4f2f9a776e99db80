"""What lesson 12 says, with its own settings: the related task helps beyond the spread, topics lose, and solutions pass."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench.lessons.several import news_and_others

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "12-one-model-several-tasks.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("several")]
FEW = {"model": "bert-tiny", "train_examples": 64, "epochs": 6, "evaluations": 2, "restore_best": False}
LONG = {"model": "bert-tiny", "learning_rate": 1e-3, "epochs": 4, "evaluations": 4, "restore_best": False, "seed": 3}
FROZEN = {"technique": "feature-extraction", "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(news, others, the run on others)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        news, others = news_and_others(tmp_path_factory.mktemp("data"))
        yield news, others, wb.fit(others, **LONG).join()


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    for name, want in (("few", FEW), ("long", LONG), ("frozen", FROZEN)):
        assert eval(f"dict({re.search(rf'^{name} = dict[(](.*)[)]$', source, re.M)[1]})") == want


def test_no_later_run_has_the_seed_of_the_intermediate_one():
    """Their heads would begin as its own did, and only theirs."""
    source = LESSON.read_text("utf-8")
    (duels,) = set(re.findall(r"seeds=(\d+)", source))
    assert LONG["seed"] not in range(int(duels)) and source.count("seed=3") == 2  # in `long`, and in the words on it


def test_only_with_the_same_seed_the_new_head_begins_above_chance(made):
    begun = [
        wb.fit(made[0], learning_rate=1e-3, seed=s, **{**FEW, "model": made[2], "epochs": 1})
        .join()
        .frame()["accuracy"]
        .iloc[0]
        for s in (LONG["seed"], 0, 1, 2)
    ]
    assert begun[0] > 0.65 > max(begun[1:]) and np.mean(begun[1:]) < 0.5


def test_the_related_task_helps_the_news_beyond_the_spread(made):
    ways = {"alone": {}, "after": {"model": made[2]}}
    duel = wb.duel(made[0], ways, seeds=3, learning_rate=1e-3, **FEW).join()
    assert np.mean(duel.scores["after"]) > np.mean(duel.scores["alone"]) + 0.03
    assert duel.verdict().startswith("after is"), duel.verdict()


def test_topics_lose_what_the_other_task_has_no_use_for(made):
    ways = {"alone": {}, "after": {"model": made[2]}}
    duel = wb.duel("headlines", ways, seeds=3, **{**FEW, **FROZEN}).join()
    assert np.mean(duel.scores["after"]) < np.mean(duel.scores["alone"]) - 0.03
    assert duel.verdict().startswith("alone is"), duel.verdict()


@pytest.mark.parametrize(("name", "asked"), [("12.1", "sampling"), ("12.2", "pair"), ("12.3", "pair")])
def test_the_solution_passes_its_judge(made, name, asked):
    news, others, intermediate = made
    names = {"wb": wb, "news": news, "others": others, "intermediate": intermediate, "few": FEW, "long": LONG}
    code = re.sub(r"; await (\w+)", r"; \1.join()", wb.exercise(name).solution())
    ast.parse(code)
    exec(code, names)
    outcome = wb.exercise(name).check(names[asked])
    assert outcome, outcome
