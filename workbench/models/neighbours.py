"""Words that stand in like places, by the vectors of a finished model: what machine-made questions put in a word's place."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def nearest(
    vectors: Tensor, words: list[str], most: int = 7, least: float = 0.45
) -> Callable[[str, random.Random], str]:
    """A word's neighbours among whole words by the cosine of their vectors (V, H); a word without any is its own.

    >>> at = nearest(torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), ["buy", "sell", "Rome"])
    >>> at("buy", random.Random(0)), at("Rome", random.Random(0))
    ('sell', 'Rome')
    """
    unit = torch.nn.functional.normalize(vectors, dim=1)
    number = {word: i for i, word in enumerate(words)}
    known: dict[str, list[str]] = {}

    def neighbour(word: str, draw: random.Random) -> str:
        if word not in number:
            return word
        if word not in known:
            near = (unit @ unit[number[word]]).topk(min(most + 1, len(words)))
            known[word] = [words[i] for i, v in zip(near.indices.tolist(), near.values.tolist(), strict=True)
                           if v > least and words[i] != word]  # fmt: skip
        return draw.choice(known[word] or [word])

    return neighbour


def whole_words(tokens: list[str]) -> list[int]:
    """The numbers of the pieces that are words by themselves, of three letters or more.

    >>> whole_words(["[PAD]", "mill", "##er", "of", "1903"])
    [1]
    """
    return [i for i, token in enumerate(tokens) if token.isalpha() and len(token) > 2]


def of_bert_mini(folder: Path) -> Callable[[str, random.Random], str]:
    """Neighbours by the word vectors of a finished BERT in this folder."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    chosen = whole_words(tokens)
    vectors = load_file(folder / "model.safetensors")["bert.embeddings.word_embeddings.weight"].float()
    return nearest(vectors[chosen], [tokens[i] for i in chosen])
