"""The panel's folds: what is predicted is sealed and revealed, a fork takes its changes from the controls, a check can be ended."""

import asyncio

import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.views.panel import Panel


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def panel(model, home):
    return Panel(RunConfig(model=model, data="data", epochs=4, evaluations=4, keep_states=4), wb.load(data()))


def drive(panel, *actions):
    """Train, then each action, each time until the panel is at rest."""

    async def all_of_them():
        await panel.train()
        for act in actions:
            act()
            while panel.folds.real.task is not None and not panel.folds.real.task.done():
                await asyncio.sleep(0.01)
            await panel._task

    asyncio.run(all_of_them())
    return panel


def test_folds_are_closed_until_opened_and_buttons_wait_for_a_run(panel):
    closed = [*panel.folds.opened, *panel.controls.sections]
    assert len(closed) == 7 and not any(fold.open for fold in closed)
    assert all(fold.content.layout.display == "none" for fold in closed)
    closed[0].button.value = True
    assert closed[0].content.layout.display is None and closed[0].button.icon == "caret-down"
    assert panel.folds.fork.go.disabled and panel.folds.real.go.disabled and panel.folds.real.stop.disabled


def test_a_fold_is_no_wider_than_its_place(panel):
    """A button has a margin of 2 px on both sides; as wide as its place it would put a scrollbar under every fold."""
    assert {fold.button.layout.width for fold in panel.folds.opened} == {"min(800px, calc(100% - 4px))"}


def test_a_prediction_is_sealed_by_train_and_revealed_at_the_end(panel):
    panel.folds.guess.set(best=2, verdict="underfitting")
    drive(panel)
    assert "of 100" in panel.folds.guess.words.value and (panel.run.folder / "prediction.json").exists()
    panel.folds.anew.click()
    assert panel.folds.guess.prediction.empty and not panel.folds.guess.best.disabled and panel.folds.anew.disabled
    panel.folds.guess.set(best=1)
    panel.controls.widgets["epochs"].value = 6
    assert (
        panel.folds.guess.prediction.empty and panel.folds.guess.best.max == 6
    )  # the next run is another one to predict


def test_a_panel_in_which_nothing_is_predicted_writes_nothing(panel):
    drive(panel)
    assert not (panel.run.folder / "prediction.json").exists() and panel.folds.guess.words.value == ""


def test_a_fork_changes_what_the_controls_say(panel):
    def fork():
        assert not panel.folds.fork.go.disabled and "Move a control" in panel.folds.fork.words.value
        panel.controls.widgets["dropout"].value = 0.4
        assert "<b>dropout</b>" in panel.folds.fork.words.value
        panel.folds.fork.step.value = 8
        panel.folds.fork.start()

    drive(panel, fork)
    assert panel.run.store.facts["fork"]["step"] == 8 and panel.run.config.dropout == 0.4
    assert "tree of 2 runs" in panel.folds.fork.tree.value and panel.run.status == "finished"


def test_a_change_that_does_not_fit_is_said_and_starts_nothing(panel):
    def unfit():
        panel.controls.widgets["head"].value = "mlp"
        assert "head cannot change in mid-run" in panel.folds.fork.words.value
        panel.folds.fork.start()

    drive(panel, unfit)
    assert 'role="alert"' in panel.folds.fork.problem.value and len(wb.runs()) == 1


def test_a_check_says_whether_it_holds_and_frees_the_buttons(panel):
    panel.folds.real.seeds.value = 1
    drive(panel, panel.folds.real.start)
    assert "of 1 other seeds" in panel.folds.real.words.value and not panel.folds.real.go.disabled
    assert panel.folds.real.stop.disabled and panel.run.config.seed == 0


def test_every_control_has_a_name_and_says_what_it_does(panel):
    fork, real = panel.folds.fork, panel.folds.real
    assert all(w.description and len(w.tooltip) > 15 for w in (fork.step, fork.go, real.seeds, real.go, real.stop))
