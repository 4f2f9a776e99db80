"""Early stopping with a ghost: it fires, training goes on, and nothing that the run keeps is changed by what comes after."""

import json
import shutil
import time

import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.diagnosis.race import Patient, replay_rule
from workbench.training import events as ev
from workbench.training.run import Run
from workbench.training.store import Store
from workbench.views import live

NOISY = {"epochs": 60, "learning_rate": 3e-3, "evaluations": 30, "seed": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def noisy():
    return data(noise=0.4)  # learned by heart, so validation loss must rise


@pytest.fixture(scope="module")
def both(model, noisy, tmp_path_factory):
    """The same run, stopped by patience, and with a ghost."""
    patch = pytest.MonkeyPatch()
    patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
    stopped = wb.fit(noisy, model=model, patience=2, **NOISY).join()
    ghostly = wb.fit(noisy, model=model, patience=2, ghost=True, **NOISY).join()
    yield stopped, ghostly
    patch.undo()


def test_the_run_is_the_one_that_stopped(both):
    stopped, ghostly = both
    same = ["step", "train_loss", "valid_loss", "accuracy", "best"]
    assert ghostly.frame()[same].equals(stopped.frame()[same])
    assert ghostly.best["step"] == stopped.best["step"] == ghostly.store.last(ev.Ended).best_step
    assert ghostly.evaluate("validation")["loss"] == pytest.approx(stopped.evaluate("validation")["loss"], abs=1e-6)
    assert str(ghostly.diagnosis) == str(stopped.diagnosis) and ghostly.status == "finished"
    assert ghostly.store.last(ev.Ended).reason == "patience"


def test_the_ghost_goes_to_the_end_and_what_it_shows_is_stated(both):
    stopped, ghostly = both
    total = ghostly.store.last(ev.Started).planned_steps
    ghost = ghostly.ghost()
    assert ghost["step"].iloc[0] == stopped.frame()["step"].iloc[-1] and ghost["step"].iloc[-1] == total
    assert not ghost["best"].iloc[1:].any() and stopped.ghost().empty
    words = ghostly.store.last(ev.Ended).text
    stop = replay_rule(ghostly, Patient(2))
    assert f"stops at step {int(ghost['step'].iloc[0])} of {total}" in words and stop.stop == len(stopped.frame()) - 1
    saved = total - int(ghost["step"].iloc[0])
    assert f"{saved} steps are saved" in words if stop.kept == stop.best else f"costs {stop.regret:.1f}%" in words


def test_the_picture_shows_where_it_fired_and_the_ghost_dashed(both):
    figure = both[1].figure()
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert list(lines["ghost after the stop"].get_xdata()) == both[1].ghost()["step"].tolist()
    assert lines["early stopping"].get_xdata()[0] == both[1].ghost()["step"].iloc[0]
    assert "dashed ghost" in live.final_html(both[1]) and "ghost" not in live.final_html(both[0])


def test_it_is_read_again_from_its_folder(both):
    again = Run(Store.open(both[1].folder))
    assert again.frame().equals(both[1].frame()) and len(again.ghost()) == len(both[1].ghost())


def test_the_last_weights_are_those_at_the_stop_where_the_best_are_not_wanted(model, noisy):
    run = wb.fit(noisy, model=model, stopping="GL 2", ghost=True, restore_best=False, precision="fp32", **NOISY).join()
    assert run.store.last(ev.Ended).reason == "rule" and len(run.ghost()) > 1
    assert run.evaluate("validation")["loss"] == pytest.approx(run.frame()["valid_loss"].iloc[-1], abs=1e-5)
    assert run.kept["step"] == run.store.fired.step


def test_a_ghost_survives_being_killed(model, noisy, both, tmp_path):
    live_run = wb.fit(noisy, model=model, patience=2, ghost=True, **NOISY)
    end = time.monotonic() + 60
    while live_run.store.fired is None and time.monotonic() < end:
        time.sleep(0.002)
    live_run.pause()
    while live_run.status != "paused" and time.monotonic() < end:
        time.sleep(0.005)
    copy = tmp_path / "killed"
    shutil.copytree(live_run.folder, copy)  # what a kill at this moment leaves behind
    assert "early stopping fired at step" in live.status_html(live_run)
    live_run.stop()
    live_run.join()
    assert live_run.status == "finished"  # the run had ended before its ghost did
    raw = json.loads((copy / "config.json").read_text("utf-8"))
    raw["facts"]["pid"] = 0
    (copy / "config.json").write_text(json.dumps(raw), "utf-8")
    again = Run(Store.open(copy))
    assert again.status == "interrupted"
    again.resume(noisy).join()
    assert again.frame()["step"].tolist() == both[1].frame()["step"].tolist()
    assert again.ghost()["valid_loss"].tolist() == pytest.approx(both[1].ghost()["valid_loss"].tolist(), abs=2e-3)
    assert again.best["step"] == both[1].best["step"]


def test_a_checkpoint_from_before_the_stop_knows_no_ghost_yet(home):
    from workbench.config import RunConfig

    store = Store.create(RunConfig(ghost=True), {})
    at = lambda step, loss: ev.Evaluated(step, 0.1 * step, 0.1, 0.4, loss, {}, 3e-4, False)  # noqa: E731
    events = [ev.Started(0, 0.0, 40), at(10, 0.5), at(20, 0.6), ev.Fired(20, 2.0, "patience", 10), at(30, 0.7)]
    for event in events:
        store.append(event)
    assert store.frame()["step"].tolist() == [10, 20] and store.ghost()["step"].tolist() == [20, 30]
    store.append(ev.Started(10, 1.0, 40))
    assert store.fired is None and store.frame()["step"].tolist() == [10]
