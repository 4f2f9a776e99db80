"""Exercises of lesson 15, Reading single examples. Judges look at what a run has stored of its texts; they train nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.diagnosis.dynamics import onset
from workbench.lessons.exercise import Exercise

WRONG, OF_THEM = 5, 0.8  # texts to name, and the share of them whose labels must be wrong
AMBIGUOUS, MOST = 3, 0.1  # texts to name, and the share of all texts that counts as the most variable
SPARED, LEARNED = (
    0.25,
    0.15,
)  # flipped texts answered with the wrong label at most; accuracy above the majority class at least
ENOUGH = 0.1


def _rows(rows: Any, frame: Any, wanted: int) -> tuple[np.ndarray, str]:
    """Positions in the frame of different rows, or what is wrong with them."""
    named = list(dict.fromkeys(int(r) for r in rows))
    odd = [r for r in named if r not in set(frame["row"])]
    if odd:
        return np.zeros(0, dtype=int), f"Row {odd[0]} was not watched: rows stand in run.dynamics()['row']."
    if len(named) < wanted:
        return np.zeros(0, dtype=int), f"{len(named)} different rows; {wanted} are asked for."
    where = {int(r): i for i, r in enumerate(frame["row"])}
    return np.array([where[r] for r in named]), ""


def _planted(run: Any, rows: Any) -> tuple[bool, str]:
    frame = run.dynamics(reveal=True)
    share = frame["flipped"].mean()
    if share < ENOUGH:
        return (
            False,
            f"{share:.0%} of this run's labels are wrong on purpose; take a run with noise of at least {ENOUGH:.0%}.",
        )
    at, problem = _rows(rows, frame, WRONG)
    if problem:
        return False, problem
    hits = int(frame["flipped"].iloc[at].sum())
    words = f"{hits} of the {len(at)} labels that you name were flipped; by guessing it would be {share * len(at):.1f}."
    if hits < OF_THEM * len(at):
        return (
            False,
            f"{words} Let it be {OF_THEM:.0%} of them: look where probability stays low while the others learn.",
        )
    return True, words


def _begins(run: Any, step: Any) -> tuple[bool, str]:
    frame = run.noise()
    first = onset(frame, int(frame["flipped"].iloc[0]))
    if first is None:
        return False, "In this run nothing is memorised: no step is right."
    steps = frame["step"].to_numpy()
    near = steps[max(0, first - 1) : first + 2]
    row = frame.iloc[first]
    words = (
        f"By step {int(row['step'])} {row['given']:.0%} of the flipped texts are answered with the wrong label that they were given, "
        f"where mistakes alone would give {row['expected']:.0%}, and it stays above that."
    )
    if not near[0] <= float(step) <= near[-1]:
        return (
            False,
            f"Step {step:g} is not within one evaluation of it. Compare the columns given and expected of run.noise().",
        )
    return True, words


def _ambiguous(run: Any, rows: Any) -> tuple[bool, str]:
    frame = run.dynamics(until=run.best["step"], reveal=True)
    at, problem = _rows(rows, frame, AMBIGUOUS)
    if problem:
        return False, problem
    limit = frame["variability"].quantile(1 - MOST)
    chosen = frame.iloc[at]
    words = f"variability {', '.join(f'{v:.2f}' for v in chosen['variability'])}; the most variable tenth begins at {limit:.2f}"
    if (chosen["variability"] < limit).any():
        return (
            False,
            f"{words[0].upper()}{words[1:]}: further to the right on the map, which counts up to step {int(run.best['step'])}.",
        )
    if chosen["flipped"].any():
        wrong = chosen[chosen["flipped"]].iloc[0]
        return (
            False,
            f"Row {int(wrong['row'])} is not ambiguous, its label is wrong: read it, it is labelled {wrong['label']}.",
        )
    return (
        True,
        f"{words[0].upper()}{words[1:]}, and their labels are as the writers meant them. What makes them hard to decide?",
    )


def _spared(run: Any) -> tuple[bool, str]:
    frame, kept = run.noise(), run.kept
    share = float(frame["flipped"].iloc[0]) / float(run.store.facts["n_train"])
    if share < ENOUGH:
        return False, f"{share:.0%} of this run's labels are wrong on purpose; let it be at least {ENOUGH:.0%}."
    row = frame[frame["step"] == kept["step"]].iloc[0]
    gain = kept["accuracy"] - run.store.facts["majority"]
    words = (
        f"The weights of step {int(kept['step'])} answer {row['given']:.0%} of the flipped texts with their wrong label and {row['true']:.0%} "
        f"with the true one; accuracy on validation {kept['accuracy']:.1%}."
    )
    if gain < LEARNED:
        return False, f"{words} It has learned too little: {LEARNED:.0%} above the majority class is the aim."
    if row["given"] > SPARED:
        return False, f"{words} At most {SPARED:.0%} is the aim: see every text less often."
    return True, words


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "15.1",
        "Name at least five training texts whose labels you take for wrong, by their rows, before you tick the box that shows them. "
        "Four in five must be. Check with the run and the list.",
        _planted,
        ("A wrong label contradicts what the model has learned from all the others.",
         "Such a text's probability stays low for long: low confidence in run.dynamics(until=run.best['step']).",
         "Read the first texts of the list *hard to learn first*: does the label fit?"),
        "rows = list(run.dynamics(until=run.best['step']).nsmallest(10, 'confidence')['row'])",
    ),
    Exercise(
        "15.2",
        "At which step does this run begin to memorise its wrong labels? Within one evaluation will do. Check with the run and the step.",
        _begins,
        ("Memorising shows where flipped texts get their wrong label more often than mistakes alone would give it to them.",
         "run.noise() has both: given and expected.",
         "The first step from which on given lies clearly above expected, to the end."),
        "shares = run.noise(); clear = shares['given'] > 2 * shares['expected']; "
        "step = int(shares['step'][clear[::-1].cummin()[::-1]].iloc[0])",
    ),
    Exercise(
        "15.3",
        "Name three ambiguous training texts: among the most variable tenth up to the step of the lowest validation loss, and with labels "
        "that are not wrong. Check with the run and the list of rows.",
        _ambiguous,
        ("Ambiguous lies on the right of the map, not below.",
         "Set *Up to step* to the step of the lowest validation loss and the order to *ambiguous first*.",
         "Read each of them: does its label fit? Leave out those where it does not."),
        "shown = run.dynamics(until=run.best['step']); few = shown[shown['correctness'] >= 0.5]; "
        "rows = list(few.nlargest(3, 'variability')['row'])",
    ),
    Exercise(
        "15.4",
        "Train a run with at least a tenth of the labels flipped that learns the topics but not the wrong labels: of these at most a quarter "
        "answered, accuracy 15 points above the majority class. Put the run into `answer`.",
        _spared,
        ("A text that is seen often is learned by heart.",
         "More texts and fewer epochs: every text is seen only once or twice.",
         "All 926 texts and epochs=2."),
        "answer = wb.fit('headlines', model='bert-tiny', noise=0.2, epochs=2, learning_rate=1e-3, evaluations=4); await answer",
    ),
)  # fmt: skip
