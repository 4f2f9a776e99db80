"""SQuAD's scores: plain functions and metrics against its own script's words, and against cases worked out by hand."""

import re
import string
from collections import Counter

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.metrics import answer_em, answer_f1, answer_f1_each, metric, plain_answer

# What the official evaluation script of SQuAD 2 does, line by line, as a second opinion.


def normalize_answer(s):
    def remove_articles(text):
        return re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", text)

    def remove_punc(text):
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return " ".join(remove_articles(remove_punc(s.lower())).split())


def compute_f1(a_gold, a_pred):
    gold_toks, pred_toks = normalize_answer(a_gold).split(), normalize_answer(a_pred).split()
    num_same = sum((Counter(gold_toks) & Counter(pred_toks)).values())
    if len(gold_toks) == 0 or len(pred_toks) == 0:
        return int(gold_toks == pred_toks)
    if num_same == 0:
        return 0
    precision, recall = num_same / len(pred_toks), num_same / len(gold_toks)
    return (2 * precision * recall) / (precision + recall)


WORDS = [
    "the",
    "A",
    "an",
    "mill",
    "Mill,",
    "old",
    "(old)",
    "red",
    "U.S.",
    "’s",
    "—",
    "1,000",
    "anthem",
    "",
    "  ",
    "Theo",
]


def made_up(n, seed):
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(0, 5))) for _ in range(n)]


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_official_script(seed):
    guesses, rights = made_up(200, seed), [made_up(1 + i % 3, 1000 * seed + i) for i in range(200)]
    kept = [[r for r in right if normalize_answer(r)] or [""] for right in rights]
    f1 = [max(compute_f1(r, g) for r in right) for g, right in zip(guesses, kept, strict=True)]
    em = [
        max(normalize_answer(r) == normalize_answer(g) for r in right) for g, right in zip(guesses, kept, strict=True)
    ]
    assert answer_f1_each(guesses, rights) == pytest.approx(f1) and answer_em(guesses, rights) == pytest.approx(
        np.mean(em)
    )
    assert [plain_answer(g) for g in guesses] == [normalize_answer(g) for g in guesses]


@pytest.mark.parametrize(
    "guess, rights, f1, em",
    [
        ("The Mill", ["mill"], 1, 1),
        ("mill.", ["a  mill"], 1, 1),
        ("old mill", ["mill"], 2 / 3, 0),  # precision 1/2, recall 1
        ("in the old red mill", ["red mill"], 2 / 3, 0),  # in old red mill: precision 2/4, recall 2/2
        ("mill mill", ["mill"], 2 / 3, 0),  # a word counts as often as it is there
        ("ford", ["mill"], 0, 0),
        ("mill", ["old mill", "the mill"], 1, 1),  # the best reference
        ("", [""], 1, 1),
        ("", [], 1, 1),  # no reference: no answer is right
        ("mill", [], 0, 0),
        ("", ["mill"], 0, 0),
        ("the", ["a"], 1, 1),  # nothing is left of either: the reference stands for no answer, as in the script
        ("anthem", ["them"], 0, 0),  # an article is a word of its own
    ],
)
def test_cases_worked_out_by_hand(guess, rights, f1, em):
    assert answer_f1([guess], [rights]) == pytest.approx(f1) and answer_em([guess], [rights]) == em


def test_means_are_over_questions():
    assert answer_f1(["mill", "old mill", ""], [["mill"], ["mill"], ["mill"]]) == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize("name, value", [("answer_f1", 5 / 6), ("answer_em", 0.5)])
def test_the_metric_is_an_evaluate_metric_without_network(name, value):
    found = metric(name).compute(predictions=["The Mill", "old mill"], references=[["mill", "ford"], ["mill"]])
    assert found == {name: pytest.approx(value)}


@pytest.mark.parametrize("guesses, rights", [([], []), (["a"], []), (["a"], [["a"], ["b"]]), (["a"], ["a"])])
def test_lists_that_do_not_fit_are_an_error(guesses, rights):
    with pytest.raises(WorkbenchError):
        answer_f1(guesses, rights)
