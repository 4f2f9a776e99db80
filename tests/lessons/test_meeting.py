"""The judges of lesson 02 on made-up tables and runs; the two that ask models ask stand-ins."""

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from fakes import Judges

from workbench.config import RunConfig


@pytest.fixture(autouse=True)
def models_that_need_no_weights(monkeypatch):
    """bert-mini says the last word of the text, gpt-mini always the same; every piece of an 'easy' sentence costs one nat."""

    def fill(text, model, top=5):
        word = text.split()[-1] if model == "bert-mini" else "same"
        return SimpleNamespace(frame=lambda: pd.DataFrame({"word": [word], "probability": [0.5]}))

    def ask(text, model):
        loss = [1.0 if "easy" in text else 5.0] * len(text.split())
        form = "causal" if model == "gpt-mini" else "masked"
        return SimpleNamespace(frame=lambda: pd.DataFrame({"form": form, "loss": loss, "piece": text.split()}))

    monkeypatch.setattr("workbench.views.blanks.fill_blank", fill)
    monkeypatch.setattr("workbench.views.objectives.objectives", ask)


def seen(gpt=1.0, bert=0.8, sentences=("a bank here", "a bank there")):
    rows = [(m, layer, 0, 1, "every pair", c) for m, c in (("gpt-mini", gpt), ("bert-mini", bert)) for layer in (0, 1)]
    frame = pd.DataFrame(rows, columns=["model", "layer", "first", "second", "senses", "cosine"])
    return SimpleNamespace(
        sentences=list(sentences), vectors={"bert-mini": np.ones(1), "gpt-mini": np.ones(1)}, frame=lambda: frame
    )


def run(model="gpt-mini", accuracy=0.6, **choices):
    config = RunConfig(**{"model": model, "data": "headlines", "train_examples": 256} | choices)
    return SimpleNamespace(
        config=config,
        kept={"accuracy": accuracy},
        store=SimpleNamespace(metric="accuracy", facts={"n_valid": 237, "n_train": config.train_examples}),
    )


class TestJudges(Judges):
    RIGHT: ClassVar = {
        "02.1": ("The ___ of rivers", "The ___ of wars"),
        "02.2": (seen(),),
        "02.3": (run(), run("gpt-mini:random", 0.4)),
        "02.4": ("gpt-mini", "this is an easy sentence"),
    }
    WRONG: ClassVar = {
        "02.1": (("The ___ of rivers", "A ___ of wars"), "Up to the blank"),
        "02.2": ((seen(gpt=0.9),), "the same vector"),
        "02.3": ((run(), run("gpt-mini:random", 0.58)), "Ten points apart"),
        "02.4": (("gpt-mini", "here is a strange one"), "Below 3 nats"),
    }


def test_what_else_a_judge_says():
    import workbench as wb

    assert "nothing could change" in str(wb.exercise("02.1").check("The ___ of it", "The ___ of it"))
    assert "two different words" in str(wb.exercise("02.1").check("The ___ of my war", "The ___ of a war"))
    assert "stronger clue" in str(wb.exercise("02.2").check(seen(bert=1.0)))
    assert "are the same" in str(wb.exercise("02.2").check(seen(sentences=("a", "a"))))
    assert "BERT again" in str(wb.exercise("02.3").check(run("bert-mini"), run("bert-mini:random", 0.2)))
    hub = "google-bert/bert-base-uncased"
    assert "BERT again" in str(wb.exercise("02.3").check(run(hub), run(f"{hub}:random", 0.2)))
    for other, words in (
        ({"train_examples": 32}, "32 texts of headlines"),
        ({"data": "messages"}, "256 texts of messages"),
    ):
        assert words in str(wb.exercise("02.3").check(run(**other), run("gpt-mini:random", 0.2, **other)))
    assert "epochs" in str(wb.exercise("02.3").check(run(epochs=3), run("gpt-mini:random", 0.2, epochs=4)))
    assert "other's random twin" in str(wb.exercise("02.3").check(run(), run("bert-mini:random", 0.2)))
    assert "take a causal model" in str(wb.exercise("02.4").check("bert-mini", "this is an easy sentence"))


def test_the_table_is_what_the_cards_say(monkeypatch):
    from workbench.catalog import Card, Cards
    from workbench.lessons import meeting

    rows = [{"data": "headlines (accuracy)", "labels": n, "model": m, "mean": v, "majority": 0.125}
            for m, v in (("a", 0.5), ("a:random", 0.3), ("control", 0.4)) for n in ("64", "256")]  # fmt: skip
    facts = {"parameters": 5_390_000, "tokens_seen": 9_998_336}
    cards = Cards([Card("a", "model", "", facts=facts | {"scores": rows}), Card("b", "model", "", facts=facts)])
    monkeypatch.setattr("workbench.catalog.models", lambda: cards)
    table = meeting.measured(["a", "b"])
    assert table.loc["a"].tolist() == [5.4, 10.0, 50.0, 50.0, 30.0, 40.0, 12.5] and table.loc["b"].isna().sum() == 5
