"""Nothing that was on disk is lost: killed processes, full disks, folders that cannot be written, odd texts, saved models."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny import data, texts, tiny_bert

import workbench as wb
from workbench.training import events as ev

CHILD = """
import sys, torch; import workbench as wb
torch.set_num_threads(1)
run = wb.fit(sys.argv[1], model=sys.argv[2], learning_rate=5e-3, epochs=40, evaluations=60, patience=1000, seed=5)
print(run.folder, flush=True)
run.join()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def one_thread():
    """The order in which numbers are added depends on the number of threads, and a curve amplifies the last digit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def files(tmp_path):
    """The same data as files, so that a run can load them again by name."""
    folder = tmp_path / "sentences"
    folder.mkdir()
    for split, rows in data(128, 32, noise=0.1).items():
        lines = (json.dumps({"text": r["text"], "label": "good" if r["label"] else "bad"}) for r in rows)
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return str(folder)


def test_a_killed_run_goes_on_with_the_curve_of_an_uninterrupted_one(model, files, home, one_thread):
    process = subprocess.Popen([sys.executable, "-c", CHILD, files, model], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    folder = Path(process.stdout.readline().strip())
    end = time.monotonic() + 120
    while not ((folder / "last" / "state.json").exists() and (folder / "events.jsonl").read_text().count("\n") > 150):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.002)
    process.kill()
    process.wait()
    (run,) = wb.runs()
    assert run.status == "interrupted" and len(run.frame()) > 5
    assert run.predict("the kind room")["probability"].iloc[0] > 0.5  # the best weights are there without going on
    at = int(run.frame()["step"].max())
    run.resume().join()
    whole = wb.fit(files, model=model, learning_rate=5e-3, epochs=40, evaluations=60, patience=1000, seed=5).join()
    assert run.status == "finished" and 10 < at < 320 == whole.steps()["step"].max()
    assert run.frame()["step"].tolist() == whole.frame()["step"].tolist()
    for column in ("train_loss", "valid_loss", "accuracy", "learning_rate"):
        np.testing.assert_allclose(run.frame()[column], whole.frame()[column], atol=1e-6)
    np.testing.assert_allclose(run.steps()["loss"], whole.steps()["loss"], atol=1e-6)


def test_a_stopped_run_goes_on_where_it_was(model, files):
    whole = wb.fit(files, model=model, epochs=20, seed=1).join().frame()["valid_loss"].tolist()
    run = wb.fit(files, model=model, epochs=20, seed=1)
    while run.steps().empty:
        time.sleep(0.001)
    run.stop()
    run.join()
    if run.status == "stopped":
        np.testing.assert_allclose(run.resume().join().frame()["valid_loss"], whole, atol=1e-6)
    assert run.status == "finished"


def test_going_on_with_a_split_batch_keeps_the_split(model, files):
    run = wb.fit(files, model=model, epochs=2)
    run.join()
    folder, lines = run.folder, []
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["kind"] == "started":
            event["facts"]["accumulate"] = 4
        lines.append(json.dumps(event))
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    from workbench.training.store import Store
    from workbench.training.worker import Worker

    worker = Worker(Store.open(folder), None, folder / "best")
    tried = []
    worker._prepare = lambda: None
    worker._attempt = tried.append
    worker.train()
    assert tried == [4]


def test_a_finished_run_does_not_go_on(model, files):
    run = wb.fit(files, model=model, epochs=1).join()
    with pytest.raises(wb.WorkbenchError, match=r"checkpoint|is finished"):
        run.resume()


def test_a_run_on_data_passed_by_hand_asks_for_them_when_it_goes_on(model):
    run = wb.fit(data(), model=model, epochs=400)
    while run.steps().empty:
        time.sleep(0.001)
    run.stop()
    folder = run.join().folder
    from workbench.training.run import Run
    from workbench.training.store import Store

    again = Run(Store.open(folder))
    with pytest.raises(wb.WorkbenchError, match=r"passed by hand.*resume\(data="):
        again.resume()
    assert again.status == "stopped" and len(again.frame()) == len(run.frame())
    with pytest.raises(wb.WorkbenchError, match="other data than run"):  # its curve would be of two data sets
        again.resume(data=data(32))


def test_a_run_on_data_passed_by_hand_gets_them_back_when_it_is_opened_again(model):
    run = wb.fit(data(), model=model, epochs=2).join()
    from workbench.training.run import Run
    from workbench.training.store import Store

    again = Run(Store.open(run.folder))
    with pytest.raises(wb.WorkbenchError, match=r"the same data again.*run\.data\("):
        again.errors(3)
    with pytest.raises(wb.WorkbenchError, match="other data than run"):
        again.data(data(32))
    again.data(data())
    assert again.errors(3).equals(run.errors(3)) and again.evaluate("test") == pytest.approx(run.evaluate("test"))


def test_a_file_that_was_changed_since_is_not_what_a_run_is_asked_about(model, files):
    """Scores would be of other texts, perhaps of some that it has learned from; nor may it go on, or be forked, on them."""
    run = wb.fit(files, model=model, epochs=2, keep_states=2).join()
    from workbench.training.run import Run
    from workbench.training.store import Store

    same = Run(Store.open(run.folder))
    with pytest.raises(wb.WorkbenchError, match="no split called"):
        same.evaluate(["test"])
    assert same.evaluate("test") == pytest.approx(run.evaluate("test"))
    for path in Path(files).iterdir():
        path.write_text(path.read_text("utf-8").replace("good", "better"), "utf-8")
    again = Run(Store.open(run.folder))
    again.store.events.append(ev.Ended(2, 1.0, "user"))
    for asked in (again.evaluate, again.errors, lambda: again.fork(again.states[0]), again.resume):
        with pytest.raises(wb.WorkbenchError, match=r"have changed since run .* was trained on them"):
            asked()
    assert len(again.predict(["a warm room"])) == 1  # which needs none of them


def test_a_file_that_has_moved_is_asked_for_by_its_new_place(model, files, tmp_path):
    run = wb.fit(files, model=model, epochs=1).join()
    from workbench.training.run import Run
    from workbench.training.store import Store

    right, moved = run.evaluate("validation"), Path(files).rename(tmp_path / "elsewhere")
    again = Run(Store.open(run.folder))
    with pytest.raises(wb.WorkbenchError, match=r"not found again: .*run\.data\(path\)"):
        again.evaluate("validation")
    again.data(moved)
    assert again.evaluate("validation") == pytest.approx(right)


def test_damaged_weights_are_said_in_a_sentence(model):
    run = wb.fit(data(), model=model, epochs=1).join()
    from workbench.training.run import Run
    from workbench.training.store import Store

    for damage in (b"", b"junk", run.store.weights.read_bytes()[:-100]):
        run.store.weights.write_bytes(damage)
        for asked in (lambda again: again.predict("a"), lambda again: again.save(run.folder / "saved")):
            with pytest.raises(wb.WorkbenchError, match=r"the weights of run .* cannot be read"):
                asked(Run(Store.open(run.folder)))


FULL = """
import resource, sys
import workbench as wb
from workbench.training import engine; engine.load()
sys.path.insert(0, sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
run = wb.fit(sys.argv[1], model=sys.argv[2], learning_rate=1e-2, epochs=6).join()
print(run.status, len(run.frame()), run.predict("the kind room")["probability"].iloc[0] > 0.5, "|".join(run.notes))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
@pytest.mark.parametrize("limit", [3000, 60_000], ids=["history does not fit", "weights do not fit"])
def test_a_full_disk_does_not_end_a_training(model, files, limit):
    """A limit on file size makes the operating system refuse writes as a full disk does, without being root."""
    tests = str(Path(__file__).parents[1])
    result = subprocess.run([sys.executable, "-c", FULL, files, model, tests, str(limit)],
                            capture_output=True, text=True, timeout=120)  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.startswith("finished 21 True") and "goes on in memory" in result.stdout


def test_a_folder_that_cannot_be_written_keeps_the_run_in_memory(model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "file"))
    run = wb.fit(data(), model=model, epochs=2).join()
    assert run.status == "finished" and not run.folder.exists() and "in memory only" in run.notes[0]
    assert run.predict("a")["probability"].iloc[0] >= 0.5 and run.evaluate("test")["loss"] > 0


def test_a_run_whose_folder_cannot_be_written_is_no_model_before_it_is_saved_elsewhere(model, tmp_path, monkeypatch):
    """It was told to take "another folder", though it had named none."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "file"))
    run = wb.fit(data(16, 8), model=model, epochs=1, evaluations=1, max_length=16).join()
    with pytest.raises(wb.WorkbenchError, match=f"model of run {run.id} .* cannot be written") as caught:
        wb.fit(data(16, 8), model=run, epochs=1)
    assert "run.save('my-model')" in caught.value.try_
    monkeypatch.chdir(tmp_path)
    assert "workbench.json" in os.listdir(str(run.save("my-model")))


def test_a_folder_that_vanishes_in_mid_run_does_not_end_it(model):
    import shutil

    run = wb.fit(data(), model=model, epochs=50)
    while run.steps().empty:
        time.sleep(0.001)
    shutil.rmtree(run.folder, ignore_errors=True)
    assert run.join().status == "finished" and run.evaluate("test")["loss"] > 0


def test_run_folders_hold_neither_pickles_nor_secrets(model, monkeypatch, home):
    monkeypatch.setenv("HF_TOKEN", "hf_never_to_be_seen")
    run = wb.fit(data(), model=model, epochs=60)
    while run.steps().empty:
        time.sleep(0.001)
    run.pause()
    while run.status != "paused" and not run.done:
        time.sleep(0.005)
    run.proceed()
    run.join()
    found = [p for p in run.folder.rglob("*") if p.is_file()]
    assert {p.suffix for p in found} <= {".json", ".jsonl", ".safetensors"} and (run.folder / "last").is_dir()
    assert not any(b"hf_never_to_be_seen" in p.read_bytes() for p in found)


@pytest.mark.parametrize("pooling", ["mean", "cls", "native"])
def test_a_saved_model_loads_by_its_readme_without_the_workbench(model, tmp_path, pooling):
    run = wb.fit(data(), model=model, epochs=2, pooling=pooling).join()
    folder = run.save(tmp_path / "saved")
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.S).group(1)
    code += "\nimport sys, torch; assert 'workbench' not in sys.modules; print(torch.softmax(logits, -1)[0].tolist())"
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    expected = run.predict("Not bad at all")[["p(0)", "p(1)"]].iloc[0].tolist()
    np.testing.assert_allclose(json.loads(result.stdout.strip().splitlines()[-1]), expected, atol=1e-5)
    with pytest.raises(wb.WorkbenchError, match="not empty"):
        run.save(folder)


ODD = ["🙂🙃" * 5, "مرحبا بالعالم", "a" * 10_000, "kind " * 2000, "<script>alert(1)</script>", "\x00\x07", "$x_1$",
       "one\ntwo\r\nthree"]  # fmt: skip


def test_odd_texts_train_and_predict(model):
    rows = texts(60)
    rows["text"][: len(ODD)] = ODD
    odd = data()
    from datasets import Dataset

    odd["train"] = Dataset.from_dict(rows)
    run = wb.fit(odd, model=model, epochs=2, max_length=32).join()
    assert run.status == "finished" and any("longer than max_length=32" in n for n in run.notes)
    frame = run.predict([*ODD, "", " "])
    assert frame["text"].tolist() == [*ODD, "", " "] and frame["probability"].between(0.5, 1).all()
    assert run.predict([]).empty


def test_empty_texts_are_refused_with_their_rows(model):
    rows = texts(40)
    rows["text"][2] = "  "
    with pytest.raises(wb.WorkbenchError, match=r"1 empty texts in train \(rows 3\)"):
        wb.fit(__import__("pandas").DataFrame(rows), model=model)


def test_one_class_only_is_refused_in_a_sentence(model):
    rows = texts(40)
    rows["label"] = [0] * 40
    with pytest.raises(wb.WorkbenchError, match="class"):
        wb.fit(wb.load(__import__("pandas").DataFrame(rows)), model=model).join()


def test_a_run_is_read_again_after_a_restart(model, files, home):
    run = wb.fit(files, model=model, epochs=2).join()
    code = (
        "import workbench as wb; r = wb.runs()[0]; "
        "print(r.status, len(r.frame()), round(float(r.predict('the kind room').iloc[0, 2]), 5), r.diagnosis.verdict, sep='|')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    p = round(float(run.predict("the kind room")["probability"].iloc[0]), 5)
    assert result.stdout.strip().splitlines()[-1] == f"finished|{len(run.frame())}|{p}|{run.diagnosis.verdict}"


def test_the_end_is_in_the_history(model):
    run = wb.fit(data(), model=model, epochs=1).join()
    last = [json.loads(x) for x in (run.folder / "events.jsonl").read_text().splitlines()][-1]
    assert last["kind"] == "ended" and last["reason"] == "budget" and run.store.last(ev.Ended).best_step >= 0
    if sys.platform != "win32":
        import resource

        assert (
            resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
        )  # no test has left its limit behind
