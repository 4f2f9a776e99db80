"""The one exception that a user's input can raise."""

import copy
import os
import pickle
import subprocess
import sys

import pytest

from workbench.errors import WorkbenchError


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (("no such file",), "no such file."),
        (("no such file", "a folder"), "no such file. Expected: a folder."),
        (("no such file", "", "another name"), "no such file. Try: another name."),
        (("no such file.", "a folder. ", "ls."), "no such file. Expected: a folder. Try: ls."),
    ],
)
def test_the_sentence_holds_the_parts_that_there_are(parts, sentence):
    assert str(WorkbenchError(*parts)) == sentence


def test_a_full_stop_inside_a_part_stays():
    assert str(WorkbenchError("epochs is 0.5", "1.0 or more")) == "epochs is 0.5. Expected: 1.0 or more."


def test_the_parts_can_be_read():
    error = WorkbenchError("found", "expected", "try this")
    assert (error.found, error.expected, error.try_) == ("found", "expected", "try this")


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_it_goes_through_another_process_unchanged(again):
    error = again(WorkbenchError("found", "expected", "try this"))
    assert (str(error), error.try_) == ("found. Expected: expected. Try: try this.", "try this")


def test_who_catches_value_errors_catches_it():
    with pytest.raises(ValueError):
        raise WorkbenchError("found")


def test_ipython_shows_the_sentence_and_no_traceback(tmp_path):
    code = "from workbench import WorkbenchError\nraise WorkbenchError('no file', 'a file')"
    environ = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code], env=environ, capture_output=True, text=True
    )
    said = result.stdout + result.stderr
    assert "WorkbenchError: no file. Expected: a file." in said and "Traceback" not in said


def test_three_dots_at_the_end_of_an_error_stay():
    assert str(WorkbenchError("a.", "b", "learning_rate=...")) == "a. Expected: b. Try: learning_rate=..."


def test_an_answer_of_another_kind_is_told_in_words():
    from workbench.lessons.exercise import Exercise

    found = Exercise("x", "a run", lambda run: (run.frame().empty, ""), ("Give it a run.",), "").check(3)
    assert found.text == "this answer (int) could not be looked at: something else is asked for. Give it a run."


def test_a_teacher_that_is_nowhere_is_no_saved_run():
    from workbench.models import saved

    with pytest.raises(WorkbenchError, match="'nope' is no folder that a run was saved in"):
        saved.load("nope", None, ["a", "b"])
