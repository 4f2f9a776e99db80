"""Files as their own pages give them for download, packed, in folders, a sentence per line, imitated with words of our own: each is
read as what it is, and what had to be guessed is said."""

import gzip
import io
import json
import tarfile
import zipfile

import pandas as pd
import pytest

import workbench as wb
from workbench.data import decode, onelines, stream

NAMES = ["Ada", "Bob", "Cleo", "Dan"]
TEXTS = [f"{NAMES[i % 4]} saw the old mill number {i} ." for i in range(24)]
FRENCH = [f"Elle voit le vieux moulin numéro {i} ." for i in range(24)]
TABLE = "text,label\n" + "".join(f"{t},{'ab'[i % 2]}\n" for i, t in enumerate(TEXTS))


def written(folder, files, coded="utf-8"):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(coded))
    return folder


def load(folder, name, content, coded="utf-8"):
    return wb.load(written(folder, {name: content}, coded) / name)


def all_texts(data, column="text"):
    return sorted(v for split in data.values() for v in split[column])


def said(data, *words):
    return any(all(word in note for word in words) for note in data.notes)


# --- quotes -----------------------------------------------------------------------------------------------------------


def reviews(text):
    return '"id"\t"sentiment"\t"review"\n' + "".join(f'"{i}_8"\t{i % 2}\t"{text(i)}"\n' for i in range(24))


@pytest.mark.parametrize("large", [False, True])
def test_kaggles_reviews_have_quotes_around_their_fields_and_backslashes_inside(tmp_path, large, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1 if large else stream.LARGE)
    data = load(tmp_path, "labeledTrainData.tsv", reviews(lambda i: f'\\"Mill\\" number {i}<br />AC\\DC, \\"good\\"'))
    assert all_texts(data) == sorted(f'"Mill" number {i}<br />AC\\DC, "good"' for i in range(24))
    assert data.labels == ["0", "1"] and said(data, "behind a backslash")
    assert large or data["train"]["id"][0][0] != '"'


def test_quotes_that_stand_around_some_texts_of_a_tsv_alone_are_letters(tmp_path):
    rows = "".join(
        f"{i % 2}\t{t if i % 3 else f'“{t}”'.translate({0x201C: 34, 0x201D: 34})}\n" for i, t in enumerate(TEXTS)
    )
    data = load(tmp_path, "mine.tsv", f"label\ttext\n{rows}")
    assert sum(t.startswith('"') for t in all_texts(data)) == 8


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("which", [range(24), [7]], ids=["all", "one"])
def test_a_backslash_before_the_quotes_of_a_csv_is_no_letter(tmp_path, which, large, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1 if large else stream.LARGE)
    texts = [f'He said "no", and "{t}" twice' if i in which else t for i, t in enumerate(TEXTS)]
    rows = "".join(f'''{i % 2},"{t.replace('"', chr(92) + '"')}"\n''' for i, t in enumerate(texts))
    data = load(tmp_path, "mine.csv", f"label,text\n{rows}")
    assert all_texts(data) == sorted(texts) and said(
        data, "quotes inside the fields of mine.csv stand behind a backslash"
    )


def test_a_backslash_before_doubled_quotes_stays_a_letter(tmp_path):
    frame = pd.DataFrame(
        {"label": [i % 2 for i in range(24)], "text": [json.dumps({"said": f'a "word" {i}'}) for i in range(24)]}
    )
    whole = frame.to_csv(index=False)
    data = load(tmp_path, "mine.csv", whole)
    assert all_texts(data) == sorted(frame["text"]) and '\\"' in data["train"]["text"][0]
    assert not decode.escaped(whole, ",")


# --- a sentence and its tags in one line ------------------------------------------------------------------------------


def tags(text):
    return ["B-PER", *["O"] * (len(text.split()) - 1)]


def atis(i):
    return f"BOS {TEXTS[i]} EOS\tO {' '.join(tags(TEXTS[i]))} atis_{['flight', 'fare'][i % 2]}\n"


LINES = {
    "train.w-intent.iob": atis,
    "atis.train.txt": atis,
    "aij-wikiner-en-wp2": lambda i: " ".join(f"{w}|NN|{t}" for w, t in zip(TEXTS[i].split(), tags(TEXTS[i]), strict=True)) + "\n\n",
    "train.tsv": lambda i: f"{TEXTS[i]}\t{' '.join(tags(TEXTS[i]))}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_sentence_and_its_tags_in_one_line_are_words_and_tags(tmp_path, name):
    data = load(tmp_path, name, "".join(map(LINES[name], range(24))))
    assert data.task == "tagging" and data.labels == ["O", "B-PER", "I-PER"]
    assert data["train"]["tokens"][0] == TEXTS[0].split() and list(data["train"]["tags"][0])[:2] == [1, 0]
    assert said(data, "holds a sentence and its tags")


def test_what_atis_asks_for_is_kept_and_can_be_learned_as_its_note_says(tmp_path):
    data = load(tmp_path, "train.w-intent.iob", "".join(map(atis, range(24))))
    assert data["train"]["intent"][:2] == ["atis_flight", "atis_fare"]
    note = next(n for n in data.notes if "column 'intent'" in n)
    again = eval(note[note.index("wb.load(") :], {"wb": wb, "data": data})
    assert again.task == "classification" and again.labels == ["atis_fare", "atis_flight"]
    assert all_texts(again) == sorted(TEXTS)


def test_a_line_with_a_tag_too_few_is_named(tmp_path):
    whole = "".join(map(atis, range(24))).replace("EOS\tO B-PER O", "EOS\tO B-PER", 1)
    with pytest.raises(wb.WorkbenchError, match="sentence 1 has other than one tag per word"):
        load(tmp_path, "train.iob", whole)


def test_words_with_a_tag_each_are_no_such_lines():
    assert not onelines.is_built(["Ada\tB-PER", "left\tO"]) and not onelines.is_built(["a|b text", "ham|See you"])


# --- folders ----------------------------------------------------------------------------------------------------------


def test_class_folders_in_several_folders_are_joined_and_these_are_groups(tmp_path):
    for k in range(1, 7):
        for kind in ("ham", "spam"):
            written(
                tmp_path, {f"enron{k}/{kind}/{i:04d}.{kind}.txt": f"Subject: {kind}\n{TEXTS[i]} {k}" for i in range(6)}
            )
        written(tmp_path, {f"enron{k}/Summary.txt": "Owner: Ada"})
    data = wb.load(tmp_path)
    assert data.labels == ["ham", "spam"] and sum(map(len, data.values())) == 72
    assert said(data, "the class folders in enron1", "were joined", "column 'group'")
    assert not set(data["train"]["group"]) & set(data["validation"]["group"])
    assert sum(map(len, wb.load(tmp_path / "enron2").values())) == 12


@pytest.mark.parametrize(("files", "message"), [
    ({f"part{k}/msg{i}.txt": "Rain." for k in (1, 2, 10) for i in range(4)}, "part1, part10, part2, which are parts and no classes"),
    ({f"{kind}/{split}.txt": f"Ada\tB-PER\n{kind}\tO\n" for kind in ("inter", "intra") for split in ("train", "dev", "test")},
     "inter, intra, each with files for training, validation and test.*the folder 'inter'"),
    ({f"{kind}/{i}.txt": json.dumps({"article": f"It rained {i}.", "options": [["a"]]}) for kind in ("high", "middle") for i in range(4)},
     "hold JSON"),
])  # fmt: skip
def test_folders_that_are_no_classes_are_refused(tmp_path, files, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        wb.load(written(tmp_path, files))


def test_class_folders_may_be_numbers_and_hold_mails(tmp_path):
    files = {f"{stars}/{i}.eml": f"From: a@b.c\nSubject: Hi\n\n{TEXTS[i]} {stars}" for stars in "123" for i in range(6)}
    data = wb.load(written(tmp_path, files))
    assert data.labels == ["1", "2", "3"] and said(data, "18 texts", "the head of a mail")


def test_trecs_spam_has_its_labels_in_a_list(tmp_path):
    mails = {f"data/inmail.{i + 1}": f"From: a@b.c\nSubject: m\n\n{t}\n" for i, t in enumerate(TEXTS)}
    listed = "".join(f"{['spam', 'ham'][i % 2]} ../data/inmail.{i + 1}\n" for i in range(24))
    data = wb.load(written(tmp_path, {**mails, "full/index": listed}))
    assert data.labels == ["ham", "spam"] and len(all_texts(data)) == 24
    assert all((number % 2 == 0) == (label == 1) for split in data.values() for number, label in
               ((int(t.split()[-2]), i) for t, i in zip(split["text"], split["label"], strict=True)))  # fmt: skip
    assert said(data, "its list full/index") and said(data, "the head of a mail")


def test_nltks_reuters_has_its_topics_in_a_list(tmp_path):
    where = ["training" if i % 2 else "test" for i in range(24)]
    listed = "".join(f"{where[i]}/{i} {['cocoa', 'grain cocoa', 'trade'][i % 3]}\n" for i in range(24))
    data = wb.load(written(tmp_path, {"cats.txt": listed, **{f"{where[i]}/{i}": TEXTS[i] for i in range(24)}}))
    assert data.task == "multi-label" and data.labels == ["cocoa", "grain", "trade"] and len(data["test"]) == 12
    assert data["test"]["text"][0] == TEXTS[0] and data["test"]["labels"][2] == [0, 1]
    (tmp_path / "test/0").unlink()
    with pytest.raises(wb.WorkbenchError, match="0 cannot be read"):
        wb.load(tmp_path)


# --- packed files -----------------------------------------------------------------------------------------------------


def zipped(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def tarred(files):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return whole.getvalue()


PACKED = {
    "one.zip": (zipped({"inner.zip": zipped({"a.csv": TABLE}), "README.md": "x"}), 24),
    "two.tgz": (tarred({f"{s}.zip": zipped({"x.csv": TABLE.replace("saw", s)}) for s in ("train", "test")}), 48),
    "kaggle.zip": (zipped({f"{s}.csv.zip": zipped({f"{s}.csv": TABLE.replace("saw", s)}) for s in ("train", "test")}), 48),
    "classes.zip": (zipped({"b.zip": zipped({f"{kind}/{i}.txt": f"{TEXTS[i]} {kind}" for kind in "ab" for i in range(6)})}), 12),
    "parts.zip": (zipped({f"enron{k}.tgz": tarred({f"enron{k}/{kind}/{i}.txt": f"{t} {k}".encode() for kind in "ab"
                                                  for i, t in enumerate(TEXTS[:6])}) for k in (1, 2, 3)}), 36),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_twice_is_read_and_that_is_said(tmp_path, name):
    content, count = PACKED[name]
    data = load(tmp_path, name, content)
    assert data.labels == ["a", "b"] and sum(map(len, data.values())) == count
    assert said(data, f"of {name} what is packed in it was unpacked too")


def test_a_packed_table_in_an_archive_is_read(tmp_path):
    assert len(all_texts(load(tmp_path, "outer.zip", zipped({"a.csv.gz": gzip.compress(TABLE.encode())})))) == 24


def test_a_folder_of_kaggles_packed_tables_is_read(tmp_path):
    files = {f"{s}.csv.zip": zipped({f"{s}.csv": TABLE.replace("saw", s)}) for s in ("train", "test")}
    assert len(wb.load(written(tmp_path, files))["test"]) == 24


@pytest.mark.parametrize(("files", "message"), [
    ({"b.zip": zipped({"c.zip": zipped({"d.csv": TABLE})})}, r"archives within archives \(c.zip\).*loading c.zip"),
    ({"b.zip": b"nothing"}, "b.zip cannot be unpacked"),
    ({"b.zip": zipped({"x.csv": TABLE}), "c.zip": zipped({"y.csv": TABLE})}, r"2 files of data \(b.csv, c.csv\)"),
    ({"b.zip": zipped({"../x.csv": TABLE, "y.csv": TABLE})}, "names inside the archive's own folder"),
])  # fmt: skip
def test_what_is_packed_otherwise_is_refused_by_its_name(tmp_path, files, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        load(tmp_path, "a.zip", zipped(files))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_an_archive_beside_data_stays_closed_and_is_spoken_of(tmp_path):
    data = load(tmp_path, "a.zip", zipped({"train.csv": TABLE, "more.zip": zipped({"x.csv": TABLE})}))
    assert len(all_texts(data)) == 24 and said(data, "packed in a.zip once more was not read: more.zip")
    with pytest.raises(wb.WorkbenchError, match=r"wb.load of a.zip itself"):
        wb.load(tmp_path)


# --- BioC -------------------------------------------------------------------------------------------------------------


def passage(offset, text, names):
    marks = [
        {"text": n, "infons": {"type": kind}, "locations": [{"offset": offset + text.index(n), "length": len(n)}]}
        for n, kind in names
    ]
    return {"offset": offset, "infons": {}, "text": text, "sentences": [], "annotations": marks, "relations": []}


DOCUMENTS = [{"id": f"d{i}", "infons": {}, "relations": [],
              "passages": [passage(0, f"Aspirin helps in case {i}.", [("Aspirin", "Chemical")]),
                           passage(40, "We gave aspirin twice. Nobody had asthma.", [("aspirin", "Chemical"), ("asthma", "Disease")])]}
             for i in range(12)]  # fmt: skip


def in_xml(document):
    def of(p):
        marks = "".join(f'<annotation id="T"><infon key="type">{m["infons"]["type"]}</infon><location offset="{m["locations"][0]["offset"]}" '
                        f'length="{m["locations"][0]["length"]}"/><text>{m["text"]}</text></annotation>' for m in p["annotations"])  # fmt: skip
        return f"<passage><offset>{p['offset']}</offset><text>{p['text']}</text>{marks}</passage>"

    return f"<document><id>{document['id']}</id>{''.join(map(of, document['passages']))}</document>"


BIOC = {
    "a collection.json": json.dumps({"source": "PubTator", "documents": DOCUMENTS}),
    "collections.json": json.dumps([{"source": "PubTator", "documents": DOCUMENTS[:6]}, {"documents": DOCUMENTS[6:]}]),
    "pubtator3.json": json.dumps({"PubTator3": DOCUMENTS}),
    "lines.jsonl": "\n".join(map(json.dumps, DOCUMENTS)),
    "collection.xml": "<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection><source>x</source>"
    + "".join(map(in_xml, DOCUMENTS)) + "</collection>",
}  # fmt: skip


@pytest.mark.parametrize("name", BIOC)
def test_bioc_becomes_a_row_per_sentence(tmp_path, name):
    data = load(tmp_path, name, BIOC[name])
    assert data.task == "tagging" and data.labels == ["O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"]
    assert len(all_texts(data)) == 36 and said(data, "BioC's documents")
    row = next(r for r in data["train"] if r["text"] == "Nobody had asthma.")
    assert row["tokens"] == ["Nobody", "had", "asthma", "."] and row["tags"] == [0, 0, 3, 0]
    assert not {*data["train"]["document"]} & {*data["validation"]["document"]}


def test_bioc_that_is_given_in_sentences_has_its_names_in_them(tmp_path):
    inner = [
        {**passage(0, "It rained.", []), "relations": [{}]},
        passage(11, "We gave aspirin.", [("aspirin", "Chemical")]),
    ]
    odd = {**passage(30, "No aspirin here", [("aspirin", "Chemical")])}
    odd["annotations"][0]["locations"] *= 2
    whole = [
        {"id": f"d{i}", "passages": [{"offset": 0, "text": "", "annotations": [], "sentences": inner}, odd]}
        for i in range(6)
    ]
    data = load(tmp_path, "train.json", json.dumps({"documents": whole}))
    row = next(r for r in data["train"] if "gave" in r["text"])
    assert row["text"] == "We gave aspirin." and row["tags"] == [0, 0, 1, 0]
    assert said(data, "6 relations", "6 names in several pieces")


# --- what annotators' programs and the Hub's viewer save --------------------------------------------------------------


def places(text, last=0):
    return [0, text.index(" ") - last, "PER"]


MARKED = {
    "dataturks.json": "\n".join(json.dumps({"content": t, "extras": None, "annotation": [
        {"label": ["PER"], "points": [{"start": 0, "end": t.index(" "), "text": t.split()[0] + " "}]}]}) for t in TEXTS),
    "corona.json": json.dumps({"examples": [{"id": i, "content": t, "annotations": [
        {"id": "a", "tag_id": "b", "start": 0, "end": t.index(" "), "tag_name": "PER"}]} for i, t in enumerate(TEXTS)]}),
    "annotator.json": json.dumps({"classes": ["PER"], "annotations": [*([t, {"entities": [places(t)]}] for t in TEXTS), None]}),
    "label-studio.csv": pd.DataFrame({"text": TEXTS, "id": range(24), "label": [json.dumps(
        [{"start": 0, "end": t.index(" "), "text": t.split()[0], "labels": ["PER"]}]) for t in TEXTS]}).to_csv(index=False),
    "pandas.csv": pd.DataFrame({"text": TEXTS, "entities": [[tuple(places(t))] for t in TEXTS]}).to_csv(index=False),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKED)
def test_names_marked_in_annotators_programs_are_tags(tmp_path, name):
    data = load(tmp_path, name, MARKED[name])
    assert data.task == "tagging" and data.labels == ["O", "B-PER", "I-PER"] and sum(map(len, data.values())) == 24
    assert data["train"]["tokens"][0][0] == "Ada" and list(data["train"]["tags"][0])[:2] == [1, 0]


def test_rows_as_the_hubs_viewer_answers_them(tmp_path):
    rows = [
        {"row_idx": i, "row": {"text": t, "label": "ab"[i % 2]}, "truncated_cells": []} for i, t in enumerate(TEXTS)
    ]
    assert all_texts(load(tmp_path, "rows.json", json.dumps({"features": [], "rows": rows}))) == sorted(TEXTS)


def test_a_word_per_line_without_blank_lines_is_no_text(tmp_path):
    whole = "".join(f"{w} {t}\n" for text in TEXTS for w, t in zip(text.split(), tags(text), strict=True))
    with pytest.raises(wb.WorkbenchError, match="no blank line says where a sentence ends"):
        load(tmp_path, "ANERcorp.txt", whole)


def test_names_beside_parts_of_speech_are_spoken_of(tmp_path):
    def line(at, word):
        return "\t".join(
            [str(at + 1), word, word, "NOUN", *"____", "_", f"name={'B-PER' if at == 0 else 'O'}|SpaceAfter=No"]
        )

    data = load(
        tmp_path,
        "ddt.conllu",
        "".join("".join(line(i, w) + "\n" for i, w in enumerate(t.split())) + "\n" for t in TEXTS),
    )
    assert said(data, "became tags") and said(data, "the names in column 10", "were not read")


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True])
def test_a_file_that_is_sorted_by_label_is_understood(tmp_path, large, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1 if large else stream.LARGE)
    monkeypatch.setattr(stream, "PIECE", 2_000)
    rows = "".join(f'"{i // 3000 * 4}","{1467810369 + i}","Mon Apr 06 22:{i % 60:02d}:45 PDT 2009","NO_QUERY","user{i % 4000}",'
                   f'"@ada {TEXTS[i % 24]} {i}"\n' for i in range(6000))  # fmt: skip
    data = load(tmp_path, "training.1600000.processed.noemoticon.csv", rows)
    assert data.labels == ["0", "4"] and sum(map(len, data.values())) == 6000
    assert data["train"]["text"][0].startswith("@ada ")


def test_the_key_of_what_a_row_is_about_is_no_label():
    frame = pd.DataFrame({"story_id": [f"s{i // 4}" for i in range(24)], "remark": TEXTS})
    with pytest.raises(wb.WorkbenchError, match="label='story_id'"):
        wb.load(frame)
    assert wb.load(frame.rename(columns={"story_id": "topic_id"})).task == "classification"


def test_where_nothing_could_be_a_label_the_texts_alone_are_advised():
    frame = pd.DataFrame({"column 1": [str(1276 + i) for i in range(24)], "column 2": ["fra"] * 24, "column 3": FRENCH})
    with pytest.raises(wb.WorkbenchError, match=r"Try: wb.load\(list\(frame\['column 3'\]\)\) for the texts alone"):
        wb.load(frame)
    assert wb.load(list(frame["column 3"])).task == "language-modeling"


def test_a_summary_is_written_from_the_text_wherever_it_stands():
    frame = pd.DataFrame({"summary": TEXTS, "dialogue": FRENCH})
    with pytest.raises(wb.WorkbenchError, match=r"\{'dialogue': 'source', 'summary': 'target'\}"):
        wb.load(frame.assign(id=range(24)))


def test_other_columns_of_texts_are_spoken_of():
    frame = pd.DataFrame({"title": FRENCH, "text": TEXTS, "part": [t[:20] for t in TEXTS], "label": ["a", "b"] * 12})
    data = wb.load(frame)
    assert said(data, "column 'title' holds texts too, which are not read", "frame['title'] + ' ' + frame['text']")
    assert not said(wb.load(frame.drop(columns="title")), "not read")


def test_names_of_numbered_labels_in_another_column_are_spoken_of():
    frame = pd.DataFrame(
        {
            "text": TEXTS,
            "label": [i % 3 for i in range(24)],
            "label_text": [["bad", "so-so", "good"][i % 3] for i in range(24)],
        }
    )
    note = next(n for n in wb.load(frame).notes if "has a name for every number" in n)
    assert "label='label_text'" in note and wb.load(frame, label="label_text").labels == ["bad", "good", "so-so"]
    assert not said(wb.load(frame.assign(label_text=["bad", "good"] * 12)), "has a name")


def test_texts_that_are_few_are_spoken_of():
    frame = pd.DataFrame({"question": ["cause", "effect"] * 12, "premise": TEXTS, "label": [i % 3 for i in range(24)]})
    assert said(wb.load(frame), "column 'question' was read as text and holds 2 different ones in 24 rows")


def test_texts_written_as_bytes_are_decoded(tmp_path):
    whole = pd.DataFrame({"text": [repr(f"{t} Señor's".encode()) for t in TEXTS], "label": ["a", "b"] * 12}).to_csv(
        index=False
    )
    data = load(tmp_path, "tfds.csv", whole)
    assert all_texts(data) == sorted(f"{t} Señor's" for t in TEXTS) and said(data, "written as bytes")


def test_several_labels_with_spaces_between_are_spoken_of():
    frame = pd.DataFrame({"text": TEXTS, "label": ["cs.CL", "math.CO", "cs.CL math.CO"] * 8})
    assert said(wb.load(frame), "'cs.CL math.CO' was read as one class")


@pytest.mark.parametrize("name", ["reviews.ndjson.gz", "eng.train.gz", "SMSSpamCollection.gz"])
def test_what_a_packed_file_is_may_be_told_by_its_lines(tmp_path, name):
    whole = {"r": "\n".join(json.dumps({"text": t, "label": "ab"[i % 2]}) for i, t in enumerate(TEXTS)),
             "e": "".join("".join(f"{w} {t}\n" for w, t in zip(x.split(), tags(x), strict=True)) + "\n" for x in TEXTS),
             "S": "".join(f"{'ab'[i % 2]}\t{t}\n" for i, t in enumerate(TEXTS))}  # fmt: skip
    data = load(tmp_path, name, gzip.compress(whole[name[0]].encode()))
    assert sum(map(len, data.values())) == 24
    with pytest.raises(wb.WorkbenchError, match="does not say what is packed in it"):
        load(tmp_path, "notes.gz", gzip.compress(b"It rained.\nIt did.\n"))


# --- questions --------------------------------------------------------------------------------------------------------


def test_coqas_answers_are_the_words_of_the_story_that_say_them(tmp_path):
    talks = [{"id": str(i), "story": f"Then {t}", "questions": [{"input_text": "Who?"}, {"input_text": "Was it?"}, {"input_text": "Why?"}],
              "answers": [{"input_text": t.split()[0].lower() + ".", "span_text": t[:9], "span_start": 5, "span_end": 14},
                          {"input_text": "yes", "span_text": "saw", "span_start": 9, "span_end": 12},
                          {"input_text": "unknown", "span_text": "unknown", "span_start": -1, "span_end": -1}]} for i, t in enumerate(TEXTS)]  # fmt: skip
    data = load(tmp_path, "coqa-train-v1.0.json", json.dumps({"version": "1.0", "data": talks}))
    assert data.task == "answering" and sum(map(len, data.values())) == 48
    assert (
        data["train"]["answers"][0] == {"text": ["Ada"], "answer_start": [5]}
        and data["train"]["answers"][1]["text"] == []
    )
    assert said(data, "follow one another", "24 whose answer is in other words")


def test_quacs_word_for_no_answer_is_spoken_of(tmp_path):
    rows = [{"paragraphs": [{"context": f"{t} CANNOTANSWER", "qas": [{"id": f"{i}", "question": "Why?", "answers": [
        {"text": "CANNOTANSWER" if i % 2 else "mill", "answer_start": len(t) + 1 if i % 2 else t.index("mill")}]}]}]}
        for i, t in enumerate(TEXTS)]  # fmt: skip
    assert said(load(tmp_path, "train_v0.2.json", json.dumps({"data": rows})), "12 answers", "CANNOTANSWER")


def test_records_queries_are_questions_on_its_passages(tmp_path):
    rows = [{"passage": {"text": t, "entities": []}, "qas": [{"query": "@placeholder saw it", "idx": i, "answers": [
        {"start": 0, "end": 2, "text": t.split()[0]}]}]} for i, t in enumerate(TEXTS)]  # fmt: skip
    data = load(tmp_path, "train.jsonl", "\n".join(map(json.dumps, rows)))
    assert data.task == "answering" and data["train"]["answers"][0] == {"text": ["Ada"], "answer_start": [0]}


# --- translations -----------------------------------------------------------------------------------------------------


def pairs(data):
    return sorted((r["source"], r["target"]) for split in data.values() for r in split)


BOTH = list(zip(TEXTS, FRENCH, strict=True))
COLUMNS = {
    "domains and a score": lambda i, a, b: f"www.x{i % 3}.com\twww.x{i % 3}.com\t0.{500 + i}\t{a}\t{b}\n",
    "a tab at the end": lambda i, a, b: f"{a}\t{b}\t\n",
    "empty pairs between": lambda i, a, b: f"{a}\t{b}\n" + "\t\n" * (i % 8 == 7),
}


@pytest.mark.parametrize("way", COLUMNS)
def test_pairs_with_other_things_beside_and_between_them_are_pairs(tmp_path, way):
    data = load(tmp_path, "pairs.tsv", "".join(COLUMNS[way](i, a, b) for i, (a, b) in enumerate(BOTH)))
    assert pairs(data) == sorted(BOTH)
    assert said(data, "3 empty pairs of train were left out") == (way == "empty pairs between")


@pytest.mark.parametrize("names", [("train.en.txt", "train.fr.txt"), ("train_en.txt", "train_fr.txt"), ("books.en.txt", "books.fr.txt"),
                                   ("train.src.gz", "train.trg.gz")])  # fmt: skip
def test_pairs_in_two_files_with_another_ending_behind_the_language(tmp_path, names):
    for name, texts in zip(names, (TEXTS, FRENCH), strict=True):
        whole = ("\n".join(texts) + "\n").encode()
        written(tmp_path, {name: gzip.compress(whole) if name.endswith("gz") else whole})
    if names[0].endswith("gz"):
        written(tmp_path, {"train.id.gz": gzip.compress(b"eng\tfra\n" * 24)})
    assert pairs(wb.load(tmp_path)) == sorted(BOTH)


def test_folders_of_splits_with_a_file_per_language(tmp_path):
    files = {f"{split}/{code}.{split}": "\n".join(texts) + "\n" for split in ("dev", "devtest")
             for code, texts in (("eng_Latn", TEXTS), ("fra_Latn", FRENCH))}  # fmt: skip
    with pytest.raises(
        wb.WorkbenchError, match=r"texts in 2 languages for dev and devtest alone.*renaming a folder to train"
    ):
        wb.load(written(tmp_path, files))
    (tmp_path / "dev").rename(tmp_path / "train")
    data = wb.load(tmp_path)
    assert len(data["test"]) == 24 and data["test"]["target"][:] == FRENCH
