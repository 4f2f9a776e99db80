"""elmo-mini: ELMo (Peters et al. 2018) at the size of its siblings: read by characters, guess the next word and the one before.

Two LSTM language models, one from each end, share a character reader below and a list of words above. What is guessed are
whole words, the 8,192 commonest with their capitals; what is read may be any word. Differences from the paper: 20 characters
of a word instead of 50, a full softmax instead of a sampled one, AdamW, no dropout while pretraining, and word vectors in the
softmax that start from co-occurrence counts (../embeddings.py). The model itself stands in ../elmo.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import functional as F

from workbench.models.elmo import ElmoConfig, ElmoForPreTraining
from workbench.models.elmo_words import spellings
from workbench.models.pretrain_batches import running_text
from workbench.models.recipes import bert_mini

SPECIALS = ["<pad>", "<unk>", "<S>", "</S>"]
PAD, UNK, BEGIN, END = range(4)
VOCABULARY, WORDS = 12288, 8192  # ids below WORDS begin a word and are what is guessed; those above go on with one
PROJECTION, CELLS, LAYERS, POSITIONS = 128, 768, 2, 512
LONGEST_WORD = 18  # bytes: what the model reads of a word beside its two ends
ASKED_SHARE = 0.75
VALIDATION_ROWS = 96


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """The commonest words whole, all others in pieces that end in single bytes: nothing is unknown, and nothing is lost, because
    the model puts the pieces of a word together again and reads its characters."""
    text, words = list(lines), words_of(vocabulary)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    counted, cut = _bare(models.WordLevel(unk_token="<unk>")), _bare(models.WordPiece(unk_token="<unk>"))
    counted.train_from_iterator(text, trainers.WordLevelTrainer(vocab_size=2 * words, show_progress=False))
    cut.train_from_iterator(
        text, trainers.WordPieceTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    )
    whole = [w for w in _in_order(counted) if len(w) <= LONGEST_WORD and w not in SPECIALS]
    ends = [p for p in _in_order(cut) if p.startswith("##") and len(p) <= LONGEST_WORD + 2]
    begin = list(dict.fromkeys([*SPECIALS, *alphabet, *whole]))[:words]
    begin += [f"<unused{n}>" for n in range(words - len(begin))]  # a text of few different words
    go_on = list(dict.fromkeys([*("##" + b for b in alphabet), *ends]))[: vocabulary - len(begin)]
    return tokenizer([*begin, *go_on])


def words_of(vocabulary: int) -> int:
    """How many of a vocabulary's pieces begin a word: two thirds."""
    return 2 * vocabulary // 3


def tokenizer(pieces: list[str]) -> Tokenizer:
    """Longest piece first over the bytes of each word (a run of letters and digits, or one sign); <S> text </S>."""
    core = _bare(
        models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="<unk>", max_input_chars_per_word=400)
    )
    core.decoder = decoders.Sequence([decoders.WordPiece(prefix="##", cleanup=False), decoders.ByteLevel()])
    core.post_processor = processors.TemplateProcessing(
        single="<S>:0 $A:0 </S>:0",
        pair="<S>:0 $A:0 </S>:0 $B:1 </S>:1",
        special_tokens=[("<S>", BEGIN), ("</S>", END)],
    )
    core.add_special_tokens(SPECIALS)
    return core


def _bare(model: Any) -> Tokenizer:
    core = Tokenizer(model)
    core.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.BertPreTokenizer(), bytewise])
    return core


def _in_order(core: Tokenizer) -> list[str]:
    return [piece for piece, _ in sorted(core.get_vocab().items(), key=lambda item: item[1])]


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": POSITIONS,
    "model_input_names": ["input_ids", "attention_mask"],
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "cls_token": "<S>",
    "sep_token": "</S>",
}


def build(vocabulary: int = VOCABULARY) -> ElmoForPreTraining:
    """Fresh weights, dropout 0; how the pieces are spelt comes in `equip`."""
    config = ElmoConfig(
        vocab_size=vocabulary, words=words_of(vocabulary), hidden_size=2 * PROJECTION, cell_size=CELLS,
        num_hidden_layers=LAYERS, max_characters=LONGEST_WORD + 2, hidden_dropout_prob=0.0,
    )  # fmt: skip
    return ElmoForPreTraining(config)


def equip(model: ElmoForPreTraining, folder: Path) -> None:
    """Tell the model how the tokenizer in `folder` spells its pieces."""
    pieces = _in_order(Tokenizer.from_file(str(folder / "tokenizer.json")))
    model.config.pieces, model.config.vocab_size = " ".join(pieces), len(pieces)
    model.elmo.reader.spelling = spellings(model.config)


@torch.no_grad()
def start(model: ElmoForPreTraining, embeddings: Tensor, log_unigram: Tensor) -> None:
    """The softmax's word vectors from co-occurrence (the first half of the dimensions, which says most), its bias from frequencies."""
    words, size = model.lm_head.weight.shape
    model.lm_head.weight.copy_(embeddings[:words, :size])
    model.lm_head.bias.copy_(log_unigram[:words])


def lengthen(model: ElmoForPreTraining, old: int, new: int) -> None:
    """Nothing to do: an LSTM knows no positions."""


def corrupt(blocks: Tensor, generator: torch.Generator, words: int = WORDS) -> tuple[Tensor, Tensor, Tensor]:
    """Nothing is spoilt; most of the words are asked for, from both sides.

    blocks (B, L) -> inputs (B, L+2) with <S> and </S>, positions (B, K) of words that are one piece, labels (B, 2, K). A rarer word
    is in no list and cannot be asked for; where a block has fewer than K others, the rest is labelled -100.
    """
    inputs = F.pad(F.pad(blocks, (1, 0), value=BEGIN), (0, 1), value=END)
    whole = (blocks >= len(SPECIALS)) & (blocks < words) & (F.pad(blocks[:, 1:], (0, 1), value=words) < words)
    chance = torch.rand(blocks.shape, generator=generator, device=blocks.device) + whole
    positions = chance.topk(round(ASKED_SHARE * blocks.shape[1]), dim=1).indices
    labels = blocks.masked_fill(~whole, -100).gather(1, positions)
    return inputs, positions + 1, labels.unsqueeze(1).expand(-1, 2, -1)


def predict(model: ElmoForPreTraining, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*2*K, words) of the words at `positions`, guessed from the left and from the right."""
    return model(inputs, positions).flatten(0, 2)


def finish(model: ElmoForPreTraining) -> ElmoForPreTraining:
    """Dropout goes to the usual 0.1 for fine-tuning."""
    model.config.hidden_dropout_prob = 0.1
    return model


def held_out(ids: np.ndarray, length: int, rows: int) -> Tensor:
    """As the siblings', with fewer rows: all their words are asked for, from both sides."""
    return running_text(ids, length, min(rows, VALIDATION_ROWS))


START = (
    "The word vectors of the softmax start from co-occurrence counts as those of bert-mini do (its card says how; here the first 128 "
    "of 256 dimensions), its bias from word frequencies. The character reader and the LSTMs start at random. The random twin has "
    "none of this."
)
LIMITS = (
    "English only; about the world until 2014 and much of its prose older than 1930.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "Of a word the first 18 bytes are read. Any word can be read; only the 8,000 commonest were ever guessed.",
    "The first words of a text know what follows from the LSTM of the other direction alone; nothing connects the two below the mix.",
    "An LSTM goes through a text word by word: on a GPU it is slower than its siblings, and what stands far away fades.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
)

RECIPE = replace(
    bert_mini.RECIPE,
    name="elmo-mini",
    title="elmo-mini: ELMo, character CNN and 2 x 2 LSTMs of 768 cells, English with its capitals",
    family="elmo",
    objective="two language models: words guessed from those before them, and from those behind them",
    vocabulary=VOCABULARY,
    hidden=2 * PROJECTION,
    phases=((64, 0.75), (128, 0.25)),
    tokens=10_000_000,
    rate=3e-3,
    batch=1536,
    separator=END,
    first_word=len(SPECIALS),
    train_tokenizer=train_tokenizer,
    tokenizer_config=TOKENIZER_CONFIG,
    build=build,
    equip=equip,
    start=start,
    lengthen=lengthen,
    corrupt=corrupt,
    predict=predict,
    finish=finish,
    held_out=held_out,
    unit="guessed word",
    guessed="share guessed right",
    initialisation=START,
    limits=LIMITS,
)
