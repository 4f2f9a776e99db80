"""Searches that really train a tiny model: the budget, pruning, Stop and going on, several processes of which one is killed."""

import os
import time
from types import SimpleNamespace

import optuna
import pandas as pd
import psutil
import pytest
from tiny import data, texts, tiny_bert

import workbench as wb
from workbench.scale import crew, plan, search
from workbench.scale import trials as notes
from workbench.training.store import Store
from workbench.views import trials as view

SPACE = {"learning_rate": (1e-4, 1e-2), "batch_size": [16, 32]}
QUICK = {"epochs": 1, "evaluations": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def begin(model, space=SPACE, trials=3, **choices):
    return wb.search(choices.pop("data", data(32, 16)), space, trials=trials, model=model, **{**QUICK, **choices})


def drawn(found):
    return found.frame()[found.plan.names].to_dict("records")


def test_trials_are_ordinary_runs_and_the_best_one_opens_as_one(model):
    found = begin(model).join()
    frame = found.frame()
    assert set(frame["state"]) <= {"finished", "pruned"} and len(frame) == 3
    assert set(frame["run"]) == {r.id for r in wb.runs()}
    best = frame[frame["state"] == "finished"].sort_values("score").iloc[-1]
    assert found.best.kept["accuracy"] == pytest.approx(best["score"])
    assert found.best.config.learning_rate == found.choices["learning_rate"]
    assert (
        len(found.best.predict(["the kind room"])) == 1
        and f"learning_rate={found.choices['learning_rate']!r}" in found.to_code()
    )
    assert not list(found.best.folder.parent.glob("*/last"))


def test_the_same_call_goes_on_and_draws_what_it_would_have_drawn(model):
    whole = begin(model, trials=5, prune=False, name="whole").join()
    part = begin(model, trials=2, prune=False, name="part").join()
    assert len(part.frame()) == 2
    part = begin(model, trials=5, prune=False, name="part").join()
    assert drawn(part) == drawn(whole)
    runs = len(wb.runs())
    assert begin(model, trials=5, prune=False, name="part").join().best.id == part.best.id and len(wb.runs()) == runs


def test_another_seed_draws_other_values(model):
    one, other = (plan.Plan.make(data(), SPACE, "score", True, {"model": model, "seed": s}) for s in (0, 1))
    asked = [optuna.create_study(sampler=p.sampler(0, 0, 20)).ask(p.distributions()).params for p in (one, one, other)]
    assert asked[0] == asked[1] != asked[2] and one.called() != other.called()


def test_a_hopeless_trial_is_pruned_with_the_reason(model):
    space = {"learning_rate": (1e-9, 2e-9)}  # nothing can be learned at such rates
    found = begin(model, space, trials=1, epochs=400, evaluations=40).join()
    row = found.frame().iloc[0]
    assert row["state"] == "pruned" and row["verdict"] == "not learning" and row["reason"].startswith("Not learning: ")
    run = notes_run(found, 0)
    assert run.status == "stopped" and run.steps()["step"].max() < 800
    with pytest.raises(wb.WorkbenchError, match="no finished trial"):
        found.best  # noqa: B018
    assert found.study.trials[0].state.name == "PRUNED" and "no finished trial" in found.verdict()


def notes_run(found, number):
    return next(r for r in wb.runs() if r.id == found.frame()["run"][number])


def test_an_overfitting_trial_is_ended_and_the_score_of_its_best_weights_counts(model):
    noisy = data(48, 48, noise=0.5)  # nothing to learn but by heart
    found = begin(
        model,
        {"learning_rate": (2e-3, 3e-3)},
        trials=1,
        data=noisy,
        epochs=300,
        evaluations=60,
        weight_decay=0.0,
        precision="fp32",
    ).join()
    row = found.frame().iloc[0]
    assert (row["state"], row["verdict"]) == ("pruned", "overfitting") and "Overfitting since step" in row["reason"]
    assert found.best.id == row["run"] and found.best.kept["accuracy"] == row["score"]
    assert found.best.steps()["step"].max() < 900


def test_without_pruning_every_trial_has_its_time(model):
    found = begin(model, {"learning_rate": (1e-9, 2e-9)}, trials=1, epochs=6, evaluations=6, prune=False).join()
    assert found.frame()["state"].tolist() == ["finished"] and "Not learning" in found.frame()["reason"][0]


def test_the_goal_may_be_the_loss(model):
    found = begin(model, goal="loss", trials=2, prune=False).join()
    assert found.best_trial().value == min(found.frame()["score"]) == pytest.approx(found.best.kept["valid_loss"])
    assert "validation loss" in found.verdict()


def steps_until(found, condition):
    end = time.monotonic() + 60
    steps = found._steps()
    for _ in steps:
        assert time.monotonic() < end
        if condition():
            break
        time.sleep(0.01)
    return steps


def test_stop_queues_the_trial_again_and_the_same_call_begins_with_it(model):
    endless = {"epochs": 3000, "evaluations": 3, "seconds": 20}
    found = begin(model, trials=2, prune=False, **endless)
    steps = steps_until(found, lambda: found.run is not None and len(found.run.steps()) > 2)
    found.stop()
    began = time.monotonic()
    list(steps)
    assert time.monotonic() - began < 10
    first = found.frame().iloc[0]
    assert first["state"] == "failed" and first["reason"] == "it was stopped; trial 1 has its values"
    again = begin(model, trials=2, prune=False, **endless)
    steps = steps_until(again, lambda: again.run is not None)
    assert again.run.config.learning_rate == first["learning_rate"] and not again.stopped
    again.stop()
    list(steps)


def test_time_ends_a_search_with_what_there_is(model):
    found = begin(model, trials=500, within=12, prune=False).join()
    done = (found.frame()["state"] == "finished").sum()
    assert 1 <= done < 500 and not found.stopped


def test_an_error_on_the_way_leaves_no_trial_behind(model, monkeypatch):
    found = begin(model, epochs=3000)
    steps = steps_until(found, lambda: found.run is not None and len(found.run.steps()) > 2)
    run = found.run
    steps.close()
    found._let_go()
    assert run.done and found.frame()["state"].tolist() == ["failed", "waiting"]


def test_ctrl_c_counts_as_stop(model, monkeypatch):
    found = begin(model, epochs=3000)
    real, calls = time.sleep, []

    def interrupted(seconds):
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        real(seconds)

    monkeypatch.setattr(search, "time", SimpleNamespace(sleep=interrupted, monotonic=time.monotonic, time=time.time))
    found.join()
    assert found.stopped and found.frame()["state"].tolist()[-1] == "waiting" and wb.runs()[0].status == "stopped"


def test_a_setting_that_cannot_be_trained_is_a_failed_trial_and_then_an_error(model):
    with pytest.raises(wb.WorkbenchError, match="teacher"):
        begin(model, {"technique": ["distillation", "full"], "learning_rate": (1e-4, 1e-2)}, trials=12).join()
    assert len(wb.runs()) < 12


def test_a_full_disk_ends_the_search_and_the_trial_is_queued(model, monkeypatch):
    found = begin(model)
    write, calls = Store._write, []

    def full(self, line):
        calls.append(1)
        if len(calls) > 5:
            raise OSError(28, "No space left on device")
        write(self, line)

    monkeypatch.setattr(Store, "_write", full)
    with pytest.raises(wb.WorkbenchError, match=r"the search has stopped: .*No space left on device.*making room"):
        found.join()
    assert found.frame()["state"].tolist() == ["failed", "waiting"]


def test_a_storage_that_vanishes_in_mid_trial_stops_the_run_and_one_that_comes_back_goes_on(model):
    found = begin(model, epochs=3000, trials=1, name="lost")
    steps = steps_until(found, lambda: found.run is not None and len(found.run.steps()) > 2)
    run = found.run
    os.rename(found.where, found.where + ".away")
    with pytest.raises(wb.WorkbenchError, match="cannot be used"):
        for _ in steps:
            time.sleep(0.01)
    found._let_go()
    assert run.done and run.status == "stopped" and len(run.frame()) >= 1
    os.rename(found.where + ".away", found.where)
    again = begin(model, epochs=3000, trials=1, name="lost", within=0.2).join()
    assert again.frame()["state"].tolist()[0] == "failed" and "trial 1 has its values" in again.frame()["reason"][0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"trials": 0}, "trials is 0"), ({"trials": 2.5}, "trials is 2.5"), ({"within": -1}, "within is -1"), ({"goal": "f1"}, "goal is 'f1'"),
     ({"workers": -1}, "workers is -1"), ({"name": "../x"}, "the name"), ({"learning_rat": 1}, "unknown argument"),
     ({"workers": 2}, "passed by hand"), ({"prune": 1}, "prune is 1"), ({"space": None}, "a dict of fields")],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_begins(home, model, wrong, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.search(data(), **{"space": SPACE, "model": model, **wrong})
    assert not list(home.glob("runs/searches/*"))


def test_another_search_of_the_same_name_is_not_mixed_in(model):
    begin(model, name="mine", trials=1).join()
    with pytest.raises(wb.WorkbenchError, match=r"another search called 'mine': its choices"):
        begin(model, name="mine", epochs=2)
    with pytest.raises(wb.WorkbenchError, match="have changed"):
        begin(model, name="mine", data=data(34, 16))
    with pytest.raises(wb.WorkbenchError, match="no search called 'other'"):
        crew.main(["other"])
    with pytest.raises(wb.WorkbenchError, match="begun on data passed by hand"):
        crew.main(["mine"])


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "--trials", "many"], ["a", "--magic"]])
def test_wrong_arguments_are_one_sentence(words):
    with pytest.raises(wb.WorkbenchError, match=r"python -m workbench search: .*Expected: arguments"):
        crew.main(words)


# several processes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    """Data that another process can load."""
    path = tmp_path / "rows.csv"
    pd.DataFrame(texts(60)).replace({"label": {0: "bad", 1: "good"}}).to_csv(path, index=False)
    return str(path)


def test_what_a_dead_worker_left_is_queued_once_and_not_for_ever(tmp_path):
    study = optuna.create_study(storage=None)
    trial = study.ask({"x": optuna.distributions.IntDistribution(1, 9)})
    trial.set_user_attr(
        "owner", {**notes.mine(), "born": 0.0}
    )  # a process of this number that was born at another time
    assert notes.recover(study) == [0] and notes.recover(study) == []
    heir = study.ask({"x": optuna.distributions.IntDistribution(1, 9)})
    assert heir.params == trial.params
    heir.set_user_attr("owner", {**notes.mine(), "born": 0.0})
    assert notes.recover(study) == [1] and notes.counts(study)["waiting"] == 0  # two workers died of these values
    assert notes.frame(study, ["x"])["reason"].tolist() == [
        "its worker has died; trial 1 has its values",
        "its worker has died twice",
    ]


def test_a_worker_elsewhere_counts_as_dead_after_a_long_silence():
    study = optuna.create_study()
    trial = study.ask()
    trial.set_user_attr("owner", {"host": "far-away", "pid": 1, "born": 0.0})
    trial.set_user_attr("beat", 1000.0)
    frozen = study.trials[0]
    assert not notes.left_behind(frozen, 1000 + notes.SILENT - 1) and notes.left_behind(frozen, 1000 + notes.SILENT + 1)


@pytest.mark.slow
def test_two_workers_on_one_storage_one_is_killed_and_nothing_is_lost(model, table, monkeypatch):
    monkeypatch.setattr(crew.os, "cpu_count", lambda: 2)
    found = wb.search(table, SPACE, trials=5, workers=2, model=model, epochs=60, evaluations=3, prune=False)
    killed = None
    for _ in found._steps():
        time.sleep(0.02)
        running = [
            t for t in found.study.get_trials(deepcopy=False) if t.state.name == "RUNNING" and "run" in t.user_attrs
        ]
        if killed is None and len(running) == 2:
            killed = running[0]
            psutil.Process(killed.user_attrs["owner"]["pid"]).kill()
    frame = found.frame().set_index("trial")
    assert killed is not None and (frame["state"] == "finished").sum() == 5
    lost = frame.loc[killed.number]
    assert lost["state"] == "failed" and lost["reason"].startswith("its worker has died; trial ")
    heir = frame.loc[int(lost["reason"].split()[-4])]
    assert heir["state"] == "finished" and heir["learning_rate"] == lost["learning_rate"]
    finished = frame[frame["state"] == "finished"]
    assert finished["run"].nunique() == 5 and finished["learning_rate"].nunique() == 5
    assert found.best.predict(["the kind room"]) is not None
    owners = {t.user_attrs["owner"]["pid"] for t in found.study.trials if "owner" in t.user_attrs}
    assert len(owners) >= 2 and os.getpid() not in owners


@pytest.mark.slow
def test_stop_here_reaches_the_workers(model, table):
    found = wb.search(table, SPACE, trials=9, workers=1, model=model, epochs=5000, evaluations=3, prune=False)
    begun = False
    for _ in found._steps():
        time.sleep(0.02)
        if not begun and any("run" in t.user_attrs for t in found.study.get_trials(deepcopy=False)):
            begun = True
            found.stop()
    assert begun and not found.crew and found.frame()["state"].tolist() == ["failed", "waiting"]


# on the screen --------------------------------------------------------------------------------------------------------


def made_up(rows, goal="score"):
    frame = pd.DataFrame(
        rows, columns=["trial", "state", "learning_rate", "score", "seconds", "verdict", "reason", "run"]
    )
    best = SimpleNamespace(
        number=1, params={"learning_rate": 1e-3}, value=0.8, user_attrs={"n_valid": 200, "metric": "accuracy"}
    )
    return SimpleNamespace(
        frame=lambda: frame, best_trial=lambda: best, name="<b>rates</b>", trials=4, stopped=False,
        plan=SimpleNamespace(goal=goal, names=["learning_rate"]), importance=lambda: pd.Series({"learning_rate": 1.0}),
        study=SimpleNamespace(get_trials=lambda deepcopy: [best]),
    )  # fmt: skip


ROWS = [
    (0, "finished", 1e-4, 0.7, 1.0, "healthy", None, "a"),
    (1, "finished", 1e-3, 0.8, 1.0, "healthy", None, "b"),
    (2, "pruned", 1e-2, 0.78, 1.0, "overfitting", "Overfitting <i>", "c"),
    (3, "pruned", 1e-1, 0.79, 1.0, "not learning", "Not learning", "d"),
    (4, "running", 1e-5, None, None, None, None, None),
]


def test_the_verdict_says_how_many_cannot_be_told_from_the_best():
    noise = (
        100 * 1.96 * (2 * 0.8 * 0.2 / 200) ** 0.5
    )  # 7.84 points: 0.78 lies within, 0.70 does not, a failure does not count
    words = view.verdict(made_up(ROWS))
    assert (
        f"1 other within the noise of 200 texts (±{noise:.1f} points)" in words
        and "trial 1 with learning_rate=0.001" in words
    )


def test_the_line_of_the_best_so_far_takes_an_overfitting_trial_and_no_hopeless_one():
    from matplotlib.figure import Figure

    frame = made_up(ROWS).frame()
    ax = view.trial_scores(frame, Figure().subplots(), label="accuracy (share)")
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert list(lines["best so far"].get_ydata()) == [0.7, 0.8, 0.8] and list(lines["pruned"].get_xdata()) == [2, 3]
    assert ax.get_xlabel() and ax.get_ylabel() == "accuracy (share)"


def test_texts_are_escaped_and_the_picture_has_words():
    shown = view.search_html(made_up(ROWS))
    assert "Overfitting &lt;i&gt;" in shown and "<i>" not in shown and "&lt;b&gt;rates" in shown
    assert 'alt="Chart of trials: 4 of 4 ended, 2 of them pruned; importance learning_rate 1.00.' in shown
    status = view.status_html(made_up(ROWS), made_up(ROWS).frame())
    assert 'role="status"' in status and "now: learning_rate 1e-05" in status


def test_importance_needs_six_trials_and_finds_what_matters():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    space = {"a": optuna.distributions.FloatDistribution(0, 1), "b": optuna.distributions.FloatDistribution(0, 1)}
    for n in range(40):
        trial = study.ask(space)
        study.tell(trial, -((trial.params["a"] - 0.5) ** 2))
        if n == 4:
            assert notes.importance(study, ["a", "b"]).empty
    found = notes.importance(study, ["a", "b"])
    assert found.index[0] == "a" and found["a"] > 0.6 and found.sum() == pytest.approx(1)
