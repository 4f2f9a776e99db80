"""Tables that are made sentences with tags: one word per row, and places of names in letters. Each against tags written by hand."""

import json

import pandas as pd
import pytest

import workbench as wb
from workbench.data import stream
from workbench.data.load import fingerprint
from workbench.data.tagged import to_iob2

WORDS, TAGS = ["Ada", "Lovelace", "left", "Paris", "."], ["B-PER", "I-PER", "O", "B-LOC", "O"]
TEXT = "Ada Lovelace left Paris."  # Ada Lovelace is 0 to 12, Paris 18 to 23
LISTS = pd.DataFrame({"tokens": [WORDS] * 8, "tags": [TAGS] * 8})


def same(data, rows=LISTS):
    return data.task == "tagging" and fingerprint(data) == fingerprint(wb.load(rows))


# --- one word per row -------------------------------------------------------------------------------------------------


def word_rows(sparse=True, n=8, name="Sentence #"):
    rows = [("" if sparse and i else f"Sentence: {s}", w, "NNP", t)
            for s in range(n) for i, (w, t) in enumerate(zip(WORDS, TAGS, strict=True))]  # fmt: skip
    return pd.DataFrame(rows, columns=[name, "Word", "POS", "Tag"])


@pytest.mark.parametrize("sparse", [True, False])
def test_a_word_per_row_with_its_sentence_becomes_sentences(tmp_path, sparse):
    word_rows(sparse).to_csv(tmp_path / "ner_dataset.csv", index=False)
    data = wb.load(tmp_path / "ner_dataset.csv")
    assert same(data) and data.is_named
    assert (
        "words of column 'Word' were put together to sentences by 'Sentence #', with the tags of 'Tag'; 'POS' left out"
        in data.notes
    )
    assert same(wb.load(tmp_path / "ner_dataset.csv", text="Word", label="Tag"))


@pytest.mark.parametrize("name", ["sentence_id", "Sentence", "sentence_idx"])
def test_a_sentence_may_be_missing_or_a_number_and_be_called_otherwise(name):
    rows = word_rows(name=name)
    rows[name] = [int(v.split()[1]) if v else None for v in rows[name]]
    assert same(wb.load(rows)) and same(wb.load(rows.assign(**{name: rows[name].ffill().astype(int)})))


def test_every_split_is_put_together(tmp_path):
    for name, n in (("train", 8), ("test", 3)):
        word_rows(n=n).to_csv(tmp_path / f"{name}.csv", index=False)
    data = wb.load(tmp_path)
    assert len(data["test"]) == 3 and data["test"]["tokens"][2] == WORDS
    assert sum("put together" in n for n in data.notes) == 1


def test_words_without_sentences_are_refused_and_the_suggestion_works(tmp_path):
    rows = word_rows()[["Word", "Tag"]]
    for asked in ({}, {"text": "Word", "label": "Tag"}):
        with pytest.raises(wb.WorkbenchError, match=r"one word \('Word'\) and its tag \('Tag'\) per row") as e:
            wb.load(rows, **asked)
    assert e.value.try_ == "saving it as .conll, with a blank line between sentences"
    lines = [f"{w}\t{t}\n" + ("\n" if w == "." else "") for w, t in rows.itertuples(index=False)]
    (tmp_path / "mine.conll").write_text("".join(lines))
    assert same(wb.load(tmp_path / "mine.conll"))


def test_single_words_with_other_labels_and_texts_with_such_labels_stay_classification():
    words = pd.DataFrame({"text": [f"word{i}" for i in range(40)], "label": ["noun", "O"] * 20})
    groups = pd.DataFrame({"text": [f"a patient {i} came" for i in range(40)], "label": ["O", "B-neg"] * 20})
    assert wb.load(words).task == wb.load(groups).task == "classification"


def test_a_large_table_of_words_is_read_whole(tmp_path, monkeypatch):
    word_rows().to_csv(tmp_path / "mine.csv", index=False)
    monkeypatch.setattr(stream, "LARGE", 10)
    assert same(wb.load(tmp_path / "mine.csv"))


# --- places of names --------------------------------------------------------------------------------------------------

PLACES = [
    {"label": [[0, 12, "PER"], [18, 23, "LOC"]]},
    {"labels": [[18, 23, "LOC"], [0, 12, "PER"]]},
    {"entities": [{"id": 1, "start_offset": 0, "end_offset": 12, "label": "PER"}, {"start_offset": 18, "end_offset": 23, "label": "LOC"}],
     "relations": [], "Comments": []},
    {"spans": [{"start": 0, "end": 12, "label": "PER"}, {"start": 18, "end": 23, "label": "LOC"}], "answer": "accept"},
    {"spans": [{"start": 0, "end": 12, "label": "PER"}, {"start": 18, "end": 23, "label": "LOC"}],
     "tokens": [{"text": w, "start": s, "end": s + len(w), "id": i} for i, (w, s) in enumerate(zip(WORDS, (0, 4, 13, 18, 23), strict=True))]},
]  # fmt: skip


def lines(folder, *rows, name="mine.jsonl"):
    (folder / name).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("row", PLACES, ids=["doccano", "unsorted", "entities", "Prodigy", "Prodigy with tokens"])
def test_places_become_tags_of_words(tmp_path, row):
    data = wb.load(lines(tmp_path, *[{"text": TEXT, **row}] * 8))
    assert same(data) and data["train"]["text"][0] == TEXT
    assert any(n.endswith("were made tags of words") for n in data.notes)
    (tmp_path / "mine.json").write_text(json.dumps([{"text": TEXT, **row}] * 8))
    assert same(wb.load(tmp_path / "mine.json"))
    pd.DataFrame([{"text": TEXT, "spans": PLACES[3]["spans"]}] * 8).to_parquet(tmp_path / "mine.parquet")
    assert same(wb.load(tmp_path / "mine.parquet"))


def test_places_in_columns_that_are_named(tmp_path):
    path = lines(tmp_path, *[{"body": TEXT, "marks": PLACES[0]["label"]}] * 8)
    assert same(wb.load(path, text="body", label="marks"))


def test_given_words_are_the_words(tmp_path):
    tokens = [{"text": "Ada Lovelace", "start": 0, "end": 12}, {"text": "left Paris.", "start": 13, "end": 24}]
    data = wb.load(
        lines(tmp_path, *[{"text": TEXT, "spans": [{"start": 0, "end": 12, "label": "PER"}], "tokens": tokens}] * 8)
    )
    assert data["train"]["tokens"][0] == ["Ada Lovelace", "left Paris."] and data["train"]["tags"][0] == [1, 0]


def test_texts_without_names_and_types_that_touch(tmp_path):
    rows = [{"text": "It rained.", "label": []}, {"text": "Rome Ada", "label": [[0, 4, "LOC"], [5, 8, "LOC"]]}] * 8
    data = wb.load(lines(tmp_path, *rows))
    found = {
        tuple(w): [data.labels[i] for i in t]
        for w, t in zip(data["train"]["tokens"], data["train"]["tags"], strict=True)
    }
    assert found == {("It", "rained", "."): ["O", "O", "O"], ("Rome", "Ada"): ["B-LOC", "B-LOC"]}


def test_a_place_inside_a_word_is_widened_and_counted(tmp_path):
    data = wb.load(lines(tmp_path, *[{"text": TEXT, "label": [[0, 7, "PER"], [18, 23, "LOC"]]}] * 8))
    assert (
        same(data) and "8 names of train began or ended inside a word and were widened to the whole word" in data.notes
    )


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([[18, 25, "LOC"]], "18 to 25 holds no word"),
        ([[-1, 3, "PER"]], "-1 to 3 holds no word"),
        ([[3, 3, "PER"]], "3 to 3 holds no word"),
        ([[3, 4, "PER"]], "3 to 4 holds no word"),
        ([[0, 12, "PER"], [4, 12, "LOC"]], "two names at 4 to 12"),
        ([[0, 3, "PER"], [0, 3, "LOC"]], "two names at 0 to 3"),
        ([[0, 3, None]], "a name without start, end and label"),
    ],
)
def test_places_that_cannot_be_are_named_by_their_rows(tmp_path, places, said):
    rows = [{"text": TEXT, "label": places if i in (2, 5) else PLACES[0]["label"]} for i in range(8)]
    with pytest.raises(wb.WorkbenchError, match=rf"2 texts of train .*row 3: {said}.*row 6: ") as e:
        wb.load(lines(tmp_path, *rows))
    assert "mending or dropping those rows" in e.value.try_


def test_lists_of_labels_and_of_tags_stay_what_they_are(tmp_path):
    several = lines(tmp_path, *[{"text": f"text {i}", "labels": ["a", "b", "c"][: i % 3 + 1]} for i in range(20)])
    assert wb.load(several).task == "multi-label"
    both = lines(tmp_path, *[{"text": TEXT, "tokens": WORDS, "ner_tags": TAGS, "spans": [[0, 3, "X"]]}] * 8)
    assert same(wb.load(both)) and to_iob2(TAGS) == TAGS
