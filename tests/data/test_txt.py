"""Text files that hold more than texts: tables with tabs, words with tags, labels in the lines. Each against the rows written into it."""

import pandas as pd
import pytest

import workbench as wb
from workbench.data import stream, txt
from workbench.data.load import fingerprint

PROSE = [
    "It was late; the train had gone.",
    "Nobody waited: the hall was empty.",
    "She wrote to a@b.org again.",
    "Why?",
    "He said no.",
]
CONLL = "-DOCSTART- -X- -X- O\n\n" + "Ada NNP B-NP B-PER\nleft VBD B-VP O\nParis NNP B-NP B-LOC\n. . O O\n\n" * 6


def written(folder, content, name="mine.txt"):
    (folder / name).write_text(content, encoding="utf-8", newline="\n")
    return folder / name


def test_a_folder_of_conll_2003_is_tagged_sentences(tmp_path):
    for name in ("train.txt", "valid.txt", "test.txt"):
        written(tmp_path, CONLL, name)
    data = wb.load(tmp_path)
    assert data.task == "tagging" and {k: len(v) for k, v in data.items()} == {"train": 6, "validation": 6, "test": 6}
    assert data["test"]["tokens"][5] == ["Ada", "left", "Paris", "."] and data.labels == [
        "O",
        "B-LOC",
        "I-LOC",
        "B-PER",
        "I-PER",
    ]
    assert "train.txt holds a word and its tag per line and was read as a .conll file is" in data.notes


@pytest.mark.parametrize("sign", ["\t", " "])
def test_words_behind_their_tags_are_tagged_sentences(tmp_path, sign):
    data = wb.load(written(tmp_path, f"B-Dish{sign}soup\nO{sign}now\n\n" * 8))
    assert data.task == "tagging" and data["train"]["tokens"][0] == ["soup", "now"] and data.labels[1] == "B-Dish"


def test_sms_spam_is_labelled_texts(tmp_path):
    rows = [("ham", f"See you at {i}, then.") if i % 2 else ("spam", f"Win {i} pounds now!") for i in range(20)]
    data = wb.load(written(tmp_path, "".join(f"{label}\t{text}\n" for label, text in rows)))
    assert fingerprint(data) == fingerprint(wb.load(pd.DataFrame(rows, columns=["label", "text"])))
    assert "mine.txt has tabs between columns and was read as a .tsv file is" in data.notes


def test_a_table_with_names_and_pairs_of_sentences_are_read_as_tsv(tmp_path):
    table = pd.DataFrame({"text": [f"text {i} here" for i in range(12)], "label": ["no", "yes"] * 6})
    table.to_csv(tmp_path / "mine.txt", sep="\t", index=False)
    assert fingerprint(wb.load(tmp_path / "mine.txt")) == fingerprint(wb.load(table))
    pairs = written(tmp_path, "".join(f"Number {i} is here.\tLe {i} est là.\n" for i in range(12)), "pairs.txt")
    assert wb.load(pairs).task == "translation"


@pytest.mark.parametrize(
    ("line", "text", "values", "said"),
    [
        ("day {i} was mine;{v}", "day {i} was mine", ("joy", "anger"), "ends in joy, anger"),
        ("Sales rose to {i} .@{v}", "Sales rose to {i} .", ("positive", "neutral"), "ends in positive, neutral"),
        ("{v}|Sales rose to {i}.", "Sales rose to {i}.", ("up", "down"), "begins with up, down"),
        ("{v} How far is {i} ?", "How far is {i} ?", ("DESC:manner", "NUM:dist"), "begins with DESC:manner, NUM:dist"),
        ("__label__{v} it was day {i}", "it was day {i}", ("no", "yes"), "begins with no, yes"),
        ("(3 (2 Day) ({v} (2 {i}) (1 .)))", "Day {i} .", ("3", "3"), ""),
        ("({v} (2 Day) (3 (2 {i}) (1 .)))", "Day {i} .", ("1", "4"), "is a tree with 1, 4"),
    ],
)
def test_labels_in_the_lines_are_read_and_said(tmp_path, line, text, values, said):
    rows = [(text.format(i=i), values[i % 2]) for i in range(20)]
    data = wb.load(written(tmp_path, "\n".join(line.format(i=i, v=values[i % 2]) for i in range(20))))
    if not said:  # one label for all is none
        assert data.task == "language-modeling"
        return
    assert fingerprint(data) == fingerprint(wb.load(pd.DataFrame(rows, columns=["text", "label"])))
    assert any(f"a label in every line, which {said}: they were read as labels" in n for n in data.notes)


def test_what_a_speaker_says_stays_a_text_and_that_is_said(tmp_path):
    lines = [f"{'ANN' if i % 2 else 'BOB'}: it was day {i}" for i in range(20)]
    data = wb.load(written(tmp_path, "\n".join(lines)))
    assert data.task == "language-modeling" and sorted(t for s in data.values() for t in s["text"]) == sorted(lines)
    assert "begins with BOB:, ANN:" in data.notes[0] and "save it as csv with columns text and label" in data.notes[0]


def test_a_line_without_a_label_among_others_leaves_all_as_texts_and_is_named(tmp_path):
    lines = [f"day {i} was mine;{'joy' if i % 2 else 'anger'}" for i in range(20)]
    data = wb.load(written(tmp_path, "\n".join([*lines, "no more"])))
    assert data.task == "language-modeling" and "line 21 has no label" in data.notes[0]


def test_several_labels_of_fasttext_are_several(tmp_path):
    lines = [f"__label__{'a' if i % 2 else 'b'} __label__{'c' if i % 3 else 'd'} it was day {i}" for i in range(20)]
    data = wb.load(written(tmp_path, "\n".join(lines)))
    assert (
        data.task == "multi-label"
        and data.labels == ["a", "b", "c", "d"]
        and data["train"]["text"][0].startswith("it was")
    )


def test_one_line_with_several_labels_far_below_makes_lists_of_all(tmp_path):
    lines = [f"__label__{'a' if i % 2 else 'b'} it was day {i} {'of many ' * 9}" for i in range(1000)]
    data = wb.load(written(tmp_path, "\n".join([*lines, "__label__a __label__b the last"])))
    assert data.task == "multi-label" and data.labels == ["a", "b"]


def test_abstracts_with_a_label_before_every_sentence_keep_their_documents(tmp_path):
    lines = [x for i in range(12) for x in (f"###24{i}", f"METHODS\tWe asked {i} .", f"RESULTS\tThey said {i} .", "")]
    data = wb.load(written(tmp_path, "\n".join(lines)))
    assert (
        data.task == "classification" and data.labels == ["METHODS", "RESULTS"] and sum(map(len, data.values())) == 24
    )
    assert not {*data["train"]["document"]} & {*data["validation"]["document"]}


@pytest.mark.parametrize(
    "lines",
    [
        PROSE * 4,
        [f"\t{i} {line}" for i, line in enumerate(PROSE * 4)],  # indented
        [f"{i}\t{line}" for i, line in enumerate(PROSE * 4)],  # numbered
        [f"Person{i}: {line}" for i, line in enumerate(PROSE * 4)],  # every beginning is another one
        [f"{i} http://a.org; word{i}" for i in range(20)],
        ["O", "", "O come", "", "B-52 bombers"] * 4,
    ],
    ids=["prose", "indented", "numbered", "many speakers", "many ends", "verse"],
)
def test_prose_stays_prose_without_a_word(tmp_path, lines):
    data = wb.load(written(tmp_path, "\n".join(lines)))
    assert data.task == "language-modeling" and not any("mine.txt" in n for n in data.notes)
    assert {t for s in data.values() for t in s["text"]} == {line.strip() for line in lines if line}


def test_rows_with_too_many_tabs_stay_texts_and_that_is_said(tmp_path):
    data = wb.load(written(tmp_path, "".join(f"ham\tline {i}\n" for i in range(19)) + "ham\ta\tb\n"))
    assert data.task == "language-modeling" and sum(map(len, data.values())) == 20
    assert "read as plain texts, though most lines have tabs" in data.notes[0] and "line 20" in data.notes[0]


def test_the_last_line_of_a_full_sample_is_left_out(tmp_path):
    assert txt.beginning(written(tmp_path, "ab\n" * 30_000), "utf-8-sig")[-1] == "ab"
    assert (
        len(txt.beginning(tmp_path / "mine.txt", "utf-8-sig")) == 21_845
    )  # 65,536 letters are 21,845 lines and a cut one


@pytest.mark.parametrize("name", ["mine.txt", "mine.tsv"])
def test_large_files_of_words_with_tags_and_of_rows_are_read_as_small_ones_are(tmp_path, monkeypatch, name):
    rows = "".join(f"{'ham' if i % 2 else 'spam'}\tSee you at {i}, then.\n" for i in range(40))
    words, table = (
        written(tmp_path, "Ada\tB-PER\nleft\tO\n\n" * 8, name),
        written(tmp_path, "label\ttext\n" + rows, f"rows-{name}"),
    )
    small = wb.load(table)
    monkeypatch.setattr(stream, "LARGE", 10)
    assert wb.load(words).task == "tagging" and wb.load(table).task == small.task == "classification"
    labelled = wb.load(
        written(
            tmp_path, "".join(f"day {i} was mine;{'joy' if i % 2 else 'anger'}\n" for i in range(40)), "labelled.txt"
        )
    )
    assert labelled.task == "classification" and "ends in anger, joy" in labelled.notes[0] and len(labelled.notes) == 2
