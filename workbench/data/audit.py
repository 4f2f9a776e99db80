"""`audit`: what is wrong with a dataset before any training: counts, duplicates, leaks, doubtful labels, a bag-of-words baseline.

It reports, with row numbers, and leaves the data as it is; `fixed()` makes a copy without what was found (see repair.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.checks import plain
from workbench.data.drift import STRONG, Drift, drift, target_texts
from workbench.data.label_errors import Suspect, suspects
from workbench.data.language import languages
from workbench.data.load import Data, load
from workbench.data.near import Pair, duplicates
from workbench.data.pieces import Pieces, pieces

LARGEST = 20_000


@dataclass(frozen=True, repr=False)
class Audit:
    """Figures of one dataset. `problems` are sentences; an empty tuple means that the audit passes."""

    counts: dict[str, dict[str, int]]
    words: dict[str, float]  # median words per text, by label
    near_duplicates: float  # share of texts with a near-duplicate anywhere
    leaks: tuple[tuple[int, int, str], ...]  # (row, row in the other split, "split/other split"): the same or nearly so
    majority: float  # accuracy on validation; tagging: entity F1
    tfidf: float  # of TF-IDF + logistic regression on validation; tagging: of a list of the names seen in training
    problems: tuple[str, ...] = field(default_factory=tuple)
    words_for: tuple[str, str, str] = ("validation accuracy", "majority", "TF-IDF + logistic regression")
    suspects: tuple[
        Suspect, ...
    ] = ()  # training rows whose label is probably wrong, surest first (classification only)
    languages: dict[str, int] = field(default_factory=dict)  # texts by language, as far as their little words tell
    pieces: Pieces | None = None  # what the tokenizer of `model` makes of the words
    drift: Drift | None = None  # how far training is from `target`
    data: Any = field(default=None, compare=False)
    pairs: tuple[Pair, ...] = field(
        default=(), compare=False
    )  # ((split, row), (split, row)) that are the same or nearly so

    def __str__(self) -> str:
        lines = [f"{split}: " + ", ".join(f"{n} {label}" for label, n in c.items()) for split, c in self.counts.items()]
        lines.append(f"near-duplicates {self.near_duplicates:.1%} · leaks {len(self.leaks)}")
        lines.append(
            f"{self.words_for[0]}: {self.words_for[1]} {self.majority:.1%}, {self.words_for[2]} {self.tfidf:.1%}"
        )
        lines += [f"{part}" for part in (self.pieces, self.drift) if part is not None]
        lines += [f"Problem: {p}" for p in self.problems] or ["No problem found."]
        if self.suspects:
            share = len(self.suspects) / sum(self.counts["train"].values())
            lines.append(
                f"Labels to look at: {len(self.suspects)} of training ({share:.1%}), in audit.suspects, surest first."
            )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from workbench.views.auditing import audit_html

        return audit_html(self)

    def table(self) -> pd.DataFrame:
        """Every check as a row: check, found, and whether it is a problem."""
        rows = [(s, ", ".join(f"{n} {label}" for label, n in c.items())) for s, c in self.counts.items()]
        rows += [("near-duplicates", f"{self.near_duplicates:.1%} of the texts"), ("leaks", f"{len(self.leaks)} pairs of rows"),
                 (f"{self.words_for[0]}, {self.words_for[1]}", f"{self.majority:.1%}"),
                 (f"{self.words_for[0]}, {self.words_for[2]}", f"{self.tfidf:.1%}"),
                 ("median words", ", ".join(f"{n:.0f} {label}" for label, n in self.words.items())),
                 ("labels to look at", str(len(self.suspects)))]  # fmt: skip
        rows += [("language", ", ".join(f"{n} {name}" for name, n in self.languages.items()))] if self.languages else []
        rows += [("tokenizer", str(self.pieces))] if self.pieces else []
        rows += [("drift", str(self.drift))] if self.drift else []
        return pd.DataFrame([*rows, *(("problem", p) for p in self.problems)], columns=["check", "found"])

    def doubtful(self) -> pd.DataFrame:
        """The suspects as a table: row, given, proposed, p_given, p_proposed, text."""
        return pd.DataFrame([asdict(s) for s in self.suspects], columns=[f.name for f in fields(Suspect)])

    def figure(self) -> Any:
        """Balance, lengths and, where there are any, doubtful labels and drift as a matplotlib Figure."""
        from workbench.views.auditing import audit_figure

        return audit_figure(self)

    def fixed(self, labels: bool | Iterable[int] = False) -> Data:
        """A copy without leaks and duplicates, whose `changes` list what was done, row by row. Doubtful labels stay as they are
        unless `labels` is True (every proposal is taken) or a list of rows (those alone)."""
        from workbench.data.repair import fixed

        return fixed(self.data, self.pairs, self.suspects, labels)


def audit(source: Any, *, target: Any = None, model: str | None = None, max_length: int = 128) -> Audit:
    """Look at a dataset (anything that `load` takes). Seconds for a few thousand texts.

    With `model` (a bundled name, a folder or a Hub id) the words are looked at in its tokenizer, with texts cut at `max_length`
    pieces; with `target` (texts, a frame, a file or a dataset like those that the model will meet) the two are compared.
    """
    data = load(source)
    found, pairs = _audit(data)
    texts = {split: texts_of(data, split) for split in data}
    problems = [*found.problems, *_conflicts(data, pairs)]
    seen = languages([t for split in texts.values() for t in split])
    named = list(seen.values())
    if data.task != "translation" and named and max(named) < 0.95 * sum(named):
        problems.append(
            f"texts in several languages ({', '.join(f'{n} {name}' for name, n in list(seen.items())[:3])})"
        )
    broken = pieces([t for split in texts.values() for t in split], model, max_length) if model else None
    if broken and broken.cut > 0.05:
        problems.append(f"{broken.cut:.1%} of the texts are longer than {broken.limit} pieces and are cut")
    if broken and broken.broken > 0.1:
        problems.append(
            f"{broken.broken:.1%} of the words are in more than 3 pieces: another tokenizer may suit these texts"
        )
    far = drift(texts["train"], target_texts(target)) if target is not None else None
    if far and far.auc - 2 * far.se > STRONG:
        problems.append(f"training and target differ: a classifier tells them apart with AUC {far.auc:.2f}")
    doubts: tuple[Suspect, ...] = ()
    if data.task == "classification":
        doubts = suspects(texts["train"], np.array(data["train"]["label"]), data.labels)
    return replace(found, problems=tuple(problems), suspects=doubts, languages=seen, pieces=broken, drift=far, data=data,
                   pairs=tuple(pairs))  # fmt: skip


def texts_of(data: Data, split: str) -> list[str]:
    """The texts of a split, whatever the task: sentences of words joined, passages once each."""
    column = {"tagging": "tokens", "answering": "context", "translation": "source"}.get(data.task, "text")
    values = list(data[split][column])
    values = list(dict.fromkeys(values)) if data.task == "answering" else values
    return [v if isinstance(v, str) else " ".join(v) for v in values]


def _conflicts(data: Data, pairs: list[Pair]) -> list[str]:
    """The very same text with different labels in training."""
    if data.task not in ("classification", "multi-label"):
        return []
    column, rows = data.kind.FINGERPRINT[1], data["train"]
    same = [
        (i, j) for (a, i), (b, j) in pairs if a == b == "train" and plain(rows[i]["text"]) == plain(rows[j]["text"])
    ]
    odd = [(i, j) for i, j in same if rows[i][column] != rows[j][column]]
    if not odd:
        return []
    return [f"{len(odd)} {'text stands' if len(odd) == 1 else 'pairs of the same text stand'} in training with different labels "
            f"(rows {odd[0][0] + 1} and {odd[0][1] + 1})"]  # fmt: skip


def _audit(data: Data) -> tuple[Audit, list[Pair]]:
    """What the task itself has to say, and the pairs of texts that are the same or nearly so."""
    if data.task == "tagging":
        return _audit_tags(data)
    if data.task == "answering":
        return _audit_questions(data)
    if data.task == "translation":
        return _audit_pairs(data)
    if data.task == "language-modeling":
        return _audit_texts(data)
    if data.task == "multi-label":
        return _audit_sets(data)
    names = data.labels
    labels = {split: np.array(data[split]["label"]) for split in data}
    counts = {s: {names[i]: int((y == i).sum()) for i in range(len(names))} for s, y in labels.items()}
    near, leaks, pairs = duplicates({split: list(data[split]["text"]) for split in data})
    majority, tfidf = baselines(
        list(data["train"]["text"]), labels["train"], list(data["validation"]["text"]), labels["validation"]
    )
    words = {n: _median_words(data, i) for i, n in enumerate(names)}
    problems = tuple(_problems(counts, words, near, leaks, tfidf))
    return Audit(counts, words, near, tuple(leaks), majority, tfidf, problems), pairs


def _audit_texts(data: Any) -> tuple[Audit, list[Pair]]:
    """The same for texts without labels: the yardstick guesses a word from the one before it."""
    from workbench.tasks import TASKS

    near, leaks, pairs = duplicates({split: list(data[split]["text"]) for split in data})
    commonest, before = TASKS["language-modeling"].baselines(data, np.arange(len(data["train"])), [])
    lengths = {"text": float(np.median([len(t.split()) for split in data for t in data[split]["text"]]))}
    counts = {split: {"texts": len(data[split])} for split in data}
    words = ("words of validation guessed", "the commonest word", "the commonest after the word before")
    return Audit(
        counts, lengths, near, tuple(leaks), commonest, before, tuple(_leaked(leaks) + _repeated(near)), words
    ), pairs


def _audit_sets(data: Any) -> tuple[Audit, list[Pair]]:
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
    return Audit(counts, lengths, near, tuple(leaks), commonest, tfidf, tuple(problems), words), pairs


def _audit_tags(data: Any) -> tuple[Audit, list[Pair]]:
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
    return Audit(counts, lengths, near, tuple(leaks), nothing, lookup, tuple(problems), words), pairs


def _audit_questions(data: Any) -> tuple[Audit, list[Pair]]:
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
    return Audit(counts, lengths, near, tuple(leaks), nothing, matching, tuple(problems), words), []


def _audit_pairs(data: Any) -> tuple[Audit, list[Pair]]:
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
                some = ", ".join(str(i + 1) for i in rows[:5])
                problems.append(f"{len(rows)} pair{'' if len(rows) == 1 else 's'} of {split} {what} (rows {some})")
    words = ("chrF on validation", "the source copied", "a word-by-word dictionary")
    counts = {split: {"pairs": len(pairs)} for split, pairs in sides.items()}
    return Audit(counts, lengths, near, tuple(leaks), copied, dictionary, tuple(problems), words), twins


def baselines(train: list[str], train_y: np.ndarray, valid: list[str], valid_y: np.ndarray) -> tuple[float, float]:
    """Accuracy on validation of (the majority class of training, TF-IDF + logistic regression).

    Beyond 20,000 training texts the second is fitted to a random 20,000 of them: it is a yardstick, not a contestant.
    """
    classes, counts = np.unique(train_y, return_counts=True)
    majority = float((valid_y == classes[counts.argmax()]).mean())
    if len(classes) < 2 or not any(re.search(r"\w", t) for t in train):
        return majority, majority
    if len(train) > LARGEST:
        some = np.random.default_rng(0).choice(len(train), LARGEST, replace=False)
        some = np.union1d(some, [np.flatnonzero(train_y == c)[0] for c in classes])  # no class is missing
        train, train_y = [train[i] for i in some], train_y[some]
    return majority, float(bag_of_words().fit(train, train_y).score(valid, valid_y))


def bag_of_words() -> Any:
    """The control: TF-IDF of words and word pairs, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    return make_pipeline(vectors, LogisticRegression(C=10, max_iter=1000))


def _median_words(data: Any, label: int) -> float:
    rows = [len(t.split()) for s in data for t, y in zip(data[s]["text"], data[s]["label"], strict=True) if y == label]
    return float(np.median(rows)) if rows else 0.0


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
