"""Words with tags: files and tables as they are met -> tokens and IOB2 tags, each against an answer written by hand."""

import json
import random
import re

import datasets as hf
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.data import tagged
from workbench.data.conll import read_conll
from workbench.data.load import Data, fingerprint
from workbench.data.tagged import to_iob2

SENTENCE = "Ada\tB-PER\nLovelace\tI-PER\nleft\tO\nParis\tB-LOC\n.\tO\n"
HOSTILE = "<script>alert(1)</script>"


def written(folder, content, name="mine.conll"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def rows_of(folder, content):
    """(tokens, tags as they stand in the file) of every sentence."""
    frame = read_conll(written(folder, content))
    return list(zip(frame["tokens"], frame["tags"], strict=True))


def sentences(n=20, kinds=("PER", "LOC")):
    """`n` sentences of three words, the first of which is a name; types in turn."""
    return pd.DataFrame(
        {
            "tokens": [[f"Name{i}", "is", "here"] for i in range(n)],
            "tags": [[f"B-{kinds[i % len(kinds)]}", "O", "O"] for i in range(n)],
        }
    )


def named(split, labels):
    return [[labels[i] for i in row] for row in split["tags"]]


# --- schemes ----------------------------------------------------------------------------------------------------------

TWO_THEN_ONE = ["B-PER", "I-PER", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC", "B-PER"]


@pytest.mark.parametrize(
    "tags",
    [
        ["I-PER", "I-PER", "B-PER", "O", "I-LOC", "I-LOC", "I-LOC", "I-PER"],  # IOB1: B- only where two names touch
        TWO_THEN_ONE,  # IOB2
        ["B-PER", "E-PER", "S-PER", "O", "B-LOC", "I-LOC", "E-LOC", "S-PER"],  # BIOES
        ["B-PER", "L-PER", "U-PER", "O", "B-LOC", "I-LOC", "L-LOC", "U-PER"],  # BILOU
        ["B-PER", "E-PER", "S-PER", "O", "B-LOC", "M-LOC", "E-LOC", "S-PER"],  # BMES
    ],
    ids=["IOB1", "IOB2", "BIOES", "BILOU", "BMES"],
)
def test_every_scheme_becomes_iob2(tags):
    assert to_iob2(tags) == TWO_THEN_ONE


def test_io_cannot_tell_names_of_one_type_that_touch():
    io = ["PER", "PER", "PER", "O", "LOC", "LOC", "LOC", "PER"]
    expected = ["B-PER", "I-PER", "I-PER", "O", "B-LOC", "I-LOC", "I-LOC", "B-PER"]
    assert to_iob2(io) == to_iob2([t if t == "O" else f"I-{t}" for t in io]) == expected


def test_iob2_stays_as_it_is():
    assert to_iob2(to_iob2(TWO_THEN_ONE)) == TWO_THEN_ONE


def test_a_name_that_begins_with_i_is_a_name():
    assert to_iob2(["O", "I-PER", "I-LOC"]) == ["O", "B-PER", "B-LOC"]


def test_a_type_may_have_hyphens():
    assert to_iob2(["B-geo-loc", "I-geo-loc", "O", "geo-loc"]) == ["B-geo-loc", "I-geo-loc", "O", "B-geo-loc"]


def test_names_without_a_type_are_names():
    assert to_iob2(["B", "I", "O", "B", "I-"]) == ["B-NAME", "I-NAME", "O", "B-NAME", "I-NAME"]


@pytest.mark.parametrize("outside", ["O", "", "_", "-", " O ", "O-"])
def test_what_stands_where_there_is_no_tag_is_outside(outside):
    rows = sentences().assign(tags=[[f"B-{k}", outside, "O"] for k in ("PER", "LOC") * 10])
    assert wb.load(rows).labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


# --- files as they are met --------------------------------------------------------------------------------------------

WORDS, TAGS = ["Ada", "Lovelace", "left", "Paris", "."], ["B-PER", "I-PER", "O", "B-LOC", "O"]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.rstrip("\n"),
        lambda t: t.replace("\t", " "),
        lambda t: t.replace("\t", "   "),
        lambda t: t.replace("\t", "\tNNP\tI-NP\t"),  # CoNLL-2003 has parts of speech and chunks between
        lambda t: t.replace("\t", " NNP I-NP "),
        lambda t: t.replace("\n", "\t\n"),
        lambda t: t.replace("\n", "  \n"),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: "\ufeff" + t,
        lambda t: "\n\n" + t + "\n \n\t\n\n",
        lambda t: "-DOCSTART-\tO\n\n" + t,
        lambda t: "-DOCSTART- -X- -X- O\n\n" + t,
        lambda t: "-DOCSTART-\n" + t,
        lambda t: "# newdoc\n# sent id 12\n#\n" + t,
        lambda t: "# id 6423-bb domain=en\n" + t.replace("\t", " _ _ "),  # MultiCoNER
    ],
)
def test_one_sentence_is_read_however_it_is_written(tmp_path, change):
    assert rows_of(tmp_path, change(SENTENCE)) == [(WORDS, TAGS)]


@pytest.mark.parametrize(
    "between", ["\n", "\n\n\n", " \n", "\t\n", "\r\n", "\n-DOCSTART- -X- O O\n\n", "-DOCSTART-\tO\n"]
)
def test_sentences_are_divided(tmp_path, between):
    assert rows_of(tmp_path, SENTENCE + between + "Rome\tB-LOC\n") == [(WORDS, TAGS), (["Rome"], ["B-LOC"])]


def test_notes_before_a_sentence_become_columns(tmp_path):
    frame = read_conll(
        written(tmp_path, f"# genre = news\n# id = a = 1\n{SENTENCE}\n# genre=diary\n{SENTENCE}\n{SENTENCE}")
    )
    assert frame["genre"].tolist()[:2] == ["news", "diary"] and frame["id"].tolist()[0] == "a = 1"
    assert frame["genre"].isna().tolist() == [False, False, True]


def test_a_note_cannot_take_the_place_of_words_or_tags(tmp_path):
    text = f"# tokens = 5\n# tags = none\n# words = 5\n# label = x\n# text = Ada Lovelace left Paris.\n{SENTENCE}\n" * 8
    data = wb.load(written(tmp_path, text))
    assert data["train"]["tokens"][0] == WORDS and data.task == "tagging" and data.labels[1] == "B-LOC"
    assert data["train"]["text"][0] == "Ada Lovelace left Paris." and data["train"]["label"][0] == "x"


@pytest.mark.parametrize("first", ["#\tO", "# O", "# B-PER", "# = O", "#Berlin B-LOC", "#Berlin LOC", "#a\tO"])
def test_a_first_word_with_a_number_sign_is_a_word(tmp_path, first):
    ((tokens, tags),) = rows_of(tmp_path, f"{first}\nhere O\n")
    assert tokens == [first.split()[0], "here"] and tags[0] == first.split()[-1]


def test_a_number_sign_inside_a_sentence_is_a_word(tmp_path):
    assert rows_of(tmp_path, "No O\n# O\n5 O\n") == [(["No", "#", "5"], ["O", "O", "O"])]


def test_a_word_keeps_its_spaces_between_tabs(tmp_path):
    assert rows_of(tmp_path, "New York\tB-LOC\n10\xa0000 O\n") == [(["New York", "10\xa0000"], ["B-LOC", "O"])]


def test_an_empty_word_is_marked_as_lost(tmp_path):
    assert rows_of(tmp_path, "\tO\nhere\tO\n") == [(["�", "here"], ["O", "O"])]


@pytest.mark.parametrize(
    ("content", "number"), [("Ada\tB-PER\nLovelace\n", 2), ("\n\nAda\n", 3), ("Ada O\r\nleft\r\n", 2)]
)
def test_a_line_of_one_column_is_named_by_its_number(tmp_path, content, number):
    with pytest.raises(
        wb.WorkbenchError, match=rf"mine.conll cannot be read: line {number} has one column: '\w+'"
    ) as e:
        wb.load(written(tmp_path, content))
    assert "a word and its tag in every line" in e.value.expected and "tab" in e.value.try_


@pytest.mark.parametrize("content", ["", "\n\n", "# genre = news\n\n", "-DOCSTART- O\n"])
def test_a_file_without_words_says_so(tmp_path, content):
    with pytest.raises(wb.WorkbenchError, match="it holds no words"):
        wb.load(written(tmp_path, content))


def test_latin_1_is_read_and_said(tmp_path):
    data = wb.load(written(tmp_path, "Zürich\tB-LOC\nist\tO\n\n".encode("latin-1") * 6))
    assert data["train"]["tokens"][0][0] == "Zürich" and "read as Windows-1252" in data.notes[0]


def test_odd_words_arrive_as_they_were(tmp_path):
    odd = ["🙂👩‍👩‍👧‍👦", "مرحبا", HOSTILE, "a" * 5000, "$x$", '"', "\x07", "'s", "NA", "null"]
    content = "".join(f"{w}\tB-PER\n" for w in odd) + "\n"
    data = wb.load(written(tmp_path, content * 8))
    assert data["train"]["tokens"][0] == odd and named(data["train"], data.labels)[0] == ["B-PER"] * len(odd)


def test_types_with_html_are_types(tmp_path):
    assert wb.load(written(tmp_path, f"Ada\tB-{HOSTILE}\nleft\tO\n\n" * 8)).labels == [
        "O",
        f"B-{HOSTILE}",
        f"I-{HOSTILE}",
    ]


@pytest.mark.parametrize("suffix", [".conll", ".bio", ".iob", ".annotated", ".CONLL"])
def test_every_usual_ending_is_read(tmp_path, suffix):
    data = wb.load(written(tmp_path, (SENTENCE + "\n") * 8, f"mine{suffix}"))
    assert data.is_named and fingerprint(wb.load(data.name)) == fingerprint(data)


# --- columns in another order -------------------------------------------------------------------------------------------


def by_columns(folder, *rows):
    """(tokens, tags, notes) of eight sentences of these rows."""
    notes = []
    frame = read_conll(written(folder, ("\n".join(rows) + "\n\n") * 8), notes=notes)
    assert len(frame) == 8
    return frame["tokens"][7], frame["tags"][7], notes


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["B-PER\tAda", "I-PER\tLovelace", "O\tleft", "B-LOC\tParis", "O\t."], ["column 2 .*column 1$"]),  # MIT
        (["1\tAda\tB-PER\tO", "2\tLovelace\tI-PER\tB-PER", "3\tleft\tO\tO", "4\tParis\tB-LOC\tO", "5\t.\tO\tO"],
         ["columns 3 and 4 .* column 3 were read", "column 2 .*column 3$"]),  # GermEval: names in names are the last column
        (["0 Ada B-PER", "1 Lovelace I-PER", "2 left O", "3 Paris B-LOC", "4 . O"], ["column 2 .*column 3$"]),
        (["Ada B-PER 0", "Lovelace I-PER 4", "left O 13", "Paris B-LOC 18", ". O 23"], ["column 1 .*column 2$"]),
        (["Ada B-NP B-PER", "Lovelace I-NP I-PER", "left B-VP O", "Paris B-NP B-LOC", ". O O"], ["columns 2 and 3 .* column 3"]),
    ],
    ids=["tag first", "numbered, nested", "numbered from 0", "tag between", "chunks between"],
)  # fmt: skip
def test_words_and_tags_are_found_by_their_values(tmp_path, rows, said):
    tokens, tags, notes = by_columns(tmp_path, *rows)
    assert (tokens, tags) == (WORDS, TAGS)
    assert all(re.search(words, note) for words, note in zip(said, notes, strict=True))


def test_lines_of_different_lengths_are_read_as_ever_first_the_word_last_the_tag(tmp_path):
    assert by_columns(tmp_path, "1 Ada B-PER", "2 left O O") == (["1", "2"], ["B-PER", "O"], [])


def test_types_without_prefixes_stay_the_tags_beside_chunks(tmp_path):
    tokens, tags, notes = by_columns(tmp_path, "Ada B-NP PER", "left B-VP O")
    assert (tokens, tags, notes) == (["Ada", "left"], ["PER", "O"], [])


def test_a_word_in_two_numbered_pieces_stands_once(tmp_path):
    tokens, tags, notes = by_columns(tmp_path, "1-2\tdu\t_", "1\tde\tO", "2\tle\tO", "3\tNil\tB-LOC")
    assert (tokens, tags) == (["de", "le", "Nil"], ["O", "O", "B-LOC"]) and notes[1].startswith(
        "8 lines with numbers such as 1-2"
    )


def test_comments_of_germeval_and_marks_of_documents_are_no_words(tmp_path):
    marked = "#begin document (a/b); part 000\n# id = 7\n" + SENTENCE + "# note = x y\nToday\tO\n#end document\n"
    assert rows_of(tmp_path, marked) == [([*WORDS, "Today"], [*TAGS, "O"])]
    lines = [f"{i}\t{w}\t{t}\tO" for i, (w, t) in enumerate(zip(WORDS * 4, TAGS * 4, strict=True), 1)]
    assert by_columns(tmp_path, "#\tn-tv.de [2005-02-26]", *lines)[0] == WORDS * 4


def test_an_odd_line_among_columns_told_by_values_is_named(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="line 12 has 3 columns and most lines 2"):
        wb.load(written(tmp_path, "O\tgood\nB-LOC\tRome\n\n" * 3 + "O\tgood\n" * 2 + "O\ta\tb\n" + "O\tbad\n" * 20))


def test_a_file_of_tags_alone_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(wb.WorkbenchError, match=r"mine\.conll has tags in every column and words in none"):
        wb.load(written(tmp_path, "B-NP\tB-PER\nO\tO\n\n" * 8))


# --- folders ----------------------------------------------------------------------------------------------------------


def folder_of(tmp_path, *names):
    """A folder of these files; the n-th has n sentences more than ten."""
    for n, name in enumerate(names):
        written(tmp_path, (SENTENCE + "\n") * (10 + n), name)
    return tmp_path


@pytest.mark.parametrize(
    "names",
    [
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        ("train.conll", "validation.conll", "test.conll"),
        ("Train.bio", "VALID.bio", "Test.bio"),
        ("en_ewt-train.iob", "en_ewt-dev.iob", "en_ewt-test.iob"),
        ("2003-training-en.conll", "val.txt.conll", "1test.conll"),
    ],
)
def test_splits_are_known_by_the_names_of_files(tmp_path, names):
    data = wb.load(folder_of(tmp_path, *names))
    assert {k: len(v) for k, v in data.items()} == {"train": 10, "validation": 11, "test": 12}


def test_a_file_with_another_word_in_its_name_does_not_replace_the_plain_one(tmp_path):
    data = wb.load(
        folder_of(tmp_path, "train.conll", "train-old.conll", "dev.conll", "constrain.conll", "latest.conll")
    )
    assert {k: len(v) for k, v in data.items()} == {"train": 10, "validation": 12}


def test_two_files_for_one_split_are_refused(tmp_path):
    with pytest.raises(wb.WorkbenchError, match=r"two files for one split .*a-train\.conll, b-train\.conll"):
        wb.load(folder_of(tmp_path, "a-train.conll", "b-train.conll"))


def test_a_split_of_texts_beside_tagged_sentences_is_refused_in_a_sentence(tmp_path):
    folder_of(tmp_path, "train.conll")
    written(tmp_path, "text,label\ngood,1\nbad,0\n", "test.csv")
    with pytest.raises(wb.WorkbenchError, match=r"no sentences in test \(columns: text, label\)"):
        wb.load(tmp_path)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_tokens_and_tags_become_lists_of_class_labels():
    data = wb.load(sentences())
    assert data.task == "tagging" and data.labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert data["train"].features["tags"] == hf.List(hf.ClassLabel(names=data.labels)) and not data.is_named
    tags = dict(zip((t[0] for t in sentences()["tokens"]), sentences()["tags"], strict=True))
    for split in data.values():
        assert [tags[words[0]] for words in split["tokens"]] == named(split, data.labels)


@pytest.mark.parametrize("pair", [("words", "ner_tags"), ("Tokens", "NER"), ("tokens", "labels")])
def test_usual_names_of_columns_are_guessed(pair):
    data = wb.load(sentences().set_axis(list(pair), axis=1))
    assert fingerprint(data) == fingerprint(wb.load(sentences()))


def test_other_columns_can_be_named():
    rows = sentences().assign(chunks=[["B-NP", "I-NP", "O"]] * 20)
    data = wb.load(rows, label="chunks")
    assert data.labels == ["O", "B-NP", "I-NP"] and not data.is_named
    assert fingerprint(wb.load(rows.set_axis(["w", "x", "t"], axis=1), text="w", label="t")) == fingerprint(data)


def test_a_named_column_of_numbers_has_its_own_names():
    features = hf.Features({"tokens": hf.List(hf.Value("string")), "ner_tags": hf.List(hf.ClassLabel(names=["O", "B-PER"])),
                            "chunk_tags": hf.List(hf.ClassLabel(names=["B-NP", "I-NP"]))})  # fmt: skip
    rows = {"tokens": [["Ada", "Lovelace"]] * 8, "ner_tags": [[1, 0]] * 8, "chunk_tags": [[0, 1]] * 8}
    data = wb.load(hf.DatasetDict(train=hf.Dataset.from_dict(rows, features)), label="chunk_tags")
    assert named(data["train"], data.labels)[0] == ["B-NP", "I-NP"]


def test_a_table_is_not_changed_and_keeps_its_other_columns_as_text():
    rows = sentences().assign(genre=["news", None] * 10, year=2020)
    before = rows.copy(deep=True)
    data = wb.load(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert data["train"].column_names == ["tokens", "tags", "genre", "year"]
    assert set(data["train"]["genre"]) == {"news", None} and set(data["train"]["year"]) == {"2020"}


@pytest.mark.parametrize("extra", ["label", "labels", "text"])
def test_a_label_of_the_whole_sentence_does_not_make_it_classification(extra):
    assert wb.load(sentences().assign(**{extra: "x"})).task == "tagging"


def test_topics_of_a_text_do_not_make_it_tagging():
    topics = pd.DataFrame({"text": [f"text {i}" for i in range(20)], "label": [0, 1] * 10, "tags": [["a", "b"]] * 20})
    data = wb.load(topics.assign(tokens=20))
    assert data.task == "classification" and data.labels == ["0", "1"] and len(fingerprint(data)) == 16


def test_two_other_columns_of_one_name_do_not_stop_loading():
    rows = pd.concat([sentences(), pd.DataFrame({"a": ["1"] * 20}), pd.DataFrame({"a": ["2"] * 20})], axis=1)
    assert set(wb.load(rows)["train"]["a"]) == {"1"}


@pytest.mark.parametrize("odd", ["half \ud83d", HOSTILE, "x" * 3000])
def test_odd_words_types_and_columns_are_loaded(tmp_path, odd):
    column = odd.replace("\ud83d", "x")  # pandas takes lone surrogates in values alone
    row = json.dumps({"tokens": [odd, "is"], "tags": [f"B-{odd}", "O"], column: odd})
    data = wb.load(written(tmp_path, f"{row}\n" * 8, "mine.jsonl"))
    whole = odd.replace("\ud83d", "�")
    assert data["train"]["tokens"][0] == [whole, "is"] and data.labels == ["O", f"B-{whole}", f"I-{whole}"]
    assert data["train"][column][0] == whole


@pytest.mark.parametrize("tags", [["B-PER"], ["B-PER", "O", "O", "O"], [], None, ["B-PER", None, "O"],
                                  ["B-PER", float("nan"), "O"], "OOO", [{"a": 1}, "O", "O"], [["O"], "O", "O"]])  # fmt: skip
def test_sentences_without_one_tag_per_word_are_counted_with_their_rows(tags):
    rows = sentences().assign(split=["train"] * 15 + ["validation"] * 5)
    rows["tags"] = [tags if i in (3, 7) else t for i, t in enumerate(rows["tags"])]
    with pytest.raises(wb.WorkbenchError, match=r"2 sentences of train have .* not one tag per word \(rows 4, 8\)"):
        wb.load(rows)


@pytest.mark.parametrize("words", [[], ["a", None, "b"], "abc"])
def test_sentences_without_words_are_counted_with_their_rows(words):
    rows = sentences()
    rows["tokens"] = [words if i == 2 else t for i, t in enumerate(rows["tokens"])]
    with pytest.raises(wb.WorkbenchError, match=r"1 sentences of train have no words.*\(rows 3\)"):
        wb.load(rows)


def test_numbers_as_words_become_words():
    rows = sentences()
    rows["tokens"] = [[2024, 3.5, "here"]] * 20
    assert wb.load(rows)["train"]["tokens"][0] == ["2024", "3.5", "here"]


@pytest.mark.parametrize("three", [[1, 0, 0], ["1", "0", "0"], [1.0, 0.0, 0.0], np.array([1, 0, 0])])
def test_numbers_without_names_are_refused_with_a_way_out(three):
    with pytest.raises(wb.WorkbenchError, match="numbers without names as tags of train") as e:
        wb.load(sentences().assign(tags=[three] * 20))
    assert "ClassLabel" in e.value.expected and e.value.try_


def test_no_name_at_all_is_refused():
    with pytest.raises(wb.WorkbenchError, match="no name is tagged in the training split"):
        wb.load(sentences().assign(tags=[["O"] * 3] * 20))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_types_that_training_never_shows_are_named(split):
    rows = sentences(kinds=("PER",)).assign(split=["train"] * 10 + ["validation"] * 5 + ["test"] * 5)
    rows.at[12 if split == "validation" else 17, "tags"] = ["O", "B-EVENT", "I-EVENT"]
    with pytest.raises(wb.WorkbenchError, match=f"tags in {split} that training never shows: B-EVENT, I-EVENT"):
        wb.load(rows)


def test_a_word_inside_names_need_not_have_been_shown():
    rows = sentences(kinds=("PER",)).assign(split=["train"] * 15 + ["validation"] * 5)
    rows.at[17, "tags"] = ["B-PER", "I-PER", "O"]
    assert wb.load(rows).labels == ["O", "B-PER", "I-PER"]


# --- a DatasetDict, jsonl, parquet ------------------------------------------------------------------------------------

NUMBERED = ["B-PER", "O", "I-PER"]  # O need not be 0


def numbered(tags, names=NUMBERED, column="ner_tags"):
    features = hf.Features({"tokens": hf.List(hf.Value("string")), column: hf.List(hf.ClassLabel(names=names))})
    return hf.Dataset.from_dict({"tokens": [["Ada", "Byron", "left"]] * len(tags), column: tags}, features)


def test_numbered_tags_get_the_names_of_their_class_labels():
    splits = {"train": [[0, 2, 1]] * 6, "validation": [[0, 1, 1]] * 2, "test": [[1, 1, 1]]}
    data = wb.load(hf.DatasetDict({k: numbered(v) for k, v in splits.items()}))
    assert data.labels == ["O", "B-PER", "I-PER"]
    assert [named(data[k], data.labels)[0] for k in splits] == [["B-PER", "I-PER", "O"], ["B-PER", "O", "O"], ["O"] * 3]


def test_numbered_iob1_becomes_iob2():
    data = wb.load(hf.DatasetDict(train=numbered([[1, 1, 0]] * 8, ["O", "I-PER"])))
    assert named(data["train"], data.labels)[0] == ["B-PER", "I-PER", "O"]


def test_a_dataset_alone_is_training():
    assert wb.load(numbered([[0, 2, 1]] * 20)).keys() == {"train", "validation"}


def test_hidden_tags_are_outside():
    data = wb.load(hf.DatasetDict(train=numbered([[0, 2, 1]] * 8), test=numbered([[-1, -1, -1]], column="ner_tags")))
    assert named(data["test"], data.labels) == [["O", "O", "O"]]


def test_a_missing_number_is_refused_in_a_sentence():
    with pytest.raises(wb.WorkbenchError, match=r"rows 1"):
        wb.load(hf.DatasetDict(train=numbered([[0, None, 1], *[[0, 2, 1]] * 8])))


def test_loading_what_was_loaded_changes_nothing():
    data = wb.load(sentences())
    assert wb.load(data) is data
    again = wb.load(hf.DatasetDict(data))
    assert fingerprint(again) == fingerprint(data) and again.labels == data.labels


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_files_of_lists_give_the_same_as_the_table(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    if suffix == "jsonl":
        path.write_text("\n".join(json.dumps(r) for r in sentences().to_dict("records")), encoding="utf-8")
    else:
        sentences().to_parquet(path)
    assert fingerprint(wb.load(path)) == fingerprint(wb.load(sentences()))


def test_files_of_numbers_are_refused_in_a_sentence(tmp_path):
    path = written(tmp_path, '{"tokens": ["a", "b"], "ner_tags": [1, 0]}\n' * 8, "mine.jsonl")
    with pytest.raises(wb.WorkbenchError, match="numbers without names"):
        wb.load(path)


def test_a_test_split_without_tags_is_refused_in_a_sentence(tmp_path):
    written(tmp_path, "\n".join(json.dumps(r) for r in sentences().to_dict("records")), "train.jsonl")
    written(tmp_path, '{"tokens": ["a", "b"]}\n', "test.jsonl")
    with pytest.raises(wb.WorkbenchError, match=r"no sentences in test \(columns: tokens\)"):
        wb.load(tmp_path)


# --- the split that is cut off ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "validation"), [(4, 1), (20, 3), (100, 15), (103, 15), (110, 16)])
def test_a_missing_validation_split_is_15_percent(n, validation):
    data = wb.load(sentences(n, ("PER",)))
    assert (len(data["train"]), len(data["validation"])) == (n - validation, validation)


def test_the_cut_overlaps_nowhere_loses_nothing_and_keeps_the_order():
    data = wb.load(sentences(100))
    train, validation = ([int(t[0][4:]) for t in data[s]["tokens"]] for s in ("train", "validation"))
    assert sorted(train + validation) == list(range(100))
    assert train == sorted(train) and validation == sorted(validation)


def test_the_cut_depends_on_the_seed_alone():
    one, same, other = (fingerprint(wb.load(sentences(), seed=s)) for s in (1, 1, 2))
    assert one == same != other


def test_the_only_sentence_with_a_type_stays_in_training():
    rows = sentences(20, ("PER",))
    rows.at[5, "tags"] = ["B-EVENT", "O", "O"]
    for seed in range(30):
        data = wb.load(rows, seed=seed)
        assert "Name5" in {t[0] for t in data["train"]["tokens"]} and len(data["validation"]) == 3


def test_one_sentence_per_type_is_refused():
    with pytest.raises(wb.WorkbenchError, match="one sentence per type"):
        wb.load(sentences(6, [f"T{i}" for i in range(6)]))


def test_three_sentences_are_too_few():
    with pytest.raises(wb.WorkbenchError, match="3 training rows"):
        wb.load(sentences(3, ("PER",)))


# --- the fingerprint --------------------------------------------------------------------------------------------------


def test_the_fingerprint_sees_words_tags_and_names_and_nothing_else():
    whole = sentences().assign(split=["train"] * 15 + ["validation"] * 5)
    word, tag, kind = whole.copy(deep=True), whole.copy(deep=True), whole.copy(deep=True)
    word.at[0, "tokens"] = ["Name0", "is", "there"]
    tag.at[0, "tags"] = ["B-PER", "I-PER", "O"]
    kind["tags"] = [[t.replace("LOC", "PLACE") for t in tags] for tags in kind["tags"]]
    marks = [fingerprint(wb.load(f)) for f in (whole, word, tag, kind, whole.assign(text="x", genre="y"))]
    assert len(set(marks[:4])) == 4 and marks[4] == marks[0]


# --- whatever the bytes -----------------------------------------------------------------------------------------------

WORD = [b"Ada", b"left", b"#", b"# a = b", b"-DOCSTART-", b"\xef\xbb\xbf", b"\xf0\x9f\x99\x82", b"\xd9\x85", b"\x00", b"\xc2\xa0",
        b"\xc2\x85", b"\x1c", b"", b"7"]  # fmt: skip
GAP = [b"\t", b"\t", b" ", b"  ", b"\tX\t", b" \t"]
TAG = [b"O", b"O", b"B-PER", b"I-PER", b"S-LOC", b"L-LOC", b"PER", b"B-", b"B", b"-", b"B-\xf0\x9f\x99\x82", b"B-a-b"]
END = [b"\n", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r", b" \n"]
SELDOM = [b"Ada\n", b"\xff\tO\n", b"# split = train\n", b"\x85\n", b"7\t7\n", b"\tO", b"# x\n"]


def random_file(draw):
    """Lines that are mostly in order, or bytes that are not."""
    if draw.random() < 0.1:
        return draw.randbytes(draw.randint(0, 60))
    lines = [b"".join(map(draw.choice, (WORD, GAP, TAG, END))) for _ in range(draw.randint(0, 40))]
    return b"".join(line if draw.random() < 0.99 else draw.choice(SELDOM) for line in lines)


def test_random_bytes_are_read_or_refused_in_a_sentence(tmp_path):
    draw, loaded = random.Random(0), 0
    for _ in range(300):
        content = random_file(draw)
        try:
            data = wb.load(written(tmp_path, content, "noise.conll"))
        except wb.WorkbenchError as error:
            assert error.expected, content
            continue
        loaded += 1
        assert type(data) is Data, content
        for split in data.values():
            assert all(len(w) == len(t) > 0 for w, t in zip(split["tokens"], split["tags"], strict=True)), content
    assert 30 < loaded < 270  # both were met


def test_the_names_of_labels_are_o_then_types_by_the_alphabet():
    frames = [pd.DataFrame({"tags": [["O", "B-b"], ["B-a", "I-a"]]}), pd.DataFrame({"tags": [["B-c"]]})]
    assert tagged.label_names(frames) == ["O", "B-a", "I-a", "B-b", "I-b", "B-c", "I-c"]
