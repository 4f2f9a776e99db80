"""`wb.audit`: every figure against one counted by hand on a dataset made for it."""

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.data.audit import baselines

GOOD = ["kind", "warm", "bright", "swift", "clean"]
BAD = ["cruel", "cold", "dim", "slow", "dirty"]
LETTERS = "bcdfghklmnprstvwz"


def word(number):
    """A made-up word of nine letters; numbers that differ give words that do not look alike."""
    rng = np.random.default_rng(number)
    return "".join(rng.choice(list(LETTERS), 9))


def unlike(n, first=0):
    """`n` texts of four made-up words each: no two of them are near."""
    return [" ".join(word(4 * (first + i) + k) for k in range(4)) for i in range(n)]


def dataset(train=None, validation=None, test=None, labels=None):
    """A frame from lists of texts; labels are no and yes in turn where none are given."""
    parts = {"train": train or unlike(20), "validation": validation or unlike(10, 500), "test": test or []}
    rows = [(t, s, i) for s, texts in parts.items() for i, t in enumerate(texts)]
    names = labels or [("no", "yes")[i % 2] for _, _, i in rows]
    return pd.DataFrame({"text": [r[0] for r in rows], "label": names, "split": [r[1] for r in rows]})


# --- duplicates and leaks ---------------------------------------------------------------------------------------------


def test_texts_that_differ_are_no_duplicates():
    found = wb.audit(dataset())
    assert found.near_duplicates == 0 and found.leaks == () and found.problems == ()


def test_two_equal_texts_of_thirty_are_counted_as_two():
    texts = unlike(20)
    texts[7] = texts[3]
    assert wb.audit(dataset(texts)).near_duplicates == pytest.approx(2 / 30)


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t + "!!!", lambda t: t.replace(" ", " – "), lambda t: t + " x"]
)
def test_a_text_changed_a_little_is_a_near_duplicate(change):
    texts = unlike(20)
    texts[7] = change(texts[3])
    assert wb.audit(dataset(texts)).near_duplicates == pytest.approx(2 / 30)


def test_half_the_words_in_common_is_not_near():
    texts = unlike(20)
    texts[7] = " ".join(texts[3].split()[:2] + texts[7].split()[2:])
    assert wb.audit(dataset(texts)).near_duplicates == 0


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_duplicates_inside_a_split_are_no_leak(split):
    texts = unlike(20, 700)
    texts[7] = texts[3]
    assert wb.audit(dataset(**{split: texts})).leaks == ()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_training_text_in_another_split_is_a_leak_with_its_rows(split):
    other = unlike(10, 700)
    other[4] = unlike(20)[6].upper() + "."
    found = wb.audit(dataset(**{split: other}))
    assert found.leaks == ((6, 4, f"train/{split}"),)
    assert any(f"row 7 of train = row 5 of {split}" in p for p in found.problems)


def test_leaks_are_found_beyond_the_first_block_of_rows():
    train = unlike(600)
    found = wb.audit(dataset(train, [*unlike(9, 900), train[599]]))
    assert found.leaks == ((599, 9, "train/validation"),)


def test_a_training_text_that_leaks_twice_is_one_text():
    first = unlike(1)[0]
    found = wb.audit(dataset(validation=[first, *unlike(9, 500)], test=[first, *unlike(9, 700)]))
    assert any(p.startswith("1 training text") for p in found.problems)


def test_more_than_two_percent_of_near_duplicates_is_a_problem():
    texts = unlike(20)
    texts[7] = texts[3]
    assert any("6.7% of the texts have a near-duplicate" in p for p in wb.audit(dataset(texts)).problems)


@pytest.mark.parametrize("odd", ["🙂🙂🙂", "!!!", "好", "مرحبا", "a", "\x00"])
def test_texts_without_latin_words_can_be_audited(odd):
    texts = unlike(20)
    texts[0] = odd
    assert wb.audit(dataset(texts)).near_duplicates == 0


def test_texts_of_signs_alone_can_be_audited():
    signs = ["!", "?", "…", "–", "+", "=", "%", "&"]
    found = wb.audit(dataset(signs[:4], signs[4:]))
    assert found.tfidf == found.majority == 0.5


# --- balance and lengths ----------------------------------------------------------------------------------------------


def test_counts_are_by_split_and_label():
    found = wb.audit(dataset(unlike(4), unlike(3, 500), labels=["no", "no", "no", "yes", "yes", "no", "yes"]))
    assert found.counts == {"train": {"no": 3, "yes": 1}, "validation": {"no": 1, "yes": 2}}


def test_a_class_of_less_than_a_tenth_of_another_is_a_problem():
    labels = ["yes"] * 2 + ["no"] * 21 + ["no", "yes"] * 5
    assert any("rarest class has 2 training texts" in p for p in wb.audit(dataset(unlike(23), labels=labels)).problems)


def test_a_class_of_a_tenth_of_another_is_none():
    labels = ["yes"] * 2 + ["no"] * 20 + ["no", "yes"] * 5
    assert wb.audit(dataset(unlike(22), labels=labels)).problems == ()


def test_lengths_are_medians_of_words_over_all_splits():
    texts = ["one two three", word(1), "four five six seven eight", word(2)]
    labels = ["long", "short", "long", "short", "long", "short"]
    found = wb.audit(dataset(texts, [" ".join(unlike(2, 9)), word(3)], labels=labels))
    assert found.words == {"long": 5.0, "short": 1.0}  # 3, 5 and 8 words; 1, 1 and 1


def test_one_class_with_texts_twice_as_long_is_a_problem():
    texts = [t if i % 2 else t + " " + unlike(1, 300 + i)[0] + " more" for i, t in enumerate(unlike(20))]
    assert any("medians 4 and 9 words" in p for p in wb.audit(dataset(texts)).problems)


# --- baselines --------------------------------------------------------------------------------------------------------


def test_majority_is_the_share_of_trainings_commonest_label_in_validation():
    train, valid = unlike(5), unlike(4, 50)
    majority, _ = baselines(train, np.array([0, 0, 0, 1, 1]), valid, np.array([1, 1, 0, 1]))
    assert majority == 0.25  # training's commonest label is 0, and one of four is 0


def test_tfidf_solves_a_separable_set():
    train = [f"{w} {word(i)}" for i, w in enumerate(GOOD + BAD)]
    valid = [f"{word(100 + i)} {w}" for i, w in enumerate(BAD + GOOD)]
    labels = np.repeat([1, 0], 5)
    assert baselines(train * 2, np.tile(labels, 2), valid, 1 - labels) == (0.5, 1.0)


def test_words_that_give_the_label_away_are_a_problem():
    pairs = [w for pair in zip(GOOD, BAD, strict=True) for w in pair]
    train = [f"{w} {t}" for w, t in zip(pairs * 2, unlike(20), strict=True)]
    found = wb.audit(dataset(train, [f"{t} {w}" for w, t in zip(pairs, unlike(10, 500), strict=True)]))
    assert found.tfidf == 1.0 and any("give the label away" in p for p in found.problems)


def test_tfidf_reads_words_of_one_letter():
    train, valid = ["a", "b"] * 5, ["b", "a"]
    assert baselines(train, np.array([0, 1] * 5), valid, np.array([1, 0]))[1] == 1.0


def test_audits_of_the_same_data_are_equal():
    assert wb.audit(dataset()) == wb.audit(dataset())


def test_a_large_training_split_is_sampled_for_tfidf_only(monkeypatch):
    monkeypatch.setitem(baselines.__globals__, "LARGEST", 10)
    train_y = np.array([0] * 26 + [1] * 14)
    majority, tfidf = baselines(unlike(40), train_y, unlike(4, 50), np.array([0, 0, 0, 1]))
    assert majority == 0.75 and 0 <= tfidf <= 1


def test_of_many_classes_the_commonest_words_alone_are_counted(monkeypatch):
    asked = []
    whole = baselines.__globals__["bag_of_words"]
    monkeypatch.setitem(baselines.__globals__, "bag_of_words", lambda coarse: asked.append(coarse) or whole(coarse))
    for classes in (50, 51):
        y = np.arange(4 * classes) % classes
        texts = [word(i) for i in y]
        assert baselines(texts, y, texts, y)[1] == 1
    assert asked == [False, True]


def test_a_rare_class_survives_the_sampling(monkeypatch):
    monkeypatch.setitem(baselines.__globals__, "LARGEST", 10)
    train_y = np.array([1] + [0] * 999)
    assert baselines(unlike(1000), train_y, unlike(4, 2000), np.array([0, 0, 0, 1]))[0] == 0.75


# --- what is shown ----------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>"


def hostile():
    return dataset([HOSTILE, *unlike(19)], [HOSTILE, *unlike(9, 500)], labels=["no", HOSTILE] * 15)


def test_the_text_of_an_audit_names_counts_baselines_and_problems():
    lines = str(wb.audit(dataset([*unlike(19), unlike(1, 500)[0]]))).splitlines()
    assert lines[0] == "train: 10 no, 10 yes" and lines[2] == "near-duplicates 6.7% · leaks 1"
    assert lines[3].startswith("validation accuracy: majority 50.0%") and lines[4].startswith(
        "Problem: 1 training text"
    )


def test_an_audit_without_problem_says_so():
    assert str(wb.audit(dataset())).endswith("No problem found.")


def test_labels_with_html_are_counted_like_others():
    assert wb.audit(hostile()).counts["train"] == {HOSTILE: 10, "no": 10}


def test_the_html_of_an_audit_escapes_texts_and_labels():
    html = wb.audit(hostile())._repr_html_()
    assert "<script" not in html and "&lt;script&gt;" in html


# --- sentences with tags ----------------------------------------------------------------------------------------------


def tagged(train, validation):
    """A frame of (words, tags), both written with spaces."""
    rows = [(w.split(), t.split(), s) for s, part in (("train", train), ("validation", validation)) for w, t in part]
    return pd.DataFrame(rows, columns=["tokens", "tags", "split"])


def test_names_are_counted_by_type_and_split_and_known_ones_are_the_yardstick():
    train = [(f"Ada {word(1)} {word(2)}", "B-PER O O"), (f"{word(3)} Rome {word(4)} Ada", "O B-LOC O B-PER")]
    validation = [(f"{word(5)} Rome", "O B-LOC"), (f"Oslo {word(6)} Ada", "B-LOC O B-PER")]
    found = wb.audit(tagged(train, validation))
    assert found.counts == {
        "train": {"sentences": 2, "LOC": 1, "PER": 2},
        "validation": {"sentences": 2, "LOC": 2, "PER": 1},
    }
    assert found.words == {"sentence": 3.0}  # 3, 4, 2 and 3 words
    assert (found.majority, found.tfidf) == (0.0, pytest.approx(2 * 2 / (2 + 3)))
    assert found.problems == ("only 1 name of type LOC in training", "only 2 names of type PER in training")
    assert str(found).splitlines()[0] == "train: 2 sentences, 1 LOC, 2 PER" and "entity F1 on validation" in str(found)


def test_tagged_sentences_that_leak_are_found_with_their_rows():
    train = [(" ".join([f"Name{i}", word(i), word(i + 50), word(i + 99)]), "B-PER O O O") for i in range(20)]
    found = wb.audit(tagged(train, [*[(f"Name{i} {word(900 + i)}", "B-PER O") for i in range(3)], train[4]]))
    assert (4, 3, "train/validation") in found.leaks
    assert any("a list of the names in training finds nearly all" in p for p in found.problems)


def test_the_html_of_a_tagged_audit_escapes_types():
    rows = [(f"Name{i} {word(i)}", f"B-{HOSTILE.replace(' ', '')} O") for i in range(8)]
    assert "<script" not in wb.audit(tagged(rows[:4], rows[4:]))._repr_html_()
