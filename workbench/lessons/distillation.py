"""Exercises of lesson 11, Distillation. Judges look at probabilities and finished runs; they train nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.lessons.exercise import Exercise, as_number

HALF = 0.5
CLOSE = 0.05


def _flat_enough(teacher: Any, text: str, temperature: Any) -> tuple[bool, str]:
    if (t := as_number(temperature)) is None or t <= 0:
        return False, f"A temperature is a number above 0, not {temperature!r}."
    p = teacher.predict([text]).filter(like="p(").iloc[0].to_numpy(dtype=float)
    logits = np.log(np.clip(p, 1e-12, None)) / t
    soft = np.exp(logits - logits.max())
    top = float((soft / soft.sum()).max())
    words = f"At T = {t:g} the likeliest topic has {top:.0%}."
    if top > HALF + CLOSE:
        return False, f"{words} Flatter: a higher temperature."
    if top < HALF - CLOSE:
        return False, f"{words} That is too flat: a lower temperature."
    return True, words


def _teachers_words_only(teacher: Any, run: Any) -> tuple[bool, str]:
    if run.config.technique != "distillation":
        return False, f"This run's technique is {run.config.technique}."
    if run.config.alpha < 1:
        return (
            False,
            f"alpha is {run.config.alpha:g}: {1 - run.config.alpha:.0%} of the loss still looks at the labels.",
        )
    score, control = run.best["accuracy"], float(run.store.facts["majority"])
    words = f"It never saw a label and reaches {score:.1%}; the commonest topic alone has {control:.1%}, the teacher {teacher.best['accuracy']:.1%}."
    return (True, words) if score > 2 * control else (False, f"{words} More epochs or a higher rate.")


def _smaller(run: Any) -> tuple[bool, str]:
    weights, score, control = (
        int(run.store.facts["parameters"]),
        run.best["accuracy"],
        float(run.store.facts["control"]),
    )
    words = f"{weights:,} weights, accuracy {score:.1%}; TF-IDF on the same texts has {control:.1%}."
    if run.config.technique != "distillation":
        return False, f"This run's technique is {run.config.technique}."
    if run.config.layers is None or run.config.layers > 1:
        return False, f"{words} Let the student have a single layer."
    if score <= control:
        return False, f"{words} It should be above TF-IDF: all texts, more epochs."
    return True, words


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "11.1",
        "Find a temperature at which the teacher gives its favourite topic of `brief` about half (45 to 55%). Check with the number.",
        _flat_enough,
        ("The table in section 3 can be made for any T.",
         "The higher T, the flatter. Halve the interval again and again.",
         "for t in (0.5, 1, 2, 4, 8, 16): print(t, torch.softmax(logits / t, 0).max())"),
        "ts = [t / 10 for t in range(2, 300)]; "
        "temperature = min(ts, key=lambda t: abs(float(torch.softmax(logits / t, 0).max()) - 0.5))",
    ),
    Exercise(
        "11.2",
        "Teach a student that never sees a label, only the teacher's soft targets. Put the run into `answer`.",
        _teachers_words_only,
        ("Which number weighs labels against soft targets?",
         "alpha=1.0 leaves the labels out.",
         "technique='distillation', teacher=teacher, alpha=1.0, and the settings of `student`."),
        "answer = wb.fit('headlines', technique='distillation', teacher=teacher, alpha=1.0, learning_rate=1e-3, **student); await answer",
    ),
    Exercise(
        "11.3",
        "How small can it be? Teach a student with a single layer and be above TF-IDF. Put the run into `answer`.",
        _smaller,
        ("layers=1 keeps the first of bert-tiny's two layers.",
         "All 926 texts help a small model more than they help TF-IDF.",
         "model='bert-tiny', layers=1, technique='distillation', teacher=teacher, learning_rate=2e-3, epochs=15, train_examples=256."),
        "answer = wb.fit('headlines', layers=1, technique='distillation', teacher=teacher, learning_rate=1e-3, **student); await answer",
    ),
)  # fmt: skip
