"""Exercises of lesson 08, Machine translation. Judges let models write and compare chrF; they train no network."""

from __future__ import annotations

import functools
from typing import Any

from workbench.lessons.exercise import Exercise, as_sentence

DATA, OTHER = "hotel-en-fr", "phrases-en-fr"
GENERAL = 100  # everyday pairs on which forgetting is measured
FEW, GAIN = 160, 0.02  # 08.1: pairs to learn from at most, and points of chrF to be won
WITNESS, ASKED, OTHERS = "en-fr-mini", 30, 2  # 08.3: sentences that a right one must not fit better, but for so many
CLOSE, FAR = 0.8, 0.6  # 08.3: chrF of a wrong sentence at least, and of a right one at most
LEARNED, KEPT = 0.01, 0.02  # 08.4: points of chrF to be won on hotel phrases, and that may be lost on everyday ones


def everyday() -> Any:
    """The everyday pairs on which forgetting is measured: the first of the validation split."""
    from workbench.data import load

    return load(OTHER)["validation"].select(range(GENERAL))


def written(predictor: Any, split: Any) -> dict[str, float]:
    """BLEU and chrF of what a model writes for a split, beam search."""
    scores: dict[str, float] = predictor.task.written(predictor.ask, split, predictor.tokenizer, predictor.config)
    return scores


@functools.cache
def before(model: str) -> tuple[float, float]:
    """chrF of a checkpoint as it came: on validation of the hotel phrases, and on everyday phrases."""
    from workbench.data import load
    from workbench.training.predictor import Predictor

    untouched = Predictor.untouched(model)
    return written(untouched, load(DATA)["validation"])["chrf"], written(untouched, everyday())["chrf"]


def _few_pairs(run: Any) -> tuple[bool, str]:
    if run.config.data != DATA:
        return False, f"This run is on {run.config.data}, the exercise is about {DATA}."
    n = run.store.facts["n_train"]
    if n > FEW:
        return False, f"It learned from {n} pairs: at most {FEW} (train_examples={FEW})."
    start, score = before(run.config.model)[0], run.evaluate("validation")["chrf"]
    said = f"chrF {score:.1%} after {n} pairs, {start:.1%} before: {score - start:+.1%}"
    if score - start < GAIN:
        return (
            False,
            f"{said}; at least {GAIN:+.1%} is asked for. More of the {FEW} pairs, more epochs, or another rate.",
        )
    return True, f"{said}."


def _beams_differ(run: Any, text: Any) -> tuple[bool, str]:
    from workbench.tasks.translation import translate

    text = as_sentence(text)
    if len(text.split()) < 4:
        return False, "A sentence of at least four words, please."
    predictor = run.predictor()
    greedy, beam = (translate(predictor.model, [text], predictor.tokenizer, beams=n)[0] for n in (1, 4))
    if greedy == beam:
        return False, f"Both wrote {beam!r}. Longer sentences leave more choices."
    costs = [cost(predictor, text, said) for said in (greedy, beam)]
    return (
        True,
        f"Greedy: {greedy!r} ({costs[0]:.1f} nats). Four beams: {beam!r} ({costs[1]:.1f} nats). Which is the better French?",
    )


def cost(predictor: Any, text: str, said: str) -> float:
    """What it costs the model to write `said` for `text`, in nats: minus the log probability of the whole sentence."""
    encoded = predictor.task.encode(
        {"source": [text], "target": [said]}, predictor.tokenizer, predictor.config.max_length
    )
    return float(predictor.ask(encoded)[0][:, 0].sum())


def _fools_chrf(data: Any, answer: Any) -> tuple[bool, str]:
    from workbench.data.parallel import plain
    from workbench.metrics import chrf_each

    row, wrong, right = answer
    reference = data["validation"]["target"][int(row)]
    if plain(str(wrong)) == plain(reference):
        return False, f"The wrong one has the words of the reference: {reference!r}. Change one."
    a, b = chrf_each([str(wrong), str(right)], [reference, reference])
    said = f"chrF of the wrong one {a:.0%}, of the right one {b:.0%}; the reference is {reference!r}"
    if a < CLOSE or b > FAR:
        return False, f"{said}. Asked for: at least {CLOSE:.0%} for the wrong one, at most {FAR:.0%} for the right one."
    if not _fits(list(data["validation"]["source"]), int(row), str(right)):
        return (
            False,
            f"{said}. To {WITNESS} your right one fits other English sentences better than this one: is it one?",
        )
    return True, f"{said}. No count of letters knows what a sentence says."


def _fits(sources: list[str], row: int, said: str) -> bool:
    """Whether a translator that has not seen the answer would sooner write it for this source than for nearly all others."""
    from workbench.training.predictor import Predictor

    witness = Predictor.untouched(WITNESS)
    own = cost(witness, sources[row], said)
    return sum(cost(witness, s, said) < own for s in sources[:ASKED] if s != sources[row]) <= OTHERS


def _keeps(run: Any) -> tuple[bool, str]:
    from workbench.data import load

    hotel, general = before(run.config.model)
    predictor = run.predictor()
    now = written(predictor, load(DATA)["validation"])["chrf"], written(predictor, everyday())["chrf"]
    said = f"hotel {now[0]:.1%} (before {hotel:.1%}), everyday {now[1]:.1%} (before {general:.1%})"
    if now[0] - hotel < LEARNED:
        return False, f"chrF: {said}. Too little learned: at least {LEARNED:+.1%} on hotel phrases is asked for."
    if general - now[1] > KEPT:
        return False, f"chrF: {said}. Too much forgotten: at most {-KEPT:.1%} on everyday phrases is allowed."
    return True, f"chrF: {said}."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "08.1",
        f"Win at least {100 * GAIN:.0f} points of chrF on the validation split of {DATA} with at most {FEW} training pairs. "
        "Put the run into `answer`.",
        _few_pairs,
        ("Few pairs are soon known by heart: look where the validation loss turns.",
         f"train_examples={FEW}, a rate a little lower than in the lesson, and no more epochs than it takes.",
         "Try learning_rate=3e-4 and epochs=4."),
        f"answer = wb.fit('{DATA}', model='en-fr-mini', train_examples={FEW}, learning_rate=3e-4, epochs=4, evaluations=4); await answer",
    ),
    Exercise(
        "08.2",
        "Find an English sentence of at least four words which your model translates differently with one beam and with four. "
        "Check with the run and the sentence.",
        _beams_differ,
        ("Where the model is sure of each piece, the likeliest pieces make the likeliest sentence.",
         "Long sentences with rare words leave it unsure.",
         "Go through the sources of hotel['validation'] and compare translate(..., beams=1) with translate(...)."),
        "model, tok = run.predictor().model, run.predictor().tokenizer; sources = hotel['validation']['source'][:40]; "
        "both = zip(sources, translate(model, sources, tok, beams=1), translate(model, sources, tok)); "
        "sentence = next(s for s, one, four in both if one != four and len(s.split()) > 3)",
    ),
    Exercise(
        "08.3",
        f"Fool chrF: choose a row of hotel['validation'] and write a wrong translation that scores at least {CLOSE:.0%} and a right "
        f"one that scores at most {FAR:.0%}. Check with (row, wrong, right).",
        _fools_chrf,
        ("A wrong one: take the reference and change one short word that turns the meaning round.",
         "A right one: say the same with other words, in another order.",
         "Numbers, 'pas' and 'jamais', left and right: small words carry much. Statements can become polite requests, and the other way round."),
        "row = list(hotel['validation']['source']).index('The coffee at breakfast was lukewarm.'); "
        "fooled = (row, 'Le thé du petit-déjeuner était tiède.', 'Ce matin, on nous a servi un café à peine chaud.')",
    ),
    Exercise(
        "08.4",
        f"Learn the trade and forget little: at least {100 * LEARNED:.0f} point of chrF more on hotel phrases, at most {100 * KEPT:.0f} points "
        "less on everyday phrases. Put the run into `careful`.",
        _keeps,
        ("Look at the table in section 5: what did the first run forget?",
         "Section 5 has a run with a smaller rate. Is it careful enough?",
         "learning_rate=1.5e-4 with epochs=3; if too little is learned, one epoch more."),
        "careful = gentle",
    ),
)  # fmt: skip
