"""What each task's data is looked at for before any training: counts, lengths, duplicates, leaks, problems, two yardsticks.

Figures only: `audit.py` makes a report of them.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from workbench.data.baseline import baselines
from workbench.data.checks import keys
from workbench.data.near import Pair, duplicates
from workbench.data.text import first_rows


class Examined(NamedTuple):
    """The first figures of an `Audit`, under its names and in its order."""

    counts: dict[str, dict[str, int]]
    words: dict[str, float]
    near_duplicates: float
    leaks: tuple[tuple[int, int, str], ...]
    majority: float
    tfidf: float
    problems: tuple[str, ...]
    words_for: tuple[str, str, str] = ("validation accuracy", "majority", "TF-IDF + logistic regression")


def examined(data: Any) -> tuple[Examined, list[Pair]]:
    """What the task itself has to say, and the pairs of texts that are the same or nearly so."""
    if data.task == "tagging":
        return _tags(data)
    if data.task == "answering":
        return _questions(data)
    if data.task == "translation":
        return _pairs(data)
    if data.task == "language-modeling":
        return _texts(data)
    if data.task == "multi-label":
        return _sets(data)
    names = data.labels
    labels = {split: np.array(data[split]["label"]) for split in data}
    counts = {
        s: dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True)) for s, y in labels.items()
    }
    near, leaks, pairs = duplicates({split: list(data[split]["text"]) for split in data})
    majority, tfidf = baselines(
        list(data["train"]["text"]), labels["train"], list(data["validation"]["text"]), labels["validation"]
    )
    words = _median_words(data, names)
    problems = tuple(_problems(counts, words, near, leaks, tfidf))
    return Examined(counts, words, near, tuple(leaks), majority, tfidf, problems), pairs


def _texts(data: Any) -> tuple[Examined, list[Pair]]:
    """The same for texts without labels: the yardstick guesses a word from the one before it."""
    from workbench.tasks import TASKS

    near, leaks, pairs = duplicates({split: list(data[split]["text"]) for split in data})
    commonest, before = TASKS["language-modeling"].baselines(data, np.arange(len(data["train"])), [])
    lengths = {"text": float(np.median([len(t.split()) for split in data for t in data[split]["text"]]))}
    counts = {split: {"texts": len(data[split])} for split in data}
    words = ("words of validation guessed", "the commonest word", "the commonest after the word before")
    return Examined(
        counts, lengths, near, tuple(leaks), commonest, before, tuple(_leaked(leaks) + _repeated(near)), words
    ), pairs


def _sets(data: Any) -> tuple[Examined, list[Pair]]:
    """The same for texts with several labels: F1 instead of accuracy, and texts without any label are counted."""
    from workbench.tasks import TASKS

    names, sets = data.labels, {split: list(data[split]["labels"]) for split in data}
    given = {split: Counter(i for some in rows for i in some) for split, rows in sets.items()}
    counts = {split: {**{n: given[split][i] for i, n in enumerate(names)}, "without any": sum(not len(some) for some in rows)}
              for split, rows in sets.items()}  # fmt: skip
    near, leaks, pairs = duplicates({split: list(data[split]["text"]) for split in data})
    commonest, tfidf = TASKS["multi-label"].baselines(data, np.arange(len(data["train"])), names)
    lengths = {"text": float(np.median([len(t.split()) for split in data for t in data[split]["text"]]))}
    problems = _leaked(leaks) + _repeated(near)
    few = [n for i, n in enumerate(names) if given["train"][i] < 20]
    problems += (
        [f"{len(few)} of {len(names)} labels have fewer than 20 training texts ({', '.join(few[:4])})"] if few else []
    )
    words = ("micro F1 on validation", "the commonest set of labels", "TF-IDF + a logistic regression per label")
    return Examined(counts, lengths, near, tuple(leaks), commonest, tfidf, tuple(problems), words), pairs


def _tags(data: Any) -> tuple[Examined, list[Pair]]:
    """The same for sentences with tags: names are counted instead of texts, and the yardstick is a list of known names."""
    from workbench.metrics import entities
    from workbench.tasks.tagging import Tagging, words_and_tags

    rows = {split: words_and_tags(data[split], data.labels) for split in data}
    kinds = [t[2:] for t in data.labels if t.startswith("B-")]
    found = {split: Counter(k for _, tags in r for k, _, _ in entities(tags)) for split, r in rows.items()}
    counts = {split: {"sentences": len(r), **{k: found[split][k] for k in kinds}} for split, r in rows.items()}
    near, leaks, pairs = duplicates({split: [" ".join(w) for w, _ in r] for split, r in rows.items()})
    nothing, lookup = Tagging().baselines(data, np.arange(len(data["train"])), data.labels)
    problems = _leaked(leaks) + _repeated(near)
    few = {k: found["train"][k] for k in kinds if found["train"][k] < 20}
    problems += [f"only {n} name{'' if n == 1 else 's'} of type {k} in training" for k, n in few.items()]
    if lookup > 0.9:
        problems.append(f"a list of the names in training finds nearly all of them (F1 {lookup:.1%})")
    lengths = {"sentence": float(np.median([len(w) for r in rows.values() for w, _ in r]))}
    words = ("entity F1 on validation", "no names at all", "names seen in training")
    return Examined(counts, lengths, near, tuple(leaks), nothing, lookup, tuple(problems), words), pairs


def _questions(data: Any) -> tuple[Examined, list[Pair]]:
    """The same for questions on passages: passages are compared, and the yardstick is a method that counts shared words."""
    from workbench.tasks import TASKS
    from workbench.tasks.answering import ANSWER, NONE

    empty = {split: sum(not a["text"] for a in data[split]["answers"]) for split in data}
    counts = {split: {"with an answer": len(data[split]) - empty[split], "without": empty[split]} for split in data}
    firsts: dict[str, dict[str, int]] = {split: {} for split in data}
    for split in data:
        for row, context in enumerate(data[split]["context"]):
            firsts[split].setdefault(context, row)
    near, leaks, _ = duplicates({split: list(contexts) for split, contexts in firsts.items()})
    rows = {split: list(contexts.values()) for split, contexts in firsts.items()}
    leaks = [(rows[w.split("/")[0]][a], rows[w.split("/")[1]][b], w) for a, b, w in leaks]
    names = [ANSWER, NONE] if empty["train"] else [ANSWER]
    nothing, matching = TASKS["answering"].baselines(data, np.arange(len(data["train"])), names)
    lengths = {"passage": float(np.median([len(c.split()) for contexts in firsts.values() for c in contexts])),
               "answer": float(np.median([len(t.split()) for s in data for a in data[s]["answers"] for t in a["text"][:1]]))}  # fmt: skip
    problems = _leaked(leaks) + _repeated(near)
    if matching > 0.9:
        problems.append(f"counting shared words finds nearly every answer (F1 {matching:.1%})")
    words = ("F1 on validation", "no answer ever", "matching words")
    found = Examined(counts, lengths, near, tuple(leaks), nothing, matching, tuple(problems), words)
    return found, twice({split: keys(data.kind, data[split]) for split in data})


def twice(rows: dict[str, list[str]]) -> list[Pair]:
    """Every row that stands in another split too, with its first twin there.

    >>> twice({"train": ["a", "b", "a"], "test": ["c", "a"]})
    [(('train', 0), ('test', 1)), (('train', 2), ('test', 1))]
    """
    firsts = {split: {key: i for i, key in reversed(list(enumerate(some)))} for split, some in rows.items()}
    return [((a, i), (b, firsts[b][key])) for a, b in combinations(rows, 2) for i, key in enumerate(rows[a])
            if key in firsts[b]]  # fmt: skip


def _pairs(data: Any) -> tuple[Examined, list[Pair]]:
    """The same for translations: source sentences are compared, and the yardstick is a dictionary learned by counting."""
    from workbench.tasks import TASKS

    sides = {split: list(zip(data[split]["source"], data[split]["target"], strict=True)) for split in data}
    near, leaks, twins = duplicates({split: [s for s, _ in pairs] for split, pairs in sides.items()})
    copied, dictionary = TASKS["translation"].baselines(data, np.arange(len(data["train"])), [])
    lengths = {side: float(np.median([len(pair[i].split()) for pairs in sides.values() for pair in pairs]))
               for i, side in enumerate(("source", "target"))}  # fmt: skip
    problems = _leaked(leaks) + _repeated(near)
    for split, pairs in sides.items():
        same = [i for i, (s, t) in enumerate(pairs) if s.strip() == t.strip()]
        odd = [i for i, (s, t) in enumerate(pairs) if not 1 / 3 <= (len(s) + 10) / (len(t) + 10) <= 3]
        for rows, what in ((same, "copied instead of translated"), (odd, "of very different length")):
            if rows:
                some = first_rows(rows)
                problems.append(f"{len(rows)} pair{'' if len(rows) == 1 else 's'} of {split} {what} (rows {some})")
    words = ("chrF on validation", "the source copied", "a word-by-word dictionary")
    counts = {split: {"pairs": len(pairs)} for split, pairs in sides.items()}
    return Examined(counts, lengths, near, tuple(leaks), copied, dictionary, tuple(problems), words), twins


def _median_words(data: Any, names: list[str]) -> dict[str, float]:
    """Median words per text of every label, over all splits."""
    found: list[list[int]] = [[] for _ in names]
    for split in data:
        for text, label in zip(data[split]["text"], data[split]["label"], strict=True):
            found[label].append(len(text.split()))
    return {name: float(np.median(rows)) if rows else 0.0 for name, rows in zip(names, found, strict=True)}


def _problems(counts: Any, words: dict[str, float], near: float, leaks: list[Any], tfidf: float) -> list[str]:
    found = _leaked(leaks) + _repeated(near)
    sizes = list(counts["train"].values())
    if min(sizes) * 10 < max(sizes):
        found.append(f"the rarest class has {min(sizes)} training texts, the commonest {max(sizes)}")
    lengths = sorted(words.values())
    if lengths[0] * 2 < lengths[-1]:
        found.append(
            f"one class has texts twice as long as another (medians {lengths[0]:.0f} and {lengths[-1]:.0f} words)"
        )
    if tfidf > 0.97:
        found.append(f"single words give the label away (TF-IDF + logistic regression {tfidf:.1%})")
    return found


def _leaked(leaks: list[Any]) -> list[str]:
    if not leaks:
        return []
    a, b, where = leaks[0]
    first, second = where.split("/")
    n = len({i for i, _, w in leaks if w.startswith(f"{first}/")})
    return [f"{n} {'training' if first == 'train' else first} {'text stands' if n == 1 else 'texts stand'} in another "
            f"split too (row {a + 1} of {first} = row {b + 1} of {second})"]  # fmt: skip


def _repeated(near: float) -> list[str]:
    return [f"{near:.1%} of the texts have a near-duplicate (at most 2%)"] if near > 0.02 else []
