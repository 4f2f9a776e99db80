"""Large files in pieces: the same texts and labels as when read whole, from disk, in little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import windows

import workbench as wb
from workbench.data import decode, separated, stream
from workbench.data.load import fingerprint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(stream, "PIECE", 16)
    monkeypatch.setattr(stream, "_cache", lambda: str(tmp_path))


def frame(n=100, **columns):
    return pd.DataFrame(
        {"text": [f"a text, of number {i}" for i in range(n)], "label": ["zebra", "ant"] * (n // 2)} | columns
    )


def written(folder, rows, suffix):
    path = folder / f"large.{suffix}"
    {"csv": lambda: rows.to_csv(path, index=False), "tsv": lambda: rows.to_csv(path, index=False, sep="\t"),
     "jsonl": lambda: rows.to_json(path, orient="records", lines=True), "parquet": lambda: rows.to_parquet(path)}[suffix]()  # fmt: skip
    return path


def labelled(data):
    return {t: data.labels[i] for s in data.values() for t, i in zip(s["text"], s["label"], strict=True)}


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_text_keeps_its_label(tmp_path, suffix):
    data = wb.load(written(tmp_path, frame(source="x"), suffix))
    assert labelled(data) == dict(zip(frame()["text"], frame()["label"], strict=True)) and data.labels == [
        "ant",
        "zebra",
    ]
    assert {k: len(v) for k, v in data.items()} == {"train": 86, "validation": 14}  # 15% of 50 and of 50, rounded down
    assert (
        sum(data["validation"]["label"]) == 7
        and "100 rows are read from disk" in data.notes[-1]
        and "'source' left out" in data.notes[-1]
    )
    assert data["train"].cache_files


def test_nothing_is_removed_while_it_is_mapped_into_memory(tmp_path, monkeypatch):
    refused = []
    windows.refuse(monkeypatch, refused)
    data = wb.load(written(tmp_path, frame(), "csv"))
    assert len(data["train"]) == 86 and refused == []
    folder = Path(data["train"].cache_files[0]["filename"]).parent
    assert sorted(p.name for p in folder.iterdir()) == ["train.arrow", "validation.arrow"]


def test_what_processes_left_behind_that_have_gone_is_removed(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mine = stream._own_folder(tmp_path)
    left = Path(str(mine).replace(f"-{os.getpid()}-", f"-{gone.pid}-"))
    elsewhere = Path(str(left).replace("workbench-data-", "workbench-data-other"))
    for folder in (left, elsewhere):
        folder.mkdir()
        (folder / "train.arrow").touch()
    other = stream._own_folder(tmp_path)
    assert not left.exists() and mine.is_dir() and other.is_dir() and elsewhere.is_dir()


def test_given_splits_are_kept_and_fingerprints_agree_with_the_whole(tmp_path, monkeypatch):
    rows = frame(split=["train"] * 60 + ["dev"] * 20 + ["test"] * 20)
    path = written(tmp_path, rows, "csv")
    data = wb.load(path)
    assert [len(data[s]) for s in ("train", "validation", "test")] == [60, 20, 20]
    assert fingerprint(data) == fingerprint(wb.load(rows))
    assert wb.load(path) is data  # converted once


def saved(path, *rows):
    path.write_text("".join(("\t" if path.suffix == ".tsv" else ",").join(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_large_file_without_names_of_columns_keeps_its_first_row(tmp_path, suffix):
    rows = [(y, t.replace(",", "")) for t, y in zip(frame()["text"], frame()["label"], strict=True)]
    data = wb.load(saved(tmp_path / f"large.{suffix}", ("ant", "Ok."), *rows))
    assert labelled(data) == {"Ok.": "ant"} | {t: y for y, t in rows}
    assert "holds no names of columns" in data.notes[0]
    assert data.notes[1] == "read as classification: text from column 'column 2', label from column 'column 1'"


def test_colas_own_table_has_its_label_in_a_large_file_too(tmp_path):
    rows = [f"gj0{i % 4}\t{int(i % 3 > 0)}\t{'*' * (i % 3 == 0)}\tHe saw the mill number {i}.\n" for i in range(90)]
    (tmp_path / "large.tsv").write_text("".join(rows))
    data = wb.load(tmp_path / "large.tsv")
    assert labelled(data) == {f"He saw the mill number {i}.": str(int(i % 3 > 0)) for i in range(90)}
    assert any("are those of CoLA" in n for n in data.notes)


def test_a_quote_that_is_never_closed_swallows_no_rows_of_a_large_file(tmp_path):
    rows = [("text", "label"), *(('"' * (i in (20, 69)) + f"text {i}", "ab"[i % 2]) for i in range(100))]
    data = wb.load(saved(tmp_path / "large.csv", *rows))
    assert labelled(data) == dict(rows[1:]) and "were read as letters" in data.notes[0]


def test_rows_that_are_swallowed_beyond_the_first_ones_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(separated, "LOOKED_AT", 10)
    rows = [("text", "label"), *(('"' * (i in (20, 69)) + f"text {i}", "ab"[i % 2]) for i in range(100))]
    notes = wb.load(saved(tmp_path / "large.csv", *rows)).notes
    assert notes[0].startswith("row 21 of large.csv holds a text of 50 lines that look like rows")


def test_first_rows_that_end_inside_a_quoted_text_say_nothing_of_quotes(tmp_path, monkeypatch):
    monkeypatch.setattr(separated, "LOOKED_AT", 2)
    rows = frame(label=["ant", "zebra"] * 50)[["label", "text"]]
    rows["text"] = [f"two {i}\nlines" for i in range(100)]
    data = wb.load(written(tmp_path, rows, "csv"))
    assert set(labelled(data)) == set(rows["text"])


def test_groups_stay_together(tmp_path):
    data = wb.load(written(tmp_path, frame(author=[f"a{i // 4}" for i in range(100)]), "csv"))
    by_text = dict(zip(frame()["text"], [i // 4 for i in range(100)], strict=True))
    sides = [{by_text[t] for t in data[s]["text"]} for s in ("train", "validation")]
    assert not sides[0] & sides[1] and sides[1]


def test_plain_texts_stream_too(tmp_path):
    (tmp_path / "large.txt").write_text("\n".join(f"line {i}" for i in range(100)) + "\n\n")
    data = wb.load(tmp_path / "large.txt")
    assert data.task == "language-modeling" and sum(map(len, data.values())) == 100


def answered(answers):
    rows = frame().to_dict("records")
    return [{"text": r["text"], "label": r["label"], "answer": a} for r, a in zip(rows, answers, strict=True)]


def test_what_an_annotator_did_not_accept_is_left_out_as_in_a_small_file(tmp_path, monkeypatch):
    rows = answered(["accept", "accept", "reject", "ignore", "accept"] * 20)
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    large = wb.load(path)
    assert labelled(large) == {r["text"]: r["label"] for r in rows if r["answer"] == "accept"}
    assert large.notes[0] == "40 rows of large.jsonl whose answer is reject or ignore were left out"
    assert "60 rows are read from disk" in large.notes[-1] and "answer" not in large.notes[-1]
    monkeypatch.setattr(stream, "LARGE", 1 << 30)
    assert labelled(wb.load(path)) == labelled(large) and wb.load(path).notes[0] == large.notes[0]


def test_yes_and_no_to_one_label_are_two_classes_of_a_large_file(tmp_path, monkeypatch):
    rows = [r | {"label": "SPORT"} for r in answered(["accept", "reject", "reject", "ignore"] * 25)]
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    large, named = wb.load(path), {"accept": "SPORT", "reject": "not SPORT"}
    assert labelled(large) == {r["text"]: named[r["answer"]] for r in rows if r["answer"] in named}
    assert "75 rows are read from disk where they are needed" in large.notes
    monkeypatch.setattr(stream, "LARGE", 1 << 30)
    assert labelled(wb.load(path)) == labelled(large) and wb.load(path).notes == large.notes[:-1]


ROWS = {
    "categories": [{"text": f"Text {i}", "cats": {"yes": float(i % 2), "no": 1.0 - i % 2}} for i in range(40)],
    "intents": [{"tag": f"t{i}", "patterns": [f"Say {i}", f"Tell {i}", f"Ask {i}", f"Get {i}"]} for i in (1, 2, 1, 2)],
    "tasks": [{"data": {"text": f"Text {i}"}, "annotations": [{"result": [{"from_name": "s", "to_name": "t", "type": "choices",
                                                                           "value": {"choices": ["ab"[i % 2]]}}]}]} for i in range(40)],
    "articles": [{"context": f"Ada left {i}", "qas": [{"question": "Who left?", "answers": ["Ada"]}]} for i in range(40)],
}  # fmt: skip


@pytest.mark.parametrize("kind", ROWS)
def test_rows_in_the_form_of_some_tool_are_read_whole_however_large_the_file_is(tmp_path, kind, monkeypatch):
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in ROWS[kind]))
    large = wb.load(path)
    monkeypatch.setattr(stream, "LARGE", 1 << 30)
    assert fingerprint(large) == fingerprint(wb.load(path))


@pytest.mark.parametrize("answers", [["reject"] * 100, ["accept", "reject"] * 49 + ["accept", "perhaps"]])
def test_a_word_that_does_not_mean_a_decision_leaves_nothing_out(tmp_path, answers):
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in answered(answers)))
    assert len(labelled(wb.load(path))) == 100


def test_faults_are_named_with_the_row_they_are_counted_from(tmp_path):
    rows = frame()
    rows.loc[40, "label"] = ""
    with pytest.raises(wb.WorkbenchError, match=r"1 rows of the file have no label \(rows 9\), counted from row 33"):
        wb.load(written(tmp_path, rows, "csv"))


def test_a_kind_that_needs_the_whole_file_is_read_whole(tmp_path):
    rows = pd.DataFrame({"text": [f"t {i}" for i in range(20)], "labels": ["a|b", "b", "a", ""] * 5})
    assert wb.load(written(tmp_path, rows, "csv")).task == "multi-label"


def test_what_is_said_of_labels_is_said_once_and_of_all_pieces(tmp_path):
    labels = ["good", "Bad"] * 24 + ["good ", "bad"] * 26
    notes = wb.load(written(tmp_path, frame(label=labels), "jsonl")).notes
    assert notes[:2] == (
        "spaces around labels were taken off (as in 'good ')",
        "labels that differ by capital letters only are different labels: 'Bad' and 'bad'",
    )
    rows = frame()
    rows["text"] = [t.split() for t in rows["text"]]
    notes = wb.load(written(tmp_path, rows, "parquet")).notes
    assert notes[0] == "texts in column 'text' are lists and were joined with spaces" and len(notes) == 2


def test_a_handful_of_long_texts_is_read_whole(tmp_path):
    data = wb.load(written(tmp_path, frame(8), "csv"))
    assert len(data["validation"]) and sum(map(len, data.values())) == 8 and not data.notes


def test_a_run_on_a_few_of_many_texts_tokenises_those_alone(tmp_path):
    from tiny import tiny_bert

    from workbench.config import RunConfig
    from workbench.models import zoo
    from workbench.tasks import TASKS

    data, model = wb.load(written(tmp_path, frame(), "csv")), tmp_path / "tiny"
    model.mkdir()
    tokenizer = zoo.tokenizer(zoo.source(str(tiny_bert(model))))
    prepared = TASKS["classification"].prepare(data, tokenizer, RunConfig(train_examples=10))
    assert len(prepared.train) == 10 and max(prepared.train.rows) > 10


CODE = """
import resource, sys
from workbench.data.load import load
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
data = load(sys.argv[1])
print(sum(map(len, data.values())), peak() - before)
"""


@pytest.mark.benchmark
def test_a_million_rows_do_not_fill_memory(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(
            f"{'some words of text that go on for a while and then some more ' * 2}{i},class {i % 5}\n"
            for i in range(1_000_000)
        )
    done = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    rows, grown = done.stdout.split()
    assert int(rows) == 1_000_000 and float(grown) < 400  # megabytes above what importing takes; the file has 130


@pytest.mark.parametrize(
    "line", ["__label__{label} {text}", "{text};{label}", "({label} (2 {text}))", "NUM:{label} {text}"]
)
def test_labels_in_the_lines_are_read_as_in_small_files(tmp_path, monkeypatch, line):
    numbers = {"zebra": "3", "ant": "1"} if line.startswith("(") else {}
    rows = [(text, numbers.get(label, label)) for text, label in frame().itertuples(index=False)]
    (tmp_path / "large.txt").write_text("".join(line.format(text=t, label=v) + "\n" for t, v in rows))
    large = wb.load(tmp_path / "large.txt")
    assert large["train"].cache_files and any("they were read as labels" in n for n in large.notes)
    monkeypatch.setattr(stream, "LARGE", 1 << 20)
    assert labelled(large) == labelled(wb.load(tmp_path / "large.txt")) and len(labelled(large)) == 100


def test_a_line_with_two_labels_far_below_makes_lists_of_labels_of_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "SAMPLE", 1000)
    rows = [f"__label__{'ab'[i % 2]} Text of number {i}\n" for i in range(100)]
    (tmp_path / "large.txt").write_text("".join([*rows, "__label__a __label__b Both of them\n"]))
    data = wb.load(tmp_path / "large.txt")
    assert data.task == "multi-label" and data.labels == ["a", "b"] and sum(map(len, data.values())) == 101


def test_a_line_without_a_label_in_a_large_file_is_named(tmp_path):
    (tmp_path / "large.txt").write_text(
        "".join(f"so glad {i};{'joy' if i % 2 else 'anger'}\n" for i in range(40)) + "no more\n"
    )
    with pytest.raises(wb.WorkbenchError, match="line 41 has no label"):
        wb.load(tmp_path / "large.txt")


def test_excels_line_on_the_separator_and_the_names_of_numbered_labels(tmp_path):
    rows = frame().assign(label=["1", "2"] * 50)
    (tmp_path / "large.csv").write_text("sep=;\n" + rows.to_csv(index=False, sep=";"))
    (tmp_path / "classes.txt").write_text("Zebra\nAnt\n")
    data = wb.load(tmp_path / "large.csv")
    assert data["train"].cache_files and data.labels == ["Ant", "Zebra"]
    assert labelled(data) == dict(zip(rows["text"], ["Zebra", "Ant"] * 50, strict=True))
