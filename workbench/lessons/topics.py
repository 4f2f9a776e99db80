"""Exercises of lesson 03, Topics. Judges count labelled texts, confusions and nats; they train no network."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from workbench.lessons.exercise import Exercise, as_number
from workbench.lessons.pairs import no_twins

DATA, TOPICS = "headlines", 8
FEW = 256  # 03.1: labelled texts with which all of them are to be beaten
TINY = 128  # 03.2: as many may the pretrained model have at most
NEAR_LN, NEAR_START = (
    0.02,
    0.2,
)  # 03.4: nats between ln k and the learner's number, and between ln k and the first point


def _few_beat_all(run: Any) -> tuple[bool, str]:
    if run.config.data != DATA:
        return False, f"This run is on {run.config.data}, the exercise is about {DATA}."
    n = run.store.facts["n_train"]
    if n > FEW:
        return False, f"It learned from {n} texts: at most {FEW} (train_examples={FEW})."
    data = run.data()
    words, score = _words(data), run.evaluate("validation")["accuracy"]
    noise = 1.96 * (words * (1 - words) / len(data["validation"])) ** 0.5
    said = f"{score:.1%} after {n} texts; TF-IDF + logistic regression has {words:.1%} after {len(data['train'])}"
    if score <= words:
        return False, f"{said}. More of the {FEW} texts, more epochs, or another rate."
    sure = "more than" if score - words > noise else "within"
    return (
        True,
        f"{said}. The lead is {sure} the noise (±{noise:.1%}), with {n / len(data['train']):.0%} of the labels.",
    )


def _catches_up(run: Any, twin: Any) -> tuple[bool, str]:
    if odd := no_twins(run, twin):
        return False, odd
    if {run.config.data, twin.config.data} != {DATA}:
        return False, f"Both runs are to be on {DATA}: these are on {run.config.data} and {twin.config.data}."
    few, many = run.store.facts["n_train"], twin.store.facts["n_train"]
    mine, other = (r.evaluate("validation")["accuracy"] for r in (run, twin))
    said = f"{run.config.model} has {mine:.1%} after {few} texts, the twin {other:.1%} after {many}"
    if few > TINY:
        return False, f"{said}. The first run is to have at most {TINY} texts."
    if mine <= run.store.facts["control"]:
        return False, f"{said}. The first run does not even beat counting words ({run.store.facts['control']:.1%})."
    if other < mine:
        return False, f"{said}: not there yet. More texts for the twin, or more epochs."
    return True, f"{said}: it took {many / few:.0f} times as many labels."


def _confused(run: Any, pair: Any) -> tuple[bool, str]:
    counts = run.confusion()
    one, other = (str(name) for name in pair)
    odd = [name for name in (one, other) if name not in counts.index]
    if odd or one == other:
        return False, f"Two different topics, please: {', '.join(counts.index)}."
    names = list(counts.index)
    both = {(a, b): int(counts.at[a, b] + counts.at[b, a]) for i, a in enumerate(names) for b in names[i + 1 :]}
    order = sorted(both, key=lambda p: -both[p])
    said = ", ".join(f"{a} and {b} {both[a, b]}" for a, b in order[:3])
    mine = both.get((one, other), both.get((other, one), 0))
    return (
        mine == both[order[0]] > 0,
        f"Taken for each other, both ways: {said} times. Your pair, {one} and {other}: {mine}.",
    )


def _knows_nothing(run: Any, nats: Any) -> tuple[bool, str]:
    if (said := as_number(nats)) is None:
        return False, f"Nats are a number, not {nats!r}."
    labels, first = run.store.facts["labels"], run.frame().iloc[0]
    nothing = math.log(len(labels))
    if len(labels) == TOPICS:
        return False, f"This run still has {TOPICS} topics: keep fewer, and load them as data of your own."
    if first["step"] != 0:
        return False, f"The curve of this run begins at step {int(first['step'])}, when something has been learned."
    words = f"{len(labels)} labels: you said {said:.2f} nats, knowing nothing costs {nothing:.2f}, the curve begins at {first['valid_loss']:.2f}"
    if abs(said - nothing) > NEAR_LN:
        return False, f"{words}. What is minus the natural logarithm of one in {len(labels)}?"
    if abs(first["valid_loss"] - nothing) > NEAR_START:
        return False, f"{words}, too far from it: that head knows something, or has a mistake. Begin with a checkpoint."
    return True, f"{words}."


def _words(data: Any) -> float:
    """Validation accuracy of TF-IDF + logistic regression with all training texts."""
    from workbench.data.audit import baselines

    train, validation = (
        pd.DataFrame({c: list(data[s][c]) for c in ("text", "label")}) for s in ("train", "validation")
    )
    return baselines(list(train["text"]), train["label"].to_numpy(), list(validation["text"]),
                     validation["label"].to_numpy())[1]  # fmt: skip


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "03.1",
        f"Beat TF-IDF + logistic regression that has learned from all training texts, with a network that has learned from at most {FEW} "
        "of them. Put the run into `answer`.",
        _few_beat_all,
        ("Which of the two starting weights knew something before the first label?",
         f"bert-mini with train_examples={FEW}: enough epochs, as few texts make few steps.",
         "Try learning_rate=3e-4 and epochs=12."),
        "answer = wb.fit('headlines', train_examples=256, learning_rate=3e-4, epochs=12, evaluations=8, restore_best=False); await answer",
    ),
    Exercise(
        "03.2",
        "How many labelled texts does the random twin need to be as accurate as bert-mini was with 64? Train the twin and check with "
        "both runs.",
        _catches_up,
        ("The learning curve says where the twin is with 64, and how steep such a curve is.",
         "Doubling is not enough. What is the largest number there is?",
         "Leave train_examples out, which means all of them, and give it 8 epochs."),
        "large_twin = wb.fit('headlines', model='bert-mini:random', learning_rate=1e-3, epochs=8, evaluations=8, restore_best=False); "
        "await large_twin",
    ),
    Exercise(
        "03.3",
        "Which two topics does your model take for each other most often, both directions together? Check with the run and a pair of names.",
        _confused,
        ("full.confusion() has the counts: rows are what is right, columns what was answered.",
         "Look off the diagonal, and add the two cells that mirror each other.",
         "both = counts + counts.T; then the largest number off the diagonal."),
        "counts = full.confusion(); both = (counts + counts.T).stack(); topic_pair = both[[a < b for a, b in both.index]].idxmax()",
    ),
    Exercise(
        "03.4",
        "Keep fewer than eight topics, say what a model that knows nothing must lose on them (in nats), and train one. "
        "Check with the run and your number.",
        _knows_nothing,
        ("It gives each label the same share. Its loss is minus the logarithm of that share.",
         "math.log(8) was for eight topics. wb.load takes a table with the columns text, label and split.",
         "table[table['label'].isin(['crime', 'sport'])] keeps two."),
        "table = pd.concat([topics[s].to_pandas().assign(split=s) for s in topics]); "
        "table['label'] = [topics.labels[i] for i in table['label']]; "
        "some = wb.load(table[table['label'].isin(['crime', 'health', 'science', 'sport'])]); "
        "my_run = wb.fit(some, learning_rate=5e-4, epochs=1, evaluations=4); await my_run; my_nats = math.log(4)",
    ),
)  # fmt: skip
