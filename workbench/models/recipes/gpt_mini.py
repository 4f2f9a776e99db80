"""gpt-mini: GPT-2 (Radford et al. 2019) at 4 layers x 256: read from left to right and guess what comes next.

The open stand-in for the GPT models that are only to be had through an API. Every place of every block asks a question, which
makes the output layer three times as dear as a masked language model's; that is why it sees fewer tokens in the same time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from workbench.models.recipes import bert_mini, roberta_mini

SPECIALS = ["<|endoftext|>", "<|padding|>"]
END, PAD = range(2)
VOCABULARY, HIDDEN, LAYERS, HEADS, POSITIONS = 8192, 256, 4, 4, 512


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Byte-level BPE; nothing is put around a text."""
    return roberta_mini.byte_level_bpe(lines, vocabulary, SPECIALS)


def build(vocabulary: int = VOCABULARY) -> GPT2LMHeadModel:
    """Fresh weights, dropout 0."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary,
            n_embd=HIDDEN,
            n_layer=LAYERS,
            n_head=HEADS,
            n_positions=POSITIONS,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=END,
            eos_token_id=END,
            pad_token_id=PAD,
        )
    )


@torch.no_grad()
def start(model: GPT2LMHeadModel, embeddings: Tensor, log_unigram: Tensor) -> None:
    """Word embeddings (tied to the output layer) from co-occurrence. GPT-2's output layer has no bias for the frequencies, so
    the bias of the last layer norm begins as the vector whose products with the embeddings come nearest to them."""
    model.transformer.wte.weight.copy_(embeddings)
    wanted = (log_unigram - log_unigram.mean()).unsqueeze(1)
    damped = embeddings.T @ embeddings + 1e-2 * torch.eye(
        embeddings.shape[1]
    )  # ridge: no huge entries for noise directions
    model.transformer.ln_f.bias.copy_(torch.linalg.solve(damped, embeddings.T @ wanted).squeeze(1))


@torch.no_grad()
def lengthen(model: GPT2LMHeadModel, old: int, new: int) -> None:
    """Positions that come into use start as those already learned, over and over; the first stands for the start of a text."""
    positions = model.transformer.wpe.weight
    fresh = torch.arange(old, new)
    positions[fresh] = positions[1 + (fresh - 1) % (old - 1)]


def corrupt(blocks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Nothing is spoilt: blocks (B, L) -> inputs (B, L) one place to the right behind <|endoftext|>, positions, labels (B, L)."""
    inputs = F.pad(blocks, (1, 0), value=END)[:, :-1]
    return inputs, torch.arange(blocks.shape[1], device=blocks.device).expand_as(blocks), blocks


def predict(model: GPT2LMHeadModel, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*L, V) of what follows each place."""
    logits: Tensor = model.lm_head(model.transformer(input_ids=inputs, use_cache=False).last_hidden_state.flatten(0, 1))
    return logits


def finish(model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    """Positions beyond the trained ones go on as in `lengthen`, so that a prompt with examples fits; dropout 0.1 for fine-tuning."""
    lengthen(model, 256, POSITIONS)
    model.config.resid_pdrop = model.config.embd_pdrop = model.config.attn_pdrop = 0.1
    return model


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "GPT2Tokenizer",
    "add_prefix_space": True,
    "model_max_length": POSITIONS,
    "bos_token": "<|endoftext|>",
    "eos_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
    "pad_token": "<|padding|>",
}

START = (
    "The word embeddings, tied to the output layer, start from co-occurrence counts as those of bert-mini do (its card says how). "
    "GPT-2's output layer has no bias, so the bias of the last layer norm starts as the vector that comes nearest to the word "
    "frequencies. All other weights start at random. The random twin has none of this."
)
LIMITS = (
    "English only; about the world until 2014 and much of its prose older than 1930.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "Ten million tokens are a thousandth of a thousandth of what large models have read: it writes words that go together, not sense. "
    "What a large model can do with examples in its prompt, this one cannot; lesson 19 shows where that ends.",
    "It reads from left to right, so the first words of a text know nothing of the rest; for whole texts the mean over tokens is read.",
    "Texts up to 512 tokens; positions beyond 256 were never trained and repeat those before them.",
    "Line breaks do not occur in what it has read: write prompts in one line.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
)

RECIPE = replace(
    bert_mini.RECIPE,
    name="gpt-mini",
    title="gpt-mini: GPT-2, 4 layers x 256, English with its capitals",
    family="gpt2",
    objective="causal language model: every token guessed from those before it",
    tokens=10_000_000,
    rate=1.6e-3,
    batch=4096,
    added=0,
    separator=END,
    first_word=len(SPECIALS),
    train_tokenizer=train_tokenizer,
    tokenizer_config=TOKENIZER_CONFIG,
    build=build,
    start=start,
    lengthen=lengthen,
    corrupt=corrupt,
    predict=predict,
    finish=finish,
    unit="token",
    guessed="next-token accuracy",
    initialisation=START,
    limits=LIMITS,
)
