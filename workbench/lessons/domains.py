"""Exercises of lesson 22, Domain adaptation. Judges look at measured adaptations and at texts; they train nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.lessons.exercise import Exercise
from workbench.views.adaptation import BEFORE

LEARNED, FORGOTTEN = 0.20, 0.10  # 22.1: by how much perplexity must fall in the field, and may rise elsewhere
WORDS, PIECES = 8, 2.0  # 22.2: words of the sentence at least, and pieces per word
SEEDS, TARGET, FEW = 3, "clinic", 64  # 22.3
MODEL, FIELD = "bert-tiny", "docstrings-sentences"


def _little_forgotten(made: Any) -> tuple[bool, str]:
    if not made.perplexity:
        return False, "Nothing has been measured yet: await it."
    name = made.texts.name
    if (made.model, name) != (MODEL, FIELD):
        return False, f"This is {made.model} on {name}; {MODEL} on {FIELD} is asked for."
    (a, b), (c, d) = made.perplexity["the field"], made.perplexity["elsewhere"]
    words = f"In the field {a:.1f} → {b:.1f} ({100 * (b / a - 1):+.0f}%), elsewhere {c:.1f} → {d:.1f} ({100 * (d / c - 1):+.0f}%)."
    if b > (1 - LEARNED) * a:
        return False, f"{words} In the field it should fall by a fifth: more epochs, or a higher rate."
    if d > (1 + FORGOTTEN) * c:
        return False, f"{words} Elsewhere it may rise by a tenth at most: a gentler rate, or fewer epochs."
    return True, f"{words} What was read gently pushed less of the rest aside."


def _broken(sentence: Any) -> tuple[bool, str]:
    from workbench.data.pieces import pieces

    words = {w.strip(".,;:!?()").lower() for w in str(sentence).split()}
    if len(words) < WORDS:
        return False, f"{len(words)} different words; {WORDS} at least are asked for."
    found = pieces([str(sentence)], "bert-tiny")
    told = f"{found.per_word:.2f} pieces per word, {found.apart:.0%} of the words broken apart."
    if found.per_word <= PIECES:
        return False, f"{told} More than {PIECES:g} pieces per word are asked for."
    return True, f"{told} Of such words the model has never had a vector of their own."


def _own_texts(made: Any, helps: Any) -> tuple[bool, str]:
    from workbench.data import load

    if not isinstance(helps, bool | np.bool_):
        return False, f"Say True or False, not {helps!r}."
    changes = made.changes()
    if len(changes) < SEEDS:
        return False, f"{len(changes)} seeds were compared; {SEEDS} at least are asked for."
    target, n = load(made.duel.data), made.duel.contenders[BEFORE].get("train_examples")
    if (made.model, target.name, n) != (MODEL, TARGET, FEW):
        return (
            False,
            f"This is {made.model} with {n} labels of {target.name}; {MODEL} with {FEW} of {TARGET} is asked for.",
        )
    if set(made.texts["train"]["text"]) != set(target["train"]["text"]):
        return False, f"The language model read other texts than the training texts of {target.name}."
    measured = made.detectable and sum(changes) > 0
    if helps != measured:
        return False, f"{made.verdict()} Read the last sentence again."
    return True, made.verdict()


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "22.1",
        "Adapt bert-tiny to docstrings-sentences so that perplexity in the field falls by a fifth or more and rises by a tenth or less "
        "elsewhere. Put what wb.adapt gives into `answer`.",
        _little_forgotten,
        ("Forgetting grows with the length of the way that the weights go.",
         "The language model's run has choices of its own: reading=dict(learning_rate=..., epochs=...).",
         "reading=dict(learning_rate=1e-4, epochs=2)."),
        "answer = wb.adapt('docstrings-sentences', reading=dict(learning_rate=1e-4, epochs=2)); await answer",
    ),
    Exercise(
        "22.2",
        "Write a sentence of a field that you know, of eight different words or more, that costs bert-tiny more than two pieces per word. "
        "Put the text into `answer`.",
        _broken,
        ("wb.tokens('your sentence') shows how it is cut.",
         "Names of substances and of diseases, compounds, jargon of a trade.",
         "Medicine has many words that hardly stand in novels: hypercholesterolaemia, bronchodilator."),
        "answer = 'Bronchodilators ameliorate hypoxaemia, tachypnoea notwithstanding; nebulised corticosteroids exacerbate candidiasis.'",
    ),
    Exercise(
        "22.3",
        "Task-adaptive pretraining: let bert-tiny read the training texts of clinic themselves (no label is looked at), then train with 64 "
        "labels and three seeds. Does it help beyond the spread? Check with what wb.adapt gives, and True or False.",
        _own_texts,
        ("A labelled set may be the domain: its labels are left out.",
         "wb.adapt('clinic', 'clinic', seeds=3).",
         "The last sentence of its verdict says whether the seeds agree."),
        "made = wb.adapt('clinic', 'clinic', seeds=3); await made; helps = bool(made.detectable and sum(made.changes()) > 0)",
    ),
)  # fmt: skip
