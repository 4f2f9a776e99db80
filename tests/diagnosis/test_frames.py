"""Curves from files and other libraries, logs of restarts, forks."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

import workbench as wb
from workbench.diagnosis import Context, as_frame, diagnose
from workbench.errors import WorkbenchError

FALLING = [0.8, 0.6, 0.5, 0.45, 0.4, 0.35, 0.32, 0.3]
RISING = [0.8, 0.6, 0.5, 0.5, 0.5, 0.55, 0.6, 0.65]
HISTORY = [
    entry
    for n, (train, valid) in enumerate(zip(FALLING, RISING, strict=True), 1)
    for entry in ({"loss": train, "step": 10 * n, "epoch": n}, {"eval_loss": valid, "step": 10 * n, "epoch": n})
]


def test_a_csv_of_keras_is_read(tmp_path):
    rows = pd.DataFrame({"epoch": range(8), "accuracy": 0.7, "loss": FALLING, "val_accuracy": 0.6, "val_loss": RISING})
    rows.to_csv(tmp_path / "training.csv", index=False)
    assert wb.diagnose(tmp_path / "training.csv").verdict == "overfitting"
    assert as_frame(str(tmp_path / "training.csv"))["valid_metric"].tolist() == [0.6] * 8


def test_the_metrics_of_lightning_are_read_from_the_folder_they_lie_in(tmp_path):
    train = pd.DataFrame({"epoch": range(8), "step": range(9, 89, 10), "train_loss_epoch": FALLING})
    valid = pd.DataFrame({"epoch": range(8), "step": range(9, 89, 10), "val_loss": RISING, "val_acc": 0.6})
    mixed = pd.concat([train, valid]).sort_values("step", kind="stable")
    mixed.to_csv(tmp_path / "metrics.csv", index=False)
    found = as_frame(tmp_path)
    assert found["train_loss"].tolist() == FALLING and found["valid_loss"].tolist() == RISING
    assert wb.diagnose(str(tmp_path)).since_step == 29


def test_a_trainer_and_its_state_file_are_read(tmp_path):
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": 80, "log_history": HISTORY}), "utf-8")
    trainer = SimpleNamespace(state=SimpleNamespace(log_history=HISTORY))
    found = {str(wb.diagnose(x)) for x in (tmp_path, tmp_path / "trainer_state.json", trainer, HISTORY)}
    assert len(found) == 1 and "Overfitting since step 30" in found.pop()


def test_what_keras_returns_is_read():
    assert wb.diagnose(SimpleNamespace(history={"loss": FALLING, "val_loss": RISING})).verdict == "overfitting"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("a.csv", "", "cannot be read"), ("a.json", "{", "cannot be read"), ("a.csv", "epoch,loss\n1,0.5\n", "valid_loss"),
     ("a.csv", "loss,val_loss\nlow,high\n", "holds words"), ("a.json", "[1, 2]", "something else")],
)  # fmt: skip
def test_a_file_that_is_no_log_is_said_in_words(tmp_path, name, text, words):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(WorkbenchError, match=words):
        wb.diagnose(tmp_path / name)


@pytest.mark.parametrize("path", ["nothing.csv", "."])
def test_no_file_and_an_empty_folder_are_said_in_words(tmp_path, path):
    with pytest.raises(WorkbenchError):
        wb.diagnose(tmp_path / path)


def test_a_log_without_training_loss_is_not_called_non_finite():
    with pytest.raises(WorkbenchError, match="logging_steps"):
        diagnose([{"eval_loss": v, "step": n} for n, v in enumerate(RISING)])


def test_a_training_that_was_taken_up_again_replaces_what_was_lost():
    steps = [10, 20, 30, 40, 50, 30, 40, 50, 60]
    valid = [0.8, 0.6, 0.5, 0.9, 1.3, 0.5, 0.45, 0.42, 0.41]
    frame = as_frame(pd.DataFrame({"step": steps, "train_loss": valid, "valid_loss": valid}))
    assert frame["step"].tolist() == [10, 20, 30, 40, 50, 60]
    assert frame["valid_loss"].tolist() == [0.8, 0.6, 0.5, 0.45, 0.42, 0.41]


def test_a_restart_between_the_old_evaluations_is_taken_up_too():
    steps = [10, 20, 30, 40, 25, 35, 45, 55]
    frame = as_frame(pd.DataFrame({"step": steps, "train_loss": 0.5, "valid_loss": 0.5}))
    assert frame["step"].tolist() == [10, 20, 25, 35, 45, 55]


def test_a_fork_that_begins_where_another_run_had_come_to_is_not_called_not_learning():
    begun = pd.DataFrame(
        {"step": range(200, 280, 10), "train_loss": 0.3, "valid_loss": [0.5 - 0.02 * i for i in range(8)]}
    )
    assert diagnose(begun, Context(label_entropy=0.693, stopped_by="patience")).verdict == "healthy"


def test_unequal_spacing_changes_no_verdict():
    uneven = pd.DataFrame({"step": [1, 2, 4, 8, 16, 24, 40, 64], "train_loss": FALLING, "valid_loss": RISING})
    assert diagnose(uneven).since_step == 4


@pytest.mark.parametrize("table", [{"loss": [1, 2], "val_loss": [1]}, {"loss": 1, "val_loss": 2}, {"a": 1}], ids=repr)
def test_a_dict_that_is_no_table_is_refused(table):
    with pytest.raises(WorkbenchError, match="a list of equal length"):
        as_frame(table)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_log_of_keras_may_be_separated_by_something_else(separator, tmp_path):
    table = pd.DataFrame({"epoch": [0, 1], "loss": [0.7, 0.5], "val_loss": [0.6, 0.65]})
    table.to_csv(tmp_path / "log.csv", sep=separator, index=False)
    assert as_frame(tmp_path / "log.csv")["valid_loss"].tolist() == [0.6, 0.65]


def test_a_log_history_may_lie_in_lines(tmp_path):
    lines = [
        {"loss": 0.7, "step": 1},
        {"eval_loss": 0.6, "step": 1},
        {"loss": 0.5, "step": 2},
        {"eval_loss": 0.65, "step": 2},
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert as_frame(tmp_path / "log.jsonl")[["train_loss", "valid_loss"]].to_numpy().tolist() == [
        [0.7, 0.6],
        [0.5, 0.65],
    ]
