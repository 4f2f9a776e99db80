"""Exercises of lesson 08: a right outcome passes, a wrong one does not and says why, nothing at all is neither."""

from types import SimpleNamespace

import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons import translation
from workbench.lessons.translation import EXERCISES
from workbench.tasks import translation as task

IDS = [e.id for e in EXERCISES]
REFERENCE = "Le café du petit-déjeuner était tiède."
WRONG_ONE, RIGHT_ONE = "Le thé du petit-déjeuner était tiède.", "Au matin, on nous a servi un café à peine chaud."
DATA = {"validation": {"source": ["The coffee at breakfast was lukewarm."], "target": [REFERENCE]}}


def run(chrf=0.5, everyday=0.46, n_train=160, **choices):
    """What a judge looks at, with nothing trained."""
    predictor = SimpleNamespace(model="model", tokenizer=None, scores=(chrf, everyday))
    return SimpleNamespace(
        config=RunConfig(**{"data": "hotel-en-fr", "model": "en-fr-mini", **choices}),
        store=SimpleNamespace(facts={"n_train": n_train}), evaluate=lambda split: {"chrf": chrf}, predictor=lambda: predictor,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_written(monkeypatch):
    """40% and 46% before; greedy and beam differ unless the text begins with "Same"; a beam costs a nat less."""
    monkeypatch.setattr(translation, "before", lambda model: (0.40, 0.46))
    monkeypatch.setattr(translation, "written", lambda p, split: {"chrf": p.scores[1 if split == "everyday" else 0]})
    monkeypatch.setattr(translation, "everyday", lambda: "everyday")
    monkeypatch.setattr(translation, "cost", lambda predictor, text, said: 9.0 if said == "greedy" else 8.0)
    said = lambda model, texts, tok, beams=4: ["greedy" if beams == 1 and not texts[0].startswith("Same") else "beam"]  # noqa: E731
    monkeypatch.setattr(task, "translate", said)


RIGHT = {
    "08.1": [run(0.431)],
    "08.2": [run(), "The lift is out of order."],
    "08.3": [DATA, (0, WRONG_ONE, RIGHT_ONE)],
    "08.4": [run(0.431, 0.456)],
}
WRONG = {
    "08.1": ([run(0.415)], "chrF 41.5% after 160 pairs, 40.0% before: +1.5%; at least +2.0% is asked for"),
    "08.2": ([run(), "Same again and again."], "Both wrote 'beam'"),
    "08.3": ([DATA, (0, RIGHT_ONE, WRONG_ONE)], "Asked for: at least 80% for the wrong one"),
    "08.4": ([run(0.5, 0.435)], "everyday 43.5% (before 46.0%). Too much forgotten"),
}


def test_every_exercise_is_tested_and_in_the_book():
    assert IDS == ["08.1", "08.2", "08.3", "08.4"] and set(RIGHT) == set(WRONG) == set(IDS)
    assert all(wb.exercise(e.id) is e for e in EXERCISES)


class TestTranslationJudges(Judges):
    RIGHT, WRONG = RIGHT, WRONG


def test_more_pairs_or_other_data_do_not_count():
    judge = wb.exercise("08.1").check
    assert "from 161 pairs: at most 160" in judge(run(0.9, n_train=161)).text
    assert "on phrases-en-fr" in judge(run(0.9, data="phrases-en-fr")).text


def test_what_both_ways_of_writing_cost_is_said():
    assert "'greedy' (9.0 nats). Four beams: 'beam' (8.0 nats)" in wb.exercise("08.2").check(*RIGHT["08.2"]).text
    assert "at least four words" in wb.exercise("08.2").check(run(), "Too short").text


def test_what_fits_other_sentences_better_is_no_right_translation(monkeypatch):
    data = {
        "validation": {
            "source": [*DATA["validation"]["source"], "Hello.", "Bye.", "Thanks."],
            "target": 4 * [REFERENCE],
        }
    }
    judge = wb.exercise("08.3").check
    assert judge(data, (0, WRONG_ONE, RIGHT_ONE))
    monkeypatch.setattr(translation, "cost", lambda _, text, said: 9.0 if text.startswith("The coffee") else 8.0)
    assert "fits other English sentences better" in judge(data, (0, WRONG_ONE, "Bonjour, où est la gare ?")).text


def test_the_reference_itself_is_not_wrong():
    answer = (0, REFERENCE.lower().rstrip("."), RIGHT_ONE)
    assert "has the words of the reference" in wb.exercise("08.3").check(DATA, answer).text


def test_too_little_learned_is_not_careful():
    assert "Too little learned" in wb.exercise("08.4").check(run(0.405, 0.5)).text
