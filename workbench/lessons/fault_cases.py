"""Exercises of lesson 16, The fault lab. Judges ask the case whether a cause is right, and measure a leak that a learner has made."""

from __future__ import annotations

import re
from typing import Any

from workbench.lessons.exercise import Exercise
from workbench.lessons.fault_lab import cause_of
from workbench.lessons.faults import Evidence, Fault

FLATTERED = 0.10  # by how much a leak must flatter validation
CLOSE = 0.006  # a number that a learner writes down may be rounded this much
SMALL = 0.05  # below it, as rates are, by a tenth


def _cause(case: Any, cause: Any) -> tuple[bool, str]:
    outcome = case.diagnose(cause)
    return bool(outcome), outcome.text


def _with_grounds(case: Any, cause: Any, because: Any) -> tuple[bool, str]:
    outcome = case.diagnose(cause, str(because))
    if not outcome:
        return False, outcome.text
    named = cause_of(cause)
    _, ours = named.tell(case.evidence)
    if not _agree(_numbers(str(because)), [*_numbers(ours), *grounds(named, case.evidence)]):
        return False, f"The cause is right, but your evidence names none of the numbers that say so. Ours: {ours}."
    return True, f"{outcome.text} Your evidence: {because}"


def _flattered(run: Any) -> tuple[bool, str]:
    valid, test = (run.evaluate(split)["accuracy"] for split in ("validation", "test"))
    words = f"Validation {valid:.0%}, test {test:.0%}: validation flatters it by {100 * (valid - test):.0f} points."
    return (
        valid - test > FLATTERED,
        f"{words} More than {100 * FLATTERED:.0f} is the aim." if valid - test <= FLATTERED else words,
    )


def _in_the_lab(lab: Any) -> tuple[bool, str]:
    words = f"{len(lab.found)} causes found: {', '.join(sorted(lab.found)) or 'none yet'}."
    return len(lab.found) >= 4, words if len(lab.found) >= 4 else f"{words} Four are asked for."


def _numbers(text: str) -> list[float]:
    """The numbers of a text; percent as shares.

    >>> _numbers("40% of 10, at 1e-2")
    [0.4, 10.0, 0.01]
    """
    found = re.findall(r"(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(%?)", text)
    return [float(number) / (100 if percent else 1) for number, percent in found]


def grounds(fault: Fault, e: Evidence) -> list[float]:
    """The numbers that any of the looks shows for a fault, not only those that our own sentence names."""
    return [float(getattr(e, name)) for name in fault.numbers]


def _agree(some: list[float], others: list[float]) -> bool:
    return any(abs(a - b) <= _room(round(b, 4)) for a in some for b in others)


def _room(number: float) -> float:
    return number / 10 if 0 < number < SMALL else CLOSE * max(1, number)


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "16.1",
        "What is wrong with case 1? Check with the case and the name of the cause.",
        _cause,
        ("Collect before you decide: case.look('curve'), 'data', 'audit', 'service'.",
         "Which number contradicts the notes? one.hint() says where to look.",
         "A wrong diagnosis is told what it would have looked like: compare."),
        "one.reveal() names the cause, shows its code and lays the repaired run over it.",
    ),
    Exercise(
        "16.2",
        "What is wrong with case 2, and which number says so? Check with the case, the cause, and your evidence in a sentence.",
        _with_grounds,
        ("Start with what it cannot be, and why not.",
         "Write the number down as you saw it: '31% of the words', '10 validation texts'.",
         "two.diagnose(cause) says our numbers when the cause is right."),
        "two.reveal() names the cause and the numbers.",
    ),
    Exercise(
        "16.3",
        "Make a fault yourself: a run whose validation accuracy is more than ten points above its test accuracy. Put it into `answer`.",
        _flattered,
        ("What would make the model know the validation texts?",
         "A training split that contains the validation split: datasets.concatenate_datasets.",
         "leaky = wb.load(datasets.DatasetDict(train=both, validation=news['validation'], test=news['test']))"),
        "import datasets; news = wb.load('headlines'); both = datasets.concatenate_datasets([news['train'].select(range(160)), "
        "news['validation']]); leaky = wb.load(datasets.DatasetDict(train=both, validation=news['validation'], test=news['test'])); "
        "answer = wb.fit(leaky, model='bert-tiny', learning_rate=1e-3, epochs=8, max_length=64, evaluations=4); await answer",
    ),
    Exercise(
        "16.4",
        "Find four causes in the lab, those of this lesson among them. Check with wb.fault_lab().",
        _in_the_lab,
        ("wb.fault_lab() lists the cases; await wb.fault(4) opens one.",
         "Three questions: is it the data, the training, or what happens to a text on its way to the model?",
         "case.hint() helps a little more each time."),
        "for number in range(1, 11): case = wb.fault(number); await case; print(case.reveal()) shows them all; reveal finds none for you.",
    ),
)  # fmt: skip
