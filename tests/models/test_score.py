"""`python -m workbench score`: what it counts, how it sums up, and that a card keeps its rows on other data."""

import json

import pandas as pd
import pytest
from tiny import data

import workbench as wb
from workbench import catalog
from workbench.data import load
from workbench.models import score


def lines(name, values, labels="64", which="reviews (accuracy)"):
    return [{"data": which, "model": name, "labels": labels, "n": 64, "seed": i, "score": v, "majority": 0.5}
            for i, v in enumerate(values)]  # fmt: skip


ROWS = score.summary(pd.DataFrame(lines("m", [0.6, 0.8]) + lines("m:random", [0.5]) + lines("control", [0.55, 0.65])))


def test_the_mean_and_the_deviation_over_seeds():
    first = ROWS[0]
    assert (first["mean"], first["count"], first["n"]) == (pytest.approx(0.7), 2, 64)
    assert first["std"] == pytest.approx(0.02**0.5)  # of 0.6 and 0.8, with one degree of freedom gone
    assert ROWS[1]["std"] is None  # one seed has none


def test_a_table_has_one_line_per_number_of_labels():
    assert score.table(ROWS, "m").splitlines()[2:] == [
        "| reviews (accuracy) | 64 | 70.0 ± 14.1 | 50.0 | 60.0 ± 7.1 | 50.0 |"
    ]


def test_new_rows_take_the_place_of_old_ones_and_others_stay():
    other = score.summary(pd.DataFrame(lines("m", [0.9], which="headlines (accuracy)")))
    newer = score.summary(pd.DataFrame(lines("m", [0.1])))
    kept = score.merged(ROWS + other, newer)
    assert [r["mean"] for r in kept if r["model"] == "m"] == pytest.approx([0.1, 0.9])
    assert len(kept) == 4


def test_a_card_keeps_its_prose_and_gets_one_table(tmp_path):
    (tmp_path / "README.md").write_text("# m\n\nProse.\n", "utf-8")
    (tmp_path / "card.json").write_text('{"title": "m"}', "utf-8")
    score.write(tmp_path, ROWS, "m")
    score.write(tmp_path, ROWS, "m")
    text = (tmp_path / "README.md").read_text("utf-8")
    assert text.startswith("# m\n\nProse.\n") and text.count("| reviews (accuracy) |") == 1
    assert len(json.loads((tmp_path / "card.json").read_text("utf-8"))["scores"]) == 3


def test_the_shipped_table_is_what_the_card_holds():
    from workbench import catalog

    folder = catalog.find(catalog.models(), "bert-mini", "model").folder
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert score.table(card["scores"], "bert-mini") in (folder / "README.md").read_text("utf-8")


def test_sources_are_called_without_a_path_of_this_machine(tmp_path):
    loaded, _ = score.test_data("reviews")
    assert score.label("reviews", loaded) == "reviews (accuracy)"
    assert score.label("reviews", loaded, 12) == "reviews (accuracy, 12 passes)"
    assert score.label("/a/b/sms/messages.tsv:F1=spam", loaded) == "sms/messages (F1 of spam)"
    assert score.label("people-places", score.test_data("people-places")[0]) == "people-places (entity F1)"


def test_questions_and_pairs_have_their_own_controls():
    """Never to answer is right for 21 of the 119 test questions; a dictionary made of some pairs writes more than copying does."""
    questions, _ = score.test_data("passages")
    found = score.measure(questions, None, "control", 100, 0)
    assert found["majority"] == pytest.approx(21 / 119) and 0.05 < found["score"] < 0.5
    pairs, _ = score.test_data("phrases-en-es")
    found = score.measure(pairs, None, "control", 200, 0)
    assert 0 < found["majority"] < found["score"] < 1 and score.label("phrases-en-es", pairs) == "phrases-en-es (chrF)"


@pytest.mark.slow
def test_a_translator_is_scored_by_what_it_writes(tmp_path):
    from tiny import parallel_data, tiny_marian

    from workbench.data import load
    from workbench.metrics import chrf

    data = load(parallel_data(48, 8))
    data["test"] = data["validation"]
    kept = {}

    def spy(run):
        said = list(run.predict(list(data["test"]["source"]))["translation"])
        kept["chrf"] = chrf(said, list(data["test"]["target"]))
        return run.evaluate("test")["chrf"]

    model = str(tiny_marian(tmp_path / "tiny"))
    score.fine_tuned(data, model, 48, 0, spy)
    assert score.measure(data, None, model, 48, 0)["score"] == pytest.approx(kept["chrf"])


@pytest.mark.slow
def test_a_model_and_the_control_are_measured_on_the_test_split(tmp_path, monkeypatch):
    from tiny import tiny_bert

    from workbench.data import load

    loaded = load(data())
    model = str(tiny_bert(tmp_path / "tiny"))
    for who in (model, "control"):
        found = score.measure(loaded, None, who, 32, 0)
        assert 0 <= found["score"] <= 1 and found["majority"] == 0.5
    assert score.measure(loaded, "1", "control", 32, 0)["majority"] == 0.0  # the commonest class is the other one
    seen = []
    monkeypatch.setattr(score, "fine_tuned", lambda *a, **choices: seen.append(choices["epochs"]) or 0.5)
    for passes in (None, 7):
        score.measure(loaded, None, model, 32, 0, passes)
    assert seen == [20, 7]


def test_the_seconds_for_a_thousand_texts_are_measured_and_stand_in_the_card(tmp_path, monkeypatch):
    """Two passes take 2 s more than one: 320 texts, so 6.25 s for 1,000."""
    from workbench.catalog import Card
    from workbench.models import speed

    took = iter([(99.0, 9.0, "fp32"), (3.0, 0.8, "fp32"), (5.0, 0.64, "fp32")])  # the first one warms up
    monkeypatch.setattr(speed, "_pass", lambda *a: next(took))
    found = speed.measure(Card("m", "model", "", "bert", ("answering",)))
    assert found == {"training": 6.2, "answering": 2.0, "data": "headlines", "dtype": "fp32"}
    (tmp_path / "README.md").write_text("# m\n\nProse.\n", "utf-8")
    (tmp_path / "card.json").write_text('{"title": "m", "scores": []}', "utf-8")
    speed.write(tmp_path, {**found, "training": 1.0}, "m")
    speed.write(tmp_path, found, "m")
    text = (tmp_path / "README.md").read_text("utf-8")
    assert text.startswith("# m\n\nProse.\n") and text.count("## Speed") == 1 and "6.2 s to train" in text
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == {"title": "m", "speed": found, "scores": []}


def test_a_model_that_has_read_less_is_called_by_its_budget(tmp_path):
    (tmp_path / "card.json").write_text('{"tokens_seen": 9998336}', "utf-8")
    assert score.younger("bert-mini", tmp_path) == "bert-mini@10M"
    with pytest.raises(wb.WorkbenchError, match=r"card\.json"):
        score.younger("bert-mini", tmp_path / "nowhere")


def test_only_the_checkpoint_is_measured_and_its_rows_stand_in_the_models_card(tmp_path, monkeypatch, capsys):
    checkpoint, shipped = tmp_path / "younger", tmp_path / "models" / "bert-mini"
    for folder, facts in ((checkpoint, {"tokens_seen": 10_000_000}), (shipped, {"scores": ROWS})):
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(json.dumps(facts), "utf-8")
        (folder / "README.md").write_text("# m\n", "utf-8")
    asked = []
    monkeypatch.setattr(score, "measure", lambda *a: asked.append(a[2]) or {"score": 0.25, "majority": 0.5})
    monkeypatch.setattr(catalog, "bundled_home", lambda: tmp_path)
    monkeypatch.setattr(catalog, "models", lambda: [catalog.Card("bert-mini", "model", "")])
    monkeypatch.setattr(score, "test_data", lambda source: (load(data()), None))
    words = ["bert-mini", "--data", "made", "--sizes", "32", "--seeds", "2", "--checkpoint", str(checkpoint), "--write"]
    assert score.main([*words, "--results", str(tmp_path / "scores.jsonl")]) == 0
    assert asked == [str(checkpoint)] * 2 and "25.0 ± 0.0" in capsys.readouterr().out
    rows = json.loads((shipped / "card.json").read_text("utf-8"))["scores"]
    assert [r["model"] for r in rows] == ["m", "m:random", "control", "bert-mini@10M"]
