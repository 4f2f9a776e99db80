"""What differs on Windows: a file that somebody has open for a moment gets a little patience, and names that it cannot give are
refused everywhere."""

from pathlib import Path

import pytest

import workbench as wb
from workbench import files
from workbench.files import portable, to_be_made
from workbench.scale import pack, storage
from workbench.scale.aside import new_folder
from workbench.scale.plan import checked
from workbench.training import store


@pytest.fixture
def busy(monkeypatch):
    """Says how often a file is refused before it is given."""
    monkeypatch.setattr(files, "REFUSES", True)
    monkeypatch.setattr(files, "PATIENCE", 0.2)
    real = store.os.replace

    def times(n):
        left = [n]

        def replace(source, target):
            if left[0] > 0:
                left[0] -= 1
                raise PermissionError(
                    13, "The process cannot access the file because it is being used by another process"
                )
            real(source, target)

        monkeypatch.setattr(store.os, "replace", replace)
        return left

    return times


def test_a_file_that_is_open_for_a_moment_is_replaced_after_it(busy, tmp_path):
    left = busy(3)
    store.write_aside(tmp_path / "config.json", b"new")
    assert left == [0] and (tmp_path / "config.json").read_bytes() == b"new"


def test_patience_has_an_end(busy, tmp_path):
    busy(10**9)
    with pytest.raises(PermissionError, match="another process"):
        store.write_aside(tmp_path / "config.json", b"new")


def test_elsewhere_a_file_that_may_not_be_written_is_said_at_once(busy, tmp_path, monkeypatch):
    left = busy(3)
    monkeypatch.setattr(files, "REFUSES", False)
    with pytest.raises(PermissionError):
        store.write_aside(tmp_path / "config.json", b"new")
    assert left == [2]


ODD = [
    "con",
    "CON",
    "Prn.txt",
    "aux.tar.gz",
    "nul ",
    "nul .txt",
    "com1",
    "COM9.log",
    "lpt3",
    "com²",
    "model.",
    "model ",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_windows_cannot_give_is_refused_wherever_a_user_names_something(name, tmp_path, monkeypatch):
    """A folder (run.save, run.export and others), a part on the way to it, a search, its storage, an archive."""
    monkeypatch.chdir(tmp_path)
    asked = (lambda: new_folder(Path(name)).__enter__(), lambda: new_folder(Path(name) / "model").__enter__(), lambda: checked(name),
             lambda: storage.place(tmp_path / name, "rates"), lambda: pack.check_names([name]))  # fmt: skip
    for ask in asked:
        with pytest.raises(wb.WorkbenchError):
            ask()
    assert not portable(name) and not list(tmp_path.iterdir())
    with pytest.raises(wb.WorkbenchError, match="Windows cannot give"):
        pack.pack(f"{name.split('.')[0].rstrip()}.zip" if not name.startswith("model") else f"{name}/pack.zip")


@pytest.mark.parametrize(
    "name", ["console", "auxiliary", "com", "com0", "com10", "null", "my.model", ".hidden", "nul-1.csv", "wb aux"]
)
def test_a_name_that_only_looks_like_one_is_given(name, tmp_path):
    with new_folder(tmp_path / name) as aside:
        (aside / "weights").touch()
    assert (tmp_path / name / "weights").exists()


@pytest.mark.skipif(files.REFUSES, reason="such a folder cannot be there")
def test_a_folder_that_is_there_already_may_be_called_what_it_is(tmp_path, monkeypatch):
    here = tmp_path / "aux"
    here.mkdir()
    assert to_be_made(here / "model") == here / "model" and to_be_made(here) == here
    monkeypatch.chdir(here)
    assert to_be_made("model") == Path("model") and to_be_made("../../model") == Path("../../model")


@pytest.mark.parametrize("path", [".", "..", "/"])
def test_what_is_no_name_is_refused_too(path):
    with pytest.raises(wb.WorkbenchError, match="has no name"):
        to_be_made(path)


def test_a_home_folder_of_nobody_is_said(monkeypatch):
    def nobody(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    with pytest.raises(wb.WorkbenchError, match="begins with a user that is not known here"):
        to_be_made("~nobody/model")


def test_the_home_folder_is_spelled_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert to_be_made("~/model") == tmp_path / "model"


def test_two_models_of_one_name_do_not_go_into_one_archive():
    pack.check_names(["a", "b"])
    with pytest.raises(wb.WorkbenchError, match="two models called A"):
        pack.check_names(["A", "b", "a"])


def test_a_folder_that_is_swapped_in_leaves_one_behind(tmp_path):
    for name in ("new", "there", "left-by-a-kill"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    files.swap(tmp_path / "new", tmp_path / "there", tmp_path / "left-by-a-kill")
    assert [p.name for p in tmp_path.iterdir()] == ["there"] and (tmp_path / "there" / "a").read_text() == "new"
