"""A run that watches its examples: what is stored is what the model said, costs no second pass and changes no curve."""

import shutil
import time
from types import SimpleNamespace

import numpy as np
import pytest
from tiny import data, tagged_data, tiny_bert

import workbench as wb
from workbench.tasks.base import Encoded, Prepared
from workbench.training import examples, watch
from workbench.training.bridge import Bridge
from workbench.training.store import Store

CHOICES = {"learning_rate": 1e-2, "epochs": 3, "evaluations": 3}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def kept(model, tmp_path_factory):
    """One run with flipped labels for all tests that only read."""
    home = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        return wb.fit(data(), model=model, noise=0.25, restore_best=False, **CHOICES).join()


def test_watching_changes_no_curve(model):
    plain, seen = (wb.fit(data(), model=model, watch=w, **CHOICES).join().frame() for w in (False, True))
    assert plain["valid_loss"].tolist() == seen["valid_loss"].tolist()
    assert seen["train_loss"].tolist() == pytest.approx(plain["train_loss"].tolist(), rel=1e-5)


def test_of_more_texts_than_are_watched_the_probe_is_part_and_the_curve_the_same(model, monkeypatch):
    monkeypatch.setattr(watch, "MOST", 230)
    runs = [
        wb.fit(data(260), model=model, watch=w, **{**CHOICES, "epochs": 1, "evaluations": 1}).join()
        for w in (False, True)
    ]
    losses = [r.frame()["train_loss"].tolist() for r in runs]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    rows = runs[1].examples().train.rows
    assert len(rows) == 230 == len(set(rows))


def test_there_is_no_second_pass(model, monkeypatch):
    import workbench.training.bridge as bridge

    forward, passes = bridge.forward, []
    monkeypatch.setattr(
        bridge, "forward", lambda m, part, *a, **k: (passes.append(len(part)), forward(m, part, *a, **k))[1]
    )
    wb.fit(data(), model=model, watch=True, **CHOICES).join()
    assert passes == [32, 64] * 4  # validation and training, before the first step and three times after


def test_what_is_stored_is_what_the_model_says(kept):
    found = kept.examples()
    said = kept.predict(list(data()["validation"]["text"]))
    stored = found.validation.p[-1]
    assert stored[:, 0] == pytest.approx(said["p(0)"].to_numpy(), abs=1e-3)
    assert [found.names[i] for i in found.validation.answers[-1]] == said["label"].tolist()
    assert found.confusion(-1).to_numpy().tolist() == kept.confusion().to_numpy().tolist()
    assert found.steps.tolist() == kept.frame()["step"].tolist()
    assert found.validation.right.mean(1) == pytest.approx(kept.frame()["accuracy"].to_numpy())


def test_the_mean_loss_follows_from_the_stored_probabilities(kept):
    p = kept.examples().train.p_right  # 64 texts: all of them are the probe
    assert -np.log(p).mean(1) == pytest.approx(kept.frame()["train_loss"].to_numpy(), rel=5e-3)


def test_dynamics_has_text_label_and_numbers_of_the_labels_that_it_was_trained_with(kept):
    frame, found = kept.dynamics(), kept.examples()
    assert list(frame) == ["row", "text", "label", "confidence", "variability", "correctness", "forgetting", "learned"]
    assert frame["text"].tolist() == list(data()["train"]["text"])
    assert frame["confidence"].to_numpy() == pytest.approx(found.train.p_right[1:].mean(0))  # step 0 does not count
    assert set(frame["learned"].dropna()) <= set(found.steps[1:])


def test_flipped_labels_are_secret_until_they_are_asked_for(kept):
    shown = kept.dynamics(reveal=True)
    assert int(shown["flipped"].sum()) == 16 == kept.store.facts["flipped"]
    assert (shown["label"] != shown["true_label"]).tolist() == shown["flipped"].tolist()
    assert [str(v) for v in data()["train"]["label"]] == shown["true_label"].tolist()


def test_until_counts_only_what_came_before(kept):
    step = kept.frame()["step"].iloc[2]
    assert kept.dynamics(until=step)["confidence"].to_numpy() == pytest.approx(
        kept.examples().train.p_right[1:3].mean(0)
    )
    with pytest.raises(wb.WorkbenchError, match="at least two"):
        kept.dynamics(until=1)


def test_the_noise_frame_adds_up(kept):
    frame = kept.noise()
    assert (frame["given"] + frame["true"] + frame["other"]).tolist() == pytest.approx([1] * 4)
    assert frame["expected"].to_numpy() == pytest.approx(
        1 - kept.frame()["accuracy"].to_numpy()
    )  # two labels: one is wrong
    assert (frame["flipped"] == 16).all()


def test_a_run_is_read_from_its_folder(kept):
    again = Store.open(kept.folder)
    assert (examples.read(again).train.p == kept.examples().train.p).all()
    newest = examples.read(again, newest=True)
    assert newest.steps.tolist() == [12] and newest.train.p.shape == (1, 64, 2)


def test_what_a_lost_part_of_a_run_left_behind_is_not_read(kept, tmp_path):
    shutil.copytree(kept.folder, tmp_path / kept.id)
    (tmp_path / kept.id / "examples" / "0000012.npz").rename(tmp_path / kept.id / "examples" / "0000999.npz")
    assert examples.read(Store.open(tmp_path / kept.id)).steps.tolist() == [0, 4, 8]


def test_a_torn_file_loses_one_evaluation_only(kept, tmp_path):
    shutil.copytree(kept.folder, tmp_path / kept.id)
    torn = tmp_path / kept.id / "examples" / "0000004.npz"
    torn.write_bytes(torn.read_bytes()[:40])
    assert examples.read(Store.open(tmp_path / kept.id)).steps.tolist() == [0, 8, 12]


def test_no_pickle_is_read(kept, tmp_path):
    shutil.copytree(kept.folder, tmp_path / kept.id)
    np.savez(tmp_path / kept.id / "examples" / "0000004.npz", train=np.array([{}], dtype=object))
    assert 4 not in examples.read(Store.open(tmp_path / kept.id)).steps


def test_a_full_disk_loses_nothing(model, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(examples, "write_aside", full)
    run = wb.fit(data(), model=model, watch=True, **CHOICES).join()
    assert run.status == "finished" and len(run.dynamics()) == 64 and "memory" in run.notes[-1]


def test_a_run_that_goes_on_has_every_evaluation(model):
    source = wb.load(data())
    run = wb.fit(source, model=model, watch=True, epochs=4, evaluations=4, learning_rate=1e-2)
    while len(run.frame()) < 2:
        time.sleep(0.005)
    run.stop()
    run.join()
    if run.status == "stopped":
        run.resume(source).join()
    assert run.examples().steps.tolist() == run.frame()["step"].tolist()


def test_logits_that_are_no_numbers_are_not_kept(tmp_path):
    encoded = Encoded([np.arange(3)] * 2, np.array([0, 1]), np.arange(2))
    store = Store(tmp_path, SimpleNamespace(), {})
    seen = watch.Watch(store, Prepared(encoded, encoded, encoded, ["a", "b"], None), encoded.labels, 0)
    probe = seen(5, np.array([[0.0, np.nan], [0.0, 1.0]]), np.zeros((2, 2)))
    assert len(probe) == 2 and not (tmp_path / "examples").exists() and not store.unwritten


def test_the_labels_of_data_that_were_flipped_before_are_known(model):
    run = wb.fit(wb.flip(data(), 0.25), model=model, watch=True, **CHOICES).join()
    assert run.examples().flipped.sum() == 16 and len(run.noise()) == 4


def test_noise_trains_the_same_texts_and_exactly_that_share_of_them_is_wrong(model):
    small = {**CHOICES, "train_examples": 40, "epochs": 1, "evaluations": 1}
    plain, noisy = (wb.fit(data(), model=model, watch=True, noise=n, **small).join().examples() for n in (0.0, 0.25))
    assert plain.train.rows.tolist() == noisy.train.rows.tolist()
    assert plain.flipped.sum() == 0 and noisy.flipped.sum() == 10


def test_a_run_that_did_not_watch_says_so(model):
    run = wb.fit(data(16, 8), model=model, epochs=1, evaluations=1).join()
    for ask in (run.dynamics, run.noise, run.examples):
        with pytest.raises(wb.WorkbenchError, match="has not watched single examples"):
            ask()
    assert not (run.folder / "examples").exists()


def test_a_run_without_flips_has_no_noise_probe(model):
    run = wb.fit(data(16, 8), model=model, watch=True, epochs=1, evaluations=2).join()
    with pytest.raises(wb.WorkbenchError, match="without flipped labels"):
        run.noise()


@pytest.mark.parametrize("choice", [{"watch": True}, {"noise": 0.1}])
def test_other_tasks_are_told_before_they_train(model, choice):
    run = wb.fit(tagged_data(), model=model, **choice)
    with pytest.raises(wb.WorkbenchError, match="data for tagging"):
        run.join()
    assert run.frame().empty


def test_the_bridge_works_without_a_watch():
    assert Bridge.__init__.__defaults__[-1] is None
