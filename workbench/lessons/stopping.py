"""Exercises of lesson 06, When to stop. Judges lay rules over finished curves; they train nothing."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.diagnosis.race import Patient, replay_rule
from workbench.lessons.exercise import Exercise, as_whole
from workbench.training import events as ev

SPARED = 0.25  # the share of the steps that a good patience saves
COST = 1.0  # percent above the lowest loss from which impatience has done harm
LESSON = RunConfig(train_examples=300, epochs=12, learning_rate=1.5e-4, evaluations=12)  # what it trains itself


def _patient(run: Any, patience: Any) -> tuple[bool, str]:
    number = as_whole(patience)
    if number is None or number < 1:
        return False, f"Patience is a whole number of evaluations from 1 up, not {patience!r}."
    found = replay_rule(run, Patient(number))
    if found.stop is None:
        return False, f"Patience {number} never stops this curve: all steps are trained."
    words = f"Patience {number} uses {found.used:.0%} of the steps and its loss is {found.regret:.1f}% above the lowest of the curve."
    if found.regret > 0:
        return False, f"{words} The best step was missed: a little more patience."
    if found.used > 1 - SPARED:
        return (
            False,
            f"{words} Nothing is lost, but less than {SPARED:.0%} is saved: a little less patience, or a curve that turns sooner.",
        )
    return True, f"{words} Nothing is lost and {1 - found.used:.0%} is saved."


def _too_soon(run: Any) -> tuple[bool, str]:
    if len(run.frame()) < 8:
        return False, f"This run was evaluated {len(run.frame())} times; let it be at least 8."
    found = replay_rule(run, Patient(1))
    if found.stop is None:
        return False, "Patience 1 never stops this curve: every evaluation was better than the one before."
    words = f"Patience 1 would have stopped after {found.used:.0%} of the steps, {found.regret:.1f}% above the lowest loss of the curve"
    if found.regret >= COST:
        return True, f"{words}: impatience would have cost that much."
    return False, f"{words}: it would have done no harm. Measure more often, or make the curve rougher."


def _by_rule(run: Any) -> tuple[bool, str]:
    ended, begun = run.store.last(ev.Ended), run.store.last(ev.Started)
    if ended is None or begun is None:
        return False, "This run has not ended yet."
    if ended.reason != "rule":
        return False, f"It ended by {ended.reason!r}, not by GL, PQ or UP. stopping='UP 2' is one of them."
    share = ended.step / begun.planned_steps
    if share > 0.8:
        return False, f"{run.config.stopping} stopped it after {share:.0%} of the steps: let it be before 80%."
    return (
        True,
        f"{run.config.stopping} stopped it at step {ended.step} of {begun.planned_steps} ({share:.0%}); step {ended.best_step} is kept.",
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "06.1",
        "Find a patience that misses nothing on your curve and saves at least a quarter of the steps. Check with the run and the number.",
        _patient,
        ("Move the slider until the grey diamond is gone.",
         "The table of the race has a row for patience 1, 2, 3 and 5.",
         "for p in range(1, 12): print(p, race(run, [f'patience {p}']).iloc[0].to_dict())"),
        "best = [p for p in range(1, 20) if race(run, [f'patience {p}'])['regret (%)'].iloc[0] == 0]; patience = best[0]",
    ),
    Exercise(
        "06.2",
        "Make a curve on which patience 1 would have cost at least 1%: train one and put the run into `answer`.",
        _too_soon,
        ("Patience 1 falls for a single bad evaluation. When are single evaluations bad?",
         "Many evaluations lie close together, and then noise is larger than progress.",
         "A high learning rate makes steps rough, evaluations=40 makes many of them."),
        "answer = wb.fit('reviews', train_examples=400, epochs=6, learning_rate=5e-4, evaluations=40); await answer",
        own=(LESSON, LESSON.replace(seed=1)),
    ),
    Exercise(
        "06.3",
        "Let GL, PQ or UP stop a live run before 80% of its steps. Put the run into `answer`.",
        _by_rule,
        ("The argument is called stopping, in the panel *Other rule*.",
         "A curve that turns early: few texts, many epochs.",
         "stopping='GL 5' with train_examples=256 and epochs=30."),
        "answer = wb.fit('reviews', train_examples=256, epochs=30, stopping='GL 5'); await answer",
        own=(LESSON.replace(stopping="GL 5"),),
    ),
)  # fmt: skip
