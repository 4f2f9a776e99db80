"""Exercises of lesson 05: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

from types import SimpleNamespace

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.entities import EXERCISES
from workbench.lessons.exercise import FAILED, PASSED

LABELS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
IDS = [e.id for e in EXERCISES]


def split(*rows):
    """Sentences written as "word/TAG word/TAG"; no slash is outside."""
    pairs = [[(w.partition("/")[0], w.partition("/")[2] or "O") for w in row.split()] for row in rows]
    features = Features({"tokens": List(Value("string")), "tags": List(ClassLabel(names=LABELS))})
    columns = {"tokens": [[w for w, _ in p] for p in pairs], "tags": [[LABELS.index(t) for _, t in p] for p in pairs]}
    return Dataset.from_dict(columns, features)


DATA = {
    "train": split("Ann/B-PER left Paris/B-LOC .", "Doctor Lee/B-PER was late ."),
    "validation": split("Ann/B-PER left Bern/B-LOC .", "Lee/B-PER joined Acme/B-ORG ."),
}


def run(tags=(), f1=0.5, n_train=740, model="bert-mini", data="people-places"):
    """What a judge looks at, with nothing trained; `tags` is what the model says of each word, in lower case, in order."""
    said = {word: list(tag) if isinstance(tag, list) else [tag] for word, tag in dict(tags).items()}

    def mark(words):
        turns, tags = {word: list(found) for word, found in said.items()}, []
        for word in words:
            found = turns.get(word.lower(), ["O"])
            tags.append(found.pop(0) if len(found) > 1 else found[0])
        return tags

    def predict(inputs):
        tokens = [x.replace(".", " .").split() if isinstance(x, str) else list(x) for x in inputs]
        return pd.DataFrame({"tokens": tokens, "tags": [mark(words) for words in tokens]})

    return SimpleNamespace(
        config=RunConfig(model=model, data=data), predict=predict, data=lambda: DATA, evaluate=lambda split: {"f1": f1},
        store=SimpleNamespace(facts={"labels": LABELS, "n_train": n_train}),
    )  # fmt: skip


GOOD = {"vellmora": "B-LOC", "florence": ["B-PER", "B-LOC"], "ann": "B-PER", "bern": "B-LOC", "lee": "B-PER"}
MINI, TWIN = run(GOOD), run({"ann": "B-PER"}, f1=0.2, model="bert-mini:random")
CLAIM = ("The train to Vellmora was late.", "Vellmora", "LOC")

RIGHT = {
    "05.1": [MINI, "Florence spent her winter in Florence."],
    "05.2": [MINI, TWIN, CLAIM],
    "05.3": [MINI, "ORG"],
    "05.4": [run(f1=0.3, n_train=92), TWIN],
}
WRONG = {
    "05.1": ([MINI, "Ann spent her winter with Ann."], "marks Ann as PER, Ann as PER: no word"),
    "05.2": ([MINI, TWIN, ("The train to Krondike was late.", "Krondike", "LOC")], "bert-mini marks nothing"),
    "05.3": ([MINI, "PER"], "ORG 0.00, LOC 1.00, PER 1.00"),
    "05.4": ([run(f1=0.15, n_train=92), TWIN], "F1 0.15 after 92 sentences, and 0.20 for the twin after 740"),
}


def test_every_exercise_is_tested_and_in_the_book():
    assert IDS == ["05.1", "05.2", "05.3", "05.4"] and set(RIGHT) == set(WRONG) == set(IDS)
    assert all(wb.exercise(e.id) is e for e in EXERCISES)


class TestEntitiesJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


def test_two_words_of_two_types_are_not_one_word_in_two_senses():
    assert wb.exercise("05.1").check(MINI, "Ann went all the way to Bern.").state == FAILED


def test_a_word_is_the_same_word_with_and_without_capitals():
    assert wb.exercise("05.1").check(MINI, "FLORENCE spent her winter in florence.").state == PASSED


def test_two_words_are_no_sentence():
    assert "at least four words" in wb.exercise("05.1").check(MINI, "Florence Florence").text


def test_a_name_that_the_twin_finds_too_proves_nothing():
    twin = run({"vellmora": "B-LOC"}, model="bert-mini:random")
    assert "the twin marks Vellmora as LOC" in wb.exercise("05.2").check(MINI, twin, CLAIM).text


def test_a_name_found_with_another_type_by_the_twin_is_not_found_by_it():
    twin = run({"vellmora": "B-PER"}, model="bert-mini:random")
    assert wb.exercise("05.2").check(MINI, twin, CLAIM).state == PASSED


def test_a_word_of_the_training_texts_is_not_new_even_as_a_small_letter_or_part_of_a_name():
    judge = wb.exercise("05.2").check
    assert "'paris' stands in the training texts" in judge(MINI, TWIN, ("We left paris.", "paris", "LOC")).text
    assert "'Doctor' stands in" in judge(MINI, TWIN, ("Doctor Vellmora left.", "Doctor Vellmora", "PER")).text


def test_an_unknown_type_lists_the_known_ones():
    assert "LOC, ORG, PER" in wb.exercise("05.2").check(MINI, TWIN, (*CLAIM[:2], "TOWN")).text
    assert "LOC, ORG, PER" in wb.exercise("05.3").check(MINI, "TOWN").text


def test_a_sentence_may_come_in_a_list_as_predict_takes_it():
    for sentence in (
        ["Florence spent her winter in Florence."],
        ["Florence", "spent", "her", "winter", "in", "Florence", "."],
    ):
        assert wb.exercise("05.1").check(MINI, sentence).state == PASSED


@pytest.mark.parametrize("id", ["05.2", "05.4"])
def test_two_models_of_one_kind_are_no_comparison(id):
    for pair in ([TWIN, TWIN], [MINI, MINI], [TWIN, MINI]):
        assert "First a pretrained model" in wb.exercise(id).check(*pair, *RIGHT[id][2:]).text


def test_few_sentences_are_at_most_an_eighth_of_the_same_data():
    judge = wb.exercise("05.4").check
    assert "93 sentences are more than" in judge(run(f1=0.9, n_train=93), TWIN).text
    assert "other.conll" in judge(run(f1=0.9, n_train=50, data="other.conll"), TWIN).text


def test_what_the_learner_wrote_is_escaped():
    outcome = wb.exercise("05.1").check(MINI, "a <b>bold</b> claim about Ann")
    assert outcome.state == FAILED and "<b>bold" not in outcome._repr_html_()
