"""The line of a terminal: what stands in it after so many steps, and that it is silent elsewhere."""

import io

import pytest

from workbench.models import progress
from workbench.models.progress import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_terminal_sees_how_far_it_is_and_how_long_it_will_take(clock):
    seen = Terminal()
    bar = Bar(400, first=100, stream=seen)
    clock[0] += 50
    bar.at(200)  # 100 steps in 50 s: 200 more take 100 s
    assert seen.getvalue() == "\r[###############...............]  50%  step 200 of 400, 100 s left"
    bar.at(201)  # too soon
    assert seen.getvalue().count("\r") == 1
    bar.at(400)  # the last one is always said
    assert "100%  step 400 of 400, 0 s left" in seen.getvalue()
    bar.clear()
    bar.clear()
    assert seen.getvalue().endswith(" \r") and seen.getvalue().count("\r") == 4


def test_a_file_a_notebook_and_other_processes_than_the_first_get_nothing(clock):
    nobody, other = io.StringIO(), Terminal()
    for bar in (Bar(10, stream=nobody), Bar(0, stream=other)):
        clock[0] += 5
        bar.at(5)
        bar.clear()
    assert nobody.getvalue() == other.getvalue() == ""
