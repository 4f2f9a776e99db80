"""A model name -> where its files are, its tokenizer, its encoder. A bundled name, `name:random`, a Hub id or a folder.

`trust_remote_code` is never on and only safetensors are read, so loading a checkpoint cannot run its author's code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench import catalog
from workbench.errors import WorkbenchError
from workbench.models import growing, hub, sound, vocabulary

RANDOM = ":random"
POOLED = ("bert", "roberta", "xlm-roberta", "camembert")  # families whose encoders grow a pooler unless told otherwise
BEHIND_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "ibert", "data2vec-text",
                  "roberta-prelayernorm", "xmod", "luke")  # fmt: skip
SUMMARY = {
    "bert": "pooler.dense.weight",
    "albert": "pooler.weight",
}  # what pretraining with pairs of sentences leaves for the head


@dataclass(frozen=True)
class Source:
    """Where a model comes from. `location` is a folder or a Hub id; `random` asks for fresh weights, `added` are words that its
    vocabulary gets besides."""

    name: str
    location: str
    random: bool
    card: catalog.Card | None
    added: tuple[str, ...] = ()

    @property
    def on_hub(self) -> bool:
        """Whether its files are the Hub's, or what the Hub's cache has of them."""
        return self.card is None and _folder(self.location) is None

    @property
    def pooling(self) -> str:
        """What the head should read: the word of the card, or of the run or pretraining that made the folder, else transformers' own
        head. Where there is none, or it would read a summary of [CLS] that the checkpoint does not have, the mean over tokens."""
        if self.card:
            return str(self.card.facts.get("pooling", "native"))
        return str(saved_facts(self.location).get("pooling") or ("mean" if _without_summary(self) else "native"))


def source(name: str, added: tuple[str, ...] = ()) -> Source:
    """Resolve a name; unknown bare names are an error that lists the bundled ones."""
    plain = name.removesuffix(RANDOM)
    card = next((c for c in catalog.models() if c.source == "bundled" and c.name == plain), None)
    if card is not None:
        return Source(name, str(card.folder), name != plain, card, added)
    folder = _folder(plain)
    if folder is not None:
        return Source(name, str(folder), name != plain, None, added)
    if "/" not in plain:
        catalog.find(catalog.models(), plain, "model")
    return Source(name, plain, name != plain, None, added)


def of(model: Any) -> tuple[str, Source]:
    """What a bundled name, a folder, a Hub id or a finished run is called, and where its files are."""
    place = model.model_folder() if hasattr(model, "model_folder") else model
    return str(getattr(model, "id", model)), source(str(place))


def _folder(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name that cannot be a path
        return None


def tokenizer(src: Source) -> Any:
    """The fast tokenizer that goes with the checkpoint. It cuts no later than the model's positions end."""
    from transformers import AutoTokenizer

    tok = _fetch(src, lambda place: AutoTokenizer.from_pretrained(place, trust_remote_code=False))
    cfg = config(src)
    sound.words(src.name, tok, cfg)
    sound.side(tok, cfg)
    tok.model_max_length = min(tok.model_max_length, _positions(cfg))
    if src.added:
        vocabulary.extend(tok, src.added)
    return tok


def _positions(cfg: Any) -> int:
    """How many word pieces the model has positions for; RoBERTa's and its relatives' count begins behind the padding id."""
    known = getattr(cfg, "max_position_embeddings", None) or getattr(cfg, "max_encoder_position_embeddings", None)
    behind = (cfg.pad_token_id or 0) + 1 if cfg.model_type in BEHIND_PADDING else 0
    return known - behind if isinstance(known, int) and known > 0 else 10**9


def config(src: Source, **changes: Any) -> Any:
    """The checkpoint's configuration with some fields changed; names it does not have are left out."""
    from transformers import AutoConfig

    loaded = _fetch(src, lambda place: AutoConfig.from_pretrained(place, trust_remote_code=False))
    sound.precision(src.name, loaded)
    for key, value in changes.items():
        if hasattr(loaded, key):
            setattr(loaded, key, value)
    return loaded


def build(auto_class: Any, src: Source, cfg: Any, **arguments: Any) -> Any:
    """A float32 model of `auto_class`: the checkpoint's weights, or fresh ones for a random twin; `model.fresh` says which are fresh."""
    model, missing = _made(auto_class, src, cfg, **arguments)
    weights = dict(model.named_parameters())
    fresh = {name: weights[name].numel() for name in missing if name in weights}
    there, now = (int(getattr(c, "num_hidden_layers", 0) or 0) for c in (config(src), cfg))
    if now > there and not src.random:
        growing.grow(model, cfg.model_type, there, now)
    if src.added:
        rows = vocabulary.resize(model, tokenizer(replace(src, added=())), tokenizer(src), src.added)
        table = model.get_input_embeddings().weight
        name = next(name for name, weight in model.named_parameters() if weight is table)
        fresh[name] = max(fresh.get(name, 0), rows * table.shape[1]) if not src.random else table.numel()
    model.fresh = fresh
    if getattr(model, "loss_type", "") is None:  # a name that transformers has no loss for, as GPT2LMHeadModel
        model.loss_type = "ForCausalLM"  # what it would take, with a warning
    return model


def _made(auto_class: Any, src: Source, cfg: Any, **arguments: Any) -> tuple[Any, set[str]]:
    """(model, names of the weights that no checkpoint gave)."""
    import torch

    if src.random:
        arguments.pop("ignore_mismatched_sizes", None)
        model = _fetch(
            src, lambda _: auto_class.from_config(cfg, trust_remote_code=False, **arguments).to(torch.float32)
        )
        return model, {name for name, _ in model.named_parameters()}

    def read(names: dict[str, str]) -> tuple[Any, set[str]]:
        model, report = _fetch(
            src,
            lambda place: auto_class.from_pretrained(
                place, config=cfg, dtype=torch.float32, trust_remote_code=False, use_safetensors=True,
                output_loading_info=True, key_mapping=names or None, **arguments
            ),
            weights=True,
        )  # fmt: skip
        return model, {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}

    there = int(getattr(config(src), "num_hidden_layers", 0) or 10**9)
    model, missing = read({})
    sound.padding(src.name, model)
    if sound.strange(model, missing, there):
        names = sound.renaming(model, _fetch(src, _tensor_names, weights=True))
        model, missing = read(names) if names else (model, missing)
    if lost := sound.strange(model, missing, there):
        raise WorkbenchError(f"model {src.name!r} ({cfg.model_type}) lacks {lost}, or has them in other sizes: it would begin as noise",
                             "weights and config.json of one model", f"model={src.name + RANDOM!r} if noise is what you want")  # fmt: skip
    return model, missing


def encoder(src: Source, cfg: Any) -> Any:
    """A checkpoint without its head, for one of our own."""
    from transformers import AutoModel

    sound.one_half(src.name, cfg)
    return build(AutoModel, src, cfg, **without_pooler(cfg))


def without_pooler(cfg: Any) -> dict[str, bool]:
    """What keeps an encoder from growing a pooler that no head of ours would read."""
    return {"add_pooling_layer": False} if cfg.model_type in POOLED else {}


def set_dropout(cfg: Any, dropout: float | None) -> None:
    """Set every dropout probability that a configuration knows, whatever its family calls it."""
    if dropout is None:
        return
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "dropout", "attention_dropout",
             "seq_classif_dropout", "embd_pdrop", "resid_pdrop", "attn_pdrop", "summary_last_dropout",
             "summary_first_dropout", "activation_dropout", "dropout_rate")  # fmt: skip
    for name in names:
        if hasattr(cfg, name):
            setattr(cfg, name, dropout)


def set_layers(cfg: Any, layers: int | None) -> None:
    """Keep the first `layers` layers of a checkpoint: those above are not built, and their weights are not read. More than it has are
    added on top (see `models.growing`), at most as many again."""
    if layers is None:
        return
    there = int(cfg.num_hidden_layers)
    most = 2 * there if cfg.model_type in growing.FAMILIES else there
    if layers > most:
        why = "" if most > there else f" of the family {cfg.model_type}, to which layers cannot be added"
        raise WorkbenchError(f"layers={layers} of a model with {there}{why}", f"1 to {most}, or None", f"layers={most}")
    cfg.num_hidden_layers = layers
    types = getattr(cfg, "layer_types", None)
    if isinstance(types, list) and not isinstance(
        getattr(type(cfg), "layer_types", None), property
    ):  # Mamba counts them itself
        cfg.layer_types = (types + types[-1:] * layers)[:layers]
    if isinstance(windows := getattr(cfg, "attention_window", None), list):  # Longformer's, one per layer
        cfg.attention_window = windows[:layers]


def saved_facts(location: str) -> dict[str, Any]:
    """What `run.save()` or `pretrain` wrote beside the weights; empty for a folder or Hub id that neither has made."""
    for name in ("workbench.json", "card.json"):
        try:
            return dict(json.loads((Path(location) / name).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            pass
    return {}


def _without_summary(src: Source) -> bool:
    """Whether a checkpoint comes from masked words alone: its family's head would read a layer that was never trained. Or whether
    transformers has no head for its family at all, as for Mamba."""
    from transformers.models.auto import modeling_auto as auto

    cfg = config(src)
    wanted = SUMMARY.get(cfg.model_type)
    if wanted is None:
        return speaks(cfg) and type(cfg) not in auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    names = _fetch(src, _tensor_names, weights=True)
    return bool(names) and not any(name.endswith(wanted) for name in names)


def speaks(cfg: Any) -> bool:
    """Whether a family is a language model in one piece: a head of our own can stand on the vectors of its words."""
    from transformers.models.auto import modeling_auto as auto

    known = (auto.MODEL_FOR_CAUSAL_LM_MAPPING, auto.MODEL_FOR_MASKED_LM_MAPPING)
    return not cfg.is_encoder_decoder and any(type(cfg) in some for some in known)


def _tensor_names(place: str) -> list[str]:
    """The names of the weights in a folder, from the heads of its files; empty where there is no safetensors file."""
    from safetensors import safe_open

    names: list[str] = []
    for path in sorted(Path(place).glob("model*.safetensors")):
        with safe_open(path, "pt") as file:
            names += file.keys()
    return names


def _meet(place: str) -> None:
    """transformers has no ELMo: ours joins its Auto classes when the first folder of that family is met, and not before."""
    try:
        cfg = json.loads((Path(place) / "config.json").read_text("utf-8"))
        families = {cfg.get("model_type"), cfg.get("encoder", {}).get("model_type")}  # alone, or half of a translator
    except (OSError, ValueError, AttributeError):  # whoever loads it says what is wrong with the folder
        return
    if "elmo" in families:
        from workbench.models import elmo_heads as elmo_heads


def _fetch(src: Source, load: Any, weights: bool = False) -> Any:
    """What `load` makes of the folder of a checkpoint; its files come from the Hub first where they are not here."""
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.set_verbosity_error()
    try:

        def here() -> Any:
            place = hub.folder(src.location, weights) if src.on_hub else src.location
            sound.files(src.name, place, weights)
            _meet(place)
            return load(place)

        return quietly(here)
    except (MemoryError, WorkbenchError):
        raise
    except Exception as error:
        if "out of memory" in str(error).lower():
            raise
        raise hub.trouble(src.name, error, src.on_hub) from error


def quietly(make: Any) -> Any:
    """What `make()` gives, without transformers' bars and reports: a worker's would land in whatever cell runs by then."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        return make()
    finally:
        logging.set_verbosity(before)
