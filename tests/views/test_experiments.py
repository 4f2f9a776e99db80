"""The buttons under the verdict: what is offered, what a press changes, what it says."""

from types import SimpleNamespace

import pytest

from workbench.config import RunConfig
from workbench.diagnosis import Experiment, advice
from workbench.diagnosis.advice import Finding
from workbench.views.panel import Panel


def finding(*several):
    return Finding("overfitting", "Overfitting.", advice=several)


def shown(panel):
    return [b.description for b in panel.experiments.buttons if b.layout.display != "none"]


@pytest.fixture
def panel():
    return Panel(RunConfig(patience=None, train_examples=64))


def running(panel):
    calls = []
    panel.run = SimpleNamespace(
        done=False, stop=lambda: calls.append("stop"), set_learning_rate=lambda rate: calls.append(rate)
    )
    return calls


def test_nothing_is_offered_before_there_is_a_verdict(panel):
    assert shown(panel) == []


def test_after_a_run_every_experiment_but_stop_is_a_labelled_button(panel):
    panel.experiments.offer(finding(advice.STOP_HERE, advice.DROPOUT, advice.MORE_TEXTS, advice.SLOWER), live=False)
    assert shown(panel) == ["Add dropout", "Use all training texts", "Lower the learning rate"]
    assert all(len(b.tooltip) > 20 for b in panel.experiments.buttons)


def test_while_a_run_trains_only_what_can_act_on_it_is_offered(panel):
    panel.experiments.offer(finding(advice.STOP_HERE, advice.DROPOUT, advice.SLOWER), live=True)
    assert shown(panel) == ["Stop here", "Lower the learning rate"]


def test_a_press_sets_the_controls_and_says_so(panel):
    panel.experiments.offer(finding(advice.DROPOUT, advice.MORE_TEXTS), live=False)
    panel.experiments.buttons[0].click()
    assert panel.config.dropout == 0.3 and "dropout=0.3" in panel.code.value
    assert (
        "Dropout as the model has it → 0.3" in panel.experiments.said.value
        and 'role="status"' in panel.experiments.said.value
    )
    panel.experiments.buttons[1].click()
    assert panel.config.train_examples is None and "Training texts 64 → all" in panel.experiments.said.value


def test_stop_here_stops_the_run_and_changes_nothing(panel):
    calls, before = running(panel), panel.config
    panel.experiments.offer(finding(advice.STOP_HERE), live=True)
    panel.experiments.buttons[0].click()
    assert calls == ["stop"] and panel.config == before and "stops after this step" in panel.experiments.said.value


def test_a_rate_moves_the_run_that_trains(panel):
    calls = running(panel)
    panel.experiments.offer(finding(advice.SLOWER), live=True)
    panel.experiments.buttons[0].click()
    assert calls == [pytest.approx(9e-5)] and "next step" in panel.experiments.said.value


def test_what_would_change_nothing_or_leave_the_bounds_is_not_offered(panel):
    far = Experiment("Far", {"epochs": "x100000"}, "out of bounds")
    panel.experiments.offer(finding(Experiment("Same", {"epochs": 8}, "no change"), far), live=False)
    assert shown(panel) == []


def test_a_button_that_is_already_there_is_left_alone(panel):
    panel.experiments.offer(finding(advice.DROPOUT), live=False)
    panel.experiments.buttons[0].click()
    panel.experiments.offer(finding(advice.DROPOUT), live=False)
    assert "→" in panel.experiments.said.value  # what the press has said is not wiped by the next evaluation


@pytest.mark.parametrize(
    ("one", "before", "after"),
    [(advice.SLOWER, {"learning_rate": 1e-3}, {"learning_rate": 3e-4}), (advice.LONGER, {"epochs": 3}, {"epochs": 6}),
     (advice.DROPOUT, {"dropout": 0.4}, {"dropout": 0.5}), (advice.MORE_TEXTS, {"train_examples": 9}, {"train_examples": None})],
)  # fmt: skip
def test_an_experiment_changes_a_config(one, before, after):
    assert one.applied(RunConfig(**before)) == RunConfig(**after)
