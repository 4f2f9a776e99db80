"""Which device and number format a run uses, and why. Not a setting: `RunConfig.precision` overrides it.

bf16 is taken on CPUs that multiply it in hardware (AMX: measured 1.7 times faster; AVX512-BF16, as in Zen 4: 1.3 to 1.7 times)
and on GPUs from compute capability 8.0. CPUs that only emulate bf16, AVX-512 without that extension included, were slower with it
than with fp32, so they stay with fp32. Weights and the optimiser stay fp32 everywhere, and a finished model answers in fp32
(`Worker`), so that it says the same when it is opened again, on whatever machine.
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
    if wanted == "bf16" and device == "mps" and not mps_bf16():
        raise WorkbenchError("precision='bf16' on a macOS before 14", "macOS 14 or later for bf16", "precision='auto'")
    return Precision(device, wanted, "as asked for")


def mps_bf16() -> bool:
    """Whether an Apple GPU computes bf16: the system has to be new enough."""
    import torch

    return bool(torch.backends.mps.is_macos_or_newer(14, 0))


def gpus() -> int:
    """How many NVIDIA GPUs torch sees."""
    import torch

    return torch.cuda.device_count()


def _best() -> tuple[str, str, str]:
    import torch

    from workbench.models.place import gpu

    found = gpu()
    if found is None and (unit := cpu_bf16()):
        return "cpu", "bf16", f"this CPU has {unit}, which is faster in bf16"
    if found is None:
        return "cpu", "fp32", "this CPU is no faster in bf16"
    if found.type == "mps":
        return "mps", "fp32", "Apple GPU"
    if gpu_bf16():
        return "cuda", "bf16", f"{torch.cuda.get_device_name()} computes bf16"
    return "cuda", "fp16", f"{torch.cuda.get_device_name()} has no bf16 units"


def gpu_bf16() -> bool:
    """Whether the GPU that CUDA uses now multiplies bf16 in hardware."""
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def cpu_bf16() -> str | None:
    """The part of the CPU that multiplies bf16 matrices in hardware, None where there is none."""
    import torch

    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return next((word for name, word in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")) if able.get(name)), None)


def autocast() -> Any:
    """A context in which a loop of one's own on the CPU multiplies as runs do."""
    import torch

    return torch.autocast("cpu", torch.bfloat16, enabled=cpu_bf16() is not None)


def answer_in_fp32(model: Any) -> None:
    """Take away the autocast that accelerate wraps around `model.forward` for training.

    Its own `unwrap_model(keep_fp32_wrapper=False)` goes on unwrapping and strips transformers' decorators as well.
    """
    if vars(model).pop("_original_forward", None) is not None:
        del model.forward
