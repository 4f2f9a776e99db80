"""The panel without a browser: what its controls stand for, what it says, what it does when something is wrong."""

import asyncio
from types import SimpleNamespace

import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench import catalog
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.views import browse, compared, live
from workbench.views.controls import CONTROLS, Controls, problem_html
from workbench.views.kept import record_html
from workbench.views.panel import Panel


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def trained(panel):
    return asyncio.run(_train(panel))


async def _train(panel):
    return await panel.train()


def test_controls_stand_for_the_config_they_were_given():
    config = RunConfig(
        learning_rate=1e-3, epochs=2.5, patience=4, train_examples=99, dropout=0.25, seed=7, pooling="cls"
    )
    assert Controls(config).config() == config


def test_a_control_that_is_not_touched_changes_nothing():
    config = RunConfig(learning_rate=3.14e-4, weight_decay=0.0123)  # values between the slider's steps
    controls = Controls(config)
    controls.widgets["epochs"].value = 3
    assert controls.config() == config.replace(epochs=3)


def test_a_control_that_another_technique_hides_is_not_chosen():
    controls = Controls(RunConfig(technique="lora", lora_rank=4))
    controls.widgets["technique"].value = "full"
    assert controls.widgets["lora_rank"].layout.display == "none" and controls.config().lora_rank == 8
    controls.widgets["technique"].value = "lora"
    assert controls.widgets["lora_rank"].layout.display is None and controls.config().lora_rank == 4


@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: c.field)
def test_every_control_has_a_label_and_says_what_it_does(control):
    widget = Controls(RunConfig()).widgets[control.field]
    assert widget.description == control.label and len(widget.tooltip) > 15


def test_a_list_to_choose_from_always_says_what_is_chosen():
    """ipywidgets shows an empty field for the value None, whatever an option of that value is called."""
    controls = Controls(RunConfig())
    rule = controls.widgets["stopping"]
    assert rule.label == "none" and controls.config() == RunConfig()
    rule.value = "GL 2"
    assert controls.config().stopping == "GL 2"
    controls.change({"stopping": None})
    assert rule.label == "none" and controls.config().stopping is None


def test_zero_stands_for_none_where_the_label_says_so():
    controls = Controls(RunConfig(patience=3, train_examples=64))
    controls.widgets["patience"].value = controls.widgets["train_examples"].value = 0
    assert controls.config().patience is None and controls.config().train_examples is None


def test_a_path_may_come_in_the_quotation_marks_in_which_windows_copies_it():
    controls = Controls(RunConfig())
    controls.widgets["data"].value = r' "C:\Users\Ada Łącka\my reviews.csv"'
    assert controls.config().data == r"C:\Users\Ada Łącka\my reviews.csv"


def test_new_tokens_are_typed_with_commas_or_spaces_between_them():
    controls = Controls(RunConfig(head="bilstm", decoding="constrained"))
    controls.widgets["add_tokens"].value = "oedema, ECG 😀,oedema"
    assert controls.config() == RunConfig(head="bilstm", decoding="constrained", add_tokens=("oedema", "ECG", "😀"))
    assert Controls(controls.config()).widgets["add_tokens"].value == "oedema, ECG, 😀"


def test_the_line_of_code_follows_the_controls():
    panel = Panel(RunConfig())
    panel.controls.widgets["epochs"].value = 3
    assert "epochs=3" in panel.code.value and "About" in panel.estimate.value
    panel.controls.widgets["max_length"].value = 48
    assert "max_length=48" in panel.code.value and panel.config.max_length == 48


def test_train_trains_and_the_verdict_is_shown_with_its_rule(model):
    panel = Panel(RunConfig(model=model, data="data", epochs=2), wb.load(data()))
    run = trained(panel)
    assert run.status == "finished" and bytes(panel.picture.image.value).startswith(b"\x89PNG")
    assert "Which rule says so" in panel.verdict.value and panel.text == str(run.diagnosis)
    assert "wb-alt" in panel.picture.words.value and "Line chart" in panel.picture.words.value


def test_the_panel_draws_the_curve_that_the_same_line_of_code_gives(model):
    source = wb.load(data())
    panel = Panel(RunConfig(model=model, data="data", epochs=2, seed=3), source)
    by_hand = wb.fit(source, model=model, epochs=2, seed=3).join()
    assert trained(panel).frame()["valid_loss"].tolist() == by_hand.frame()["valid_loss"].tolist()


def test_from_the_press_on_the_words_are_about_the_new_run(model, monkeypatch):
    from workbench.views import panel as module

    panel = Panel(RunConfig(model=model, data="data", epochs=1), wb.load(data()))
    trained(panel)
    assert "finished" in panel.status.value
    launch, said = module.launch, []
    monkeypatch.setattr(
        module, "launch", lambda *given: said.append(panel.status.value + panel.verdict.value) or launch(*given)
    )
    trained(panel)
    assert said == [live.BEGINNING] and "finished" in panel.status.value

    def fails(*given):
        raise WorkbenchError("no room")

    before = panel.status.value, panel.verdict.value
    monkeypatch.setattr(module, "launch", fails)
    panel.start()
    assert (panel.status.value, panel.verdict.value) == before and "no room" in panel.problem.value  # no run began


def test_every_button_that_disables_itself_says_where_the_focus_goes_on():
    panel = Panel(RunConfig())
    folds, duel = panel.folds, panel.duel
    leads = {name: panel.buttons[to] for name, to in (("train", "stop"), ("pause", "continue"), ("stop", "train"))}
    pairs = [(panel.buttons[name], to) for name, to in leads.items()]
    pairs += [(folds.fork.go, panel.buttons["stop"]), (folds.real.go, folds.real.stop), (folds.real.stop, folds.real.go),
              (folds.anew, folds.guess.points[0]), (duel.begin, duel.end), (duel.end, duel.begin)]  # fmt: skip
    for button, wanted in pairs:
        first = next(c for c in button._dom_classes if c.startswith("wb-then-"))
        assert f"wb-is-{first.removeprefix('wb-then-')}" in wanted._dom_classes


def test_a_time_has_its_unit_and_words_beside_the_controls_have_lines_of_text():
    panel = Panel(RunConfig())
    budget = panel.controls.widgets["seconds"]
    assert budget.description == "Time budget (s)" and "seconds" in budget.tooltip
    assert all("line-height:1.5" in w.value for w in (panel.estimate, panel.code))


def test_a_wrong_choice_is_a_box_with_words_and_no_run(home):
    panel = Panel(RunConfig(model="bert-maxi"))
    panel.start()
    assert "bert-maxi" in panel.problem.value and 'role="alert"' in panel.problem.value and panel.run is None
    assert not list(home.glob("runs/*"))


def test_a_second_train_while_one_trains_is_refused_in_words(model):
    async def twice():
        panel = Panel(RunConfig(model=model, data="data", epochs=2000), wb.load(data()))
        panel.start()
        first = panel.run
        panel.start()
        said = panel.problem.value
        first.stop()
        await panel._task
        return panel.run is first, said

    same, said = asyncio.run(twice())
    assert same and "one training at a time" in said


def test_the_rate_slider_moves_the_rate_of_the_running_training(model):
    async def moved():
        panel = Panel(RunConfig(model=model, data="data", epochs=500, schedule="constant"), wb.load(data()))
        panel.start()
        while panel.run.steps().empty:
            await asyncio.sleep(0.05)
        panel.controls.widgets["learning_rate"].value = 1e-3
        while panel.run.steps()["learning_rate"].iloc[-1] != pytest.approx(1e-3, rel=0.2):
            await asyncio.sleep(0.05)
        panel.run.stop()
        await panel._task
        return panel

    panel = asyncio.run(asyncio.wait_for(moved(), 60))
    assert panel.run.status == "stopped" and not panel.buttons["continue"].disabled


def test_the_answer_to_a_text_is_shown_as_bars(model):
    panel = Panel(RunConfig(model=model, data="data", epochs=1), wb.load(data()))
    panel.predictions.text.value = "too early"
    assert "Train a model first" in panel.predictions.answer.value
    trained(panel)
    panel.predictions.text.value = "the kind room"
    panel.predictions.predict()
    assert panel.predictions.answer.value.count("%</td>") == 2


EVIL = "<script>alert(1)</script>"


def test_everything_that_comes_from_data_or_people_is_escaped(model):
    rows = {"text": [f"{EVIL} kind {i}" if i % 2 else f"{EVIL} cruel {i}" for i in range(40)],
            "label": [EVIL + "ab"[i % 2] for i in range(40)]}  # fmt: skip
    panel = Panel(RunConfig(model=model, data="data", epochs=1), wb.load(pd.DataFrame(rows)))
    run = trained(panel)
    panel.predictions.text.value = EVIL
    panel.predictions.predict()
    panel.runs.open()
    panel.data.open()
    shown = [panel.problem, panel.code, panel.verdict, panel.status, panel.predictions.answer, panel.predictions.errors,
             panel.runs.table, panel.runs.picture, panel.data.words]  # fmt: skip
    pages = [w.value for w in shown] + [record_html(run), live.final_html(run), wb.runs()._repr_html_(),
             wb.compare(run)._repr_html_(), problem_html(WorkbenchError(EVIL, EVIL, EVIL)),
             browse.table_html([{EVIL: EVIL}], EVIL)]  # fmt: skip
    assert not any("<script>alert" in page for page in pages)
    assert "&lt;script&gt;" in panel.data.words.value


def test_the_kept_picture_needs_no_kernel(model):
    panel = Panel(RunConfig(model=model, data="data", epochs=1), wb.load(data()))
    html = record_html(trained(panel))
    assert 'src="data:image/png;base64,' in html and 'alt="Line chart' in html and "wb.fit(" in html


def test_runs_are_compared_by_what_differs(model):
    source = wb.load(data())
    one, two = (wb.fit(source, model=model, epochs=1, seed=s).join() for s in (1, 2))
    table = wb.compare(one, two).frame()
    assert list(table.columns[:1]) == ["seed"] and table["seed"].tolist() == [1, 2] and "epochs" not in table
    with pytest.raises(WorkbenchError, match="nothing to compare"):
        wb.compare()


def test_a_setting_that_one_of_the_runs_does_not_have_is_a_dash(model):
    source = wb.load(data())
    one, two = (wb.fit(source, model=model, epochs=1, patience=p).join() for p in (None, 3))
    made = wb.compare(one, two)
    assert made.frame()["patience"].tolist() == ["–", 3] and ">nan<" not in made._repr_html_()
    assert "last values 1: patience –: " in made._repr_html_() and ", 2: patience 3: " in made._repr_html_()


def test_data_made_by_hand_is_called_by_what_was_done_to_it(model):
    """Augmented, flipped, repaired: three runs on "data" would be told apart by nothing."""
    plain = wb.load(data(32, 16))
    more = wb.augment(plain, "swap", train_examples=16)
    sets = [plain, more, wb.flip(plain, 0.25), wb.audit(plain).fixed()]
    assert [d.called for d in sets] == [
        "data", f"data, 16 texts + {len(more['train']) - 16} copies (swap)", "data, 8 labels flipped", "data, fixed",
    ]  # fmt: skip
    one, two = (wb.fit(d, model=model, epochs=2, evaluations=2, keep_states=2).join() for d in sets[:2])
    table = wb.compare(one, two).frame()
    assert table["data"].tolist() == ["data", more.called] and compared.run_row(two)["data"] == more.called
    assert two.fork(two.states[0], learning_rate=1e-5).join().store.facts["data_title"] == more.called


def test_the_model_reads_the_validation_texts_once_for_errors_and_confusion(model, monkeypatch):
    from workbench.training.predictor import Asked

    run = wb.fit(data(), model=model, epochs=1, evaluations=1).join()
    passes, asked = [], Asked.__call__
    monkeypatch.setattr(Asked, "__call__", lambda self, encoded: passes.append(len(encoded)) or asked(self, encoded))
    tab = browse.Predictions(SimpleNamespace(run=run))
    tab.refresh()
    assert passes == [32] and "Worst errors" in tab.errors.value and "<img" in tab.errors.value
    wrong, counts = run.predictor().review(run.data()["validation"], 8)
    assert wrong.equals(run.errors(8)) and counts.equals(run.confusion())


def test_a_run_has_the_same_name_in_the_list_and_in_the_tab_and_is_found_by_it(model):
    config = RunConfig(model=model, data="data", epochs=1)
    one, two = (wb.fit(data(), model=model, epochs=1, seed=s).join() for s in (1, 2))
    tab = browse.RunsTab(Panel(config))
    tab.open()
    listed = tab.table.value
    assert wb.runs()._repr_html_() == listed and listed.index(f">{two.id}<") < listed.index(f">{one.id}<")
    assert [words for words, _ in tab.choice.options] == [f"{r.id} · {r.status}" for r in (two, one)]
    tab.choice.value = (1,)
    assert f"last values {browse.short_names([one])[0]}:" in tab.picture.value
    assert wb.runs()[one.id].id == one.id and [r.id for r in wb.runs()[:1]] == [two.id]
    assert wb.runs()[:1]._repr_html_().count("<tr>") == 2  # the head and one run
    with pytest.raises(WorkbenchError, match="a part of 2 names"):
        wb.runs()["-data"]
    with pytest.raises(WorkbenchError, match="no run 'yesterday'"):
        wb.runs()["yesterday"]


def test_runs_that_began_in_the_same_second_are_told_apart_by_their_whole_names():
    named = lambda *ids: [SimpleNamespace(id=i) for i in ids]  # noqa: E731
    assert browse.short_names(named("20260131-093000-a", "20260131-093001-a")) == ["20260131-093000", "20260131-093001"]
    assert browse.short_names(named("20260131-093000-a", "20260131-093000-b"))[1] == "20260131-093000-b"


def test_no_runs_yet_says_so(home):
    assert "No runs yet" in repr(wb.runs()) and "No runs yet" in wb.runs()._repr_html_()


def test_a_language_model_fills_a_blank_in_the_panel_and_shows_what_surprises_it(tmp_path):
    from tiny import texts, tiny_bert

    from workbench.views.datatab import data_html

    (tmp_path / "train.txt").write_text("\n".join(texts(40)["text"]), "utf-8")
    data = wb.load(tmp_path / "train.txt")
    run = wb.fit(data, model=str(tiny_bert(tmp_path / "m")), epochs=1, evaluations=1).join()
    tab = browse.Predictions(SimpleNamespace(run=run))
    tab.refresh()
    assert "surprise it most" in tab.errors.value and "___" in tab.text.placeholder
    tab.text.value = "the ___ room"
    tab.predict()
    assert "then" in tab.answer.value
    tab.text.value = "no blank"
    tab.predict()
    assert "one blank" in tab.answer.value
    assert "6 training texts" in data_html(data, run.config)


def test_choosing_a_technique_shows_its_controls_and_moves_the_rate_to_what_suits_it():
    controls = Controls(RunConfig())
    own = [c.field for c in CONTROLS if catalog.owner(c.field)]
    shown = lambda: {name for name in own if controls.widgets[name].layout.display != "none"}  # noqa: E731
    assert shown() == set()
    controls.widgets["technique"].value = "lora"
    assert shown() == {"lora_rank"} and controls.config().learning_rate == pytest.approx(3e-3)
    controls.widgets["technique"].value = "distillation"
    assert shown() == {"teacher", "temperature", "alpha"} and controls.config().teacher is None
    controls.widgets["technique"].value = "feature-extraction"
    assert shown() == set() and controls.config().replace(learning_rate=1e-2) == RunConfig(
        technique="feature-extraction", learning_rate=1e-2
    )


def test_a_config_that_is_shown_keeps_its_own_rate():
    assert Controls(RunConfig(technique="lora", learning_rate=1e-4)).config() == RunConfig(
        technique="lora", learning_rate=1e-4
    )


def test_a_run_that_ended_before_its_first_evaluation_says_so_and_is_not_continued(model):
    async def stopped():
        panel = Panel(RunConfig(model=model, data="data"), wb.load(data()))
        panel.start()
        panel.run.stop()
        await panel._task
        return panel

    panel = asyncio.run(stopped())
    assert panel.run.frame().empty and not panel.run.can_resume and panel.buttons["continue"].disabled
    assert "before its first evaluation" in panel.verdict.value
    panel.predictions.text.value = ""
    panel.predictions.predict()
    assert "Type a text of your own" in panel.predictions.answer.value


def test_the_panel_says_in_a_line_what_it_is(model):
    panel = Panel(RunConfig(model=model, data="data", epochs=1), wb.load(data()))
    assert repr(panel) == f"Panel: {model} on data, no run yet"


def test_a_rate_that_was_moved_is_seen_in_the_table_of_runs():
    moved = [ev.RateChanged(3, 1.0, 1e-4, 3e-4), ev.RateChanged(9, 2.0, 3e-4, 2.5e-4)]
    last = lambda kind: moved[-1]  # noqa: E731
    run = SimpleNamespace(config=RunConfig(learning_rate=1e-4), store=SimpleNamespace(last=last))
    assert compared.rates(run) == "0.0001 → 0.00025"


def test_data_that_the_data_tab_has_loaded_can_be_estimated(tmp_path):
    path = tmp_path / "mine.csv"
    data()["train"].to_pandas().to_csv(path, index=False)
    panel = Panel(RunConfig(model="bert-tiny", data=str(path)))
    assert "unknown before the data is loaded" in panel.estimate.value
    panel.data.open()
    panel.controls.widgets["epochs"].value = 2
    assert "unknown" not in panel.estimate.value and "MB" in panel.estimate.value
