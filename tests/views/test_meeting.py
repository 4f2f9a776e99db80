"""Blanks, questions and contexts for the eye: escaped, in words for those who do not see them, legends that cover nothing."""

import re

import pytest
from tiny import tiny_bert, tiny_gpt

import workbench as wb


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    home = tmp_path_factory.mktemp("two")
    return [str(tiny_bert(home / "b$ert")), str(tiny_gpt(home / "<gpt>"))]


def test_a_blank_side_by_side(two):
    filled = wb.fill_blank("the room was ___ and <b>", two, top=4)
    table = filled.frame()
    assert list(table.groupby("model", sort=False).size()) == [4, 4] and set(table["sees"]) == {
        "both sides",
        "left of it",
    }
    assert (
        table["probability"].between(0, 1).all() and (table.groupby("model")["probability"].diff().dropna() <= 0).all()
    )
    assert not set(table["word"]) & {"[CLS]", "[MASK]", "[PAD]", "<end>", "<pad>"}
    html, alt = filled._repr_html_(), filled.alt()
    assert html.count("<img") == 1 and "<b>" not in html and "<gpt>" not in html and "&lt;b&gt;" in html
    assert alt.startswith("Bar chart") and table["word"][0] in alt and "the room was ___" in repr(filled)
    axes = filled.figure().axes
    axes[0].set_xlim(0, 0.14)  # ticks at every 2.5%: rounded to whole ones they would stand in the wrong place
    axes[0].set_xticks([0.0, 0.025, 0.05, 0.075])
    assert [t.get_text() for t in axes[0].get_xticklabels()] == ["0%", "2.5%", "5%", "7.5%"]
    assert len(axes) == 2 and len({ax.get_xlim() for ax in axes}) == 1 and r"b\$ert" in axes[0].get_title(loc="left")


def test_questions_of_pretraining(two):
    asked = wb.objectives("the room was cold and <i> warm", two, seed=1)
    table = asked.frame()
    assert set(table["form"]) == {"masked", "causal"} and (table["loss"] >= 0).all()
    causal = table[table["form"] == "causal"]
    assert causal["seen"].tolist() == list(range(len(causal)))
    html = asked._repr_html_()
    assert html.count('title="asked"') == len(table) and "<i>" not in html
    assert len(re.findall(r"<caption", html)) == 2 and 'scope="col"' in html
    assert asked.frame().equals(wb.objectives(asked.text, two, seed=1).frame())


def test_a_word_in_its_contexts(two):
    senses = {"cold": ["the room was cold and dim", "our room felt cold"], "warm": ["a warm room"]}
    seen = wb.word_in_context("room", senses, two)
    table = seen.frame()
    assert len(table) == 2 * 3 * 3 and table["cosine"].between(-1.001, 1.001).all()
    assert table[table["layer"] == 0]["senses"].tolist() == ["same sense", "different senses", "different senses"] * 2
    figure = seen.figure()
    assert [ax.get_xlabel() for ax in figure.axes] == ["layer (0: embeddings)"] * 2 and len(figure.legends) == 1
    assert figure.axes[0].get_legend() is None and seen.alt().startswith("Lines of the mean cosine")
    assert "<img" in seen._repr_html_() and seen.vectors[two[0]].shape == (3, 3, 32)
    plain = wb.word_in_context("room", senses["cold"], two[0])
    assert set(plain.frame()["senses"]) == {"every pair"} and "every pair" in repr(plain)


def test_what_cannot_be_asked_is_said_in_a_sentence(two):
    with pytest.raises(wb.WorkbenchError, match="fewer than two sentences"):
        wb.word_in_context("room", "the room", two)
    with pytest.raises(wb.WorkbenchError, match="no word 'lake'"):
        wb.word_in_context("lake", ["the room", "the lake"], two)
    with pytest.raises(wb.WorkbenchError, match="no model"):
        wb.fill_blank("the room is", [])
    with pytest.raises(wb.WorkbenchError, match="not pretrained to guess"):
        wb.fill_blank("the room is", "en-fr-mini")
