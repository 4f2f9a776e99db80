"""Packed files, and files whose ending says nothing: what is in them is read, or the advice on them works when it is followed."""

import gzip
import zipfile

import pandas as pd
import pytest

import workbench as wb
from workbench.data import endings
from workbench.data.load import fingerprint


def frame(n=40):
    return pd.DataFrame({"text": [f"text of number {i}" for i in range(n)], "label": ["no", "yes"] * (n // 2)})


def written(kind):
    return (frame().to_csv(index=False) if kind == "csv" else frame().to_json(orient="records", lines=True)).encode(
        "utf-8"
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_gz_file_is_unpacked(tmp_path, kind):
    (tmp_path / f"mine.{kind}.gz").write_bytes(gzip.compress(written(kind)))
    data = wb.load(tmp_path / f"mine.{kind}.gz")
    assert fingerprint(data) == fingerprint(wb.load(frame())) and data.is_named


@pytest.mark.parametrize("name", ["mine.csv", "../../up.csv", "a/b/mine.CSV"])
def test_the_only_file_of_data_in_a_zip_is_read_wherever_its_name_points(tmp_path, name):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "mine.zip", "w") as archive:
        archive.writestr(name, written("csv"))
        archive.writestr("readme.txt", "A note.")
        archive.writestr("__MACOSX/._mine.csv", "x")
    data = wb.load(folder / "mine.zip")
    assert fingerprint(data) == fingerprint(wb.load(frame())) and data.notes == (
        f"of mine.zip its file {name} was read",
    )
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["mine.zip"]


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"], ["a.docx"]])
def test_a_zip_with_none_or_several_is_refused(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for name in names:
            archive.writestr(name, written("csv"))
    with pytest.raises(wb.WorkbenchError, match=f"mine.zip holds {2 * (len(names) == 2)} files of data.*unpacking it"):
        wb.load(tmp_path / "mine.zip")


@pytest.mark.parametrize("name", ["mine.csv.gz", "mine.zip"])
def test_what_is_broken_or_too_large_is_refused(tmp_path, name, monkeypatch):
    (tmp_path / name).write_bytes(b"\x1f\x8bno such thing")
    with pytest.raises(wb.WorkbenchError, match="cannot be unpacked"):
        wb.load(tmp_path / name)
    monkeypatch.setattr(endings, "MOST", 100)
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(gzip.compress(written("csv")))
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("mine.csv", written("csv"))
    with pytest.raises(wb.WorkbenchError, match=r"holds more than 0 MB.*unpacking it"):
        wb.load(tmp_path / name)


def test_a_gz_file_that_does_not_say_what_it_holds_is_refused(tmp_path):
    (tmp_path / "mine.gz").write_bytes(gzip.compress(written("csv")))
    with pytest.raises(wb.WorkbenchError, match=r"mine.gz does not say .*mine.csv.gz.*unpacking it"):
        wb.load(tmp_path / "mine.gz")


SHAPES = {
    ".tsv": "".join(f"{'spam' if i % 2 else 'ham'}\tThis is, well, message {i}\n" for i in range(40)),
    ".conll": "".join(f"Ada B-PER\nwent O\nhome O\nday{i} O\n\n" for i in range(20)),
    ".jsonl": "".join(f'{{"text": "text of number {i}", "label": "{i % 2}"}}\n' for i in range(40)),
}


@pytest.mark.parametrize("ending", SHAPES)
@pytest.mark.parametrize("name", ["Collection", "mine.data"])
def test_a_file_with_an_unknown_ending_is_read_by_its_lines(tmp_path, name, ending):
    (tmp_path / name).write_text(SHAPES[ending])
    (tmp_path / f"same{ending}").write_text(SHAPES[ending])
    data = wb.load(tmp_path / name)
    assert fingerprint(data) == fingerprint(wb.load(tmp_path / f"same{ending}"))
    assert f"{name} was read as a {ending} file is, by what its lines look like" in data.notes


def test_the_only_file_without_an_ending_in_a_zip_is_read_beside_its_readme(tmp_path):
    with zipfile.ZipFile(tmp_path / "sms.zip", "w") as archive:
        archive.writestr("SMSSpamCollection", SHAPES[".tsv"])
        archive.writestr("readme", "What this is.")
    assert wb.load(tmp_path / "sms.zip").labels == ["ham", "spam"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.xml", "read_xml"), ("a.conllu", "no ten columns"), ("wiki.tokens", "end in .txt")],
)
def test_of_endings_that_are_not_read_it_is_said_what_to_make_of_them(tmp_path, name, said):
    (tmp_path / name).write_text("Some words.\nSome other words.\nAnd more.\n")
    with pytest.raises(wb.WorkbenchError, match=said):
        wb.load(tmp_path / name)


def test_of_other_files_nothing_is_said(tmp_path):
    (tmp_path / "mine.doc").write_text("Some words.\nSome other words.\nAnd more.\n")
    with pytest.raises(wb.WorkbenchError, match=r"a file ending in '.doc'.*saving it as csv"):
        wb.load(tmp_path / "mine.doc")


def test_packed_files_of_splits_are_found_in_a_folder(tmp_path):
    (tmp_path / "train-00000-of-00002.csv.gz").write_bytes(gzip.compress(written("csv")))
    (tmp_path / "train-00001-of-00002.csv.gz").write_bytes(gzip.compress(written("csv")))
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(written("jsonl")))
    data = wb.load(tmp_path)
    assert len(data["test"]) == 40 and len(data["train"]) + len(data["validation"]) == 80
    frame(20).to_csv(tmp_path / "test.csv", index=False)
    data = wb.load(tmp_path)  # what is not packed comes first
    assert len(data["test"]) == 20 and data.notes[0].endswith("these were not read: test.jsonl.gz")
    (tmp_path / "test.csv.gz").write_bytes(gzip.compress(written("csv")))
    assert wb.load(tmp_path).notes[0] == data.notes[0]
