"""Chips and the box to type in: readable without colour, escaped, counted."""

import re

import pytest

import workbench as wb
from workbench.views.tokens import TokenBox


def test_every_piece_is_a_framed_chip_with_number_and_place():
    html = wb.tokens("Not bad", ["bert-mini"])._repr_html_()
    chips = re.findall(r'<span title="number (\d+), ([^"]+)" style="[^"]*border:[^"]*"', html)
    assert [place for _, place in chips] == ["special token", "characters 0 to 3", "characters 4 to 7", "special token"]
    assert 'aria-label="The text in 1 tokenizers"' in html and 'scope="row"' in html


def test_an_unknown_piece_is_marked_without_colour_and_shown_as_the_text_has_it():
    html = wb.tokens("fine 😀", ["bert-mini"])._repr_html_()
    assert '😀 <b aria-label="unknown">?</b>' in html and "dashed" in html and "1 unknown" in html


def test_what_a_text_says_is_shown_and_not_run():
    shown = wb.tokens("<script>alert(1)</script> <img src=x>", {"<b>": _tokenizer()})
    html = shown._repr_html_()
    assert "<script" not in html and "<img" not in html and "<b>&lt;" not in html and "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html


def _tokenizer():
    from workbench.data.tokens import tokenizers

    return tokenizers(["bert-mini"])["bert-mini"]


def test_a_terminal_shows_lines():
    lines = repr(wb.tokens("Not bad 😀", ["bert-mini", "en-fr-mini"])).splitlines()
    assert lines[0] == "Not bad 😀"
    assert lines[1] == "  bert-mini    3  ([CLS]) | not | bad | [UNK] ? | ([SEP])"
    assert lines[2].startswith("  en-fr-mini   4  ▁Not | ▁bad | ▁ | <unk> ?")


def test_counts_leave_special_tokens_out():
    row = wb.tokens(["not bad", "wasn't 😀"], ["bert-mini"]).counts().iloc[0]
    assert (row["pieces"], row["unknown"], row["per word"]) == (6, 1, 1.5)
    assert row["characters per piece"] == pytest.approx((7 + 8) / 6)


def test_lone_surrogates_do_not_reach_the_page():
    wb.tokens("a\ud83d", ["bert-mini"])._repr_html_().encode("utf-8")


def test_a_script_is_asked_for_a_text():
    with pytest.raises(wb.WorkbenchError, match="no text"):
        wb.tokens()


def test_the_box_cuts_what_is_typed():
    box = TokenBox(["bert-mini"])
    assert box.text.description and box.text.tooltip
    assert "hypertension" not in box.shown.value
    box.text.value = "hypertension"
    assert "##ension" in box.shown.value and "3" in box.shown.value
    box.text.value = ""
    assert "0" in box.shown.value
