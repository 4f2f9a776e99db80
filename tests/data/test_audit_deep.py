"""What the audit finds beyond counts: doubtful labels, drift, broken words, languages; and the copy that it fixes."""

import sys
import time

import numpy as np
import pandas as pd
import pytest
from tiny import BAD, FILLER, GOOD, tiny_bert

import workbench as wb
from workbench.data import near
from workbench.data.drift import drift, target_texts
from workbench.data.label_errors import confident, suspects
from workbench.data.language import language, strangers
from workbench.data.pieces import pieces


def told(n, seed=0):
    """Texts in which one word gives the label away, and their labels."""
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return [
        " ".join([*draw.choice(FILLER, 6), draw.choice(GOOD if y else BAD), f"n{i}x"]) for i, y in enumerate(labels)
    ], labels


def data(texts, labels, **splits):
    rows = [(t, ("no", "yes")[y], "train") for t, y in zip(texts, labels, strict=True)]
    rows += [(t, y, split) for split, some in splits.items() for t, y in some]
    return pd.DataFrame(rows, columns=["text", "label", "split"])


VALID = [("held out text of one kind", "no"), ("quite another thing to say", "yes")]

# --- doubtful labels --------------------------------------------------------------------------------------------------


def test_confident_learning_by_hand():
    p = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.85, 0.15]])
    given = np.array([0, 0, 1, 1, 1])  # thresholds: mean(.9, .7) = .8 and mean(.8, .6, .15) = .517
    rows, likely = confident(p, given)
    assert rows.tolist() == [4] and likely.tolist() == [0]


def test_a_label_that_nobody_carries_is_never_proposed():
    rows, _ = confident(np.array([[0.1, 0.0, 0.9], [0.2, 0.0, 0.8], [0.9, 0.0, 0.1]]), np.array([0, 0, 0]))
    assert rows.tolist() == []


def test_planted_errors_are_found_and_named():
    texts, right = told(200)
    given = right.copy()
    given[[10, 51, 120]] = 1 - right[[10, 51, 120]]
    found = suspects(texts, given, ["no", "yes"])
    assert {10, 51, 120} <= {s.row for s in found} and len(found) <= 8
    first = found[0]
    assert (
        first.proposed == ["no", "yes"][right[first.row]]
        and first.p_proposed > first.p_given
        and first.text == texts[first.row]
    )


def test_where_words_say_nothing_no_label_is_doubted():
    texts, right = told(200)
    assert suspects(texts, np.random.default_rng(0).permutation(right), ["no", "yes"]) == ()


def test_doubts_are_proposed_and_taken_only_when_asked():
    texts, right = told(200)
    given = right.copy()
    given[10] = 1 - right[10]
    audit = wb.audit(data(texts, given, validation=VALID))
    assert 10 in set(audit.doubtful()["row"]) and "Labels to look at" in str(audit)
    assert audit.fixed()["train"]["label"][10] == given[10]
    mended = audit.fixed(labels=[10])
    assert mended["train"]["label"][10] == right[10] and len(mended.changes) == 1
    assert mended.changes.iloc[0].to_dict() == {
        "split": "train",
        "row": 10,
        "what": f"label {'no' if right[10] else 'yes'} became {'yes' if right[10] else 'no'}",
        "text": texts[10],
    }
    with pytest.raises(wb.WorkbenchError, match="row 3 is not among the suspects"):
        audit.fixed(labels=[3])


# --- the fixed copy ---------------------------------------------------------------------------------------------------


def twins():
    texts, labels = told(20)
    texts[7], labels[7] = texts[3], labels[3]  # a duplicate
    texts[8], labels[8] = texts[5], 1 - labels[5]  # a conflict
    return data(
        texts,
        labels,
        validation=[*VALID, (texts[0].upper(), "no")],
        test=[(VALID[0][0] + "!", "no"), ("a test text all alone", "yes")],
    )


def test_leaks_leave_the_earlier_split_duplicates_the_later_row_conflicts_both():
    clean = wb.audit(twins()).fixed()
    what = {(r.split, r.row): r.what for r in clean.changes.itertuples()}
    assert set(what) == {("train", 0), ("train", 5), ("train", 7), ("train", 8), ("validation", 0)}
    assert (
        what["train", 0] == "removed: stands in validation too (row 2)"
        and what["train", 7] == "removed: the same as row 3"
    )
    assert "another label" in what["train", 5] and {k: len(v) for k, v in clean.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }


def test_a_fixed_copy_passes_its_audit_and_the_original_is_as_it_was():
    before = wb.load(twins())
    clean = wb.audit(before).fixed()
    assert wb.audit(clean).leaks == () and wb.audit(clean).near_duplicates == 0 and len(before["train"]) == 20
    assert wb.audit(clean).fixed().changes.empty


def test_conflicts_are_a_problem_with_their_rows():
    assert any("training with different labels (rows 6 and 9)" in p for p in wb.audit(twins()).problems)


def test_sentences_with_tags_are_fixed_too():
    rows = pd.DataFrame({"tokens": [["Ada", "left", f"town{i}", f"by{i}"] for i in (*range(20), 3)], "tags": [["B-PER", "O", "O", "O"]] * 21,
                         "split": ["train"] * 18 + ["validation"] * 3})  # fmt: skip
    clean = wb.audit(rows).fixed()
    assert len(clean["train"]) < 18 and set(clean.changes["split"]) == {"train"}


def test_beyond_the_limit_only_the_very_same_texts_are_found(monkeypatch):
    monkeypatch.setattr(near, "COMPARED", 10)
    audit = wb.audit(twins())
    assert (0, 2, "train/validation") in audit.leaks and audit.near_duplicates > 0


# --- drift ------------------------------------------------------------------------------------------------------------


def test_two_halves_of_one_source_are_not_told_apart_and_two_sources_are():
    texts, _ = told(400)
    same = drift(texts[:200], texts[200:])
    assert abs(same.auc - 0.5) < 0.12
    far = drift(texts[:200], [f"dear {t}" for t in texts[200:]])
    assert far.auc > 0.95 and far.target_words[0] == "dear"


def test_drift_is_part_of_the_audit_and_a_problem_when_strong():
    texts, labels = told(100)
    audit = wb.audit(data(texts, labels, validation=VALID), target=[f"dear sir {t}" for t in texts])
    assert audit.drift.auc > 0.9 and any("AUC" in p for p in audit.problems) and "drift" in set(audit.table()["check"])


def test_few_target_texts_say_so():
    with pytest.raises(wb.WorkbenchError, match=r"3 target texts .*at least 20"):
        drift(told(50)[0], ["a", "b", "c"])


def test_a_target_may_be_many_things(tmp_path):
    texts = [f"text {i}" for i in range(30)]
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "t.csv", index=False)
    assert (
        target_texts(texts)
        == target_texts(pd.Series(texts))
        == target_texts(pd.DataFrame({"text": texts}))
        == target_texts({"text": texts})
        == sorted(target_texts(tmp_path / "t.csv"), key=lambda t: int(t[5:]))
    )


@pytest.mark.parametrize(
    ("target", "said"), [(["a", None], "number 1 is None, not a text"), (pd.DataFrame({"x": ["a"]}), "the columns x")]
)
def test_a_target_without_texts_is_refused(target, said):
    with pytest.raises(wb.WorkbenchError, match=f"in the target .*{said}.*Try: target=list_of_texts"):
        target_texts(target)


# --- words, languages, pictures ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def test_words_that_are_broken_are_counted_by_hand(model):
    found = pieces(["kind room zebra", "kind 日"], model, 8)  # z-e-b-r-a: five pieces; 日 is none that it knows
    assert found.broken == pytest.approx(1 / 5) and found.unknown == pytest.approx(1 / 5)
    assert found.worst[0] == ("zebra", 5, 1) and found.per_word == pytest.approx((1 + 1 + 5 + 1 + 1) / 5)
    assert found.cut == 0.5  # seven pieces and two marks are more than eight; five are not


def test_broken_words_and_cuts_are_problems_of_the_audit(model):
    texts, labels = told(40)
    audit = wb.audit(
        data([t + " zebra xylophone" for t in texts], labels, validation=VALID), model=model, max_length=10
    )
    assert any("longer than 10 pieces" in p for p in audit.problems) and any(
        "in more than 3 pieces" in p for p in audit.problems
    )


def test_a_model_that_is_nowhere_is_refused_before_anything_else_is_looked_at(monkeypatch):
    looked = []
    monkeypatch.setattr(sys.modules["workbench.data.audit"], "examined", looked.append)
    with pytest.raises(wb.WorkbenchError, match="no such"):
        wb.audit(data(*told(40), validation=VALID), model="no such")
    assert looked == []


@pytest.mark.parametrize(("text", "name"), [("The room was cold and we had no tea.", "English"), ("La chambre est froide et nous avons faim.", "French"),
                                            ("Das Zimmer ist kalt und der Tee auch.", "German"), ("El cuarto está frío y no hay té.", "Spanish"),
                                            ("ok", ""), ("", "")])  # fmt: skip
def test_languages_by_their_little_words(text, name):
    assert language(text) == name


def test_the_few_in_another_language_are_found():
    assert strangers(["The cat is on the mat and it is warm."] * 5 + ["Le chat est sur le lit et il dort."]) == [5]


def test_pictures_and_table_are_escaped_and_described():
    texts, labels = told(60)
    rows = data(texts, labels, validation=VALID).assign(label=lambda f: "<b>" + f.label)
    page = wb.audit(rows, target=[f"dear {t}" for t in texts])._repr_html_()
    assert "<b>no" not in page and 'alt="Bars of the share of every label' in page and "AUC" in page
    assert len(wb.audit(rows).figure().axes) >= 2


@pytest.mark.parametrize("rows", [
    pd.DataFrame({"text": [f"text {i}" for i in range(40)], "labels": ["a|b", "b", "a", ""] * 10}),
    pd.DataFrame({"source": [f"good morning {i}" for i in range(20)], "target": [f"bonjour {i}" for i in range(20)]}),
    pd.DataFrame({"question": [f"who {i}" for i in range(20)], "context": [f"Ada left town {i}" for i in range(20)], "answers": ["Ada"] * 20}),
    pd.DataFrame({"text": [f"only a text {i}" for i in range(20)]}),
], ids=["multi-label", "translation", "answering", "language-modeling"])  # fmt: skip
def test_every_kind_of_data_is_audited_shown_and_fixed(rows):
    audit = wb.audit(rows)
    assert "<table" in audit._repr_html_() and len(audit.table()) >= 5
    assert len(audit.fixed()["train"]) <= len(audit.data["train"])


def test_very_many_labels_are_audited_in_seconds_and_a_note_says_what_was_left_out():
    words = [f"w{i}" for i in range(500)]
    rng = np.random.default_rng(0)
    many = pd.DataFrame(
        {"text": [" ".join(rng.choice(words, 8)) for _ in range(2400)], "label": [f"c{i % 1200}" for i in range(2400)]}
    )
    start = time.monotonic()
    found = wb.audit(many)
    assert time.monotonic() - start < 60  # each of 1,200 labels learned would be many minutes
    assert (
        "of 1,200 labels" in found.notes[0]
        and "the 150 commonest" in str(found)
        and "note" in set(found.table()["check"])
    )
    assert len(str(found)) < 3_000 and "and 1,170 more labels" in str(found)
    assert wb.audit("reviews").notes == ()


def test_of_many_labels_the_commonest_are_learned(monkeypatch):
    from workbench.data import baseline

    monkeypatch.setattr(baseline, "CLASSES", 2)
    texts, y = ["red", "red", "red", "blue", "blue", "green"], np.array([0, 0, 0, 2, 2, 1])
    assert baseline.baselines(texts, y, ["red", "blue", "green", "green"], np.array([0, 2, 1, 1])) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"max_length": -1}, "max_length is -1"), ({"max_length": "x", "model": "bert-tiny"}, "max_length is 'x'"),
     ({"max_length": True}, "max_length"), ({"model": 3}, "a model of type int"), ({"model": ""}, "without a name"),
     ({"target": 3}, "in the target 3 instead of texts")],
)  # fmt: skip
def test_what_an_audit_cannot_be_asked_is_said(asked, said):
    with pytest.raises(wb.WorkbenchError, match=said):
        wb.audit("reviews", **asked)
