"""Exercises of lesson 18, Data that represents. Judges look at the data that a run was trained on and at its scores; they train nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.data.checks import plain
from workbench.lessons.exercise import Exercise

FEW, ALL_KINDS, WORST_KIND = 260, 0.70, 0.40
RECALL = 0.25  # points of recall that the rare class has to gain
COST = 0.10  # points of accuracy that this may cost
TEXTS, TRAINING = 160, 120


def _texts(data: Any, split: str) -> list[str]:
    return [str(t) for t in data[split]["text"]]


def _chosen(run: Any) -> tuple[bool, str]:
    from workbench.data import load

    messages, data = load("messages"), run.data()
    train, known = _texts(data, "train"), set(_texts(messages, "train"))
    if not set(train) <= known:
        return False, "Some of its training texts are not among the training texts of messages."
    if len(train) > FEW or int(run.store.facts["n_train"]) > FEW:
        return False, f"It had {len(train)} training texts; at most {FEW}, please."
    shares = _by_kind(run, messages["validation"])
    overall = float(
        np.average(list(shares.values()), weights=[list(messages["validation"]["kind"]).count(k) for k in shares])
    )
    worst = min(shares, key=lambda k: shares[k])
    words = f"{len(train)} training texts: {overall:.0%} of all validation messages right, of the worst kind ({worst}) {shares[worst]:.0%}."
    if overall < ALL_KINDS:
        return False, f"{words} At least {ALL_KINDS:.0%} of all is the aim: does every kind occur in training?"
    if shares[worst] < WORST_KIND:
        return False, f"{words} No kind should be below {WORST_KIND:.0%}: give it more room among the {FEW}."
    return True, f"{words} As few texts as before, and they stand for the world."


def _by_kind(run: Any, split: Any) -> dict[str, float]:
    """Share of right answers for every kind of message."""
    names = split.features["label"].names
    answers = list(run.predict([str(t) for t in split["text"]])["label"])
    right = np.array([a == names[i] for a, i in zip(answers, split["label"], strict=True)])
    kinds = np.array(list(split["kind"]))
    return {str(k): float(right[kinds == k].mean()) for k in np.unique(kinds)}


def _rare_class(before: Any, after: Any) -> tuple[bool, str]:
    old, new = before.data(), after.data()
    if set(_texts(new, "validation")) != set(_texts(old, "validation")) or len(new["validation"]) != len(
        old["validation"]
    ):
        return (
            False,
            "The validation texts are not the same any more: how rare spam is in the world is not yours to change.",
        )
    if not set(_texts(new, "train")) <= set(_texts(old, "train")):
        return False, "There are new training texts in it. Spam is rare: make do with what there is."
    if set(_texts(old, "train")) - set(_texts(new, "train")):
        return (
            False,
            "Some training texts are gone. Keep them all: a filter that has seen no ham calls everything spam.",
        )
    counts = [run.confusion() for run in (before, after)]
    recalls = [_recall(c, "spam") for c in counts]
    accuracy = [float(np.trace(c.to_numpy()) / c.to_numpy().sum()) for c in counts]
    words = f"Of the spam in validation {recalls[0]:.0%} was found before, {recalls[1]:.0%} now; accuracy {accuracy[0]:.0%} and {accuracy[1]:.0%}."
    if recalls[1] < recalls[0] + RECALL:
        return (
            False,
            f"{words} {100 * RECALL:.0f} points more is the aim: let the loss see the rare class as often as the other.",
        )
    if accuracy[1] < accuracy[0] - COST:
        return False, f"{words} More than {100 * COST:.0f} points of accuracy is too much: now ham is called spam."
    return True, f"{words} Whether missed spam or a lost letter costs more is for the owner of the mailbox to say."


def _recall(counts: Any, label: str) -> float:
    return float(counts.at[label, label] / max(1, counts.loc[label].sum()))


def _apart(leaky: Any, answer: Any) -> tuple[bool, str]:
    from workbench.data import audit, load

    data, found = load(answer), audit(answer)
    if sorted(_texts(data, "test")) != sorted(_texts(leaky, "test")):
        return False, "The test texts are not those of before: judge on what you were given."
    here = {plain(t) for split in ("train", "validation") for t in _texts(data, split)}
    had = {plain(t) for split in ("train", "validation") for t in _texts(leaky, split)}
    words = f"{len(found.leaks)} leaks, {len(data['train'])} training texts, {len(here & had)} of {len(had)} different texts left."
    if found.leaks or found.near_duplicates > 0:
        return False, f"{words} {found.near_duplicates:.1%} of the texts still have a twin."
    if len(had - here):
        return False, f"{words} None of them need be lost: first once each, then split."
    if len(data["train"]) < TRAINING:
        return (
            False,
            f"{words} At least {TRAINING} should be in training: remove the twins first, and cut validation off afterwards.",
        )
    return True, f"{words} Once each, and then split: nothing is lost, and nothing flatters."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "18.1",
        f"Choose at most {FEW} training messages yourself, so that the same model gets at least {ALL_KINDS:.0%} of all validation messages "
        f"right and no kind falls below {WORST_KIND:.0%}. Put the run into `answer`.",
        _chosen,
        ("Which kinds did the colleague leave out?",
         "The same number of every kind: messages[messages.split == 'train'].groupby('kind').sample(...).",
         "32 of each kind make 256; leave validation and test as they are."),
        "train = messages[messages['split'] == 'train'].groupby('kind').sample(32, random_state=0); "
        "answer = wb.fit(pd.concat([train, messages[messages['split'] != 'train']]), **same); await answer",
    ),
    Exercise(
        "18.2",
        f"In section 6 most spam is missed. Raise the share of the spam in validation that is found by at least {100 * RECALL:.0f} points, with the same "
        "texts and an unchanged validation split. Put the run into `answer`.",
        _rare_class,
        ("The loss is a mean over texts: the few of one class hardly count.",
         "A rare text may stand in training several times (in training only).",
         "pd.concat([ham, few] + [few[few['split'] == 'train']] * 12)"),
        "often = pd.concat([ham, few, *[few[few['split'] == 'train']] * 12]); answer = wb.fit(often, **same); await answer",
    ),
    Exercise(
        "18.3",
        f"Mend `leaky` better than `fixed()` can: no leak, no duplicate, all {TEXTS} different texts still there and at least {TRAINING} of them in "
        "training, the test split as it was. Put the data into `answer`.",
        _apart,
        ("In which order did somebody copy and split?",
         "Put training and validation together, keep every text once, and let wb.load cut off validation again.",
         "frame = leaky.frame(); the copies differ in signs only: frame['text'].str.replace(r'\\W+', ' ', regex=True)."),
        "frame = leaky.frame(); rest = frame[frame['split'] != 'test']; "
        "once = rest[~rest['text'].str.replace(r'\\W+', ' ', regex=True).str.strip().duplicated()].drop(columns='split'); "
        "answer = pd.concat([wb.load(once).frame(), frame[frame['split'] == 'test']])",
    ),
)  # fmt: skip
