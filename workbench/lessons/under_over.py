"""Exercises of lesson 13, Underfitting and overfitting, live. Judges look at verdicts, predictions and forks; they train nothing."""

from __future__ import annotations

import json
from typing import Any

from workbench.config import RunConfig
from workbench.diagnosis.advice import HEALTHY, MEMORISING, OVERFITTING, TOO_LITTLE, UNDERFITTING, WATCH
from workbench.diagnosis.guesses import Prediction, score
from workbench.lessons.exercise import Exercise

NEAR = 2  # evaluations that a predicted best step may be off
LOWER = 0.10  # share by which a fork has to end below its parent
LESSON = RunConfig(
    "headlines", "bert-tiny", train_examples=160, learning_rate=1e-3, epochs=16, evaluations=16, keep_states=4
)
LEARNED = (HEALTHY, MEMORISING, OVERFITTING, WATCH)


def _cured(short: Any, cured: Any) -> tuple[bool, str]:
    before, after = short.diagnosis.verdict, cured.diagnosis.verdict
    if before == TOO_LITTLE:
        return (
            False,
            f"The first run's verdict is {before!r}: too few evaluations to judge by. Give both evaluations=8.",
        )
    if before != UNDERFITTING:
        return False, f"The first run's verdict is {before!r}. Fewer epochs or a lower rate leave more to learn."
    a, b = short.config, cured.config
    differ = a.differing(b, "keep_states")
    if len(differ) != 1:
        return False, f"The runs differ in {', '.join(differ) or 'nothing'}: change exactly one thing."
    words = (
        f"{differ[0]} {getattr(a, differ[0])} → {getattr(b, differ[0])}: {before} became {after}, lowest validation loss "
        f"{short.best['valid_loss']:.3f} became {cured.best['valid_loss']:.3f}."
    )
    if after not in LEARNED:
        return False, f"{words} It is not cured yet: more of the same, or another change."
    if cured.best["valid_loss"] >= short.best["valid_loss"]:
        return False, f"{words} The cured run should have reached a lower one."
    return True, words


def _near(run: Any) -> tuple[bool, str]:
    path = run.folder / "prediction.json"
    if not path.exists():
        return (
            False,
            "No prediction belongs to this run: guess = wb.guess(...), mark the best step, then await guess.train().",
        )
    said = json.loads(path.read_text("utf-8"))
    if not said["fair"]:
        return False, "This prediction was made after the run had begun."
    prediction, frame = Prediction.from_state(said["prediction"]), run.frame()
    off = score(prediction, frame, run.diagnosis.verdict).best_off
    if off is None:
        return False, "The best step was not marked: move *Best step at epoch*, or guess.set(best=...)."
    at, n = int(frame["valid_loss"].idxmin()), len(frame)
    words = f"You said epoch {prediction.best:.3g}, it was {run.best['epoch']:.3g}: off by {off} of {n - 1} evaluation{'s' * (n != 2)}."
    if n < 9 or at == n - 1:
        return (
            False,
            f"{words} Let the curve have at least 8 evaluations and turn before its end, or there is nothing to predict.",
        )
    if off > NEAR:
        return False, f"{words} Within {NEAR} is the aim; the next run with another seed will turn near the same place."
    return True, words


def _better_branch(fork: Any, parent: Any) -> tuple[bool, str]:
    facts = fork.store.facts.get("fork")
    if not facts or facts["parent"] != parent.id:
        return False, "The first run is no fork of the second: answer = parent.fork(step, ...)."
    best = int(parent.best["step"])
    if parent.diagnosis.verdict not in (OVERFITTING, WATCH):
        return (
            False,
            f"The parent does not overfit ({parent.diagnosis.verdict}): without a rebound there is none to avoid.",
        )
    if facts["step"] > best:
        return (
            False,
            f"It was forked at step {facts['step']}, after the parent's lowest loss at step {best}: the rebound had begun.",
        )
    if not facts["changed"]:
        return False, "Nothing was changed, so it does what its parent did."
    mine, theirs = float(fork.frame()["valid_loss"].iloc[-1]), float(parent.frame()["valid_loss"].iloc[-1])
    words = f"Forked at step {facts['step']}, it ends at {mine:.3f}; its parent ended at {theirs:.3f}."
    if mine > (1 - LOWER) * theirs:
        return False, f"{words} At least {LOWER:.0%} lower is the aim."
    lowest = float(parent.best["valid_loss"])
    return (
        True,
        f"{words} The parent's lowest was {lowest:.3f}: {'even that is beaten' if mine < lowest else 'that one is not beaten'}.",
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "13.1",
        "Make a run whose verdict is underfitting, then cure it by changing exactly ONE thing. Check with both runs.",
        _cured,
        ("Too few epochs, too low a rate, too much dropout: each of them is enough.",
         "Start with epochs=1 and learning_rate=1e-3.",
         "The cure for too little training: epochs=16 and everything else as it was."),
        "same = dict(model='bert-tiny', train_examples=160, learning_rate=1e-3, evaluations=8); underfitted = wb.fit('headlines', epochs=1, **same); "
        "await underfitted; cured = wb.fit('headlines', epochs=16, **same); await cured",
    ),
    Exercise(
        "13.2",
        "Predict the best step of a run of your own within two evaluations, before it trains. Put the run into `answer`.",
        _near,
        ("A run with another seed, or half as many texts, turns near a place that you have already seen.",
         "wb.guess(...) takes what wb.fit takes; move *Best step at epoch*, then await guess.train().",
         "The run above had its lowest loss at run.best['epoch']. Take seed=1 and say the same."),
        "guess = wb.guess('headlines', seed=1, **long); guess.set(best=run.best['epoch']); answer = await guess.train()",
    ),
    Exercise(
        "13.3",
        "Fork a run that overfits, at its lowest loss or before, so that the fork ends at least 10% lower than its parent ended. "
        "Check with the fork and its parent.",
        _better_branch,
        ("What would have kept the weights from running on to where validation loss is high?",
         "Much smaller steps leave the model near where it was.",
         "run.fork(learning_rate=3e-5) branches off at the best step."),
        "answer = run.fork(learning_rate=3e-5); await answer",
        own=(LESSON.replace(dropout=0.4), LESSON.replace(learning_rate=5e-5)),
    ),
)  # fmt: skip
