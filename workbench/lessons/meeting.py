"""Lesson 02, Meet the models: the table of its models' cards, and its exercises. Judges ask the models themselves, or look at finished runs; they train nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench import catalog
from workbench.lessons.exercise import Exercise
from workbench.lessons.pairs import twins

BOTH, LEFT = "bert-mini", "gpt-mini"
DATA, LABELS = "headlines", 256  # 02.3
AFTER = "accuracy after 10 M"
SURE, ALIKE, APART, GAIN = 0.05, 0.9999, 0.02, 0.10


def measured(names: Sequence[str], data: str = DATA, labels: int = LABELS) -> pd.DataFrame:
    """What the cards of models say, a row each: parameters, tokens seen, and in percent the mean accuracy after training on so many labels
    of these data, the same of the model as it was after ten million tokens, of the random twin, of TF-IDF + logistic regression and of
    the commonest class; empty where it was not measured."""
    from workbench.models import page

    rows = {}
    for name in names:
        facts = catalog.find(catalog.models(), name, "model").facts
        found, young = (
            {r["model"]: r for r in scores if r["data"].split()[0] == data and r["labels"] == str(labels)}
            for scores in (facts.get("scores", []), page.after(page.BUDGET, name, facts))
        )
        asked = ((found, name), (young, name), (found, f"{name}:random"), (found, "control"))
        means = [scores[model]["mean"] if model in scores else None for scores, model in asked]
        means.append(next((r["majority"] for r in found.values()), None))
        percent = [round(100 * m, 1) if m is not None else None for m in means]
        rows[name] = [round(facts["parameters"] / 1e6, 1), round(facts["tokens_seen"] / 1e6, 1), *percent]
    columns = ["parameters (M)", "tokens seen (M)", "accuracy", AFTER, "random twin", "TF-IDF", "majority"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _behind_decides(first: Any, second: Any) -> tuple[bool, str]:
    """Two sentences that are the same up to the blank: one model changes its mind, the other cannot."""
    from workbench.models.objectives import parted
    from workbench.views.blanks import fill_blank

    lefts = [parted(s)[0] for s in (first, second)]
    if lefts[0].split() != lefts[1].split():
        return False, f"Up to the blank they must be the same: {lefts[0]!r} and {lefts[1]!r} are not."
    if parted(first)[1].split() == parted(second)[1].split():
        return False, "They are the same behind the blank, too: nothing could change."
    tops = {model: [fill_blank(s, model, top=1).frame().iloc[0] for s in (first, second)] for model in (BOTH, LEFT)}
    said = "; ".join(
        f"{model} says " + " and ".join(f"{t['word']!r} ({t['probability']:.1%})" for t in pair)
        for model, pair in tops.items()
    )
    if tops[BOTH][0]["word"] == tops[BOTH][1]["word"]:
        return False, f"{said}. Let what stands behind the blank speak for two different words."
    return True, f"{said}. What comes later changed the first one's mind; the second never saw it."


def _kept(answer: Any) -> tuple[bool, str]:
    """wb.word_in_context of two sentences whose difference lies behind the word."""
    if len(answer.sentences) != 2:
        return False, f"It holds {len(answer.sentences)} sentences: two, please."
    if answer.sentences[0].strip() == answer.sentences[1].strip():
        return False, "The two sentences are the same."
    missing = [m for m in (BOTH, LEFT) if m not in answer.vectors]
    if missing:
        return False, f"{missing[0]} is not among its models: models=[{BOTH!r}, {LEFT!r}]."
    last = answer.frame().groupby("model", sort=False)["cosine"].agg(["min", "last"])
    words = (
        f"{LEFT}: lowest cosine {last.loc[LEFT, 'min']:.4f}; {BOTH}: {last.loc[BOTH, 'last']:.3f} in the last layer."
    )
    if last.loc[LEFT, "min"] < ALIKE:
        return (
            False,
            f"{words} For {LEFT} they should be the same vector: does anything differ before the word, or in it?",
        )
    if last.loc[BOTH, "last"] > 1 - APART:
        return False, f"{words} For {BOTH} they should differ more: put a stronger clue behind the word."
    return True, f"{words} A model that reads from left to right cannot know what is still to come."


def _no_worse_than_words(run: Any, twin: Any) -> tuple[bool, str]:
    """A run and its random twin with the same settings, of a family that is not BERT."""
    a, b, odd = twins(run, twin)
    if odd:
        return False, odd
    if a.config.model.split("/")[-1].startswith("bert"):
        return False, "That is BERT again: take one of its relatives."
    texts = int(a.store.facts["n_train"])
    if a.config.data != DATA or texts != LABELS:
        return False, f"They learned from {texts} texts of {a.config.data}: {LABELS} {DATA}, please."
    differ = a.config.differing(b.config, "model")
    if differ:
        return False, f"They differ in {', '.join(differ)} as well as in the model: change one thing at a time."
    score, fresh = a.kept[a.store.metric], b.kept[b.store.metric]
    words = f"{a.config.model} {score:.1%}, its random twin {fresh:.1%}, on {a.store.facts['n_valid']} texts."
    if score < fresh + GAIN:
        return (
            False,
            f"{words} Ten points apart is the aim: more epochs, or another rate.",
        )
    return True, f"{words} The architecture is the same; all that differs is what it has read."


def _costliest(model: Any, text: Any) -> tuple[bool, str]:
    """A sentence in which the word that is named surprises the model most."""
    from workbench.views.objectives import objectives

    if not isinstance(text, str) or len(text.split()) < 5:
        return False, "A sentence of at least five words, please."
    table = objectives(text, str(model)).frame()
    if set(table["form"]) != {"causal"}:
        return False, f"{model} is not asked for every word: take a causal model, such as {LEFT}."
    loss = table["loss"]
    words = f"Mean loss {loss.mean():.2f} nats for {len(loss)} pieces, {np.exp(loss.mean()):.0f} as perplexity."
    return (
        (True, f"{words} {_worst(table)}")
        if loss.mean() < 3.0
        else (False, f"{words} Below 3 nats is the aim. {_worst(table)}")
    )


def _worst(table: Any) -> str:
    row = table.loc[table["loss"].idxmax()]
    return f"Hardest was {row['piece']!r} with {row['loss']:.1f} nats."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "02.1",
        "Write two sentences with a blank (___) that are the same up to the blank and go on differently, so that bert-mini's first word changes. "
        "Check with both.",
        _behind_decides,
        ("Which words would you yourself put in? What behind the blank would make you choose another?",
         "Begin with little, such as 'They sold the ___', and let the rest name a trade: ships, fields, letters.",
         "'They sold the ___ of the ship.' and 'They sold the ___ of the company.'"),
        "one, other = 'They sold the ___ of the ship.', 'They sold the ___ of the company.'",
    ),
    Exercise(
        "02.2",
        "Find two sentences with the same word that has one and the same vector for gpt-mini in every layer, but not for bert-mini. Put what "
        "wb.word_in_context returned into `answer`.",
        _kept,
        ("What can gpt-mini see when it comes to the word?",
         "Let both sentences be the same up to the word, and put the clue behind it.",
         "'The bank of the river was green.' and 'The bank of England raised its rate.'"),
        "answer = wb.word_in_context('bank', ['The bank of the river was green.', 'The bank lent them the money.'], "
        "models=['bert-mini', 'gpt-mini'])",
    ),
    Exercise(
        "02.3",
        "Train a model that is not BERT on 256 headlines, and its random twin with the same settings: at least ten points between them. Check with both runs.",
        _no_worse_than_words,
        ("A twin is called by the name of its model and ':random'.",
         "The same dict of settings for both; only the model differs.",
         "same = dict(train_examples=256, epochs=6, learning_rate=1e-3, evaluations=2)"),
        "same = dict(train_examples=256, epochs=10, learning_rate=5e-4, evaluations=2)\nmy_run = wb.fit('headlines', model='gpt-mini', **same); "
        "await my_run\nmy_twin = wb.fit('headlines', model='gpt-mini:random', **same); await my_twin",
    ),
    Exercise(
        "02.4",
        "Write a sentence of five words or more that gpt-mini finds easy: less than 3 nats for a piece on average. Check with 'gpt-mini' and the sentence.",
        _costliest,
        ("wb.objectives(sentence, 'gpt-mini') shows the probability of every word.",
         "What stands in every encyclopaedia article and every novel? Fixed phrases, in which each word calls for the next.",
         "'at the end of the' is a beginning."),
        "my_sentence = 'At the end of the day, he was one of the most important members of the House of Representatives.'",
    ),
)  # fmt: skip
