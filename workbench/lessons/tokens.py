"""Exercises of lesson 17, Tokens gone wrong. Judges count pieces and look at runs with deliberate mistakes; they train nothing."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.lessons.exercise import Exercise
from workbench.lessons.pairs import beyond_noise

WORDS, RATIO = 6, 2.0
AHEAD = 0.15
WRONG = RunConfig(data="headlines", model="bert-mini", train_examples=160, learning_rate=1e-3, epochs=5, evaluations=4,
                  mistake="wrong-tokenizer")  # fmt: skip


def _twice_as_many(text: Any) -> tuple[bool, str]:
    from workbench.data.tokens import SPECIAL, cut

    if not isinstance(text, str):
        return False, f"A text, please; this is of type {type(text).__name__}."
    words = text.split()
    if len({w.lower() for w in words}) < WORDS or not all(any(c.isalpha() for c in w) for w in words):
        return False, f"At least {WORDS} different words, please, each with a letter in it."
    frame = cut(text, ["bert-mini", "en-fr-mini"])
    n = frame[frame["kind"] != SPECIAL].groupby("model").size()
    few, many = sorted([int(n["bert-mini"]), int(n["en-fr-mini"])])
    said = f"bert-mini cuts it into {n['bert-mini']} pieces, en-fr-mini into {n['en-fr-mini']}: {many / few:.1f} times as many."
    return many >= RATIO * few, said


def _twin(wrong: Any, twin: Any) -> tuple[bool, str]:
    a, b = wrong.config, twin.config
    if a.mistake != "wrong-tokenizer":
        return False, f"The first run should have mistake='wrong-tokenizer'; this one has {a.mistake!r}."
    if not b.model.endswith(":random") or b.mistake is not None:
        return (
            False,
            f"The second run should be of the random twin, without a mistake: this is {b.model}, mistake {b.mistake!r}.",
        )
    differ = a.differing(b, "model", "mistake")
    if differ or b.model != f"{a.model}:random":
        return False, f"They differ in {', '.join(differ) or 'the model'} as well: change one thing at a time."
    one, other = (r.evaluate("validation")["accuracy"] for r in (wrong, twin))
    n = wrong.store.facts["n_valid"]
    noise, word = beyond_noise(one - other, n)
    return True, (
        f"Pretrained with the wrong tokenizer {one:.1%}, never pretrained with the right one {other:.1%}: {100 * (one - other):+.1f} points, "
        f"{word} the noise of {n} texts (±{100 * noise:.1f})."
    )


def _consistent(right: Any, answer: Any) -> tuple[bool, str]:
    from workbench.views.mistakes import mistaken

    if right.config.mistake is not None:
        return False, "The first run should be the right way, without a mistake."
    if answer.config.mistake != "wrong-tokenizer":
        return (
            False,
            f"The second run has to serve with the wrong tokenizer as well: its mistake is {answer.config.mistake!r}.",
        )
    split = right.data()["validation"]
    alone, both = (
        mistaken(right, "wrong-tokenizer").evaluate(split)["accuracy"],
        answer.evaluate("validation")["accuracy"],
    )
    words = f"Served with the wrong tokenizer, the right way scores {alone:.1%} and the run that was trained with it {both:.1%}."
    if both < alone + AHEAD:
        return False, f"{words} {100 * AHEAD:.0f} points more are the aim: more texts, more epochs?"
    return True, f"{words} Wrong twice in the same way is better than right once."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "17.1",
        "Write a text of at least six different words which one of bert-mini and en-fr-mini cuts into at least twice as many pieces as "
        "the other. Put it into `answer`.",
        _twice_as_many,
        ("What does one of the two do with a text before it cuts, and the other does not?",
         "bert-mini makes small letters and takes accents away. Look at a word in capitals in both.",
         "Write it all in capitals: to a cased vocabulary they are strangers."),
        "answer = 'THIS HOTEL WAS VERY QUIET AND CLEAN'",
    ),
    Exercise(
        "17.2",
        "What is left of pretraining when the tokenizer is wrong? Train the random twin with the right tokenizer and the same settings, put it "
        "into `answer`, and check it beside `wrong`.",
        _twin,
        ("The twin is called bert-mini:random.",
         "Change only the model, and leave mistake out; keep data, rate, epochs, texts and seed.",
         "wb.fit('headlines', **{**same, 'model': 'bert-mini:random'})"),
        "answer = wb.fit('headlines', **{**same, 'model': 'bert-mini:random'}); await answer",
    ),
    Exercise(
        "17.3",
        "Suppose that serving cannot be changed: the wrong tokenizer is there for good. Train a run that serves with it and is at least 15 points "
        "above what `right` scores there. Put it into `answer`.",
        _consistent,
        ("Which run has never seen any other tokenizer than the one it serves with?",
         "mistake='wrong-tokenizer' holds in training and in serving.",
         "More texts help: what pretraining knew about words has to be learned again."),
        "answer = wb.fit('headlines', model='bert-mini', mistake='wrong-tokenizer', learning_rate=1e-3, epochs=6, evaluations=3, "
        "train_examples=480); await answer",
        own=(WRONG,),
    ),
)  # fmt: skip
