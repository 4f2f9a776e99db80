"""bert-mini-spans: bert-mini, which has gone on with questions that a program made of the same text. No loop here.

Question answering asks for something that no masked word ever asked: look for what two texts have in common, and point. A few
hundred labelled questions do not teach that to so small a model. So it practises on 160,000 machine-made ones first (three in four
of those that are made; a longer budget takes more), of which nobody had to label a single one (span selection: Glass et al. 2020;
Ram et al. 2021). The head, two numbers per piece, is the one that fine-tuning goes on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import BertForQuestionAnswering

from workbench.catalog import bundled_home
from workbench.models.neighbours import of_bert_mini
from workbench.models.pretrain_questions import rows
from workbench.models.pretrain_spans import Questions, held_out
from workbench.models.recipes import bert_mini
from workbench.models.recipes.bert_mini import PAD, SEP

BEGIN = "bert-mini"


def build(vocabulary: int = bert_mini.VOCABULARY) -> BertForQuestionAnswering:
    """bert-mini with two numbers per piece instead of a word per piece. Fresh weights, no dropout."""
    return BertForQuestionAnswering(bert_mini.build(vocabulary).config)


def finish(model: BertForQuestionAnswering) -> BertForQuestionAnswering:
    """Dropout as BERT has it, for fine-tuning."""
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.1
    return model


def made(path: Path, curriculum: bool = True) -> Iterator[list[str]]:
    """Questions on the documents of a file; words are replaced by their neighbours in bert-mini."""
    return rows(path, of_bert_mini(bundled_home() / "models" / BEGIN), curriculum)


# --- the objective ----------------------------------------------------------------------------------------------------


def corrupt(blocks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Nothing is spoilt: rows (B, 2 + L) -> pieces (B, L), segments (B, L), places of the answer's two ends (B, 2).

    >>> pieces, segments, ends = corrupt(torch.tensor([[4, 5, 2, 7, 3, 8, 9, 9, 3, 0]]), torch.Generator())
    >>> segments.tolist(), ends.tolist()
    ([[0, 0, 0, 1, 1, 1, 1, 0]], [[4, 5]])
    """
    ends, pieces = blocks[:, :2], blocks[:, 2:]
    closed = (pieces == SEP).cumsum(1) - (pieces == SEP).long()  # how many [SEP] stand before
    return pieces, (closed == 1).long(), ends


def predict(model: BertForQuestionAnswering, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*2, L): how well the answer could begin, and end, at each piece; `positions` are the segments."""
    said = model(input_ids=inputs, token_type_ids=positions, attention_mask=(inputs != PAD).long())
    both = torch.stack([said.start_logits, said.end_logits], 1).float()
    return both.masked_fill((inputs == PAD)[:, None], -1e4).flatten(0, 1)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the pieces, of both ends."""
    return F.cross_entropy(logits, labels.flatten())


START = (
    "The weights of bert-mini; the head, two numbers per piece, starts at random. The random twin has neither: the same architecture "
    "with fresh weights."
)
LIMITS = (
    "English only, lower-cased, without accents; about the world until 2014 and much of its prose older than 1930.",
    "It looks for the words of the question, and for an answer of the right kind. Where a passage says the same thing in other words it "
    "mostly fails.",
    "Its questions are those of a program: statements with a gap, often broken. It has never seen one that a person asked.",
    "For question answering alone. On other tasks it is a bert-mini that has forgotten some of what it knew: on headlines with all labels "
    "it stood at 63.7% where bert-mini had 82.3 (one seed; docs/models.md has the other tasks).",
    "Texts up to 256 tokens with their question; most passages that it practised on have 30 to 130 words.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
)

RECIPE = replace(
    bert_mini.RECIPE,
    name="bert-mini-spans",
    title="bert-mini-spans: bert-mini that has practised on machine-made questions",
    tasks=("answering",),
    objective="span selection: where does the passage hold the words that were taken out of a sentence, which became the question? From whole "
    "sentences with a gap on short passages to fragments, moved and changed words on longer ones; of the hard ones 45% are about another "
    "sentence with the same answer where there is one, 15% have no answer",
    phases=((256, 1.0),),
    tokens=16_000_000,
    batch=4096,
    rate=8e-4,
    added=0,
    build=build,
    lengthen=lambda model, old, new: None,  # there is one phase only
    corrupt=corrupt,
    predict=predict,
    loss=loss,
    finish=finish,
    begin=BEGIN,
    read=made,
    read_held_out=partial(made, curriculum=False),
    feed=Questions,
    held_out=held_out,
    unit="end of an answer",
    guessed="ends found",
    counted="questions made from its documents",
    initialisation=START,
    limits=LIMITS,
)
