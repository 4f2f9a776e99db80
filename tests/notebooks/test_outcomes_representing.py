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


def test_the_solutions_pass_and_the_runs_of_the_lesson_do_not(lesson):
    assert wb.exercise("18.1").check(solution(lesson, "18.1")) and not wb.exercise("18.1").check(lesson["skewed"])
    assert wb.exercise("18.2").check(lesson["rare"], solution(lesson, "18.2"))
    assert not wb.exercise("18.2").check(lesson["rare"], lesson["rare"])
    assert wb.exercise("18.3").check(lesson["leaky"], solution(lesson, "18.3"))
    assert not wb.exercise("18.3").check(lesson["leaky"], lesson["clean"])
