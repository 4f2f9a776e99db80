"""The control for translation: a dictionary learned from pairs by counting, IBM model 1 (Brown et al. 1993). No neural network.

Nobody says which word of a pair goes with which. Expectation maximisation finds out: every target word is spread over the source
words that could have made it, in proportion to what is believed so far, and the shares are counted again.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

ROUNDS = 5
LARGEST = 1000  # pairs beyond which a yardstick need not learn
REST = 0.3  # how much of one count goes to all pieces by their frequency
KEPT = 20  # likeliest translations of a piece that are remembered
NOTHING = None  # the empty source word: what stands in a target for no word in particular
_WORD = re.compile(r"\w+(?:-\w+)*'?|[^\w\s]")
Pair = tuple[Sequence[Any], Sequence[Any]]


def words(sentence: str) -> list[str]:
    """Words and signs; an apostrophe stays with the word before it.

    >>> words("L'hôtel est là-bas.")
    ["L'", 'hôtel', 'est', 'là-bas', '.']
    """
    return _WORD.findall(sentence.replace("’", "'"))


def joined(tokens: Sequence[str]) -> str:
    """Words and signs as a sentence.

    >>> joined(["L'", "hôtel", "est", "là", "."])
    "L'hôtel est là."
    """
    return re.sub(r" (?=[.,])|(?<=\w') ", "", " ".join(tokens))


def ibm_model_1(pairs: Sequence[Pair], rounds: int = ROUNDS) -> dict[Any, dict[Any, float]]:
    """t[source][target]: the probability that a source word becomes a target word. `None` is the empty source word.

    >>> t = ibm_model_1([(["the", "house"], ["la", "maison"]), (["the", "door"], ["la", "porte"])])
    >>> {word: max(t[word], key=t[word].get) for word in ("the", "house", "door")}
    {'the': 'la', 'house': 'maison', 'door': 'porte'}
    """
    together: dict[Any, dict[Any, float]] = defaultdict(dict)
    for source, target in pairs:
        for s in (NOTHING, *source):
            together[s].update(dict.fromkeys(target, 1.0))
    table = {s: {t: 1 / len(row) for t in row} for s, row in together.items()}
    for _ in range(rounds):
        counts: dict[Any, dict[Any, float]] = {s: dict.fromkeys(row, 0.0) for s, row in table.items()}
        for source, target in pairs:
            makers = (NOTHING, *source)
            for t in target:
                total = sum(table[s][t] for s in makers)
                for s in makers:
                    counts[s][t] += table[s][t] / total
        table = {s: {t: c / sum(row.values()) for t, c in row.items()} for s, row in counts.items() if row}
    return table


class WordByWord:
    """Each source word replaced by its likeliest translation, in the source's order; an unknown word stays as it is."""

    def __init__(self, pairs: Sequence[tuple[str, str]], largest: int = LARGEST) -> None:
        cut = [([w.lower() for w in words(s)], [w.lower() for w in words(t)]) for s, t in pairs[:largest]]
        table = ibm_model_1(cut)
        self.best = {s: max(row, key=lambda t: (row[t], t)) for s, row in table.items() if s is not NOTHING}

    def __call__(self, sentence: str) -> str:
        out = joined([self.best.get(w.lower(), w) for w in words(sentence)])
        return out[:1].upper() + out[1:]


class NextPiece:
    """Two guesses at the next target piece: from the piece before it alone, and from that and a dictionary of the source.

    `pairs` are (source ids, target ids). Guesses are scored where the model is scored: given the right pieces so far.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        some = pairs[:LARGEST]
        self.after: dict[Hashable, Counter[Any]] = defaultdict(Counter)
        for _, target in some:
            for before, piece in zip((NOTHING, *target), target, strict=False):
                self.after[before][piece] += 1
        self.all = Counter(piece for _, target in some for piece in target)
        table = ibm_model_1(some)
        self.table = {s: dict(sorted(row.items(), key=lambda i: -i[1])[:KEPT]) for s, row in table.items()}

    def shares(self, pairs: Sequence[Pair]) -> tuple[float, float]:
        """The share of target pieces that each of the two guesses gets right."""
        blind = seeing = total = 0
        for source, target in pairs:
            made: Counter[Any] = Counter()
            for s in (NOTHING, *source):
                made.update(self.table.get(s, {}))
            for before, piece in zip((NOTHING, *target), target, strict=False):
                blind += self._guess(before, {}) == piece
                seeing += self._guess(before, made) == piece
                total += 1
        return blind / max(1, total), seeing / max(1, total)

    def _guess(self, before: Hashable, made: Any) -> Any:
        """The piece with the highest product of its chance after `before` and the root of its chance given the source."""
        follow: Any = self.after.get(before, {})
        n = sum(self.all.values())
        if not made:
            return max(follow or self.all, key=lambda p: ((follow or self.all)[p], -p))
        size = sum(follow.values())

        def score(piece: Any) -> tuple[float, Any]:
            chance = (follow.get(piece, 0) + REST * self.all[piece] / n) / (size + REST)
            return math.log(chance) + 0.5 * math.log(made.get(piece, 0) + 1e-3), -piece

        return max({*made, *follow}, key=score)
