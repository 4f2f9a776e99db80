"""Where a model that only answers stands: on the GPU while it is asked, on the CPU when it rests. Training places its own.

A finished model rests on the CPU, so that it takes no room from the next training, and so that `run.predictor().model(**batch)` works
with the tensors that a tokenizer makes, whatever the machine has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


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
    """Within it a model that rests on the CPU stands on the GPU, where there is one with room for it."""
    if gpu() is None or next(model.parameters()).device.type != "cpu":  # there is none, or it is there already
        yield
        return
    settled(model)
    try:
        yield
    finally:
        model.to("cpu")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error is the allocator's, on CPU or GPU; cuBLAS and cuDNN say it in words of their own."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return any(
        w in text for w in ("out of memory", "can't allocate memory", "not enough memory", "_status_alloc_failed")
    )


def free_unused() -> None:
    """Give the GPU memory that torch holds in reserve back to the driver, for other kernels and programs."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
