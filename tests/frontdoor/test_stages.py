"""`python -m workbench test`: which stages there are, and one status for all."""

import re
import sys

import pytest

from workbench import __main__ as front
from workbench import bootstrap, testing
from workbench.errors import WorkbenchError


@pytest.fixture
def called(monkeypatch):
    """Every command that would have been run, as (words, environment, folder); `fails` names tools that fail."""

    class Calls(list):
        fails = ()

    calls = Calls()

    def call(command, env, cwd):
        calls.append((command, env, cwd))
        return int(command[2] in calls.fails)

    monkeypatch.setattr(testing.subprocess, "call", call)
    return calls


def test_all_stages_run_in_the_checkout_with_this_python(called):
    assert testing.main([]) == 0
    assert [command for command, *_ in called] == [[sys.executable, "-m", *words] for _, words in testing.STAGES]
    assert {folder for *_, folder in called} == {bootstrap.ROOT}


def test_the_stages_are_lint_format_types_and_three_kinds_of_tests():
    assert [name for name, _ in testing.STAGES] == ["lint", "format", "types", "tests", "notebooks", "browser"]


@pytest.mark.parametrize(("mark", "stage"), [("notebooks", "notebooks"), ("browser", "browser")])
def test_a_stage_looks_for_its_tests_where_they_are(mark, stage):
    """Each stage is given a file or a folder, and skips outcomes: no test with its mark may lie elsewhere."""
    place = bootstrap.ROOT / dict(testing.STAGES)[stage][1]
    marked = [
        path
        for path in (bootstrap.ROOT / "tests").rglob("test_*.py")
        if re.search(rf"mark\.{mark}\b", text := path.read_text("utf-8")) and "mark.outcomes" not in text
    ]
    assert marked and all(path == place or place in path.parents for path in marked)


def test_a_stage_that_fails_is_named_and_the_others_still_run(called, capsys):
    called.fails = ("mypy",)
    assert testing.main([]) == 1
    assert len(called) == len(testing.STAGES)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "types FAILED" in last and last.count("FAILED") == 1 and last.count("passed") == len(testing.STAGES) - 1


def test_arguments_go_to_pytest_alone(called):
    testing.main(["-k", "doctor"])
    assert [command[1:] for command, *_ in called] == [["-m", "pytest", "-k", "doctor"]]


@pytest.mark.parametrize(("fails", "status"), [((), 0), (("pytest",), 1)])
def test_the_status_of_pytest_is_the_answer(called, fails, status):
    called.fails = fails
    assert testing.main(["-x"]) == status


def test_waiting_threads_sleep_in_tests_too(called, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    testing.main(["-x"])
    assert called[0][1]["OMP_WAIT_POLICY"] == "PASSIVE"


def test_two_tests_at_once_take_one_thread_each(called, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    testing.main([])
    threads = {tuple(command[3:]): env.get("OMP_NUM_THREADS") for command, env, _ in called}
    for name, words in testing.STAGES:
        assert threads[tuple(words[1:])] == ("1" if name in ("tests", "notebooks", "browser") else None), name


def test_an_installed_wheel_has_no_tests(called, monkeypatch):
    monkeypatch.setattr(bootstrap, "in_checkout", lambda: False)
    with pytest.raises(WorkbenchError, match="the tests are not in the wheel"):
        testing.main([])
    assert called == []


def test_an_installed_wheel_says_so_without_a_traceback(called, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "in_checkout", lambda: False)
    assert front.main(["test"]) == 2
    assert "Expected: a checkout" in capsys.readouterr().err
