"""A classification head that pools the mean over tokens. Not needed where transformers' own head is chosen.

A masked language model trained without a sentence-pair objective never trains its [CLS] vector, so a head that reads
[CLS] starts from noise; the mean over tokens starts from what pretraining taught (measured in the model's card).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class OwnHead(nn.Module):
    """An encoder with a head that transformers does not have. Saved as the encoder and, beside it, `head.safetensors`."""

    encoder: Any

    @property
    def config(self) -> Any:
        return self.encoder.config

    @property
    def fresh(self) -> dict[str, int]:
        """Name of a weight -> how many of its numbers are not the checkpoint's."""
        inside = {f"encoder.{name}": count for name, count in getattr(self.encoder, "fresh", {}).items()}
        return inside | {name: weight.numel() for name, weight in self.head_state().items()}

    def head_state(self) -> dict[str, torch.Tensor]:
        """Everything that is not the encoder, as it is stored beside it."""
        return {k: v.contiguous() for k, v in self.state_dict().items() if not k.startswith("encoder.")}


class PooledClassifier(OwnHead):
    """encoder -> pooling -> dropout -> head. `pooling` is "mean", "max" or "attention" (over real tokens), or "cls" (the first
    token); `head` is "linear", or "mlp" with a hidden layer as wide as the encoder.

    Input ids and mask (batch, length) -> logits (batch, labels).
    """

    loss: Callable[..., torch.Tensor] = staticmethod(nn.functional.cross_entropy)

    def __init__(self, encoder: Any, labels: int, pooling: str, dropout: float, head: str = "linear") -> None:
        super().__init__()
        self.encoder, self.pooling, self.head = encoder, pooling, head
        size = width(encoder)
        if pooling == "attention":
            self.attend = nn.Linear(size, 1)
            nn.init.zeros_(self.attend.weight)  # all tokens alike: it starts as the mean
        if head == "mlp":
            self.hidden = nn.Linear(size, size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None, **kw: Any
    ) -> dict[str, torch.Tensor]:
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **kw).last_hidden_state
        scores = self.attend(tokens).squeeze(-1) if self.pooling == "attention" else None
        vector = self.dropout(pool(tokens, attention_mask, self.pooling, scores))
        if self.head == "mlp":
            vector = self.dropout(torch.tanh(self.hidden(vector)))
        logits = self.classifier(vector)
        if labels is None:
            return {"logits": logits}
        return {"loss": self.loss(logits.float(), labels), "logits": logits}


def width(encoder: Any) -> int:
    """How many numbers an encoder's vectors have. OPT may bring them back to the width of its words' vectors at the end, and what reads
    pictures besides has the width of its texts in a configuration of its own."""
    cfg = encoder.config
    known = getattr(cfg, "word_embed_proj_dim", None) or getattr(cfg, "hidden_size", None)
    return int(known or cfg.get_text_config().hidden_size)


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str, scores: torch.Tensor | None = None) -> torch.Tensor:
    """(batch, length, hidden) -> (batch, hidden) over the tokens that are not padding: their mean, their maximum, their average
    weighted by the softmax of `scores` (batch, length), or the first token alone.

    >>> pool(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]]), "mean")
    tensor([[2.]])
    >>> pool(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]]), "max")
    tensor([[3.]])
    """
    if pooling == "cls":
        return hidden[torch.arange(len(mask)), mask.argmax(1)]  # behind the padding of models that pad on the left
    real = mask.unsqueeze(-1).bool()
    if pooling == "max":
        return hidden.masked_fill(~real, -torch.inf).amax(1)
    if scores is not None:
        weight = scores.masked_fill(~mask.bool(), -torch.inf).softmax(1).unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1)
    weight = real.to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
