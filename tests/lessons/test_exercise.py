"""What every check does before a judge looks: numbers of any kind, sentences in a list, runs that have not ended or broke off."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fakes import run

import workbench as wb
from workbench.lessons.exercise import FAILED, PASSED, Exercise, as_number, as_sentence


def exercise(judge):
    return Exercise("99.9", "A task.", judge, ("One.", "Two.", "Three."), "An answer.")


@pytest.mark.parametrize("two", [2, 2.0, np.int64(2), np.float32(2), np.array(2), torch.tensor(2.0)])
def test_a_number_may_be_of_any_kind(two):
    assert as_number(two) == 2.0


@pytest.mark.parametrize("other", ["2", True, None, float("nan"), np.array([1, 2]), [2], torch.ones(2), run()])
def test_what_is_no_number_is_none(other):
    assert as_number(other) is None


def test_a_sentence_may_stand_in_a_list_or_be_a_list_of_words():
    assert as_sentence("It works.") == as_sentence(["It works."]) == as_sentence(("It", "works.")) == "It works."


def test_a_run_that_trains_still_is_told_to_be_waited_for():
    judge = exercise(lambda *answer: (True, "fine"))
    busy, ready = SimpleNamespace(done=False, error=None), SimpleNamespace(done=True, error=None)
    for answer in ((busy,), (ready, busy), ((ready, busy),)):
        outcome = judge.check(*answer)
        assert outcome.state == FAILED and "has not ended yet" in outcome.text and "`await`" in outcome.text
    assert judge.check(ready).state == judge.check((ready, ready)).state == PASSED


def test_a_run_that_broke_off_is_told_why():
    broken = SimpleNamespace(done=True, error=ValueError("no room on the disk"))
    outcome = exercise(lambda run: (True, "fine")).check(broken)
    assert outcome.state == FAILED and "broke off: no room on the disk" in outcome.text


@pytest.mark.parametrize(("id", "more"), [("03.2", ()), ("05.2", ("claim",)), ("05.4", ()), ("24.2", ())])
def test_the_twin_of_another_model_is_no_control(id, more):
    mine, other = run(model="bert-mini"), run(model="bert-tiny:random")
    outcome = wb.exercise(id).check(mine, other, *more)
    assert outcome.state == FAILED and "its random twin: these are bert-mini and bert-tiny:random" in outcome.text


def test_a_number_that_overflows_is_not_yet():
    assert exercise(lambda number: (True, str(int(number)))).check(float("inf")).state == FAILED
    assert wb.exercise("06.1").check(run(), float("inf")).state == FAILED
