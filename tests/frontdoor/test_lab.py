"""How JupyterLab is started: on this machine only, on the first lesson, with its token kept to itself."""

import ipaddress
import json
import os
import re
import sys
from pathlib import Path

import jsonschema
import pytest
from jupyterlab.commands import get_app_dir

from workbench import __main__ as front
from workbench import bootstrap, lab

TOKEN = "hf_secret123"
SCHEMAS = {
    "@jupyter-widgets/jupyterlab-manager:plugin": "labextensions/@jupyter-widgets/jupyterlab-manager/schemas/"
    "@jupyter-widgets/jupyterlab-manager/plugin.json",
    "@jupyterlab/apputils-extension:notification": "lab/schemas/@jupyterlab/apputils-extension/notification.json",
}


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Every JupyterLab that would have been started, as (command, environment, folder); the prefix is temporary."""
    calls = []
    monkeypatch.setattr(lab.sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(lab.subprocess, "call", lambda command, env, cwd: calls.append((command, env, cwd)) or 0)
    return calls


@pytest.fixture
def wheel(monkeypatch, tmp_path):
    """The package as a wheel installs it, with one lesson, and an empty current folder."""
    bundled = tmp_path / "site-packages" / "workbench" / "bundled" / "notebooks"
    bundled.mkdir(parents=True)
    (bundled / lab.FIRST).write_text("first", "utf-8")
    (bundled / "build.py").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(lab, "__file__", str(bundled.parent.parent / "lab.py"))
    monkeypatch.setattr(bootstrap, "in_checkout", lambda: False)
    return bundled


def setting(command, name):
    """The one value that the command line gives to a setting of Jupyter."""
    (found,) = [argument.partition("=")[2] for argument in command if argument.startswith(f"--{name}=")]
    return found


# The command line


def test_it_is_jupyterlab_of_this_environment(started):
    lab.main([])
    assert started[0][0][:3] == [sys.executable, "-m", "jupyterlab"]


def test_it_binds_to_loopback_only(started):
    lab.main([])
    assert ipaddress.ip_address(setting(started[0][0], "ServerApp.ip")).is_loopback


def test_it_opens_the_first_lesson_and_that_lesson_exists(started):
    lab.main([])
    command, _, folder = started[0]
    root, page = Path(setting(command, "ServerApp.root_dir")), setting(command, "LabApp.default_url")
    opened = root / page.removeprefix("/lab/tree/")
    assert opened == folder / "00-start-here.ipynb" and opened.is_file()


def links(folder, pages="*.ipynb"):
    """The files that lessons, or pages, in a folder link to."""
    words = "".join(path.read_text("utf-8") for path in folder.glob(pages))
    return {(folder / found).resolve() for found in re.findall(r"\]\(([\w./-]+\.(?:md|ipynb|png))\)", words)}


def test_what_lessons_link_to_lies_where_the_server_serves_it(started):
    lab.main([])
    root = Path(setting(started[0][0], "ServerApp.root_dir")).resolve()
    found = links(started[0][2])
    assert {"models.md", "using.md"} <= {path.name for path in found}
    assert all(path.is_file() and root in path.parents for path in found)


def test_copied_lessons_have_the_pages_that_they_link_to(tmp_path):
    target = tmp_path / "lessons"
    for _ in range(2):
        lab.copy_lessons(bootstrap.ROOT / "notebooks", bootstrap.ROOT / "docs", target)
        (target / "docs" / "using.md").write_text("changed", "utf-8")
    found = links(target)
    assert target / "docs" / "models.md" in found and all(path.is_file() and target in path.parents for path in found)
    assert (target / "docs" / "using.md").read_text("utf-8") == "changed"


def test_copied_pages_link_to_nothing_that_was_not_copied(tmp_path):
    target = tmp_path / "lessons"
    lab.copy_lessons(bootstrap.ROOT / "notebooks", bootstrap.ROOT / "docs", target)
    found = links(target / "docs", "*.md")
    assert target / "docs" / "techniques.md" in found
    assert [path for path in found if not path.is_file()] == []


def test_no_option_touches_tokens_or_passwords(started):
    lab.main([])
    words = " ".join(started[0][0]).lower()
    assert not any(word in words for word in ("token", "password", "allow_origin", "disable_check_xsrf"))


def test_further_arguments_are_passed_on(started):
    lab.main(["--no-browser", "--port=8899"])
    assert started[0][0][-2:] == ["--no-browser", "--port=8899"]


def test_what_the_user_asks_for_is_not_asked_twice(started):
    lab.main(["--LabApp.default_url=/lab"])
    assert setting(started[0][0], "LabApp.default_url") == "/lab"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no root")
@pytest.mark.parametrize(("user", "said"), [(0, True), (1000, False)])
def test_root_is_let_in_and_only_root_needs_it(monkeypatch, user, said):
    monkeypatch.setattr(lab.os, "geteuid", lambda: user)
    assert ("--allow-root" in lab.options(Path("x"), [])) is said


def test_a_folder_that_takes_no_lessons_gets_a_sentence(monkeypatch, tmp_path, capsys):
    """A terminal of Windows may begin in a folder of the system."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workbench-lessons").write_text("in the way")
    monkeypatch.setattr(lab.bootstrap, "in_checkout", lambda: False)
    assert front.main(["lab"]) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith("the lessons cannot be copied to ") and "Try: the same command in a folder of your own" in said
    )


def test_nothing_phones_home(started):
    lab.main([])
    environ = started[0][1]
    assert environ["HF_HUB_DISABLE_TELEMETRY"] == environ["DO_NOT_TRACK"] == "1"


def test_an_apple_gpu_leaves_what_it_cannot_compute_to_the_cpu(started):
    """torch reads it when it is imported, which a notebook may do first."""
    lab.main([])
    assert started[0][1]["PYTORCH_ENABLE_MPS_FALLBACK"] == os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"


def test_waiting_threads_sleep(started, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    lab.main([])
    assert started[0][1]["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_kernel_gets_one_place_for_the_memory_of_all_threads(started):
    lab.main([])
    assert started[0][1]["MALLOC_ARENA_MAX"] == "1"


def test_a_kernel_keeps_few_prepared_operations(started):
    """oneDNN reads it when torch first computes, which a notebook may do before it imports the workbench."""
    lab.main([])
    assert started[0][1]["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "64"


def test_the_status_of_jupyterlab_is_the_answer(started, monkeypatch):
    monkeypatch.setattr(lab.subprocess, "call", lambda *_, **__: 3)
    assert lab.main([]) == 3


def test_ctrl_c_is_the_ordinary_end(started, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.subprocess, "call", interrupted)
    assert lab.main([]) == 0


# Settings


def test_the_settings_file_is_json(started, tmp_path):
    lab.main([])
    path = tmp_path / "prefix/share/jupyter/lab/settings/overrides.json"
    assert json.loads(path.read_text("utf-8")) == lab.SETTINGS


def test_it_lies_where_jupyterlab_reads_it(monkeypatch, tmp_path):
    monkeypatch.delenv("JUPYTERLAB_DIR", raising=False)
    expected = Path(get_app_dir()) / "settings" / "overrides.json"
    assert lab.write_settings(tmp_path).relative_to(tmp_path) == expected.relative_to(sys.prefix)


@pytest.mark.parametrize("plugin", lab.SETTINGS)
def test_each_setting_fits_the_schema_of_its_plugin(plugin):
    schema = json.loads((Path(sys.prefix) / "share/jupyter" / SCHEMAS[plugin]).read_text("utf-8"))
    schema = {key: schema[key] for key in ("properties", "type") if key in schema} | {"additionalProperties": False}
    jsonschema.validate(lab.SETTINGS[plugin], schema)


def overrides(prefix, text):
    path = prefix / "share/jupyter/lab/settings/overrides.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return path


def test_other_settings_that_are_there_are_kept(tmp_path):
    path = overrides(tmp_path, '{"@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Dark"}}')
    lab.write_settings(tmp_path)
    assert set(json.loads(path.read_text("utf-8"))) == {"@jupyterlab/apputils-extension:themes", *lab.SETTINGS}


def test_a_settings_file_that_cannot_be_read_is_left_alone(tmp_path):
    path = overrides(tmp_path, '{"half')
    lab.write_settings(tmp_path)
    assert path.read_text("utf-8") == '{"half'


def test_a_settings_file_that_holds_no_object_does_not_stop_the_lab(tmp_path):
    path = overrides(tmp_path, "[]")
    assert lab.write_settings(tmp_path) == path


def test_an_environment_that_cannot_be_written_does_not_stop_the_lab(tmp_path):
    (tmp_path / "share").write_text("a file where a folder should be", "utf-8")
    lab.write_settings(tmp_path)
    assert (tmp_path / "share").is_file()


# Lessons of a wheel


def test_a_wheel_copies_its_lessons_into_the_current_folder(wheel):
    folder = lab.lessons()
    assert folder == Path.cwd() / "workbench-lessons"
    assert [path.name for path in folder.iterdir()] == [lab.FIRST]


def test_a_learners_changes_are_kept(wheel):
    lesson = lab.lessons() / lab.FIRST
    lesson.write_text("changed", "utf-8")
    lab.lessons()
    assert lesson.read_text("utf-8") == "changed"


def test_a_lesson_that_was_deleted_comes_back(wheel):
    lesson = lab.lessons() / lab.FIRST
    lesson.unlink()
    lab.lessons()
    assert lesson.read_text("utf-8") == "first"


# Tokens


def test_no_token_is_written_or_printed(started, wheel, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    lab.main([])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    printed = "".join(capsys.readouterr()) + " ".join(started[0][0])
    assert files and not any(TOKEN.encode() in path.read_bytes() for path in files) and TOKEN not in printed


def test_in_a_checkout_nothing_is_written(started):
    def seen():
        tops = [bootstrap.ROOT, bootstrap.ROOT / "notebooks", bootstrap.ROOT / "workbench"]
        return {(path, path.stat().st_mtime_ns) for top in tops for path in top.iterdir() if path.is_file()}

    before = seen()
    lab.main([])
    assert started[0][2] == bootstrap.ROOT / "notebooks" and seen() == before


def test_jupyters_own_token_goes_outside_the_project():
    from jupyter_core.paths import jupyter_runtime_dir

    assert bootstrap.ROOT.resolve() not in Path(jupyter_runtime_dir()).resolve().parents
