"""Feature extraction: the checkpoint is frozen, only the new head learns from its vectors (Peters, Ruder & Smith 2019).

A frozen encoder gives the same vectors for the same text every time, so each text goes through it once: after the first
epoch a step costs no more than the head does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.anatomy import POOLERS, base, base_name, is_head
from workbench.techniques.base import Technique

MEMORY = 256 * 1024**2  # bytes of vectors that are remembered; texts beyond that are computed again


class FeatureExtraction(Technique):
    """The encoder is frozen and remembers what it has computed; the head learns."""

    name = "feature-extraction"

    def apply(self, model: Any, config: RunConfig) -> Any:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = is_head(model, name)
        setattr(model, base_name(model), Remembering(base(model)))
        return model

    def finish(self, model: Any) -> Any:
        setattr(model, base_name(model), base(model).inner)
        return model


class Remembering(nn.Module):
    """A frozen encoder that computes each text once. Same call, same last hidden states (batch, length, hidden).

    Texts are known by their ids, so padding and the order of a batch do not matter. A pooler is computed anew every time, as
    it belongs to the head and learns with it.
    """

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.known: dict[bytes, torch.Tensor] = {}
        self.answer: Any = dict  # what the encoder answers with: each family has its own class
        self.left = MEMORY

    @property
    def config(self) -> Any:
        return self.inner.config

    def train(self, mode: bool = True) -> Remembering:
        """Frozen means frozen: no dropout in the encoder, only in what learns."""
        super().train(mode)
        self.inner.eval()
        for name in POOLERS:
            if (part := getattr(self.inner, name, None)) is not None:
                part.train(mode)
        return self

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **kw: Any) -> Any:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        rows = [ids[real.bool()] for ids, real in zip(input_ids.cpu(), mask.cpu(), strict=True)]
        extra = [kw[k].cpu() for k in sorted(kw) if torch.is_tensor(kw[k]) and kw[k].shape == input_ids.shape]
        keys = [b"|".join(t.numpy().tobytes() for t in (row, *(e[i][mask[i].cpu().bool()] for e in extra)))
                for i, row in enumerate(rows)]  # fmt: skip
        new = [i for i, key in enumerate(keys) if key not in self.known]
        fresh = self._compute(input_ids, mask, kw, new) if new else {}
        for i, vectors in fresh.items():
            if vectors.nbytes <= self.left:
                self.known[keys[i]] = vectors
                self.left -= vectors.nbytes
        hidden = self._padded([fresh[i] if i in fresh else self.known[key] for i, key in enumerate(keys)], mask)
        return self.answer(last_hidden_state=hidden, **self._pooled(hidden))

    def _pooled(self, hidden: torch.Tensor) -> dict[str, torch.Tensor]:
        pooler = getattr(self.inner, "pooler", None)
        if pooler is None:
            return {}
        if isinstance(pooler, nn.Linear):  # ALBERT and BigBird keep the layer and its activation apart
            activation = getattr(self.inner, "pooler_activation", None) or self.inner.activation
            return {"pooler_output": activation(pooler(hidden[:, 0]))}
        return {"pooler_output": pooler(hidden)}

    def _compute(
        self, ids: torch.Tensor, mask: torch.Tensor, kw: dict[str, Any], which: list[int]
    ) -> dict[int, torch.Tensor]:
        rows = torch.tensor(which, device=ids.device)
        arguments = {k: v[rows] if torch.is_tensor(v) and v.shape[:1] == ids.shape[:1] else v for k, v in kw.items()}
        with torch.no_grad():
            output = self.inner(input_ids=ids[rows], attention_mask=mask[rows], **arguments)
        self.answer, hidden = type(output), output[0].float()
        if hidden.shape[1] != ids.shape[1]:
            raise WorkbenchError(f"feature extraction from a model of the family {self.config.model_type}, which has fewer vectors than pieces",
                                 "a model with one vector for every piece, such as BERT", "technique='full'")  # fmt: skip
        return {i: hidden[n][mask[i].bool()].cpu() for n, i in enumerate(which)}

    @staticmethod
    def _padded(vectors: list[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        """Every text's vectors where its tokens stand, zeros where there is padding."""
        out = torch.zeros((*mask.shape, vectors[0].shape[-1]), device=mask.device)
        out[mask.bool()] = torch.cat(vectors).to(mask.device)
        return out
