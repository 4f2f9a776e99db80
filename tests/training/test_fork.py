"""Forks: the same continuation when nothing is changed, the change when something is, and a bounded number of states on disk."""

import time

import numpy as np
import pytest
import torch
from tiny import data, tiny_bert

import workbench as wb
from workbench.training import checkpoint, states
from workbench.training.checkpoint import load_file
from workbench.training.fork import family, words
from workbench.training.run import Run
from workbench.training.store import Store


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    """A finished parent of 80 steps with the states of all 8 evaluations, and its data: 0.1 of the labels are wrong, so it turns."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        folder = str(tiny_bert(tmp_path_factory.mktemp("tiny")))
        rows = wb.load(data(128, 32, noise=0.1))
        choices = {"model": folder, "train_examples": 64, "epochs": 20, "evaluations": 8, "learning_rate": 5e-3,
                   "precision": "fp32"}  # a curve that is what the finished model says  # fmt: skip
        parent = wb.fit(rows, **choices, keep_states=8).join()
        plain = wb.fit(rows, **choices).join()
        yield parent, plain, home


@pytest.fixture(autouse=True)
def at_home(setting, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(setting[2]))


def test_keeping_states_changes_nothing_of_the_curve(setting):
    parent, plain, _ = setting
    assert parent.frame()["valid_loss"].tolist() == plain.frame()["valid_loss"].tolist()
    assert parent.states == [10, 20, 30, 40, 50, 60, 70, 80] and plain.status == "finished"


def test_a_fork_with_nothing_changed_is_what_the_parent_did(setting):
    parent, _, _ = setting
    child = parent.fork(30).join()
    assert child.id != parent.id and child.status == "finished"
    for column in ("step", "epoch", "train_loss", "valid_loss", "accuracy", "learning_rate"):
        assert child.frame()[column].tolist() == parent.frame()[column].tolist(), column
    assert child.steps()["loss"].tolist() == parent.steps()["loss"].tolist()
    assert child.best == pytest.approx(parent.best, nan_ok=True) or child.best["step"] == parent.best["step"]
    mine, theirs = (load_file(r.folder / "best" / "model.safetensors") for r in (child, parent))
    assert all(np.array_equal(mine[k], theirs[k]) for k in theirs)
    assert words(child) == "nothing changed"


def test_a_changed_rate_holds_from_the_first_step_and_the_past_is_the_parents(setting):
    parent, _, _ = setting
    child = parent.fork(30, learning_rate=5e-4).join()
    before, after = (child.steps()[lambda s, past=past: (s["step"] <= 30) == past] for past in (True, False))
    own = parent.steps()
    assert before["loss"].tolist() == own["loss"][own["step"] <= 30].tolist()
    ratio = after["learning_rate"].to_numpy()[:-1] / own["learning_rate"][own["step"] > 30].to_numpy()[:-1]
    np.testing.assert_allclose(ratio, 0.1, rtol=1e-6)
    assert child.store.facts["fork"] == {"parent": parent.id, "step": 30, "changed": {"learning_rate": [5e-3, 5e-4]}}
    assert words(child) == "learning_rate 0.005 → 0.0005" and "fork(30, learning_rate=0.0005)" in child.to_code()


@pytest.mark.parametrize(("changes", "same_until"), [
    ({"dropout": 0.5}, 30), ({"weight_decay": 5.0}, 30), ({"label_smoothing": 0.3}, 30), ({"seed": 9}, 30), ({"schedule": "constant"}, 30),
    ({"train_examples": 128, "epochs": 12}, 30)])  # fmt: skip
def test_what_is_changed_takes_effect_after_the_fork_only(setting, changes, same_until):
    parent, _, _ = setting
    child = parent.fork(30, **changes).join()
    mine, theirs = child.steps(), parent.steps()
    np.testing.assert_array_equal(mine["loss"][:same_until], theirs["loss"][:same_until])
    assert abs(mine["loss"][same_until:80] - theirs["loss"][same_until:80]).max() > 1e-4
    assert child.status == "finished" and child.frame()["step"].max() == (96 if "train_examples" in changes else 80)


def test_another_seed_goes_on_with_the_same_texts(setting):
    parent, _, _ = setting
    child = parent.fork(30, seed=9).join()
    assert (
        child.store.facts["texts_seed"] == 0
        and child._worker.prepared.train.rows.tolist() == parent._worker.prepared.train.rows.tolist()
    )


def test_the_best_weights_before_the_fork_come_along(setting):
    parent, _, _ = setting
    best = int(parent.best["step"])
    late = next(s for s in parent.states if s > best)
    child = parent.fork(late, learning_rate=1e-2).join()
    if child.best["step"] == best:  # nothing better came: it answers as its parent does
        assert (
            child.predict("the kind room")["probability"].iloc[0]
            == parent.predict("the kind room")["probability"].iloc[0]
        )
    assert child.evaluate("validation")["loss"] == pytest.approx(child.best["valid_loss"], abs=1e-4)


def test_a_fork_of_a_fork_from_the_best_step_and_after_a_restart(setting):
    parent, _, _ = setting
    first = parent.fork(20, dropout=0.3).join()
    again = Run(Store.open(first.folder), parent._data)
    second = again.fork(learning_rate=1e-4).join()
    fork = second.store.facts["fork"]
    assert fork["parent"] == first.id and fork["step"] == int(first.best["step"]) and second.config.dropout == 0.3
    names = [r.id for r in family(second)]
    assert names[0] == parent.id and names.index(first.id) < names.index(second.id)
    assert {r.id for r in family(parent)} == set(names)


def test_a_fork_that_is_interrupted_goes_on(setting):
    parent, _, _ = setting
    child = parent.fork(10, epochs=400)
    while child.steps()["step"].max() < 90:
        time.sleep(0.02)
    child.stop()
    child.join()
    assert child.status == "stopped" and child.steps()["step"].is_monotonic_increasing
    before = len(child.frame())
    child.resume()
    while len(child.frame()) <= before:
        time.sleep(0.02)
    child.stop()
    assert child.join().frame()["step"].is_unique


def test_states_are_bounded_and_the_best_one_is_among_them(setting):
    parent, _, _ = setting
    run = wb.fit(
        parent._data,
        model=parent.config.model,
        train_examples=64,
        epochs=20,
        evaluations=8,
        learning_rate=5e-3,
        keep_states=2,
    ).join()
    best = int(run.best["step"])
    assert {int(p.name) for p in (run.folder / "states").iterdir()} == {40, 80, best}
    assert run.fork(dropout=0.2).join().store.facts["fork"]["step"] == best


def test_states_of_the_oldest_runs_go_first(tmp_path):
    for name, size in (("a", 3), ("b", 4), ("c", 5)):
        folder = tmp_path / name / "states" / "000010"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"0" * size * 10**6)
        states.link(folder / "model.safetensors", folder / "best.safetensors")  # a second name takes no room
    assert states.trim(tmp_path, tmp_path / "c", limit=12) == []
    assert states.trim(tmp_path, tmp_path / "c", limit=8) == ["a", "b"]
    assert states.trim(tmp_path, tmp_path / "c", limit=1) == [] and (tmp_path / "c" / "states" / "000010").exists()


@pytest.mark.parametrize(("step", "changes", "message"), [
    (35, {}, r"no state of step 35.*one of 10, 20.*step=(30|40)"),
    (30, {"model": "bert-mini"}, "model cannot change in mid-run"),
    (80, {"dropout": 0.3}, "step 80 is the last one"),
    (30, {"dropuot": 0.3}, "unknown argument 'dropuot'"),
    (30, {"dropout": 3}, "dropout is 3")])  # fmt: skip
def test_what_cannot_be_forked_is_said(setting, step, changes, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        setting[0].fork(step, **changes)


def test_a_run_without_states_says_how_to_keep_them(setting):
    import shutil

    plain = setting[1]
    shutil.rmtree(plain.folder / "last", ignore_errors=True)
    with pytest.raises(wb.WorkbenchError, match=r"kept no training state.*keep_states=8"):
        plain.fork(10)


def test_fewer_steps_than_the_fork_has_are_refused(setting):
    with pytest.raises(wb.WorkbenchError, match="steps that are left"):
        setting[0].fork(50, epochs=4).join()


def test_the_map_of_moves_goes_on_from_where_the_parent_began(setting):
    parent, _, _ = setting
    child = parent.fork(30).join()
    np.testing.assert_allclose(child.moves().to_numpy(), parent.moves().to_numpy(), rtol=1e-4)


def test_a_copy_is_what_stood_there_when_it_was_taken_and_its_room_is_used_again():
    later, weights = checkpoint.Later(), {"w": torch.ones(3)}
    first = later.copied(weights)
    weights["w"].add_(1)
    assert first["w"].tolist() == [1, 1, 1]
    second = later.copied(weights)
    assert second["w"].tolist() == [2, 2, 2] and second["w"].data_ptr() == first["w"].data_ptr()


def test_what_went_wrong_while_training_went_on_is_told_once():
    def refused():
        raise OSError(28, "No space left on device")

    later = checkpoint.Later()
    later.begin(refused)
    with pytest.raises(OSError, match="No space left"):
        later.wait()
    later.wait()  # told once
    later.close()


def test_a_disk_that_refuses_a_state_does_not_end_the_run(setting, monkeypatch):
    parent, plain, _ = setting
    write = checkpoint._write

    def full(tensors, path):
        if path.name == "optimizer.safetensors" and path.parent.name == "000020.part":
            raise OSError(28, "No space left on device")
        write(tensors, path)

    monkeypatch.setattr(checkpoint, "_write", full)
    choices = {k: v for k, v in parent.config.changed().items() if k not in ("data", "keep_states")}
    run = wb.fit(parent.data(), **choices, keep_states=8).join()
    assert run.status == "finished"
    states = [p.name for p in (run.folder / "states").iterdir() if p.name.isdigit()]
    assert states == ["000010"]  # `run.states` has `last` as well, which may be of any step
    assert run.frame()["valid_loss"].tolist() == plain.frame()["valid_loss"].tolist()
    assert "No space left on device" in run.notes[-1]
