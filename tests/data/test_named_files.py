"""Several files in a folder of which no name speaks of a split: classes by their names, parts with labels of their own, or neither."""

import pytest

import workbench as wb

NAMES = ["Ada", "Bob", "Cleo", "Dan"]
OLD = [f"{NAMES[i % 4]} saw the old mill number {i} ." for i in range(24)]
NEW = [f"{NAMES[i % 4]} heard a new song, line {i} ." for i in range(24)]
BOTH = dict.fromkeys(OLD, "old") | dict.fromkeys(NEW, "new")


def lines(texts):
    return "".join(f"{t}\n" for t in texts)


def news(texts, subject):
    return "title,text,subject,date\n" + "".join(
        f'"Title {i}","{t}",{subject[i % 2]},"May {i}, 2017"\n' for i, t in enumerate(texts)
    )


def rows(texts, first=0, head="text,label\n", sign=","):
    return head + "".join(f'"{t}"{sign}{i % 2 + first}\n' for i, t in enumerate(texts))


def load(folder, files):
    for name, content in files.items():
        (folder / name).write_text(content)
    return wb.load(folder)


def found(data):
    return {
        row["text"]: data["train"].features["label"].int2str(row["label"]) for split in data.values() for row in split
    }


@pytest.mark.parametrize(("files", "old", "new"), [
    ({"Fake.csv": news(OLD, "ab"), "True.csv": news(NEW, "cd")}, "Fake", "True"),  # subject is another in each: no label of their own
    ({"rt-polarity.neg": lines(OLD), "rt-polarity.pos": lines(NEW)}, "neg", "pos"),
    ({"plot.tok.gt9.5000": lines(OLD), "quote.tok.gt9.5000": lines(NEW), "subjdata.README.1.0": "What this is."}, "plot", "quote"),
    ({"positive_reviews.txt": lines(OLD), "negative_reviews.txt": lines(NEW)}, "positive", "negative"),
    ({"business.jsonl": lines(f'{{"text": "{t}"}}' for t in OLD), "sport.jsonl": lines(f'{{"text": "{t}"}}' for t in NEW)}, "business", "sport"),
])  # fmt: skip
def test_a_file_for_each_class_is_named_after_it(tmp_path, files, old, new):
    data = load(tmp_path, files)
    assert found(data) == {t: {"old": old, "new": new}[side] for t, side in BOTH.items()}
    assert any("was read as a class of its own" in n and repr(old) in n and repr(new) in n for n in data.notes)


def test_a_file_of_texts_without_a_class_is_left_out_and_named(tmp_path):
    data = load(
        tmp_path, {"pos.txt": lines(OLD), "neg.txt": lines(NEW), "unlabeled.txt": lines(f"{t} Again ." for t in OLD)}
    )
    assert data.labels == ["neg", "pos"] and set(found(data)) == set(BOTH)
    assert any("unlabeled.txt was left out" in n for n in data.notes)


@pytest.mark.parametrize("files", [
    {"2019.csv": rows(OLD), "2020.csv": rows(NEW)},
    {"amazon_cells_labelled.txt": rows(OLD, head="", sign="\t"), "imdb_labelled.txt": rows(NEW, head="", sign="\t"), "readme.txt": "What."},
])  # fmt: skip
def test_tables_with_the_same_labels_are_parts_and_say_from_which_file_a_row_is(tmp_path, files):
    data = load(tmp_path, files)
    assert data.labels == ["0", "1"] and set(found(data)) == set(BOTH)
    where = {row["text"]: row["file"] for split in data.values() for row in split}
    assert {where[OLD[0]], where[NEW[0]]} == {name for name in files if "readme" not in name}
    assert any("were read one after the other" in n for n in data.notes)


@pytest.mark.parametrize("files", [
    {"questions.txt": lines(OLD), "answers.txt": lines(NEW)},  # what the rows of one are to those of the other
    {"part1.txt": lines(OLD), "part2.txt": lines(NEW)},
    {"mill.txt": lines(OLD), "mill_mended.txt": lines(NEW)},  # another state of the same
    {"movies.csv": "id,title\n" + "1,The old mill\n" * 9, "ratings.csv": "user,id,rating\n" + "1,1,5\n" * 9},
    {"a.csv": rows(OLD), "b.csv": rows(NEW, first=5)},  # other labels
    {"a.csv": rows(OLD), "b.csv": rows(OLD)},  # the same rows twice
    {"old.csv": "text,label\nA mill .,a\n", "new.csv": "text,label\nA song .,a\n"},  # hardly a row
    {"positive.review": "<review>\n<text>\nA mill .\n</text>\n</review>\n" * 9, "negative.review": "<review>\n<text>\nA song .\n</text>\n</review>\n" * 9},
    {"fake.csv": rows(OLD), "notes.json": '{"a": 1}'},
    {"mill.en": lines(OLD), "song.de": lines(NEW)},
])  # fmt: skip
def test_files_that_are_neither_are_refused_as_before(tmp_path, files):
    with pytest.raises(wb.WorkbenchError, match=r"no training file|languages"):
        load(tmp_path, files)


def test_folders_beside_files_leave_them_alone(tmp_path):
    (tmp_path / "more").mkdir()
    with pytest.raises(wb.WorkbenchError, match="no training file"):
        load(tmp_path, {"pos.txt": lines(OLD), "neg.txt": lines(NEW)})
