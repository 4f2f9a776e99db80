"""How far each block of a model has moved from where it began. Numbers only: the picture is in `views/`."""

from __future__ import annotations

from typing import Any

import torch

from workbench.models.anatomy import blocks

LARGEST = 30_000_000  # weights: beyond that a copy of the start costs more memory than the picture is worth


class Moves:
    """Keeps a copy of the start and measures the distance from it, block by block."""

    def __init__(self, model: Any) -> None:
        weights = {name: p for name, p in model.named_parameters() if "lora_" not in name and "ia3_" not in name}
        small = sum(p.numel() for p in weights.values()) <= LARGEST
        self.start = {name: _copy(p.detach()) for name, p in weights.items()} if small else {}
        self.lengths = {name: float(p.float().square().sum()) for name, p in self.start.items()}  # squared

    @torch.no_grad()
    def __call__(self, model: Any) -> dict[str, float]:
        """Block -> |w - w0| / |w0| over all its weights; empty for a model that is too large."""
        if not self.start:
            return {}
        now = dict(model.named_parameters())
        found = {}
        for block in blocks(model):
            names = [name for name in block.parameters if name in self.start]
            moved = sum(self._moved(model, n, now[n]) for n in names)
            length = sum(self.lengths[n] for n in names)
            found[block.name] = (moved / length) ** 0.5 if length else 0.0
        return found

    def _moved(self, model: Any, name: str, now: Any) -> float:
        """Squared distance of a weight from its start. One copy at a time: of embeddings three are 25 MB, at the peak of a run."""
        added = _added(model, name)
        return float((now - self.start[name]).add_(added).square_().sum())


def _copy(weight: Any) -> Any:
    """In half precision where that loses nothing, as with weights that were stored so: half the memory for as long as a training lasts."""
    half = weight.half()
    return half if torch.equal(half.float(), weight) else weight.clone()


def _added(model: Any, name: str) -> Any:
    """What an adapter adds to a frozen weight: LoRA's B·A, or IA3's factor times the weight; 0 without one."""
    path, _, last = name.rpartition(".base_layer.")
    if last != "weight":
        return 0.0
    layer = model.get_submodule(path)
    if "default" in getattr(layer, "lora_A", {}):
        return layer.get_delta_weight("default")
    if "default" in getattr(layer, "ia3_l", {}):
        factor = layer.ia3_l["default"]
        turned = type(layer.base_layer).__name__ == "Conv1D"  # GPT-2 keeps its matrices the other way round
        return layer.base_layer.weight * ((factor.T if turned else factor) - 1)
    return 0.0
