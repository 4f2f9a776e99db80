"""Scores of whole names: by hand, and against seqeval on random rows of tags."""

import itertools
import random

import pytest
from seqeval.metrics import v1
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES

from workbench.errors import WorkbenchError
from workbench.metrics import entities, entity_f1, entity_scores, metric

KINDS = ("PER", "LOC", "geo-loc")
PREFIXES = {"IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}


def as_written(spans, length, scheme):
    """Names (type, start, end) as tags of a scheme."""
    tags, before = ["O"] * length, ("", 0, 0)
    for kind, start, end in sorted(spans, key=lambda s: s[1]):
        first, last, alone = {"IOB2": "BIB", "IOBES": "BES", "BILOU": "BLU"}.get(scheme, "IIB")
        tags[start:end] = [f"I-{kind}"] * (end - start)
        tags[end - 1] = f"{last}-{kind}"
        tags[start] = f"{first if end - start > 1 else alone}-{kind}"
        if scheme == "IOB1":  # B- only where it touches a name of its own type
            tags[start] = f"{'B' if before[0] == kind and before[2] == start else 'I'}-{kind}"
        before = (kind, start, end)
    return tags


def some_names(draw, length):
    """Random names that do not overlap; some of them touch."""
    spans, at = [], 0
    while at < length:
        size = draw.randint(1, min(4, length - at))
        if draw.random() < 0.5:
            spans.append((draw.choice(KINDS), at, at + size))
        at += size
    return spans


def rows(n, make):
    """`n` pairs (guess, right) of equal length."""
    draw = random.Random(7)
    lengths = [draw.randint(1, 15) for _ in range(n)]
    return [make(draw, size) for size in lengths], [make(draw, size) for size in lengths]


def assert_as_seqeval(guess, right, scheme=None):
    """The same three figures, on all rows together and row by row; with a scheme in seqeval's strict mode."""
    for g, r in [(guess, right), *(([a], [b]) for a, b in zip(guess, right, strict=True))]:
        judge = v1.precision_recall_fscore_support if scheme else precision_recall_fscore_support
        precision, recall, f1, _ = judge(
            r, g, average="micro", zero_division=0, **({"scheme": scheme} if scheme else {})
        )
        assert entity_scores(g, r) == pytest.approx({"precision": precision, "recall": recall, "f1": f1}), (g, r)


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], []),
        (["O", "O"], []),
        (["B-PER", "I-PER", "O"], [("PER", 0, 2)]),
        (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["I-PER", "I-LOC"], [("PER", 0, 1), ("LOC", 1, 2)]),
        (["O", "I-PER"], [("PER", 1, 2)]),
        (["S-PER", "I-PER", "E-PER", "I-PER"], [("PER", 0, 1), ("PER", 1, 3), ("PER", 3, 4)]),
        (["U-PER", "L-PER", "L-PER"], [("PER", 0, 1), ("PER", 1, 2), ("PER", 2, 3)]),
        (["PER", "PER", "O", "LOC"], [("PER", 0, 2), ("LOC", 3, 4)]),
        (["B-geo-loc", "I-geo-loc"], [("geo-loc", 0, 2)]),
        (["B", "I", "O", "I"], [("NAME", 0, 2), ("NAME", 3, 4)]),
        (["E", "S", "L", "U"], [("NAME", i, i + 1) for i in range(4)]),
        (["B-X", "M-X", "E-X", "M"], [("X", 0, 3), ("M", 3, 4)]),
        (["", "O-PER", "O"], []),
        (["<b>"], [("<b>", 0, 1)]),
    ],
)
def test_names_in_a_row_of_tags(tags, expected):
    assert entities(tags) == expected


def test_scores_by_hand():
    right = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG"]]
    guess = [
        ["B-PER", "I-PER", "B-LOC", "B-ORG"],
        ["O", "B-ORG"],
    ]  # two of four guesses are right, two of three names found
    assert entity_scores(guess, right) == {"precision": 0.5, "recall": 2 / 3, "f1": 4 / 7}


@pytest.mark.parametrize(
    "guess",
    [["B-PER", "O", "O"], ["B-PER", "I-PER", "I-PER"], ["B-LOC", "I-LOC", "O"], ["B-PER", "B-PER", "O"], ["O"] * 3],
)
def test_a_name_is_right_as_a_whole_or_not_at_all(guess):
    assert entity_scores([guess], [["B-PER", "I-PER", "O"]]) == {"precision": 0, "recall": 0, "f1": 0}


def test_a_name_in_another_row_is_another_name():
    assert entity_f1([["B-PER"], ["O"]], [["O"], ["B-PER"]]) == 0


def test_rows_without_names_change_nothing():
    assert entity_f1([["B-PER"], ["O"], []], [["B-PER"], ["O"], []]) == 1


def test_no_names_anywhere_is_zero_as_in_seqeval():
    assert entity_scores([["O"]], [["O"]]) == {"precision": 0, "recall": 0, "f1": 0}
    assert_as_seqeval([["O"]], [["O"]])


def test_the_scheme_does_not_matter():
    spans = [("PER", 0, 2), ("PER", 2, 3), ("LOC", 4, 7)]
    written = [as_written(spans, 8, scheme) for scheme in ("IOB1", "IOB2", "IOBES", "BILOU")]
    assert [entities(w) for w in written] == [spans] * 4
    assert all(entity_f1([a], [b]) == 1 for a in written for b in written)


def test_unequal_numbers_are_an_error_that_counts_them():
    with pytest.raises(WorkbenchError, match="1 predictions and 2 references"):
        entity_scores([["O"]], [["O"], ["O"]])
    with pytest.raises(WorkbenchError, match="2 predicted tags and 1 right ones in text 2"):
        entity_scores([["O"], ["O", "O"]], [["O"], ["O"]])


def test_nothing_to_score_is_an_error():
    with pytest.raises(WorkbenchError, match="at least one"):
        entity_f1([], [])


# --- against seqeval --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "name"), [(IOB1, "IOB1"), (IOB2, "IOB2"), (IOBES, "IOBES"), (BILOU, "BILOU")])
def test_well_formed_rows_score_as_in_seqevals_strict_mode(scheme, name):
    guess, right = rows(300, lambda draw, size: as_written(some_names(draw, size), size, name))
    assert any(a == b for a, b in zip(guess, right, strict=True)) and any("B-" in t for tags in right for t in tags)
    assert_as_seqeval(guess, right, scheme)


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES"])
def test_rows_of_any_tags_score_as_in_seqevals_default_mode(scheme):
    tags = ["O", "O", *(f"{p}-{k}" for p in PREFIXES[scheme] for k in KINDS)]
    guess, right = rows(300, lambda draw, size: draw.choices(tags, k=size))
    assert_as_seqeval(guess, right)


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES"])
def test_names_of_any_tags_are_seqevals(scheme):
    tags = ["O", "O", *(f"{p}-{k}" for p in PREFIXES[scheme] for k in KINDS)]
    for row in itertools.chain(*rows(300, lambda draw, size: draw.choices(tags, k=size))):
        assert entities(row) == [(kind, a, b + 1) for kind, a, b in get_entities(row)]


def test_the_metric_of_evaluate_gives_the_same_as_the_function():
    guess, right = rows(50, lambda draw, size: as_written(some_names(draw, size), size, "IOB2"))
    score = metric("entity_f1")
    assert score.compute(predictions=guess, references=right) == {"entity_f1": entity_f1(guess, right)}
    for g, r in zip(guess, right, strict=True):
        score.add(prediction=g, reference=r)
    assert score.compute() == {"entity_f1": entity_f1(guess, right)}
