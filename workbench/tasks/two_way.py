"""ELMo's two language models (Peters et al. 2018) as a task: who has them, and what both sides say of a blank."""

from __future__ import annotations

from typing import Any

import torch

from workbench.models.blanks import BLANK, not_one


def two_way(tokenizer: Any) -> bool:
    """Whether its model guesses words from either side (`pairing.tokenizer` says so)."""
    return bool(getattr(tokenizer, "begins", 0))


def fills(tokenizer: Any) -> bool:
    """Whether its model says what stands in a blank; others go on at a text's end."""
    return tokenizer.mask_token is not None or two_way(tokenizer)


def in_blank(model: Any, tokenizer: Any, text: str) -> torch.Tensor:
    """Probabilities (words,) of what stands in a text's one blank, ___ : the product of what either side says, scaled to one."""
    left, *more = text.split(BLANK)
    if len(more) != 1:
        raise not_one(len(more), text)
    before, behind = (tokenizer(side, add_special_tokens=False, verbose=False)["input_ids"] for side in (left, more[0]))
    room = (tokenizer.model_max_length - 3) // 2
    before, behind = before[-room:], behind[:room]
    ids = [tokenizer.cls_token_id, *before, tokenizer.unk_token_id, *behind, tokenizer.sep_token_id]
    with torch.inference_mode():
        logits = model(torch.tensor([ids], device=next(model.parameters()).device)).logits
    sides: torch.Tensor = logits[0, :, 1 + len(before)].float().log_softmax(-1)
    return sides.sum(0).softmax(-1)
