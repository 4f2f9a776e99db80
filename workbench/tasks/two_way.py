"""ELMo's two language models (Peters et al. 2018) as a task: which words are asked for, and what both sides say of a blank."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from workbench.errors import WorkbenchError


def two_way(tokenizer: Any) -> bool:
    """Whether its model guesses words from either side (`pairing.tokenizer` says so)."""
    return bool(getattr(tokenizer, "begins", 0))


def fills(tokenizer: Any) -> bool:
    """Whether its model says what stands in a blank; others go on at a text's end."""
    return tokenizer.mask_token is not None or two_way(tokenizer)


def whole_words(ids: np.ndarray, begins: int, special: list[int], silent: int) -> np.ndarray:
    """Labels (length,): every word that is one piece, as no list has the others; `silent` elsewhere. Ids below `begins` begin a word.

    >>> whole_words(np.array([2, 7, 8, 99, 9, 3]), 50, [2, 3], -100).tolist()
    [-100, 7, -100, -100, 9, -100]
    """
    first = ids < begins
    asked = first & np.append(first[1:], True) & ~np.isin(ids, special)
    return np.where(asked, ids, silent)


def in_blank(model: Any, tokenizer: Any, text: str) -> torch.Tensor:
    """Probabilities (words,) of what stands in a text's one blank, ___ : the product of what either side says, scaled to one."""
    left, *more = text.split("___")
    if len(more) != 1:
        raise WorkbenchError(f"{len(more)} blanks in {text[:60]!r}", "one blank, written ___", "'The ___ is cold.'")
    before, behind = (tokenizer(side, add_special_tokens=False, verbose=False)["input_ids"] for side in (left, more[0]))
    room = (tokenizer.model_max_length - 3) // 2
    before, behind = before[-room:], behind[:room]
    ids = [tokenizer.cls_token_id, *before, tokenizer.unk_token_id, *behind, tokenizer.sep_token_id]
    with torch.inference_mode():
        logits = model(torch.tensor([ids], device=next(model.parameters()).device)).logits
    sides: torch.Tensor = logits[0, :, 1 + len(before)].float().log_softmax(-1)
    return sides.sum(0).softmax(-1)
