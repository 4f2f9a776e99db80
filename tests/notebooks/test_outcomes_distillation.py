"""What lesson 11 says, with its own settings: the teacher helps beyond the spread of the seeds, and solutions pass."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "11-distillation.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("distillation")]
STUDENT = {"model": "bert-tiny", "train_examples": 256, "epochs": 11, "evaluations": 3}
TEACHER = {"model": "bert-mini", "learning_rate": 5e-4, "epochs": 3, "evaluations": 3}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield wb.fit("headlines", **TEACHER).join()


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert eval(f"dict({re.search(r'student = dict[(](.*)[)]', source)[1]})") == STUDENT
    assert eval(f"dict({re.search(r'teacher = wb.fit[(].headlines., (.*)[)]', source)[1]})") == TEACHER


def test_the_teacher_adds_more_than_the_seeds_spread(home, teacher):
    """Two seeds, as in the lesson's duel."""
    taught = {"technique": "distillation", "teacher": teacher}
    duel = wb.duel("headlines", {"alone": {}, "taught": taught}, seeds=2, learning_rate=1e-3, **STUDENT).join()
    scores = {name: np.mean(values) for name, values in duel.scores.items()}
    assert scores["taught"] > scores["alone"] + 0.02
    assert teacher.best["accuracy"] > scores["alone"]
    assert duel.runs["alone"][0].store.facts["parameters"] < teacher.store.facts["parameters"] / 3


def test_a_teacher_that_knows_next_to_nothing_helps_too(home):
    code = re.search(r"`(wb\.fit\(.headlines., .*?\))`", LESSON.read_text("utf-8"))[1]
    poor = eval(code.removesuffix(")") + ", evaluations=1).join()", {"wb": wb})
    assert poor.best["accuracy"] < 0.4
    ways = {"alone": {}, "poorly taught": {"technique": "distillation", "teacher": poor}}
    duel = wb.duel("headlines", ways, seeds=2, learning_rate=1e-3, **{**STUDENT, "evaluations": 1}).join()
    assert np.mean(duel.scores["poorly taught"]) > np.mean(duel.scores["alone"]) + 0.01


def test_int8_makes_the_file_smaller_and_costs_next_to_nothing(teacher):
    """Embeddings stay as they are, so it is less than four times smaller; the student's are a larger part still."""
    table = wb.serving({"teacher": teacher, "int8": teacher.quantized()})
    assert table.loc["int8", "accuracy"] == pytest.approx(table.loc["teacher", "accuracy"], abs=0.02)
    assert 1.3 < table.loc["teacher", "MB on disk"] / table.loc["int8", "MB on disk"] < 3


@pytest.mark.parametrize("name", ["11.2", "11.3"])
def test_the_solution_passes_its_judge(home, teacher, name):
    code = re.fullmatch(r"answer = wb\.fit\((.*)\); await answer", wb.exercise(name).solution())[1]
    answer = eval(f"wb.fit({code}).join()", {"wb": wb, "teacher": teacher, "student": STUDENT})
    outcome = wb.exercise(name).check(*([teacher] if name == "11.2" else []), answer)
    assert outcome, outcome


def test_the_solution_of_the_temperature_passes(teacher):
    brief = re.search(r'brief = "(.*)"', LESSON.read_text("utf-8"))[1]
    p = teacher.predict([brief]).filter(like="p(").iloc[0]
    names = {"torch": torch, "logits": torch.tensor(p.to_numpy()).log()}
    exec(wb.exercise("11.1").solution(), names)
    outcome = wb.exercise("11.1").check(teacher, brief, names["temperature"])
    assert outcome, outcome
