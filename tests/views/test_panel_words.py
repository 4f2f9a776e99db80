"""What the panel says stays true: of a run that goes on, of one that was interrupted, of settings that are moved meanwhile, of another run."""

import asyncio
import json
from types import SimpleNamespace

import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training.store import Store
from workbench.views import browse, datatab
from workbench.views.buttons import occupied
from workbench.views.controls import Controls
from workbench.views.kept import interrupted
from workbench.views.panel import Panel


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def panel(model):
    return Panel(RunConfig(model=model, data="data", epochs=10_000, patience=None, evaluations=1000), wb.load(data()))


async def stopped(panel, evaluations=2, begin=None):
    """Train until so many evaluations are there, then Stop."""
    (begin or panel.start)()
    while len(panel.run.frame()) < evaluations:
        await asyncio.sleep(0.02)
    panel._on_stop()
    await panel._task
    return panel.run


class Record:
    """The output below the panel."""

    def update(self, shown):
        self.text = shown.data


# --- the rate as a number -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "rate"), [("3,5e-4", 3.5e-4), (" 0.002 ", 2e-3), ("1e-6", 1e-6), ("0,5", 0.5)])
def test_a_rate_is_typed_with_a_point_or_a_comma(typed, rate):
    controls = Controls(RunConfig())
    controls.widgets["learning_rate"].field.value = typed
    assert controls.config().learning_rate == pytest.approx(rate)
    slider = controls.widgets["learning_rate"].slider
    assert slider.value == pytest.approx(min(max(rate, 10**-5.5), 10**-1.5))
    slider.value = 1e-3
    assert controls.config().learning_rate == 1e-3 and controls.widgets["learning_rate"].field.value == "0.001"


@pytest.mark.parametrize("typed", ["abc", "", "-1", "0", "1e-3 or so"])
def test_what_is_no_rate_is_refused_and_not_rounded_to_one(typed, panel):
    panel.controls.widgets["learning_rate"].field.value = typed
    with pytest.raises(WorkbenchError, match="learning_rate is"):
        panel.controls.config()
    assert "learning_rate is" in panel.problem.value and "not all of these settings are valid" in panel.code.value
    panel.controls.widgets["learning_rate"].field.value = "1e-3"
    assert panel.problem.value == "" and "learning_rate=0.001" in panel.code.value


# --- a run that goes on -------------------------------------------------------------------------------------------------


def test_a_run_goes_on_with_its_own_settings_and_the_panel_says_so(panel):
    panel._record = Record()

    async def both():
        run = await stopped(panel)
        assert "kept with this notebook" in panel._record.text
        panel.controls.widgets["learning_rate"].value, panel.controls.widgets["dropout"].value = 1e-5, 0.4
        panel.controls.widgets["data"].value = "reviews"
        begun = len(run.frame())
        panel._on_continue()
        assert panel.config == run.config and "the settings that it began with" in panel.problem.value
        assert "was in training when this notebook was saved" in panel._record.text
        await stopped(panel, begun + 2, lambda: None)
        assert run is panel.run and "kept with this notebook" in panel._record.text

    asyncio.run(both())


def test_what_was_said_of_one_run_does_not_stand_beside_the_next(panel):
    async def twice():
        await stopped(panel)
        assert panel.predictions.errors.value
        panel.predictions.text.value = "kind 1"
        panel.start()
        assert panel.predictions.errors.value == "" and "when training has ended" in panel.predictions.answer.value
        await asyncio.sleep(0)
        assert panel.data.upload.button.disabled and panel.data.upload.label.disabled
        await stopped(panel, begin=lambda: None)
        assert not panel.data.upload.button.disabled

    asyncio.run(twice())


def test_a_run_that_was_stopped_at_once_says_what_can_be_done(panel, monkeypatch):
    run = SimpleNamespace(frame=pd.DataFrame, error=None, can_resume=True)
    panel._judge(run)
    assert "Continue goes on with it" in panel.verdict.value
    run.can_resume = False
    panel._judge(run)
    assert "Continue" not in panel.verdict.value and "Train starts anew" in panel.verdict.value


def test_a_second_panel_shows_the_run_and_gets_its_own_settings_back(panel):
    other = Panel(RunConfig(data="headlines", epochs=3))

    async def both():
        panel.start()
        other.attach(panel.run)
        assert other.config.epochs == 10_000 and "come back when it has ended" in other.problem.value
        await stopped(panel, begin=lambda: None)
        await other._task
        assert (other.config.data, other.config.epochs) == ("headlines", 3)

    asyncio.run(both())


def test_an_interrupted_run_is_taken_up(panel, model):
    run = asyncio.run(stopped(panel))
    assert interrupted(panel.config) is None  # it was stopped by hand
    path = run.folder / "events.jsonl"
    path.write_text(
        "".join(line for line in path.read_text("utf-8").splitlines(True) if '"ended"' not in line), "utf-8"
    )
    raw = json.loads((run.folder / "config.json").read_text("utf-8"))
    raw["facts"].update(pid=2**22 + 1, born=0.0)
    (run.folder / "config.json").write_text(json.dumps(raw), "utf-8")
    from workbench.training import run as runs_of

    runs_of._live.clear()
    assert Store.open(run.folder).status == "interrupted"
    fresh = Panel(panel.config.replace(epochs=2), wb.load(data()))
    assert interrupted(RunConfig(data="reviews", model=model)) is None
    fresh.take_up(interrupted(fresh.config))
    assert "was interrupted at step" in fresh.problem.value and not fresh.buttons["continue"].disabled
    assert fresh.config.epochs == 10_000 and "<b>" in fresh.verdict.value

    async def on():
        begun = len(fresh.run.frame())
        await stopped(fresh, begun + 1, fresh._on_continue)

    asyncio.run(on())
    assert fresh.run.id == run.id and fresh.run.status == "stopped"


# --- tabs ---------------------------------------------------------------------------------------------------------------


def test_who_trains_is_told_where_it_can_be_ended():
    busy = SimpleNamespace(id="one", status="training")
    assert "Stop first" in str(occupied(busy, busy)) and "Duel tab" in str(occupied(busy, None))


def test_a_duel_that_goes_on_keeps_its_terms_and_an_old_refusal_goes(panel):
    duel = panel.duel
    duel.problem.value = "refused"
    panel.controls.widgets["epochs"].value = 3
    assert duel.problem.value == "" and "3 epochs" in duel.terms.value
    duel.going = SimpleNamespace(over=False)
    panel.controls.widgets["epochs"].value = 5
    assert "3 epochs" in duel.terms.value and duel.begin.disabled and not duel.end.disabled
    duel.going.over = True
    panel.controls.widgets["epochs"].value = 6
    assert "6 epochs" in duel.terms.value


def test_a_question_needs_its_passage_and_either_field_asks(panel):
    asked = []
    row = {"question": "q", "context": "c", "start": 0, "answer": "c", "probability": 0.5, "null_odds": 0.1}
    panel.run = SimpleNamespace(done=True, best={"step": 1}, error=None, id="x", config=panel.config,
                                store=SimpleNamespace(facts={"task": "answering"}),
                                predict=lambda pairs: asked.append(pairs) or pd.DataFrame([row]))  # fmt: skip
    tab = browse.Predictions(panel)
    tab.text.value = "Who?"
    assert "into the field <b>Passage</b>" in tab.answer.value and not asked
    tab.passage.value = "Ann left."
    tab.passage.value = "Bob left."
    assert asked == [[("Who?", "Ann left.")], [("Who?", "Bob left.")]]


def test_a_sentence_without_names_says_so():
    run = SimpleNamespace(store=SimpleNamespace(facts={"task": "tagging"}))
    words = pd.Series({"tokens": ["We", "left"], "tags": ["O", "O"]})
    assert "No name found" in browse._said(run, words)


def test_an_upload_is_called_what_its_owner_calls_it(panel):
    panel.data.upload.take({"my broken.parquet": b"no parquet"})
    assert "my broken.parquet" in panel.data.upload.said.value and "my-broken-" not in panel.data.upload.said.value


def test_of_many_labels_the_table_says_that_it_counts_the_first(model):
    rows = {"text": [f"text number {i}" for i in range(120)], "label": [f"kind {i % 20}" for i in range(120)]}
    found = datatab.data_html(wb.load(pd.DataFrame(rows)), RunConfig(model=model))
    assert f"Of 20 labels the first {datatab.SHOWN}" in found


def test_runs_without_the_chosen_measure_are_no_empty_picture():
    from workbench.views.compared import overlay_html

    run = SimpleNamespace(frame=lambda: pd.DataFrame({"step": [1], "valid_loss": [1.0]}), store=SimpleNamespace(facts={}, metric="chrf"),
                          config=RunConfig())  # fmt: skip
    assert overlay_html([run], "accuracy", "step", ["one"]) == "<p>None of these runs has accuracy.</p>"


def test_an_event_that_moved_the_rate_is_what_the_slider_shows_again(panel):
    async def moved():
        panel.start()
        while len(panel.run.frame()) < 1:
            await asyncio.sleep(0.02)
        panel.controls.widgets["learning_rate"].value = 1e-4
        while panel.run.store.last(ev.RateChanged) is None:
            await asyncio.sleep(0.02)
        panel.controls.widgets["learning_rate"].field.value = "1,,5"  # no number: the run goes on as it was
        panel._on_stop()
        await panel._task
        panel._on_continue()
        shown = panel.controls.widgets["learning_rate"].value
        panel._on_stop()
        await panel._task
        assert shown == pytest.approx(1e-4)
        assert sum(isinstance(e, ev.RateChanged) for e in panel.run.store.events) == 1

    asyncio.run(moved())
