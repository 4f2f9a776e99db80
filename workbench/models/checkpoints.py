"""A training state as safetensors + JSON: weights, optimiser moments, progress. No pickle: a checkpoint is only data.

Parts stay under 15 MiB each, because checkpoints travel between machines through a narrow door.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from workbench.errors import WorkbenchError
from workbench.files import swap

PART_BYTES = 15 * 2**20 - 2**16
MOMENTS = ("exp_avg", "exp_avg_sq")


def save(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write everything next door, then swap: at any moment one whole checkpoint is on disk."""
    waiting, previous = folder.with_name(folder.name + "-part"), folder.with_name(folder.name + "-old")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    for number, part in enumerate(_parts(_tensors(model, optimizer))):
        save_file(part, waiting / f"part-{number}.safetensors")
    (waiting / "state.json").write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    swap(waiting, folder, previous)


def newest(folder: Path) -> Path | None:
    """The checkpoint to go on from: `folder`, or its predecessor if the swap was cut short."""
    for candidate in (folder, folder.with_name(folder.name + "-old")):
        if (candidate / "state.json").is_file():
            return candidate
    return None


def read_state(folder: Path) -> dict[str, Any]:
    """Progress alone: step, settings, curve."""
    found = newest(folder)
    if found is None:
        raise WorkbenchError(f"{folder} holds no checkpoint", "one that --stage train has written", "--stage train")
    state: dict[str, Any] = json.loads((found / "state.json").read_text(encoding="utf-8"))
    return state


def load(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> dict[str, Any]:
    """Fill model and optimiser in place; returns the state."""
    state = read_state(folder)
    tensors: dict[str, Tensor] = {}
    for part in sorted((newest(folder) or folder).glob("part-*.safetensors")):
        tensors.update(load_file(part))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model/{name}"])
            if optimizer is not None and f"exp_avg/{name}" in tensors:
                moments = {key: tensors[f"{key}/{name}"].to(parameter.device, copy=True) for key in MOMENTS}
                step = torch.tensor(float(state["step"]), device=parameter.device)
                optimizer.state[parameter] = {"step": step, **moments}
    return state


def _tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Tied weights appear once, because `named_parameters` names them once."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        tensors[f"model/{name}"] = parameter.detach().cpu().contiguous()
        for key in MOMENTS:
            if key in optimizer.state.get(parameter, {}):
                tensors[f"{key}/{name}"] = optimizer.state[parameter][key].cpu().contiguous()
    return tensors


def _parts(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """First fit, largest first. A tensor larger than a part gets a part of its own."""
    parts: list[dict[str, Tensor]] = []
    room: list[int] = []
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].nbytes):
        place = next((i for i, free in enumerate(room) if free >= tensor.nbytes), None)
        if place is None:
            place = len(parts)
            parts.append({})
            room.append(PART_BYTES)
        parts[place][name] = tensor
        room[place] -= tensor.nbytes
    return parts
