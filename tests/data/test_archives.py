"""Archives: the one file of data in them, or the files of one dataset; whatever their names point to, nothing is written elsewhere."""

import io
import random
import tarfile
import zipfile

import pytest
from odd_files import data_or_a_sentence

import workbench as wb
from workbench.data import archives, endings
from workbench.data.load import fingerprint

TEXTS = [f"It is the old mill number {i}." for i in range(24)]
TABLE = "text,label\n" + "".join(f"{t},{i % 2 + 1}\n" for i, t in enumerate(TEXTS))
TAGS = "".join(f"Ada B-PER\nsaw O\nit O\nday{i} O\n\n" for i in range(24))
LINES = "".join(f"{t}\n" for t in TEXTS)
KINDS = ["zip", "tar", "tar.gz", "tgz"]


def packed(path, files):
    """An archive with these files, in a format that its ending names."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_the_splits_in_an_archive_are_read_with_the_names_of_their_labels(tmp_path, kind):
    files = {
        "news_csv/train.csv": TABLE,
        "news_csv/test.csv": TABLE,
        "news_csv/classes.txt": "World\nSports\n",
        "news_csv/readme.txt": "News.",
    }
    data = wb.load(packed(tmp_path / f"news_csv.{kind}", files))
    assert data.labels == ["Sports", "World"] and data["test"]["text"][:] == TEXTS
    assert data.is_named and f"news_csv.{kind} was read as a folder with its files is" in data.notes
    assert [p.name for p in tmp_path.iterdir()] == [f"news_csv.{kind}"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_file_of_data_is_read_beside_readmes(tmp_path, kind):
    files = {
        "README.md": "What this is.",
        "LICENSE": "Free.",
        "a/mine.csv": TABLE,
        "classes.txt": "World\nSports\n",
        "a/notes.txt": "Notes.",
    }
    data = wb.load(packed(tmp_path / f"mine.{kind}", files))
    assert data.labels == ["Sports", "World"] and data.notes[0] == f"of mine.{kind} its file a/mine.csv was read"
    (tmp_path / "mine.csv").write_text(TABLE)
    (tmp_path / "classes.txt").write_text("World\nSports\n")
    assert fingerprint(data) == fingerprint(wb.load(tmp_path / "mine.csv"))


@pytest.mark.parametrize(("files", "task"), [
    ({"Books.en-fr.en": LINES, "Books.en-fr.fr": LINES.replace("It is", "Elle voit"), "README": "Books.", "Books.en-fr.xml": "<x/>"}, "translation"),
    ({"x/train.conll": TAGS, "x/dev.conll": TAGS, "x/test.conll": TAGS}, "tagging"),
    ({f"m/{kind}/{i}.txt": t for kind in ("ham", "spam") for i, t in enumerate(TEXTS)}, "classification"),
    ({"readme.txt": "Mails."} | {f"{kind}/{i}": t for kind in ("ham", "spam") for i, t in enumerate(TEXTS)}, "classification"),
    ({"a.txt": LINES, "a.ann": "T1\tPLACE 10 18\told mill\n"}, "tagging"),
], ids=["a pair of texts", "words with tags", "folders of classes", "texts without endings", "names beside a text"])  # fmt: skip
def test_the_files_of_a_dataset_are_read_as_their_folder_is(tmp_path, files, task):
    data = wb.load(packed(tmp_path / "mine.zip", files))
    assert data.task == task
    for name, content in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(content)
    inner = next(p for p in (tmp_path / "mine" / "x", tmp_path / "mine" / "m", tmp_path / "mine") if p.is_dir())
    assert fingerprint(data) == fingerprint(wb.load(inner))


@pytest.mark.parametrize("about", ["_about.txt", "License.txt", "mill.README.1.0.txt"])
def test_what_an_archive_says_of_itself_is_no_data(tmp_path, about):
    pairs = "".join(
        f"{t}\tElle voit {i}.\tCC-BY 2.0 (France) Attribution: tatoeba.org #1\n" for i, t in enumerate(TEXTS)
    )
    data = wb.load(packed(tmp_path / "fra-eng.zip", {about: "What this is.", "fra.txt": pairs}))
    assert data.task == "translation" and data.notes[0] == "of fra-eng.zip its file fra.txt was read"
    classes = wb.load(packed(tmp_path / "rt.zip", {about: "What this is.", "rt.pos": LINES, "rt.neg": LINES.lower()}))
    assert classes.labels == ["neg", "pos"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../train.csv", "/tmp/train.csv", "a/../../train.csv", "..\\train.csv"])
def test_nothing_is_written_where_a_name_points_outside(tmp_path, kind, name):
    path = packed(tmp_path / f"mine.{kind}", {name: TABLE, "test.csv": TABLE})
    with pytest.raises(wb.WorkbenchError, match="holds a file called"):
        wb.load(path)
    assert list(tmp_path.iterdir()) == [path]


def test_links_in_an_archive_are_no_files(tmp_path):
    path = tmp_path / "mine.tar"
    (tmp_path / "secret.csv").write_text(TABLE)
    with tarfile.open(path, "w") as archive:
        for name, kind in (("train.csv", tarfile.SYMTYPE), ("test.csv", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(tmp_path / "secret.csv")
            archive.addfile(info)
    with pytest.raises(wb.WorkbenchError, match="holds 0 files of data"):
        wb.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_archives_that_hold_too_much_are_refused(tmp_path, kind, monkeypatch):
    path = packed(tmp_path / f"mine.{kind}", {"train.csv": TABLE, "test.csv": TABLE})
    monkeypatch.setattr(endings, "MOST", len(TABLE) + 9)
    with pytest.raises(wb.WorkbenchError, match="holds more than"):
        wb.load(path)
    monkeypatch.setattr(endings, "MOST", 1 << 20)
    monkeypatch.setattr(archives, "MOST_FILES", 1)
    with pytest.raises(wb.WorkbenchError, match="holds more than"):
        wb.load(path)


def test_an_archive_that_says_too_little_of_its_size_is_refused(tmp_path, monkeypatch):
    path = packed(tmp_path / "mine.zip", {"train.csv": TABLE, "test.csv": TABLE})
    monkeypatch.setattr(endings, "MOST", len(TABLE) + 9)
    monkeypatch.setattr(archives, "sum", lambda sizes: 0, raising=False)
    with pytest.raises(wb.WorkbenchError, match="holds more than"):
        wb.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_broken_archives_are_data_or_a_sentence(tmp_path, kind):
    whole = packed(tmp_path / f"mine.{kind}", {"train.csv": TABLE, "a/test.csv": TABLE, "b/c.en": LINES}).read_bytes()
    for seed in range(40):
        draw = random.Random(seed)
        broken = bytearray(whole[: draw.choice([len(whole), draw.randrange(len(whole))])])
        for _ in range(draw.randrange(1, 20) if broken else 0):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        (tmp_path / f"odd.{kind}").write_bytes(broken)
        data_or_a_sentence(tmp_path / f"odd.{kind}", seed)
