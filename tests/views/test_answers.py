"""Answers in their passages: marked by more than colour, escaped, and shown beside what is right."""

import re

import pandas as pd
import pytest

from workbench.data.load import load
from workbench.views.answers import Answers, answer_html, passage_html

TEXT = "Ann <b> left & Ben stayed."


def plain(html):
    return re.sub(r"<[^>]+>", "", html)


def test_an_answer_is_framed_and_named_in_words_and_nothing_is_lost():
    html = passage_html("Ann left.", [(0, 3, "#fff", "answer")])
    assert re.fullmatch(r"<mark style=\"[^\"]*border:1px[^\"]*\">Ann <small [^>]*>answer</small></mark> left\.", html)


def test_everything_that_people_wrote_is_escaped():
    html = answer_html("<i>Who?", TEXT, 4, "<b>", "<u>", (15, "Ben"))
    assert "&lt;i&gt;Who?" in html and "&lt;b&gt;" in html and "left &amp;" in html and "&lt;u&gt;" in html
    assert "<i>Who" not in html and "<u>" not in html and "<b> left" not in html


def test_right_and_wrong_answers_stand_in_one_passage():
    html = answer_html("Who stayed?", TEXT, 0, "Ann", right=(15, "Ben"))
    assert "Ann answer" in plain(html) and "Ben right" in plain(html)
    assert "Ben answer, right" in plain(answer_html("Who stayed?", TEXT, 15, "Ben", right=(15, "Ben")))


def test_no_answer_is_said_in_words():
    html = plain(answer_html("Who sang?", TEXT, -1, "", right=(-1, "")))
    assert "no answer (right: the passage does not say)" in html and "Ann &lt;b&gt; left" in html
    assert "right: the passage" in plain(answer_html("Who sang?", TEXT, 0, "Ann", right=(-1, "")))


def test_places_that_overlap_are_shown_once():
    html = plain(passage_html("Ann Lee left.", [(0, 7, "#fff", "a"), (4, 7, "#fff", "b")]))
    assert html == "Ann Lee a left."


@pytest.fixture(scope="module")
def split():
    rows = pd.DataFrame(
        {"question": ["Who left?"] * 8, "context": [f"Ann left {i}." for i in range(8)], "answer": ["Ann"] * 7 + [None]}
    )
    return load(rows.assign(split=["train"] * 4 + ["validation"] * 4))["validation"]


def test_a_split_shows_its_right_answers(split):
    assert repr(Answers(split)).splitlines()[-2:] == ["Who left?  [Ann]", "Who left?  [no answer]"]
    assert Answers(split)._repr_html_().count("<mark") == 3


def test_predictions_show_their_probability_and_with_a_split_what_is_right(split):
    frame = pd.DataFrame({"question": split["question"], "context": split["context"], "answer": ["Ann", "left", "", "Ann"],
                          "start": [0, 4, -1, 0], "probability": [0.5] * 4})  # fmt: skip
    html = plain(Answers(frame, split)._repr_html_())
    assert html.count("Ann answer, right") == 1 and html.count("left answer") == 1 and html.count("(50%)") == 4
    assert html.count("(right: the passage does not say)") == 1
    assert "right" not in plain(Answers(frame)._repr_html_())


# --- the panel's tabs -------------------------------------------------------------------------------------------------


class Told:
    """What the tab asks a run for, with nothing trained."""

    id, done, error, best = "run", True, None, {"f1": 0.5}

    def __init__(self, task="answering"):
        from types import SimpleNamespace

        self.store = SimpleNamespace(facts={"task": task})

    def predict(self, inputs):
        (question, context), *_ = inputs
        return pd.DataFrame([{"question": question, "answer": "Ann", "probability": 0.7, "start": 0, "context": context, "span": "Ann",
                              "null_odds": -1.0}])  # fmt: skip

    def data(self):
        return {"validation": None}

    def predictor(self):
        return self

    def review(self, dataset, n):
        return self.errors(n), self.confusion()

    def errors(self, n):
        columns = ["question", "right", "answer", "f1", "p_right", "p_answer", "text"]
        return pd.DataFrame([("<Who?>", "Ann", "Ben", 0.0, 0.1, 0.6, TEXT)], columns=columns)

    def confusion(self):
        names = ["an answer", "no answer"]
        return pd.DataFrame([[3, 1], [1, 1]], index=names, columns=names)


def test_the_predictions_tab_asks_for_a_passage_and_marks_the_answer_in_it():
    from types import SimpleNamespace

    from workbench.views.browse import Predictions

    panel = SimpleNamespace(run=None)
    tab = Predictions(panel)
    assert tab.passage.layout.display == "none" and tab.text.description == "Your text"
    panel.run = Told()
    tab.open()
    assert tab.passage.layout.display != "none" and tab.text.description == "Question"
    assert "&lt;Who?&gt;" in tab.errors.value and "Ben (60%)" in tab.errors.value
    tab.passage.value, tab.text.value = "Ann left.", "Who left?"
    assert "<mark" in tab.answer.value and "Ann answer left." in plain(tab.answer.value) and "(70%)" in tab.answer.value


def test_the_data_tab_shows_questions_with_their_passages():
    from workbench.config import RunConfig
    from workbench.views.datatab import data_html

    html = data_html(load("passages"), RunConfig(data="passages", max_length=256))
    assert (
        "with an answer" in html and "112" in html and html.count("<mark") >= 3 and "Histogram of word pieces" in html
    )
