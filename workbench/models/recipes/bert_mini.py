"""bert-mini: BERT (Devlin et al. 2019) at 4 layers x 256, its vocabulary, its masked language model. No loop here.

Differences from the paper: no next-sentence task, 30% masked instead of 15% (Wettig et al. 2023: better for training
this short), no dropout while pretraining, and word embeddings that start from co-occurrence counts (../embeddings.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from string import printable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import functional as F
from transformers import BertConfig, BertForMaskedLM

from workbench.models.recipes import Recipe

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)
VOCABULARY, HIDDEN, LAYERS, HEADS, POSITIONS = 8192, 256, 4, 4, 256
MASKED_SHARE = 0.30
PUNCTUATION = "“”‘’–—…•£€°½×"


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """WordPiece over lower-cased words without accents, exactly the steps that transformers' BertTokenizer repeats."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)  # strips accents too
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    alphabet = sorted({c for c in printable.lower() if not c.isspace()} | set(PUNCTUATION))
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=10, limit_alphabet=120, initial_alphabet=alphabet, special_tokens=SPECIALS
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return tokenizer


# --- the model --------------------------------------------------------------------------------------------------------


def build(
    vocabulary: int = VOCABULARY, hidden: int = HIDDEN, layers: int = LAYERS, heads: int = HEADS
) -> BertForMaskedLM:
    """Fresh weights. Dropout 0: a model this small underfits its corpus; `finish` sets what fine-tuning wants."""
    return BertForMaskedLM(
        BertConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * hidden,
            max_position_embeddings=POSITIONS,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            pad_token_id=PAD,
        )
    )


@torch.no_grad()
def start(model: BertForMaskedLM, embeddings: Tensor, log_unigram: Tensor) -> None:
    """Word embeddings (tied to the output layer) from co-occurrence, output bias from frequencies."""
    model.bert.embeddings.word_embeddings.weight.copy_(embeddings)
    model.cls.predictions.bias.copy_(log_unigram)


@torch.no_grad()
def lengthen(model: BertForMaskedLM, old: int, new: int) -> None:
    """Positions that come into use start as those already learned, over and over, instead of at random.

    Without this the words at new positions fall back to the unigram plateau for millions of tokens each time.
    """
    repeat_positions(model.bert.embeddings.position_embeddings.weight, old, new)


@torch.no_grad()
def repeat_positions(positions: Tensor, old: int, new: int) -> None:
    """Rows (P, H) from the last trained one on: it only ever stood for the closing [SEP]; the first stands for [CLS]."""
    fresh = torch.arange(old - 1, new)
    positions[fresh] = positions[1 + (fresh - 1) % (old - 2)]


@torch.no_grad()
def finish(model: BertForMaskedLM) -> BertForMaskedLM:
    """Segment B was never seen, so it starts as segment A; dropout goes to BERT's usual 0.1 for fine-tuning."""
    segments = model.bert.embeddings.token_type_embeddings.weight
    segments[1] = segments[0]
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.1
    return model


# --- the objective ----------------------------------------------------------------------------------------------------


def corrupt(
    blocks: Tensor,
    generator: torch.Generator,
    vocabulary: int = VOCABULARY,
    around: tuple[int, int] = (CLS, SEP),
    mask: int = MASK,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hide 30% of each block: 80% of those as [MASK], 10% as a random word, 10% left as they are.

    blocks (B, L) -> inputs (B, L+2) with [CLS] and [SEP], positions (B, K) of the hidden tokens, labels (B, K).
    K is fixed, so that nothing waits for the device; a special token chosen for want of others is labelled -100.
    """
    inputs = F.pad(F.pad(blocks, (1, 0), value=around[0]), (0, 1), value=around[1])
    chance = torch.rand(inputs.shape, generator=generator, device=inputs.device)
    chance = chance.masked_fill(inputs < len(SPECIALS), -1.0)
    positions = chance.topk(round(MASKED_SHARE * blocks.shape[1]), dim=1).indices
    labels = inputs.gather(1, positions)

    fate = torch.rand(labels.shape, generator=generator, device=inputs.device)
    anything = torch.randint(len(SPECIALS), vocabulary, labels.shape, generator=generator, device=inputs.device)
    shown = torch.where(fate < 0.8, mask, torch.where(fate < 0.9, anything, labels))
    special = labels < len(SPECIALS)
    inputs = inputs.scatter(1, positions, torch.where(special, labels, shown))
    return inputs, positions, labels.masked_fill(special, -100)


def predict(model: BertForMaskedLM, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*K, V) at the hidden positions only: the output layer is the dearest part of so small a model."""
    logits: Tensor = model.cls(at(model.bert(input_ids=inputs).last_hidden_state, positions))
    return logits


def at(hidden: Tensor, positions: Tensor) -> Tensor:
    """The vectors at some positions of each row: (B, L, H) and (B, K) -> (B*K, H)."""
    return hidden.gather(1, positions.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])).flatten(0, 1)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log probability of the hidden tokens."""
    return F.cross_entropy(logits.float(), labels.flatten())


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": POSITIONS,
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}

RECIPE = Recipe(
    name="bert-mini",
    title="bert-mini: BERT, 4 layers x 256, lower-cased English",
    family="bert",
    tasks=("classification", "tagging", "answering"),
    objective="masked language model: 30% of the tokens hidden (80% [MASK], 10% random, 10% unchanged)",
    vocabulary=VOCABULARY,
    hidden=HIDDEN,
    phases=((64, 0.75), (128, 0.15), (256, 0.10)),
    tokens=100_000_000,
    batch=3072,
    rate=1.2e-3,
    added=2,
    separator=SEP,
    first_word=len(SPECIALS),
    train_tokenizer=train_tokenizer,
    tokenizer_config=TOKENIZER_CONFIG,
    build=build,
    start=start,
    lengthen=lengthen,
    corrupt=corrupt,
    predict=predict,
    loss=loss,
    finish=finish,
)
