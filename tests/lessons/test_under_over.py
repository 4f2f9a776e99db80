"""The judges of lesson 13 on made-up runs."""

import json
from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.diagnosis.guesses import Prediction

CURVE = [2.0, 1.6, 1.3, 1.2, 1.1, 1.2, 1.3, 1.4, 1.5]


def run(verdict, losses=CURVE, name="parent", fork=None, folder=None, **choices):
    n = range(len(losses))
    frame = pd.DataFrame(
        {"step": [10 * i for i in n], "epoch": list(n), "train_loss": [2 - i / 5 for i in n], "valid_loss": losses}
    )
    return SimpleNamespace(id=name, config=RunConfig(**choices), diagnosis=SimpleNamespace(verdict=verdict), frame=lambda: frame, folder=folder,
                           best=dict(frame.loc[frame["valid_loss"].idxmin()]), store=SimpleNamespace(facts={"fork": fork} if fork else {}))  # fmt: skip


def forked(losses, step=40, parent="parent", changed=None):
    changed = {"learning_rate": [1e-3, 1e-5]} if changed is None else changed
    return run("healthy", losses, "child", {"parent": parent, "step": step, "changed": changed})


class Folder:
    """A run folder that holds a prediction and nothing else."""

    def __init__(self, **said):
        self.text = json.dumps(said)

    def __truediv__(self, name):
        return SimpleNamespace(exists=lambda: True, read_text=lambda encoding: self.text)


def predicted(best, fair=True, losses=CURVE):
    return run("overfitting", losses, folder=Folder(prediction=Prediction(8, best=best).to_state(), fair=fair))


SHORT, LONG = run("underfitting", [2.0, 1.95], epochs=2), run("healthy", epochs=8)
OVER, BELOW = run("overfitting"), [*CURVE[:5], 1.08, 1.07, 1.06, 1.06]


class TestJudges(Judges):
    RIGHT: ClassVar[dict] = {"13.1": (SHORT, LONG), "13.2": (predicted(6),), "13.3": (forked(BELOW), OVER)}
    WRONG: ClassVar[dict] = {
        "13.1": ((LONG, LONG), "The first run's verdict is 'healthy'"),
        "13.2": ((predicted(8),), "off by 4 of 8 evaluations"),
        "13.3": ((forked(CURVE), OVER), "it ends at 1.500; its parent ended at 1.500"),
    }


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("13.1", (run("not enough evidence", epochs=2), LONG), "Give both evaluations=8"),
        ("13.1", (SHORT, run("healthy", epochs=8, dropout=0.3)), "epochs, dropout: change exactly one thing"),
        ("13.1", (SHORT, run("underfitting", epochs=3)), "not cured yet"),
        ("13.1", (SHORT, run("healthy", [2.0, 1.99], epochs=3)), "should have reached a lower one"),
        ("13.2", (predicted(6, fair=False),), "after the run had begun"),
        ("13.2", (predicted(None),), "was not marked"),
        ("13.2", (predicted(8, losses=sorted(CURVE, reverse=True)),), "turn before its end"),
        ("13.3", (OVER, OVER), "no fork of the second"),
        ("13.3", (forked(BELOW), run("healthy")), "does not overfit"),
        ("13.3", (forked(BELOW, step=60), OVER), "the rebound had begun"),
        ("13.3", (forked(BELOW, changed={}), OVER), "Nothing was changed"),
    ],
)
def test_every_other_way_of_being_wrong_has_its_words(name, answer, words):
    outcome = wb.exercise(name).check(*answer)
    assert not outcome and words in outcome.text, outcome


def test_a_run_without_a_prediction_says_how_to_make_one(tmp_path):
    assert "wb.guess(...)" in wb.exercise("13.2").check(run("overfitting", folder=tmp_path)).text
