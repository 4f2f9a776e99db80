"""A classification head that pools the mean over tokens. Not needed where transformers' own head is chosen.

A masked language model trained without a sentence-pair objective never trains its [CLS] vector, so a head that reads
[CLS] starts from noise; the mean over tokens starts from what pretraining taught (measured in the model's card).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class PooledClassifier(nn.Module):
    """encoder -> pooling -> dropout -> linear. `pooling` is "mean" (over real tokens) or "cls" (the first token).

    Input ids and mask (batch, length) -> logits (batch, labels).
    """

    def __init__(self, encoder: Any, labels: int, pooling: str, dropout: float) -> None:
        super().__init__()
        self.encoder, self.pooling = encoder, pooling
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(encoder.config.hidden_size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    @property
    def config(self) -> Any:
        return self.encoder.config

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None, **kw: Any
    ) -> dict[str, torch.Tensor]:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **kw).last_hidden_state
        logits = self.classifier(self.dropout(pool(hidden, attention_mask, self.pooling)))
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits.float(), labels), "logits": logits}


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """(batch, length, hidden) -> (batch, hidden): the mean over tokens that are not padding, or the first token.

    >>> pool(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]]), "mean")
    tensor([[2.]])
    """
    if pooling == "cls":
        return hidden[:, 0]
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
