"""A Run from start to end, and everything that a learner does to it on the way: stop, pause, change the rate, interrupt."""

import asyncio
import gc
import time
import weakref
from types import SimpleNamespace

import pytest
import torch
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.models import zoo
from workbench.techniques import TECHNIQUES
from workbench.training import events as ev
from workbench.training import precision
from workbench.training.bridge import Bridge
from workbench.training.worker import Worker


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def fit(model, **choices):
    return wb.fit(choices.pop("data", None) or data(), model=model, **{"learning_rate": 1e-2, "epochs": 2, **choices})


def endless(model, **choices):
    return fit(model, epochs=5000, evaluations=1000, **choices)


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def training(run):
    wait_for(lambda: run.status == "training" and len(run.steps()) > 2)
    return run


def last(run, kind):
    return run.store.last(kind)


@pytest.mark.parametrize(("device", "world", "there", "hinted"), [("cuda", 1, 4, True), ("cuda", 4, 4, False), ("cuda", 1, 1, False),
                                                                 ("cpu", 1, 4, False)])  # fmt: skip
def test_a_run_that_leaves_gpus_idle_says_how_all_of_them_are_used(model, monkeypatch, device, world, there, hinted):
    monkeypatch.setattr(precision, "gpus", lambda: there)
    here = SimpleNamespace(config=RunConfig(learning_rate=1e-6), precision=precision.Precision(device, "bf16", ""),
                           team=SimpleNamespace(world=world), source=zoo.source(model))  # fmt: skip
    *gpus, rate = Worker._hints(here, "classification", TECHNIQUES["full"])
    assert [f"one of {there} GPUs" in said for said in gpus] == [True] * hinted
    assert "usually wants a learning rate near" in rate


def test_a_run_trains_evaluates_and_finishes(model):
    run = fit(model, epochs=3, batch_size=16, evaluations=6).join()
    frame = run.frame()
    assert run.status == "finished" and last(run, ev.Ended).reason == "budget"
    assert frame["step"].tolist() == [0, 2, 4, 6, 8, 10, 12]  # 64 texts, batches of 16, 3 epochs: 12 steps
    assert last(run, ev.Started).planned_steps == 12 == run.steps()["step"].max()


def test_it_learns_what_can_be_learnt(model):
    run = fit(model, data=data(128), epochs=12).join()
    assert run.best["accuracy"] > 0.85 and run.best["valid_loss"] < 0.5
    assert run.evaluate("test")["accuracy"] > 0.8


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(model):
    one, two, other = (fit(model, seed=s).join().frame()["valid_loss"].tolist() for s in (3, 3, 4))
    assert one == two != other


def test_stop_ends_at_the_next_step_and_keeps_history_and_best_weights(model):
    run = training(endless(model))
    run.stop()
    run.join(20)
    assert run.status == "stopped" and last(run, ev.Ended).reason == "user"
    assert len(run.frame()) >= 1 and run.predict("the kind room")["label"].iloc[0] in ("0", "1")
    steps_before, end = run.steps()["step"].max(), last(run, ev.Ended).step
    assert steps_before == end


def test_the_end_is_told_before_anything_is_saved(model, monkeypatch):
    told = []
    save = Bridge.save
    monkeypatch.setattr(Bridge, "save", lambda self, *a: (told.append(run.status), save(self, *a)))
    run = training(endless(model))
    told.clear()
    run.stop()
    run.join(20)
    assert told == ["stopped"]


def test_stop_during_an_evaluation_does_not_wait_for_its_end(model, monkeypatch):
    import workbench.training.bridge as bridge

    forward, seen = bridge.forward, []

    def slow(model, part, collate, going, **how):
        def going_slowly():
            seen.append(1)
            time.sleep(0.2)
            return going()

        return forward(model, part, collate, going_slowly, **how)

    monkeypatch.setattr(bridge, "forward", slow)
    run = endless(model, data=data(64, 2000))
    wait_for(lambda: len(seen) > 2)
    run.stop()
    begun = time.monotonic()
    run.join(20)
    assert time.monotonic() - begun < 6  # all batches of that evaluation would have taken twelve seconds and more
    assert run.status == "stopped" and run.error is None


def test_stop_before_anything_began_is_a_clear_end(model):
    run = fit(model)
    run.stop()
    run.join(20)
    assert run.status in ("stopped", "finished") and run.error is None
    with pytest.raises(wb.WorkbenchError, match="has no weights"):
        if run.status == "finished":  # it was faster than the click
            raise wb.WorkbenchError("it has no weights to show")
        run.predict("a text")


def test_pause_waits_and_continue_goes_on_where_it_was(model):
    run = training(endless(model))
    run.pause()
    wait_for(lambda: run.status == "paused")
    steps = len(run.store.events)
    time.sleep(0.3)
    assert len(run.store.events) == steps
    run.proceed()
    wait_for(lambda: run.status == "training" and len(run.store.events) > steps + 3)
    run.stop()
    run.join(20)
    paused, continued = last(run, ev.Paused), last(run, ev.Continued)
    assert paused.step == continued.step and continued.seconds - paused.seconds < 0.2  # pauses do not count as training


def test_stop_works_while_paused(model):
    run = training(endless(model))
    run.pause()
    wait_for(lambda: run.status == "paused")
    run.stop()
    run.join(20)
    assert run.status == "stopped"


def test_a_new_rate_counts_from_the_next_step_and_keeps_the_schedule(model):
    run = training(endless(model, schedule="constant", warmup=0.0))
    run.set_learning_rate(1e-3)
    wait_for(lambda: last(run, ev.RateChanged))
    changed = last(run, ev.RateChanged)
    wait_for(lambda: run.steps()["step"].max() > changed.step + 3)
    run.stop()
    run.join(20)
    steps = run.steps().set_index("step")["learning_rate"]
    assert (changed.before, changed.after) == (1e-2, 1e-3)
    assert steps[changed.step - 1] == pytest.approx(1e-2) and steps[changed.step + 2] == pytest.approx(1e-3)


def test_a_rate_that_is_none_is_refused_and_training_goes_on(model):
    run = training(endless(model))
    with pytest.raises(wb.WorkbenchError, match="learning_rate is -1"):
        run.set_learning_rate(-1)
    assert not run.done
    run.stop()
    run.join(20)


def test_early_stopping_ends_after_patience_and_restores_the_best_weights(model):
    noisy = data(48, 48, noise=0.5)  # nothing to learn: validation loss must rise
    run = fit(model, data=noisy, epochs=200, patience=3, evaluations=100, weight_decay=0.0, precision="fp32").join()
    frame = run.frame()
    assert last(run, ev.Ended).reason == "patience" and "3 evaluations" in last(run, ev.Ended).text
    assert len(frame) - 1 - frame["valid_loss"].idxmin() == 3  # it went on for exactly three evaluations past the best
    assert run.evaluate("validation")["loss"] == pytest.approx(frame["valid_loss"].min(), abs=1e-5)
    assert last(run, ev.Ended).best_step == run.best["step"]


def test_a_loss_that_is_no_number_ends_the_run_with_that_verdict(model):
    run = fit(model, learning_rate=10, epochs=50, schedule="constant", warmup=0.0, pooling="native")
    original = torch.nn.functional.cross_entropy
    torch.nn.functional.cross_entropy = lambda *a, **k: (
        original(*a, **k) * (float("nan") if len(run.store.events) > 8 else 1)
    )
    try:
        run.join(60)
    finally:
        torch.nn.functional.cross_entropy = original
    assert last(run, ev.Ended).reason == "non-finite" and run.diagnosis.verdict == "non-finite loss"
    assert run.predict("the kind room")["probability"].between(0, 1).all()  # the best weights are from before


def test_when_memory_runs_out_the_batch_is_halved_with_a_message(model, monkeypatch):
    import workbench.tasks.classification as tasks

    build = tasks.Classification.build
    sizes = []

    def watched(self, *args):
        made = build(self, *args)
        forward = made.forward

        def limited(*a, **k):
            if made.training:
                sizes.append(len(k["input_ids"]))
                if len(k["input_ids"]) > 4:
                    raise torch.OutOfMemoryError("out of memory (made up)")
            return forward(*a, **k)

        made.forward = limited
        return made

    monkeypatch.setattr(tasks.Classification, "build", watched)
    run = fit(model, batch_size=16).join()
    assert run.status == "finished" and sizes[0] == 16 and sizes[-1] == 4
    assert any("Memory ran out" in n and "4 parts" in n for n in run.notes)
    assert run.steps()["step"].max() == 8  # as many optimiser steps as with whole batches


def test_memory_that_never_suffices_is_a_clear_end(model, monkeypatch):
    import workbench.training.worker as worker

    monkeypatch.setattr(
        worker.Worker, "_attempt", lambda self, n: (_ for _ in ()).throw(MemoryError("cannot allocate"))
    )
    run = fit(model, batch_size=2)
    with pytest.raises(wb.WorkbenchError, match="MemoryError"):
        run.join()
    assert run.status == "failed"


def test_a_second_run_waits_for_the_first(model):
    first = training(endless(model))
    second = fit(model)
    wait_for(lambda: second.status == "queued", 5)
    assert second.frame().empty
    first.stop()
    assert first.join(20).status == "stopped" and second.join(60).status == "finished"


def test_a_queued_run_can_be_stopped(model):
    first = training(endless(model))
    second = fit(model)
    second.stop()
    second.join(5)
    assert second.done and second.status == "stopped" and not first.done
    first.stop()
    first.join(20)


def test_an_interrupt_of_the_awaiting_cell_counts_as_stop(model):
    async def cell():
        run = endless(model)
        waiting = asyncio.ensure_future(run.watch())
        while len(run.steps()) < 3:
            await asyncio.sleep(0.01)
        waiting.cancel()
        return run, await asyncio.gather(waiting, return_exceptions=True)

    run, result = asyncio.run(cell())
    assert run.done and run.status == "stopped" and len(run.frame()) >= 1
    assert result[0] is run or isinstance(result[0], asyncio.CancelledError)


def test_ctrl_c_in_a_script_counts_as_stop(model, monkeypatch):
    run = training(endless(model))
    thread = run._thread
    join, calls = thread.join, []

    def interrupted(timeout=None):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return join(timeout)

    monkeypatch.setattr(thread, "join", interrupted)
    assert run.join().status == "stopped"


def test_waiting_is_never_without_an_end(model, monkeypatch):
    """Windows notices Ctrl-C between two waits and not within one."""
    run, waits = training(endless(model)), []
    join = run._thread.join
    monkeypatch.setattr(run._thread, "join", lambda timeout=None: waits.append(timeout) or join(timeout))
    run.join(0.1)
    assert not run.done and 0 < waits[0] <= 0.1
    run.stop()
    assert run.join().status == "stopped" and all(w is not None and w < 1 for w in waits)


def test_the_worker_prints_nothing(model, capfd):
    fit(model).join()
    out, err = capfd.readouterr()
    assert out == "" and err == ""


def test_nothing_big_is_kept_after_the_end(model):
    gc.collect()
    run = fit(model).join()
    kept = [o for o in gc.get_objects() if issubclass(type(o), torch.optim.Optimizer)]
    assert kept == [] and run.predict("the cold meal") is not None


def test_a_run_that_nobody_holds_is_let_go_with_its_model(model):
    run = fit(model).join()
    kept, folder = weakref.ref(run), run.folder
    del run
    gc.collect()
    assert kept() is None and wb.runs()[0].folder == folder


def test_an_error_in_training_is_raised_where_the_run_is_awaited_and_stored(model, monkeypatch):
    monkeypatch.setattr(Bridge, "evaluate", lambda *a, **k: 1 / 0)
    run = fit(model)
    with pytest.raises(wb.WorkbenchError, match=r"ZeroDivisionError: division by zero"):
        run.join()
    assert run.status == "failed" and "division" in last(run, ev.Ended).text


def test_the_same_cell_twice_makes_two_runs(model):
    one, two = fit(model), fit(model)
    one.join()
    two.join()
    assert one.folder != two.folder and [r.id for r in wb.runs()][:2] == [two.id, one.id]


def test_unknown_names_are_refused_before_anything_begins(home):
    for choices, words in (({"model": "bert-maxi"}, "bert-maxi"), ({"technique": "magic"}, "magic"),
                           ({"learning_rat": 1}, "learning_rat")):  # fmt: skip
        with pytest.raises(wb.WorkbenchError, match=words):
            wb.fit(data(), **choices)
    assert not list(home.glob("runs/*"))


def test_the_last_weights_are_kept_where_the_best_are_not_wanted(model):
    noisy = data(48, 48, noise=0.5)
    choices = {"data": noisy, "epochs": 40, "weight_decay": 0.0, "precision": "fp32"}
    best, last_ = fit(model, **choices).join(), fit(model, **choices, restore_best=False).join()
    curve = best.frame()["valid_loss"]
    assert curve.iloc[-1] > curve.min() + 0.1
    assert best.evaluate("validation")["loss"] == pytest.approx(curve.min(), abs=1e-5)
    assert last_.evaluate("validation")["loss"] == pytest.approx(curve.iloc[-1], abs=1e-5)


@pytest.mark.parametrize("rule", ["GL 2", "UP 2"])
def test_another_rule_stops_where_its_replay_says(rule, model):
    from workbench.diagnosis.race import replay_rule
    from workbench.diagnosis.race import rule as named

    noisy = data(noise=0.4)  # learned by heart, so validation loss must rise
    choices = {"model": model, "epochs": 60, "learning_rate": 3e-3, "evaluations": 30, "seed": 1}
    whole = wb.fit(noisy, **choices).join()
    ruled = wb.fit(noisy, stopping=rule, **choices).join()
    stop = replay_rule(whole, named(rule)).stop
    assert stop is not None and len(ruled.frame()) == stop + 1
    assert last(ruled, ev.Ended).reason == "rule" and rule in last(ruled, ev.Ended).text
    assert ruled.status == "finished"
    assert ruled.best["step"] == whole.frame()["step"].iloc[replay_rule(whole, named(rule)).kept]


def test_a_path_called_as_a_bundled_set_stays_the_learners_own(model, tmp_path):
    """Its last part alone would find our reviews instead, with other labels, when the run is opened again."""
    folder = tmp_path / "reviews"
    folder.mkdir()
    data()["train"].to_pandas().assign(label=lambda f: f["label"].map({0: "A", 1: "B"})).to_csv(
        folder / "train.csv", index=False
    )
    run = fit(model, data=folder).join()
    assert run.config.data == str(folder) and run.data().labels == ["A", "B"]


@pytest.mark.parametrize("n", ["a", 2.5, -1, None])
def test_errors_are_asked_for_by_a_number(model, n):
    run = fit(model, epochs=1).join()
    with pytest.raises(wb.WorkbenchError, match="a whole number"):
        run.errors(n)
    with pytest.raises(wb.WorkbenchError, match="no split called 'tset'"):
        run.errors(3, split="tset")
    with pytest.raises(wb.WorkbenchError, match="no split called 'tset'"):
        run.confusion("tset")
