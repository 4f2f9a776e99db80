"""Weights and training state on disk as safetensors and JSON: never pickle. Not which state to keep: the bridge knows.

A checkpoint folder holds model.safetensors and trainer_state.json, which `Trainer.train(resume_from_checkpoint=...)`
reads, and optimizer.safetensors with state.json, which `restore` puts back: transformers itself would pickle those.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from workbench.errors import WorkbenchError
from workbench.files import patiently, swap
from workbench.training.states import BEST, link
from workbench.training.store import write_aside

PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """All weights as they are, written aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    _write(unshared(model.state_dict()), aside)
    patiently(lambda: aside.replace(path))


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Put stored weights back, name by name."""
    model.load_state_dict(load_file(path))


def save(
    folder: Path, model: Any, optimizer: Any, scheduler: Any, trainer_state: Any, extra: dict[str, Any],
    best: Path | None = None, later: Later | None = None,
) -> None:  # fmt: skip
    """One resumable state of a training, with a second name for the file of the best weights up to here.

    The folder is made aside and renamed, so it is whole or absent. With `later` the tensors are copied here and now and written while
    training goes on; `later.wait()` says whether that went well.
    """
    aside = folder.with_name(folder.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    if best is not None and best.exists():
        link(best, aside / BEST)
    copied = later.copied if later else copies
    files: dict[str, dict[str, torch.Tensor]] = {}
    if (aside / BEST).exists() and extra.get("best_step") == trainer_state.global_step:
        link(aside / BEST, aside / "model.safetensors")  # these are the best weights: they need no room of their own
    else:
        files["model.safetensors"] = copied(model.state_dict())
    tensors, plain = _optimizer_state(optimizer)
    tensors["rng.torch"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        tensors["rng.mps"] = torch.mps.get_rng_state()
    files["optimizer.safetensors"] = copied(tensors)
    trainer_state.save_to_json(str(aside / "trainer_state.json"))
    state = {
        "optimizer": plain,
        "scheduler": {k: v for k, v in scheduler.state_dict().items() if _numeric(v)},  # its lambdas are made anew
        "scaler": scaler.state_dict() if (scaler := _scaler(optimizer)) else None,
        "numpy": [x.tolist() if isinstance(x, np.ndarray) else x for x in np.random.get_state()],
        "python": random.getstate(),
        "extra": extra,
    }
    write_aside(aside / "state.json", json.dumps(state).encode())

    def write() -> None:
        for name, content in files.items():
            _write(content, aside / name)
        swap(aside, folder, folder.with_name(folder.name + ".old"))

    later.begin(write) if later else write()


class Later:
    """Writes one state while the next steps are computed: the training waits for the copy alone.

    The room for the copies is used again from state to state, so `wait` comes before the next copy.
    """

    def __init__(self) -> None:
        self._room: dict[str, torch.Tensor] = {}
        self._pool = ThreadPoolExecutor(1, "state-writer")
        self._job: Future[None] | None = None

    def copied(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The same tensors in memory that no step changes."""
        for name, value in tensors.items():
            room = self._room.get(name)
            if room is None or room.shape != value.shape or room.dtype != value.dtype:
                self._room |= copies({name: value})
            else:
                room.copy_(value.detach())
        return {name: self._room[name] for name in tensors}

    def begin(self, write: Callable[[], None]) -> None:
        self._job = self._pool.submit(write)

    def wait(self) -> None:
        """Until the last state is written; its error, if it has one, is raised here."""
        job, self._job = self._job, None
        if job is not None:
            job.result()

    def close(self) -> None:
        """Let the memory go. What is being written is written to its end."""
        self._pool.shutdown()
        self._room.clear()


def unshared(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors on the CPU, copied only where two names share memory, which safetensors does not write."""
    found: dict[str, torch.Tensor] = {}
    places: set[int] = set()
    for name, value in tensors.items():
        plain = value.detach().cpu().contiguous()
        found[name] = plain.clone() if plain.untyped_storage().data_ptr() in places else plain
        places.add(plain.untyped_storage().data_ptr())
    return found


def copies(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors, each with memory of its own on the CPU, as safetensors wants them."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def _write(tensors: dict[str, torch.Tensor], path: Path) -> None:
    try:
        save_file(tensors, path)
    except OSError:
        raise
    except Exception as error:  # the Rust writer has its own error type for a full disk
        raise OSError(None, str(error)) from error


def read_extra(folder: Path) -> dict[str, Any]:
    """What the bridge stored beside the tensors."""
    return json.loads((folder / "state.json").read_text("utf-8"))["extra"]


def restore(folder: Path, optimizer: Any, scheduler: Any) -> None:
    """Put optimiser moments and the schedule back into freshly made objects."""
    tensors = load_file(folder / "optimizer.safetensors")
    state = json.loads((folder / "state.json").read_text("utf-8"))
    inner = getattr(optimizer, "optimizer", optimizer)
    current = inner.state_dict()
    current["state"] = {}
    for key, value in tensors.items():
        kind, _, rest = key.partition(".")
        if kind == "state":
            index, _, name = rest.partition(".")
            current["state"].setdefault(int(index), {})[name] = value.clone()  # the file is written again
    for group, saved in zip(current["param_groups"], state["optimizer"], strict=True):
        group.update(saved)
    inner.load_state_dict(current)
    if (scaler := _scaler(optimizer)) and state.get("scaler"):
        scaler.load_state_dict(state["scaler"])
    getattr(scheduler, "scheduler", scheduler).__dict__.update(state["scheduler"])


def without_pickles(folder: Path) -> None:
    """Raise a WorkbenchError for a state that holds pickles, which nobody here writes: Trainer would open them."""
    if odd := sorted(p.name for p in folder.iterdir() if p.suffix in PICKLES):
        raise WorkbenchError(f"the state to go on from holds {odd[0]}, and opening a pickle may run what it holds",
                             "the files that a run writes: safetensors and json", f"removing {odd[0]}, if nothing is known of it")  # fmt: skip


def restore_rng(folder: Path) -> None:
    """Put the random generators back to where the checkpoint was taken: dropout goes on as if never interrupted."""
    tensors = load_file(folder / "optimizer.safetensors")
    state = json.loads((folder / "state.json").read_text("utf-8"))
    torch.set_rng_state(tensors["rng.torch"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])
    if "rng.mps" in tensors and torch.backends.mps.is_available():
        torch.mps.set_rng_state(tensors["rng.mps"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


def _scaler(optimizer: Any) -> Any:
    """What fp16 multiplies losses with, which accelerate keeps beside the optimiser: begun anew it would leave out steps. Else None."""
    return getattr(optimizer, "scaler", None)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) or (
        isinstance(value, list) and all(isinstance(v, int | float) for v in value)
    )


def _optimizer_state(optimizer: Any) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    state = getattr(optimizer, "optimizer", optimizer).state_dict()
    tensors = {
        f"state.{index}.{name}": value if torch.is_tensor(value) else torch.tensor(value)
        for index, entry in state["state"].items()
        for name, value in entry.items()
    }
    groups = [{k: v for k, v in g.items() if isinstance(v, int | float | bool)} for g in state["param_groups"]]
    return tensors, groups
