"""Which device and number format a run uses, and why. Not a setting: `RunConfig.precision` overrides it.

bf16 is taken on CPUs with AMX (measured 1.7 times faster there) and on GPUs from compute capability 8.0. CPUs that
only emulate bf16, AVX-512 included, were slower with it than with fp32, so they stay with fp32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.errors import WorkbenchError


@dataclass(frozen=True)
class Precision:
    """`device` is cpu, cuda or mps; `dtype` fp32, bf16 or fp16; `why` is half a sentence for the learner."""

    device: str
    dtype: str
    why: str

    def to_training_arguments(self) -> dict[str, Any]:
        """Keyword arguments of `transformers.TrainingArguments`."""
        return {"bf16": self.dtype == "bf16", "fp16": self.dtype == "fp16", "use_cpu": self.device == "cpu"}


def choose(wanted: str = "auto") -> Precision:
    """The format for this machine; `wanted` other than "auto" is checked against what the device has."""
    device, best, why = _best()
    if wanted in ("auto", best):
        return Precision(device, best, why)
    if wanted == "fp16" and device != "cuda":
        raise WorkbenchError(f"precision='fp16' on {device}", "an NVIDIA GPU for fp16", "precision='auto'")
    return Precision(device, wanted, "as asked for")


def _best() -> tuple[str, str, str]:
    import torch

    if torch.cuda.is_available():
        if torch.cuda.get_device_capability()[0] >= 8:
            return "cuda", "bf16", f"{torch.cuda.get_device_name()} computes bf16"
        return "cuda", "fp16", f"{torch.cuda.get_device_name()} has no bf16 units"
    if torch.backends.mps.is_available():
        return "mps", "fp32", "Apple GPU"
    if has_amx():
        return "cpu", "bf16", "this CPU has AMX tiles, which are faster in bf16"
    return "cpu", "fp32", "this CPU is no faster in bf16"


def has_amx() -> bool:
    """Whether the CPU multiplies bf16 matrices in hardware tiles."""
    import torch

    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe and probe())
