"""More layers than a checkpoint has: the new ones stand on top and begin as copies that change next to nothing. No training here.

A new layer is a copy of the highest one with the two matrices at zero that lead back into the stream of vectors (Wu et al. 2024,
"LLaMA Pro"), so that it adds nothing until it has learned something. Where the norms stand in front of a layer's branches (GPT-2,
ModernBERT, Llama) the model's answers stay the same. In BERT's kind a norm stands behind each branch and would scale what passes
through: there it gets one factor and one shift for all dimensions, chosen so that a vector of the usual size passes nearly unchanged.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_BERT = ("attention.output.dense", "output.dense"), ("attention.output.LayerNorm", "output.LayerNorm")
_LLAMA = ("self_attn.o_proj", "mlp.down_proj"), ()
# family -> (what leads back into the stream, the norms behind it), as paths within a layer
FAMILIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT),
    "distilbert": (("attention.out_lin", "ffn.lin2"), ("sa_layer_norm", "output_layer_norm")),
    "xlnet": (("rel_attn.o", "ff.layer_2"), ("rel_attn.layer_norm", "ff.layer_norm")),
    "gpt2": (("attn.c_proj", "mlp.c_proj"), ()),
    "modernbert": (("attn.Wo", "mlp.Wo"), ()),
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), _LLAMA),
}


@torch.no_grad()
def grow(model: nn.Module, family: str, there: int, now: int) -> None:
    """Give the layers from `there` to `now` of a model, which have random weights, those of layer `there`, opened as said above."""
    layers: Any = next(p for p in model.modules() if isinstance(p, nn.ModuleList) and len(p) == now)
    back, norms = FAMILIES[family]
    for layer in list(layers)[there:]:
        layer.load_state_dict(layers[there - 1].state_dict())
        for name, weight in layer.named_parameters():
            if any(name == path or name.startswith(f"{path}.") for path in back):
                weight.zero_()
        for path in norms:
            let_pass(layer.get_submodule(path), layers[there - 1].get_submodule(norms[-1]))


def let_pass(norm: Any, below: Any) -> None:
    """Scale and shift of a layer norm so that what the norm `below` puts out passes nearly unchanged.

    That is weight · z + bias with z of mean 0 and variance 1: its mean is about that of the biases, its variance about the mean of the
    squared weights and the variance of the biases.
    """
    shift = below.bias.mean()
    spread = (below.weight.square().mean() + below.bias.var(unbiased=False)).sqrt()
    norm.weight.fill_(float(spread))
    norm.bias.fill_(float(shift))
