"""A checkpoint's own head for other labels than it was trained for: its last layer begins anew. Heads of our own are in `heads`."""

from __future__ import annotations

from typing import Any

import torch

from workbench.models import zoo


def with_labels(auto_class: Any, src: zoo.Source, cfg: Any) -> Any:
    """A model with a head for the labels of `cfg`: the checkpoint's own where it answers with the same ones in the same order, else its
    last layer is fresh, as it is for another number of labels. `model.fresh` says which, `model.renewed` where that layer stands."""
    model = zoo.build(auto_class, src, cfg, ignore_mismatched_sizes=True)
    name = last_layer(model, len(cfg.id2label)) if renamed(src, cfg) else ""
    if name and f"{name}.weight" not in model.fresh:
        layer = model.get_submodule(name)
        _renew(layer, spread(cfg))
        model.fresh |= {f"{name}.{part}": weight.numel() for part, weight in layer.named_parameters()}
        model.renewed = name
    return model


def renamed(src: zoo.Source, cfg: Any) -> bool:
    """Whether a checkpoint calls its labels otherwise than `cfg` does; upper and lower case are one, LABEL_0 is no name."""
    there, now = ([str(c.id2label[i]).casefold() for i in sorted(c.id2label)] for c in (zoo.config(src), cfg))
    return there != now


def last_layer(model: Any, labels: int) -> str:
    """Where the layer stands that makes the logits of a head; "" where there is none."""
    base = f"{model.base_model_prefix}."
    found = [
        name
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear) and part.out_features == labels and not name.startswith(base)
    ]
    return found[-1] if found else ""


def spread(cfg: Any) -> float:
    """The standard deviation of fresh weights."""
    return float(getattr(cfg, "initializer_range", None) or 0.02)


def _renew(layer: Any, std: float) -> None:
    """Draw a linear layer anew, as transformers does."""
    torch.nn.init.normal_(layer.weight, std=std)
    if layer.bias is not None:
        torch.nn.init.zeros_(layer.bias)
