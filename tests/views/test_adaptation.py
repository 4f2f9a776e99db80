"""Domain adaptation's arithmetic and words on runs that are made up, and one small adaptation that really trains."""

import asyncio
from types import SimpleNamespace

import pandas as pd
import pytest
from tiny import BAD, FILLER, GOOD, data, tiny_bert

import workbench as wb
from workbench.views.adaptation import AFTER, BEFORE, Adaptation


def made_up(before=(), after=(), elsewhere=(20.0, 30.0)):
    """A finished adaptation with these perplexities and scores."""
    made = Adaptation(None, None, "bert-tiny", {}, None)
    made.perplexity = {"the field": (60.0, 30.0), "elsewhere": elsewhere}
    if before:
        facts = {"majority": 0.5, "control": 0.6, "trained": 1}
        runs = [SimpleNamespace(store=SimpleNamespace(facts=facts, metric="accuracy"),
                                frame=lambda: pd.DataFrame({"seconds": [1.0]}))] * len(before)  # fmt: skip
        made.duel = wb.duel("reviews", {BEFORE: {"train_examples": 64}, AFTER: {"train_examples": 64}})
        made.duel.scores, made.duel.runs = {BEFORE: list(before), AFTER: list(after)}, {BEFORE: runs, AFTER: runs}
    return made


def test_changes_and_spreads_by_hand():
    made = made_up((0.5, 0.6, 0.7), (0.52, 0.64, 0.76))
    assert made.changes() == pytest.approx([2, 4, 6])
    last = made.frame().iloc[-1]
    assert (last["change"], last["sd"], last["seeds"]) == pytest.approx((4, 2, 3))
    assert made.frame()["change"].tolist()[:2] == pytest.approx([-50, 50])
    assert "forgotten: elsewhere it is 50% worse" in made.verdict()
    assert made.verdict().endswith("Accuracy with 64 labels: +4.0 points over 3 seeds, which spread by 2.0.")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (made_up((0.5, 0.6, 0.7), (0.52, 0.58, 0.7)), "no detectable difference"),
        (made_up((0.5,), (0.6,)), "+10.0 points with one seed; run more"),
        (made_up(elsewhere=(20.0, 20.1)), "elsewhere 20.0 and 20.1."),
        (Adaptation(None, None, "bert-tiny", {}, None), "Nothing has been trained"),
    ],
)
def test_no_more_is_said_than_was_measured(made, words):
    assert made.verdict().endswith(words) or words in made.verdict()


def test_the_picture_has_two_panels_with_labelled_axes_and_words():
    made = made_up((0.5, 0.6), (0.6, 0.7))
    assert [ax.get_ylabel() or ax.get_xlabel() for ax in made.figure().axes] == [
        "perplexity (lower is better)",
        "validation accuracy (share; bar: mean ± sd over seeds)",
    ]
    assert 'alt="Bars of perplexity' in made._repr_html_() and "± 0.0" in made._repr_html_()


def test_without_classifiers_the_words_of_the_picture_speak_of_bars_alone():
    assert made_up().alt().startswith("Bars of perplexity, before and after")
    assert made_up((0.5,), (0.6,)).alt().startswith("Bars of perplexity and dots of scores, before")


def test_a_reader_that_has_ended_is_not_shown_a_second_time(monkeypatch):
    made = Adaptation(None, None, "bert-tiny", {}, None)
    made.run = SimpleNamespace(done=True)  # which cannot be awaited
    monkeypatch.setattr(Adaptation, "_measure", lambda self: None)
    assert asyncio.run(made._watch()) is made


def test_a_language_model_reads_and_a_classifier_begins_with_what_it_has_learned(tmp_path, home):
    texts = [f"the {a} {b} was {c}" for a, b, c in zip(GOOD * 8, FILLER * 4, BAD * 8, strict=False)]
    source = tmp_path / "mine.txt"
    source.write_text("\n".join(texts), "utf-8")
    folder, few = str(tiny_bert(tmp_path / "tiny")), {"train_examples": 8, "epochs": 1}
    made = wb.adapt(str(source), data(), model=folder, general=data(), seeds=1, reading={"epochs": 3}, **few).join()
    assert made.perplexity["the field"][1] < made.perplexity["the field"][0]
    assert made.duel.contenders[AFTER]["model"] is made.run and made.duel.runs[AFTER][0].config.model != folder
    assert made.vocabulary()["texts"].tolist() == ["the field", "elsewhere"] and "with one seed" in made.verdict()
    again = wb.adapt(made.run, general=data())
    assert again.join().run is made.run and again.perplexity == made.perplexity and again.duel is None


def test_what_cannot_be_adapted_is_refused_before_anything_is_trained():
    with pytest.raises(wb.WorkbenchError, match="unknown argument 'epoch'"):
        wb.adapt("clinic-sentences", reading={"epoch": 3})
    with pytest.raises(wb.WorkbenchError, match="no column of texts"):
        wb.adapt("people-places")
