"""The judges of lesson 20 on lines and made-up jobs; the broken file is the lesson's own and its solution mends it."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.remote import jsonl

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "20-training-somewhere-else.py"


def file(n=20, spelling="ham"):
    return jsonl.write(
        [jsonl.line(f"text {i}", "spam" if i % 2 else ("ham" if i else spelling), "s") for i in range(n)]
    )


def job(accuracy=0.5, tuned="ft:gpt-mini:workbench:0"):
    store = SimpleNamespace(facts={"tuned": tuned, "majority": 0.125, "n_train": 200})
    return SimpleNamespace(store=store, status="finished", frame=lambda: pd.DataFrame({"accuracy": [0.1, accuracy]}))


def prepared(examples=100, tokens=8_000, epochs=1, price=8.0):
    return SimpleNamespace(estimate=jsonl.Estimate(examples, tokens, epochs, True, price))


class TestJudges(Judges):
    RIGHT: ClassVar = {"20.1": (file(),), "20.2": (prepared(),), "20.3": (job(),)}
    WRONG: ClassVar = {
        "20.1": ((file(spelling=" HAM"),), "3 different answers"),
        "20.2": ((prepared(epochs=3),), "purse holds"),
        "20.3": ((job(accuracy=0.2),), "Twenty points"),
    }


@pytest.mark.parametrize(("name", "answer", "words"), [
    ("20.1", file(15), "instead of leaving it out"),
    ("20.1", file() + b"{\n", "1 problems are left"),
    ("20.2", prepared(price=1.0), "asks 8"),
    ("20.2", prepared(examples=50), "Keep 100"),
    ("20.2", prepared(price=None), "no cost"),
    ("20.3", job(tuned=None), "no tuned model"),
])  # fmt: skip
def test_what_else_a_judge_says(name, answer, words):
    assert words in str(wb.exercise(name).check(answer))


def test_the_lessons_broken_file_is_broken_in_four_ways_and_the_solution_mends_it():
    names = {"json": json, "jsonl": jsonl, "wb": wb}
    exec(re.search(r"^good = .*?^broken = [^\n]*$", LESSON.read_text("utf-8"), re.S | re.M)[0], names)
    _, problems = jsonl.check(names["broken"])
    assert len(problems) == 3  # a role, a bracket, an empty line; the fourth fault is no fault of form
    exec(wb.exercise("20.1").solution(), names)
    assert wb.exercise("20.1").check(names["answer"])
