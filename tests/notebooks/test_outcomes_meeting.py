"""What lesson 02 says, with its own settings: who sees what stands behind a blank, vectors that part by meaning, budgets that differ,
and that pretraining is worth more than the seeds' spread. And the solutions pass their judges."""

import json
import re
from pathlib import Path

import pytest
from lesson_sources import run_cell

import workbench as wb
from workbench.lessons.meeting import AFTER, measured

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "02-meet-the-models.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SEEDS = [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))]
TEXT = LESSON.read_text("utf-8")
SAME = eval(re.search(r"same = (dict\(.*\))", TEXT)[1])
FIRST, SECOND = re.findall(r'wb\.fill_blank\("(.*)"\)', TEXT)[:2]
MINIS = [m for m in wb.models() if m.source == "bundled" and m.name.endswith("-mini") and "classification" in m.tasks]


def test_what_stands_behind_the_blank_changes_only_who_looks_there():
    first, second = (wb.fill_blank(t).frame() for t in (FIRST, SECOND))
    for (model, sees), part in first.groupby(["model", "sees"]):
        other = second[(second["model"] == model) & (second["sees"] == sees)]
        same = (
            part[["word", "probability"]].round(6).values.tolist()
            == other[["word", "probability"]].round(6).values.tolist()
        )
        assert same == (sees == "left of it"), model
    top = [t[(t["model"] == "bert-mini") & (t["rank"] == 1)]["word"].item() for t in (first, second)]
    assert top[0] != top[1]


def test_vectors_of_one_meaning_are_more_alike_in_the_last_layer():
    banks = eval(re.search(r"banks = (\{.*?\n\})", TEXT, re.S)[1])
    table = wb.word_in_context("bank", banks).summary()
    wide = table.pivot_table(index=["model", "layer"], columns="senses", values="cosine")
    gap = wide["same sense"] - wide["different senses"]
    for model in gap.index.get_level_values("model").unique():
        assert gap[model].iloc[-1] > gap[model].iloc[0] + 0.01, (model, gap)
    assert gap["bert-mini"].iloc[-1] > 0.05


def test_the_budgets_are_what_the_lesson_says():
    seen = {m.name: m.facts["tokens_seen"] for m in MINIS}
    more = [seen.pop("bert-mini"), seen.pop("roberta-mini")]
    assert more == pytest.approx([50e6, 50e6], rel=0.01) and all(min(more) / n > 4.9 for n in seen.values())
    assert seen["gpt-mini"] == pytest.approx(10e6, rel=0.02)  # "it has read ten million tokens"
    assert (
        "`bert-mini` and `roberta-mini` have seen about five times as many tokens" in TEXT
        and "ten million tokens" in TEXT
    )
    masked = [m.facts["objective"] for m in MINIS if m.facts["family"] in ("bert", "roberta")]
    assert "(30% here" in TEXT and all(": 30% of the tokens hidden" in words for words in masked)


def test_after_the_same_text_the_two_that_look_both_ways_are_ahead():
    found = measured([m.name for m in MINIS])[AFTER]
    order = found.sort_values(ascending=False)
    assert order.index.tolist() == ["bert-mini", "xlnet-mini", "roberta-mini", "gpt-mini", "elmo-mini"]
    assert all(
        f"`{name}` ({value:.1f})" in TEXT for name, value in found.drop("bert-mini").items() if name != "elmo-mini"
    )
    now = measured([m.name for m in MINIS])["accuracy"]
    for name in ("bert-mini", "roberta-mini"):
        assert f"from {found[name]:.1f} to {now[name]:.1f}" in TEXT, name
    assert "(73.5)" in TEXT and f"`elmo-mini` ({found['elmo-mini']:.1f})" in TEXT


def test_every_card_says_that_pretraining_is_worth_more_than_the_spread_of_seeds():
    for card in MINIS:
        rows = {
            r["model"]: r for r in card.facts["scores"] if r["data"].startswith("headlines") and r["labels"] == "256"
        }
        own, twin = rows[card.name], rows[f"{card.name}:random"]
        assert own["mean"] - twin["mean"] > own["std"] + twin["std"], json.dumps(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_runs_of_the_lesson_learn(home, seed):
    for card in MINIS:
        run = wb.fit("headlines", model=card.name, seed=seed, **SAME).join()
        assert run.kept["accuracy"] > run.store.facts["majority"] + 0.10, card.name


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("02.1", ("one", "other")),
        ("02.2", ("answer",)),
        ("02.3", ("my_run", "my_twin")),
        ("02.4", ("'gpt-mini'", "my_sentence")),
    ],
)
def test_the_solution_passes_its_judge(home, name, answers):
    names = run_cell(wb.exercise(name).solution(), {"wb": wb})
    outcome = wb.exercise(name).check(*(eval(a, names) for a in answers))
    assert outcome, outcome
