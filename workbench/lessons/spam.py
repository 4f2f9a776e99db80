"""The exercises of lesson 04, spam: task, judge, hints, solution. Judges look at answers of a model, never at code."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.lessons.exercise import Exercise, as_number

LOST = 10  # 04.1: what a wanted message that is thrown away costs, in pieces of spam that come through
RARE = 0.05  # 04.4: the share of spam in another inbox
LONG, EDITS = 10, 3  # 04.2: words in a message, and how many of them may change


def _cheapest(run: Any, threshold: Any) -> tuple[bool, str]:
    if (at := as_number(threshold)) is None:
        return False, f"A threshold is a number from 0 to 1, not {threshold!r}."
    p, spam = _answers(run)
    costs = {float(t): _cost(p, spam, t) for t in [*np.unique(p), np.inf]}
    least, cost = min(costs.values()), _cost(p, spam, at)
    lost, missed = int(((p >= at) & ~spam).sum()), int(((p < at) & spam).sum())
    said = (
        f"At {at:.2f} it throws away {lost} wanted messages and lets {missed} spam through: cost {cost}. "
        f"At 0.50 the cost is {_cost(p, spam, 0.5)}, without any filter {_cost(p, spam, np.inf)}"
    )
    if cost > 1.1 * least:
        return False, f"{said}. There is a threshold that costs less."
    return True, f"{said}, and the least that is possible {least}."


def _three_words(run: Any, pair: Any) -> tuple[bool, str]:
    plain, changed = (str(text) for text in pair)
    words, others = plain.lower().split(), changed.lower().split()
    if len(words) < LONG:
        return False, f"A message of at least {LONG} words, please; this one has {len(words)}."
    ops = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    edits = sum(max(b - a, d - c) for op, a, b, c, d in ops if op != "equal")
    if not 0 < edits <= EDITS:
        return False, f"{edits} words are changed, taken out or added; 1 to {EDITS} are allowed."
    p = list(run.predict([plain, changed])["p(spam)"])
    said = f"p(spam) was {p[0]:.2f} and is {p[1]:.2f} after {edits} of {len(words)} words"
    if p[0] < 0.5:
        return False, f"{said}: the model let it through before. Take one that it catches."
    return bool(p[1] < 0.5), f"{said}." if p[1] < 0.5 else f"{said}: still caught."


def _left_out(run: Any, narrow: Any) -> tuple[bool, str]:
    known, seen = (set(r.data()["train"]["kind"]) for r in (run, narrow))
    missing = known - seen
    if len(missing) != 1:
        names = ", ".join(sorted(missing)) or "nothing"
        return False, f"Exactly one kind is to be left out of training; here it is {names}."
    differ = run.config.differing(narrow.config, *_SIZE)
    if differ:
        return False, f"They differ in {', '.join(differ)} as well: change the training texts only."
    kind, split = missing.pop(), run.data()["validation"]
    rows = [i for i, k in enumerate(split["kind"]) if k == kind]
    right = [split.features["label"].names[split["label"][i]] for i in rows]
    if right[:1] != ["spam"]:
        return False, f"{kind!r} is no kind of spam."
    texts = [split["text"][i] for i in rows]
    before, after = (int((r.predict(texts)["label"] == "spam").sum()) for r in (run, narrow))
    said = (
        f"Of {len(rows)} {kind} messages {before} are caught by the model that knows the kind, {after} by the other one"
    )
    return after < before, f"{said}." if after < before else f"{said}: this kind is caught without having been seen."


def _rare(run: Any, precision: Any) -> tuple[bool, str]:
    if (asked := as_number(precision)) is None:
        return False, f"A precision is a number from 0 to 1, not {precision!r}."
    p, spam = _answers(run)
    recall, alarms = float((p >= 0.5)[spam].mean()), float((p >= 0.5)[~spam].mean())
    caught, lost = RARE * recall, (1 - RARE) * alarms
    if not caught:
        return False, "This model catches no spam at all: there is no precision to speak of."
    said = f"It catches {recall:.1%} of the spam and throws away {alarms:.1%} of the wanted messages"
    if abs(asked - caught / (caught + lost)) > 0.01:
        return (
            False,
            f"{said}. Of 1,000 messages 50 are spam: how many are thrown away, and how many of those are spam?",
        )
    return True, f"{said}: of 1,000 messages that is {1000 * caught:.0f} spam and {1000 * lost:.0f} wanted ones."


_SIZE = ("data", "train_examples")


def _answers(run: Any) -> tuple[np.ndarray, np.ndarray]:
    """(p(spam), whether it is spam) for every message of the validation split."""
    split = run.data()["validation"]
    names = split.features["label"].names
    if "spam" not in names:
        raise WorkbenchError(f"a run with the labels {', '.join(names)}", "a run on messages", "wb.fit('messages')")
    return run.predict(list(split["text"]))["p(spam)"].to_numpy(), np.array(split["label"]) == names.index("spam")


def _cost(p: np.ndarray, spam: np.ndarray, threshold: float) -> int:
    thrown = p >= threshold
    return int(LOST * (thrown & ~spam).sum() + (~thrown & spam).sum())


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "04.1",
        "A wanted message that is thrown away costs as much as ten pieces of spam that come through. Find a threshold whose cost on the "
        "validation split is at most a tenth above the least that is possible. Check with the run and the threshold.",
        _cheapest,
        ("Cost = 10 × wanted messages thrown away + spam let through. Compute it at 0.5 first.",
         "Wanted messages are dear, so the filter should be surer than 0.5 before it throws away.",
         "Try every probability that the model gave as a threshold, and take the cheapest."),
        "threshold = min(p, key=lambda t: 10 * ((p >= t) & ~spam).sum() + ((p < t) & spam).sum())",
    ),
    Exercise(
        "04.2",
        "Take a piece of spam of at least ten words that your model catches, and change, take out or add at most three words, so that it "
        "comes through. Check with the run and (spam, changed).",
        _three_words,
        ("Which words give it away? Take them out one by one and look at p(spam).",
         "Begin with spam that the model is not sure about: p(spam) just above 0.5.",
         "Addresses, numbers and odd pieces are what it looks at: leave out three words in a row and let the model try every place."),
        "caught = sorted((q, t) for q, t in zip(p, texts) if q >= 0.5 and len(t.split()) >= 10); "
        "cut = lambda t: [' '.join(t.split()[:i] + t.split()[i + 3:]) for i in range(len(t.split()) - 2)]; "
        "tries = [(t, c) for _, t in caught[:20] for c in cut(t)]; "
        "q = run.predict([c for _, c in tries])['p(spam)']; pair = tries[q.argmin()]",
    ),
    Exercise(
        "04.3",
        "Leave one kind of spam out of training, change nothing else, and find a kind of which less is caught then. Check with your "
        "run on all kinds and the other one.",
        _left_out,
        ("filter, as in the section on the easy world, but for the training split of one kind only.",
         "A kind that resembles the others is caught without having been seen; which kind resembles none of them?",
         "Take out 'disguised', with the settings of this lesson, and do not touch the validation split."),
        "from datasets import DatasetDict; train = messages['train'].filter(lambda kind: kind != 'disguised', input_columns='kind'); "
        "narrow = wb.fit(wb.load(DatasetDict({**messages, 'train': train})), model='bert-mini', **same); await narrow",
    ),
    Exercise(
        "04.4",
        "In the validation split four in ten messages are spam. What would the precision of your model at 0.5 be in an inbox where one in "
        "twenty is, if it catches the same share of spam and throws away the same share of wanted messages? Check with the run and a "
        "number, within 0.01.",
        _rare,
        ("Imagine 1,000 messages: 50 are spam, 950 are wanted.",
         "Of the 50 it catches the share called recall. Of the 950 it throws away a share that you can count in the validation split.",
         "precision = 50 × recall / (50 × recall + 950 × share of wanted messages thrown away)"),
        "thrown = p >= 0.5; caught, lost = 50 * thrown[spam].mean(), 950 * thrown[~spam].mean(); precision = caught / (caught + lost)",
    ),
)  # fmt: skip
