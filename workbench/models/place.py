"""Where a model that only answers stands: on the GPU while it is asked, on the CPU when it rests. Training places its own.

A finished model rests on the CPU, so that it takes no room from the next training, and so that `run.predictor().model(**batch)` works
with the tensors that a tokenizer makes, whatever the machine has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch

_borrowers: WeakKeyDictionary[Any, int] = (
    WeakKeyDictionary()
)  # how many ask a model that rests on the CPU, in any thread
_moving = (
    threading.Lock()
)  # held while such a model is on its way, so that nobody meets one half of it here and half there


def gpu() -> torch.device | None:
    """The GPU that runs would train on; None where torch sees none, or only an Apple one that is to be left alone."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() and not _for_cpu() else None


def _for_cpu() -> bool:
    """Whether this process was started for the CPU alone, or is one of several, whose gradients cannot be exchanged on an Apple GPU."""
    return int(os.environ.get("WORLD_SIZE", 1)) > 1 or os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"


def settled(model: Any) -> Any:
    """The same model on the GPU for good, where there is one with room for it; else on the CPU."""
    device = gpu()
    if device is not None:
        try:
            model.to(device)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            model.to("cpu")
            free_unused()
    return model


@contextmanager
def lent(model: Any) -> Iterator[None]:
    """Within it a model that rests on the CPU stands on the GPU, where there is one with room for it. Several threads may ask the same
    model: the first one brings it there, the last one brings it back."""
    if gpu() is None:
        yield
        return
    with _moving:
        others = _borrowers.get(model, 0)
        resting = others > 0 or next(model.parameters()).device.type == "cpu"  # else it is there for good
        if resting:
            if not others:
                settled(model)
            _borrowers[model] = others + 1
    try:
        yield
    finally:
        if resting:
            _given_back(model)


def _given_back(model: Any) -> None:
    """One borrower less; without any the model rests on the CPU again."""
    with _moving:
        _borrowers[model] -= 1
        if not _borrowers[model]:
            del _borrowers[model]
            model.to("cpu")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error is the allocator's, on CPU or GPU; cuBLAS and cuDNN say it in words of their own."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return any(
        w in text for w in ("out of memory", "can't allocate memory", "not enough memory", "_status_alloc_failed")
    )


def count_anew(device: torch.device) -> None:
    """From now on `most_held` counts anew."""
    reset = getattr(_backend(device), "reset_peak_memory_stats", None)
    if reset is not None:
        reset()


def most_held(device: torch.device) -> int | None:
    """The most megabytes of a GPU that this process's tensors have held since `count_anew`; None on the CPU. Apple's GPUs count no
    peak: what their driver has handed out comes near it, as torch keeps what is freed for the next step."""
    backend = _backend(device)
    for name in ("max_memory_allocated", "driver_allocated_memory"):
        if hasattr(backend, name):
            return round(getattr(backend, name)() / 1e6)
    return None


def _backend(device: torch.device) -> Any:
    """What torch has for a kind of GPU, `torch.cuda` for example; None for the CPU."""
    return None if device.type == "cpu" else torch.get_device_module(device)


def free_unused() -> None:
    """Give the GPU memory that torch holds in reserve back to the driver, for other kernels and programs."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
