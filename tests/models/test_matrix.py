"""The report of models and tasks: what it reads, what it writes, how it goes on. The trainings are made up here."""

import json

import numpy as np
import pandas as pd
import pytest

from workbench.data import load
from workbench.models import matrix, score
from workbench.tasks import TASKS

SAID = {"f1": 0.5, "accuracy": 0.5, "chrf": 0.5, "bleu": 0.1, "perplexity": 9.0, "token_accuracy": 0.3}


@pytest.fixture
def trained(monkeypatch):
    """Every training ends at one half; the calls are kept."""
    calls = []
    monkeypatch.setattr(
        score,
        "fine_tuned",
        lambda data, model, *rest, **more: calls.append((model, data.task)) or {**SAID, "opens the same": True},
    )
    return calls


def test_every_task_has_bundled_data_with_a_test_split():
    assert set(matrix.DATA) == set(matrix.EPOCHS) == set(TASKS)
    for task in matrix.DATA:
        data = matrix.dataset(task)
        assert data.task == task and len(data["test"])


def test_several_labels_are_the_kinds_of_names_in_a_sentence():
    frame, tagged = matrix.several_labels("people-places"), load("people-places")
    assert len(frame) == sum(len(tagged[s]) for s in tagged)
    row, first = frame[frame["split"] == "train"].iloc[0], tagged["train"][0]
    kinds = {tagged.labels[t].split("-")[1] for t in first["tags"] if tagged.labels[t] != "O"}
    assert row["text"] == " ".join(first["tokens"]) and row["labels"] == sorted(kinds)


def test_a_report_goes_on_where_it_was_stopped_and_says_what_is_refused(trained, tmp_path, capsys):
    results = tmp_path / "cells.jsonl"
    call = [
        "--models",
        "bert-mini",
        "en-fr-mini",
        "--tasks",
        "classification",
        "translation",
        "--results",
        str(results),
    ]
    assert matrix.main(call) == 0
    assert trained == [("bert-mini", "classification"), ("bert-mini", "translation"), ("en-fr-mini", "translation")]
    rows = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    assert [("refused" in r) for r in rows] == [False, False, True, False]
    majority = np.bincount(load("headlines")["test"]["label"]).max() / len(load("headlines")["test"])
    assert (
        rows[0]["trivial"] == pytest.approx(majority, abs=0.03)
        and rows[0]["beats trivial"]
        and rows[1]["metric"] == "chrf"
    )
    printed = capsys.readouterr().out
    assert "| bert-mini | classification | headlines | accuracy | 50.0 |" in printed
    assert (
        "translation by new decoder" in printed
        and "- en-fr-mini, classification: model 'en-fr-mini' translates" in printed
    )
    assert matrix.main(call) == 0 and len(trained) == 3  # nothing is trained twice


def test_a_grid_by_hand():
    """Above control and trivial answer a score is bold, above one of them it is not, and a refused cell is a dash."""
    news = {"task": "classification", "data": "headlines", "metric": "accuracy", "trivial": 0.1, "control": 0.5}
    names = {"task": "tagging", "data": "people-places", "metric": "f1", "trivial": 0.25, "control": 0.1}
    rows = [{"model": "a", **news, "score": 0.75}, {"model": "a", **names, "score": 0.2}, {"model": "b", **news, "score": 0.5},
            {"model": "b", "task": "tagging", "refused": "why"}]  # fmt: skip
    assert matrix.grid(rows).splitlines() == [
        "| model | classification: headlines (accuracy) | tagging: people-places (F1) |",
        "|---|---|---|",
        "| a | **75.0** | 20.0 |",
        "| b | 50.0 | – |",
        "| control | 50.0 | 10.0 |",
        "| trivial | 10.0 | 25.0 |",
    ]


def test_numbers_up_to_rounding_and_words_as_they_are():
    table = pd.DataFrame({"text": ["a"], "label": ["x"], "confidence": [0.5]})
    assert matrix.alike(table, table.assign(confidence=0.500001))
    assert not matrix.alike(table, table.assign(confidence=0.51))
    assert not matrix.alike(table, table.assign(label="y"))


def test_a_run_is_asked_again_from_its_folder(tmp_path):
    """A real and short training, through the folder that is gone afterwards."""
    found = matrix.cell("bert-tiny", "classification", examples=16, share=0.1)
    assert found["opens the same"] is True and found["epochs"] == 1 and 0 <= found["score"] <= 1
