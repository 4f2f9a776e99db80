"""The judges of lesson 18 on data of the lesson and made-up runs: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
import pytest
from fakes import Judges

import workbench as wb


def chosen(n=256, right=1.0, foreign=False):
    """A run on the first `n` training messages that is right about this share of each kind but phishing, and half of phishing."""
    frame = wb.load("messages").frame()
    train = frame[frame["split"] == "train"].head(n).copy()
    if foreign:
        train.loc[train.index[0], "text"] = "a message of another set"
    data = wb.load(pd.concat([train, frame[frame["split"] != "train"]]))
    known = dict(zip(frame["text"], frame["label"], strict=True))
    wrong = {"ham": "spam", "spam": "ham"}
    kinds = dict(zip(frame["text"], frame["kind"], strict=True))

    def predict(texts):
        seen: dict[str, int] = {}
        out = []
        for t in texts:
            i = seen[kinds[t]] = seen.get(kinds[t], -1) + 1
            share = 0.1 if kinds[t] == right else right if isinstance(right, float) else 1.0
            out.append(known[t] if (i * share) % 1 < share else wrong[known[t]])
        return pd.DataFrame({"label": out})

    return SimpleNamespace(data=lambda: data, predict=predict, store=SimpleNamespace(facts={"n_train": n}))


def rare(found, times=1, train=None, validation=None, ham=2, lost=0):
    """A run on a rare class of which `found` of ten were found; `lost` of a hundred others were called spam."""
    texts = {"train": [*["ham one", "ham two"][:ham], *(["spam one"] * times)], "validation": ["ham three", "spam two"]}
    if train:
        texts["train"].append(train)
    if validation:
        texts["validation"].append(validation)
    counts = pd.DataFrame([[100 - lost, lost], [10 - found, found]], index=["ham", "spam"], columns=["ham", "spam"])
    return SimpleNamespace(
        data=lambda: {k: {"text": v} for k, v in texts.items()}, confusion=lambda: counts, best={"accuracy": 0.9}
    )


WORDS = [" ".join(f"w{(i * 7919 + k * 104729) % 99991}" for k in range(6)) for i in range(200)]


def table(train, validation, test=WORDS[180:]):
    rows = [(t, s) for s, texts in (("train", train), ("validation", validation), ("test", test)) for t in texts]
    return pd.DataFrame(
        [(t, ("no", "yes")[i % 2], s) for i, (t, s) in enumerate(rows)], columns=["text", "label", "split"]
    )


def leaky():
    return wb.load(
        table(WORDS[:150] + [t + " !" for t in WORDS[140:150]], [t + " …" for t in WORDS[:20]] + WORDS[150:160])
    )


class TestJudges(Judges):
    RIGHT: ClassVar = {
        "18.1": (chosen(right=0.9),),
        "18.2": (rare(2), rare(6, times=5)),
        "18.3": (leaky(), table(WORDS[:130], WORDS[130:160])),
    }
    WRONG: ClassVar = {
        "18.1": ((chosen(right=0.5),), "At least 70%"),
        "18.2": ((rare(2), rare(4)), "25 points more is the aim"),
        "18.3": ((leaky(), table(WORDS[:100], WORDS[100:160])), "At least 120"),
    }


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (chosen(n=300), "at most 260"),
        (chosen(foreign=True), "not among the training texts"),
        (chosen(right="phishing"), "No kind should be below"),
    ],
)
def test_a_wrong_choice_of_messages_is_told_what_is_wrong(run, words):
    assert words in str(wb.exercise("18.1").check(run))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (rare(9, train="new spam"), "new training texts"),
        (rare(9, validation="spam three"), "not the same any more"),
        (rare(10, ham=1), "Some training texts are gone"),
        (rare(10, lost=40), "now ham is called spam"),
    ],
)
def test_the_rare_class_may_not_be_found_by_other_data_or_at_any_cost(run, words):
    assert words in str(wb.exercise("18.2").check(rare(2), run))


@pytest.mark.parametrize(
    ("answer", "words"),
    [(table(WORDS[:130], WORDS[130:160], test=WORDS[181:]), "test texts are not those"),
     (table(WORDS[:130], WORDS[120:160]), "leaks"),
     (table(WORDS[:125], WORDS[130:160]), "None of them need be lost")],
)  # fmt: skip
def test_a_mended_copy_is_told_what_is_left(answer, words):
    assert words in str(wb.exercise("18.3").check(leaky(), answer))
