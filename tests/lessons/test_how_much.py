"""The judges of lesson 10 on made-up runs: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace

import pandas as pd
import pytest

import workbench as wb
from workbench.config import RunConfig


def run(trained=2_056, accuracy=0.7, moves=None, **choices):
    store = SimpleNamespace(facts={"trained": trained, "parameters": 5_000_000, "control": 0.5}, metric="accuracy")
    return SimpleNamespace(config=RunConfig(**{"data": "headlines", **choices}), store=store, best={"accuracy": accuracy},
                           moves=lambda: pd.DataFrame(moves if moves is not None else {"step": [0, 5]}))  # fmt: skip


def moved(embeddings, head=0.5):
    return {"step": [0, 9], "embeddings": [0, embeddings], "layer 1": [0, 0.1], "head": [0, head]}


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("10.1", run(data="reviews"), "take headlines"),
        ("10.1", run(trained=5_000_000), "fewer than 10,000"),
        ("10.1", run(accuracy=0.55), "Ten points above"),
        ("10.2", run(), "technique is full"),
        ("10.2", run(technique="lora", trained=150_000), "Below 1%"),
        ("10.2", run(technique="lora", accuracy=0.4), "above TF-IDF"),
        ("10.3", run(), "technique is full"),
        ("10.3", run(technique="unfreezing"), "no map of moves"),
        ("10.3", run(technique="unfreezing", moves=moved(0.0)), "have not moved"),
        ("10.3", run(technique="unfreezing", moves=moved(0.9)), "further than the head"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, answer, words):
    outcome = wb.exercise(name).check(answer)
    assert not outcome and words in str(outcome)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("10.1", run()),
        ("10.2", run(technique="lora", lora_rank=2)),
        ("10.3", run(technique="unfreezing", moves=moved(0.01))),
    ],
)
def test_a_right_answer_passes(name, answer):
    assert wb.exercise(name).check(answer)


@pytest.mark.parametrize("name", ["10.1", "10.2", "10.3"])
def test_nothing_is_not_attempted(name):
    assert "not attempted" in str(wb.exercise(name).check(None))
