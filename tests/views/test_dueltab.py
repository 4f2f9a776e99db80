"""The duel in the panel without a browser: what its controls stand for, what it trains, and what is left of it on another day."""

import asyncio

import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.views.duel import duels
from workbench.views.duel_html import words_html
from workbench.views.dueltab import EarlierDuels
from workbench.views.panel import Panel


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def tab_of(model, **choices):
    panel = Panel(RunConfig(**{"model": model, "data": "data", "epochs": 1, "evaluations": 2, "keep_states": 6, **choices}),
                  wb.load(data(32, 16)))  # fmt: skip
    panel.duel.visible = True
    return panel.duel


def choose(tab, *names):
    for name, box in tab.choices.items():
        box.value = name in names


def test_the_line_of_code_stands_for_the_same_duel(model, monkeypatch):
    tab = tab_of(model, seconds=2.5, dropout=0.2, patience=3)
    choose(tab, "lora", "full")
    tab.seeds.value = 2
    assert tab.to_code() in tab.code.value.replace("&quot;", '"').replace("&#x27;", "'")
    by_hand = eval(tab.to_code().removeprefix("await "), {"wb": wb, "data": tab.panel.source()})
    made = tab.made()
    assert made.contenders == by_hand.contenders and made.seeds == by_hand.seeds == [0, 1]
    assert made.contenders["full"]["learning_rate"] == 3e-4 and "keep_states" not in made.contenders["full"]
    assert "4 runs" in tab.terms.value and "at most 2.5 s of training: 10 s at most" in tab.terms.value


def test_what_cannot_take_part_is_said_before_anything_is_trained(model, home):
    tab = tab_of(model)
    choose(tab, "full")
    assert tab.begin.disabled and "1 technique chosen: tick two to four" in tab.terms.value
    choose(tab, "full", "distillation")
    assert not tab.begin.disabled
    tab.start()
    assert "distillation without a teacher" in tab.problem.value and 'role="alert"' in tab.problem.value
    choose(tab, *list(tab.choices)[:5])
    with pytest.raises(WorkbenchError, match="5 techniques"):
        tab.made()
    assert not list(home.glob("runs/*"))


def test_a_duel_is_trained_drawn_and_found_again_on_another_day(model, home):
    tab = tab_of(model)
    choose(tab, "full", "feature-extraction")
    tab.seeds.value = 2
    made = asyncio.run(tab.train())
    assert [len(runs) for runs in made.runs.values()] == [2, 2] and tab.problem.value == ""
    assert bytes(tab.picture.image.value).startswith(b"\x89PNG") and "weights that learn" in tab.picture.words.value
    assert "4 of 4 runs" in tab.status.value and made.verdict() in tab.words.value.replace("&#x27;", "'")
    assert tab.end.disabled and not tab.begin.disabled
    full = made.frame().set_index("contender").loc["full"]
    assert f"full {full['score']:.3f} ± {full['sd']:.3f}" in tab.picture.words.value
    wb.fit(data(32, 16), model=model, epochs=1, evaluations=1).join()  # a run of no duel
    live = wb.training.run._live
    held, wb.training.run._live = live, type(live)()  # as after a restart: runs are read from their folders
    try:
        (again,) = duels()
    finally:
        wb.training.run._live = held
    pd.testing.assert_frame_equal(again.frame(), made.frame())
    assert again.verdict() == made.verdict() and again.id == made.id
    earlier = EarlierDuels()
    assert earlier.box.layout.display == "none"
    earlier.refresh()
    assert earlier.choice.label == "choose one" and earlier.words.value == ""
    earlier.choice.value = 0
    assert earlier.box.layout.display is None and earlier.words.value == words_html(made)


def test_stop_ends_a_duel_within_a_step_and_what_was_cut_off_is_not_counted(model):
    async def stopped():
        tab = tab_of(model, epochs=5000, schedule="constant")
        tab.start()
        going = tab.going
        tab.start()  # a second press is refused in words
        assert tab.going is going and "one training at a time" in tab.problem.value
        while not (going.duel.now and len(going.duel.now.steps())):
            await asyncio.sleep(0.02)
        other = Panel(RunConfig()).duel  # the cell is run again: the new panel finds the duel
        await asyncio.sleep(0.1)
        assert other.going is going and "Run 1 of 6" in other.status.value
        other.stop()
        at = len(going.duel.now.steps())
        await asyncio.gather(tab._task, other._task)
        return tab, going.duel, len(going.duel.now.steps()) - at

    tab, made, more = asyncio.run(asyncio.wait_for(stopped(), 60))
    assert more <= 2  # the step that had ended and was not yet reported, and the one that sees the wish
    assert made.stopped and made.frame().empty and "Stopped by hand</b>: 0 of 6 runs" in tab.status.value
    assert made.now.status == "stopped" and not tab.begin.disabled
    assert len(wb.runs()) == 1  # no second one began
