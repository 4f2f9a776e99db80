"""The judges of lesson 21 on made-up searches and runs."""

from types import SimpleNamespace

import pandas as pd
from fakes import Judges, run


def scored(accuracy, **choices):
    made = run(**{"data": "headlines", "model": "bert-tiny", **choices})
    made.evaluate = lambda split: {"accuracy": accuracy}
    made.data = lambda: {"test": range(237)}
    return made


def found(rows=(), best=None, names=("learning_rate",)):
    frame = pd.DataFrame(rows, columns=["trial", "state", "verdict", "reason"])
    plan = SimpleNamespace(space=dict.fromkeys(names), names=list(names))
    return SimpleNamespace(frame=lambda: frame, best=best, plan=plan, name="made-up")


OK = (0, "finished", "healthy", None)
STOPPED = (1, "failed", None, "it was stopped; trial 2 has its values")
LOST = (1, "failed", None, "its worker has died; trial 2 has its values")
HOPELESS = (3, "pruned", "not learning", "Not learning: ...")
WILD = (4, "pruned", "diverging", "Diverging ...")
DEFAULT = scored(0.30)


RIGHT = {
    "21.1": (found(best=scored(0.6, learning_rate=3e-3)), DEFAULT),
    "21.2": (found([OK, STOPPED, (2, "finished", "healthy", None)]),),
    "21.3": (found([OK, HOPELESS, HOPELESS, WILD]), "Not learning"),
}
WRONG = {
    "21.1": ((found(best=scored(0.35, learning_rate=3e-3)), DEFAULT), "could be noise"),
    "21.2": ((found([OK]),), "was stopped in the middle"),
    "21.3": ((found([OK, HOPELESS, HOPELESS, WILD]), "diverging"), "is not what ended most of the 3"),
}


class TestBeyondJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


def said(id, *answer):
    import workbench as wb

    outcome = wb.exercise(id).check(*answer)
    assert not outcome
    return str(outcome)


def test_a_comparison_must_be_of_the_rate_alone():
    assert "has batch_size: let it" in said("21.1", found(best=scored(0.6), names=["batch_size"]), DEFAULT)
    assert "take the default" in said("21.1", found(best=scored(0.6)), scored(0.3, learning_rate=1e-3))
    assert "differ in epochs" in said("21.1", found(best=scored(0.6, learning_rate=3e-3, epochs=9)), DEFAULT)


def test_a_stopped_trial_must_have_been_trained_in_the_end():
    assert "still wait" in said("21.2", found([OK, STOPPED, (2, "waiting", None, None)]))
    assert "was stopped in the middle" in said("21.2", found([OK, LOST, OK]))


def test_without_a_pruned_trial_there_is_no_reason():
    assert "No trial of this search was pruned" in said("21.3", found([OK]), "diverging")
