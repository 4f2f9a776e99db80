"""Exercises of lesson 23, Changing the architecture, and how to find the words that a vocabulary breaks. Judges train nothing."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from workbench.lessons.exercise import Exercise

ENOUGH = 0.60
LOSS, SMALLER = 0.03, 0.25
LEARNED = 0.05  # 23.3: by how much the whole model must be above the answer without one
MOST, FEWER = 60, 0.02
NAMES = ("O", "B-LOC", "I-LOC")
P = ((0.6, 0.1, 0.3), (0.3, 0.2, 0.5), (0.4, 0.1, 0.5))


def broken_words(data: Any, model: str, most: int) -> list[str]:
    """The words of the training texts that cost the most pieces beyond one each, most expensive first; those that come three times
    at least."""
    from workbench.data import load
    from workbench.models import vocabulary, zoo

    tokenizer = zoo.tokenizer(zoo.source(model))
    counts = Counter(w for text in load(data)["train"]["text"] for w in re.findall(r"[a-z]+", text.lower()))
    cost = {w: n * (len(vocabulary.cut(tokenizer, w)) - 1) for w, n in counts.items() if n >= 3}
    return [w for w in sorted(cost, key=lambda w: (-cost[w], w)) if cost[w]][:most]


def pieces_per_text(data: Any, model: str, words: Any = ()) -> float:
    """How many pieces a validation text has on the average, special ones left out, when the vocabulary gets these words."""
    from workbench.config import RunConfig
    from workbench.data import load
    from workbench.models import zoo

    config = RunConfig(model=model, add_tokens=tuple(words))
    texts = list(load(data)["validation"]["text"])
    ids = zoo.tokenizer(zoo.source(model, config.add_tokens))(texts, add_special_tokens=False)["input_ids"]
    return sum(map(len, ids)) / len(texts)


def _cls_catches_up(run: Any) -> tuple[bool, str]:
    if run.config.data != "headlines" or run.config.pooling != "cls":
        return False, f"This run read {run.config.pooling!r} on {run.config.data}; take pooling='cls' on headlines."
    if not run.best:
        return False, "This run has no evaluation yet."
    score, control, texts = run.best["accuracy"], float(run.store.facts["control"]), int(run.store.facts["n_train"])
    words = f"With {texts} texts a head on [CLS] has {score:.1%}; counting words has {control:.1%} on the same texts."
    if score < ENOUGH:
        return False, f"{words} What would teach the encoder to put something into that vector?"
    return True, f"{words} The vector is not useless: it was never trained, and now it is."


def _by_hand(tags: Any) -> tuple[bool, str]:
    import numpy as np

    from workbench.tasks.decoding import may_follow, transitions, viterbi

    tags = [str(t) for t in tags]
    if len(tags) != len(P) or any(t not in NAMES for t in tags):
        return False, f"Three tags, each one of {', '.join(NAMES)}."
    p = float(np.prod([P[i][NAMES.index(t)] for i, t in enumerate(tags)]))
    for before, tag in zip(["O", *tags], tags, strict=False):
        if not may_follow(before, tag):
            return False, f"{' '.join(tags)} has {p:.3f}, but {tag} cannot stand behind {before}."
    best = [NAMES[i] for i in viterbi(np.log(P), *transitions(NAMES))]
    if tags != best:
        return False, f"{' '.join(tags)} is possible and has {p:.3f}. There is one with more."
    return True, f"{' '.join(tags)} has {p:.3f}, more than any other possible sequence."


def _short_and_good(runs: Any) -> tuple[bool, str]:
    whole, short = runs
    differ = whole.config.differing(short.config, "layers", "evaluations", "keep_states")
    if differ or whole.config.layers == short.config.layers:
        said = f"differ in {', '.join(differ)} as well" if differ else "have as many layers"
        return False, f"The two runs {said}; change layers alone."
    sizes = [int(r.store.facts["parameters"]) for r in (whole, short)]
    metric = whole.store.metric
    scores, trivial = [float(r.best[metric]) for r in (whole, short)], float(whole.store.facts["majority"])
    saved = 1 - sizes[1] / sizes[0]
    words = (f"{sizes[1]:,} weights instead of {sizes[0]:,} ({saved:.0%} fewer), {metric} {scores[1]:.1%} "
             f"instead of {scores[0]:.1%}.")  # fmt: skip
    if saved < SMALLER:
        return False, f"{words} At least {SMALLER:.0%} fewer is the aim."
    if scores[0] < trivial + LEARNED:
        return False, f"{words} Without a model it is {trivial:.1%}: the whole one has to have learned something first."
    if scores[1] < scores[0] - LOSS:
        return False, f"{words} At most {100 * LOSS:.0f} points may be lost."
    return True, words


def _fewer_pieces(words: Any) -> tuple[bool, str]:
    words = list(dict.fromkeys(str(w) for w in words))
    before, after = pieces_per_text("clinic", "bert-tiny"), pieces_per_text("clinic", "bert-tiny", words)
    said = f"{len(words)} words: {after:.1f} pieces per text instead of {before:.1f} ({1 - after / before:.1%} fewer)."
    if len(words) > MOST:
        return False, f"{said} At most {MOST} words."
    if after > before * (1 - FEWER):
        return False, f"{said} At least {FEWER:.0%} fewer is the aim. Which words come often and fall into many pieces?"
    return True, said


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "23.1",
        "Let a head that reads [CLS] reach 60% on headlines, about what the mean had with 160 texts. Put the run into `answer`.",
        _cls_catches_up,
        ("The encoder has to learn to put something into [CLS]. From what?",
         "From more texts, or from more passes over them; or take a model that learns faster.",
         "pooling='cls', learning_rate=1e-3, epochs=6, and all training texts: no train_examples."),
        "answer = wb.fit('headlines', pooling='cls', learning_rate=1e-3, epochs=6, evaluations=4); await answer",
    ),
    Exercise(
        "23.2",
        "Decode by hand. Three words, probabilities of O, B-LOC, I-LOC: (0.6, 0.1, 0.3), (0.3, 0.2, 0.5), (0.4, 0.1, 0.5). Put the best possible "
        "sequence, a list of three tags, into `answer`.",
        _by_hand,
        ("Word by word it would be O I-LOC I-LOC. What can I-LOC not stand behind?",
         "A name has to begin with B-LOC. Multiply: O O O, O B-LOC I-LOC, B-LOC I-LOC I-LOC ...",
         "0.6 · 0.3 · 0.4 = 0.072, 0.6 · 0.2 · 0.5 = 0.060, 0.1 · 0.5 · 0.5 = 0.025."),
        "answer = ['O', 'O', 'O']",
    ),
    Exercise(
        "23.3",
        "Find a task on which a model with fewer layers has at least 25% fewer weights and loses at most three points. Put both runs, the whole "
        "one first, into `answer`, as a pair.",
        _short_and_good,
        ("The embeddings stay, whatever you cut: of which model are the layers the larger part?",
         "bert-mini: four layers of 0.8 million weights each, and 2.2 million in the embeddings.",
         "Upper layers can only be missed where they had something to add: wb.fit('reviews', train_examples=256, learning_rate=5e-4, epochs=4), "
         "and the same with layers=2."),
        "same = dict(train_examples=256, learning_rate=5e-4, epochs=4, evaluations=3); whole = wb.fit('reviews', **same); "
        "short = wb.fit('reviews', layers=2, **same); answer = (await whole, await short)",
    ),
    Exercise(
        "23.4",
        "Choose at most 60 words that bert-tiny's vocabulary lacks, so that the validation texts of clinic need at least 2% fewer pieces. "
        "Put the list into `answer`.",
        _fewer_pieces,
        ("A word that comes once saves little, however many pieces it has.",
         "Count on the training texts: how often a word comes, times the pieces that it falls into beyond the first.",
         "workbench.lessons.architecture.broken_words does that count."),
        "from workbench.lessons.architecture import broken_words; answer = broken_words('clinic', 'bert-tiny', most=60)",
    ),
)  # fmt: skip
