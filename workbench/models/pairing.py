"""Which class serves which family and task. What can be done at all, and in which words it is refused, is `workbench/families.py`.

transformers has a head for labels, tags and answers for nearly every family, and a language model's head for most. Translation
is what few were made for. Those that write already (Marian, T5) are taken as they are. An encoder becomes half of a translator:
transformers' `EncoderDecoderModel` joins it to the decoder of `DECODER`, whose cross-attention then has to learn to read another
encoder's vectors. A causal model is asked for a completion: source, separator, target (see `sides.py`).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from workbench import families
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models import sides, zoo
from workbench.models.zoo import RANDOM, Source

DECODER = "en-fr-mini"  # whose decoder, and whose French, an encoder gets


def kind(cfg: Any) -> str:
    """The kind of a model (see `families.KINDS`): from the table, else from transformers' own lists."""
    from transformers.models.auto import modeling_auto as auto

    known = families.kind(cfg.model_type)
    if known:
        return known
    if cfg.model_type in auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
        return families.BOTH
    writes = type(cfg) in auto.MODEL_FOR_CAUSAL_LM_MAPPING and type(cfg) not in auto.MODEL_FOR_MASKED_LM_MAPPING
    return families.WRITER if writes else families.READER


def suits(src: Source, task: str) -> None:
    """Raise a WorkbenchError that says what to choose instead where a family cannot do a task; nothing but its config is read."""
    cfg = zoo.config(src)
    family = cfg.model_type
    only = families.TRANSLATOR if src.card and src.card.tasks == ("translation",) else ""
    refused = families.refusal(src.name, "marian" if only else family, task)
    if refused is None and task == "language-modeling" and cfg.is_encoder_decoder:
        refused = families.no_words(src.name, family)
    if refused is not None:
        raise refused
    if native(cfg, task):
        return
    ours = (
        zoo.speaks(cfg) if task == "tagging" else task in ("classification", "multi-label") and src.pooling != "native"
    )
    if not ours:
        raise WorkbenchError(f"model {src.name!r} ({family}) has no head for {task}", "a model that reads, such as BERT, RoBERTa or "
                             "DistilBERT", "model='bert-mini'")  # fmt: skip


def own_head(src: Source, task: str, head: str) -> str:
    """A sentence for a family that gets a linear head of ours on tags, as transformers has none; "" where it has, or none is asked for."""
    cfg = zoo.config(src)
    if task != "tagging" or head != "linear" or native(cfg, task):
        return ""
    return f"transformers has no head for tags in the family {cfg.model_type}: a linear layer of our own stands on its vectors."


def native(cfg: Any, task: str) -> bool:
    """Whether transformers itself has a head for a task in this family."""
    return any(type(cfg) in known for known in _classes(cfg, task))


def _classes(cfg: Any, task: str) -> tuple[Any, ...]:
    """transformers' lists in which a family must stand to do a task; what is registered later counts as well."""
    from transformers.models.auto import modeling_auto as auto

    writes = (auto.MODEL_FOR_CAUSAL_LM_MAPPING, auto.MODEL_FOR_MASKED_LM_MAPPING)
    reads = (
        auto.MODEL_FOR_MASKED_LM_MAPPING,
        auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    )  # texts: others read pictures, or sound
    translates = {families.READER: reads, families.WRITER: writes}
    return {
        "classification": (auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,),
        "multi-label": (auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,),
        "tagging": (auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,),
        "answering": (auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING,),
        "translation": translates.get(kind(cfg), (auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,)),
        "language-modeling": writes,
    }[task]


def tokenizer(src: Source, task: str) -> Any:
    """The tokenizer of a model as a task needs it: for translation one that reads both sides, whatever the model was made for."""
    own = zoo.tokenizer(src)
    cfg = zoo.config(src)
    if task == "language-modeling":
        way = families.way(cfg.model_type, task)
        own.shuffles = way == "shuffled words"
        own.begins = cfg.words if way == "words from either side" else 0  # ids below it begin a word
        if kind(cfg) == families.WRITER and own.mask_token is not None:
            own.mask_token = None  # a tokenizer may have one that its model was never trained with
    if task != "translation":
        return own
    if kind(cfg) == families.WRITER:
        if own.eos_token_id is None:
            raise WorkbenchError(f"the tokenizer of model {src.name!r} has no token for the end, and a translation would not stop",
                                 "an eos_token in its tokenizer_config.json", "model='gpt-mini'")  # fmt: skip
        return sides.Completion(own)
    if kind(cfg) == families.READER or (cfg.model_type == "encoder-decoder" and cfg.decoder.model_type == "marian"):
        return sides.Sides(own, _target(src))
    if getattr(own, "tgt_lang", "") is None:
        raise WorkbenchError(f"model {src.name!r} knows many languages, and its tokenizer does not say which one it shall write",
                             "src_lang and tgt_lang in its tokenizer_config.json", f"AutoTokenizer.from_pretrained(..., {languages(own)})"
                             ".save_pretrained(folder), with the model's files beside it")  # fmt: skip
    return own


def languages(tokenizer: Any) -> str:
    """English and French as a tokenizer of many languages calls them, as arguments."""
    there = tokenizer.get_vocab()
    pairs = (("eng_Latn", "fra_Latn"), ("en_XX", "fr_XX"), ("en", "fr"))
    english, french = next((p for p in pairs if p[0] in there), pairs[-1])
    return f"src_lang={english!r}, tgt_lang={french!r}"


def _target(src: Source) -> Any:
    """The tokenizer of what a joined model writes: the one saved with it, else that of the bundled decoder."""
    from transformers import AutoTokenizer

    beside = Path(src.location) / sides.TARGET
    return AutoTokenizer.from_pretrained(beside) if beside.is_dir() else zoo.tokenizer(zoo.source(DECODER))


def translator(src: Source, config: RunConfig) -> Any:
    """A model that translates: as it is, joined to a decoder, or a causal model that completes a prompt."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    cfg = zoo.config(src)
    what = kind(cfg)
    warnings.filterwarnings(
        "ignore", "Version v4.12.0 introduces", FutureWarning
    )  # of joined models, at every training's start
    if what in (families.READER, families.WRITER):
        zoo.set_layers(cfg, config.layers)
    elif config.layers is not None:
        raise WorkbenchError(
            f"layers={config.layers} with translation", "all layers of encoder and decoder", "layers=None"
        )
    for part in [cfg.encoder, cfg.decoder] if cfg.model_type == "encoder-decoder" else [cfg]:
        zoo.set_dropout(part, config.dropout)
    if what == families.WRITER:
        return zoo.build(AutoModelForCausalLM, src, cfg)
    if what == families.READER:
        return joined(src, cfg, config.dropout)
    return zoo.build(AutoModelForSeq2SeqLM, src, cfg, **_quick())


def _quick() -> dict[str, str]:
    """Sentences are short: on a CPU plain attention is the faster one."""
    import torch

    return {} if torch.cuda.is_available() else {"attn_implementation": "eager"}


def joined(src: Source, cfg: Any, dropout: float | None = None) -> Any:
    """This model's encoder and the decoder of `DECODER`, both as they were pretrained; of a random twin both are fresh.

    Where their widths differ, transformers puts a new linear layer between them. The cross-attention is kept as well: it has
    learned to look for words in an encoder's vectors, if in those of another encoder.
    """
    from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, EncoderDecoderModel

    giver = zoo.source(DECODER + (RANDOM if src.random else ""))
    whole, half = (
        zoo.config(giver),
        zoo.config(giver, dtype="float32"),
    )  # building half of a model changes its configuration
    zoo.set_dropout(whole, dropout)
    zoo.set_dropout(half, dropout)
    given = zoo.build(AutoModelForSeq2SeqLM, giver, whole, **_quick())
    decoder = zoo.build(AutoModelForCausalLM, zoo.source(DECODER + RANDOM), half, **_quick())
    state = given.state_dict()
    decoder.load_state_dict({name: state[name] for name in decoder.state_dict()})
    encoder = zoo.build(AutoModel, src, cfg, **zoo.without_pooler(cfg))
    model = zoo.quietly(lambda: EncoderDecoderModel(encoder=encoder, decoder=decoder))
    for name in ("decoder_start_token_id", "pad_token_id", "eos_token_id"):
        setattr(model.config, name, getattr(whole, name))
    model.generation_config = given.generation_config
    return model
