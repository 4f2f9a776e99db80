"""The judges of lesson 12 on made-up runs and saved models: right, wrong in every way that they speak of, and nothing at all."""

import json
import math

import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig
from workbench.lessons.several import news_and_others

FOLDERS = {}


@pytest.fixture(autouse=True)
def saved(tmp_path, home):
    """Two saved models: one after right labels, one after flipped ones."""
    for name, noise in (("right", 0.0), ("flipped", 0.5)):
        (tmp_path / name).mkdir()
        about = {"config": {"data": "others.csv", "noise": noise}}
        (tmp_path / name / "workbench.json").write_text(json.dumps(about), "utf-8")
        FOLDERS[name] = str(tmp_path / name)


class Run:
    """A run on news whose model is looked up when it is asked for, as its folder belongs to the test."""

    def __init__(self, model, accuracy, **choices):
        self.model, self.kept, self.choices = model, {"accuracy": accuracy}, choices
        self.best = {"accuracy": 0.8}  # of the lowest loss: not what the run has kept

    @property
    def config(self):
        return RunConfig(data="news.csv", model=FOLDERS.get(self.model, self.model), **self.choices)


ALONE, AFTER, FLIPPED = Run("bert-tiny", 0.6), Run("right", 0.7), Run("flipped", 0.6)


class TestJudges(Judges):
    RIGHT = {  # noqa: RUF012
        "12.1": (math.log(2) / math.log(17),),
        "12.2": ((Run("bert-tiny", 0.6), Run("right", 0.5)),),
        "12.3": ((AFTER, FLIPPED),),
    }
    WRONG = {  # noqa: RUF012
        "12.1": ((0.5,), "264 of the 1,088"),
        "12.2": (((ALONE, AFTER),), "+10.0 points"),
        "12.3": (((AFTER, Run("flipped", 0.69)),), "A difference of 3 points"),
    }


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("12.1", 1.5, "from 0 to 1"),
        ("12.1", True, "from 0 to 1"),
        ("12.2", (AFTER, ALONE), "The first run should begin with a checkpoint"),
        ("12.2", (ALONE, Run("right", 0.5, epochs=3)), "differ in epochs"),
        ("12.3", (ALONE, FLIPPED), "Both runs should begin with a finished run"),
        ("12.3", (FLIPPED, AFTER), "Flipped labels before: 50% and 0%"),
        ("12.3", (AFTER, AFTER), "Flipped labels before: 0% and 0%"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, answer, words):
    outcome = wb.exercise(name).check(answer)
    assert not outcome and words in str(outcome)


def test_the_two_data_sets_share_no_text_and_news_is_judged_by_what_it_does_not_learn_from(tmp_path):
    news, others = map(wb.load, news_and_others(tmp_path))
    assert [len(news[s]) for s in news] == [96, 198] and [len(others[s]) for s in others][:2] == [1088, 282]
    texts = [t for data in (news, others) for split in data.values() for t in split["text"]]
    assert len(texts) == len(set(texts)) == sum(len(s) for s in wb.load("reviews").values())
    assert news.labels == others.labels == ["negative", "positive"]
