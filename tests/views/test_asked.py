"""What calls refuse before they train: seeds that are no seeds, splits that are not there, things that are no runs."""

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.errors import whole
from workbench.views.asked import run_of, seeds_of, split_of

NO_RUNS = [None, 3, 1.5, [], {}, "", "no-such-run", b"x", np.array([1, 2]), pd.DataFrame({"a": [1]})]
NO_SEEDS = [0, -1, True, 1.5, float("nan"), "x", None, [], [1, 1], [-1], [0.5], ["1"], {1: 2}, 10**9]


@pytest.mark.parametrize("seeds", [3, np.int64(3), [0, 1, 2], (0, 1, 2), range(3), np.arange(3)])
def test_seeds_may_be_counted_or_named(seeds):
    assert seeds_of(seeds) == [0, 1, 2]


@pytest.mark.parametrize("seeds", NO_SEEDS, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda seeds: wb.duel("headlines", ["full", "lora"], seeds=seeds),
        lambda seeds: wb.ablate("headlines", {"dropout": 0.3}, seeds=seeds),
        lambda seeds: wb.cost_of_mistakes("headlines", ["no-mask"], seeds=seeds),
    ],
    ids=["duel", "ablate", "cost_of_mistakes"],
)
def test_no_seed_and_one_seed_twice_are_refused(call, seeds):
    with pytest.raises(wb.WorkbenchError, match="how many seeds, or a list of different ones"):
        call(seeds)


def test_a_prompt_asks_for_whole_numbers():
    for wrong in ({"seeds": [1, 1]}, {"texts": 0}, {"texts": -1}, {"shots": "x"}, {"shots": (0.5,)}, {"shots": None}):
        with pytest.raises(wb.WorkbenchError, match=next(iter(wrong))):
            wb.prompt("headlines", **wrong)
    assert wb.prompt("headlines", shots=3, texts=8).shots == [3]


def test_a_split_that_is_not_there_is_refused_before_anything_is_trained():
    assert split_of(["headlines"], "test") == "test"
    for call in (wb.duel, wb.cost_of_mistakes):
        with pytest.raises(wb.WorkbenchError, match="no split called 'tets'"):
            call("headlines", split="tets")


def test_what_only_a_later_contender_has_wrong_is_refused_before_the_first_one_trains():
    with pytest.raises(wb.WorkbenchError, match="dropout is 9"):
        wb.duel("headlines", {"plain": {}, "much": {"dropout": 9}})
    with pytest.raises(wb.WorkbenchError, match="no-mask:nowhere"):
        wb.cost_of_mistakes("headlines", ["no-mask:nowhere"])


def test_a_target_that_is_none_is_refused_before_anything_is_read():
    for target, said in (("clinc", "no data called"), ("people-places", "a target for tagging")):
        with pytest.raises(wb.WorkbenchError, match=said):
            wb.adapt("clinic-sentences", target)
    with pytest.raises(wb.WorkbenchError, match="how many seeds"):
        wb.adapt("clinic-sentences", "clinic", seeds=0)


@pytest.mark.parametrize("wrong", [3, None, {"a": 3}], ids=repr)
def test_contenders_and_changes_that_are_none_are_refused(wrong):
    with pytest.raises(wb.WorkbenchError, match="names of techniques"):
        wb.duel("headlines", wrong)
    with pytest.raises(wb.WorkbenchError, match="dict of fields"):
        wb.ablate("headlines", 3)


@pytest.mark.parametrize("wrong", NO_RUNS, ids=lambda v: type(v).__name__)
def test_what_is_no_run_is_said(wrong, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with pytest.raises(wb.WorkbenchError, match="a run, its id, or its folder"):
        run_of(wrong)


def test_whole_numbers_have_bounds():
    assert whole("top", np.int64(5), 1, 9) == 5
    for wrong in (0, 10, -1, 1.5, float("nan"), "5", None, True):
        with pytest.raises(wb.WorkbenchError, match="a whole number from 1 to 9"):
            whole("top", wrong, 1, 9)


ASKS_A_RUN = [wb.datamap, wb.scrub, wb.noise, wb.layers, wb.lineage, wb.compare, wb.is_it_real,
              lambda r: wb.mistaken(r, "no-mask"), lambda r: wb.against("epochs", r, r), lambda r: wb.serving({"mine": r})]  # fmt: skip


@pytest.mark.parametrize("call", ASKS_A_RUN)
def test_every_view_of_a_run_says_when_it_gets_none(call, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for wrong in NO_RUNS[:3] + NO_RUNS[4:]:
        with pytest.raises(wb.WorkbenchError, match="a run"):
            call(wrong)
    with pytest.raises(wb.WorkbenchError, match="instead of a run"):
        wb.decodings(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: wb.fill_blank("The ___ is cold.", "bert-tiny", top=-1), "top is -1"),
        (lambda: wb.fill_blank("The ___ is cold.", "bert-tiny", top="x"), "top is 'x'"),
        (lambda: wb.objectives(3, "bert-tiny"), "3 instead of a text"),
        (lambda: wb.objectives("The bank is cold.", "bert-tiny", seed=-1), "seed is -1"),
        (lambda: wb.word_in_context(3, ["a bank", "the bank"], "bert-tiny"), "3 instead of a word"),
        (lambda: wb.word_in_context("bank", {"money": 3}, "bert-tiny"), "fewer than two sentences"),
        (lambda: wb.fit(None), "data is None"),
        (lambda: wb.blueprint(None), "data is None"),
        (lambda: wb.fit("reviews", model="bert-tyni"), "Try: model='bert-tiny'"),
        (lambda: wb.fit("reviews", technique="lorra"), "Try: technique='lora'"),
        (lambda: wb.hosted("headlines", epoch=3), "Try: epochs="),
        (lambda: wb.hosted("headlines", valid_examples=-1), "valid_examples is -1"),
        (lambda: wb.hosted("headlines", price="x"), "price is 'x'"),
        (lambda: wb.serve(port="x"), "port is 'x'"),
        (lambda: wb.serve(models=3), "models is 3"),
        (lambda: wb.prompt("headlines", template=3), "template is 3"),
        (lambda: wb.prompt("headlines", beside=3), "beside is 3"),
        (lambda: wb.adapt("clinic", "clinic", reading=3), "reading is 3"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(call, said, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with pytest.raises(wb.WorkbenchError) as caught:
        call()
    assert said in str(caught.value)
    assert not list(tmp_path.iterdir())  # nothing was begun
