"""Texts that are the same or nearly so, within a split and across splits. Pairs of places in, nothing judged or removed."""

from __future__ import annotations

import numpy as np

from workbench.data.checks import plain

NEAR = 0.8  # cosine similarity of character 5-gram TF-IDF vectors from which two texts count as near-duplicates
COMPARED = 50_000  # texts that are compared with each other; of more only the very same ones are found
Pair = tuple[tuple[str, int], tuple[str, int]]  # ((split, row), (split, row))


def duplicates(texts: dict[str, list[str]]) -> tuple[float, list[tuple[int, int, str]], list[Pair]]:
    """(share of texts that have a near-duplicate, leaks, all pairs). Beyond `COMPARED` texts only the very same ones are found."""
    where = [(split, i) for split, rows in texts.items() for i in range(len(rows))]
    plain_texts = [plain(t) for rows in texts.values() for t in rows]
    found = _close(plain_texts) if len(where) <= COMPARED else _equal(plain_texts)
    hit = {i for pair in found for i in pair}
    pairs = [(where[i], where[j]) for i, j in found]
    leaks = [(a, b, f"{one}/{other}") for (one, a), (other, b) in pairs if one != other]
    return len(hit) / max(1, len(where)), leaks, pairs


def _close(texts: list[str]) -> list[tuple[int, int]]:
    """Pairs of positions whose character 5-grams are nearly the same."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(5, 5), dtype=np.float32).fit_transform(texts)
    found = []
    for start in range(0, len(texts), 512):
        close = (vectors[start : start + 512] @ vectors.T).tocoo()
        near = (close.data >= NEAR) & (close.row + start < close.col)
        found += list(zip((close.row[near] + start).tolist(), close.col[near].tolist(), strict=True))
    return found


def _equal(texts: list[str]) -> list[tuple[int, int]]:
    """Pairs of (first position, later position) of the same text."""
    first: dict[str, int] = {}
    return [(first[t], i) for i, t in enumerate(texts) if first.setdefault(t, i) != i]
