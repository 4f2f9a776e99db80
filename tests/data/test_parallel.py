"""Pairs of sentences: every way in which they come, what is refused, and how a validation split is cut off."""

import datasets as hf
import pandas as pd
import pytest

import workbench as wb
from workbench.data import parallel
from workbench.data.load import fingerprint, load
from workbench.errors import WorkbenchError

EN = ["Good morning.", "Where is the station?", "I am tired.", "See you tomorrow.", "It rains.", "Come in!"]
FR = ["Bonjour.", "Où est la gare ?", "Je suis fatigué.", "À demain.", "Il pleut.", "Entrez !"]
PAIRS = list(zip(EN, FR, strict=True))


def frame(names=("source", "target"), n=6):
    return pd.DataFrame(PAIRS[:n], columns=list(names))


def all_pairs(data):
    return sorted((s, t) for split in data.values() for s, t in zip(split["source"], split["target"], strict=True))


@pytest.mark.parametrize(
    "names", [("source", "target"), ("en", "fr"), ("English", "French"), ("src", "tgt"), ("pt_BR", "en-GB")]
)
def test_two_columns_are_pairs_whatever_usual_names_they_have(names):
    data = load(frame(names))
    assert data.task == "translation" and data.labels == [] and all_pairs(data) == sorted(PAIRS)


def test_a_number_beside_two_languages_is_no_language():
    rows = frame(("en", "fr")).assign(id=range(6))
    assert load(rows)["train"].column_names == ["source", "target", "id"]


def test_numbers_are_no_translations():
    with pytest.raises(WorkbenchError, match="a text column"):
        load(pd.DataFrame({"source": ["web", "book"] * 4, "target": range(8)}))


def test_the_left_of_two_languages_is_the_source():
    assert load(frame(("en", "fr")))["train"]["source"][0] in EN
    assert load(frame(("en", "fr"))[["fr", "en"]])["train"]["source"][0] in FR


@pytest.mark.parametrize(
    "others",
    [
        ["text", "label"],
        ["text", "target"],
        ["source", "text", "label"],
        ["sentence", "category"],
        ["source", "review", "target"],
    ],
)
def test_labelled_texts_stay_labelled_texts(others):
    rows = pd.DataFrame({name: ["a b", "c d", "e f", "g h"] * 2 for name in others[:-1]} | {others[-1]: ["x", "y"] * 4})
    assert load(rows).task == "classification"


def test_a_tsv_without_a_header_keeps_its_first_pair(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join("\t".join(p) for p in PAIRS) + "\n", "utf-8")
    assert all_pairs(load(path)) == sorted(PAIRS)


def test_a_tsv_with_a_header_has_no_pair_more(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("en\tfr\n" + "\n".join("\t".join(p) for p in PAIRS) + "\n", "utf-8")
    assert all_pairs(load(path)) == sorted(PAIRS)


@pytest.mark.parametrize("suffix", ["tsv", "csv"])
def test_a_first_pair_that_is_read_as_one_is_said(tmp_path, suffix):
    path = tmp_path / f"pairs.{suffix}"
    path.write_text("\n".join(("\t" if suffix == "tsv" else ",").join(p) for p in PAIRS) + "\n", "utf-8")
    data = load(path)
    assert all_pairs(data) == sorted(PAIRS)
    assert data.notes[0] == f"the first line of pairs.{suffix} was read as a pair of sentences like the others, not as names of columns"  # fmt: skip


@pytest.mark.parametrize(
    "names", ["English sentence\tFrench sentence", "English words/sentences\tFrench words/sentences"]
)
@pytest.mark.parametrize("suffix", ["tsv", "csv"])
def test_names_with_a_language_in_them_are_no_pair(tmp_path, names, suffix):
    path, lines = tmp_path / f"pairs.{suffix}", [names, *("\t".join(p) for p in PAIRS)]
    path.write_text("\n".join(lines).replace("\t", "\t" if suffix == "tsv" else ",") + "\n", "utf-8")
    data = load(path)
    assert all_pairs(data) == sorted(PAIRS)
    assert any("taken as names of columns: 'English" in n for n in data.notes)


@pytest.mark.parametrize(("first", "is_one"), [("Auf Deutsch\tEn francés", False), ("Good night.\tBonne nuit.", True), ("Resumption of the session\tReprise de la session", True)])  # fmt: skip
def test_a_first_line_is_a_pair_where_it_looks_like_those_below(tmp_path, first, is_one):
    lines = [f"Here is number {i}.\tVoici le {i}." for i in range(40)]
    (tmp_path / "pairs.tsv").write_text("\n".join([first, *lines]) + "\n", "utf-8")
    if is_one:
        assert len(all_pairs(load(tmp_path / "pairs.tsv"))) == 41
    else:
        with pytest.raises(WorkbenchError, match="'Auf Deutsch' and 'En francés'"):
            load(tmp_path / "pairs.tsv")


def test_ids_beside_texts_are_no_pairs(tmp_path):
    path = tmp_path / "tweets.tsv"
    path.write_text("Tweet ID\tTweet text\n" + "".join(f"{i * 7919}\t{s} {i}\n" for i, s in enumerate(EN)), "utf-8")
    with pytest.raises(WorkbenchError, match="columns Tweet ID, Tweet text"):
        load(path)


def test_sentences_under_other_names_are_loaded_as_the_error_says(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("Question text\tAnswer text\n" + "\n".join("\t".join(p) for p in PAIRS) + "\n", "utf-8")
    with pytest.raises(WorkbenchError, match="two columns of sentences, 'Question text' and 'Answer text'") as error:
        load(path)
    rows = pd.read_csv(path, sep="\t")
    said = error.value.try_.partition(", where")[0]
    assert all_pairs(eval(said, {"wb": wb, "frame": rows})) == sorted(PAIRS)


def test_the_languages_of_a_row_may_come_in_any_order():
    rows = [{"translation": {"en": e, "fr": f} if i % 2 == 0 else {"fr": f, "en": e}} for i, (e, f) in enumerate(PAIRS)]
    assert all_pairs(load(pd.DataFrame(rows))) == sorted(PAIRS)


@pytest.mark.parametrize("right", ["yes|no", "one|two|three|four"])
def test_a_tsv_of_labels_under_odd_names_is_not_taken_for_pairs(tmp_path, right):
    path, labels = tmp_path / "odd.tsv", right.split("|")
    lines = [f"Some words here {i}.\t{labels[i % len(labels)]}" for i in range(8)]
    path.write_text("what they wrote\tverdict\n" + "\n".join(lines) + "\n", "utf-8")
    if len(labels) > 2:  # too few rows for each to tell that these are labels
        with pytest.raises(WorkbenchError, match=r"the texts are in .what they wrote., but none"):
            load(path)
    else:
        data = load(path)
        assert data.task == "classification" and data.labels == sorted(labels)
        assert any("text from column 'what they wrote', label from column 'verdict'" in note for note in data.notes)


def test_quotes_in_a_tsv_are_letters(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text('en\tfr\n"Yes", he said.\t« Oui », dit-il.\n' + "\n".join("\t".join(p) for p in PAIRS), "utf-8")
    assert ('"Yes", he said.', "« Oui », dit-il.") in all_pairs(load(path))


def test_a_translation_column_of_the_hub_becomes_two():
    rows = [{"id": str(i), "translation": {"en": e, "fr": f}} for i, (e, f) in enumerate(PAIRS)]
    features = hf.Features({"id": hf.Value("string"), "translation": hf.Translation(languages=["en", "fr"])})
    data = load(hf.DatasetDict(train=hf.Dataset.from_list(rows, features)))
    assert all_pairs(data) == sorted(PAIRS) and data["train"].column_names == ["source", "target", "id"]


def test_translations_into_three_languages_are_refused():
    rows = pd.DataFrame({"translation": [{"en": "a", "fr": "b", "de": "c"}] * 4})
    with pytest.raises(WorkbenchError, match="en and fr and de"):
        load(rows)


def text_files(folder, **sides):
    folder.mkdir()
    for name, lines in sides.items():
        split, _, code = name.rpartition("_")
        (folder / f"{split}.{code}").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_text_files_line_by_line(tmp_path):
    data = load(text_files(tmp_path / "mine", train_en=EN, train_fr=FR, test_en=["Thanks."], test_fr=["Merci."]))
    assert all_pairs(data) == sorted([*PAIRS, ("Thanks.", "Merci.")]) and data["test"]["source"][:] == ["Thanks."]


def test_a_folder_named_after_the_direction_turns_it_round(tmp_path):
    data = load(text_files(tmp_path / "tatoeba.fr-en", train_en=EN, train_fr=FR))
    assert all_pairs(data) == sorted((f, e) for e, f in PAIRS)


@pytest.mark.parametrize(
    "endings",
    [("eng", "fra"), ("eng", "zho_Hans"), ("en", "pt_BR"), ("src", "trg"), ("source", "target"), ("en", "id")],
)
def test_endings_as_collections_publish_them(tmp_path, endings):
    folder = tmp_path / "mine"
    folder.mkdir()
    for ending, lines in zip(endings, (EN, FR), strict=True):
        (folder / f"train.{ending}").write_text("\n".join(lines) + "\n", "utf-8")
    assert all_pairs(load(folder)) == sorted(PAIRS)


def test_two_files_of_a_collection_with_its_licence_and_ids(tmp_path):
    folder = tmp_path / "fra-eng"
    folder.mkdir()
    for ending, lines in (("eng", EN), ("fra", FR), ("ids", EN), ("xml", ["<x/>"])):
        (folder / f"Tatoeba.eng-fra.{ending}").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "LICENSE").write_text("CC-BY 2.0 FR")
    data = load(folder)
    assert all_pairs(data) == sorted((f, e) for e, f in PAIRS)
    assert "Tatoeba.eng-fra.eng and Tatoeba.eng-fra.fra were read as pairs to train on" in data.notes


@pytest.mark.parametrize(("name", "order"), [("flores", 1), ("eng_Latn-fra_Latn", 1), ("fra_Latn-eng_Latn", -1)])
def test_files_called_after_their_language_first(tmp_path, name, order):
    """As those of FLORES-200 are: eng_Latn.dev beside fra_Latn.dev. Which way is read is said, unless the folder's name says it."""
    folder = tmp_path / name
    folder.mkdir()
    for code, lines in (("eng_Latn", EN), ("fra_Latn", FR)):
        (folder / f"{code}.train").write_text("\n".join(lines) + "\n", "utf-8")
        (folder / f"{code}.devtest").write_text("\n".join(f"{x} 2" for x in lines) + "\n", "utf-8")
    data = load(folder)
    pairs = [(a, b)[::order] for a, b in PAIRS]
    assert set(zip(data["train"]["source"], data["train"]["target"], strict=True)) <= set(pairs)
    assert len(data["test"]) == len(EN)
    said = [n for n in data.notes if "from eng_latn into fra_latn" in n]
    assert len(said) == (name == "flores")


def test_languages_without_a_file_to_train_on_say_which_to_rename(tmp_path):
    for code in ("eng_Latn", "fra_Latn"):
        (tmp_path / f"{code}.dev").write_text("a\nb\n")
    with pytest.raises(WorkbenchError, match=r"renaming eng_Latn\.dev to eng_Latn\.train, and its translation alike"):
        load(tmp_path)
    with pytest.raises(WorkbenchError, match=r"wb\.load of the folder with both"):
        load(tmp_path / "eng_Latn.dev")


def test_beside_two_letters_three_that_may_mean_anything_are_no_language(tmp_path):
    folder = text_files(tmp_path / "mine", train_en=EN, train_fr=FR)
    (folder / "train.cat").write_text("both of them\n")
    assert all_pairs(load(folder)) == sorted(PAIRS)


def test_one_file_of_two_says_that_the_folder_is_meant(tmp_path):
    folder = text_files(tmp_path / "mine", train_eng=EN, train_fra=FR)
    with pytest.raises(WorkbenchError, match=r"wb\.load of the folder with both"):
        load(folder / "train.eng")


@pytest.mark.parametrize("name", ["cat", "est", "tel", "per"])
def test_names_of_columns_are_no_languages_of_three_letters(name):
    rows = pd.DataFrame({"text": EN * 2, name: ["a", "b"] * 6})
    assert load(rows, label=name).task == "classification" and not parallel.language(name)


def test_files_of_different_length_are_refused(tmp_path):
    with pytest.raises(WorkbenchError, match=r"train\.en has 6 lines and train\.fr 5"):
        load(text_files(tmp_path / "mine", train_en=EN, train_fr=FR[:-1]))


def test_one_language_alone_is_refused(tmp_path):
    with pytest.raises(WorkbenchError, match="one file for each of two languages"):
        load(text_files(tmp_path / "mine", train_en=EN))


@pytest.mark.parametrize("value", ["", "   ", None, float("nan")])
def test_an_empty_side_is_named_with_its_row(value):
    rows = frame()
    rows.loc[3, "target"] = value
    with pytest.raises(WorkbenchError, match=r"1 row of train without a translation \(rows 4\)"):
        load(rows)


def test_a_translation_that_is_a_copy_everywhere_is_refused():
    with pytest.raises(WorkbenchError, match="equals its source"):
        load(pd.DataFrame({"source": EN, "target": EN}))


def test_no_source_sentence_is_in_both_splits_when_one_is_cut_off():
    rows = pd.DataFrame(
        {
            "source": [f"Word {i // 4}{'!' if i % 2 else '.'}" for i in range(80)],
            "target": [f"Mot {i}." for i in range(80)],
        }
    )
    data = load(rows, seed=3)
    plain = [{parallel.plain(s) for s in data[split]["source"]} for split in ("train", "validation")]
    assert not plain[0] & plain[1] and len(data["validation"]) == 12  # 15% of 80, and groups of four
    assert load(rows, seed=3)["validation"]["source"][:] == data["validation"]["source"][:]


def test_other_columns_stay_and_are_the_same_in_every_split():
    rows = frame().assign(register=["formal", None] * 3, split=["train"] * 4 + ["validation", "test"])
    data = load(rows)
    assert (
        data["train"]["register"][:] == ["formal", None, "formal", None] and data["test"].column_names[-1] == "register"
    )


def test_the_fingerprint_sees_every_letter_of_both_sides():
    rows = frame().assign(split=["train"] * 4 + ["validation"] * 2)
    marks = {fingerprint(load(rows))}
    for side in ("source", "target"):
        other = rows.copy()
        other.loc[5, side] += "x"
        marks.add(fingerprint(load(other)))
    assert len(marks) == 3


def test_the_audit_counts_pairs_and_finds_copies_and_leaks():
    rows = frame().assign(split=["train"] * 4 + ["validation"] * 2)
    odd = pd.DataFrame(
        {"source": ["Good morning!", "OK"], "target": ["Salut.", "OK"], "split": ["validation", "train"]}
    )
    found = wb.audit(pd.concat([rows, odd]))
    assert found.counts == {"train": {"pairs": 5}, "validation": {"pairs": 3}}
    assert any("stands in another split" in p for p in found.problems)
    assert any("1 pair of train copied" in p for p in found.problems)
