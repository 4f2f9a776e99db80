"""The judges of lesson 22 on made-up adaptations: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace

import numpy as np
import pytest
from fakes import Judges

import workbench as wb

OWN = {"text": ["a", "b"]}


@pytest.fixture(autouse=True)
def target(monkeypatch):
    """What `load` finds under the name of the target."""
    data = type("Named", (dict,), {"name": "clinic"})(train=OWN)
    monkeypatch.setattr("workbench.data.load", lambda name: data)


def read(field=(60.0, 40.0), elsewhere=(30.0, 31.0), model="bert-tiny", texts="docstrings-sentences"):
    return SimpleNamespace(
        perplexity={"the field": field, "elsewhere": elsewhere}, model=model, texts=SimpleNamespace(name=texts)
    )


def tapt(*changes, detectable=True, texts=OWN, model="bert-tiny", labels=64):
    duel = SimpleNamespace(data="clinic", contenders={"before": {"train_examples": labels}})
    return SimpleNamespace(changes=lambda: list(changes), detectable=detectable, texts={"train": texts}, model=model,
                           duel=duel, verdict=lambda: f"{len(changes)} seeds.")  # fmt: skip


LONG = "Bronchodilators ameliorate hypoxaemia, tachypnoea notwithstanding; nebulised corticosteroids exacerbate candidiasis."


class TestJudges(Judges):
    RIGHT = {"22.1": (read(),), "22.2": (LONG,), "22.3": (tapt(2.0, 3.0, 4.0), True)}  # noqa: RUF012
    WRONG = {  # noqa: RUF012
        "22.1": ((read(elsewhere=(30.0, 60.0)),), "elsewhere 30.0 → 60.0 (+100%)"),
        "22.2": (("the old man sat down by the river and slept",), "1.10 pieces per word"),
        "22.3": ((tapt(2.0, 3.0, 4.0), False), "Read the last sentence again"),
    }


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("22.1", (read(field=(60.0, 55.0)),), "should fall by a fifth"),
        ("22.2", ("too short",), "2 different words"),
        ("22.1", (SimpleNamespace(perplexity={}),), "await it"),
        ("22.1", (read(model="roberta-mini"),), "This is roberta-mini on docstrings-sentences"),
        ("22.1", (read(texts="legal-sentences"),), "This is bert-tiny on legal-sentences"),
        ("22.3", (tapt(1.0, 2.0, 3.0, labels=500), True), "bert-tiny with 500 labels of clinic"),
        ("22.3", (tapt(1.0, 2.0, 3.0, model="bert-mini"), True), "bert-mini with 64 labels of clinic"),
        ("22.3", (tapt(1.0, 2.0), True), "2 seeds were compared"),
        ("22.3", (tapt(1.0, 2.0, 3.0, texts={"text": ["c"]}), True), "read other texts"),
        ("22.3", (tapt(1.0, 2.0, 3.0), 0.5), "Say True or False"),
        ("22.3", (tapt(-1.0, -2.0, -3.0), True), "Read the last sentence again"),
        ("22.3", (tapt(1.0, -2.0, 3.0, detectable=False), True), "Read the last sentence again"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, answer, words):
    outcome = wb.exercise(name).check(*answer)
    assert not outcome and words in str(outcome)


def test_yes_and_no_of_numpy_are_yes_and_no():
    assert wb.exercise("22.3").check(tapt(2.0, 3.0, 4.0), np.bool_(True))
    assert not wb.exercise("22.3").check(tapt(2.0, 3.0, 4.0), np.bool_(False))
