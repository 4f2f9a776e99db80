"""Pieces of texts: which ones, where they come from, what is not in the vocabulary; tokenizers of every kind and source."""

import pandas as pd
import pytest
from families import make
from tiny import tiny_bert
from transformers import AutoTokenizer

import workbench as wb
from workbench.data.tokens import COLUMNS, bundled, cut, readable, tokenizers


def test_a_row_per_piece_with_its_number_and_its_place():
    frame = cut("Not bad 😀", ["bert-mini"])
    assert list(frame.columns) == COLUMNS
    assert frame["piece"].tolist() == ["[CLS]", "not", "bad", "[UNK]", "[SEP]"]
    assert list(zip(frame["start"], frame["end"], strict=True)) == [(0, 0), (0, 3), (4, 7), (8, 9), (0, 0)]
    assert frame["kind"].tolist() == ["special", "piece", "piece", "unknown", "special"]
    assert frame["id"].tolist() == AutoTokenizer.from_pretrained(wb.models()[0].folder)("Not bad 😀")["input_ids"]


def test_places_are_characters_of_the_text_even_where_accents_are_taken_away():
    text = "désolé, à bientôt"
    for model in ("bert-mini", "en-fr-mini"):
        frame = cut(text, [model])
        mine = frame[frame["kind"] == "piece"]
        assert "".join(text[a:b] for a, b in zip(mine["start"], mine["end"], strict=True)).replace(
            " ", ""
        ) == text.replace(" ", "")


def test_bundled_vocabularies_that_are_the_same_stand_together():
    names = list(tokenizers())
    assert "bert-mini, bert-mini-spans, bert-tiny" in names and "en-fr-mini" in names
    assert sum(len(name.split(", ")) for name in names) == len(bundled())


def test_several_texts_have_numbers():
    frame = cut(["one", "two three"], ["bert-mini"])
    assert frame.groupby("text").size().tolist() == [3, 4]


def test_a_folder_a_path_and_a_tokenizer_will_do(tmp_path):
    folder = tiny_bert(tmp_path / "mine")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for given in ([str(folder)], [folder], folder, {"mine": tokenizer}, [tokenizer]):
        assert cut("the room", given)["piece"].tolist() == ["[CLS]", "the", "room", "[SEP]"]


def test_byte_level_pieces_are_readable(tmp_path):
    frame = cut("the café", [make("gpt2", tmp_path / "gpt2")])
    assert "Ġ" not in "".join(frame["piece"]) and "".join(frame["piece"]).replace("·", " ").startswith("the caf")
    assert set(frame["kind"]) == {"piece"} and frame["end"].max() == len("the café")


@pytest.mark.parametrize(("piece", "shown"), [("Ġthe", "·the"), ("Ã©", "é"), ("Ã", "<C3>"), ("Ċ", "↵"), ("😀", "😀")])
def test_a_byte_as_text(piece, shown):
    assert readable(piece) == shown


@pytest.mark.parametrize("text", ["", " ", "\ud83d", "a\x00b", "[SEP]", "<script>", "x" * 30_000, "नमस्ते", "\r\n\t"])
def test_any_text_can_be_cut(text):
    for model in ("bert-mini", "en-fr-mini"):
        frame = cut(text, [model])
        assert (frame["start"] <= frame["end"]).all() and frame["end"].max() <= 20_000


@pytest.mark.parametrize("table", [pd.DataFrame({"label": [0, 1], "text": ["un", "two"]}), {"text": ["un", "two"]}])
def test_of_a_table_the_texts_are_cut_and_not_the_names_of_its_columns(table):
    pd.testing.assert_frame_equal(cut(table, ["bert-mini"]), cut(["un", "two"], ["bert-mini"]))
    assert wb.tokens(table, ["bert-mini"]).texts == ["un", "two"]


@pytest.mark.parametrize("table", [{"a": 1}, {"text": 1}, pd.DataFrame({"a": ["x"]}), {"text": ["x", 1]}])
def test_a_table_without_texts_is_refused(table):
    with pytest.raises(wb.WorkbenchError, match=r"a table with a column called text.*wb\.tokens"):
        wb.tokens(table)


def test_texts_that_come_one_by_one_are_all_shown():
    assert wb.tokens((t for t in ("a", "b")), ["bert-mini"]).texts == ["a", "b"]


def test_no_texts_are_no_pieces():
    assert len(cut([], ["bert-mini"])) == 0


@pytest.mark.parametrize(
    ("texts", "models", "words"),
    [
        (5, None, "int"),
        ([None], None, "NoneType"),
        ("a", [], "no model"),
        ("a", ["bert-maxi"], "bert-maxi"),
        ("a", 3, "a model of type int"),
        ("a", [3], "int"),
        ("a", {"mine": 3}, "int"),
    ],
)
def test_what_cannot_be_cut_is_told(texts, models, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        cut(texts, models)
