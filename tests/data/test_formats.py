"""Files as they are met: encodings, separators, quotes, missing headers, folders of classes, groups, duplicates. Each against the data
that were written into it."""

import pandas as pd
import pytest

import workbench as wb
from workbench.data import decode
from workbench.data.load import fingerprint

TEXTS = [
    "un café à Nîmes",
    'he said "no", twice',
    "two\nlines in one",
    "semi; colon",
    "tab\there",
    "plain words only",
    "a | bar",
    "naïve",
]


def frame(n=40, **columns):
    rows = pd.DataFrame({"text": [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(n)], "label": ["no", "yes"] * (n // 2)})
    return rows.assign(**columns)


def same(data, rows):
    return fingerprint(data) == fingerprint(wb.load(rows))


# --- encodings and separators -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("coded", "said"), [("utf-8", None), ("utf-8-sig", None), ("cp1252", "Windows-1252"), ("latin-1", "Windows-1252"),
                                             ("utf-16", "UTF-16"), ("utf-32", "UTF-32")])  # fmt: skip
def test_encodings_are_found_and_said(tmp_path, coded, said):
    (tmp_path / "mine.csv").write_bytes(frame().to_csv(index=False).encode(coded))
    data = wb.load(tmp_path / "mine.csv")
    assert same(data, frame()) and (any(said in n for n in data.notes) if said else data.notes == ())


def test_bytes_that_windows_lacks_are_read_as_latin_1(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 \x81")
    assert decode.encoding(tmp_path / "a.txt") == "latin-1"


def test_what_is_no_text_says_so(tmp_path):
    (tmp_path / "mine.csv").write_bytes(b"\x80\x01\x02\x03\x04" * 50)
    with pytest.raises(wb.WorkbenchError, match="it is no text"):
        wb.load(tmp_path / "mine.csv")


@pytest.mark.parametrize("sign", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_and_line_ends_are_found_and_said(tmp_path, sign, end):
    (tmp_path / "mine.csv").write_bytes(frame().to_csv(index=False, sep=sign, lineterminator=end).encode())
    data = wb.load(tmp_path / "mine.csv")
    assert same(data, frame()) and f"separated by {decode.SEPARATORS[sign]}" in data.notes[0]


def test_a_tsv_written_as_csv_is_has_its_quotes_undone(tmp_path):
    frame().to_csv(tmp_path / "mine.tsv", index=False, sep="\t")
    data = wb.load(tmp_path / "mine.tsv")
    assert same(data, frame()) and "quotes in mine.tsv stand around fields" in data.notes[0]


@pytest.mark.parametrize("marks", [(20, 69), (20, 21), (0, 40, 99)])
@pytest.mark.parametrize("first", ["label", "text"])
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path, marks, first):
    rows = pd.DataFrame({"label": ["ham" if i % 3 else "spam" for i in range(100)],
                         "text": ['"' * (i in marks) + f"Hi number {i}" for i in range(100)]})  # fmt: skip
    rows = rows[[first, *rows.columns.drop(first)]]
    lines = [",".join(rows.columns), *map(",".join, rows.itertuples(index=False))]
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    data = wb.load(tmp_path / "mine.csv")
    assert same(data, rows) and "quotes in mine.csv were read as letters" in data.notes[0]


def test_a_quoted_text_whose_second_line_looks_like_a_row_stays_one_text(tmp_path):
    rows = pd.DataFrame({"label": ["ham", "spam"] * 20, "text": [f"two {i}\nlines, one" for i in range(40)]})
    rows.to_csv(tmp_path / "mine.csv", index=False)
    data = wb.load(tmp_path / "mine.csv")
    assert same(data, rows) and data.notes == ()


def test_rows_that_a_text_may_have_swallowed_are_said_where_quotes_cannot_be_letters(tmp_path):
    lines = ['ham,"See you, then."', 'ham,"Hi', "spam,one", "spam,two", 'spam,three"', *["ham,x", "spam,y"] * 4]
    (tmp_path / "mine.csv").write_text("label,text\n" + "\n".join(lines) + "\n")
    assert any(
        "row 2 of mine.csv holds a text of 4 lines that look like rows" in n
        for n in wb.load(tmp_path / "mine.csv").notes
    )


def test_a_table_without_names_of_columns_loses_no_row(tmp_path):
    rows = [
        ("ham", "See you at the station, then."),
        ("spam", "Win a prize now, call us."),
        ("ham", "Ok, will do that."),
    ] * 6
    (tmp_path / "mine.tsv").write_text("\n".join("\t".join((a, f"{b} {i}")) for i, (a, b) in enumerate(rows)))
    data = wb.load(tmp_path / "mine.tsv")
    assert sum(map(len, data.values())) == 18 and data.labels == ["ham", "spam"]
    assert any("holds no names of columns" in n for n in data.notes)


def saved(path, *rows):
    sign = "\t" if path.suffix == ".tsv" else ","
    path.write_text("".join(sign.join(map(str, row)) + "\n" for row in rows), "utf-8")
    return path


def written(n=60):
    """Texts that are all different."""
    return [f"{['Win now', 'Call me later today', 'So it is'][i % 3]} {i}." for i in range(n)]


def named_by_values(data):
    """Rows as they were written, whatever the columns are called."""
    return sorted((t, data.labels[y]) for s in data.values() for t, y in zip(s["text"], s["label"], strict=True))


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize(("first", "labels"), [("Ok lor...", "ham spam"), ("My card?", "card_arrival fee lost_card"), ("Great!", "5 1 2"), ("Hi", "a b")])  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_a_short_first_text_without_names_of_columns_is_a_row(tmp_path, suffix, first, labels, turned):
    labels = labels.split()
    rows = [(labels[0], first), *((labels[i % len(labels)], t) for i, t in enumerate(written()))]
    data = wb.load(saved(tmp_path / f"mine.{suffix}", *(r[::-1] if turned else r for r in rows)))
    assert data.task == "classification" and named_by_values(data) == sorted((t, y) for y, t in rows)
    assert "holds no names of columns" in data.notes[0]


def test_a_number_above_numbers_is_no_name_though_it_occurs_once(tmp_path):
    rows = [(3, "Great!"), *((i % 2 + 1, t) for i, t in enumerate(written()))]
    assert named_by_values(wb.load(saved(tmp_path / "mine.csv", *rows))) == sorted((t, str(y)) for y, t in rows)


@pytest.mark.parametrize("names", [("0", "1"), ("what they wrote", "verdict"), ("Kommentar", "Urteil"), ("2020", "Kommentar"), ("text", "label")])  # fmt: skip
def test_names_of_columns_are_no_row(tmp_path, names):
    rows = [(t, i % 2) for i, t in enumerate(written())]
    rows = [(y, t) for t, y in rows] if names[0] == "2020" else rows
    data = wb.load(saved(tmp_path / "mine.csv", names, *rows))
    assert sum(map(len, data.values())) == 60 and data.labels == ["0", "1"]
    said = any("taken as names of columns" in n for n in data.notes)
    assert said == (names[0] in ("0", "what they wrote", "2020"))


def test_an_empty_name_above_empty_values_is_no_row(tmp_path):
    rows = [("ab"[i % 2], t, "", "") for i, t in enumerate(written())]
    assert wb.load(saved(tmp_path / "mine.csv", ("v1", "v2", "", ""), *rows)).labels == ["a", "b"]


def test_names_that_stand_again_in_the_middle_are_still_names(tmp_path):
    rows = [(t, "ab"[i % 2]) for i, t in enumerate(written())]
    names = ("Kommentar", "Urteil")
    with_names = saved(tmp_path / "mine.csv", names, *rows[:30], names, *rows[30:40], names, *rows[40:])
    assert wb.load(with_names).labels == ["Urteil", "a", "b"]  # as it is written; no "column 1"
    assert "label from column 'Urteil'" in wb.load(with_names).notes[0]


def test_a_first_label_that_occurs_once_may_be_a_name_and_that_is_said(tmp_path):
    rows = [("rare", "My card?"), *(("ab"[i % 2], t) for i, t in enumerate(written()))]
    notes = wb.load(saved(tmp_path / "mine.csv", *rows)).notes
    assert notes[0] == "the first line of mine.csv was taken as names of columns: 'rare', 'My card?'"


SHORT = ["ham", "spam"]
FILMS = [
    "I would see it again at once.",
    "The second half drags on and on!",
    "Nobody laughed, and nor did I.",
    "What a cast, what a waste of it.",
]
CALLS = [
    "Where is the card that I ordered last week?",
    "My card has not come.",
    "You took a fee twice for the same thing.",
    "Is there a fee abroad?",
]
NEWS = [
    "The team won at home after extra time on Sunday.",
    "Shares fell as oil rose again.",
    "Leaders met to speak of peace and of trade.",
]


def below(labels, texts, n=48):
    """Rows of a label and a text that is like the others and different from all of them."""
    return [
        (
            labels[i % len(labels)],
            f"{texts[i % len(texts)][:-1]}, said {NAMES[i // 8]} {NAMES[i % 8]}{texts[i % len(texts)][-1]}",
        )
        for i in range(n)
    ]


NAMES = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"]
LONELY = [  # a first row whose label stands in no other
    (("junk", "Your prize is waiting, just call us back."), below(SHORT, FILMS)),
    (("card_swallowed", "The machine kept my card, what do I do now?"), below(["lost_card", "fee_charged"], CALLS)),
    (("Science", "Probe finds water under the dust of Mars."), below(["World", "Sports", "Business"], NEWS)),
    (("Student loan", "They lost my papers and asked for them again."), below(["Credit card", "Bank account"], CALLS)),
    (("colère", "Je ne supporte plus ce bruit la nuit !"), below(["joie", "tristesse"], ["Il pleut encore et je reste chez moi.", "Quelle belle journée nous avons eue !"])),
    (("5", "The best evening we have had for years!"), below(["1", "2"], FILMS)),
    (("SARCASM", "Oh great, another form to fill in today."), below(["PRAISE", "BLAME"], FILMS)),
    (("Mars", "Water is found now", "Probe finds water under the dust of Mars."), [(y, f"So they say {NAMES[i // 8]} {NAMES[i % 8]}", t) for i, (y, t) in enumerate(below(["World", "Sports"], NEWS))]),
    (("T1", "The invoice names the wrong month of delivery."), below(["T2", "T3"], CALLS)),
    (("mixed", "«A fine start, and then nothing at all.»"), below(["good", "bad"], FILMS)),
]  # fmt: skip
HEADED = [  # names of columns that are no usual ones
    (("How happy are you?", "What could we do better next time?"), below(["very happy", "not happy"], FILMS)),
    (("segment", "Please describe your stay in a few words."), below(SHORT, FILMS)),
    (("rating_given", "What did you think of the film?"), below(["good", "bad"], FILMS)),
    (("Segment", "Tell us more about your stay with us."), below(SHORT, FILMS)),
    (("kind", "The words of the customer as they came in."), below(SHORT, FILMS)),
    (("nr", "The complaint as it was written down by us."), below(["1", "2"], CALLS)),
    (("urteil", "Was hat Ihnen an dem Hotel gefallen?"), below(["gut", "schlecht"], FILMS)),
    (("group", "Text of the letter, without names of people."), below(["praise", "blame"], FILMS)),
    (("first_judge", "full wording of the complaint that we received"), below(["fee", "card"], CALLS)),
    (("outcome (coded by two of us)", "Which words did they use, and to whom?"), below(SHORT, FILMS)),
    (("Q1", "Q2. Why did you choose this one?"), below(["yes", "no"], FILMS)),
    (("Date of the call", "mark", "The call in the words of the caller."), [("2024-05-01", y, t) for y, t in below(SHORT, FILMS)]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "rows"), LONELY, ids=[first[0] for first, _ in LONELY])
@pytest.mark.parametrize("turned", [False, True])
def test_a_first_row_with_a_label_of_its_own_is_a_row(tmp_path, first, rows, turned):
    order = -1 if turned else 1
    data = wb.load(saved(tmp_path / "mine.tsv", *(row[::order] for row in [first, *rows])))
    assert sum(map(len, data.values())) == len(rows) + 1 and first[0] in data.labels
    assert "holds no names of columns" in data.notes[0]


@pytest.mark.parametrize(("first", "rows"), HEADED, ids=[first[0] for first, _ in HEADED])
def test_the_questions_of_a_form_are_names_of_columns(tmp_path, first, rows):
    data = wb.load(saved(tmp_path / "mine.tsv", first, *rows), label=first[-2], text=first[-1])
    assert sum(map(len, data.values())) == len(rows) and any("taken as names of columns" in n for n in data.notes)


def test_equal_cells_of_a_first_row_stay_equal(tmp_path):
    rows = [(5, 5, "Great it was"), *((i % 5 + 1, i % 3 + 4, t) for i, t in enumerate(written()))]
    data = wb.load(saved(tmp_path / "mine.csv", *rows), text="column 3", label="column 2")
    assert data.labels == ["4", "5", "6"] and named_by_values(data) == sorted((t, str(y)) for _, y, t in rows)


def test_77_classes_keep_their_names(tmp_path):
    rows = pd.DataFrame(
        {
            "text": [f"a question of number {i}" for i in range(770)],
            "category": [f"intent_{i % 77}" for i in range(770)],
        }
    )
    rows.to_csv(tmp_path / "mine.csv", index=False)
    assert len(wb.load(tmp_path / "mine.csv").labels) == 77


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_under_odd_names_are_guessed_by_their_values_and_said():
    rows = frame().rename(columns={"text": "Kommentar", "label": "Urteil"}).assign(Nummer=range(40))
    data = wb.load(rows)
    assert data.labels == ["no", "yes"] and data["train"]["Nummer"][0] is not None
    assert data.notes[0] == "read as classification: text from column 'Kommentar', label from column 'Urteil'"


def test_two_columns_that_could_be_the_label_are_not_guessed_between():
    rows = frame().rename(columns={"text": "Kommentar", "label": "Urteil"}).assign(Land=["de", "at"] * 20)
    with pytest.raises(wb.WorkbenchError, match="columns Kommentar, Urteil, Land"):
        wb.load(rows)


def test_notes_are_shown_with_the_data():
    rows = frame().rename(columns={"label": "Urteil"})
    assert repr(wb.load(rows)).startswith("Note: read as classification: label from column 'Urteil'.\n")


# --- folders of classes -----------------------------------------------------------------------------------------------


def classes(folder, n=8):
    for name in ("pos", "neg"):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            (folder / name / f"{i}.txt").write_bytes(f"{name} text, café {i}\n".encode("cp1252" if i == 0 else "utf-8"))
    return folder


def test_a_folder_of_class_folders_is_read(tmp_path):
    (classes(tmp_path) / "pos" / "notes.md").write_text("x")
    data = wb.load(tmp_path)
    assert (
        data.labels == ["neg", "pos"]
        and sum(map(len, data.values())) == 16
        and "pos/0.txt" in set(data["train"]["file"]) | set(data["validation"]["file"])
    )
    assert any("1 other files" in n for n in data.notes) and any("2 files" in n for n in data.notes)


def test_class_folders_under_folders_of_splits_keep_the_splits_and_leave_unlabelled_ones(tmp_path):
    classes(tmp_path / "train"), classes(tmp_path / "test", 3)
    (tmp_path / "train" / "unsup").mkdir()
    (tmp_path / "train" / "unsup" / "1.txt").write_text("no label")
    data = wb.load(tmp_path)
    assert (
        data.labels == ["neg", "pos"] and len(data["test"]) == 6 and len(data["train"]) + len(data["validation"]) == 16
    )


# --- groups and duplicates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("column", "asked"), [("author", None), ("Writer", "Writer")])
def test_a_group_is_on_one_side_only_and_labels_keep_their_shares(column, asked):
    rows = pd.DataFrame({"text": [f"text number {i}" for i in range(200)], "label": ["no", "yes", "no", "no"] * 50,
                         column: [f"a{i // 8}" for i in range(200)]})  # fmt: skip
    data = wb.load(rows, group=asked)
    sides = [set(data[s][column]) for s in ("train", "validation")]
    assert not sides[0] & sides[1] and 24 <= len(data["validation"]) <= 40
    assert 0.2 <= sum(data["validation"]["label"]) / len(data["validation"]) <= 0.3
    assert any(f"cut off by '{column}'" in n for n in data.notes)


def test_where_no_cut_by_group_leaves_every_label_it_is_said():
    rows = pd.DataFrame(
        {
            "text": [f"text number {i}" for i in range(60)],
            "label": [f"l{i // 20}" for i in range(60)],
            "author": [f"a{i // 20}" for i in range(60)],
        }
    )
    assert any("by rows, not by 'author'" in n for n in wb.load(rows).notes)
    with pytest.raises(wb.WorkbenchError, match="no cut by 'author' leaves every label"):
        wb.load(rows, group="author")


def test_sentences_with_tags_are_cut_by_document_too():
    rows = pd.DataFrame(
        {
            "tokens": [["Ada", f"w{i}"] for i in range(60)],
            "tags": [["B-PER", "O"]] * 60,
            "document": [f"d{i // 6}" for i in range(60)],
        }
    )
    data = wb.load(rows)
    assert not set(data["train"]["document"]) & set(data["validation"]["document"])


def test_the_same_text_is_never_on_both_sides_of_a_cut_that_is_made_here():
    rows = frame(40)
    rows.loc[20:, "text"] = list(rows["text"][:20].str.upper() + "!")
    data = wb.load(rows)
    assert not any("stand in train too" in n for n in data.notes)


def test_texts_in_two_given_splits_are_said_with_their_rows():
    rows = frame(40, split=["train"] * 30 + ["validation"] * 10)
    rows.loc[33, "text"] = rows["text"][4].upper() + "."
    assert wb.load(rows).notes[0].startswith("1 text of validation stands in train too (row 4 = row 5)")
