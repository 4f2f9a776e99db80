"""What lesson 08 promises happens with the shipped translator and data: who is ahead of whom, and the solutions. Two short trainings."""

import functools
import math
from pathlib import Path

import pytest

import workbench as wb
from workbench.lessons import translation as lesson
from workbench.metrics import bleu, chrf
from workbench.tasks.dictionary import WordByWord
from workbench.tasks.translation import translate
from workbench.training.predictor import Predictor

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "08-translation.py"
SAME = 'model="en-fr-mini", learning_rate=5e-4, evaluations=4, seed=0'
RUN, GENTLE = "wb.fit(hotel, epochs=3, **same)", 'wb.fit(hotel, epochs=3, **{**same, "learning_rate": 1.5e-4})'
pytestmark = [
    pytest.mark.outcomes,
    pytest.mark.notebooks,
    pytest.mark.slow,
    pytest.mark.xdist_group("translation"),
]  # one worker trains for all


@functools.cache
def hotel():
    return wb.load("hotel-en-fr")


@functools.cache
def general():
    return Predictor.untouched("en-fr-mini")


@functools.cache
def trained(code=RUN):
    """A run of the lesson; the number of evaluations changes no weight that is kept as long as the last one is the best."""
    return eval(code.replace("epochs", "evaluations=1, epochs"), {"wb": wb, "hotel": hotel(), "same": same()}).join()


def same():
    return {k: v for k, v in eval(f"dict({SAME})").items() if k != "evaluations"}


@functools.cache
def said(which):
    predictor = general() if which == "before" else trained().predictor()
    return list(predictor.predict(list(hotel()["validation"]["source"]))["translation"])


def references():
    return list(hotel()["validation"]["target"])


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert source.count(f"same = dict({SAME})") == 1 and source.count(RUN) == 1 and source.count(GENTLE) == 1


def test_the_controls_stand_in_the_order_of_the_lesson(home):
    data = hotel()
    dictionary = WordByWord(list(zip(data["train"]["source"], data["train"]["target"], strict=True)))
    sources = list(data["validation"]["source"])
    scores = [chrf(texts, references()) for texts in (sources, [dictionary(s) for s in sources], said("before"))]
    assert scores == sorted(scores) and scores[2] - scores[1] > 0.02
    assert bleu(said("before"), references()) < chrf(said("before"), references())  # BLEU is harsher


def test_the_trade_is_learned_as_loss_and_accuracy_see_it(home):
    frame = trained().frame()
    assert frame["valid_loss"].iloc[0] - frame["valid_loss"].iloc[-1] > 0.15
    assert frame["token_accuracy"].iloc[-1] - frame["token_accuracy"].iloc[0] > 0.02
    assert chrf(said("after"), references()) > chrf(said("before"), references())  # within the noise of 80 sentences


def test_the_curve_begins_where_a_translator_begins(home):
    assert trained().frame()["valid_loss"].iloc[0] < 0.5 * math.log(8192)


def test_a_beam_is_no_worse_than_greedy_here(home):
    predictor = trained().predictor()
    greedy = translate(predictor.model, list(hotel()["validation"]["source"]), predictor.tokenizer, beams=1)
    assert chrf(said("after"), references()) > chrf(greedy, references()) - 0.005


def test_a_translation_by_hand_is_the_greedy_one(home):
    import re

    code = re.search(r"(model, tokenizer = .*?)\n\n# %%\n(while .*?)\n\n", LESSON.read_text("utf-8"), re.S)
    found = {"run": trained(), "torch": __import__("torch")}
    exec("\n".join(code.groups()), found)
    text = found["tokenizer"].decode(found["french"], skip_special_tokens=True)
    assert text == translate(found["model"], ["Do you have a room for tonight?"], found["tokenizer"], beams=1)[0]


def test_it_forgets_and_a_smaller_rate_forgets_less(home):
    everyday = lesson.everyday()
    kept = [
        lesson.written(p, everyday)["chrf"] for p in (general(), trained().predictor(), trained(GENTLE).predictor())
    ]
    assert kept[0] - kept[1] > 0.008 and kept[2] - kept[1] > 0.003
    outcome = wb.exercise("08.4").check(trained(GENTLE))
    assert outcome, outcome


def test_hotels_teach_vous(home):
    import re

    code = re.search(r"(import re\n.*?\n)\n\n?# %%\ncounts", LESSON.read_text("utf-8"), re.S)[1]
    found = {"everyday": wb.load("phrases-en-fr")}
    exec(code, found)
    told = [
        found["address"](p.predict(list(found["you"]["source"]))["translation"])
        for p in (general(), trained().predictor())
    ]
    assert told[1]["vous"] > told[0]["vous"] and told[1]["tu"] < told[0]["tu"]


def test_the_solution_with_few_pairs_passes(home):
    code = wb.exercise("08.1").solution().removeprefix("answer = ").removesuffix("; await answer")
    outcome = wb.exercise("08.1").check(eval(code.replace("evaluations=4", "evaluations=1"), {"wb": wb}).join())
    assert outcome, outcome


def test_the_solutions_without_a_training_pass(home):
    found = {"run": trained(), "hotel": hotel(), "translate": translate}
    exec(wb.exercise("08.2").solution(), found)
    assert wb.exercise("08.2").check(trained(), found["sentence"])
    exec(wb.exercise("08.3").solution(), found)
    assert wb.exercise("08.3").check(hotel(), found["fooled"])
    assert lesson.before("en-fr-mini")[0] == chrf(said("before"), references())
