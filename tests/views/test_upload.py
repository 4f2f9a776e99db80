"""The upload control: a file becomes data as `wb.load` would make it; what is wrong is a sentence with rows; nothing is executed."""

import gzip
import html
import io
import pickle
import tarfile
import zipfile
from datetime import UTC, datetime

import pandas as pd
import pytest

import workbench as wb
from workbench.config import RunConfig
from workbench.data.load import fingerprint
from workbench.data.read import READERS
from workbench.views import upload
from workbench.views.panel import Panel


@pytest.fixture
def panel():
    return Panel(RunConfig())


def frame(n=40):
    return pd.DataFrame({"text": [f"a text of number {i}" for i in range(n)], "label": ["no", "yes"] * (n // 2)})


def arrive(panel, name, content, **more):
    """What the browser does; `more` are further files that are chosen with the first, their points written as two underscores."""
    files = {name: content, **{k.replace("__", "."): v for k, v in more.items()}}
    chosen = [{"name": name, "type": "", "size": len(content), "content": memoryview(content),
               "last_modified": datetime(2026, 1, 1, tzinfo=UTC)} for name, content in files.items()]  # fmt: skip
    panel.data.upload.button.set_trait("value", tuple(chosen))
    return panel.data.upload.said.value


FILES = {
    "mine.csv": frame().to_csv(index=False),
    "mine.tsv": frame().to_csv(index=False, sep="\t"),
    "mine.jsonl": frame().to_json(orient="records", lines=True),
    "mine.json": frame().to_json(orient="records"),
    "mine.bio": "Ada\tB-PER\nleft\tO\n\n" * 8,
    "mine.conll": "Ada\tB-PER\nleft\tO\n\n" * 8,
    "mine.txt": "\n".join(frame()["text"]),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_becomes_the_data_that_load_makes(panel, name, tmp_path):
    said = arrive(panel, name, FILES[name].encode())
    (tmp_path / name).write_text(FILES[name])
    assert 'role="alert"' not in said and "train" in said
    assert fingerprint(wb.load(panel.config.data)) == fingerprint(wb.load(tmp_path / name))
    assert panel.config.data in panel.code.value.replace("&quot;", '"')


def test_any_file_can_be_chosen_and_what_is_usual_is_said(panel):
    """Published files often have no ending, or one of their own: their lines say what they are."""
    assert panel.data.upload.button.accept == ""
    assert all(ending[1:] in html.unescape(panel.data.upload.said.value) for ending in READERS)


def test_a_problem_is_a_sentence_with_rows_and_the_data_stay_as_they_were(panel, home):
    rows = frame()
    rows.loc[[2, 6], "label"] = ""
    said = arrive(panel, "mine.csv", rows.to_csv(index=False).encode())
    assert "2 rows of train have no label (rows 3, 7)" in said and 'role="alert"' in said and "Traceback" not in said
    assert panel.config.data == "reviews" and not list((home / "runs" / "uploads").glob("*"))


def test_columns_can_be_named_after_the_fact(panel):
    rows = frame().rename(columns={"text": "q", "label": "z"}).assign(w=["x", "y"] * 20)
    assert "columns q, z, w" in arrive(panel, "mine.csv", rows.to_csv(index=False).encode())
    panel.data.upload.text.value = "q"
    panel.data.upload.label.value = "z"
    assert "classification" in panel.data.upload.said.value
    assert panel.source().labels == ["no", "yes"]


def test_how_a_file_was_read_is_said_once(panel):
    panel.data.open()
    rows = frame().rename(columns={"text": "review", "label": "sentiment"}).assign(who=["a", "b"] * 20)
    shown = arrive(panel, "mine.csv", rows.to_csv(index=False).encode()) + panel.data.words.value
    notes = wb.load(panel.config.data).notes
    assert notes and [shown.count(html.escape(note)) for note in notes] == [1] * len(notes)


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


def test_an_excel_file_becomes_the_data_that_load_makes(panel, tmp_path):
    pytest.importorskip("openpyxl")
    frame().to_excel(tmp_path / "mine.xlsx", index=False)
    said = arrive(panel, "mine.xlsx", (tmp_path / "mine.xlsx").read_bytes())
    assert 'role="alert"' not in said
    assert fingerprint(wb.load(panel.config.data)) == fingerprint(wb.load(frame()))


def packed(name, content):
    """A zip file with one file in it."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(name, content)
    return whole.getvalue()


def in_tar(name, content):
    """A packed tar file with one file in it."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        about = tarfile.TarInfo(name)
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    return whole.getvalue()


@pytest.mark.parametrize("name", ["mine.parquet", "mine.csv.gz", "mine.zip", "mine.tgz", "mine.tar.gz"])
def test_parquet_and_packed_files_become_the_data_that_load_makes(panel, name):
    rows = frame().to_csv(index=False).encode()
    made = {"mine.parquet": frame().to_parquet(), "mine.csv.gz": gzip.compress(rows), "mine.zip": packed("a.csv", rows),
            "mine.tgz": in_tar("a.csv", rows), "mine.tar.gz": in_tar("a.csv", rows)}  # fmt: skip
    said = arrive(panel, name, made[name])
    assert 'role="alert"' not in said and "classification" in said
    assert fingerprint(wb.load(panel.config.data)) == fingerprint(wb.load(frame()))


def test_files_that_belong_together_become_one_dataset(panel, home):
    said = arrive(
        panel, "train.csv", frame().to_csv(index=False).encode(), test__csv=frame(8).to_csv(index=False).encode()
    )
    assert 'role="alert"' not in said and "train.csv, test.csv" in said and " 8 test" in said
    assert wb.load(panel.config.data)["test"]["text"][:] == list(frame(8)["text"])
    lines = {code: "\n".join(f"sentence {code} number {i}." for i in range(20)).encode() for code in ("en", "fr")}
    said = arrive(panel, "hotel.en", lines["en"], hotel__fr=lines["fr"])
    assert 'role="alert"' not in said and "translation" in said
    assert wb.load(panel.config.data)["train"]["target"][0].startswith("sentence fr")
    assert "two languages" in arrive(panel, "alone.fr", lines["fr"]) and "both at once" in panel.data.upload.said.value


@pytest.mark.parametrize("other", ["train.fr", "more.parquet", "notes.csv"])
def test_a_file_that_would_not_be_read_with_the_others_is_refused_by_name(panel, home, other):
    content = frame().to_parquet() if other.endswith("parquet") else frame().to_csv(index=False).encode()
    said = arrive(panel, "train.csv", frame().to_csv(index=False).encode(), **{other.replace(".", "__"): content})
    assert 'role="alert"' in said and f"{other} does not go with train.csv" in said
    assert panel.config.data == "reviews" and not list((home / "runs" / "uploads").glob("*"))


def test_names_of_labels_beside_the_splits_are_no_stranger(panel):
    numbered = frame().replace({"no": 0, "yes": 1}).to_csv(index=False).encode()
    said = arrive(panel, "train.csv", numbered, classes__txt=b"refused\naccepted\n")
    assert 'role="alert"' not in said and wb.load(panel.config.data).labels == ["accepted", "refused"]


def test_what_is_wrong_with_several_files_names_the_split_and_no_folder_of_ours(panel):
    table = frame().to_csv(index=False).encode()
    said = arrive(panel, "train.csv", table, test__csv=b"id,amount\n1,2\n3,4\n")
    assert "test: columns id, amount" in said
    assert "two files for one split in the files chosen" in arrive(panel, "my-train.csv", table, your_train__csv=table)
    lines = b"A sentence here.\n" * 20
    assert "train.en in the files chosen" in arrive(panel, "train.en", lines, other__fr=lines)


def test_what_belongs_together_and_is_no_data_is_not_kept(panel, home):
    said = arrive(panel, "train.csv", b"text,label\na,x\n", test__csv=b"text,label\nb,x\n")
    assert 'role="alert"' in said and panel.config.data == "reviews"
    assert not list((home / "runs" / "uploads").glob("*"))
    assert "a name of its own" in arrive(panel, "a b.csv", b"x", a__b__csv=b"y")


@pytest.mark.parametrize(
    "name", ["evil.csv", "evil.xlsx", "evil.json", "evil.txt", "evil.conll", "evil.parquet", "evil.zip", "evil.csv.gz"]
)
def test_bytes_are_never_unpickled(panel, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arrive(panel, name, pickle.dumps(Bomb()))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["evil.pkl", "evil.py", "evil", "evil.csv.exe"])
def test_what_its_lines_do_not_explain_is_refused_and_not_kept(panel, home, name):
    said = arrive(panel, name, pickle.dumps(Bomb()))
    assert "a file ending in" in said or "a file without an ending" in said
    assert not list((home / "runs" / "uploads").glob("*"))


def test_a_file_without_an_ending_is_read_by_its_lines(panel):
    lines = "".join(f"{'spam' if i % 2 else 'ham'}\tmessage number {i} of all\n" for i in range(40))
    assert 'role="alert"' not in arrive(panel, "SMSSpamCollection", lines.encode())
    assert wb.load(panel.config.data).labels == ["ham", "spam"]


def test_a_name_cannot_leave_its_folder(home):
    path = upload.kept({"../../..\\etc/pass wd<script>.csv": b"x"})
    assert path.parent == home / "runs" / "uploads" and path.name.startswith("pass-wd-script-")


def test_the_limit_is_stated_and_kept(panel, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT", 10)
    assert "at most 8 MB" in upload.WORDS and upload.WORDS in panel.data.upload.button.tooltip
    assert "path in the Data field" in arrive(panel, "mine.csv", b"text,label\na,b\n")


def test_names_and_notes_are_escaped(panel):
    said = arrive(panel, "<script>.csv", frame().rename(columns={"text": "<script>x"}).to_csv(index=False).encode())
    assert "<script>" not in said and "&lt;script&gt;" in said


def test_every_part_has_a_name_and_is_in_the_data_tab(panel):
    control = panel.data.upload
    assert control.button.description == "Upload data" and control.box in panel.data.box.children
    assert all(w.description and len(w.tooltip) > 15 for w in (control.button, control.text, control.label))
