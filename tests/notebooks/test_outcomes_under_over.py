"""What lesson 13 says, with its own settings: too little, too much, the U, more texts, forks, and solutions that pass their judges."""

import asyncio
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "13-under-and-overfitting.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-tiny", "train_examples": 160, "learning_rate": 1e-3}
LONG = {"epochs": 16, "evaluations": 16, "keep_states": 4, **SAME}


def fit(**choices):
    return wb.fit("headlines", **choices).join()


def last(run):
    return run.frame().iloc[-1]


def test_the_settings_are_those_of_the_lesson():
    text = LESSON.read_text("utf-8")
    same = eval(re.search(r"same = (dict\(.*\))", text)[1])
    assert same == SAME and eval(re.search(r"long = (dict\(.*\))", text)[1], {"same": same, "dict": dict}) == LONG
    for words in ("epochs=1, evaluations=8", "(4, 8)", '"train_examples": 640}, epochs=4', "step=120",
                  "dropout=0.4", "learning_rate=5e-5", "seeds=2"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))])
def test_what_the_lesson_says_is_so(home, seed):
    run, short = fit(seed=seed, **LONG), fit(seed=seed, epochs=1, evaluations=8, **SAME)
    assert run.diagnosis.verdict == "overfitting" and short.diagnosis.verdict == "underfitting"
    frame, best = run.frame(), int(run.frame()["valid_loss"].idxmin())
    gap = frame["valid_loss"] - frame["train_loss"]
    assert gap.iloc[best - 1] > 0.3 and gap.iloc[best - 1] > 5 * abs(gap.iloc[0])  # it opens before the lowest point
    assert last(short)["valid_loss"] - last(short)["train_loss"] < 0.1
    ends = wb.against("epochs", short, *(fit(seed=seed, epochs=e, evaluations=4, **SAME) for e in (4, 8)), run).frame()
    assert ends["training loss"].is_monotonic_decreasing and ends["validation loss"].idxmin() in (4, 8)
    many = fit(seed=seed, epochs=4, evaluations=8, **{**SAME, "train_examples": 640})
    assert many.frame()["step"].max() == 160 == frame["step"].max()
    assert run.best["valid_loss"] > many.best["valid_loss"]
    assert last(run)["valid_loss"] > last(many)["valid_loss"]
    twin = run.fork(step=120).join()
    assert (twin.frame()["valid_loss"] == frame["valid_loss"]).all()
    noisy, gentle = run.fork(dropout=0.4).join(), run.fork(learning_rate=5e-5).join()
    assert last(gentle)["valid_loss"] < 0.95 * last(run)["valid_loss"]
    assert last(noisy)["valid_loss"] != last(run)["valid_loss"]  # lower or higher: the lesson says neither
    check = wb.is_it_real(run, seeds=2).join()
    assert check.holds, check.verdict()


def solved(name, **known):
    """What the code of a solution leaves behind."""
    code = wb.exercise(name).solution().replace("; ", "\n")
    asked: dict = {"wb": wb, **known}
    exec(f"async def go():\n{textwrap.indent(code, '    ')}\n    return locals()", asked)
    assert inspect.iscoroutinefunction(asked["go"])
    return asyncio.run(asked["go"]())


def test_solutions_pass_their_judges(home):
    made = solved("13.1")
    outcome = wb.exercise("13.1").check(made["underfitted"], made["cured"])
    assert outcome, outcome
    run = fit(**LONG)
    outcome = wb.exercise("13.2").check(solved("13.2", run=run, long=LONG)["answer"])
    assert outcome, outcome
    outcome = wb.exercise("13.3").check(solved("13.3", run=run)["answer"], run)
    assert outcome, outcome
