"""What lesson 18 says, with its own cells: skew, copies, a rare class and wrong labels cost what the prose promises; solutions pass."""

import ast
import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "18-data-that-represents.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The names of the lesson after its code cells, exercises left out."""
    import os

    os.environ["WORKBENCH_HOME"] = str(tmp_path_factory.mktemp("home"))
    cells = [
        c for c in re.split(r"^# %%", LESSON.read_text("utf-8"), flags=re.M)[1:] if not c.startswith(" [markdown]")
    ]
    names = {}
    for cell in cells:
        if "exercise(" in cell or ".check(" in cell or cell.strip() in ("first", "second", "third"):
            continue
        exec(compile(ast.parse(re.sub(r"^await (\w+)$", r"\1.join()", cell, flags=re.M)), str(LESSON), "exec"), names)
    return names


def solution(lesson, name):
    exec(wb.exercise(name).solution().replace("; await answer", "; answer.join()"), lesson)
    return lesson["answer"]


def test_what_training_never_showed_is_missed_and_its_own_validation_does_not_say_so(lesson):
    kinds, everything = lesson["kinds"], lesson["kinds"].loc["all messages"]
    assert everything["skewed"] < everything["drawn from all"] - 0.01
    assert kinds.loc["scam", "skewed"] < kinds.loc["scam", "drawn from all"] - 0.2
    assert lesson["own"] > everything["skewed"] + 0.1
    assert not set(lesson["rest"]["text"]) & set(lesson["skewed"].data()["train"]["text"])


def test_drift_is_larger_for_the_skewed_sample(lesson):
    far, near = (wb.audit(lesson[name].data(), target=lesson["world"]).drift.auc for name in ("skewed", "fair"))
    assert far > near + 0.04


def test_copies_flatter_and_the_fixed_data_do_not(lesson):
    scores = lesson["scores"]
    assert scores["with copies"][0] > scores["with copies"][1] + 0.1
    assert scores["fixed"][0] < scores["with copies"][0] - 0.05


def test_accuracy_is_splendid_where_the_rare_class_is_missed(lesson):
    counts = lesson["rare"].confusion()
    assert lesson["rare"].best["accuracy"] > 0.9 and counts.at["spam", "spam"] < counts.loc["spam"].sum() / 2


def test_doubts_are_half_right_the_surest_mostly_and_looking_pays(lesson):
    hit = lesson["doubtful"]["row"].isin(lesson["wrong"])
    assert 0.35 < hit.mean() < 0.65 and hit.head(50).mean() > 0.7
    scores = {name: run.evaluate("test")["accuracy"] for name, run in lesson["labels"].items()}
    assert scores["looked at"] > scores["as they are"] and scores["looked at"] > scores["every proposal taken"]


def test_the_solutions_pass_and_the_runs_of_the_lesson_do_not(lesson):
    assert wb.exercise("18.1").check(solution(lesson, "18.1")) and not wb.exercise("18.1").check(lesson["skewed"])
    assert wb.exercise("18.2").check(lesson["rare"], solution(lesson, "18.2"))
    assert not wb.exercise("18.2").check(lesson["rare"], lesson["rare"])
    assert wb.exercise("18.3").check(lesson["leaky"], solution(lesson, "18.3"))
    assert not wb.exercise("18.3").check(lesson["leaky"], lesson["clean"])
