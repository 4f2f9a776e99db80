"""The wheel: what is in it, what is not, and that it works away from the checkout. Built without a network."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import workbench
from workbench import bootstrap

pytestmark = pytest.mark.slow
ROOT = bootstrap.ROOT
MB = 1e6


def build(root, target):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=250)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A fresh copy of what git keeps, so that what lies about in this checkout decides nothing."""
    root = tmp_path_factory.mktemp("fresh") / "checkout"
    root.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, root)
    for name in ("workbench", "data", "notebooks", "docs"):
        left_out = shutil.ignore_patterns("runs", ".ipynb_checkpoints", "__pycache__", ".pretrain")
        shutil.copytree(ROOT / name, root / name, ignore=left_out)
    return root


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    """The wheel of a checkout in which Python has left its byte code."""
    cache = checkout / "workbench" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "catalog.cpython-311.pyc").touch()
    return build(checkout, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def files(wheel):
    """Name -> size of every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(info.filename): info.file_size for info in archive.infolist() if not info.is_dir()}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The unpacked wheel, as in site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed, *arguments, cwd):
    """Python in another folder, the unpacked wheel first on sys.path."""
    path = os.pathsep.join([str(installed), str(ROOT / "tests" / "offline")])
    environ = {name: value for name, value in os.environ.items() if name != "WORKBENCH_ENVIRONMENT"}
    return subprocess.run(
        [sys.executable, *arguments], env={**environ, "PYTHONPATH": path}, cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.parametrize("kind", ["datasets", "models"])
def test_every_bundled_thing_is_in_it_with_its_card(files, kind):
    there = {path.parent.name for path in (ROOT / "data" / kind).glob("*/card.json")}
    cards = {path.parent.name for path in files if path.match(f"workbench/bundled/data/{kind}/*/card.json")}
    assert there and cards == there


def test_everything_beside_the_cards_is_in_it_byte_for_byte(installed, checkout):
    names = [path.relative_to(checkout) for path in (checkout / "data").rglob("*") if path.is_file()]
    assert names
    for name in names:
        assert (installed / "workbench/bundled" / name).read_bytes() == (checkout / name).read_bytes(), name


def test_every_lesson_is_in_it(files):
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert lessons and {path.name for path in files if path.match("workbench/bundled/notebooks/*.ipynb")} == lessons


def test_the_pages_that_lessons_link_to_are_in_it(files):
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages and {path.name for path in files if path.match("workbench/bundled/docs/*")} == pages


@pytest.mark.parametrize("kind", ["py", "txt", "template"])
def test_every_module_is_in_it_with_what_it_reads(files, kind):
    there = {PurePosixPath(path.relative_to(ROOT).as_posix()) for path in (ROOT / "workbench").rglob(f"*.{kind}")}
    assert there and there <= files.keys()


def test_it_holds_the_package_and_nothing_else(files):
    assert {path.parts[0] for path in files} == {"workbench", f"finetuning_workbench-{workbench.__version__}.dist-info"}


def test_it_is_small(wheel, files):
    assert wheel.stat().st_size < 100 * MB
    assert max(files.values()) <= 15 * MB


def test_it_holds_no_pickles_and_no_byte_code(files):
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".bin", ".pt", ".pth", ".pyc")]
    assert not [path for path in files if {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)]


@pytest.mark.parametrize("left", ["runs/one/last/model.safetensors", ".ipynb_checkpoints/00-checkpoint.ipynb"])
def test_what_a_learner_leaves_in_notebooks_stays_out(checkout, tmp_path, left):
    used = tmp_path / "used"
    shutil.copytree(checkout, used, ignore=shutil.ignore_patterns("*.safetensors"))
    (used / "notebooks" / left).parent.mkdir(parents=True)
    (used / "notebooks" / left).write_bytes(b"left behind")
    with zipfile.ZipFile(build(used, tmp_path / "dist")) as archive:
        assert not [name for name in archive.namelist() if name.endswith(left)]


def test_an_editable_install_copies_nothing(checkout, tmp_path):
    code = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=checkout, check=True, capture_output=True)
    (editable,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(editable) as archive:
        assert not [name for name in archive.namelist() if "bundled" in name]


def test_its_command_is_workbench(installed):
    (points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "workbench = workbench.__main__:main" in points.read_text("utf-8").splitlines()


def test_its_metadata_is_that_of_pyproject(installed):
    (metadata,) = installed.glob("*.dist-info/METADATA")
    lines = metadata.read_text("utf-8").splitlines()
    assert "Name: finetuning-workbench" in lines and "Requires-Python: <3.14,>=3.11" in lines


def test_it_lists_its_own_datasets_from_another_folder(installed, tmp_path):
    code = """import json, workbench as wb
print(json.dumps([wb.__file__, [[card.name, str(card.folder)] for card in wb.datasets()]]))"""
    result = python(installed, "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    where, cards = json.loads(result.stdout)
    assert Path(where).parent == installed / "workbench"
    assert ["reviews", str(installed / "workbench/bundled/data/datasets/reviews")] in cards


def test_its_command_line_makes_no_environment(installed, tmp_path):
    result = python(installed, "-m", "workbench", "models", cwd=tmp_path)
    assert result.returncode == 0 and result.stdout.splitlines()[1].startswith("bert-mini")
    assert list(tmp_path.iterdir()) == [] and not (installed / ".venv").exists()


def test_its_bundled_texts_can_be_loaded(installed, tmp_path):
    code = "import workbench as wb; print(len(wb.load('reviews')['train']))"
    result = python(installed, "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 1000
