"""en-fr-mini: Marian (Junczys-Dowmunt et al. 2018; the Transformer of Vaswani et al. 2017), 2 + 2 layers x 256, English to French.

Its joint vocabulary, its sentence pairs, its label-smoothed loss. No loop here. One embedding matrix serves the encoder, the
decoder and the output; it starts from co-occurrence counts (../embeddings.py) of the text in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from string import ascii_letters, digits, punctuation
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import functional as F
from transformers import MarianConfig, MarianMTModel

from workbench.models.pretrain_pairs import Pairs, held_out, sentences
from workbench.models.recipes import Recipe
from workbench.models.score_pairs import score

SPECIALS = ["<pad>", "</s>", "<unk>"]
PAD, EOS, UNK = range(3)
VOCABULARY, HIDDEN, LAYERS, HEADS, POSITIONS = 8192, 256, 2, 4, 256
LONGEST = 64  # tokens in a sentence while pretraining
DROPOUT = SMOOTHING = 0.1
EAGER: dict[str, Any] = {
    "attn_implementation": "eager"
}  # short sentences: sdpa takes a quarter longer on a CPU; not stored
FRENCH = "àâäæçéèêëîïôöœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜ«»€°…–—"


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def train_tokenizer(lines: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Byte-pair encoding within words; cased, accents kept, ▁ before what follows a space, punctuation and digits apart.

    "Don't wait." -> ▁Don' t ▁wait . : an apostrophe stays with the word before it, in English and in French.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(),
        normalizers.Replace(Regex("[’‘ʼ`]"), "'"),
        normalizers.Replace(Regex("[\u200b\u00ad]"), ""),
        normalizers.Replace(Regex(r"\s+"), " "),  # no-break and thin spaces, too
        normalizers.Strip(),
    ])  # fmt: skip
    words = Regex(r"▁?\p{L}+'?|▁?\p{N}|▁?[^\p{L}\p{N}▁]|▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
        pre_tokenizers.Split(words, "isolated"),
    ])  # fmt: skip
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=SPECIALS, show_progress=False, limit_alphabet=200,
        initial_alphabet=sorted({*ascii_letters, *digits, *punctuation, *FRENCH, "▁"}),
    )  # fmt: skip
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", EOS)]
    )
    return tokenizer


# --- the model --------------------------------------------------------------------------------------------------------


def build(
    vocabulary: int = VOCABULARY, hidden: int = HIDDEN, layers: int = LAYERS, heads: int = HEADS
) -> MarianMTModel:
    """Fresh weights."""
    return MarianMTModel(
        MarianConfig(
            vocab_size=vocabulary,
            d_model=hidden,
            encoder_layers=layers,
            decoder_layers=layers,
            encoder_attention_heads=heads,
            decoder_attention_heads=heads,
            encoder_ffn_dim=4 * hidden,
            decoder_ffn_dim=4 * hidden,
            activation_function="swish",
            max_position_embeddings=POSITIONS,
            scale_embedding=True,
            dropout=DROPOUT,
            pad_token_id=PAD,
            eos_token_id=EOS,
            forced_eos_token_id=EOS,
            decoder_start_token_id=PAD,
            **EAGER,
        )
    )


@torch.no_grad()
def start(model: MarianMTModel, embeddings: Tensor, log_unigram: Tensor) -> None:
    """The one embedding matrix from co-occurrence. The output bias stays at 0: in Marian it is no parameter."""
    model.model.shared.weight.copy_(embeddings)
    model.model.shared.weight[PAD] = 0


def finish(model: MarianMTModel) -> MarianMTModel:
    """Decoding as users expect it: beam 4, never a padding token."""
    generation = model.generation_config
    generation.num_beams, generation.max_length, generation.bad_words_ids = 4, LONGEST, [[PAD]]
    return model


# --- the objective ----------------------------------------------------------------------------------------------------


def corrupt(blocks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Nothing is spoilt: pairs (B, 2, L) -> source (B, S), target so far (B, T), what comes next (B, T) or -100.

    >>> corrupt(torch.tensor([[[5, 1, 0], [6, 7, 1]]]), torch.Generator())
    (tensor([[5, 1]]), tensor([[0, 6, 7]]), tensor([[6, 7, 1]]))
    """
    source, target = (side[:, : int((side != PAD).sum(1).max())] for side in blocks.unbind(1))
    return source, F.pad(target[:, :-1], (1, 0), value=PAD), target.masked_fill(target == PAD, -100)


def predict(model: MarianMTModel, inputs: Tensor, positions: Tensor) -> Tensor:
    """Logits (B*T, V) of the next target token after each one so far (`positions`)."""
    hidden = model.model(
        input_ids=inputs, attention_mask=(inputs != PAD).long(), decoder_input_ids=positions, use_cache=False
    )
    logits: Tensor = model.lm_head(hidden.last_hidden_state.flatten(0, 1))
    return logits


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy per target token; smoothed while learning, plain while measuring."""
    smoothing = SMOOTHING if torch.is_grad_enabled() else 0.0
    return F.cross_entropy(logits.float(), labels.flatten(), label_smoothing=smoothing)


def as_it_is(model: MarianMTModel, old: int, new: int) -> None:
    """There is one phase only, and positions are sinusoids."""


TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": POSITIONS,
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "clean_up_tokenization_spaces": False,
}

START = (
    "The one embedding matrix of encoder, decoder and output layer starts from co-occurrence counts of the training text in both "
    "languages (window of 5, a pair at distance d counting 1/d; positive pointwise mutual information with context counts to the "
    "power 0.75; randomised SVD, U times the square root of S, centred, standard deviation 0.05; Levy & Goldberg 2014, Levy, "
    "Goldberg & Dagan 2015). All other weights start at random. The random twin has none of this."
)
LIMITS = (
    "English to French only. It has read short sentences as language learners write them, six words in the mean: long sentences, "
    "news, law and medicine are far from what it knows.",
    "It often mistakes rare words, repeats itself and leaves things out; names that it has not seen are garbled.",
    "tu or vous, masculine or feminine: where English does not say, it chooses as its sources did.",
    "Sentences up to 64 tokens; characters outside English and French become <unk>.",
    "The held-out English sentences were never seen, also not with other case or signs; some of their French translations were, "
    "as those of another English sentence (the table says how many).",
    "Small on purpose: for learning how translators are fine-tuned, not for use on people.",
)

RECIPE = Recipe(
    name="en-fr-mini",
    title="en-fr-mini: Marian, 2 + 2 layers x 256, English to French",
    family="marian",
    tasks=("translation",),
    objective="translation: the next French token given the English sentence and the French so far, labels smoothed by 0.1, dropout 0.1",
    vocabulary=VOCABULARY,
    hidden=HIDDEN,
    phases=((LONGEST, 1.0),),
    tokens=16_000_000,
    batch=2048,
    rate=1.2e-3,
    added=0,
    separator=EOS,
    first_word=len(SPECIALS),
    train_tokenizer=train_tokenizer,
    tokenizer_config=TOKENIZER_CONFIG,
    build=build,
    start=start,
    lengthen=as_it_is,
    corrupt=corrupt,
    predict=predict,
    loss=loss,
    finish=finish,
    corpus="tatoeba_en_fr.tsv.xz",
    validation="tatoeba_en_fr.tsv.xz",
    read=partial(sentences, part="train"),
    read_held_out=partial(sentences, part="valid"),
    unit="French token",
    guessed="token accuracy",
    initialisation=START,
    limits=LIMITS,
    score=score,
    feed=partial(Pairs, separator=EOS, padding=PAD),
    held_out=partial(held_out, separator=EOS, padding=PAD),
)
