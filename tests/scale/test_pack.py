"""The pack with two small wheels of its own: what is in it, that it installs with no index, and what goes wrong."""

import base64
import hashlib
import json
import os
import platform
import subprocess
import sys
import tarfile
import zipfile
from types import SimpleNamespace

import pytest

import workbench as wb
from workbench.scale import pack as packing

WHEELS = {"finetuning_workbench": ["tiny_thing==1.0"], "tiny_thing": []}


def wheel(folder, name, needs=()):
    """A real wheel with one module, `name.py`, that knows its name."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"NAME = {name!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        + "".join(f"Requires-Dist: {n}\n" for n in needs),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\n"
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")


def fetch(wheels):
    for name, needs in WHEELS.items():
        wheel(wheels, name, needs)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """An environment of two packages of a kilobyte."""
    one = SimpleNamespace(files=[SimpleNamespace(size=1000)], version="1.0")
    monkeypatch.setattr(packing, "packages", lambda: {"finetuning-workbench": one, "tiny-thing": one})


@pytest.fixture
def unpacked(tmp_path):
    """The folder that a teacher has on the other machine."""
    archive = packing.pack(tmp_path / "pack.tar.gz", fetch=fetch)
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "there", filter="data")
    return tmp_path / "there" / "finetuning-workbench"


def install(folder, *arguments):
    environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(folder / "install.py"), *arguments]
    return subprocess.run(command, env=environ, cwd=folder.parent, capture_output=True, text=True, timeout=120)


def test_wheels_hashes_lessons_and_words_are_in_it(unpacked):
    wheels = {p.name for p in (unpacked / "wheelhouse").iterdir()}
    assert wheels == {"finetuning_workbench-1.0-py3-none-any.whl", "tiny_thing-1.0-py3-none-any.whl"}
    digest = hashlib.sha256((unpacked / "wheelhouse" / "tiny_thing-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert f"tiny-thing==1.0 --hash=sha256:{digest}" in (unpacked / "requirements.txt").read_text()
    assert {p.name for p in (unpacked / "lessons").glob("*.ipynb")} == {
        p.name for p in packing.lessons().glob("*.ipynb")
    }
    assert (unpacked / "lessons" / "docs" / "using.md").is_file()
    assert "install.py" in (unpacked / "README.txt").read_text()
    assert json.loads((unpacked / "pack.json").read_text())["machine"] == platform.machine()


@pytest.mark.slow
def test_it_installs_where_no_index_answers(unpacked, tmp_path):
    done = install(unpacked, str(tmp_path / "env"))
    assert done.returncode == 0, done.stdout + done.stderr
    python = next((tmp_path / "env").glob("[bS]*/python*"))
    said = subprocess.run(
        [python, "-c", "import finetuning_workbench, tiny_thing; print(tiny_thing.NAME)"],
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == "tiny_thing"


@pytest.mark.slow
def test_a_wheel_that_was_damaged_on_the_way_is_not_installed(unpacked, tmp_path):
    with (unpacked / "wheelhouse" / "tiny_thing-1.0-py3-none-any.whl").open("ab") as file:
        file.write(b"x")
    done = install(unpacked, str(tmp_path / "env"))
    assert done.returncode and "Expected: an archive that was copied and unpacked whole" in done.stderr
    assert not list((tmp_path / "env").rglob("tiny_thing.py"))


def test_the_wrong_machine_is_told_which_is_the_right_one(unpacked):
    facts = json.loads((unpacked / "pack.json").read_text())
    (unpacked / "pack.json").write_text(json.dumps({**facts, "system": "Amiga"}))
    done = install(unpacked)
    assert done.returncode and f"This is system {platform.system()}. Expected: system Amiga" in done.stderr
    assert not (unpacked / ".venv").exists()


def test_the_script_and_an_old_python_understand_each_other():
    import ast

    assert ast.parse(packing.INSTALL.read_text("utf-8"), feature_version=(3, 7))


def test_a_zip_holds_the_same_and_a_model_may_come_along(tmp_path):
    model = tmp_path / "my-model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    archive = packing.pack(tmp_path / "pack.zip", [str(model)], fetch)
    names = zipfile.ZipFile(archive).namelist()
    assert "finetuning-workbench/models/my-model/config.json" in names and "finetuning-workbench/install.py" in names


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def test_no_room_says_how_much_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    with pytest.raises(wb.WorkbenchError, match=r"0\.01 GB are free in .*Expected: 0\.06 GB for the pack"):
        packing.pack(tmp_path / "pack.tar", fetch=fetch)
    assert left(tmp_path) == []


@pytest.mark.parametrize("when", ["fetch", "write"])
def test_a_disk_that_gets_full_on_the_way_leaves_nothing_half_written(tmp_path, monkeypatch, when):
    (tmp_path / "pack.tar").write_bytes(b"the old one")

    def full(*_):
        if when == "write":
            (tmp_path / "pack.tar.part").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "write", full if when == "write" else packing.write)
    with pytest.raises(wb.WorkbenchError, match=r"is full\. Expected: 0\.06 GB"):
        packing.pack(tmp_path / "pack.tar", fetch=full if when == "fetch" else fetch)
    assert left(tmp_path) == ["pack.tar"] and (tmp_path / "pack.tar").read_bytes() == b"the old one"


def test_a_wheel_that_is_missing_is_named(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="no wheel of tiny-thing"):
        packing.pack(tmp_path / "pack.tar", fetch=lambda wheels: wheel(wheels, "finetuning_workbench"))
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "add", "words"),
    [
        ("pack.rar", (), "is no archive"),
        ("none/pack.zip", (), "a folder that exists"),
        ("pack.zip", (".",), "not a saved model"),
    ],
)
def test_a_name_that_cannot_be_is_refused_at_once(tmp_path, monkeypatch, file, add, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(wb.WorkbenchError, match=words):
        packing.pack(tmp_path / file, add, lambda _: pytest.fail("fetched"))


def test_pip_that_finds_nothing_is_one_sentence(tmp_path, monkeypatch):
    words = b"Looking in indexes\nERROR: No matching distribution found for torch==9.9+cpu\n"
    monkeypatch.setattr(packing.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout=words))
    with pytest.raises(wb.WorkbenchError, match=r"No matching distribution found for torch==9\.9\+cpu"):
        packing._pip_wheel(tmp_path, ["torch==9.9+cpu"])


def test_everything_that_is_needed_is_found_all_the_way_down(monkeypatch):
    monkeypatch.undo()
    found = packing.packages()
    assert {"finetuning-workbench", "torch", "optuna", "sqlalchemy", "markupsafe", "jupyterlab"} <= set(found)
    assert not {"pytest", "mypy"} & set(found)
    assert 0.5e9 < packing.room_needed(found) < 4e9 or found["torch"].version.find("+cpu") < 0


def test_the_file_is_named_after_what_it_is_for():
    assert packing.default_name().endswith(packing.KINDS) and platform.machine().lower() in packing.default_name()


def test_a_disk_without_room_for_the_environment_is_told_before_it_is_made(unpacked):
    facts = json.loads((unpacked / "pack.json").read_text())
    (unpacked / "pack.json").write_text(json.dumps({**facts, "room": 10**9}))
    done = install(unpacked)
    assert done.returncode and "GB are free here. Expected: 1000000000.0 GB for the environment" in done.stderr
    assert not (unpacked / ".venv").exists()
