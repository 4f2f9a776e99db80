"""Words of a field as new tokens: the tokenizer learns them, the embeddings get a row for each. No training here.

A word that falls into five pieces costs five places and has no vector of its own. As a token it has one, which begins as the mean of
its pieces' vectors (Koto, Lau & Baldwin 2021, IndoBERTweet) and is learned in fine-tuning from as many texts as the word is
in. What the vocabulary lacks altogether, such as an emoji, begins as the vector of the unknown token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from workbench.errors import WorkbenchError


def cut(tokenizer: Any, word: str) -> list[int]:
    """The ids of a word's pieces where it stands between spaces."""
    plain = lambda text: list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])  # noqa: E731
    return plain(word) if plain("a") == plain(" a") else plain(f" {word}")


def missing(tokenizer: Any, words: Sequence[str]) -> list[str]:
    """Those words that are not one piece already."""
    return [w for w in words if len(ids := cut(tokenizer, w)) != 1 or ids[0] == tokenizer.unk_token_id]


def extend(tokenizer: Any, words: Sequence[str]) -> list[str]:
    """Teach a tokenizer whole words, and return those that it did not have as one piece.

    Words are found where no letter or digit stands beside them (`flu` stays out of `influenza`), after the tokenizer's own
    normalisation; signs such as emoji are found anywhere.
    """
    from tokenizers import AddedToken

    new = missing(tokenizer, words)
    space = cut(tokenizer, "a") != tokenizer("a", add_special_tokens=False)["input_ids"]
    swallow = space and tokenizer.mask_token is not None  # who goes on writing needs the space as a piece
    tokenizer.add_tokens(
        [AddedToken(w, single_word=any(c.isalnum() for c in w), lstrip=swallow, normalized=True) for w in new]
    )
    return new


@torch.no_grad()
def resize(model: Any, before: Any, after: Any, words: Sequence[str]) -> int:
    """Rows for new tokens in a model's embeddings, and in its output layer where it has one: the mean of the pieces that `before`
    cuts a word into. Returns how many rows are new."""
    rows = {int(after.convert_tokens_to_ids(w)): cut(before, w) for w in missing(before, words)}
    if not rows:
        return 0
    if model.config.model_type == "elmo":
        raise WorkbenchError(
            "add_tokens with a model that spells every word",
            "a model with a vector for every piece",
            'model="bert-mini"',
        )
    if max(rows) >= len(model.get_input_embeddings().weight):
        model.resize_token_embeddings(max(rows) + 1, mean_resizing=False)
    unknown = before.unk_token_id if before.unk_token_id is not None else before.pad_token_id
    ends = [e for e in (model.get_input_embeddings(), model.get_output_embeddings()) if e is not None]
    tables = {id(t): t for e in ends for t in (e.weight, getattr(e, "bias", None)) if t is not None}
    for table in tables.values():
        for row, pieces in rows.items():
            table[row] = table[pieces or [unknown]].mean(0)
    return len(rows)
