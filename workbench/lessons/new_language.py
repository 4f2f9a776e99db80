"""Exercises of lesson 24, A new language, and what its lines are judged on. Judges let models write and compare chrF; they train nothing."""

from __future__ import annotations

import unicodedata
from typing import Any

from workbench.lessons.exercise import Exercise
from workbench.lessons.pairs import no_twins
from workbench.lessons.translation import written

SPANISH, FRENCH, MODEL, MARK = "phrases-en-es", "phrases-en-fr", "en-fr-mini", "Spanish: "
LINES = 60  # pairs of either validation split on which Spanish and French are measured
FEW = 60  # 24.2: Spanish pairs that are allowed


def lines(name: str, mark: str = "") -> Any:
    """The first validation pairs of a data set, with a mark in front of every source."""
    from workbench.data import load

    split = load(name)["validation"].select(range(LINES))
    return split.map(lambda row: {"source": mark + row["source"]}) if mark else split


def chrf_of(run: Any) -> float:
    """chrF of what a run's model writes for the Spanish pairs."""
    return written(run.predictor(), lines(SPANISH))["chrf"]


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
    from workbench.data import load

    if odd := no_twins(run, twin):
        return False, odd
    n, all_pairs = run.store.facts["n_train"], twin.store.facts["n_train"]
    if all_pairs < (there := len(load(SPANISH)["train"])):
        return False, f"The twin learned from {all_pairs} pairs; let it have all {there}."
    if n > FEW:
        return False, f"It learned from {n} pairs: at most {FEW} (train_examples={FEW})."
    a, b = chrf_of(run), chrf_of(twin)
    said = f"chrF {a:.1%} from {n} pairs, the random twin {b:.1%} from {all_pairs}"
    if a <= b:
        return False, f"{said}. More of the {FEW} pairs, more epochs, or another rate."
    return True, f"{said}. What had it learned before that the other {all_pairs - n} pairs could not teach?"


def _mark_decides(run: Any, sentence: Any) -> tuple[bool, str]:
    from workbench.data.language import language

    text = str(sentence).strip().removeprefix(MARK)
    if len(text.split()) < 5:
        return False, "A sentence of at least five words, please."
    said = list(run.predict([text, MARK + text])["translation"])
    spoken = [language(words) for words in said]
    words = f"Without the mark {said[0]!r} ({spoken[0] or 'no language named'}), with it {said[1]!r} ({spoken[1] or 'no language named'})."
    return spoken == ["French", "Spanish"], words


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
        "Who decides in which language the rehearsed model answers? Find an English sentence of at least five words that it puts into French "
        f"without the mark {MARK!r} and into Spanish with it. Check with the run and the sentence (without the mark).",
        _mark_decides,
        ("Where an answer has few little words such as la, el, que, no language is recognised: take a sentence with some.",
         "Let it translate all sixty lines twice, as they are and marked, and look for a row where the languages differ.",
         "language(text) of workbench.data.language names the language of a text."),
        "from workbench.data.language import language; asked = list(french_lines['source']); "
        "plain, spanish_too = (list(rehearsed.predict(a)['translation']) for a in (asked, ['Spanish: ' + t for t in asked])); "
        "sentence = next(t for t, a, b in zip(asked, plain, spanish_too) "
        "if language(a) == 'French' and language(b) == 'Spanish' and len(t.split()) > 4)",
    ),
)  # fmt: skip
