"""Splits under their many names: which rows are for what, and a sentence on those that are for nothing."""

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
    frame(4, 300).to_csv(tmp_path / "dev.csv", index=False)
    data = wb.load(tmp_path)
    assert sizes(data) == {"train": 10, "validation": 4} and data.notes[0].endswith("not read: eval.csv, holdout.csv")


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
