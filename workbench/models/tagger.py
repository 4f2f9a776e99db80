"""Heads for a tag per word piece that transformers does not have: a hidden layer, a BiLSTM, or for some families any at all.

A linear head judges every piece by its own vector alone, whatever it says of the neighbours. A BiLSTM reads the vectors once from
each side first, so that a tag can depend on what stands around it (Huang, Xu & Yu 2015); between encoder and tags it is what is
left of the taggers before BERT.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.models.heads import OwnHead, width


class WordTagger(OwnHead):
    """encoder -> dropout -> hidden layer (`head="mlp"`) or BiLSTM (`head="bilstm"`), as wide as the encoder -> linear layer; of
    `head="linear"` the last alone.

    Input ids and mask (batch, length) -> logits (batch, length, labels); labels of -100 are not counted in the loss.
    """

    def __init__(self, encoder: Any, labels: int, dropout: float, head: str) -> None:
        super().__init__()
        self.encoder, self.head, size = encoder, head, width(encoder)
        if head == "mlp":
            self.hidden = nn.Linear(size, size)
        elif head == "bilstm":
            self.lstm = nn.LSTM(size, (size + 1) // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * ((size + 1) // 2) if head == "bilstm" else size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None, **kw: Any
    ) -> dict[str, torch.Tensor]:
        vectors = self.dropout(self.encoder(input_ids=input_ids, attention_mask=attention_mask, **kw).last_hidden_state)
        if self.head == "mlp":
            vectors = self.dropout(torch.tanh(self.hidden(vectors)))
        elif self.head == "bilstm":
            vectors = self.dropout(both_ways(self.lstm, vectors, attention_mask))
        logits = self.classifier(vectors)
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits.float().flatten(0, 1), labels.flatten()), "logits": logits}


def both_ways(lstm: nn.LSTM, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(batch, length, size) through a BiLSTM that sees no padding, on whichever side it is; zeros where there is padding."""
    order = mask.argsort(dim=1, descending=True, stable=True).unsqueeze(-1)  # what is real comes first
    lengths = mask.sum(1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(
        vectors.gather(1, order.expand_as(vectors)), lengths, batch_first=True, enforce_sorted=False
    )
    read, _ = nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=mask.shape[1])
    return torch.zeros_like(read).scatter(1, order.expand_as(read), read)
