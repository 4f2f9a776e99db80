"""ELMo's heads for labels, tags, answers and words, and its entry in transformers' Auto classes. The model itself stands in `elmo.py`.

Nothing here is imported before a model of this family is met (`zoo.py` does that), so others cost nothing for it. Outside of the
workbench `import workbench.models.elmo_heads` makes `AutoModel.from_pretrained(folder)` know the family.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)
from transformers.modeling_outputs import (
    CausalLMOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)

from workbench.models.elmo import ElmoConfig, ElmoForPreTraining, ElmoModel, ElmoPreTrainedModel
from workbench.models.heads import pool


class _Headed(ElmoPreTrainedModel):
    """ELMo, dropout, and one linear layer; what it is asked about differs."""

    def __init__(self, config: ElmoConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        self.elmo = ElmoModel(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, int(config.num_labels or 2))
        self.post_init()

    def vectors(self, input_ids: Tensor, attention_mask: Tensor | None, more: dict[str, Any]) -> Tensor:
        """One vector per piece (B, L, hidden), with dropout."""
        out: Tensor = self.dropout(self.elmo(input_ids, attention_mask, **more).last_hidden_state)
        return out


class ElmoForSequenceClassification(_Headed):
    """The mean over a text's pieces -> labels."""

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **more: Any
    ) -> SequenceClassifierOutput:
        """Pieces (B, L) -> logits (B, labels); labels (B,), or (B, labels) of 0 and 1 for problems of several labels."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        logits = self.classifier(pool(self.vectors(input_ids, mask, more), mask, "mean"))
        loss = None
        if labels is not None and self.config.problem_type == "multi_label_classification":
            loss = F.binary_cross_entropy_with_logits(logits.float(), labels.float())
        elif labels is not None:
            loss = F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class ElmoForTokenClassification(_Headed):
    """Each piece's vector, that of its word -> tags."""

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **more: Any
    ) -> TokenClassifierOutput:
        """Pieces (B, L) -> logits (B, L, tags); labels (B, L), -100 where none is asked for."""
        logits = self.classifier(self.vectors(input_ids, attention_mask, more))
        loss = None if labels is None else F.cross_entropy(logits.float().flatten(0, 1), labels.flatten())
        return TokenClassifierOutput(loss=loss, logits=logits)


class ElmoForQuestionAnswering(_Headed):
    """Each piece's vector -> how well an answer could begin and end there."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        **more: Any,
    ) -> QuestionAnsweringModelOutput:
        """Pieces (B, L) of question and passage -> start and end logits (B, L) each; padding can be neither."""
        logits = self.classifier(self.vectors(input_ids, attention_mask, more))
        if attention_mask is not None:
            logits = logits.masked_fill(attention_mask.unsqueeze(-1) == 0, torch.finfo(logits.dtype).min)
        start, end = logits.unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            loss = (F.cross_entropy(start.float(), start_positions) + F.cross_entropy(end.float(), end_positions)) / 2
        return QuestionAnsweringModelOutput(loss=loss, start_logits=start, end_logits=end)


class ElmoForLanguageModeling(ElmoForPreTraining):
    """The two language models, asked at the places that have a label; the rest of the workbench trains it as it does others."""

    answers_where_asked = True  # `tasks.forward.forward` then shows it the labels

    def forward(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **_: Any
    ) -> CausalLMOutput:
        """Pieces (B, L) and labels (B, L), words or -100, none at a text's ends -> the loss, and logits (1, N, 2, words): for each of
        the N labels, row by row, the guess from before it and the one from behind it. Without labels (B, 2, L, words), where the guesses
        at the two ends mean nothing."""
        length = input_ids.shape[1]
        inner = torch.arange(length, device=input_ids.device).clamp(1, max(1, length - 2)).expand(input_ids.shape)
        sides = self.sides(input_ids, inner, attention_mask)
        if labels is None:
            return CausalLMOutput(logits=self.lm_head(sides))
        where = labels != -100
        logits = self.lm_head(sides.transpose(1, 2)[where])
        both = labels[where].repeat_interleave(2)
        loss = F.cross_entropy(logits.float().flatten(0, 1), both, reduction="sum") / max(1, len(both))
        return CausalLMOutput(loss=loss, logits=logits[None])


AutoConfig.register(ElmoConfig.model_type, ElmoConfig)
for _auto, _ours in (
    (AutoModel, ElmoModel),
    (AutoModelForPreTraining, ElmoForPreTraining),
    (AutoModelForCausalLM, ElmoForLanguageModeling),
    (AutoModelForSequenceClassification, ElmoForSequenceClassification),
    (AutoModelForTokenClassification, ElmoForTokenClassification),
    (AutoModelForQuestionAnswering, ElmoForQuestionAnswering),
):
    _auto.register(ElmoConfig, _ours)
