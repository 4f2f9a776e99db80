"""What a lesson has trained itself is no answer to an exercise that asks for a run of one's own; and it is what the lesson trains."""

import ast
from types import SimpleNamespace

import pandas as pd
import pytest
from fakes import ended, run
from lesson_sources import SOURCE

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons import beyond, book
from workbench.lessons.exercise import NOT_ATTEMPTED, progress
from workbench.scale.plan import Plan

OWN = [name for name, exercise in book.EXERCISES.items() if exercise.own]


def trained(number):
    """The configs of what the cells of a lesson train, and of the forks that they make."""
    (path,) = SOURCE.glob(f"{number}-*.py")
    tree = compile(path.read_text("utf-8"), path.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    known, found, forks = {"dict": dict}, [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("dict("):
            known[node.targets[0].id] = eval(ast.unparse(node.value), known)
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        words = ", ".join(ast.unparse(k) for k in node.keywords)
        if ast.unparse(node.func) in ("wb.fit", "wb.guess"):
            data = node.args[0].value if isinstance(node.args[0], ast.Constant) else node.args[0].id
            try:
                found.append(RunConfig(data=data, **eval(f"dict({words})", known)))
            except NameError:
                continue  # from another run, or in a loop
        elif ast.unparse(node.func) == "run.fork":
            forks.append(eval(f"dict({words})", known))
    changes = [{k: v for k, v in change.items() if k != "step"} for change in forks]
    return [*found, *(config.replace(**change) for config in found for change in changes)]


def test_the_exercises_that_a_lesson_would_pass_by_itself_know_its_runs():
    assert sorted(OWN) == ["00.1", "00.3", "01.3", "06.2", "06.3", "13.3", "14.2", "17.3"]


@pytest.mark.parametrize("name", OWN)
def test_they_are_the_runs_of_the_lesson(name):
    made = trained(name[:2])
    assert [config.to_code() for config in wb.exercise(name).own if config not in made] == []


@pytest.mark.parametrize("name", OWN)
def test_they_are_no_attempt(name, home):
    exercise = wb.exercise(name)
    for config in exercise.own:
        lessons, mine = run("overfitting", events=ended(40, "rule")), run("overfitting", events=ended(40, "rule"))
        lessons.config, mine.config = config, config.replace(learning_rate=0.002)
        answer = (lessons, mine) if name in ("01.3", "13.3", "14.2", "17.3") else (lessons,)
        outcome = exercise.check(*answer)
        assert outcome.state == NOT_ATTEMPTED and "the lesson's own" in outcome.text and name not in progress()
        assert exercise.check(*(mine for _ in answer)).state != NOT_ATTEMPTED


def asked(template):
    return SimpleNamespace(template=SimpleNamespace(text=template))


def searched(space, name=None):
    plan = Plan.make("headlines", space, "score", True, {})
    return SimpleNamespace(plan=plan, name=name or plan.called())


def ablated(*changes):
    return SimpleNamespace(frame=lambda: pd.DataFrame({"change": ["base", *changes], "runs": 3}))


def hosted(examples, epochs, multiplier=None):
    config = RunConfig(train_examples=examples, epochs=epochs)
    return SimpleNamespace(config=config, store=SimpleNamespace(facts={"multiplier": multiplier}))


MADE = {  # exercise -> what the lesson has made, something else, and what is handed in beside it
    "14.3": (ablated("dropout=0.6", "freeze=2", "more texts"), ablated("mixup=1.0", "freeze=2"), ("none",)),
    "19.1": (asked("{text} This is about"), asked("{text} This is a report on"), ()),
    "20.3": (hosted(160, 4), hosted(160, 4, 2.0), ()),
    "21.1": (searched(beyond.SPACE), searched(beyond.SPACE, "mine"), (run(),)),
    "21.2": (searched(beyond.SPACE, "stop-and-go"), searched(beyond.SPACE, "mine"), ()),
}


def test_what_else_a_lesson_has_made_is_known():
    assert set(MADE) == {name for name, exercise in book.EXERCISES.items() if exercise.lessons}
    words = {n: next(SOURCE.glob(f"{n}-*.py")).read_text("utf-8") for n in ("14", "19", "20", "21")}
    assert 'changes = {"dropout": 0.6, "freeze": 2}\nchanges["more texts"] =' in words["14"]
    assert 'about = "{text} This is about"' in words["19"] and "train_examples=160, epochs=4, price" in words["20"]
    assert f'name="{beyond.STOPPED}"' in words["21"]


@pytest.mark.parametrize("name", MADE)
def test_it_is_no_attempt(name):
    theirs, mine, beside = MADE[name]
    outcome = wb.exercise(name).check(theirs, *beside)
    assert outcome.state == NOT_ATTEMPTED and "the lesson's own" in outcome.text
    assert wb.exercise(name).check(mine, *beside).state != NOT_ATTEMPTED
