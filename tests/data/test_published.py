"""Layouts in which well-known data are published, imitated with words of our own: each is read as what it is."""

import gzip
import json
import re

import pandas as pd
import pytest

import workbench as wb
from workbench.data import json_files, lines, standoff, stream
from workbench.data.load import fingerprint

NAMES = ["Ada", "Bob", "Cleo", "Dan"]
TEXTS = [f"{NAMES[i % 4]} saw the old mill number {i} ." for i in range(24)]


def written(folder, files, coded="utf-8"):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode(coded))
    return folder


def per_word(line, tag="B-PER"):
    """Every text with its first word as a name, one word per line."""
    tagged = [[(w, tag if at == 0 else "O") for at, w in enumerate(t.split())] for t in TEXTS]
    return "".join("".join(line(at, w, t) + "\n" for at, (w, t) in enumerate(words)) + "\n" for words in tagged)


def all_rows(data, column):
    return sorted(map(str, (v for split in data.values() for v in split[column])))


def is_tagged(data, kind="PER"):
    first = data["train"][0]
    return (
        data.task == "tagging"
        and data.labels == ["O", f"B-{kind}", f"I-{kind}"]
        and first["tokens"][0] in NAMES
        and first["tags"][:2] == [1, 0]
    )


# --- words with tags --------------------------------------------------------------------------------------------------


def test_conll_2003_is_read_under_its_own_names(tmp_path):
    whole = "-DOCSTART- -X- O O\n\n" + per_word(lambda at, w, t: f"{w} NN I-NP {t.replace('B-', 'I-')}")
    data = wb.load(written(tmp_path, {"eng.train": whole, "eng.testa": whole, "eng.testb": whole}))
    assert is_tagged(data) and {k: len(v) for k, v in data.items()} == {"train": 24, "validation": 24, "test": 24}
    assert is_tagged(wb.load(tmp_path / "eng.train"))


def test_a_pair_of_languages_with_such_endings_stays_a_pair(tmp_path):
    french = "".join(f"Il voit le moulin {i} .\n" for i in range(24))
    data = wb.load(written(tmp_path, {"en.train": "\n".join(TEXTS) + "\n", "fr.train": french}))
    assert data.task == "translation" and len(data["train"]) + len(data["validation"]) == 24


def test_wikiann_has_no_ending_and_a_language_before_every_word(tmp_path):
    whole = per_word(lambda at, w, t: f"en:{w}\t{t}")
    data = wb.load(written(tmp_path, dict.fromkeys(("train", "dev", "test"), whole)))
    assert is_tagged(data) and len(data["test"]) == 24
    assert "before every word of train stood 'en:', which was taken off" in data.notes


def test_germevals_line_above_a_sentence_is_no_word_in_short_sentences_either(tmp_path):
    whole = "".join(f"#\thttp://x/{i} [2009-10-17]\n1\tAda\tB-PER\tO\n2\tleft\tO\tO\n\n" for i in range(24))
    data = wb.load(written(tmp_path, {"NER-de-train.tsv": whole}) / "NER-de-train.tsv")
    assert is_tagged(data) and data["train"]["tokens"][0] == ["Ada", "left"]


def test_words_with_colons_keep_them(tmp_path):
    data = wb.load(
        written(tmp_path, {"a.conll": per_word(lambda at, w, t: f"{'en:' * (at == 1)}{w}\t{t}")}) / "a.conll"
    )
    assert data["train"]["tokens"][0][1] == "en:saw"


def test_types_without_prefixes_are_tags(tmp_path):
    data = wb.load(
        written(tmp_path, {"train.txt": per_word(lambda at, w, t: f"{w}\t{t}", "person-actor")}) / "train.txt"
    )
    assert is_tagged(data, "person-actor")


@pytest.mark.parametrize("name", ["train.conll", "train.v4_gold_conll"])
def test_ontonotes_has_its_names_in_brackets(tmp_path, name):
    def line(at, word, tag):
        names = "(PERSON*" if at == 0 else "*)" if at == 1 else "(DATE)" if at == 5 else "*"
        return f"bc/cctv/00/cctv_0000   0   {at}   {word}   NN   (TOP*   -   -   -   Speaker#1   {names}   *   (V*)   -"

    whole = "#begin document (bc/cctv/00/cctv_0000); part 000\n" + per_word(line) + "#end document\n"
    data = wb.load(written(tmp_path, {name: whole}) / name)
    tags = [data.labels[i] for i in data["train"]["tags"][0]]
    assert data["train"]["tokens"][0][1:4] == ["saw", "the", "old"]
    assert tags == ["B-PERSON", "I-PERSON", "O", "O", "O", "B-DATE", "O", "O"]


@pytest.mark.parametrize("above", ["# id 5239d808-f300\tdomain=en\n", "###MEDLINE:95369245\n\n", ""])
def test_what_stands_above_a_sentence_is_no_word(tmp_path, above):
    whole = per_word(lambda at, w, t: f"{above if at == 0 else ''}{w} _ _ {t}")
    assert is_tagged(wb.load(written(tmp_path, {"en-train.conll": whole}) / "en-train.conll"))


def test_a_sign_with_a_tag_is_a_word_at_the_beginning_too(tmp_path):
    whole = per_word(lambda at, w, t: f"# id\tO\n{w}\t{t}" if at == 0 else f"{w}\t{t}")
    assert wb.load(written(tmp_path, {"a.conll": whole}) / "a.conll")["train"]["tokens"][0][0] == "# id"


def test_the_split_devel_is_for_validation(tmp_path):
    whole = per_word(lambda at, w, t: f"{w}\t{t}")
    data = wb.load(written(tmp_path, {"train.tsv": whole, "devel.tsv": whole}))
    assert is_tagged(data) and len(data["validation"]) == 24


def test_tags_of_one_type_that_is_not_named_are_names(tmp_path):
    whole = per_word(lambda at, w, t: f"{w}\t{t[0] if at != 1 else 'I'}")
    data = wb.load(written(tmp_path, {"train.tsv": whole, "devel.tsv": whole}))
    assert data.labels == ["O", "B-NAME", "I-NAME"] and data["train"]["tags"][0][:3] == [1, 2, 0]
    assert data["train"]["tokens"][0] == TEXTS[0].split()


def universal(text, number):
    """A sentence of CoNLL-U, "du" as one word that is counted as two, and a verb that nobody wrote."""
    word = "\t".join
    named = [word([str(at), w, w, "PROPN" if at == 1 else "NOUN", "_", "_", "0", "root", "_", "SpaceAfter=No"])
             for at, w in enumerate(text.split(), 1)]  # fmt: skip
    named.insert(2, word(["3-4", "du", *"________"]))
    named.append(word(["8.1", "was", "be", "AUX", *"______"]))
    return f"# newdoc id = d{number}\n# sent_id = {number}\n# text = {text}\n#next\n" + "\n".join(named) + "\n\n"


@pytest.mark.parametrize(
    "names", [("xx_mini-ud-{}.conllu", "train", "dev"), ("{}.conll", "train", "dev"), ("{}", "train", "dev")]
)
def test_universal_dependencies_are_words_with_their_parts_of_speech(tmp_path, names):
    whole = "".join(universal(t, i) for i, t in enumerate(TEXTS))
    whole = whole if names[0].endswith("u") else whole.replace("#next\n", "")
    data = wb.load(written(tmp_path, {names[0].format(split): whole for split in names[1:]} | {"LICENSE.txt": "Free."}))
    first = data["train"][0]
    assert data.task == "tagging" and len(data["train"]) == 24 and first["tokens"] == TEXTS[0].split()
    assert [data.labels[i] for i in first["tags"]] == ["B-PROPN", *["B-NOUN"] * (len(first["tags"]) - 1)]
    assert first["sent_id"] == "0" and first["text"] == TEXTS[0]
    assert any("column 4 (UPOS), became tags" in n for n in data.notes)
    assert any("48 lines of" in n and "1-2 or 8.1 were left out" in n for n in data.notes)


def test_the_raw_texts_of_a_treebank_are_no_second_file_of_a_split(tmp_path):
    whole = "".join(universal(t, i) for i, t in enumerate(TEXTS))
    files = {
        f"xx-ud-{split}.{ending}": whole if ending == "conllu" else "Raw."
        for split in ("train", "test")
        for ending in ("conllu", "txt")
    }
    data = wb.load(written(tmp_path, files))
    assert data.task == "tagging" and len(data["test"]) == 24


@pytest.mark.parametrize("name", ["train.txt", "train.conll", "train"])
def test_a_part_of_speech_behind_every_word_is_a_tag_of_its_own(tmp_path, name):
    whole = per_word(lambda at, w, t: f"{w} {['NNP', 'VBD', 'NN', 'NN', 'NN'][min(at, 4)] if w != '.' else '.'}")
    data = wb.load(written(tmp_path, {name: whole}) / name)
    tags = [data.labels[i] for i in data["train"]["tags"][0]]
    assert data.task == "tagging" and tags[:4] == ["B-NNP", "B-VBD", "B-NN", "B-NN"] and tags[-1] == "B-."
    assert any(f"every word of {name} has a tag" in n for n in data.notes)


@pytest.mark.parametrize("sign", ["_NN", "/nn"])
def test_tags_inside_plain_texts_are_spoken_of(tmp_path, sign):
    whole = "\n".join(" ".join(w + sign for w in t.split()) for t in TEXTS)
    data = wb.load(written(tmp_path, {"brown.txt": whole}) / "brown.txt")
    assert data.task == "language-modeling" and any(
        "the tags that stand behind its words" in n and sign in n for n in data.notes
    )


def test_names_in_the_last_of_ten_columns_come_before_parts_of_speech(tmp_path):
    whole = per_word(lambda at, w, t: "\t".join([str(at + 1), w, w, "NOUN", *"_____", t]))
    assert is_tagged(wb.load(written(tmp_path, {"mine.conllu": whole}) / "mine.conllu"))


def test_webannos_own_form_is_refused_with_what_to_export(tmp_path):
    with pytest.raises(wb.WorkbenchError, match="exporting it as CoNLL 2002"):
        wb.load(written(tmp_path, {"a.tsv": "#FORMAT=WebAnno TSV 3.3\n\n#Text=Ada\n1-1\t0-3\tAda\tPER\n"}) / "a.tsv")


def test_files_whose_names_end_in_the_split_are_splits_together(tmp_path):
    whole = per_word(lambda at, w, t: f"{t}\t{w}")
    data = wb.load(written(tmp_path, {"engtrain.bio": whole, "engtest.bio": whole}))
    assert is_tagged(data) and len(data["test"]) == 24


@pytest.mark.parametrize("write", [str, " ".join], ids=["a list written as text", "with spaces"])
def test_a_sentence_and_its_tags_in_two_cells_are_words_and_tags(tmp_path, write):
    tags = [write(["B-PER", *["O"] * (len(t.split()) - 1)]) for t in TEXTS]
    pd.DataFrame({"Sentence #": range(24), "Sentence": TEXTS, "Tag": tags}).to_csv(tmp_path / "ner.csv", index=False)
    assert is_tagged(wb.load(tmp_path / "ner.csv"))


def test_a_cell_with_other_than_one_tag_per_word_is_named():
    frame = pd.DataFrame({"text": TEXTS, "tags": ["B-PER" + " O" * (len(t.split()) - 1) for t in TEXTS]})
    with pytest.raises(wb.WorkbenchError, match=r"1 sentences of train .*\(rows 3\)"):
        wb.load(frame.assign(tags=[*frame["tags"][:2], "B-PER O", *frame["tags"][3:]]))


# --- places of names beside the text ----------------------------------------------------------------------------------


def test_pubtator_becomes_a_row_per_sentence(tmp_path):
    documents = []
    for i in range(12):
        title, abstract = f"Aspirin helps in case {i}.", "We gave aspirin twice. Nobody had asthma."
        at = len(title) + 1 + abstract.index("aspirin")
        marks = [
            (0, 7, "Aspirin", "Chemical"),
            (at, at + 7, "aspirin", "Chemical"),
            (at, at + 13, "aspirin twice", "Dose"),
            (3, 5, "no", "Odd"),
        ]
        documents += [
            f"{i}|t|{title}",
            f"{i}|a|{abstract}",
            *(f"{i}\t{a}\t{b}\t{said}\t{kind}\tD1" for a, b, said, kind in marks),
        ]
        documents += [f"{i}\tCID\tD1\tD2", ""]
    data = wb.load(written(tmp_path, {"CDR.PubTator": "\n".join(documents)}) / "CDR.PubTator")
    assert data.task == "tagging" and sum(map(len, data.values())) == 36
    row = next(r for r in data["train"] if r["text"] == "We gave aspirin twice.")
    assert [data.labels[i] for i in row["tags"]] == ["O", "O", "B-Dose", "I-Dose", "O"]  # the longest of two
    assert any("12 names that are not what stands at their place" in n and "12 names inside or over others" in n
               and "12 lines that are no names" in n for n in data.notes)  # fmt: skip
    assert not {*data["train"]["document"]} & {*data["validation"]["document"]}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("folder", ["", "train/"])
def test_brat_has_its_names_in_a_file_beside_the_text(tmp_path, end, folder):
    for i, text in enumerate(TEXTS):
        at = len(f"It began.{end}")
        marks = f"T1\tPER {at} {at + text.index(' ')}\t{text.split()[0]}\nT2\tPER 0 2;3 8\tIt began\nR1\tx Arg1:T1 Arg2:T2\n"
        written(tmp_path, {f"{folder}{i:02d}.txt": f"It began.{end}{text}{end}", f"{folder}{i:02d}.ann": marks})
    data = wb.load(tmp_path)
    assert data.task == "tagging" and all_rows(data, "text") == sorted(["It began."] * 24 + TEXTS)
    assert any("24 names in several pieces, 24 lines that are no names" in n for n in data.notes)
    row = next(r for r in data["train"] if r["text"] != "It began.")
    assert row["tags"][:2] == [1, 0]


@pytest.mark.parametrize("large", [False, True])
def test_a_file_of_brat_is_read_with_its_names_whatever_it_is_called(tmp_path, large, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1 if large else stream.LARGE)
    whole, places = "\n".join(TEXTS) + "\n", [sum(len(t) + 1 for t in TEXTS[:i]) for i in range(24)]
    marks = "".join(
        f"T{i}\tPER {at} {at + t.index(' ')}\t{t.split()[0]}\n"
        for i, (at, t) in enumerate(zip(places, TEXTS, strict=True))
    )
    written(tmp_path, {"train.txt": whole, "train.ann": marks, "dev.txt": whole, "dev.ann": marks})
    data = wb.load(tmp_path)
    assert is_tagged(data) and len(data["validation"]) == 24 and not any("not read" in n for n in data.notes)
    assert (
        is_tagged(alone := wb.load(tmp_path / "train.txt")) and "train.txt has its names in train.ann" in alone.notes[0]
    )
    written(tmp_path, {"train.ann": "of another kind\n"})
    assert wb.load(tmp_path / "train.txt").task == "language-modeling"


def test_no_sentence_is_cut_inside_a_name():
    text = "We saw St. Ives. It rained."
    marks = [standoff._ANN.fullmatch("T1\tPLACE 7 15\tSt. Ives")]
    rows = list(standoff._sentences(*standoff.placed("a", text, marks, pd.Series(dtype=int).to_dict())))
    assert rows == [("We saw St. Ives.", [[7, 15, "PLACE"]], "a"), ("It rained.", [], "a")]


@pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
def test_spacys_pairs_of_a_text_and_its_names(tmp_path, name):
    rows = [[t, {"entities": [[0, t.index(" "), "PER"]]}] for t in TEXTS]
    whole = json.dumps(rows) if name == "train.json" else "\n".join(map(json.dumps, rows))
    assert is_tagged(wb.load(written(tmp_path, {name: whole}) / name))


# --- rows of annotation tools and of files of JSON --------------------------------------------------------------------


def load_rows(folder, rows):
    return wb.load(written(folder, {"mine.jsonl": "\n".join(map(json.dumps, rows))}) / "mine.jsonl")


def same(data, labels):
    return fingerprint(data) == fingerprint(wb.load(pd.DataFrame({"text": TEXTS[: len(labels)], "label": labels})))


def test_spacys_categories_are_a_label_or_several(tmp_path):
    one = [{"text": t, "cats": {"yes": float(i % 2), "no": 1.0 - i % 2}} for i, t in enumerate(TEXTS)]
    assert same(load_rows(tmp_path, one), [["no", "yes"][i % 2] for i in range(24)])
    many = [{"text": t, "cats": {"a": 1.0, "b": float(i % 2)}} for i, t in enumerate(TEXTS)]
    assert load_rows(tmp_path, many).task == "multi-label"


@pytest.mark.parametrize("style", ["single", "multiple"])
def test_the_options_that_were_chosen_in_prodigy_are_labels(tmp_path, style):
    options = [{"id": "A", "text": "good"}, {"id": "B", "text": "bad"}]
    rows = [{"text": t, "options": options, "accept": ["AB"[i % 2]], "config": {"choice_style": style}, "answer": "accept"}
            for i, t in enumerate(TEXTS)]  # fmt: skip
    data = load_rows(tmp_path, rows)
    assert data.labels == ["bad", "good"] and data.task == ("classification" if style == "single" else "multi-label")


def test_yes_and_no_to_one_label_are_two_classes(tmp_path):
    rows = [{"text": t, "label": "SPORT", "answer": ["accept", "reject"][i % 2]} for i, t in enumerate(TEXTS)]
    data = load_rows(tmp_path, [*rows, {"text": "Left out.", "label": "SPORT", "answer": "ignore"}])
    assert same(data, [["SPORT", "not SPORT"][i % 2] for i in range(24)])


ROWS = [{"text": t, "label": "ab"[i % 2]} for i, t in enumerate(TEXTS)]
JSON = {
    "column by column": {"text": TEXTS, "label": ["ab"[i % 2] for i in range(24)]},
    "as pandas writes it": {k: {str(i): r[k] for i, r in enumerate(ROWS)} for k in ("text", "label")},
    "names and rows": {"columns": ["text", "label"], "index": [*range(24)], "data": [[*r.values()] for r in ROWS]},
    "numbered rows": {str(i): r for i, r in enumerate(ROWS)},
    "further in": {"version": 1, "rasa_nlu_data": {"common_examples": ROWS, "synonyms": []}},
    "pairs": [[*r.values()] for r in ROWS],
    "intents": {
        "intents": [
            {"tag": v, "patterns": [r["text"] for r in ROWS if r["label"] == v], "responses": ["."]} for v in "ab"
        ]
    },
    "lists by label": {label: [r["text"] for r in ROWS if r["label"] == label] for label in "ab"},
}


@pytest.mark.parametrize("way", JSON)
def test_the_ways_to_write_a_table_as_json(tmp_path, way):
    data = wb.load(written(tmp_path, {"mine.json": json.dumps(JSON[way])}) / "mine.json")
    assert data.task == "classification" and data.labels == ["a", "b"] and all_rows(data, "text") == sorted(TEXTS)
    assert fingerprint(data) == fingerprint(wb.load(pd.DataFrame(ROWS))) or way in ("lists by label", "intents")


def test_lists_under_names_of_columns_are_no_classes():
    assert json_files._of_classes({"questions": TEXTS, "replies": TEXTS[:5]}, "mine.json", []) == []
    assert json_files._of_classes({"en": TEXTS, "fr": TEXTS[:5]}, "mine.json", []) == []


def test_a_passage_and_its_questions_in_every_line(tmp_path):
    rows = [{"context": t, "qas": [{"question": f"Who saw mill {i}?", "answers": [t.split()[0]], "detected_answers": [
        {"text": t.split()[0], "char_spans": [[0, t.index(" ") - 1]]}]}]} for i, t in enumerate(TEXTS)]  # fmt: skip
    data = load_rows(tmp_path, [{"header": {"dataset": "x"}}, *rows])
    assert data.task == "answering" and data["train"]["answers"][0] == {"text": ["Ada"], "answer_start": [0]}


@pytest.mark.parametrize("way", ["two columns", "an object in a cell"])
def test_answers_in_a_csv_have_their_places(tmp_path, way):
    frame = pd.DataFrame({"context": TEXTS, "question": [f"Who saw mill {i}?" for i in range(24)]})
    if way == "two columns":
        frame = frame.assign(answer_text="mill", answer_start=[t.index("mill") for t in TEXTS])
    else:
        places = [f"array([{t.index('mill')}], dtype=int32)" for t in TEXTS]
        frame = frame.assign(
            answers=[f"{{'text': array(['mill'], dtype=object), 'answer_start': {p}}}" for p in places]
        )
    frame.to_csv(tmp_path / "mine.csv", index=False)
    row = wb.load(tmp_path / "mine.csv")["train"][0]
    assert row["answers"] == {"text": ["mill"], "answer_start": [row["context"].index("mill")]}


def test_passages_that_are_lists_are_joined_and_that_is_said(tmp_path):
    rows = [
        {"question": f"Who saw mill {i}?", "answer": t.split()[0], "context": [["Mills", [t, "It rained."]]]}
        for i, t in enumerate(TEXTS)
    ]
    data = wb.load(written(tmp_path, {"hotpot.json": json.dumps(rows)}) / "hotpot.json")
    assert data["train"]["context"][0].endswith(". It rained.") and data["train"]["context"][0].startswith("Mills ")
    assert "the passages of train are lists and were joined with spaces" in data.notes


# --- tables, folders, names of labels ---------------------------------------------------------------------------------


def test_excels_line_on_the_separator_is_no_row(tmp_path):
    whole = "sep=;\r\ntext;label\r\n" + "".join(f"{r['text']};{r['label']}\r\n" for r in ROWS)
    data = wb.load(written(tmp_path, {"mine.csv": whole}) / "mine.csv")
    assert same(data, [r["label"] for r in ROWS]) and data.notes == (
        "the columns of mine.csv are separated by semicolons",
    )


def test_a_label_is_not_taken_for_the_other_text(tmp_path):
    frame = pd.DataFrame({"v1": [["ham", "spam"][i % 2] for i in range(24)], "v2": TEXTS})
    assert not any("another column" in n for n in wb.load(frame).notes)


@pytest.mark.parametrize(
    "write", [list, lambda texts: {"label": ["A", "B"], "text": texts}], ids=["lists", "in an object"]
)
def test_a_label_that_chooses_among_answers_is_spoken_of(write):
    rows = [{"ctx": t, "endings": write([f"So {i}.", f"Then {i}."]), "label": i % 2} for i, t in enumerate(TEXTS)]
    assert any("'endings' holds lists of 2 texts" in n for n in wb.load(rows).notes)
    rows = [
        {**r, "label": ["a", "b", "\ud83d"][i % 3]} for i, r in enumerate(rows)
    ]  # half of a sign, as JSON may have it
    assert not any("holds lists of" in n for n in wb.load(rows).notes)


@pytest.mark.parametrize(
    "columns",
    [
        ("question", "choices", "answerKey"),
        ("article", "question", "options", "answer"),
        ("question", "opa", "opb", "cop"),
    ],
    ids=["ARC", "RACE", "MedMCQA"],
)
def test_questions_among_whose_answers_one_is_chosen_are_refused(columns):
    several = {"choices": {"text": ["one", "two"], "label": ["A", "B"]}, "options": ["one", "two"]}
    rows = [
        {c: several.get(c, "AB"[i % 2] if c[:3] in ("ans", "cop") else f"{t} {c}") for c in columns}
        for i, t in enumerate(TEXTS)
    ]
    with pytest.raises(wb.WorkbenchError, match="among whose answers one is chosen"):
        wb.load(pd.DataFrame(rows))


@pytest.mark.parametrize("names", ["ABC", ["ending0", "ending1", "ending2"]])
def test_a_label_that_names_a_column_of_answers_is_spoken_of(names):
    rows = [
        {"question": t, **{n: f"{n} {i}" for n in names}, "answerKey": names[i % 3][-1]} for i, t in enumerate(TEXTS)
    ]
    data = wb.load(pd.DataFrame(rows))
    assert data.task == "classification" and any(
        f"{names[2]!r} hold texts, which are not read" in n for n in data.notes
    )
    assert not any(
        "hold texts" in n
        for n in wb.load(pd.DataFrame([{**r, "answerKey": "xy"[i % 2]} for i, r in enumerate(rows)])).notes
    )


def judged(i):
    """A line of CoLA: every third sentence is none, which most linguists mark by a star."""
    return f"{['gj04', 'bc01', 'r-67'][i % 3]}\t{int(i % 3 > 0)}\t{['*', '', '', '??'][i % 4] * (i % 3 == 0)}\t{TEXTS[i]}\n"


def test_cola_has_its_label_before_the_linguists_mark(tmp_path):
    whole = "".join(map(judged, range(24)))
    test = "index\tsentence\n" + "".join(f"{i}\t{t}\n" for i, t in enumerate(TEXTS))
    data = wb.load(written(tmp_path, {"train.tsv": whole, "dev.tsv": whole, "test.tsv": test}))
    assert data.labels == ["0", "1"] and data["validation"]["text"][:] == TEXTS and "test" not in data
    assert data["validation"]["label"][:6] == [0, 1, 1, 0, 1, 1] and data["validation"]["source"][1] == "bc01"
    assert any("are those of CoLA" in n for n in data.notes)
    assert wb.load(tmp_path / "train.tsv").labels == ["0", "1"]


def test_a_table_with_a_mark_beside_the_other_label_is_not_colas(tmp_path):
    whole = "".join(judged(i).replace("\t1\t\t", "\t1\t*\t") for i in range(24))
    with pytest.raises(wb.WorkbenchError, match="several could hold the labels"):
        wb.load(written(tmp_path, {"mine.tsv": whole}) / "mine.tsv")


@pytest.mark.parametrize(("texts", "labels"), [("{}_text.txt", "{}_labels.txt"), ("{}/seq.in", "{}/label")])
def test_texts_and_labels_in_two_files_line_by_line(tmp_path, texts, labels):
    for split in ("train", "test"):
        numbers = "".join(f"{i % 2}\n" for i in range(24))
        written(tmp_path, {texts.format(split): "\n".join(TEXTS) + "\n", labels.format(split): numbers})
    written(tmp_path, {"mapping.txt": "0\tanger\n1\tjoy\n"})
    data = wb.load(tmp_path)
    assert data.labels == ["anger", "joy"] and data["test"]["text"][:] == TEXTS and data["test"]["label"][1] == 1
    written(tmp_path, {labels.format("test"): "0\n"})
    with pytest.raises(wb.WorkbenchError, match=r"has 24 lines and label|has 24 lines and test_labels.txt 1"):
        wb.load(tmp_path)


@pytest.mark.parametrize(("names", "found"), [("World\nSports\n", ["Sports", "World"]), ("World\nSports\nBusiness\n", ["1", "2"]),
                                              ("1\n2\n", ["1", "2"]), ("1 World\n2 Sports\n9 More\n", ["Sports", "World"])])  # fmt: skip
def test_numbers_are_named_by_a_file_that_names_them_all(tmp_path, names, found):
    table = "".join(f'"{i % 2 + 1}","{t}"\n' for i, t in enumerate(TEXTS))
    written(tmp_path, {"train.csv": table, "classes.txt": names})
    assert wb.load(tmp_path).labels == wb.load(tmp_path / "train.csv").labels == found


def test_mails_are_texts_of_their_folder_and_their_heads_are_spoken_of(tmp_path):
    for kind in ("ham", "spam"):
        for i in range(12):
            mail = f"From: a@b.org (A)\nSubject: {kind}\n\n{TEXTS[i]}\n"
            written(tmp_path, {f"{kind}/{i:05d}.7c53336b37003a9286aba55d2945844{i % 10}": mail})
        written(tmp_path, {f"{kind}/cmds": "mv 1 2\n"})
    data = wb.load(tmp_path)
    assert data.labels == ["ham", "spam"] and sum(map(len, data.values())) == 24
    assert any("24 texts of" in n and "begin with the head of a mail" in n for n in data.notes)


def test_of_a_folder_without_training_files_its_files_are_named(tmp_path):
    written(tmp_path, {"mill.questions": "Good .\n" * 9, "mill.answers": "Bad .\n" * 9})
    with pytest.raises(
        wb.WorkbenchError, match=r"mill.answers, mill.questions\).*one table, with columns text, label and split"
    ):
        wb.load(tmp_path)


# --- translations -----------------------------------------------------------------------------------------------------

FRENCH = [f"Elle voit le vieux moulin numéro {i} ." for i in range(24)]


def pairs(data):
    return sorted((r["source"], r["target"]) for split in data.values() for r in split)


def test_pairs_with_an_empty_side_and_lines_of_tags_are_left_out_and_said(tmp_path):
    english, french = (
        ["<doc>", "<title>Mills</title>", *TEXTS, "</doc>"],
        ["<doc>", "<title>Moulins</title>", *FRENCH, "</doc>"],
    )
    english[5] = ""
    written(
        tmp_path, {"train.tags.en-fr.en": "\n".join(english) + "\n", "train.tags.en-fr.fr": "\n".join(french) + "\n"}
    )
    data = wb.load(tmp_path)
    assert pairs(data) == sorted(p for i, p in enumerate(zip(TEXTS, FRENCH, strict=True)) if i != 3)
    assert any("1 pair of" in n and "the first is line 6" in n for n in data.notes) and any(
        "3 lines of" in n for n in data.notes
    )


def test_pairs_with_ids_or_scores_beside_them_and_no_names_are_pairs(tmp_path):
    ids = "".join(f"{1276 + i}\t{a}\t{9 * i}\t{b}\n" for i, (a, b) in enumerate(zip(TEXTS, FRENCH, strict=True)))
    scores = "".join(f"1.{i:02d}\t{a}\t{b}\n" for i, (a, b) in enumerate(zip(TEXTS, FRENCH, strict=True)))
    for name, whole in (("pairs.tsv", ids), ("mined.tsv", scores)):
        assert pairs(wb.load(written(tmp_path, {name: whole}) / name)) == sorted(zip(TEXTS, FRENCH, strict=True))


TMX = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="{source}" datatype="PlainText"/><body>{units}</body></tmx>"""
UNIT = '<tu><tuv xml:lang="en"><seg>{}</seg></tuv><tuv xml:lang="fr"><seg><bpt i="1">&lt;b&gt;</bpt>{}<ept i="1">x</ept></seg></tuv></tu>'


@pytest.mark.parametrize("source", ["en", "fr", "en-US"])
def test_a_translation_memory_is_pairs_in_the_direction_that_it_names(tmp_path, source):
    units = (
        "".join(UNIT.format(a, b) for a, b in zip(TEXTS, FRENCH, strict=True))
        + '<tu><tuv xml:lang="en"><seg>Alone</seg></tuv></tu>'
    )
    data = wb.load(written(tmp_path, {"mine.tmx": TMX.format(source=source, units=units)}) / "mine.tmx")
    expected = sorted(zip(FRENCH, TEXTS, strict=True) if source == "fr" else zip(TEXTS, FRENCH, strict=True))
    assert pairs(data) == expected and any("1 units of mine.tmx" in n for n in data.notes)


@pytest.mark.parametrize(("whole", "said"), [("<tmx><body>", "no whole xml file"), ("<!DOCTYPE tmx [<!ENTITY a 'b'>]><tmx/>", "entities"),
                                             (TMX.format(source="en", units=""), "no language")])  # fmt: skip
def test_a_translation_memory_that_is_none_is_refused(tmp_path, whole, said):
    with pytest.raises(wb.WorkbenchError, match=said):
        wb.load(written(tmp_path, {"mine.tmx": whole}) / "mine.tmx")


def segments(place, language, texts, name="setid", group="newstest2014"):
    """A file of WMT or IWSLT: documents of six segments, with a bare & and a number of its own for each."""
    inside = "".join(
        f"<seg id='{i % 6 + 1}'> {t} </seg>\n" + "</p></doc>\n" * (i % 6 == 5) for i, t in enumerate(texts)
    )
    docs = re.sub(r"(?=<seg id='1')", '<DOC sysid="x" docid="d" genre="A&B"><p>\n', inside)
    for number in range(4):
        docs = docs.replace('docid="d"', f'docid="d{number}"', 1)
    return f'<!DOCTYPE mteval SYSTEM "x">\n<{place}set {name}="{group}" {"srclang" if place == "src" else "trglang"}="{language}">\n{docs}</{place}set>\n'


@pytest.mark.parametrize("ending", ["sgm", "sgml", "xml"])
def test_wmts_sources_and_references_are_pairs_by_document_and_number(tmp_path, ending):
    ands = [t.replace("the", "R&D &amp; the") for t in TEXTS]
    turned = (
        segments("ref", "en", ands)
        .replace('docid="d0"', 'docid="x"')
        .replace('docid="d1"', 'docid="d0"')
        .replace('docid="x"', 'docid="d1"')
    )
    files = {
        f"newstest2014-fren-src.fr.{ending}": segments("src", "fr", FRENCH),
        f"newstest2014-fren-ref.en.{ending}": turned,
    }
    data = wb.load(written(tmp_path, files))
    right = [*ands[6:12], *ands[:6], *ands[12:]]
    assert pairs(data) == sorted(zip(FRENCH, (t.replace("&amp;", "&") for t in right), strict=True))
    assert any("from fr into en" in n for n in data.notes) and data["train"]["document"][0][0] == "d"
    with pytest.raises(wb.WorkbenchError, match=r"holds sources alone.*wb.load of that folder"):
        wb.load(tmp_path / f"newstest2014-fren-src.fr.{ending}")


def test_wmts_xml_holds_both_sides_and_what_systems_made_of_them(tmp_path):
    docs = "".join(
        f'<doc id="d{i}" origlang="en"><src lang="en"><p><seg id="1">{a}</seg></p></src><ref lang="fr" translator="A"><p>'
        f'<seg id="1">{b}</seg></p></ref><ref lang="fr" translator="B"><seg id="1">Non.</seg></ref><hyp system="z"><seg id="1">Oui.</seg></hyp></doc>'
        for i, (a, b) in enumerate(zip(TEXTS, FRENCH, strict=True)))  # fmt: skip
    data = wb.load(
        written(tmp_path, {"newstest2021.en-fr.all.xml": f'<dataset id="x">{docs}</dataset>'})
        / "newstest2021.en-fr.all.xml"
    )
    assert pairs(data) == sorted(zip(TEXTS, FRENCH, strict=True))
    assert any("the first of each document" in n for n in data.notes)


def test_iwslts_talks_are_pairs_and_of_several_tests_one_is_read(tmp_path):
    tags = "<url>http://x</url>\n<title>Mills</title>\n"
    files = {
        "train.tags.en-fr.en": tags + "\n".join(TEXTS) + "\n",
        "train.tags.en-fr.fr": tags + "\n".join(FRENCH) + "\n",
        "README": "Talks.",
    }
    for part in ("dev2010", "tst2010", "tst2011"):
        for place, language, texts in (("src", "en", TEXTS), ("ref", "fr", FRENCH)):
            shown = texts[::-1] if part == "tst2011" else texts
            files[f"IWSLT17.TED.{part}.en-fr.{language}.xml"] = segments(place, language, shown)
    data = wb.load(written(tmp_path / "en-fr", files))
    assert {k: len(v) for k, v in data.items()} == dict.fromkeys(("train", "validation", "test"), 24)
    assert (
        data["test"]["source"][:] == TEXTS
        and data["validation"]["target"][:] == FRENCH
        and data["train"]["source"][0] == TEXTS[0]
    )
    assert any("first was read, IWSLT17.TED.tst2010.en-fr, and not IWSLT17.TED.tst2011.en-fr" in n for n in data.notes)


def test_packed_pairs_of_texts_are_read_in_their_splits_or_alone(tmp_path):
    for name in ("train", "val", "test_2016_flickr"):
        for code, texts in (("en", TEXTS), ("fr", FRENCH)):
            (tmp_path / f"{name}.{code}.gz").write_bytes(gzip.compress(("\n".join(texts) + "\n").encode()))
    data = wb.load(tmp_path)
    assert {k: len(v) for k, v in data.items()} == dict.fromkeys(("train", "validation", "test"), 24)
    assert data["test"]["target"][:] == FRENCH
    (tmp_path / "books").mkdir()
    for code in ("en", "fr"):
        (tmp_path / f"train.{code}.gz").rename(tmp_path / f"books/books.en-fr.{code}.gz")
    assert pairs(wb.load(tmp_path / "books")) == sorted(zip(TEXTS, FRENCH, strict=True))


def test_a_table_of_talks_in_three_languages_is_not_classified_by_its_talks(tmp_path):
    frame = pd.DataFrame(
        {
            "en": TEXTS,
            "fr": FRENCH,
            "es": [t.replace("Elle", "Ella") for t in FRENCH],
            "talk_name": ["ab"[i // 12] for i in range(24)],
        }
    )
    frame.to_csv(tmp_path / "train.tsv", sep="\t", index=False)
    with pytest.raises(wb.WorkbenchError, match=r"sentences in 3 languages \(en, fr, es\)"):
        wb.load(tmp_path)
    assert wb.load(frame[["en", "fr"]]).task == "translation"


def test_several_texts_in_two_languages_for_training_are_spoken_of(tmp_path):
    files = {
        f"{name}.train.{code}": "\n".join(texts) + "\n"
        for name in ("books", "news")
        for code, texts in (("en", TEXTS), ("fr", FRENCH))
    }
    data = wb.load(written(tmp_path, files))
    assert pairs(data) == sorted(zip(TEXTS, FRENCH, strict=True)) and any(
        "books.train, and not news.train" in n for n in data.notes
    )


def test_other_files_of_tags_are_refused_with_what_to_make_of_them(tmp_path):
    whole = "<NEWS><D>cocoa</D><BODY>Cocoa rose.</BODY></NEWS>"
    with pytest.raises(wb.WorkbenchError, match=r"it holds no segments.*as csv with columns text and label"):
        wb.load(written(tmp_path, {"news-000.sgm": whole}) / "news-000.sgm")


def story(i, split="TRAIN", topics=("cocoa",), said="YES"):
    named = "".join(f"<D>{t}</D>" for t in topics)
    return (f'<REUTERS TOPICS="{said}" LEWISSPLIT="{split}" NEWID="{i}">\n<TOPICS>{named}</TOPICS>\n<PLACES><D>uk</D></PLACES>\n<TEXT>&#2;\n'
            f"<TITLE>A&amp;B {i}</TITLE>\n<DATELINE>LONDON</DATELINE><BODY>{TEXTS[i % 24]}\n    It rose.\n&#3;</BODY></TEXT>\n</REUTERS>\n")  # fmt: skip


def test_reuters_own_files_are_stories_with_their_topics_in_modaptes_split(tmp_path):
    first = "".join(story(i, topics=[("cocoa",), ("grain", "wheat"), ("wheat",)][i % 3]) for i in range(24))
    second = (
        "".join(story(i, "TEST", ("cocoa", "tea")) for i in range(6)) + story(6, "TEST", ("tea",)) + story(7, topics=())
    )
    second += story(8, "NOT-USED") + story(9, said="NO")
    head = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'
    written(
        tmp_path,
        {
            "reut2-000.sgm": head + first,
            "reut2-001.sgm": head + second,
            "all-topics-strings.lc.txt": "cocoa\n",
            "lewis.dtd": "x",
        },
    )
    data = wb.load(tmp_path)
    assert data.task == "multi-label" and data.labels == ["cocoa", "grain", "wheat"] and len(data["test"]) == 6
    assert data["test"]["text"][0] == f"A&B 0\n{TEXTS[0]} It rose." and set(map(tuple, data["test"]["labels"][:])) == {
        (0,)
    }
    assert any("2 stories that the split does not use" in n and "7 topics that training never shows" in n and "2 stories without a topic" in n
               for n in data.notes)  # fmt: skip
    assert sum(map(len, wb.load(tmp_path / "reut2-000.sgm").values())) == 24


def test_no_rule_of_lines_takes_prose():
    prose = [
        "It was late; the train had gone.",
        "She wrote to a@b.org again.",
        "Why?",
        "See you at @united",
        "ANN: No.",
        "| a | b |",
    ]
    assert lines.rule(prose * 5) == "" and lines.rule(["He saw @united", "She saw @delta"] * 9) == ""
