"""Exercises of lesson 24, A new language, and what its lines are judged on. Judges let models write and compare chrF; they train nothing."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

from workbench.lessons.exercise import Exercise
from workbench.lessons.translation import written

SPANISH, FRENCH, MODEL, MARK = "phrases-en-es", "phrases-en-fr", "en-fr-mini", "Spanish: "
LINES = 60  # pairs of either validation split on which Spanish and French are measured
FEW = 60  # 24.2: Spanish pairs that are allowed
REHEARSED, KEPT, LEARNED = (
    200,
    0.06,
    0.02,
)  # 24.3: French pairs that are allowed, points of French and Spanish that may be lost


def lines(name: str, mark: str = "") -> Any:
    """The first validation pairs of a data set, with a mark in front of every source."""
    from workbench.data import load

    split = load(name)["validation"].select(range(LINES))
    return split.map(lambda row: {"source": mark + row["source"]}) if mark else split


def chrf_of(run: Any, name: str, mark: str = "") -> float:
    """chrF of what a run's model writes for those pairs."""
    return written(run.predictor(), lines(name, mark))["chrf"]


@functools.cache
def french_before() -> float:
    """chrF of the checkpoint as it came, on the French pairs."""
    from workbench.training.predictor import Predictor

    return written(Predictor.untouched(MODEL), lines(FRENCH))["chrf"]


def _letters_known(sentence: Any) -> tuple[bool, str]:
    from workbench.data.language import language
    from workbench.models.letters import unknown

    text = str(sentence)
    if len(text.split()) < 5 or language(text) != "Spanish":
        return (
            False,
            f"{text!r} is not recognised as Spanish: at least five words, with little ones such as el, la, que or con.",
        )
    if missing := unknown(MODEL, [text]):
        return False, f"The vocabulary lacks {' '.join(missing)} of this sentence."
    accented = sorted({c for c in text if len(unicodedata.normalize("NFD", c)) > 1})
    if not accented:
        return False, "It knows every character, but none has an accent: some letters with an accent it does know."
    return True, f"It knows {' '.join(accented)}. Where has it seen them?"


def _few_beat_the_twin(run: Any, twin: Any) -> tuple[bool, str]:
    if run.config.model.endswith(":random") or not twin.config.model.endswith(":random"):
        return (
            False,
            f"A run that began with the checkpoint, and the random twin: these began with {run.config.model} and {twin.config.model}.",
        )
    n, all_pairs = run.store.facts["n_train"], twin.store.facts["n_train"]
    if n > FEW:
        return False, f"It learned from {n} pairs: at most {FEW} (train_examples={FEW})."
    a, b = chrf_of(run, SPANISH), chrf_of(twin, SPANISH)
    said = f"chrF {a:.1%} from {n} pairs, the random twin {b:.1%} from {all_pairs}"
    if a <= b:
        return False, f"{said}. More of the {FEW} pairs, more epochs, or another rate."
    return True, f"{said}. What had it learned before that the other {all_pairs - n} pairs could not teach?"


def _keeps_both(run: Any) -> tuple[bool, str]:
    sources = list(run.data()["train"]["source"])
    others = sum(not s.startswith(MARK) for s in sources)
    if others == len(sources):
        return (
            False,
            f"No source of its training data begins with {MARK!r}: the Spanish ones should be marked as in section 6.",
        )
    if others > REHEARSED:
        return False, f"It rehearsed {others} French pairs: at most {REHEARSED}."
    before, kept, spanish = french_before(), chrf_of(run, FRENCH), chrf_of(run, SPANISH, MARK)
    said = f"chrF: French {kept:.1%} (before {before:.1%}) with {others} pairs to rehearse, Spanish {spanish:.1%}"
    if before - kept > KEPT:
        return False, f"{said}. At most {100 * KEPT:.0f} points of French may be lost."
    if spanish < LEARNED:
        return False, f"{said}. At least {LEARNED:.0%} on Spanish is asked for."
    return True, f"{said}."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "24.1",
        "Which letters with an accent does en-fr-mini know already? Write a Spanish sentence of at least five words that has one, and of which "
        "its own vocabulary knows every character.",
        _letters_known,
        ("Its vocabulary was made for English and French.",
         "French writes é and ü, and ù; wb.tokens(sentence, models=['en-fr-mini']) shows what is unknown.",
         "A word with é and none with á, í, ó or ñ: café, qué, té."),
        "sentence = 'El bebé no toma café con la leche.'",
    ),
    Exercise(
        "24.2",
        f"With how few pairs does the translator that knows French beat its random twin that had all of them? Find a run with at most {FEW} Spanish "
        f"pairs whose chrF on the first {LINES} validation sentences is higher. Check with your run and the twin.",
        _few_beat_the_twin,
        ("train_examples= takes so many pairs of the training split.",
         "Few pairs make few steps: give it more epochs, so that it has as many steps.",
         f"train_examples={FEW} and epochs=20 are half as many steps as in the lesson."),
        f"few = wb.fit(spanish, model=start, **{{**same, 'train_examples': {FEW}, 'epochs': 20}}); await few",
    ),
    Exercise(
        "24.3",
        f"Learn Spanish and keep the French with at most {REHEARSED} French pairs: at least {LEARNED:.0%} chrF on Spanish (marked), and at most "
        f"{100 * KEPT:.0f} points less than before on French, on {LINES} validation sentences each. Put the run into `keeper`.",
        _keeps_both,
        ("Look at the numbers of section 6: which of the two is not there yet?",
         "A smaller rate forgets less and learns less; a second pass over the pairs learns more.",
         "Take the data of section 6 as they are and change the rate or the epochs."),
        "keeper = rehearsed",
    ),
)  # fmt: skip
