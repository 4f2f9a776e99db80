"""Word embeddings from counting: the PPMI-SVD start of every bundled model. No network, no text: ids in, matrix out.

Sources: O. Levy and Y. Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (NIPS 2014): positive
pointwise mutual information, factorised; O. Levy, Y. Goldberg and I. Dagan, "Improving Distributional Similarity with
Lessons Learned from Word Embeddings" (TACL 2015): context counts to the power 0.75, square root of the singular values.
Why: from random embeddings a small model spends millions of tokens on the unigram plateau before it learns any of this.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

WINDOW = 5
SMOOTHING = 0.75
CHUNK = 2_000_000


def co_occurrences(ids: np.ndarray, vocabulary: int, window: int = WINDOW, first_word: int = 0) -> sparse.csr_matrix:
    """How often two tokens stand near each other, a pair at distance d counting 1/d: symmetric (V, V).

    Ids below `first_word` are special tokens: they take their place in the text and are not counted.

    >>> co_occurrences(np.array([0, 1, 2]), 3, window=2).toarray().tolist()
    [[0.0, 1.0, 0.5], [1.0, 0.0, 1.0], [0.5, 1.0, 0.0]]
    """
    counts = sparse.csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    for begin in range(0, len(ids), CHUNK):
        part = ids[begin : begin + CHUNK + window].astype(np.int32)
        for distance in range(1, window + 1):
            left, right = part[:-distance][:CHUNK], part[distance:][:CHUNK]
            words = (left >= first_word) & (right >= first_word)
            weight = np.full(int(words.sum()), 1.0 / distance, dtype=np.float32)
            counts += sparse.coo_matrix((weight, (left[words], right[words])), shape=counts.shape).tocsr()
    return (counts + counts.T).tocsr()


def positive_pmi(counts: sparse.csr_matrix, smoothing: float = SMOOTHING) -> sparse.csr_matrix:
    """max(0, log P(w, c) / (P(w) P(c))), with context probabilities from counts to the power `smoothing`: (V, V).

    >>> positive_pmi(sparse.csr_matrix([[0.0, 2.0], [2.0, 0.0]]), smoothing=1.0).toarray().astype(float).round(3).tolist()
    [[0.0, 0.693], [0.693, 0.0]]
    """
    pairs = counts.tocoo().astype(np.float64)
    word = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    context = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() ** smoothing
    context /= context.sum()
    pmi = np.log(pairs.data / (word[pairs.row] * context[pairs.col]))
    keep = pmi > 0
    kept = (pmi[keep].astype(np.float32), (pairs.row[keep], pairs.col[keep]))
    return sparse.coo_matrix(kept, shape=counts.shape).tocsr()


def factorise(ppmi: sparse.csr_matrix, size: int, spread: float = 0.05, seed: int = 0) -> np.ndarray:
    """U * sqrt(S) of the first `size` singular vectors, centred, scaled to sd `spread`: (V, size) float32.

    A token without any count gets a small random vector.
    """
    from sklearn.utils.extmath import randomized_svd  # 1 s to import

    left, values, _ = randomized_svd(ppmi, n_components=size, n_iter=4, random_state=seed)
    vectors = left * np.sqrt(values)
    seen = np.diff(ppmi.indptr) > 0
    vectors -= vectors[seen].mean(axis=0)
    vectors *= spread / vectors[seen].std()
    vectors[~seen] = np.random.default_rng(seed).normal(0.0, 0.02, (int((~seen).sum()), size))
    start: np.ndarray = vectors.astype(np.float32)
    return start


def log_unigram(ids: np.ndarray, vocabulary: int, first_word: int = 0) -> np.ndarray:
    """Log probability of each token, one count added to each: the output bias to start with, (V,) float32."""
    counts = np.bincount(ids, minlength=vocabulary).astype(np.float64)
    counts[:first_word] = 0
    log_p: np.ndarray = np.log((counts + 1) / (counts.sum() + vocabulary))
    return log_p.astype(np.float32)


def from_counts(ids: np.ndarray, vocabulary: int, size: int, first_word: int = 0, seed: int = 0) -> np.ndarray:
    """The whole recipe: ids of a text -> word embeddings (V, size) float32."""
    return factorise(positive_pmi(co_occurrences(ids, vocabulary, first_word=first_word)), size, seed=seed)
