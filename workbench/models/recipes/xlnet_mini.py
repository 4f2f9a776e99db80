"""xlnet-mini: XLNet (Yang et al. 2019) at 4 layers x 256: guess words in a shuffled order, with no mask in sight.

Each block draws an order; its last 30% are guessed, each from the words before it in that order, on whichever side they
stand. Two streams make that possible: the content stream knows what stands at a place, the query stream only where it is.
transformers' own collator replaces the guessed words by a mask in the content stream; here they stay as they are (as in the
paper), which is why the special tokens must not look at them: otherwise the answer leaks back through their rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import functional as F
from transformers import XLNetConfig, XLNetLMHeadModel

from workbench.models.recipes import bert_mini

SPECIALS = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
UNK, BOS, EOS, CLS, SEP, PAD, MASK, EOD, EOP = range(9)
VOCABULARY, HIDDEN, LAYERS, HEADS, LENGTH = 8192, 256, 4, 4, 256
GUESSED_SHARE = bert_mini.MASKED_SHARE
SPOKEN = r"[^\x20-\x7e“”‘’–—…•£€°½×éèêëáàâäíìîïóòôöúùûüçñÉÈÁÀÂÄÍÓÖÚÜÇÑß]"  # rarer signs become a space: Unigram cannot learn them


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Unigram (Kudo 2018), as in SentencePiece: the pieces that make the text likeliest, words begin with a low line."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(SPOKEN), " "), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=vocabulary, special_tokens=SPECIALS, unk_token="<unk>")
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2",
        pair="$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2",
        special_tokens=[("<sep>", SEP), ("<cls>", CLS)],
    )
    return tokenizer


def build(vocabulary: int = VOCABULARY) -> XLNetLMHeadModel:
    """Fresh weights, dropout 0. Positions are relative, so there is no table of them to outgrow."""
    return XLNetLMHeadModel(
        XLNetConfig(
            vocab_size=vocabulary,
            d_model=HIDDEN,
            n_layer=LAYERS,
            n_head=HEADS,
            d_inner=4 * HIDDEN,
            dropout=0.0,
            summary_last_dropout=0.0,
            bos_token_id=BOS,
            eos_token_id=EOS,
            pad_token_id=PAD,
        )
    )


@torch.no_grad()
def start(model: XLNetLMHeadModel, embeddings: Tensor, log_unigram: Tensor) -> None:
    """Word embeddings (tied to the output layer) from co-occurrence, output bias from frequencies."""
    model.transformer.word_embedding.weight.copy_(embeddings)
    model.lm_loss.bias.copy_(log_unigram)


def lengthen(model: XLNetLMHeadModel, old: int, new: int) -> None:
    """Nothing to do: attention knows distances, not places."""


def corrupt(blocks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw what is guessed and in which order.

    blocks (B, L) -> inputs (B, 2, L+2), the ids with <sep> <cls> at the end and each token's turn (-1: given from the start,
    0, 1, ...: guessed in that order); positions (B, K) of the guessed tokens; labels (B, K).
    """
    ids = F.pad(F.pad(blocks, (0, 1), value=SEP), (0, 1), value=CLS)
    chance = torch.rand(ids.shape, generator=generator, device=ids.device).masked_fill(ids < len(SPECIALS), -1.0)
    count = round(GUESSED_SHARE * blocks.shape[1])
    positions = chance.topk(count, dim=1).indices
    turns = torch.full_like(ids, -1)
    turns.scatter_(1, positions, torch.arange(count, device=ids.device).expand_as(positions))
    labels = ids.gather(1, positions)
    return torch.stack([ids, turns], 1), positions, labels.masked_fill(labels < len(SPECIALS), -100)


def hidden_from(turns: Tensor) -> Tensor:
    """(B, L) turns -> (B, L, L), 1 where row i must not see column j: those whose turn is not over yet, itself included.

    The content stream sees itself all the same (transformers adds that); the query stream never does.
    """
    guessed_later = turns.unsqueeze(1) >= turns.unsqueeze(2).clamp(min=0)
    return (guessed_later & (turns.unsqueeze(1) >= 0)).float()


def predict(model: XLNetLMHeadModel, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*K, V) of the query stream at the guessed positions."""
    ids, turns = inputs.unbind(1)
    asked = F.one_hot(positions, ids.shape[1]).float()
    out = model.transformer(input_ids=ids, perm_mask=hidden_from(turns), target_mapping=asked, use_mems=False)
    logits: Tensor = model.lm_loss(out.last_hidden_state.flatten(0, 1))
    return logits


def finish(model: XLNetLMHeadModel) -> XLNetLMHeadModel:
    """Dropout goes to the usual 0.1 for fine-tuning."""
    model.config.dropout = model.config.summary_last_dropout = 0.1
    return model


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",  # XLNet's own class puts another normaliser in the place of ours
    "padding_side": "left",
    "model_max_length": LENGTH,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "<sep>",
    "pad_token": "<pad>",
    "cls_token": "<cls>",
    "mask_token": "<mask>",
}

LIMITS = (
    "English only; about the world until 2014 and much of its prose older than 1930.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "<cls> was never trained as a summary, so pool the mean over tokens instead.",
    "Signs that are rare in English text, emoji and other scripts among them, are read as spaces.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
)

RECIPE = replace(
    bert_mini.RECIPE,
    name="xlnet-mini",
    title="xlnet-mini: XLNet, 4 layers x 256, English with its capitals",
    family="xlnet",
    objective="permutation language model: the last 30% of a shuffled order guessed, each from all that come before it in that order",
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
    corrupt=corrupt,
    predict=predict,
    finish=finish,
    unit="guessed token",
    guessed="share guessed right",
    limits=LIMITS,
)
