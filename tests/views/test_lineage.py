"""The tree of a family, forks in comparisons, and last losses against a choice, on made-up runs."""

from types import SimpleNamespace

import pandas as pd
import pytest

import workbench as wb
from workbench.config import RunConfig
from workbench.views import figures as fig
from workbench.views.against import Against
from workbench.views.lineage import Lineage


def run(name, losses, fork=None, **choices):
    steps = [10 * i for i in range(len(losses))]
    frame = pd.DataFrame({"step": steps, "epoch": steps, "seconds": steps, "train_loss": [1 - i / 20 for i in range(len(losses))],
                          "valid_loss": losses, "accuracy": 0.5})  # fmt: skip
    facts = {"n_train": choices.get("train_examples", 100), **({"fork": fork} if fork else {})}
    best = dict(frame.loc[frame["valid_loss"].idxmin()])
    return SimpleNamespace(id=name, frame=lambda: frame, best=best, kept=best, status="finished", folder=SimpleNamespace(parent=None),
                           store=SimpleNamespace(facts=facts, metric="accuracy", last=lambda kind: None), config=RunConfig(**choices),
                           diagnosis=SimpleNamespace(verdict="healthy"))  # fmt: skip


@pytest.fixture
def members(monkeypatch):
    root = run("a", [2, 1.5, 1, 1.2, 1.4])
    late = run("b", [2, 1.5, 1, 0.9, 0.8], {"parent": "a", "step": 20, "changed": {"dropout": [None, 0.3]}})
    early = run("c", [2, 1.5, 1.4, 1.3, 1.2], {"parent": "a", "step": 10, "changed": {"learning_rate": [1e-3, 1e-4]}})
    deep = run("d", [2, 1.5, 1, 0.9, 0.7], {"parent": "b", "step": 30, "changed": {}})
    everyone = [root, late, early, deep]
    monkeypatch.setattr("workbench.training.fork.runs", lambda home: everyone)
    return everyone


def test_the_family_is_the_same_from_each_of_its_members(members):
    assert {tuple(r.id for r in Lineage(m).members) for m in members} == {("a", "b", "d", "c")}


def test_the_table_says_from_where_and_what_was_changed(members):
    frame = Lineage(members[3]).frame()
    assert frame["from"].tolist() == ["–", 1, 2, 1] and frame["at step"].tolist() == ["–", 20, 30, 10]
    assert frame["changed"].tolist() == [
        "the first run",
        "dropout default → 0.3",
        "nothing changed",
        "learning_rate 0.001 → 0.0001",
    ]
    assert frame["lowest validation loss"].tolist() == [1.0, 0.8, 0.7, 1.2]


def test_curves_and_tree_share_their_axis_and_each_branch_begins_at_its_fork(members):
    figure = Lineage(members[0]).figure()
    above, below = figure.axes
    assert (
        above.get_shared_x_axes().joined(above, below)
        and "optimiser steps" in below.get_xlabel()
        and "nats" in above.get_ylabel()
    )
    starts = [line.get_xdata()[0] for line in above.get_lines() if line.get_label().startswith("run ")]
    assert starts == [0, 20, 30, 10]
    figure.canvas.draw()
    assert above.get_legend().get_window_extent().x0 > above.get_window_extent().x1


def test_the_picture_has_words_and_the_page_escapes_them(members):
    words = Lineage(members[0])._repr_html_()
    assert (
        'alt="Line chart of validation loss with a tree of 4 runs' in words
        and "run 3 from run 2 at step 30, nothing changed" in words
    )


def test_a_family_whose_parent_is_gone_begins_with_what_is_left(members):
    members.pop(0)
    assert [r.id for r in Lineage(members[0]).members] == ["b", "d"]


def test_a_comparison_draws_the_shared_past_once_and_says_where_it_was_forked(members):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    fig.overlay(members[:2], ax)
    lines = {line.get_label(): line.get_xdata()[0] for line in ax.get_lines() if line.get_label() in ("1", "2")}
    assert lines == {"1": 0, "2": 20}
    assert wb.compare(*members[:2]).frame()["forked"].tolist() == ["–", "run 1 at step 20"]
    alone = Figure().add_subplot()
    fig.overlay(members[1:2], alone)
    assert (
        next(line for line in alone.get_lines() if line.get_label() == "1").get_xdata()[0] == 0
    )  # nobody else draws its past


def test_last_losses_are_sorted_by_the_choice_and_the_lowest_is_ringed():
    """Ring, table and description mean the lowest of the last losses; that the longest run was lower on its way is another matter."""
    runs = [run(str(e), [2, way, loss], epochs=e) for e, way, loss in ((8, 0.7, 1.4), (1, 1.95, 1.9), (4, 1.2, 1.1))]
    made = wb.against("epochs", *runs)
    assert made.frame().index.tolist() == [1, 4, 8] and made.frame()["validation loss"].tolist() == [1.9, 1.1, 1.4]
    ax = made.figure().axes[0]
    (ring,) = [line for line in ax.get_lines() if line.get_label() == "lowest at the end"]
    assert list(ring.get_xdata()) == [4] and ax.get_xscale() == "log" and "nats" in ax.get_ylabel()
    assert made.frame()["lowest at the end"].tolist() == [False, True, False]
    assert "lowest at the end</th>" in made._repr_html_() and made._repr_html_().count("✓") == 1
    assert "1: 0.90 and 1.90; 4: 0.90 and 1.10" in made.alt() and made.alt().endswith("lowest at the end with 4.")


def test_a_run_that_ended_without_a_finite_loss_is_no_lowest_and_leaves_the_picture_whole():
    nan = float("nan")
    made = wb.against("epochs", run("a", [2, nan], epochs=1), run("b", [2, 1.1], epochs=4))
    assert made.frame()["lowest at the end"].tolist() == [False, True]
    assert made.figure().axes[0].get_ylim()[1] == pytest.approx(1.1 * 1.1)
    none = Against("epochs", [run("a", [2, nan], epochs=1)])
    assert none.figure() and none.alt().endswith("nan.")


@pytest.mark.parametrize(("choice", "runs", "message"), [
    ("epoch", [run("a", [1, 2])] * 2, "unknown argument 'epoch'"),
    ("epochs", [run("a", [1, 2])], "1 runs"),
    ("epochs", [run("a", [1, 2])] * 2, "epochs is 8 in all of these runs"),
    (3, [run("a", [1, 2])] * 2, "unknown argument '3'"),
    ("schedule", [run("a", [1, 2])] * 2, "a choice that is a number")])  # fmt: skip
def test_what_cannot_be_drawn_is_said(choice, runs, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        wb.against(choice, *runs)


def test_all_texts_are_counted():
    assert Against("train_examples", [run("a", [1, 2])]).frame().index.tolist() == [100]
