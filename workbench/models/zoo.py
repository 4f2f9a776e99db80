"""A model name -> where its files are, its tokenizer, its encoder. A bundled name, `name:random`, a Hub id or a folder.

`trust_remote_code` is never on and only safetensors are read, so loading a checkpoint cannot run its author's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import catalog
from workbench.errors import WorkbenchError

RANDOM = ":random"


@dataclass(frozen=True)
class Source:
    """Where a model comes from. `location` is a folder or a Hub id; `random` asks for fresh weights."""

    name: str
    location: str
    random: bool
    card: catalog.Card | None

    @property
    def pooling(self) -> str:
        """What the head should read: the card's word, else transformers' own head."""
        return str(self.card.facts.get("pooling", "native")) if self.card else "native"


def source(name: str) -> Source:
    """Resolve a name; unknown bare names are an error that lists the bundled ones."""
    plain = name.removesuffix(RANDOM)
    card = next((c for c in catalog.models() if c.source == "bundled" and c.name == plain), None)
    if card is not None:
        return Source(name, str(card.folder), name != plain, card)
    folder = _folder(plain)
    if folder is not None:
        return Source(name, str(folder), name != plain, None)
    if "/" not in plain:
        catalog.find(catalog.models(), plain, "model")
    return Source(name, plain, name != plain, None)


def _folder(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name that cannot be a path
        return None


def tokenizer(src: Source) -> Any:
    """The fast tokenizer that goes with the checkpoint. It cuts no later than the model's positions end."""
    from transformers import AutoTokenizer

    tok = _fetch(src, lambda: AutoTokenizer.from_pretrained(src.location, trust_remote_code=False))
    if tok.pad_token is None:
        tok.pad_token = tok.eos_token
    tok.model_max_length = min(tok.model_max_length, _positions(config(src)))
    return tok


def _positions(cfg: Any) -> int:
    """How many word pieces the model has positions for; RoBERTa's count begins behind the padding id."""
    known = getattr(cfg, "max_position_embeddings", None)
    behind = cfg.pad_token_id + 1 if cfg.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return known - behind if isinstance(known, int) and known > 0 else 10**9


def config(src: Source, **changes: Any) -> Any:
    """The checkpoint's configuration with some fields changed; names it does not have are left out."""
    from transformers import AutoConfig

    loaded = _fetch(src, lambda: AutoConfig.from_pretrained(src.location, trust_remote_code=False))
    for key, value in changes.items():
        if hasattr(loaded, key):
            setattr(loaded, key, value)
    return loaded


def build(auto_class: Any, src: Source, cfg: Any, **arguments: Any) -> Any:
    """A float32 model of `auto_class`: the checkpoint's weights, or fresh ones for a random twin."""
    import torch

    if src.random:
        arguments.pop("ignore_mismatched_sizes", None)
        return _fetch(src, lambda: auto_class.from_config(cfg, trust_remote_code=False, **arguments).to(torch.float32))
    return _fetch(
        src,
        lambda: auto_class.from_pretrained(
            src.location, config=cfg, dtype=torch.float32, trust_remote_code=False, use_safetensors=True, **arguments
        ),
    )


def set_dropout(cfg: Any, dropout: float | None) -> None:
    """Set every dropout probability that a configuration knows, whatever its family calls it."""
    if dropout is None:
        return
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "dropout", "attention_dropout",
             "seq_classif_dropout", "embd_pdrop", "resid_pdrop", "attn_pdrop", "summary_last_dropout",
             "summary_first_dropout", "activation_dropout")  # fmt: skip
    for name in names:
        if hasattr(cfg, name):
            setattr(cfg, name, dropout)


def _fetch(src: Source, load: Any) -> Any:
    from transformers.utils import logging

    logging.disable_progress_bar()  # a worker's bars and reports would land in whatever cell runs by then
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        return load()
    except MemoryError:
        raise
    except Exception as error:
        if "out of memory" in str(error).lower():
            raise
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise WorkbenchError(
            f"model {src.name!r} could not be loaded: {first}",
            "a bundled name, a folder with config.json, safetensors and tokenizer, or a Hub id and a network connection",
            "model='bert-mini'",
        ) from error
    finally:
        logging.set_verbosity(before)
