"""BLEU and chrF against sacrebleu itself, against values worked out by hand, and as an `evaluate.Metric`."""

import math

import pytest
import sacrebleu

from workbench.errors import WorkbenchError
from workbench.metrics import bleu, chrf, chrf_each, metric, signature

SAID = ["le chat est sur le tapis .", "il pleut des cordes aujourd'hui .", "bonjour à tous"]
ONE = ["le chat est assis sur le tapis .", "il pleut beaucoup aujourd'hui .", "bonjour à tout le monde"]


def test_bleu_by_hand():
    """Five words, one wrong at the end: precisions 4/5, 3/4, 2/3, 1/2, no penalty."""
    assert bleu(["a b c d x"], ["a b c d e"]) == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)


def test_brevity_by_hand():
    """All n-grams right, one word of six missing at the end: only the penalty exp(1 - 6/5) is left."""
    assert bleu(["a b c d e"], ["a b c d e f"]) == pytest.approx(math.exp(1 - 6 / 5))


def test_chrf_by_hand():
    """Two letters, one right, no common pair: letters have precision and recall 1/2, pairs 0; the mean over the two orders is 1/4."""
    assert chrf(["ab"], ["ac"]) == pytest.approx(0.25)


def test_the_same_numbers_as_sacrebleu():
    assert bleu(SAID, ONE) == pytest.approx(sacrebleu.corpus_bleu(SAID, [ONE]).score / 100)
    assert chrf(SAID, ONE) == pytest.approx(sacrebleu.corpus_chrf(SAID, [ONE]).score / 100)
    each = [sacrebleu.sentence_chrf(s, [r]).score / 100 for s, r in zip(SAID, ONE, strict=True)]
    assert chrf_each(SAID, ONE) == pytest.approx(each)


def test_several_references_are_the_same_as_sacrebleus_streams():
    two = [[ONE[0], SAID[0]], [ONE[1]], [ONE[2], "salut"]]
    streams = [[ONE[0], ONE[1], ONE[2]], [SAID[0], None, "salut"]]
    assert bleu(SAID, two) == pytest.approx(sacrebleu.corpus_bleu(SAID, streams).score / 100)
    assert chrf(SAID, two) == pytest.approx(sacrebleu.corpus_chrf(SAID, streams).score / 100)


def test_perfect_and_empty():
    assert bleu(ONE, ONE) == pytest.approx(1.0) and chrf(ONE, ONE) == 1.0
    assert bleu(["", "", ""], ONE) == 0.0 and chrf(["", "", ""], ONE) == 0.0


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_as_an_evaluate_metric_with_one_or_several_references(name):
    function = {"bleu": bleu, "chrf": chrf}[name]
    assert metric(name).compute(predictions=SAID, references=ONE)[name] == pytest.approx(function(SAID, ONE))
    several = [[r, r] for r in ONE]
    assert metric(name).compute(predictions=SAID, references=several)[name] == pytest.approx(function(SAID, ONE))


def test_the_signature_names_the_tokeniser_and_the_number_of_references():
    assert (
        "tok:13a" in signature("bleu")
        and signature("chrf").startswith("nrefs:1|")
        and "nrefs:var" in signature("bleu", 3)
    )


@pytest.mark.parametrize("right", [[], ["a"], [["a"], []]])
def test_lists_of_different_length_are_refused(right):
    with pytest.raises(WorkbenchError, match="one or more references"):
        bleu(["a", "b"], right)
