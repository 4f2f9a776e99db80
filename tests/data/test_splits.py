"""Splits under their many names: which rows are for what, and a sentence on those that are for nothing."""

import json

import datasets as hf
import pandas as pd
import pytest

import workbench as wb


def frame(n=40, start=0, **columns):
    """`n` different texts with the labels no and yes in turn."""
    return pd.DataFrame(
        {"text": [f"text number {i}" for i in range(start, start + n)], "label": ["no", "yes"] * (n // 2)} | columns
    )


def dataset(n, start=0):
    return hf.Dataset.from_pandas(frame(n, start))


def sizes(data):
    return {split: len(rows) for split, rows in data.items()}


# --- a DatasetDict ----------------------------------------------------------------------------------------------------


def test_splits_that_are_left_out_are_named_with_their_rows():
    source = hf.DatasetDict(train=dataset(40), validation_matched=dataset(30, 100), unsupervised=dataset(6, 200))
    notes = wb.load(source).notes
    assert notes[0].startswith("split 'validation_matched' (30 rows) was left out")
    assert notes[1].startswith("split 'unsupervised' (6 rows) was left out")


def test_eval_is_validation_where_there_is_no_other():
    parts = {"train": dataset(20), "eval": dataset(6, 100)}
    assert sizes(wb.load(hf.DatasetDict(parts))) == {"train": 20, "validation": 6}
    data = wb.load(hf.DatasetDict(**parts, dev=dataset(8, 200)))
    assert sizes(data) == {"train": 20, "validation": 8} and data.notes[0].startswith("split 'eval' (6 rows) was left")


def test_two_splits_of_one_kind_are_an_error():
    source = hf.DatasetDict(train=dataset(20), dev=dataset(6, 100), validation=dataset(6, 200))
    with pytest.raises(wb.WorkbenchError, match="'dev' and 'validation' in a DatasetDict, which both mean validation"):
        wb.load(source)
    source.pop("validation")
    assert sizes(wb.load(source)) == {"train": 20, "validation": 6}


def test_rows_with_hidden_labels_are_counted():
    features = hf.Features({"text": hf.Value("string"), "label": hf.ClassLabel(names=["no", "yes"])})
    some = {"text": [f"t {i}" for i in range(20)], "label": [-1, 0, 1, 0] * 5}
    none = {"text": ["a", "b"], "label": [-1, -1]}
    parts = {k: hf.Dataset.from_dict(v, features=features) for k, v in (("train", some), ("test", none))}
    data = wb.load(hf.DatasetDict(parts))
    assert sum(sizes(data).values()) == 15
    assert data.notes[:2] == (
        "5 rows of train with label -1 were left out",
        "split 'test' (2 rows) was left out: its labels are all -1",
    )


# --- a folder ---------------------------------------------------------------------------------------------------------


def test_files_beside_those_of_the_splits_are_named(tmp_path):
    for name, start in (("train.csv", 0), ("eval.csv", 100), ("holdout.csv", 200)):
        frame(10, start).to_csv(tmp_path / name, index=False)
    data = wb.load(tmp_path)
    assert sizes(data) == {"train": 10, "validation": 10}
    assert data.notes[0].endswith("these were not read: holdout.csv")
    (tmp_path / "card.json").write_text("{}")
    frame(4, 300).to_csv(tmp_path / "dev.csv", index=False)
    data = wb.load(tmp_path)
    assert sizes(data) == {"train": 10, "validation": 4} and data.notes[0].endswith("not read: eval.csv, holdout.csv")


def test_bundled_data_have_nothing_to_note():
    assert wb.load("reviews").notes == ()


def test_a_lone_file_called_eval_is_the_data(tmp_path):
    frame().to_csv(tmp_path / "eval.csv", index=False)
    assert sum(sizes(wb.load(tmp_path)).values()) == 40


def test_two_folders_for_one_split_are_an_error(tmp_path):
    for split in ("train", "dev", "val"):
        for name in ("pos", "neg"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(4):
                (tmp_path / split / name / f"{i}.txt").write_text(f"{split} {name} {i}")
    with pytest.raises(wb.WorkbenchError, match=r"'dev' and 'val' in folder .*, which both mean validation"):
        wb.load(tmp_path)
    (tmp_path / "val").rename(tmp_path / "spare")
    data = wb.load(tmp_path)
    assert sizes(data) == {"train": 8, "validation": 8} and data.notes[0].startswith("folder 'spare' was left out")


@pytest.mark.parametrize("names", [("20news-bydate-train", "20news-bydate-test"), ("train", "test")])
def test_texts_without_an_ending_under_folders_that_end_in_train_and_test(tmp_path, names):
    for split, n in zip(names, (8, 3), strict=True):
        for name in ("alt.atheism", "sci.space"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(n):
                (tmp_path / split / name / f"{49960 + i}").write_bytes(f"{split} {name} café {i}".encode("latin-1"))
    data = wb.load(tmp_path)
    assert data.labels == ["alt.atheism", "sci.space"] and len(data["test"]) == 6
    assert sum(sizes(data).values()) == 22 and "café" in data["train"]["text"][0]


def test_beside_texts_with_an_ending_files_without_one_are_passed_over(tmp_path):
    for name in ("pos", "neg"):
        (tmp_path / name).mkdir()
        for i in range(6):
            (tmp_path / name / f"{i}.txt").write_text(f"{name} {i}")
        (tmp_path / name / "list").write_text("no text")
    data = wb.load(tmp_path)
    assert sum(sizes(data).values()) == 12 and any("2 other files" in n for n in data.notes)


def test_the_only_two_files_of_one_name_in_two_languages_are_for_training(tmp_path):
    for code, word in (("en", "good"), ("fr", "bon")):
        (tmp_path / f"corpus.{code}").write_text("".join(f"{word} {i}\n" for i in range(20)))
    data = wb.load(tmp_path)
    assert data.task == "translation" and sum(sizes(data).values()) == 20
    assert data["train"]["source"][0].replace("good", "bon") == data["train"]["target"][0]
    assert data.notes[0] == "corpus.en and corpus.fr were read as pairs to train on"
    (tmp_path / "other.de").write_text("gut\n")
    with pytest.raises(wb.WorkbenchError, match="no training file"):
        wb.load(tmp_path)


@pytest.mark.parametrize("inner", ["", "data"])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_numbered_parts_of_a_split_are_read_one_after_the_other(tmp_path, inner, suffix):
    folder = tmp_path / inner
    folder.mkdir(exist_ok=True)
    (tmp_path / "README.md").write_text("A repository.")
    for name, rows in (("train-00000-of-00002", frame(20)), ("train-00001-of-00002", frame(10, 20)),
                       ("test-00000-of-00001", frame(6, 50))):  # fmt: skip
        path = folder / f"{name}.{suffix}"
        rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path, index=False)
    data = wb.load(tmp_path)
    assert sum(sizes(data).values()) == 36 and len(data["test"]) == 6
    texts = set(data["train"]["text"]) | set(data["validation"]["text"])
    assert texts == set(frame(30)["text"]) and not any("2 parts" in n for n in data.notes)
    (folder / f"train-00001-of-00002.{suffix}").unlink()
    data = wb.load(tmp_path)
    assert sum(sizes(data).values()) == 26
    assert any(n == f"1 of the 2 parts of train.{suffix} is there" for n in data.notes)


def test_parts_of_different_files_are_two_files_for_one_split(tmp_path):
    for name in ("train-00000-of-00002", "train-00001-of-00003"):
        frame(20).to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(wb.WorkbenchError, match="two files for one split"):
        wb.load(tmp_path)


def test_a_test_file_without_labels_is_left_out_and_said(tmp_path):
    frame(20).rename(columns={"text": "sentence"}).to_csv(tmp_path / "train.tsv", sep="\t", index=False)
    blind = pd.DataFrame({"index": range(6), "sentence": frame(6, 50)["text"]})
    blind.to_csv(tmp_path / "test.tsv", sep="\t", index=False)
    data = wb.load(tmp_path)
    assert "test" not in data and sum(sizes(data).values()) == 20
    assert data.notes[-1] == "split 'test' (6 rows) was left out: it has no labels"


@pytest.mark.parametrize("hidden", [-1, "", None])
def test_a_test_split_whose_labels_are_hidden_is_left_out_and_said(hidden):
    rows = frame(40, split=["train"] * 30 + ["test"] * 10).astype(object)
    rows.loc[30:, "label"] = hidden
    data = wb.load(rows)
    assert "test" not in data and data.notes[0] == "split 'test' (10 rows) was left out: it has no labels"
    kept = rows.assign(label=[-1, 1] * 15 + [-1] * 10)  # here -1 is a label
    assert len(wb.load(kept)["test"]) == 10


def test_what_save_to_disk_wrote_is_read(tmp_path):
    parts = hf.DatasetDict(train=dataset(20), test=dataset(6, 100))
    parts.save_to_disk(str(tmp_path / "both"))
    parts["train"].save_to_disk(str(tmp_path / "one"))
    data = wb.load(tmp_path / "both")
    assert sum(sizes(data).values()) == 26 and list(data["test"]["text"]) == list(frame(6, 100)["text"])
    assert data.is_named and sum(sizes(wb.load(tmp_path / "one")).values()) == 20
    (tmp_path / "both" / "train" / "state.json").write_text("{")
    with pytest.raises(wb.WorkbenchError, match="the folder 'both' cannot be read"):
        wb.load(tmp_path / "both")


# --- a column ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Split", "partition", "Set", "subset", "fold", "data_split"])
def test_a_column_of_splits_may_have_other_names(name):
    rows = frame(**{name: ["Train"] * 24 + ["DEV"] * 10 + ["test"] * 6})
    data = wb.load(rows)
    assert sizes(data) == {"train": 24, "validation": 10, "test": 6}
    assert data.notes == (f"the splits are those of column {name!r}",) and name not in data["train"].column_names


@pytest.mark.parametrize("values", [["train"] * 30 + ["spare"] * 10, ["test"] * 40, [0, 1, 2, 3] * 10])
def test_a_column_with_other_values_divides_nothing_and_is_said(values):
    data = wb.load(frame(partition=values))
    assert "test" not in data and "partition" in data["train"].column_names
    assert data.notes[0].startswith("column 'partition' does not divide the rows")


def test_a_column_that_is_asked_for_is_no_column_of_splits():
    rows = frame().rename(columns={"label": "set"}).assign(set=["train", "test"] * 20)
    assert wb.load(rows, label="set").labels == ["test", "train"]


def test_the_rest_of_a_column_of_a_large_file_is_held_against_its_beginning(tmp_path, monkeypatch):
    from workbench.data import stream

    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(stream, "PIECE", 16)
    monkeypatch.setattr(stream, "_cache", lambda: str(tmp_path))
    frame(100, Partition=["train"] * 60 + ["dev"] * 20 + ["test"] * 20).to_csv(tmp_path / "a.csv", index=False)
    assert sizes(wb.load(tmp_path / "a.csv")) == {"train": 60, "validation": 20, "test": 20}
    frame(100, Partition=["train"] * 60 + ["odd"] * 40).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(wb.WorkbenchError, match=r"split values \['odd'\].*another name for column 'Partition'"):
        wb.load(tmp_path / "b.csv")


def test_a_column_of_splits_divides_a_lone_training_split_too(tmp_path):
    rows = frame(split=["train"] * 24 + ["dev"] * 10 + ["test"] * 6)
    for source in (hf.Dataset.from_pandas(rows), hf.DatasetDict(train=hf.Dataset.from_pandas(rows))):
        assert sizes(wb.load(source)) == {"train": 24, "validation": 10, "test": 6}
    rows.to_csv(tmp_path / "train.csv", index=False)
    assert sizes(wb.load(tmp_path)) == {"train": 24, "validation": 10, "test": 6}
    odd = hf.Dataset.from_pandas(frame(split=["a", "b"] * 20))
    assert wb.load(odd).notes[0].startswith("column 'split' does not divide the rows")


# --- files of JSON ----------------------------------------------------------------------------------------------------


def test_json_lines_in_a_json_file_are_read_and_said(tmp_path):
    frame().to_json(tmp_path / "mine.json", orient="records", lines=True)
    data = wb.load(tmp_path / "mine.json")
    assert sum(sizes(data).values()) == 40
    assert data.notes == ("mine.json holds one object per line and was read as jsonl",)


def pairs(n, start=0):
    return [[f"text of number {i}", ["no", "yes"][i % 2]] for i in range(start, start + n)]


@pytest.mark.parametrize("form", ["pairs", "turned", "objects"])
def test_a_dict_of_splits_is_read_as_splits(tmp_path, form):
    whole = {"train": pairs(20), "val": pairs(6, 100), "test": pairs(4, 200), "oos_train": pairs(2, 300)}
    if form == "turned":
        whole = {k: [pair[::-1] for pair in v] for k, v in whole.items()}
    if form == "objects":
        whole = {k: [{"text": t, "label": y} for t, y in v] for k, v in whole.items()}
    (tmp_path / "mine.json").write_text(json.dumps(whole))
    data = wb.load(tmp_path / "mine.json")
    assert sizes(data) == {"train": 20, "validation": 6, "test": 4} and data.labels == ["no", "yes"]
    assert data["test"]["text"][0] == "text of number 200"
    assert data.notes == ("beside the splits of mine.json these were left out: oos_train",)


def test_rows_that_an_annotator_did_not_accept_are_left_out(tmp_path):
    rows = frame(40, answer=["accept"] * 30 + ["reject"] * 6 + ["ignore"] * 4)
    rows.to_json(tmp_path / "mine.jsonl", orient="records", lines=True)
    data = wb.load(tmp_path / "mine.jsonl")
    assert sum(sizes(data).values()) == 30 and data["train"].column_names == ["text", "label"]
    assert data.notes == ("10 rows of mine.jsonl whose answer is reject or ignore were left out",)
    rows.assign(answer=["accept", "maybe"] * 20).to_json(tmp_path / "mine.jsonl", orient="records", lines=True)
    assert sum(sizes(wb.load(tmp_path / "mine.jsonl")).values()) == 40
