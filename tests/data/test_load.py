"""`wb.load`: what it takes, what it makes of it, and the sentence it says when it takes something not."""

import json

import datasets as hf
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import workbench as wb
from workbench.data.load import fingerprint


def frame(n=40, **columns):
    """`n` different texts with the labels no and yes in turn."""
    return pd.DataFrame({"text": [f"text number {i}" for i in range(n)], "label": ["no", "yes"] * (n // 2)} | columns)


def with_text(odd):
    """The first text replaced, everything given as training split so that its place is known."""
    rows = frame().astype(object)  # pandas' own strings take no numbers
    rows.loc[0, "text"] = odd
    return rows.assign(split=["train"] * 30 + ["validation"] * 10)


def names_in_rows(split):
    return [split.features["label"].names[i] for i in split["label"]]


def texts_of(data):
    return [t for split in data.values() for t in split["text"]]


# --- sources ----------------------------------------------------------------------------------------------------------


def test_a_bundled_name_gives_text_and_label():
    data = wb.load("reviews")
    assert set(data) == {"train", "validation", "test"} and data.labels == ["negative", "positive"]
    assert {"text", "label"} <= set(data["train"].column_names) and data.name == "reviews" and data.is_named


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_kind_of_file_gives_the_same_data(tmp_path, suffix):
    path, rows = tmp_path / f"mine.{suffix}", frame()
    {
        "csv": lambda: rows.to_csv(path, index=False),
        "tsv": lambda: rows.to_csv(path, index=False, sep="\t"),
        "jsonl": lambda: rows.to_json(path, orient="records", lines=True),
        "parquet": lambda: rows.to_parquet(path),
    }[suffix]()
    data = wb.load(path)
    assert fingerprint(data) == fingerprint(wb.load(rows)) and data.labels == ["no", "yes"]


def test_a_file_is_found_again_by_the_name_of_its_data(tmp_path):
    path = tmp_path / "mine.csv"
    frame().to_csv(path, index=False)
    data = wb.load(path)
    assert data.is_named and fingerprint(wb.load(data.name)) == fingerprint(data)


def test_an_upper_case_ending_is_read(tmp_path):
    frame().to_csv(tmp_path / "MINE.CSV", index=False)
    assert len(texts_of(wb.load(tmp_path / "MINE.CSV"))) == 40


def test_a_folder_of_splits_keeps_each_split(tmp_path):
    for name, n in (("train.csv", 20), ("dev.csv", 6), ("test.csv", 4), ("notes.csv", 2)):
        frame(n).to_csv(tmp_path / name, index=False)
    assert {split: len(rows) for split, rows in wb.load(tmp_path).items()} == {"train": 20, "validation": 6, "test": 4}


def test_a_column_called_split_divides_a_frame():
    data = wb.load(frame(20, split=["training"] * 10 + ["VAL"] * 6 + ["test"] * 4))
    assert {k: len(v) for k, v in data.items()} == {"train": 10, "validation": 6, "test": 4}
    assert "split" not in data["train"].column_names


def test_an_odd_split_is_named():
    with pytest.raises(wb.WorkbenchError, match=r"split values \['fold1'\]"):
        wb.load(frame(4, split=["train", "train", "train", "fold1"]))


def test_a_frame_is_not_changed_and_its_data_have_no_name():
    rows = frame()
    before = rows.copy()
    data = wb.load(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert not data.is_named


def test_a_frame_keeps_its_other_columns():
    data = wb.load(frame(40, source=["news", "social"] * 20, year=2020))
    assert data["train"].column_names == ["text", "label", "source", "year"]
    assert {r["label"] == 1 for r in data["train"] if r["source"] == "social"} == {True}


def test_another_column_may_mix_numbers_and_words():
    assert set(wb.load(frame(40, grade=[1, "A"] * 20))["train"]["grade"]) == {"1", "A"}


def test_an_index_that_repeats_loses_no_rows():
    rows = frame()
    rows.index = [0] * 40
    assert sorted(texts_of(wb.load(rows))) == sorted(frame()["text"])


def test_a_dataset_dict_keeps_splits_and_label_order():
    features = hf.Features({"text": hf.Value("string"), "label": hf.ClassLabel(names=["good", "bad"])})
    rows = {"text": ["a", "b", "c", "d"], "label": [0, 1, 1, 0]}
    whole = hf.DatasetDict({s: hf.Dataset.from_dict(rows, features=features) for s in ("train", "validation", "test")})
    data = wb.load(whole)
    assert data.labels == ["good", "bad"] and list(data["test"]["label"]) == [0, 1, 1, 0]


def test_hidden_test_labels_drop_that_split():
    features = hf.Features({"text": hf.Value("string"), "label": hf.ClassLabel(names=["no", "yes"])})
    seen, hidden = ({"text": ["a", "b", "c", "d"], "label": y} for y in ([0, 1, 1, 0], [-1] * 4))
    splits = {"train": seen, "validation": seen, "test": hidden}
    data = wb.load(hf.DatasetDict({k: hf.Dataset.from_dict(v, features=features) for k, v in splits.items()}))
    assert set(data) == {"train", "validation"}


def test_loaded_data_are_taken_as_they_are():
    data = wb.load(frame())
    assert wb.load(data) is data


# --- columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "label"), [("sentence", "sentiment"), ("Review", "Category"), ("tweet", "target")])
def test_usual_column_names_are_guessed(text, label):
    data = wb.load(frame().rename(columns={"text": text, "label": label}))
    assert data["train"].column_names == ["text", "label"]


def test_unusual_column_names_can_be_said():
    rows = frame().rename(columns={"text": "was gesagt wurde", "label": "y"})
    data = wb.load(rows, text="was gesagt wurde", label="y")
    assert fingerprint(data) == fingerprint(wb.load(frame()))


def test_a_chosen_column_does_not_lose_the_one_that_had_its_name():
    data = wb.load(frame(40, headline="a headline"), text="headline")
    assert set(data["train"]["text"]) == {"a headline"} and data["train"]["text_1"][0].startswith("text number")


def test_columns_that_cannot_be_guessed_are_listed():
    with pytest.raises(wb.WorkbenchError, match=r"columns a, b. Expected: a text column .*Try: wb.load\(..., text="):
        wb.load(pd.DataFrame({"a": ["x"], "b": ["y"]}))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(wb.WorkbenchError, match=r"no column 'headline' \(columns: text, label\)"):
        wb.load(frame(), text="headline")


def test_one_column_cannot_be_both():
    with pytest.raises(wb.WorkbenchError, match="'text' as both text and label"):
        wb.load(frame(), text="text", label="text")


def test_two_columns_of_one_name_are_refused_in_a_sentence():
    twice = pd.concat([frame(), frame()[["label"]]], axis=1)
    with pytest.raises(wb.WorkbenchError, match="label"):
        wb.load(twice)


def test_moving_a_column_aside_does_not_hit_another():
    data = wb.load(frame(40, headline="h", text_1="t"), text="headline")
    assert set(data["train"]["text"]) == {"h"}


def test_another_column_of_an_odd_type_does_not_stop_loading():
    wb.load(frame(40, month=pd.period_range("2020-01", periods=40, freq="M")))


# --- labels -----------------------------------------------------------------------------------------------------------


def test_names_are_ordered_by_the_alphabet():
    data = wb.load(frame(40, label=["pear", "apple", "fig", "apple"] * 10))
    assert data.labels == ["apple", "fig", "pear"]


def test_whole_numbers_are_ordered_by_size():
    data = wb.load(frame(48, label=list(range(12)) * 4))
    assert data.labels == [str(i) for i in range(12)]


def test_negative_numbers_are_ordered_by_size():
    assert wb.load(frame(40, label=[-2, -1, 0, 1, 2] * 8)).labels == ["-2", "-1", "0", "1", "2"]


def test_whole_numbers_stay_whole_after_rows_without_label_were_dropped():
    rows = frame(40, label=[0, 1] * 20)
    rows.loc[0, "label"] = None  # pandas makes floats of them
    assert wb.load(rows.dropna()).labels == ["0", "1"]


def test_each_text_keeps_its_label():
    data = wb.load(frame())
    expected = dict(zip(frame()["text"], frame()["label"], strict=True))
    for split in data.values():
        assert dict(zip(split["text"], names_in_rows(split), strict=True)).items() <= expected.items()


@pytest.mark.parametrize("first", [[0.0], [0.0, 1.0, 2.5], ["7.0"]])
def test_of_measured_numbers_one_with_decimals_is_shown(first):
    values = [*first, *(i + 0.5 for i in range(2, 42 - len(first)))]
    with pytest.raises(wb.WorkbenchError, match=r"numbers with decimals \(such as 2\.5\)"):
        wb.load(frame(40).assign(label=values))


def test_labels_called_na_and_null_are_names_like_others(tmp_path):
    path = tmp_path / "mine.csv"
    frame(40, label=["NA", "null"] * 20).to_csv(path, index=False)
    assert wb.load(path).labels == ["NA", "null"]


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  "])
def test_missing_labels_are_counted_with_their_rows(missing):
    labels = ["no", "yes"] * 20
    labels[2] = labels[6] = missing
    with pytest.raises(wb.WorkbenchError, match=r"2 rows of train have no label \(rows 3, 7\).*dropping those rows"):
        wb.load(frame(40, label=labels))


def test_a_missing_class_label_is_refused_in_a_sentence():
    features = hf.Features({"text": hf.Value("string"), "label": hf.ClassLabel(names=["no", "yes"])})
    rows = {"text": ["a", "b", "c", "d", "e"], "label": [0, 1, 0, 1, None]}
    with pytest.raises(wb.WorkbenchError, match="no label"):
        wb.load(hf.DatasetDict(train=hf.Dataset.from_dict(rows, features=features)))


def test_label_names_are_kept_when_the_column_has_a_capital():
    features = hf.Features({"Text": hf.Value("string"), "Label": hf.ClassLabel(names=["no", "yes"])})
    rows = {"Text": list("abcdefgh"), "Label": [0, 1] * 4}
    assert wb.load(hf.DatasetDict(train=hf.Dataset.from_dict(rows, features=features))).labels == ["no", "yes"]


def test_one_class_only_is_refused():
    with pytest.raises(wb.WorkbenchError, match=r"one class only \('yes'\).*Expected: texts of at least two classes"):
        wb.load(frame(40, label="yes"))


def test_labels_that_training_never_shows_are_named():
    with pytest.raises(wb.WorkbenchError, match="labels in test that training never shows: maybe"):
        wb.load(frame(10, label=["no", "yes"] * 4 + ["no", "maybe"], split=["train"] * 8 + ["test"] * 2))


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", ["", "   ", "\n\t", None, float("nan")])
def test_empty_texts_are_counted_with_their_rows(empty):
    rows = frame()
    rows["text"] = [empty if i in (1, 4) else t for i, t in enumerate(rows["text"])]
    with pytest.raises(wb.WorkbenchError, match=r"2 empty texts in train \(rows 2, 5\)"):
        wb.load(rows)


@pytest.mark.parametrize(
    "odd",
    ["🙂👩‍👩‍👧‍👦 fine", "مرحبا بالعالم שלום", "wörd " * 2000, "<script>alert(1)</script>", "a\x00b", 'say "no"', "$x$"],
)
def test_odd_texts_arrive_as_they_were(odd):
    assert wb.load(with_text(odd))["train"]["text"][0] == odd


def test_a_lone_surrogate_is_replaced():
    assert wb.load(with_text("half \ud83d of it"))["train"]["text"][0] == "half � of it"


def test_numbers_as_texts_become_words():
    assert wb.load(with_text(2024))["train"]["text"][0] == "2024"


def test_the_words_null_and_na_are_texts(tmp_path):
    path = tmp_path / "mine.csv"
    frame(40, text=["NA", "null", "nan", "None"] * 10).to_csv(path, index=False)
    assert set(texts_of(wb.load(path))) == {"NA", "null", "nan", "None"}


def test_duplicates_are_kept():
    assert len(texts_of(wb.load(frame(40, text="always the same")))) == 40


# --- files as they are met --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    if suffix == "jsonl":
        text = frame().to_json(orient="records", lines=True)
    else:
        text = frame().to_csv(index=False, sep="\t" if suffix == "tsv" else ",")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8"))
    assert fingerprint(wb.load(path)) == fingerprint(wb.load(frame()))


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_latin_1_bytes_are_read_and_said(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    rows = with_text("un café à Nîmes")
    text = (
        rows.to_csv(index=False) if suffix == "csv" else rows.to_json(orient="records", lines=True, force_ascii=False)
    )
    path.write_bytes(text.encode("latin-1"))
    data = wb.load(path)
    assert data["train"]["text"][0] == "un café à Nîmes"
    assert any(f"mine.{suffix} is not UTF-8 and was read as Windows-1252" in note for note in data.notes)


def test_quotes_and_newlines_inside_csv_are_read(tmp_path):
    odd = 'He said "no",\nthen\r\nleft, twice'
    path = tmp_path / "mine.csv"
    with_text(odd).to_csv(path, index=False)
    assert wb.load(path)["train"]["text"][0] == odd


def test_a_quote_in_a_tsv_is_a_letter(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("text\tlabel\n" + '"one only\tno\nnone\tyes\n' * 8, encoding="utf-8")
    assert set(texts_of(wb.load(path))) == {'"one only', "none"}


def test_commas_without_quotes_do_not_cut_texts_silently(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "good, really,yes\nbad, really,no\n" * 8, encoding="utf-8")
    with pytest.raises(wb.WorkbenchError, match="cannot be read"):
        wb.load(path)


def test_a_json_line_that_is_none_is_numbered(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n\nnot json\n', encoding="utf-8")
    with pytest.raises(wb.WorkbenchError, match="line 3 is not a JSON object"):
        wb.load(path)


def test_json_texts_that_look_like_dates_stay_texts(tmp_path):
    path = tmp_path / "mine.jsonl"
    rows = [{"text": "2020-01-01", "label": str(i % 2)} for i in range(8)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert set(texts_of(wb.load(path))) == {"2020-01-01"}


# --- what is not there ------------------------------------------------------------------------------------------------


def no_file(folder):
    return folder / "missing.csv"


def no_name(folder):
    return "revews"


def odd_ending(folder):
    (folder / "mine.docx").write_text("text,label\n")
    return folder / "mine.docx"


def no_data(folder):
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.mark.parametrize(
    ("make", "found"),
    [(no_file, r"missing\.csv"), (no_name, "'revews'"), (odd_ending, r"'\.docx'"),
     (no_data, "no training file")],
)  # fmt: skip
def test_what_is_not_there_is_told_with_found_expected_and_try(tmp_path, make, found):
    with pytest.raises(wb.WorkbenchError, match=found) as caught:
        wb.load(make(tmp_path))
    assert caught.value.expected and caught.value.try_


def test_a_directory_without_data_says_which_file_it_misses(tmp_path):
    with pytest.raises(wb.WorkbenchError, match=r"no training file in folder .*Expected: train\.csv"):
        wb.load(no_data(tmp_path))


def test_a_folder_with_one_file_is_that_file(tmp_path):
    (tmp_path / "messages.csv").write_text("text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(20)))
    (tmp_path / "readme.txt").write_text("A note.")
    alone = wb.load(tmp_path)
    assert texts_of(alone) == texts_of(wb.load(tmp_path / "messages.csv"))
    assert any("messages.csv" in note for note in alone.notes)
    (tmp_path / "others.csv").write_text("text,label\nx,a\ny,b\n")
    with pytest.raises(wb.WorkbenchError, match="no training file"):  # which of the two is meant, nobody can say
        wb.load(tmp_path)


def test_an_unknown_name_lists_the_bundled_ones():
    with pytest.raises(wb.WorkbenchError, match=r"bundled name \(.*reviews.*\)"):
        wb.load("revews")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("reveiws", "reviews"), ("people-place", "people-places"), ("docstring", "docstrings"), ("stanfordnlp/sst2", "hub:stanfordnlp/sst2"),
     ("???", "reviews")],
)  # fmt: skip
def test_an_unknown_name_leads_to_the_nearest(said, meant):
    with pytest.raises(wb.WorkbenchError) as caught:
        wb.load(said)
    assert caught.value.try_ == f"wb.load({meant!r})"


@pytest.mark.parametrize("source", ["x" * 5000, "a\x00b", "~nobody/file.csv", "text,label\ngood,1\n"])
def test_a_string_that_cannot_be_a_path_is_told_in_short(source):
    with pytest.raises(wb.WorkbenchError, match="no data called") as caught:
        wb.load(source)
    assert len(caught.value.found) < 120


@pytest.mark.parametrize("source", [None, 7, [], {}, [["a text", 1]], b"reviews", iter([])])
def test_other_types_are_named_and_lead_to_a_frame(source):
    with pytest.raises(wb.WorkbenchError, match=f"data of type {type(source).__name__}") as caught:
        wb.load(source)
    assert caught.value.try_ == "wb.load(pd.DataFrame(rows))"


class Theirs:
    """A table of another library."""

    def to_pandas(self):
        return frame()


class LazyFrame:
    """As polars has it: nothing of it is there before it is collected."""

    def collect(self):
        return Theirs()


@pytest.mark.parametrize(
    "source",
    [frame().to_dict("records"), tuple(frame().to_dict("records")), frame().to_dict("list"), pa.Table.from_pandas(frame()), Theirs(), LazyFrame(),
     {"text": frame()["text"], "label": np.array(["no", "yes"] * 20)}],
)  # fmt: skip
def test_rows_columns_and_tables_of_others_are_as_a_frame(source):
    assert fingerprint(wb.load(source)) == fingerprint(wb.load(frame()))


@pytest.mark.parametrize("make", [lambda rows: rows, lambda rows: rows.to_dict("records"), pa.Table.from_pandas])
def test_a_dict_of_tables_by_split_is_read_as_its_splits(make):
    rows = frame()
    data = wb.load(
        {
            "train": make(rows[:24]),
            "dev": make(rows[24:32].drop(columns="split", errors="ignore")),
            "test": make(rows[32:]),
        }
    )
    assert {split: len(data[split]) for split in data} == {"train": 24, "validation": 8, "test": 8}
    left = wb.load({"train": make(rows[:30]), "more": make(rows[30:])})
    assert any("'more' was left out" in note for note in left.notes)


def test_a_dict_of_tables_without_training_or_of_uneven_columns_is_refused():
    with pytest.raises(wb.WorkbenchError, match="a split called train"):
        wb.load({"test": frame()})
    with pytest.raises(wb.WorkbenchError, match=r"no table .*pd\.DataFrame\(rows\)"):
        wb.load({"text": ["a", "b"], "label": [1]})


@pytest.mark.parametrize("make", [list, lambda texts: pd.Series(texts), lambda texts: pd.Series(texts, name="odd")])
def test_texts_alone_are_for_language_modelling(make):
    assert wb.load(make(list(frame()["text"]))).task == "language-modeling"


@pytest.mark.parametrize("index", ["label", "text", ["text", "label"]])
def test_named_levels_of_an_index_are_columns(index):
    assert fingerprint(wb.load(frame().set_index(index))) == fingerprint(wb.load(frame()))


def test_a_column_of_texts_by_their_labels_keeps_the_labels():
    assert fingerprint(wb.load(frame().set_index("label")["text"])) == fingerprint(wb.load(frame()))


def test_an_index_that_only_tells_rows_apart_is_no_column():
    texts = frame()[["text"]].set_index(pd.Index([f"id-{i}" for i in range(40)], name="id"))
    assert wb.load(texts).task == "language-modeling"
    assert wb.load(frame().set_index("label", drop=False))["train"].column_names == ["text", "label"]


@pytest.mark.parametrize("content", ["", "text,label\n"])
def test_a_file_without_rows_is_refused(tmp_path, content):
    path = tmp_path / "mine.csv"
    path.write_text(content)
    with pytest.raises(wb.WorkbenchError, match=r"cannot be read|has no rows"):
        wb.load(path)


# --- the split that is cut off ----------------------------------------------------------------------------------------


def test_a_missing_validation_split_is_cut_off_by_label():
    data = wb.load(frame(200, label=["no"] * 40 + ["yes"] * 160))
    assert np.bincount(data["validation"]["label"]).tolist() == [6, 24]  # 15% of 40 and of 160
    assert np.bincount(data["train"]["label"]).tolist() == [34, 136]


def test_the_cut_is_the_same_every_time():
    assert fingerprint(wb.load(frame())) == fingerprint(wb.load(frame()))


def test_the_cut_depends_on_the_seed():
    assert set(wb.load(frame(), seed=1)["validation"]["text"]) != set(wb.load(frame(), seed=2)["validation"]["text"])


def test_a_file_that_was_cut_by_another_seed_is_not_found_again_by_its_name(tmp_path):
    """The name alone would cut it as ever, and a run that is opened again would be scored on texts that it has learned from."""
    frame().to_csv(tmp_path / "mine.csv", index=False)
    assert wb.load(tmp_path / "mine.csv").is_named and not wb.load(tmp_path / "mine.csv", seed=1).is_named
    assert wb.load("reviews", seed=1).name == "reviews"  # its validation split is its own


@pytest.mark.parametrize("seed", [None, "a", -1, True, 2**32])
def test_a_seed_that_is_none_is_said(seed):
    with pytest.raises(wb.WorkbenchError, match="seed is"):
        wb.load(frame(), seed=seed)


def test_the_cut_overlaps_nowhere_and_loses_nothing():
    data = wb.load(frame())
    train, validation = set(data["train"]["text"]), set(data["validation"]["text"])
    assert not train & validation and train | validation == set(frame()["text"])


def test_a_validation_split_that_is_there_stays():
    data = wb.load(frame(40, split=["train"] * 30 + ["validation"] * 10))
    assert list(data["validation"]["text"]) == list(frame()["text"][30:])


def test_a_label_with_one_text_stays_in_training():
    data = wb.load(frame(40, label=["once"] + ["no", "yes", "no"] * 13))
    assert "once" in names_in_rows(data["train"]) and "once" not in names_in_rows(data["validation"])


def test_four_texts_are_enough_and_three_are_not():
    assert len(wb.load(frame(4))["validation"]) == 2
    with pytest.raises(wb.WorkbenchError, match="2 training rows"):
        wb.load(frame(2))


def test_one_text_per_label_is_refused():
    with pytest.raises(wb.WorkbenchError, match="one text per label"):
        wb.load(frame(10, label=range(10)))


# --- the fingerprint --------------------------------------------------------------------------------------------------


def changed(column, row, value):
    rows = frame(40, split=["train"] * 30 + ["validation"] * 10)
    rows.loc[row, column] = value
    return fingerprint(wb.load(rows))


def test_the_fingerprint_changes_with_one_text():
    assert (
        len({changed("text", 0, "text number 0"), changed("text", 0, "text number 0 "), changed("text", 39, "x")}) == 3
    )


def test_the_fingerprint_changes_with_one_label():
    assert changed("label", 0, "yes") != changed("label", 0, "no")


def test_the_fingerprint_does_not_see_other_columns():
    assert fingerprint(wb.load(frame(40, source="a"))) == fingerprint(wb.load(frame(40, source="b")))


def test_the_fingerprint_changes_with_the_name_of_a_label():
    assert fingerprint(wb.load(frame(40, label=["no", "yes"] * 20))) != fingerprint(
        wb.load(frame(40, label=["cat", "dog"] * 20))
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"), ("text_a", "text_b"),
     ("question", "passage"), ("question", "sentence")],
)  # fmt: skip
def test_a_second_column_of_texts_is_spoken_of_and_the_suggestion_joins_both(first, second):
    n = 20
    rows = {
        first: [f"A man of {i} years plays here" for i in range(n)],
        second: [f"Somebody of {i} plays" for i in range(n)],
    }
    frame = pd.DataFrame({**rows, "label": ["no", "yes"] * (n // 2)})
    data = wb.load(frame)
    (note,) = [n for n in data.notes if "another column of texts" in n]
    suggestion = note.partition("join them: ")[2]
    joined = wb.load(eval(suggestion, {"frame": frame}))
    assert not any("another column" in n for n in joined.notes)
    texts = {t for split in joined.values() for t in split["text"]}
    assert texts == {f"A man of {i} years plays here Somebody of {i} plays" for i in range(n)}
    unread = second if data["train"]["text"][0].startswith("A man") else first
    assert repr(unread) in note.partition(" is not read")[0]


def test_texts_that_are_no_twins_are_not_spoken_of():
    frame = pd.DataFrame(
        {"text": [f"text {i}" for i in range(20)], "label": ["no", "yes"] * 10, "premise": "x", "question": "y"}
    )
    assert wb.load(frame).notes == ()


def test_columns_that_are_numbers_can_be_named():
    frame = pd.DataFrame([[f"text {i}", f"a{i % 2}", i // 5] for i in range(40)])
    named = frame.set_axis(["text", "label", "group"], axis=1)
    data = wb.load(frame, text=0, label=1, group=2)
    assert fingerprint(data) == fingerprint(wb.load(named)) and data.labels == ["a0", "a1"]
    with pytest.raises(wb.WorkbenchError, match=r"no column '3' \(columns: 0, 1, 2\)"):
        wb.load(frame, text=3, label=1)


@pytest.mark.parametrize("answers", [("True", "False"), (True, False)])
def test_answers_that_are_true_or_false_are_labels_of_questions_and_passages(answers):
    rows = {
        "question": [f"is it so {i}" for i in range(20)],
        "passage": [f"The passage {i} says much more on it" for i in range(20)],
    }
    data = wb.load(pd.DataFrame({**rows, "answer": answers * 10}))
    assert data.task == "classification" and data.labels == ["False", "True"]
    assert any("another column of texts, 'passage', is not read" in n for n in data.notes)
