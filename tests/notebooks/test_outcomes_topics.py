"""What lesson 03 promises happens with the shipped model and data: who is ahead of whom, where curves begin, and the solutions."""

import functools
import math
import re
from pathlib import Path

import pandas as pd
import pytest

import workbench as wb
from workbench.data.audit import bag_of_words

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "03-topics.py"
SAME = "learning_rate=5e-4, evaluations=8, restore_best=False, seed=0"
FEW, FULL = "train_examples=64, epochs=20, **same", "epochs=4, **same"
pytestmark = [
    pytest.mark.outcomes,
    pytest.mark.notebooks,
    pytest.mark.slow,
    pytest.mark.xdist_group("topics"),
]  # one worker trains for all


@functools.cache
def trained(model, settings, seed):
    """A run with the settings of the lesson; the number of evaluations changes no weight, so few are enough here."""
    same = eval(f"dict({SAME})") | {"seed": seed, "evaluations": 1}
    return eval(f"wb.fit('headlines', model=model, {settings}).join()", {"wb": wb, "model": model, "same": same})


def accuracy(run):
    return run.evaluate("validation")["accuracy"]


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert source.count(f"same = dict({SAME})") == 1
    assert source.count(FEW) == 3 and source.count(FULL) == 1  # two runs and the panel; the run with all texts


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.seeds)])
def test_with_64_texts_only_the_pretrained_model_is_ahead_of_counting_words(home, seed):
    few, twin = (trained(model, FEW, seed) for model in ("bert-mini", "bert-mini:random"))
    words = few.store.facts["control"]  # of the same 64 texts
    assert accuracy(few) > words + 0.08
    assert accuracy(twin) < words - 0.02
    assert accuracy(few) > accuracy(twin) + 0.15
    for run in (few, twin):
        frame = run.frame()
        assert frame["step"].iloc[0] == 0 and abs(frame["valid_loss"].iloc[0] - math.log(8)) < 0.1
        assert frame["train_loss"].iloc[-1] < 0.1  # both know their texts by heart


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.seeds)])
def test_with_all_texts_the_lead_is_small_and_local_is_the_hardest_case(home, seed):
    full = trained("bert-mini", FULL, seed)
    assert 0 < accuracy(full) - full.store.facts["control"] < 0.13
    train, valid = (full.data()[split].to_pandas() for split in ("train", "validation"))
    names = full.store.facts["labels"]
    hits = pd.DataFrame({"words": bag_of_words().fit(train["text"], train["label"]).predict(valid["text"])})
    hits["bert-mini"] = [names.index(label) for label in full.predict(list(valid["text"]))["label"]]
    share = hits.eq(valid["label"], axis=0).groupby(valid["case"]).mean()
    assert (share.idxmin() == "local").all()
    assert share.at["crossover", "bert-mini"] > share.at["plain", "bert-mini"] - 0.08
    found = {"full": full}
    exec(wb.exercise("03.3").solution(), found)
    assert wb.exercise("03.3").check(full, found["topic_pair"])


def fitted(code):
    """The run of a solution; the number of evaluations changes no weight."""
    return eval(f"wb.fit({code.replace('evaluations=8', 'evaluations=1')}).join()", {"wb": wb})


def solution(name):
    return re.fullmatch(r"(?:answer|large_twin) = wb\.fit\((.*)\); await \w+", wb.exercise(name).solution())[1]


def test_256_texts_and_pretraining_beat_counting_words_with_all(home):
    outcome = wb.exercise("03.1").check(fitted(solution("03.1")))
    assert outcome, outcome


def test_the_twin_needs_all_texts_for_what_bert_mini_does_with_64_and_stays_behind_counting_words(home):
    twin = fitted(solution("03.2"))
    outcome = wb.exercise("03.2").check(trained("bert-mini", FEW, 0), twin)
    assert outcome, outcome
    assert accuracy(twin) < twin.store.facts["control"] - 0.03


def test_four_topics_begin_at_the_logarithm_of_four(home):
    found = {"wb": wb, "pd": pd, "math": math, "topics": wb.load("headlines")}
    exec(wb.exercise("03.4").solution().replace("await my_run", "my_run.join()"), found)
    outcome = wb.exercise("03.4").check(found["my_run"], found["my_nats"])
    assert outcome, outcome
