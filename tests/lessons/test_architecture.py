"""The judges of lesson 23 on made-up runs and real vocabularies: right, wrong in every way that they speak of, nothing at all."""

from types import SimpleNamespace

import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.architecture import broken_words, pieces_per_text
from workbench.lessons.exercise import FAILED


def run(accuracy=0.6, parameters=5_000_000, **choices):
    facts = {"control": 0.5, "majority": 0.12, "n_train": 160, "parameters": parameters}
    return SimpleNamespace(config=RunConfig(**{"data": "headlines", **choices}), best={"accuracy": accuracy},
                           store=SimpleNamespace(facts=facts, metric="accuracy"))  # fmt: skip


WORDS = broken_words("clinic", "bert-tiny", 65)


class TestJudges(Judges):
    RIGHT = {  # noqa: RUF012
        "23.1": [run(pooling="cls")],
        "23.2": [["O", "O", "O"]],
        "23.3": [(run(), run(0.58, 3_500_000, layers=2))],
        "23.4": [WORDS[:60]],
    }
    WRONG = {  # noqa: RUF012
        "23.1": ([run(0.4, pooling="cls")], "has 40.0%; counting words has 50.0%"),
        "23.2": ([["O", "I-LOC", "I-LOC"]], "O I-LOC I-LOC has 0.150, but I-LOC cannot stand behind O"),
        "23.3": ([(run(), run(0.5, 3_500_000, layers=2))], "(30% fewer), accuracy 50.0% instead of 60.0%"),
        "23.4": ([WORDS], "At most 60 words"),
    }


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("23.1", run(), "take pooling='cls'"),
        ("23.2", ["O", "B-LOC", "I-LOC"], "has 0.060. There is one with more"),
        ("23.2", ["O", "O"], "Three tags"),
        ("23.3", (run(), run(0.6, 4_500_000, layers=3)), "At least 25% fewer"),
        ("23.3", (run(), run(0.6, 3_500_000, layers=2, seed=1)), "differ in seed"),
        (
            "23.3",
            (run(epochs=0.5), run(0.6, 3_500_000, layers=2, learning_rate=1e-3)),
            "differ in learning_rate, epochs",
        ),
        ("23.3", (run(), run(0.6, 3_500_000)), "have as many layers"),
        ("23.3", (run(0.15), run(0.14, 3_500_000, layers=2)), "has to have learned something"),
        ("23.4", ["oedema"], "At least 2% fewer"),
    ],
)
def test_an_answer_is_told_what_is_wrong_with_it(name, answer, words):
    outcome = wb.exercise(name).check(answer)
    assert outcome.state == FAILED and words in outcome.text, outcome


def test_the_words_that_cost_most_are_whole_words_that_become_one_piece():
    assert len(WORDS) == 65 and all(w.isalpha() for w in WORDS)
    before, few, many = (pieces_per_text("clinic", "bert-tiny", WORDS[:n]) for n in (0, 20, 65))
    assert before > few > many
