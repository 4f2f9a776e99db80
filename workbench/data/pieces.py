"""What a model's tokenizer makes of the words of a dataset: which it breaks into many pieces, which it does not know, what is cut."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

MANY = 3  # pieces; a word in more than these says little that pretraining has taught
WORDS = 20_000  # different words that are looked at, the commonest
TEXTS = 5_000  # texts that are looked at
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True)
class Pieces:
    """Shares of running words in more than `MANY` pieces and with unknown pieces, the worst words, and texts over the limit."""

    model: str
    broken: float
    unknown: float
    per_word: float
    worst: tuple[tuple[str, int, int], ...]  # (word, its pieces, how often it stands there)
    cut: float
    limit: int
    apart: float = 0.0  # share of running words that are not one piece

    def __str__(self) -> str:
        worst = ", ".join(f"{word} ({n} pieces)" for word, n, _ in self.worst[:4])
        return (f"{self.model}: {self.per_word:.2f} pieces per word, {self.broken:.1%} of the words in more than {MANY}"
                f"{f' ({worst})' if worst else ''}, {self.unknown:.1%} with unknown pieces, {self.cut:.1%} of the texts longer than "
                f"{self.limit} pieces")  # fmt: skip


def pieces(texts: list[str], model: str, max_length: int = 128) -> Pieces:
    """The words of at most `TEXTS` texts in the tokenizer of `model` (a bundled name, a folder or a Hub id)."""
    from workbench.models import zoo

    tokenizer = zoo.tokenizer(zoo.source(model))
    some = texts[:: max(1, len(texts) // TEXTS)][:TEXTS]
    counts = Counter(m[0] for t in some for m in _WORD.finditer(t))
    words = [w for w, _ in counts.most_common(WORDS)]
    ids = tokenizer([" " + w for w in words], add_special_tokens=False, verbose=False)["input_ids"] if words else []
    total = sum(counts[w] for w in words) or 1
    share = lambda mark: sum(counts[w] for w, i in zip(words, ids, strict=True) if mark(i)) / total  # noqa: E731
    limit = min(max_length, tokenizer.model_max_length)
    lengths = [len(i) for i in tokenizer(some, verbose=False)["input_ids"]] if some else []
    worst = sorted(
        ((w, len(i), counts[w]) for w, i in zip(words, ids, strict=True) if len(i) > MANY),
        key=lambda r: (-r[1] * r[2], r[0]),
    )
    unknown: Any = tokenizer.unk_token_id
    return Pieces(model, share(lambda i: len(i) > MANY), share(lambda i: unknown is not None and unknown in i),
                  sum(counts[w] * len(i) for w, i in zip(words, ids, strict=True)) / total, tuple(worst[:20]),
                  sum(n > limit for n in lengths) / max(1, len(lengths)), limit, share(lambda i: len(i) > 1))  # fmt: skip
