"""docs/models.md: its tables say what the cards say, and nothing outside the marks is touched."""

import pytest

from workbench import bootstrap
from workbench.errors import WorkbenchError
from workbench.models import page

PAGE = bootstrap.ROOT / "docs" / "models.md"


def row(model, mean, std=0.01, data="news", labels="64"):
    return {"data": data, "labels": labels, "model": model, "mean": mean, "std": std}


def test_a_model_is_ahead_by_more_than_the_larger_spread():
    assert page.ahead(row("a", 0.75, 0.02), row("a:random", 0.70, 0.04))
    assert not page.ahead(row("a", 0.75, 0.02), row("a:random", 0.70, 0.06))
    assert not page.ahead(row("a", 0.70, None), row("a:random", 0.70, None))


def test_a_table_by_hand():
    cards = {
        "a": [row("a", 0.75), row("a:random", 0.5), row("control", 0.6), row("a", 0.9, labels="all")],
        "b": [row("b", 0.5), row("b:random", 0.495), row("control", 0.6)],
    }
    assert page.siblings(cards).splitlines() == [
        "| data | labels | a | b | control |",
        "|---|---|---|---|---|",
        "| news | 64 | **75.0** (50.0) | 50.0 (49.5) | 60.0 |",
    ]


def test_after_so_many_tokens_a_model_is_what_it_is_now_or_what_its_card_remembers():
    twin, control = row("a:random", 0.5), row("control", 0.6)
    grown = {"tokens_seen": 49_999_872, "scores": [row("a", 0.9), twin, row("a@10M", 0.7), control, row("a@20M", 0.8)]}
    assert page.after(10_000_000, "a", grown) == [twin, row("a", 0.7), control]
    young = {"tokens_seen": 9_998_336, "scores": [row("a", 0.9), twin, control]}
    assert page.after(10_000_000, "a", young) == young["scores"]
    assert page.after(30_000_000, "a", grown) == []  # never measured


def test_the_page_says_what_the_cards_say():
    text = PAGE.read_text("utf-8")
    assert f"<!-- siblings -->\n{page.siblings(page.measured())}\n<!-- /siblings -->" in text
    assert "\n".join([page.SAME[0], page.siblings(page.measured(page.BUDGET)), page.SAME[1]]) in text


def test_what_stands_around_the_table_stays(tmp_path):
    path = tmp_path / "models.md"
    marks = [page.BEGIN, "old", page.END, "Between.", page.SAME[0], "old", page.SAME[1]]
    path.write_text("\n".join(["Above.", *marks, "Below.", ""]), "utf-8")
    page.write(path)
    text = path.read_text("utf-8")
    assert text.startswith("Above.\n<!-- siblings -->\n| data |") and "old" not in text
    assert "|\n<!-- /siblings -->\nBetween.\n<!-- same budget -->\n| data |" in text
    assert text.endswith("|\n<!-- /same budget -->\nBelow.\n")


def test_a_page_without_a_place_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "models.md"
    path.write_text("Nothing.", "utf-8")
    with pytest.raises(WorkbenchError, match="no place for a table"):
        page.write(path)
    assert path.read_text("utf-8") == "Nothing."


def test_all_cards_have_the_same_controls_and_models_stand_on_three_seeds_or_more():
    """Of a model that was measured on fewer seeds, or beside another control, the table would say nothing of it."""
    cards = page.measured()
    controls = {}
    for name, rows in cards.items():
        for r in rows:
            if r["model"] == "control":
                assert controls.setdefault((r["data"], r["labels"]), r["mean"]) == r["mean"], (name, r)
            else:
                assert r["count"] >= 3 or r["labels"] == "all", (name, r)
