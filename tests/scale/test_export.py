"""An exported run: a plain script that gives the same curve, and nothing half-written where the disk or the run does not allow it."""

import errno
import itertools
import json
import os
import runpy
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from tiny import data, tagged_data, tiny_bert
from transformers import AutoModelForSequenceClassification, AutoTokenizer, MambaConfig, MambaForCausalLM

import workbench as wb
from workbench.scale import export as module
from workbench.scale.script import fill, script
from workbench.training import events as ev

RUFF = [sys.executable, "-m", "ruff"]
FEW = {"learning_rate": 1e-2, "epochs": 2, "evaluations": 4}
RUNS = {
    "mean": {"pooling": "mean"},
    "smoothed": {"pooling": "mean", "label_smoothing": 0.1},
    "frozen": {"pooling": "mean", "technique": "feature-extraction", "dropout": 0.1},
    "frozen native": {"pooling": "native", "technique": "feature-extraction"},
    "lora": {"pooling": "attention", "head": "mlp", "technique": "lora", "lora_rank": 2},
    "ia3": {"pooling": "max", "technique": "ia3"},
    "unfreezing": {"pooling": "mean", "technique": "unfreezing", "schedule": "slanted", "epochs": 3},
    "stopped by a rule": {"pooling": "cls", "stopping": "GL 0.5", "epochs": 8, "learning_rate": 0.1, "evaluations": 16},
    "patience": {"pooling": "mean", "patience": 1, "epochs": 8, "learning_rate": 0.1, "evaluations": 16},
    "random twin": {
        "pooling": "native",
        "layers": 1,
        "dropout": 0.2,
        "schedule": "slanted",
        "label_smoothing": 0.1,
        "train_examples": 40,
        "restore_best": False,
    },
    "tags": {},
    "tags, lora": {"technique": "lora"},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def trained(model, name, **more):
    texts = tagged_data() if name.startswith("tags") else data()
    start = model + ":random" if name == "random twin" else model
    return wb.fit(texts, model=start, **{**FEW, **RUNS[name], **more}).join()


def curve(folder):
    return json.loads((folder / "result" / "curve.json").read_text("utf-8"))


def same(run, folder):
    """The script's losses are those of the run, evaluation by evaluation and step by step."""
    found = curve(folder)
    frame, steps = run.frame(), run.steps()
    looks = found["evaluations"]
    assert [row["step"] for row in looks] == frame["step"].tolist() and len(frame) > 1
    for key in ("train_loss", "valid_loss"):
        np.testing.assert_allclose([row[key] for row in looks], frame[key], atol=1e-5)
    assert [row["step"] for row in found["steps"]] == steps["step"].tolist()
    np.testing.assert_allclose([row["loss"] for row in found["steps"]], steps["loss"], atol=1e-5)
    assert looks[-1]["f1"] == pytest.approx(frame["f1"].iloc[-1])


@pytest.mark.parametrize("name", RUNS)
def test_the_script_gives_the_curve_of_the_run(model, tmp_path, monkeypatch, name):
    run = trained(model, name)
    folder = run.export(tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    runpy.run_path(str(folder / "train.py"), run_name="__main__")
    same(run, folder)
    if name in ("stopped by a rule", "patience"):
        begun = run.store.last(ev.Started)
        assert run.frame()["step"].max() < begun.planned_steps  # it was stopped indeed


def test_the_script_has_the_loss_of_the_run_whatever_the_checkpoint_was_tuned_for(tmp_path, monkeypatch):
    folder = tiny_bert(tmp_path / "tuned")
    facts = json.loads((folder / "config.json").read_text("utf-8")) | {"problem_type": "regression"}
    (folder / "config.json").write_text(json.dumps(facts), "utf-8")
    run = wb.fit(data(), model=str(folder), pooling="native", **FEW | {"epochs": 1}).join()
    out = run.export(tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    runpy.run_path(str(out / "train.py"), run_name="__main__")
    same(run, out)


def test_the_script_of_a_mamba_leaves_the_same_layers_without_lora(tmp_path, monkeypatch):
    """It reads the weights of one of them past its call: an adapter there would learn nothing."""
    folder = tiny_bert(tmp_path / "mamba")  # its tokenizer
    (folder / "model.safetensors").unlink()
    kinds = MambaConfig(
        vocab_size=len(AutoTokenizer.from_pretrained(folder)), hidden_size=16, num_hidden_layers=1, state_size=4
    )
    MambaForCausalLM(kinds).save_pretrained(folder)
    run = wb.fit(data(16, 8), model=str(folder), technique="lora", **FEW | {"epochs": 1}).join()
    out = run.export(tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    runpy.run_path(str(out / "train.py"), run_name="__main__")
    same(run, out)


@pytest.mark.parametrize("names", [["no", "yes"], ["0", "1"]])
def test_the_script_begins_with_the_head_of_the_run(tmp_path, monkeypatch, names):
    """A checkpoint that was trained for other labels gets a new head, one for the same labels keeps its own."""
    folder = tiny_bert(tmp_path / "tuned")
    made = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, id2label=dict(enumerate(names)))
    made.save_pretrained(folder)
    run = wb.fit(data(), model=str(folder), pooling="native", **FEW | {"epochs": 1}).join()
    out = run.export(tmp_path / "out")
    assert ("drawn anew" in (out / "train.py").read_text("utf-8")) == (names == ["no", "yes"])
    monkeypatch.setattr(sys, "argv", ["train.py"])
    runpy.run_path(str(out / "train.py"), run_name="__main__")
    same(run, out)
    again = wb.runs()[run.id]
    assert again.predict(["a warm room"]).equals(run.predict(["a warm room"]))


def test_the_script_needs_no_workbench_and_its_model_loads_by_itself(model, tmp_path):
    run = trained(model, "mean", precision="fp32")  # other threads round otherwise in bf16
    folder = run.export(tmp_path / "out")
    code = "import runpy, sys; sys.modules['workbench'] = None; sys.argv = ['train.py', '--test']; runpy.run_path('train.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    same(run, folder)
    assert "Largest difference" in done.stdout
    assert f"test loss {run.evaluate('test')['loss']:.4f}" in done.stdout
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(folder / "result" / "model")
    assert encoder.config.id2label == {0: "0", 1: "1"} and AutoTokenizer.from_pretrained(folder / "result" / "model")


TECHNIQUES = [
    set(),
    {"frozen", "adapted"},
    {"lora", "adapter", "adapted"},
    {"ia3", "adapter", "adapted"},
    {"unfreezing"},
]
HEADS = [{"classification", "pooled", "mean"}, {"classification", "pooled", "max", "mlp"}, {"classification", "pooled", "cls"},
         {"classification", "pooled", "attention"}, {"classification", "native"}, {"tagging", "native"}]  # fmt: skip
MORE = [set(), {"patience", "stopped", "slanted", "pad", "renewed", "smoothed"}]
WORDS = {"model": "m", "data": "d", "task": "t", "unit": "text", "watch_stop": "", "pooling_words": "mean", "stopped_words": "Stopped.",
         "encoder_extra": ", add_pooling_layer=False", "renewed": "classifier", "without_lora": '("pooler",)', "spread": "0.02"}  # fmt: skip


def test_every_script_that_the_template_makes_is_well_written(tmp_path):
    kinds = itertools.product(TECHNIQUES, HEADS, MORE, ("folder", "hub"), ("fresh", "pretrained"))
    for number, (technique, head, more, *start) in enumerate(kinds):
        kind = "Token" if "tagging" in head else "Sequence"
        words = {
            **WORDS,
            "auto": f"AutoModelFor{kind}Classification",
            "base": "bert" if "native" in head else "encoder",
        }
        text = script(technique | head | more | set(start), words)
        assert "{{" not in text and "#?" not in text and "workbench" not in text.lower()
        (tmp_path / f"t{number}.py").write_text(text, "utf-8")
    for check in (["format", "--check", "--line-length", "120"],
                  ["check", "--select", "E,F,W,I,B,UP,SIM,C4", "--ignore", "E501", "--line-length", "120"]):  # fmt: skip
        done = subprocess.run([*RUFF, *check, "--isolated", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[:2000] + done.stderr


def test_the_folder_holds_rows_choices_versions_and_cards(tmp_path):
    import transformers

    run = wb.fit("reviews", model="bert-tiny", train_examples=48, epochs=1, evaluations=2, batch_size=16).join()
    folder = run.export(tmp_path / "out")
    rows = [json.loads(line) for line in (folder / "data" / "train.jsonl").read_text("utf-8").splitlines()]
    kept = run._worker.prepared.train.rows
    assert [row["text"] for row in rows] == [wb.load("reviews")["train"]["text"][int(i)] for i in kept] and len(
        rows
    ) == 48
    assert {row["label"] for row in rows} == {"negative", "positive"}
    config = tomllib.loads((folder / "config.toml").read_text("utf-8"))
    assert (
        config["data"]["labels"] == ["negative", "positive"] and config["training"]["per_device_train_batch_size"] == 16
    )
    assert f"transformers=={transformers.__version__}" in (folder / "requirements.txt").read_text()
    assert (folder / "start" / "model.safetensors").is_file()
    readme, card = ((folder / p).read_text("utf-8") for p in ("README.md", "data/README.md"))
    assert f"{run.store.facts['majority']:.1%}" in readme and "TF-IDF" in readme and "CC BY 4.0" in card
    assert str(tmp_path) not in readme + card


def nothing_left(place):
    return sorted(p.name for p in place.iterdir()) if place.exists() else []


def test_an_existing_folder_is_left_alone(model, tmp_path):
    run = trained(model, "mean")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(wb.WorkbenchError, match="not empty"):
        run.export(tmp_path / "out")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(wb.WorkbenchError, match="is a file"):
        run.export(tmp_path / "file")
    with pytest.raises(wb.WorkbenchError, match=r"cannot be (written|looked at)"):
        run.export(tmp_path / "file" / "below")
    assert nothing_left(tmp_path / "out") == ["mine.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_refuses_leaves_nothing(model, tmp_path, monkeypatch, number):
    run = trained(model, "mean")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.shutil, "copyfile", refuse)  # after script, config and data were written
    with pytest.raises(wb.WorkbenchError, match=os.strerror(number)):
        run.export(tmp_path / "place" / "out")
    assert nothing_left(tmp_path / "place") == []


@pytest.mark.parametrize(("task", "technique"), [("translation", "full"), ("classification", "distillation")])
def test_what_cannot_be_exported_says_what_can(task, technique):
    from workbench.config import RunConfig

    store = SimpleNamespace(facts={"task": task}, events=[])
    run = SimpleNamespace(id="r", store=store, config=RunConfig(technique=technique), done=True, status="finished",
                          frame=lambda: SimpleNamespace(empty=False), to_code=lambda: "wb.fit()")  # fmt: skip
    with pytest.raises(
        wb.WorkbenchError, match="classification or tagging with full, feature-extraction, unfreezing, lora, ia3"
    ):
        module.check(run)


@pytest.mark.parametrize(
    ("choices", "facts", "words"),
    [
        ({"mixup": 0.4}, {}, "mixup=0.4"),
        ({"freeze": 2}, {}, "freeze=2"),
        ({"noise": 0.2}, {}, "noise=0.2"),
        ({"mistake": "no-mask:training"}, {}, "mistake='no-mask:training'"),
        ({}, {"fork": {"parent": "p", "step": 4, "changed": {}}}, "a fork"),
    ],
)
def test_what_a_script_would_leave_out_is_refused(choices, facts, words):
    """A script without it would run, and give another curve."""
    store = SimpleNamespace(facts={"task": "classification", **facts}, events=[])
    run = SimpleNamespace(id="r", store=store, config=wb.RunConfig(**choices), done=True, status="finished",
                          frame=lambda: SimpleNamespace(empty=False), to_code=lambda: "wb.fit()")  # fmt: skip
    with pytest.raises(wb.WorkbenchError, match=f"a script for {words}"):
        module.check(run)


def test_a_rate_moved_by_hand_and_changed_data_are_not_passed_over(model, tmp_path):
    run = trained(model, "mean")
    run.store.facts["fingerprint"] = "another"
    with pytest.raises(wb.WorkbenchError, match="have changed"):
        run.export(tmp_path / "out")
    run.store.events.append(ev.RateChanged(3, 1.0, 1e-2, 1e-3))
    with pytest.raises(wb.WorkbenchError, match="moved by hand"):
        run.export(tmp_path / "out")


def test_parts_of_the_template_nest():
    text = "#? a\n1\n#? b\n2 {{w}}\n#?\n3\n#?\n4\n"
    assert [fill(text, holds, {"w": "!"}) for holds in ({"a", "b"}, {"a"}, {"b"})] == [
        "1\n2 !\n3\n4\n",
        "1\n3\n4\n",
        "4\n",
    ]
