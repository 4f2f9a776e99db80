"""What a judge of an exercise looks at, with nothing trained, and what every judge must do."""

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED, progress
from workbench.training import events as ev


def measured(*words):
    """(control, technique) of the one line of docs/techniques.md that has all `words`, as the page writes them."""
    page = (Path(__file__).resolve().parents[1] / "docs" / "techniques.md").read_text("utf-8")
    (line,) = (x for x in page.splitlines() if all(word in x for word in words))
    control, technique = line.split(" | ")[4:6]
    return control, technique


class Store:
    metric = "accuracy"

    def __init__(self, events=(), **facts):
        self.events = list(events)
        self.facts = {"majority": 0.5, "control": 0.6, "n_valid": 200, "labels": ["negative", "positive"], **facts}

    def last(self, kind):
        return next((e for e in reversed(self.events) if isinstance(e, kind)), None)


def run(verdict="healthy", accuracy=0.7, events=(), predict=None, data=None, **choices):
    """What a judge looks at, with nothing trained."""
    return SimpleNamespace(
        config=RunConfig(**choices), store=Store(events), best={"accuracy": accuracy, "step": 3},
        diagnosis=SimpleNamespace(verdict=verdict), predict=predict, data=lambda: data,
        evaluate=lambda split: {"accuracy": accuracy},
    )  # fmt: skip


def ended(step, reason, planned=100):
    return [ev.Started(0, 0.0, planned), ev.Ended(step, 1.0, reason, "", step // 2)]


class Judges:
    """What every judge must do, for a lesson's RIGHT (id -> arguments that pass) and WRONG (id -> arguments, words of the
    answer): inherit, name the class Test..., and set both."""

    RIGHT: ClassVar[dict]
    WRONG: ClassVar[dict]

    def pytest_generate_tests(self, metafunc):
        if "id" in metafunc.fixturenames:
            metafunc.parametrize("id", list(self.RIGHT))

    def test_a_right_outcome_passes_and_is_remembered(self, id):
        outcome = wb.exercise(id).check(*self.RIGHT[id])
        assert outcome.state == PASSED, outcome
        assert id in progress()

    def test_a_wrong_outcome_says_why_with_numbers(self, id):
        answer, words = self.WRONG[id]
        outcome = wb.exercise(id).check(*answer)
        assert outcome.state == FAILED and words in outcome.text and id not in progress(), outcome

    @pytest.mark.parametrize("nothing", [None, ..., "", ()])
    def test_nothing_is_neither_right_nor_wrong(self, id, nothing):
        assert wb.exercise(id).check(*self.RIGHT[id][:-1], nothing).state == NOT_ATTEMPTED

    def test_an_answer_of_another_kind_is_not_yet_and_does_not_raise(self, id):
        assert wb.exercise(id).check(*([42] * len(self.RIGHT[id]))).state == FAILED
