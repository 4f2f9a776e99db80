"""The parts of a model from input to output: embeddings, layers, head. Names and sizes only; nothing is changed here.

transformers keeps layers in ModuleLists, whatever a family calls them, and the encoder under one attribute. That is enough
to find the blocks of any family: gradual unfreezing, the map of moves and the drawing of a model all speak of the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

POOLERS = ("pooler", "sequence_summary")  # parts of the encoder that only the head reads: they count as head


@dataclass(frozen=True)
class Block:
    """Some parameters that stand at one depth. `kind` is embeddings, layer or head."""

    name: str
    kind: str
    parameters: tuple[str, ...]


def base_name(model: nn.Module) -> str:
    """The attribute that holds the encoder: `encoder` in our own head, transformers' `base_model_prefix` elsewhere."""
    prefix = str(getattr(model, "base_model_prefix", "encoder"))
    return prefix if hasattr(model, prefix) else "encoder"


def base(model: nn.Module) -> Any:
    """The encoder (or the decoder of a GPT) without its head."""
    return getattr(model, base_name(model))


def is_head(model: nn.Module, name: str) -> bool:
    """Whether a parameter stands outside the encoder, or in a pooler that only the head reads."""
    return not name.startswith(base_name(model) + ".") or any(part in POOLERS for part in name.split("."))


def blocks(model: nn.Module) -> list[Block]:
    """From input to output; every parameter is in exactly one block.

    What stands in the encoder outside its layers counts as embeddings when it comes before them, else as the last layer's.
    """
    stacks = _stacks(base(model))
    prefix = base_name(model) + "."
    found: dict[str, list[str]] = {"embeddings": []}
    for name, _ in model.named_parameters():
        found.setdefault(_place(model, name, prefix, stacks, list(found)), []).append(name)
    found["head"] = found.pop("head", [])
    return [Block(place, place if place in ("embeddings", "head") else "layer", tuple(names))
            for place, names in found.items() if names]  # fmt: skip


def _place(model: nn.Module, name: str, prefix: str, stacks: dict[str, str], so_far: list[str]) -> str:
    if is_head(model, name):
        return "head"
    for path, title in stacks.items():
        if name.startswith(f"{prefix}{path}."):
            return f"{title} {int(name[len(prefix) + len(path) + 1 :].partition('.')[0]) + 1}"
    layers = [place for place in so_far if place not in ("embeddings", "head")]
    return layers[-1] if layers else "embeddings"


def _stacks(encoder: nn.Module) -> dict[str, str]:
    """Path of every outermost list of layers -> what its layers are called: `layer`, or with two lists after their owners."""
    lists = [name for name, part in encoder.named_modules() if isinstance(part, nn.ModuleList) and len(part)]
    outer = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    if len(outer) < 2:
        return dict.fromkeys(outer, "layer")
    return {name: f"{name.split('.')[-2] if '.' in name else name} layer" for name in outer}
