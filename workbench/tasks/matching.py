"""The control of question answering: no network, only counting. Which sentence shares words with the question, and which of its
spans looks like an answer to a question of this kind? A logistic regression over a few features, in the spirit of the baseline
that SQuAD came with (Rajpurkar et al. 2016). Good enough that a network has to beat it, not good enough to be used.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

WORDS = 6  # of the longest span that is looked at
LARGEST = 1500  # questions that it is fitted to
_WORD = re.compile(r"\w+(?:[-'’.,:]\w+)*")
_STOP = frozenset(re.findall(r"\w+", """
    a an the of in on at to for and or but is was were are be been has had have did do does what who whom whose which when where why how
    many much it its by with from that this their his her they he she as not there than then so if no one would could can may will
"""))  # fmt: skip
_KINDS = (
    ("number", r"how (many|much|old|far|long|often|high|tall|big|large|deep|wide|fast)"),
    ("time", r"when|(what|which|whose) (year|day|month|date|century|decade|time|season|hour)"),
    ("person", r"who|whom|whose"),
    ("place", r"where|(what|which) (town|city|country|village|river|street|place|island)"),
    ("reason", r"why|how"),
)


class Passage:
    """A passage as words with what one can say of each by itself."""

    def __init__(self, context: str) -> None:
        found = list(_WORD.finditer(context))
        self.starts, self.ends = np.array([m.start() for m in found]), np.array([m.end() for m in found])
        words = [m[0] for m in found]
        self.stems = [stem(w) for w in words]
        breaks = [
            bool(re.search(r"[.!?;]", context[a:b])) for a, b in zip(self.ends[:-1], self.starts[1:], strict=True)
        ]
        self.sentence = np.concatenate([[0], np.cumsum(breaks)]).astype(int)
        self.first = np.concatenate([[True], breaks]).astype(bool)
        gaps = ["", *(context[a:b] for a, b in zip(self.ends[:-1], self.starts[1:], strict=True)), "."]
        self.sign = np.array([bool(g.strip()) for g in gaps])  # a sign stands before the word
        self.capital = np.array([w[:1].isupper() for w in words], dtype=bool) & ~self.first
        self.digit = np.array([w[:1].isdigit() or w.lower() in _NUMBERS for w in words])
        self.stop = np.array([w.lower() in _STOP for w in words])


_NUMBERS = frozenset(re.findall(r"\w+", """
    two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty hundred thousand half
"""))  # fmt: skip


def stem(word: str) -> str:
    """A word without capitals and the commonest endings.

    >>> stem("Painted"), stem("paints"), stem("keeper's")
    ('paint', 'paint', 'keeper')
    """
    return re.sub(r"(?<=\w{3})('s|ing|ed|es|s|d)$", "", word.lower().replace("’", "'"))


def content(text: str) -> set[str]:
    """The stems of the words that mean something by themselves.

    >>> sorted(content("What was painted on the keeper's door?"))
    ['door', 'keeper', 'paint']
    """
    return {stem(m[0]) for m in _WORD.finditer(text)} - _STOP


class Matcher:
    """`fit` on questions with answers, then call with (question, passage): (answer, start) of the likeliest span, or ("", -1)."""

    def fit(self, train: Any, nothing: bool) -> Matcher:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        some = np.random.default_rng(0).permutation(len(train))[:LARGEST]
        self._passages: dict[str, Passage] = {}
        rows = [row for row in (train[int(i)] for i in np.sort(some)) if len(self.passage(row["context"]).starts)]
        contexts = {row["context"] for row in rows}
        seen = Counter(s for c in contexts for s in set(self.passage(c).stems))
        self.rarity = {s: float(np.log((len(contexts) + 1) / n)) for s, n in seen.items()}
        self.unseen = float(np.log(len(contexts) + 1))
        rng = np.random.default_rng(1)
        parts, right = [], []
        for row in rows:
            passage = self.passage(row["context"])
            spans, features = self.spans(row["question"], passage)
            good = _right(passage, spans, row["answers"])
            if not good.any():
                continue
            kept = np.union1d(np.flatnonzero(good), rng.choice(len(spans), min(60, len(spans)), replace=False))
            parts.append(features[kept])
            right.append(good[kept])
        self.model: Any = None
        self.least = -np.inf
        if len({bool(r) for some in right for r in some}) < 2:
            return self  # nothing to tell apart: it never answers
        self.scale = StandardScaler().fit(np.concatenate(parts))
        self.model = LogisticRegression(C=0.1, max_iter=300)
        self.model.fit(self.scale.transform(np.concatenate(parts)), np.concatenate(right))
        if nothing:
            self.least = self._threshold(rows)
        return self

    def _threshold(self, rows: list[Any]) -> float:
        """The score below which to say nothing: the one that is best on the training questions."""
        from workbench.metrics import answer_f1_each
        from workbench.tasks.answering import best_threshold

        said = [self.best(r["question"], r["context"]) for r in rows]
        f1 = answer_f1_each([text for text, _, _ in said], [r["answers"]["text"] or [""] for r in rows])
        has = [bool(r["answers"]["text"]) for r in rows]
        return -best_threshold([-score for _, _, score in said], f1, has)[0]

    def __call__(self, question: str, context: str) -> tuple[str, int]:
        text, start, score = self.best(question, context)
        return (text, start) if score >= self.least else ("", -1)

    def best(self, question: str, context: str) -> tuple[str, int, float]:
        """(text, start, score) of the likeliest span."""
        passage = self.passage(context)
        if self.model is None or not len(passage.starts):
            return "", -1, -np.inf
        spans, features = self.spans(question, passage)
        scores = self.model.decision_function(self.scale.transform(features))
        first, last = spans[at := int(scores.argmax())]
        start, end = int(passage.starts[first]), int(passage.ends[last])
        return context[start:end], start, float(scores[at])

    def passage(self, context: str) -> Passage:
        if context not in self._passages:
            self._passages[context] = Passage(context)
        return self._passages[context]

    def spans(self, question: str, p: Passage) -> tuple[np.ndarray, np.ndarray]:
        """All spans of at most `WORDS` words within a sentence, (spans, 2), and their features, (spans, features)."""
        asked = content(question)
        weight = np.array([self.rarity.get(s, self.unseen) if s in asked else 0.0 for s in p.stems])
        shared = weight > 0
        full = sum(self.rarity.get(s, self.unseen) for s in asked) or 1.0
        stems = np.array(p.stems)
        distinct = [
            dict(zip(stems[p.sentence == k], weight[p.sentence == k], strict=True)) for k in range(p.sentence[-1] + 1)
        ]
        overlap = np.array([sum(d.values()) / full for d in distinct])
        n = len(p.stems)
        first = np.repeat(np.arange(n), WORDS)
        last = first + np.tile(np.arange(WORDS), n)
        fits = last < n
        first, last = first[fits], last[fits]
        inside = p.sentence[first] == p.sentence[last]
        first, last = first[inside], last[inside]
        size = last - first + 1
        near = _distance(shared, p.sentence)
        share = lambda mark: _span_sums(mark, first, last) / size  # noqa: E731
        nothing = np.append(p.stop, True)
        plain = np.stack(
            [overlap[p.sentence[first]], overlap[p.sentence[first]] >= overlap.max(), _span_sums(shared, first, last) > 0,
             np.minimum(near[first], near[last]), p.sign[first], p.sign[last + 1], nothing[first - 1], nothing[last + 1],
             _span_sums(p.sign, first + 1, last) > 0, p.sentence[first] == 0], 1).astype(float)  # fmt: skip
        typed = np.stack(
            [share(p.capital), share(p.capital) == 1, share(p.digit), p.digit[first], p.stop[first], p.stop[last], share(p.stop),
             size == 1, size == 2, size >= 4, np.ones(len(size))], 1).astype(float)  # fmt: skip
        capital_around = (np.append(p.capital, False)[last + 1] | p.capital[first - 1]) & p.capital[first]
        kinds = np.zeros((len(size), typed.shape[1] * (len(_KINDS) + 1)))
        kinds[:, (at := kind(question) * typed.shape[1]) : at + typed.shape[1]] = typed
        return np.stack([first, last], 1), np.concatenate([plain, typed, capital_around[:, None], kinds], 1)


def kind(question: str) -> int:
    """What a question asks for, by its words: the number of a kind, the last one for all others.

    >>> [kind(q) for q in ("How many came?", "In what year was it?", "Who came?", "What is it?")]
    [0, 1, 2, 5]
    """
    lowered = question.lower()
    return next((i for i, (_, words) in enumerate(_KINDS) if re.search(rf"\b({words})\b", lowered)), len(_KINDS))


def _right(p: Passage, spans: np.ndarray, answers: Any) -> np.ndarray:
    """Which spans are one of the answers."""
    good = np.zeros(len(spans), dtype=bool)
    for text, start in zip(answers["text"], answers["answer_start"], strict=True):
        held = np.flatnonzero((p.ends > start) & (p.starts < start + len(text)))
        if len(held):
            good |= (spans[:, 0] == held[0]) & (spans[:, 1] == held[-1])
    return good


def _span_sums(mark: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """How many marked words lie from `first` to `last`."""
    total = np.concatenate([[0], np.cumsum(mark)])
    return total[np.minimum(last + 1, len(total) - 1)] - total[np.minimum(first, len(total) - 1)]


def _distance(shared: np.ndarray, sentence: np.ndarray) -> np.ndarray:
    """Words to the nearest word of the question in the same sentence, at most 20, as a share of 20."""
    near = np.full(len(shared), 20.0)
    for at in np.flatnonzero(shared):
        here = np.abs(np.arange(len(shared)) - at)
        near = np.where(sentence == sentence[at], np.minimum(near, here), near)
    return near / 20
