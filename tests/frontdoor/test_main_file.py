"""The command line: what an old Python can read of it, what it answers, and what it says to a wrong word."""

import ast
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

import workbench
from workbench import __main__ as front
from workbench import bootstrap

# Read by an old Python before it reaches the sentence that it is too old.
FIRST_READ = ["__init__.py", "__main__.py", "bootstrap.py"]


def tree(name):
    source = (bootstrap.ROOT / "workbench" / name).read_text("utf-8")
    return ast.parse(source, name, feature_version=(3, 7))


def run(*arguments, **options):
    environ = {**os.environ, "WORKBENCH_ENVIRONMENT": "this"}
    command = [sys.executable, *options.get("flags", []), "-m", "workbench", *arguments]
    return subprocess.run(command, env=environ, cwd=bootstrap.ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", FIRST_READ)
def test_python_37_can_parse(name):
    assert tree(name).body


@pytest.mark.parametrize("name", FIRST_READ)
def test_annotations_are_not_evaluated(name):
    imports = [node for node in tree(name).body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert [alias.name for node in imports for alias in node.names] == ["annotations"]


@pytest.mark.parametrize("name", FIRST_READ)
def test_only_the_standard_library_is_imported_at_the_top(name):
    modules = []
    for node in tree(name).body:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(node.module)
    assert modules and {m.split(".")[0] for m in modules} <= set(sys.stdlib_module_names)


def test_python_37_gets_the_sentence_and_nothing_is_run(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=(3, 7, 17)))
    monkeypatch.setattr(front, "_run", lambda *_: pytest.fail("went on with Python 3.7"))
    assert front.main(["doctor"]) == 2
    assert capsys.readouterr().err.startswith("This is Python 3.7. Expected: 3.11 to 3.13. Try: ")


def test_listing_needs_no_installed_package():
    result = run("models", flags=["-S"])
    assert result.returncode == 0 and "bert-mini" in result.stdout


@pytest.mark.parametrize("words", [[], ["help"], ["-h"], ["--help"]])
def test_help_lists_every_command(words, capsys):
    assert front.main(words) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]]
    assert listed == list(front.COMMANDS)


def test_help_needs_no_environment(monkeypatch):
    monkeypatch.setattr(bootstrap, "ensure", lambda extras: pytest.fail("made an environment"))
    monkeypatch.delenv("WORKBENCH_ENVIRONMENT", raising=False)
    assert front.main(["--help"]) == 0


def test_an_unknown_command_is_answered_with_the_list(capsys):
    assert front.main(["labb"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("There is no command 'labb'. Expected: one of ")
    assert all(command in said for command in front.COMMANDS)


@pytest.mark.parametrize(("word", "meant"), [("labb", "lab"), ("doctr", "doctor"), ("dataset", "datasets")])
def test_an_unknown_command_is_answered_with_the_nearest(word, meant, capsys):
    front.main([word])
    assert meant in capsys.readouterr().err.partition("Try: ")[2]


@pytest.mark.parametrize(("command", "name"), [("models", "bert-mini:random"), ("datasets", "reviews")])
def test_models_and_datasets_are_listed(command, name):
    result = run(command)
    assert result.returncode == 0
    assert name in [line.split()[0] for line in result.stdout.splitlines()]


@pytest.mark.parametrize("code_page", ["cp437", "cp1252", "ascii"])
def test_a_pipe_that_takes_few_signs_gets_the_others_as_question_marks(code_page):
    environ = {**os.environ, "WORKBENCH_ENVIRONMENT": "this", "PYTHONIOENCODING": code_page, "PYTHONUTF8": "0"}
    code = "import workbench; workbench.models = lambda: 'loss → 0.3 ± 0.1 · ✓'; from workbench.__main__ import main; main(['models'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=bootstrap.ROOT, capture_output=True, timeout=60
    )
    assert done.returncode == 0 and done.stdout.startswith(b"loss ? 0.3 ")


def test_the_list_is_the_one_of_the_public_function():
    assert run("datasets").stdout == f"{workbench.datasets()}\n"


def test_runs_of_an_empty_folder_are_no_error(home, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ENVIRONMENT", "this")
    assert front.main(["runs"]) == 0


def test_an_error_of_the_user_is_a_sentence(monkeypatch, capsys):
    def models():
        raise workbench.WorkbenchError("the folder is empty", "a folder with models", "another folder")

    monkeypatch.setenv("WORKBENCH_ENVIRONMENT", "this")
    monkeypatch.setattr(workbench, "models", models)
    assert front.main(["models"]) == 2
    assert capsys.readouterr().err == ("the folder is empty. Expected: a folder with models. Try: another folder.\n")


def test_ctrl_c_is_not_a_traceback(monkeypatch):
    def interrupted(extras):
        raise KeyboardInterrupt

    monkeypatch.delenv("WORKBENCH_ENVIRONMENT", raising=False)
    monkeypatch.setattr(bootstrap, "ready", lambda *_: False)
    monkeypatch.setattr(bootstrap, "ensure", interrupted)
    assert front.main(["lab"]) == 130


@pytest.mark.parametrize(("command", "extras"), [("lab", []), ("test", ["test"]), ("models", [])])
def test_only_the_tests_need_the_tests_extra(command, extras, monkeypatch, tmp_path):
    asked = []
    monkeypatch.delenv("WORKBENCH_ENVIRONMENT", raising=False)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "in_checkout", lambda: True)
    monkeypatch.setattr(bootstrap, "ensure", lambda wanted: asked.append(wanted) or tmp_path / "python")
    assert front._inside(command) == tmp_path / "python" and asked == [extras]


@pytest.fixture
def own_environment(monkeypatch, tmp_path):
    """A finished .venv in a checkout, and this process not inside it."""
    monkeypatch.delenv("WORKBENCH_ENVIRONMENT", raising=False)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "in_checkout", lambda: True)
    monkeypatch.setattr(bootstrap, "ready", lambda *_: True)
    return tmp_path / ".venv"


def test_inside_the_finished_environment_nothing_more_is_done(own_environment, monkeypatch):
    monkeypatch.setattr(front.sys, "prefix", str(own_environment))
    assert front._inside("lab") is None


def test_outside_it_the_environments_interpreter_goes_on(own_environment):
    assert front._inside("lab") == bootstrap.python_in(own_environment)


def test_the_doctor_looks_at_the_environment_that_the_lab_uses(own_environment):
    assert front._inside("doctor") == bootstrap.python_in(own_environment)


def test_the_doctor_installs_nothing(own_environment, monkeypatch):
    monkeypatch.setattr(bootstrap, "ready", lambda *_: False)
    monkeypatch.setattr(bootstrap, "ensure", lambda extras: pytest.fail("the doctor installs"))
    assert front._inside("doctor") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no exec")
def test_going_on_keeps_the_arguments_and_makes_no_second_environment(monkeypatch, tmp_path):
    went = []
    monkeypatch.setattr(front.os, "execve", lambda *arguments: went.append(arguments))
    front._go_on(tmp_path / "python", ["lab", "--no-browser"])
    program, command, environ = went[0]
    assert command == [program, "-m", "workbench", "lab", "--no-browser"] and program == str(tmp_path / "python")
    assert environ["WORKBENCH_ENVIRONMENT"] == "this"


@pytest.mark.parametrize("status", [0, 3])
def test_on_windows_the_first_process_waits_for_the_second_and_leaves_ctrl_c_to_it(monkeypatch, tmp_path, status):
    def call(command, env):
        signal.raise_signal(signal.SIGINT)
        went.append((command, env["WORKBENCH_ENVIRONMENT"]))
        return status

    went, before = [], signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(front, "os", SimpleNamespace(name="nt", environ=os.environ))
    monkeypatch.setattr(front.subprocess, "call", call)
    try:
        assert front._go_on(tmp_path / "python.exe", ["launch", "recipe.toml"]) == status
    finally:
        signal.signal(signal.SIGINT, before)
    assert went == [([str(tmp_path / "python.exe"), "-m", "workbench", "launch", "recipe.toml"], "this")]


def test_what_the_lab_starts_decides_for_itself_again(monkeypatch):
    from workbench import lab

    seen = []
    monkeypatch.setenv("WORKBENCH_ENVIRONMENT", "this")
    monkeypatch.setattr(lab, "main", lambda rest: seen.append(os.environ.get("WORKBENCH_ENVIRONMENT")) or 0)
    assert front.main(["lab"]) == 0 and seen == [None]
