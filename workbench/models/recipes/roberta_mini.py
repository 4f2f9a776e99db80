"""roberta-mini: RoBERTa (Liu et al. 2019) at 4 layers x 256: BERT's objective, no sentence pairs, bytes instead of characters.

What is RoBERTa's own here: byte-level BPE that keeps case and knows every character, and masks drawn anew at every pass (as
in bert-mini, which has taken that over). Its third idea, far more text in far larger batches, is not for so small a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import RobertaConfig, RobertaForMaskedLM

from workbench.models.recipes import bert_mini

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CLS, PAD, SEP, UNK, MASK = range(5)
VOCABULARY, HIDDEN, LAYERS, HEADS, POSITIONS = 8192, 256, 4, 4, 256
FIRST = PAD + 1  # RoBERTa counts positions from behind the padding id
PHASES = ((16, 0.10), (64, 0.65), (128, 0.15), (256, 0.10))


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Byte-level BPE (Radford et al. 2019): every text can be written, nothing is unknown, case is kept."""
    tokenizer = byte_level_bpe(lines, vocabulary, SPECIALS)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", SEP), ("<s>", CLS), trim_offsets=True)
    return tokenizer


def byte_level_bpe(lines: Iterable[str], vocabulary: int, specials: list[str]) -> Tokenizer:
    """The tokenizer that RoBERTa took from GPT-2, without the special tokens that each puts around a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=True
    )  # a word is the same at the start of a text
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=10,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def build(vocabulary: int = VOCABULARY) -> RobertaForMaskedLM:
    """Fresh weights, dropout 0."""
    return RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=vocabulary,
            hidden_size=HIDDEN,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=4 * HIDDEN,
            max_position_embeddings=POSITIONS + FIRST,
            type_vocab_size=1,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            bos_token_id=CLS,
            pad_token_id=PAD,
            eos_token_id=SEP,
        )
    )


@torch.no_grad()
def start(model: RobertaForMaskedLM, embeddings: Tensor, log_unigram: Tensor) -> None:
    """Word embeddings (tied to the output layer) from co-occurrence, output bias from frequencies.

    The first layer passes on what it attends to (output and value undo each other) and the head what it reads: so a hidden
    token begins as the mean of the words around it, which in blocks of 16 already says something about the word. With both
    the plateau ends within 0.5 M tokens; without, or in blocks of 64 from the start, 1.5 M are not enough.
    """
    model.roberta.embeddings.word_embeddings.weight.copy_(embeddings)
    model.lm_head.bias.copy_(log_unigram)
    bottom: Any = model.roberta.encoder.layer[0]
    first = bottom.attention
    first.output.dense.weight.copy_(torch.nn.init.orthogonal_(first.self.value.weight).T)
    model.lm_head.dense.weight.copy_(torch.eye(HIDDEN))


@torch.no_grad()
def lengthen(model: RobertaForMaskedLM, old: int, new: int) -> None:
    """As for bert-mini: new positions start as those already learned, over and over."""
    bert_mini.repeat_positions(model.roberta.embeddings.position_embeddings.weight[FIRST:], old, new)


def corrupt(blocks: Tensor, generator: torch.Generator, vocabulary: int = VOCABULARY) -> tuple[Tensor, Tensor, Tensor]:
    """bert-mini's masks with RoBERTa's special tokens."""
    return bert_mini.corrupt(blocks, generator, vocabulary, around=(CLS, SEP), mask=MASK)


def predict(model: RobertaForMaskedLM, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*K, V) at the hidden positions only."""
    logits: Tensor = model.lm_head(bert_mini.at(model.roberta(input_ids=inputs).last_hidden_state, positions))
    return logits


def finish(model: RobertaForMaskedLM) -> RobertaForMaskedLM:
    """Dropout goes to the usual 0.1 for fine-tuning."""
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.1
    return model


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "RobertaTokenizer",
    "add_prefix_space": True,
    "model_max_length": POSITIONS,
    "bos_token": "<s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}

START = (
    "The word embeddings, tied to the output layer, start from co-occurrence counts as those of bert-mini do (its card says how), the "
    "output bias from word frequencies. The first layer's output projection starts as the inverse of its value projection, the head's "
    "hidden layer as the identity, so that a hidden token begins as the mean of the words around it. All other weights start at random. "
    "The random twin has none of this."
)
LIMITS = (
    "English only; about the world until 2014 and much of its prose older than 1930.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "No next-sentence task: <s> was never trained as a summary, so pool the mean over tokens instead.",
    "Texts up to 256 tokens; positions beyond 128 were trained in the last tenth of the budget only.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
)

RECIPE = replace(
    bert_mini.RECIPE,
    name="roberta-mini",
    title="roberta-mini: RoBERTa, 4 layers x 256, English with its capitals",
    family="roberta",
    objective="masked language model with masks drawn anew at every pass: 30% of the tokens hidden (80% <mask>, 10% random, 10% unchanged)",
    tokens=10_000_000,
    rate=1.6e-3,
    batch=4096,
    separator=SEP,
    first_word=len(SPECIALS),
    train_tokenizer=train_tokenizer,
    tokenizer_config=TOKENIZER_CONFIG,
    build=build,
    start=start,
    lengthen=lengthen,
    phases=PHASES,
    corrupt=corrupt,
    predict=predict,
    finish=finish,
    initialisation=START,
    limits=LIMITS,
)
