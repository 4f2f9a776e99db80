"""Where trials are kept: half a line, a file that vanishes, a full disk, a foreign file, a password, pickles."""

import json
import os
import sys
from pathlib import Path

import optuna
import pytest

import workbench as wb
from workbench.scale import storage as kept


def study(path, name="s"):
    return optuna.create_study(storage=kept.connect(str(path)), study_name=name, load_if_exists=True)


def test_by_default_it_is_a_file_of_json_lines_beside_the_runs(home):
    where = kept.place(None, "rates")
    study(where).set_user_attr("a", 1)
    assert Path(where) == (home / "runs" / "searches" / "rates.jsonl").resolve()
    assert all(isinstance(json.loads(line), dict) for line in Path(where).read_text().splitlines())


def test_what_a_killed_process_has_half_written_is_cut_off(tmp_path):
    path = tmp_path / "s.jsonl"
    study(path).set_user_attr("a", 1)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 2, "wor')
    again = study(path)
    again.set_user_attr("b", 2)
    assert study(path).user_attrs == {"a": 1, "b": 2}
    assert path.read_bytes().startswith(whole) and b'"wor{' not in path.read_bytes()


def test_a_full_disk_leaves_whole_lines_and_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "s.jsonl"
    one = study(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(wb.WorkbenchError, match=r"s\.jsonl, cannot be used \(No space left on device\)"),
        kept.trouble(str(path)),
    ):
        one.set_user_attr("a", 1)
    assert path.read_bytes() == before
    monkeypatch.undo()
    study(path).set_user_attr("a", 1)
    assert study(path).user_attrs == {"a": 1}


@pytest.mark.parametrize("url", [False, True])
def test_a_storage_that_vanishes_is_one_sentence_and_not_a_new_empty_one(tmp_path, url):
    path = tmp_path / "gone" / "s.jsonl"
    path.parent.mkdir()
    where = f"sqlite:///{path}" if url else str(path)
    one = study(where)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(wb.WorkbenchError, match="cannot be used") as caught, kept.trouble(where):
        one.set_user_attr("a", 1)
    assert "\n" not in str(caught.value) and not path.exists()


@pytest.mark.parametrize("where", ["{}/none/s.jsonl", "sqlite:///{}/none/s.db"])
def test_a_place_that_cannot_be_written_is_one_sentence(where, tmp_path):
    (tmp_path / "file").touch()
    where = where.format(tmp_path / "file")
    with pytest.raises(wb.WorkbenchError, match="cannot be used"):
        kept.connect(where)


@pytest.mark.parametrize("text", ["hello\nworld\n", '{"a": 1}\n{"b": 2}\n', "no line break"])
def test_a_file_of_something_else_is_not_touched(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(wb.WorkbenchError, match="is not the storage of a search"):
        kept.connect(str(path))
    assert path.read_text() == text


def test_a_driver_that_is_missing_names_what_to_install_and_no_password(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)  # whether or not it is installed here
    with pytest.raises(wb.WorkbenchError, match=r"ann:\*\*\*@host/db is not installed \(no module pymysql\)") as caught:
        kept.connect("mysql+pymysql://ann:secret@host/db")
    assert 'Try: pip install "pymysql", or a file' in str(caught.value) and "secret" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(wb.WorkbenchError, match=r'pip install "psycopg2-binary"'):
        kept.connect("postgresql+psycopg2://host/db")


@pytest.mark.parametrize("url", ["nosuchdb://host/db", "postgres://host/db"])  # the second is a frequent slip
def test_a_url_of_no_database_is_one_sentence(url):
    with pytest.raises(wb.WorkbenchError, match=r"stands for no database.*postgresql://") as caught:
        kept.connect(url)
    assert "\n" not in str(caught.value)


def test_pickles_are_refused_and_passwords_are_not_shown():
    with pytest.raises(wb.WorkbenchError, match="pickles") as caught:
        kept.place("redis://ann:secret@host:1/0", "s")
    assert "secret" not in str(caught.value) and "ann" in str(caught.value)
    assert kept.masked("postgresql://ann:se:c@ret@host/db") == "postgresql://ann:***@host/db"
    assert kept.masked("sqlite:///a.db") == "sqlite:///a.db"


@pytest.mark.parametrize("storage", ["", "  ", "."])
def test_a_folder_is_no_storage(storage):
    with pytest.raises(wb.WorkbenchError, match="is no file"):
        kept.place(storage, "s")


def test_a_storage_that_is_no_place_is_refused_in_a_sentence():
    with pytest.raises(wb.WorkbenchError, match=r"storage=3\. Expected: a file or a database URL"):
        kept.place(3, "mine")
