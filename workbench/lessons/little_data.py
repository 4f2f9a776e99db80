"""Exercises of lesson 09, making more of little data. Judges look at texts, at the words in them, and at runs; they train nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from workbench.data.augment import COPY_OF, MADE_BY, ORIGINAL, Word
from workbench.data.load import load
from workbench.data.synonyms import POLARITY, flips, protected
from workbench.errors import WorkbenchError
from workbench.lessons.exercise import Exercise
from workbench.lessons.pairs import beyond_noise
from workbench.tasks.base import stratified

GONE = 2  # 09.1: words that may be taken out
LABELS, MANY, NEW = (
    64,
    256,
    0.03,
)  # 09.2: labelled texts, the texts to compare with, the share of words that copies must add
FREE = ("data", "train_examples", "epochs", "evaluations")  # 09.3: may differ in two fair runs; the steps must not
NEAR = 0.1  # 09.3: as a share, by how much the numbers of steps may differ


def _turned(pair: Any) -> tuple[bool, str]:
    text, shorter = (str(t) for t in pair)
    reviews = load("reviews")
    label = {
        t: reviews.labels[y] for s in reviews for t, y in zip(reviews[s]["text"], reviews[s]["label"], strict=True)
    }
    if text not in label:
        return False, "The first text is no review of wb.load('reviews'), word for word."
    gone = _gone(_cores(text), _cores(shorter))
    if gone is None:
        return False, "The second text is not the first one with words taken out: nothing may be added or moved."
    if not 1 <= len(gone) <= GONE:
        return False, f"{len(gone)} words are gone ({', '.join(gone[:6])}): one or two may go."
    said = f"Gone: {', '.join(gone)}. The copy would still be called {label[text]!r}"
    if not any(map(protected, gone)):
        return (
            False,
            f"{said}, and nothing speaks against it: what is gone neither carries an opinion nor turns one round.",
        )
    if left := still_says(label[text], _cores(shorter)):
        return (
            False,
            f"{said}, and {', '.join(left)} may well say so still. A short text with a single such word is easier.",
        )
    return True, f"{said}. Read both aloud: would you? wb.augment would never have taken that word out."


def still_says(label: str, words: Iterable[str]) -> list[str]:
    """The words that may still mean what the label says: opinions of its sign, and words that turn others round.

    >>> still_says("negative", ["the", "room", "was", "clean"]), still_says("negative", ["not", "clean", "but", "cold"])
    ([], ['not', 'cold'])
    """
    sign = {"positive": "+", "negative": "-"}.get(label)
    return [w for w in words if flips(w) or POLARITY.get(w) == sign]


def _new_words(data: Any) -> tuple[bool, str]:
    topics = load("headlines")
    train, valid = _training(data), list(topics["validation"]["text"])
    if list(data["validation"]["text"]) != valid:
        return False, "The copies are to be made of headlines: wb.augment('headlines', ...)."
    texts, how = list(train["text"]), list(train[MADE_BY])
    originals = [t for t, by in zip(texts, how, strict=True) if by == ORIGINAL]
    if len(originals) != LABELS:
        return False, f"{len(originals)} labelled texts: {LABELS} are allowed, no more and no less."
    rows = stratified(np.array(topics["train"]["label"]), MANY, 0)
    many = [topics["train"]["text"][int(i)] for i in rows]
    before, after, better = (covered(some, valid) for some in (originals, texts, many))
    said = (
        f"Of the words in the validation split {before:.1%} stand in the {LABELS} texts, {after:.1%} in them and their "
        f"{len(texts) - LABELS} copies, {better:.1%} in {MANY} labelled texts."
    )
    if after - before < NEW:
        return False, f"{said} Copies that add {NEW:.0%} are asked for."
    return True, f"{said} New words came from {', '.join(sorted(set(how) - {ORIGINAL}))}. Do they fit their label?"


def _one_alone(control: Any, run: Any) -> tuple[bool, str]:
    train = _training(run.data())
    if MADE_BY in control.data()["train"].column_names:
        return False, "The first run is to be the one without copies."
    odd = control.config.differing(run.config, *FREE)
    if odd:
        return False, f"They differ in {', '.join(odd)} as well: only the copies may make a difference."
    originals = [t for t, by in zip(train["text"], train[MADE_BY], strict=True) if by == ORIGINAL]
    if originals != _texts(control):
        return False, f"They do not learn from the same labelled texts ({len(originals)} and {len(_texts(control))})."
    steps = [int(r.frame()["step"].iloc[-1]) for r in (control, run)]
    if abs(steps[1] - steps[0]) > NEAR * steps[0]:
        return False, f"{steps[0]} steps without copies and {steps[1]} with them: as many, please. Change the epochs."
    methods = sorted(set(train[MADE_BY]) - {ORIGINAL})
    if len(methods) != 1:
        return False, f"The copies were made by {', '.join(methods)}: one method alone is asked for."
    (a, loss_a), (b, loss_b) = ((r.evaluate("validation")["accuracy"], float(r.frame()["valid_loss"].iloc[-1]))
                                for r in (control, run))  # fmt: skip
    n = control.store.facts["n_valid"]
    noise, sure = beyond_noise(b - a, n)
    return True, (
        f"Without copies {a:.1%}, with {methods[0]} {b:.1%}: {b - a:+.1%}, {sure} the noise of {n} texts (±{noise:.1%}). "
        f"Validation loss of the last step {loss_a:.2f} and {loss_b:.2f}."
    )


def covered(texts: Iterable[str], asked: Iterable[str]) -> float:
    """The share of the different words of `asked` that stand in `texts`.

    >>> covered(["The cat sat."], ["A cat sat", "the end"])
    0.6
    """
    words = [{w for text in some for w in re.findall(r"[a-z']+", text.lower())} for some in (texts, asked)]
    return len(words[0] & words[1]) / len(words[1])


def _training(data: Any) -> Any:
    train = data["train"]
    if not {MADE_BY, COPY_OF} <= set(train.column_names):
        raise WorkbenchError(
            "data without copies", "what wb.augment gives", "wb.augment('headlines', train_examples=64)"
        )
    return train


def _texts(run: Any) -> list[str]:
    """The training texts of a run without copies."""
    train, n = run.data()["train"], run.config.train_examples
    if n is None or n >= len(train):
        return list(train["text"])
    return [train["text"][int(i)] for i in stratified(np.array(train["label"]), n, run.config.seed)]


def _cores(text: str) -> list[str]:
    """Its words in small letters, without punctuation."""
    return [w.core.lower() for w in map(Word.read, text.split()) if w.core]


def _gone(words: list[str], left: list[str]) -> list[str] | None:
    """The words that are missing in `left`, or None where it is no part of `words` in the same order."""
    gone, rest = [], list(left)
    for word in words:
        if rest and rest[0] == word:
            rest.pop(0)
        else:
            gone.append(word)
    return None if rest or not left else gone


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "09.1",
        "Take one or two words out of a text of reviews, so that its label is no longer true. Check with (text, shorter text).",
        _turned,
        ("Which words turn a sentence round, and which carry the opinion?",
         "Look for texts with 'not' or 'never': [t for t in reviews['train']['text'] if ' not ' in t].",
         "Take the 'not' out, and nothing else."),
        "text = 'Would not trust Mapple to get me out of my own drive'; turned = (text, text.replace(' not', ''))",
    ),
    Exercise(
        "09.2",
        "Copies of the 64 labelled headlines that bring new words: at least 3% of the words of the validation split more than the "
        "64 texts have. Check with what wb.augment gives.",
        _new_words,
        ("Deletion and swap bring no word at all. Which methods do?",
         "A list of synonyms knows a few hundred words, a language model some thousands.",
         "methods='contextual', and several copies."),
        "wordy = wb.augment('headlines', 'contextual', copies=4, share=0.2, train_examples=64)",
    ),
    Exercise(
        "09.3",
        "One method alone: train on the same 64 texts and copies made by a single method, for as many steps as the run without copies. "
        "Check with the run without copies and yours.",
        _one_alone,
        ("Take the cell that trained with copies, and change the methods.",
         "Count: batches of 16. 64 texts for 20 epochs are 80 steps; how many epochs are that with your copies?",
         "alone = wb.augment(topics, 'deletion', copies=4, train_examples=64), then epochs=4 and **same."),
        "alone = wb.augment(topics, 'deletion', copies=4, train_examples=64); single = wb.fit(alone, epochs=4, **same); await single",
    ),
)  # fmt: skip
