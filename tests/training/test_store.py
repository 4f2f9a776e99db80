"""Run folders: what is written, what is read again, and what happens when nothing can be written."""

import errno
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training.owner import owner, owner_alive
from workbench.training.store import Store, runs_home, stored, write_aside

STARTED = ev.Started(0, 0.0, 100)


@pytest.fixture
def gone():
    """The facts of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    facts = {"pid": child.pid, "born": psutil.Process(child.pid).create_time()}
    assert owner_alive(facts)
    child.communicate(b"\n")
    return facts


def new(facts=None, **choices):
    return Store.create(RunConfig(**choices), owner() if facts is None else facts)


def filled(*events, facts=None):
    store = new(facts)
    for event in events:
        store.append(event)
    store.close()
    return store


def evaluated(step, valid_loss=0.5, **metrics):
    return ev.Evaluated(step, step / 10, step / 100, 0.4, valid_loss, metrics, 3e-4, False)


def status(*events, facts=None):
    return Store.open(filled(*events, facts=facts).folder).status


def lines(store):
    return (store.folder / "events.jsonl").read_text("utf-8").splitlines()


def refuse(*args, **kwargs):
    raise OSError(errno.EROFS, "Read-only file system")


# Where runs are -----------------------------------------------------------------------------------------------------


def test_runs_are_in_workbench_home(home):
    assert runs_home() == home / "runs"
    assert new().folder.parent == home / "runs"


@pytest.mark.parametrize("value", [None, ""])
def test_without_workbench_home_runs_are_in_the_current_folder(value, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKBENCH_HOME")
    if value is not None:
        monkeypatch.setenv("WORKBENCH_HOME", value)
    assert runs_home().resolve() == tmp_path / "runs"


def test_workbench_home_may_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_HOME", "~/bench")
    assert runs_home() == tmp_path / "bench" / "runs"


def test_the_folder_is_named_after_the_moment_the_model_and_the_data(monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "20260102-030405")
    store = new(data="My Data/Ärger.csv", model="google-bert/bert-base")
    assert store.id == "20260102-030405-google-bert-bert-base-my-data-rger-csv"


def test_a_long_name_is_cut():
    assert len(new(data="x" * 500).id) <= 80


def test_two_runs_in_the_same_second_have_folders_of_their_own(monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "20260102-030405")
    ids = [new().id for _ in range(3)]
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


# Writing and reading ------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_again():
    store = filled(STARTED, evaluated(10, accuracy=0.8), ev.Ended(10, 1.0, "budget"), facts={"labels": ["Ä", "b"]})
    again = Store.open(store.folder)
    assert (again.config, again.facts, again.events, again.id) == (store.config, store.facts, store.events, store.id)


def test_an_event_is_on_disk_as_soon_as_append_returns():
    store = new()
    store.append(STARTED)
    assert lines(store) == [ev.to_json(STARTED)]
    store.close()


def test_a_closed_store_can_go_on():
    store = filled(STARTED)
    store.append(ev.Paused(1, 1.0))
    store.close()
    assert len(lines(store)) == 2


def test_closing_twice_does_nothing():
    store = filled(STARTED)
    store.close()
    assert lines(store) == [ev.to_json(STARTED)]


def test_a_note_with_line_breaks_of_every_kind_is_one_event():
    note = ev.Note(0, 0.0, "a\nb\r\nc\u2028d\x85e\x0cf")
    assert Store.open(filled(note).folder).events == [note]


def test_a_loss_that_is_not_a_number_is_read_again():
    assert math.isnan(Store.open(filled(evaluated(1, math.nan)).folder).events[0].valid_loss)


def test_half_a_character_in_a_name_does_no_harm():
    store = new(data="reviews \ud83d")
    assert store.trouble is None
    assert Store.open(store.folder).config == store.config


@pytest.mark.parametrize(
    "torn", ['{"kind": "stepped", "st', '{"kind": "stepped", "step": 3}', "\0\0\0", "{}", '"\udc80']
)
def test_a_torn_last_line_is_passed_over(torn):
    store = filled(STARTED, ev.Paused(1, 1.0))
    with (store.folder / "events.jsonl").open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(torn)
    assert Store.open(store.folder).events == store.events


def test_what_follows_a_torn_line_has_a_line_of_its_own():
    store = filled(STARTED)
    path = store.folder / "events.jsonl"
    path.write_text(path.read_text() + '{"kind": "ste')
    again = Store.open(store.folder)
    again.append(ev.Paused(1, 1.0))
    again.close()
    assert Store.open(store.folder).events == [STARTED, ev.Paused(1, 1.0)]


def test_a_run_without_events_is_readable():
    assert Store.open(new().folder).events == []


def test_a_line_that_is_no_object_is_passed_over():
    store = filled(STARTED)
    with (store.folder / "events.jsonl").open("a") as file:
        file.write("null\n")
    assert Store.open(store.folder).events == [STARTED]


def test_choices_of_newer_versions_are_dropped():
    store = new(epochs=3)
    path = store.folder / "config.json"
    raw = json.loads(path.read_text())
    raw["config"]["from_the_future"] = 1
    path.write_text(json.dumps(raw))
    assert Store.open(store.folder).config == RunConfig(epochs=3)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", "{}", '{"config": null}', '{"config": {"epochs": -1}}'])
def test_a_broken_config_is_an_error_for_the_learner(text):
    folder = new().folder
    (folder / "config.json").write_text(text)
    with pytest.raises(WorkbenchError):
        Store.open(folder)


def test_a_folder_that_is_no_run_is_an_error(tmp_path):
    with pytest.raises(WorkbenchError, match="is not a run folder"):
        Store.open(tmp_path)


def test_stored_runs_are_listed_newest_first(monkeypatch):
    for second in ("20260102-030405", "20260102-030407", "20260102-030406"):
        monkeypatch.setattr(time, "strftime", lambda form, second=second: second)
        new()
    assert [s.id[13:15] for s in stored()] == ["07", "06", "05"]


def test_a_broken_folder_does_not_hide_the_others():
    sound, broken = new(), new()
    (broken.folder / "config.json").write_text("{")
    assert [s.id for s in stored()] == [sound.id]


def test_events_that_cannot_be_read_do_not_hide_the_others():
    sound, broken = new(), new()
    (broken.folder / "events.jsonl").mkdir()
    assert sound.id in [s.id for s in stored()]


def test_where_there_are_no_runs_the_list_is_empty():
    assert stored() == []


def test_write_aside_leaves_nothing_beside(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    write_aside(tmp_path / "a", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir() if p.is_file()] == [("a", b"new")]


def test_write_aside_keeps_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="Read-only"):
        write_aside(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


# Status -------------------------------------------------------------------------------------------------------------


def test_before_it_starts_it_is_new():
    assert status() == "new"


def test_between_start_and_end_it_is_training():
    assert status(STARTED, evaluated(10)) == "training"


def test_a_pause_is_told():
    assert status(STARTED, ev.Paused(1, 1.0)) == "paused"
    assert status(STARTED, ev.Paused(1, 1.0), ev.Note(1, 1.0, "still here")) == "paused"


def test_after_a_pause_it_is_training():
    assert status(STARTED, ev.Paused(1, 1.0), ev.Continued(1, 1.0)) == "training"


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("budget", "finished"),
        ("patience", "finished"),
        ("user", "stopped"),
        ("non-finite", "stopped"),
        ("error", "failed"),
        ("interrupted", "interrupted"),
    ],
)
def test_the_end_says_how(reason, word):
    assert status(STARTED, ev.Ended(1, 1.0, reason)) == word
    assert status(STARTED, ev.Ended(1, 1.0, reason), facts={}) == word


def test_a_resumed_run_is_training_again():
    assert status(STARTED, ev.Ended(9, 1.0, "user"), STARTED) == "training"


def test_a_run_killed_while_paused_and_resumed_is_training():
    assert status(STARTED, ev.Paused(5, 1.0), ev.Started(5, 1.0, 100)) == "training"


@pytest.mark.parametrize("events", [(), (STARTED,), (STARTED, ev.Paused(1, 1.0))], ids=["new", "training", "paused"])
def test_a_run_whose_process_is_gone_is_interrupted(events, gone):
    assert status(*events, facts=gone) == "interrupted"


def test_a_reused_process_number_is_not_the_owner():
    mine = owner()
    assert owner_alive(mine)
    assert status(STARTED, facts={**mine, "born": mine["born"] - 60}) == "interrupted"


@pytest.mark.parametrize("facts", [{}, {"pid": None}, {"pid": -1, "born": 0}, {"pid": os.getpid()}])
def test_without_an_owner_a_run_is_interrupted(facts):
    assert status(STARTED, facts=facts) == "interrupted"


def test_a_zombie_trains_nothing():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    facts = {"pid": child.pid, "born": psutil.Process(child.pid).create_time()}
    try:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not owner_alive(facts)
    finally:
        child.communicate()


def test_last_is_the_newest_of_its_kind():
    store = filled(evaluated(1), evaluated(2), ev.Paused(3, 1.0))
    assert store.last(ev.Evaluated).step == 2
    assert store.last(ev.Ended) is None


# Frames -------------------------------------------------------------------------------------------------------------


def test_the_frame_has_one_row_per_evaluation_and_a_column_per_metric():
    frame = filled(STARTED, evaluated(10, 0.7, accuracy=0.5, f1=0.4), evaluated(20, 0.6, accuracy=0.8, f1=0.7)).frame()
    assert frame[["step", "valid_loss", "accuracy", "f1"]].values.tolist() == [[10, 0.7, 0.5, 0.4], [20, 0.6, 0.8, 0.7]]


def test_valid_metric_is_accuracy_unless_the_run_says_otherwise():
    events = (STARTED, evaluated(10, accuracy=0.5, f1=0.4))
    assert filled(*events, facts={}).frame()["valid_metric"].tolist() == [0.5]
    assert filled(*events, facts={"metric": "f1"}).frame()["valid_metric"].tolist() == [0.4]


def test_without_the_metric_valid_metric_is_missing():
    assert filled(evaluated(10)).frame()["valid_metric"].isna().all()


def test_an_empty_frame_has_its_columns():
    assert {"step", "train_loss", "valid_loss", "valid_metric", "best"} <= set(new().frame().columns)
    assert new().frame().empty


def test_a_step_evaluated_twice_counts_once_and_the_later_holds():
    assert filled(evaluated(20, 0.5), evaluated(10, 0.7), evaluated(20, 0.4)).frame()["valid_loss"].tolist() == [
        0.7,
        0.4,
    ]


def test_what_a_resumed_run_has_not_done_again_is_not_in_its_frame():
    lost = [STARTED, evaluated(10), evaluated(20), evaluated(30)]
    again = [ev.Started(10, 1.0, 100), evaluated(20), ev.Ended(20, 2.0, "user")]
    assert filled(*lost, *again).frame()["step"].tolist() == [10, 20]


def test_steps_have_one_row_per_report():
    steps = filled(ev.Stepped(2, 0.2, 0.1, 0.6, 1e-3), ev.Stepped(1, 0.1, 0.05, 0.7, 1e-3)).steps()
    assert steps[["step", "loss"]].values.tolist() == [[1, 0.7], [2, 0.6]]


def test_without_reports_the_steps_are_empty_with_columns():
    assert new().steps().columns.tolist() == ["step", "seconds", "epoch", "loss", "learning_rate"]


# When nothing can be written ----------------------------------------------------------------------------------------


def kept(store):
    """The store takes events and answers as ever."""
    store.append(STARTED)
    store.append(evaluated(10, accuracy=0.8))
    return store.status == "training" and len(store.frame()) == 1


def test_a_folder_that_cannot_be_made_leaves_the_run_in_memory(monkeypatch):
    monkeypatch.setattr(Path, "mkdir", refuse)
    store = new()
    assert store.trouble == f"this run is kept in memory only: {store.id} cannot be written (Read-only file system)"
    assert kept(store)


def test_a_home_that_is_a_file_leaves_the_run_in_memory(home):
    home.write_text("in the way")
    store = new()
    assert "kept in memory only" in store.trouble
    assert kept(store)


def test_a_config_that_cannot_be_written_leaves_the_run_in_memory(monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", refuse)
    store = new()
    assert "Read-only file system" in store.trouble
    assert kept(store)


def test_events_that_cannot_be_written_are_kept_in_memory(monkeypatch):
    store = new()
    monkeypatch.setattr(Path, "open", refuse)
    assert kept(store)
    assert store.trouble == f"the run goes on in memory: {store.id} cannot be written any more (Read-only file system)"


def test_after_the_first_trouble_the_disk_is_left_alone(monkeypatch):
    store = new()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        store.append(STARTED)
    store.append(ev.Paused(1, 1.0))
    assert not (store.folder / "events.jsonl").exists()
    assert len(store.events) == 2


def test_a_folder_that_vanishes_does_not_end_the_run():
    store = new()
    (store.folder / "config.json").unlink()
    store.folder.rmdir()
    assert kept(store)
    assert "cannot be written any more" in store.trouble


def test_guard_tells_whether_it_wrote():
    store, done = new(), []
    assert store.guard(lambda: done.append(1))
    assert not store.guard(refuse)
    assert not store.guard(lambda: done.append(2))
    assert done == [1]


def test_guard_hides_no_other_error():
    with pytest.raises(ZeroDivisionError):
        new().guard(lambda: 1 / 0)


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@needs_full
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_leaves_the_run_in_memory():
    store = new()
    (store.folder / "events.jsonl").symlink_to("/dev/full")
    assert kept(store)
    assert "No space left" in store.trouble


@needs_full
def test_closing_on_a_full_disk_does_no_harm():
    store = new()
    (store.folder / "events.jsonl").symlink_to("/dev/full")
    store.append(STARTED)
    store.close()


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("bert-mini", "bert-mini"),
        ("google-bert/bert-base-uncased", "google-bert/bert-base-uncased"),
        ("/home/me/models/mine", "mine"),
        ("/w/runs/20260101-101010-bert-mini-reviews/model", "after bert-mini-reviews"),
        ("C:\\me\\data\\mine.csv", "mine.csv"),
    ],
)
def test_a_run_is_named_after_the_last_part_of_a_path(name, short):
    from workbench.training.store import called

    assert called(name) == short


@pytest.mark.parametrize(
    "spoilt", ["{not json", "[]", '{"config": {}, "facts": null}', '{"config": 3}', '{"config": {"epochs": "x"}}']
)
def test_a_folder_whose_config_is_spoilt_does_not_hide_the_other_runs(spoilt, tmp_path):
    good = Store.create(RunConfig(), {}, tmp_path)
    bad = Store.create(RunConfig(), {}, tmp_path)
    (bad.folder / "config.json").write_text(spoilt, "utf-8")
    assert [s.id for s in stored(tmp_path)] == [good.id]
    with pytest.raises(WorkbenchError):
        Store.open(bad.folder)
