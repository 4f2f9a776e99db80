"""The judges of lesson 19 on made-up prompts and runs."""

from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
from fakes import Judges

import workbench as wb

RAW, CALM = "prompt", "prompt, calibrated"


HEADLINES = wb.load("headlines")


def asked(rows, texts=80, model="gpt-mini", data=HEADLINES):
    frame = pd.DataFrame([(*r, float("nan"), 1) for r in rows], columns=["way", "examples", "accuracy", "sd", "seeds"])
    return SimpleNamespace(summary=lambda: frame, rows=rows, asked=range(texts), majority=0.125, model=model, data=data,
                           shots=sorted({r[1] for r in rows}))  # fmt: skip


def run(accuracy=0.6, learned=192, model="gpt-mini"):
    return SimpleNamespace(
        config=SimpleNamespace(model=model),
        store=SimpleNamespace(facts={"n_train": learned}),
        kept={"accuracy": accuracy},
    )


GOOD = asked([(RAW, 0, 0.2), (CALM, 0, 0.4), (RAW, 4, 0.12), (CALM, 4, 0.25)])


class TestJudges(Judges):
    RIGHT: ClassVar = {"19.1": (GOOD,), "19.2": (GOOD,), "19.3": (GOOD, run())}
    WRONG: ClassVar = {
        "19.1": ((asked([(RAW, 0, 0.2), (CALM, 0, 0.2)]),), "Fifteen points above"),
        "19.2": ((asked([(RAW, 0, 0.2), (CALM, 0, 0.4), (RAW, 4, 0.2), (CALM, 4, 0.22)]),), "With 4 examples"),
        "19.3": ((GOOD, run(accuracy=0.3)), "still ahead"),
    }


def test_what_else_a_judge_says():
    assert "Only 10 texts" in str(wb.exercise("19.1").check(asked([(CALM, 0, 0.9)], texts=10)))
    assert "never asked without" in str(wb.exercise("19.1").check(asked([(CALM, 1, 0.9)])))
    assert "at least one other number" in str(wb.exercise("19.2").check(asked([(RAW, 0, 0.1), (CALM, 0, 0.4)])))
    assert "500 texts or fewer" in str(wb.exercise("19.3").check(GOOD, run(learned=900)))
    assert "the prompts' gpt-mini" in str(wb.exercise("19.3").check(GOOD, run(model="bert-mini")))


def test_one_other_number_of_examples_is_enough():
    rows = [(RAW, 0, 0.2), (CALM, 0, 0.4), (RAW, 1, 0.2), (CALM, 1, 0.22), (RAW, 4, 0.15), (CALM, 4, 0.3)]
    assert "with 0 and 4 examples" in str(outcome := wb.exercise("19.2").check(asked(rows))) and outcome
    assert not wb.exercise("19.2").check(asked([(RAW, 0, 0.2), (CALM, 0, 0.21), *rows[2:]]))


def test_another_model_and_other_texts_are_not_what_was_asked_for():
    other = asked([(CALM, 0, 0.9)], model="Qwen/Qwen2.5-0.5B")
    assert "gpt-mini is asked for" in str(wb.exercise("19.1").check(other))
    messages = asked([(CALM, 0, 0.9)], data=SimpleNamespace(labels=["ham", "spam"]))
    for name, more in (("19.1", ()), ("19.2", ()), ("19.3", (run(),))):
        assert "the labels ham, spam" in str(wb.exercise(name).check(messages, *more))
