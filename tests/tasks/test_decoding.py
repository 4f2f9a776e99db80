"""Constrained decoding: the best possible sequence worked out by hand and by trying all, and that it is the task's answer."""

from itertools import product

import numpy as np
import pytest
from tiny import tagged_data, tiny_bert

import workbench as wb
from workbench.config import RunConfig
from workbench.tasks import Tagging, choices
from workbench.tasks.decoding import impossible, transitions, viterbi
from workbench.training.predictor import Predictor

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
THREE = ["O", "B-PER", "I-PER"]


def best_of_all(scores, labels):
    """By trying every sequence."""
    rows = [r for r in product(range(len(labels)), repeat=len(scores)) if not impossible([labels[i] for i in r])]
    return list(max(rows, key=lambda r: sum(scores[at, tag] for at, tag in enumerate(r))))


def test_by_hand():
    """Word by word O, I, I (0.5 · 0.7 · 0.6 = 0.210) is not possible. Of the possible ones B, I, I has 0.4 · 0.7 · 0.6 = 0.168,
    O, O, O 0.5 · 0.2 · 0.3 = 0.030 and O, B, I 0.5 · 0.1 · 0.6 = 0.030."""
    p = np.array([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.3, 0.1, 0.6]])
    assert p.argmax(1).tolist() == [0, 2, 2]
    assert viterbi(np.log(p), *transitions(THREE)).tolist() == [1, 2, 2]


def test_the_table_forbids_what_goes_on_with_nothing():
    first, table = transitions(LABELS)
    assert np.isfinite(first).tolist() == [True, True, False, True, False]
    assert np.isfinite(table).tolist() == [
        [True, True, False, True, False],  # behind O
        [True, True, True, True, False],  # behind B-LOC
        [True, True, True, True, False],  # behind I-LOC
        [True, True, False, True, True],  # behind B-PER
        [True, True, False, True, True],  # behind I-PER
    ]


def test_it_is_the_best_of_all_possible_sequences_and_a_constant_per_word_changes_nothing():
    draw = np.random.default_rng(0)
    for words in (0, 1, 2, 4, 5):
        for _ in range(10):
            scores = draw.normal(size=(words, len(LABELS)))
            found = viterbi(scores, *transitions(LABELS))
            assert found.tolist() == (best_of_all(scores, LABELS) if words else [])
            assert not impossible([LABELS[i] for i in found])
            shifted = scores + draw.normal(size=(words, 1))
            assert viterbi(shifted, *transitions(LABELS)).tolist() == found.tolist()


def test_a_possible_answer_stays_as_it_is():
    right = np.array([1, 2, 0, 3, 3])
    assert viterbi(5.0 * np.eye(5)[right], *transitions(LABELS)).tolist() == right.tolist()


def test_impossible_tags_are_counted():
    assert impossible([]) == impossible(["B-LOC", "I-LOC", "O", "B-PER"]) == 0
    assert impossible(["I-LOC", "I-LOC", "I-PER", "O", "I-PER"]) == 3


def test_the_task_scores_and_answers_by_the_sequence():
    """Right is B I: word by word it says O I, whose name seqeval would begin at the second word."""
    logits, labels = [np.log([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7]])], [np.array([1, 2])]
    free, constrained = Tagging(), choices.chosen(Tagging(), RunConfig(decoding="constrained"))
    assert free.metrics(logits, labels, THREE)["f1"] == 0.0 and constrained.metrics(logits, labels, THREE)["f1"] == 1.0
    assert free.pairs(logits, labels, THREE)[1].tolist() == [0, 1]
    assert constrained.pairs(logits, labels, THREE)[1].tolist() == [1, 1]
    assert np.array_equal(free.losses(logits, labels), constrained.losses(logits, labels))


def test_a_run_decodes_as_it_is_told_and_both_ways_are_compared(tmp_path):
    folder = str(tiny_bert(tmp_path / "tiny"))
    few = {"model": folder, "learning_rate": 3e-3, "epochs": 1, "evaluations": 1, "head": "bilstm"}
    free = wb.fit(tagged_data(32, 24), **few).join()
    held = wb.fit(tagged_data(32, 24), decoding="constrained", **few).join()
    with pytest.raises(wb.WorkbenchError, match="no split called 'tets'"):
        wb.decodings(held, split="tets")
    table = wb.decodings(held)
    assert table.index.tolist() == ["free", "constrained"] and table["words changed"].iloc[0] == 0
    assert table["impossible sentences"].iloc[1] == 0
    assert held.best["f1"] == pytest.approx(table["f1"]["constrained"]) and free.best["f1"] == pytest.approx(
        table["f1"]["free"]
    )
    assert held.best["valid_loss"] == free.best["valid_loss"]
    words = list(held.data()["validation"]["tokens"])
    again = Predictor.from_store(held.store).predict(words)["tags"].tolist()
    assert again == held.predict(words)["tags"].tolist() and not any(map(impossible, again))
    with pytest.raises(wb.WorkbenchError, match=r"head='bilstm' on tags cannot be written"):
        free.export(tmp_path / "out")
