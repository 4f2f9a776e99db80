"""A finished model with int8 weights for inference on CPUs: torch's dynamic quantisation of its linear layers. Nothing learns here.

Each weight matrix becomes whole numbers from -128 to 127 and one factor; activations are rounded batch by batch while it answers
(Jacob et al. 2018). Embeddings, layer norms and LSTMs stay as they are, and so do GPT-2's Conv1D layers. On disk it is a safetensors
file: torch's own form of these layers would be a pickle.
"""

from __future__ import annotations

import copy
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.ao.nn.quantized import dynamic
from torch.ao.quantization import quantize_dynamic

from workbench.errors import WorkbenchError
from workbench.files import to_be_made
from workbench.training.predictor import Predictor


class Quantized(Predictor):
    """What `run.quantized()` returns: predicts, evaluates and lists errors as the run does."""

    @classmethod
    def of(cls, whole: Predictor) -> Quantized:
        """A copy of a finished model on the CPU with its linear layers in int8."""
        return cls(whole.task, int8(whole.model), whole.tokenizer, whole.labels, whole.config)

    def at_work(self) -> AbstractContextManager[None]:
        """It answers on the CPU alone."""
        return nullcontext()

    def state(self) -> dict[str, torch.Tensor]:
        """Its weights by name, as they are kept on disk (see `int8_state`)."""
        return int8_state(self.model)

    def save(self, folder: Path, run: Any = None) -> Path:
        """One file, `folder/int8.safetensors`: what `load` puts back into `run.quantized()`."""
        from safetensors.torch import save_file

        from workbench.scale.aside import new_folder

        folder = to_be_made(folder)
        with new_folder(folder) as aside:
            save_file(self.state(), aside / "int8.safetensors")
        return folder

    def load(self, folder: Path) -> Quantized:
        """Take up the weights that `save` has written."""
        from safetensors.torch import load_file

        put_back(self.model, load_file(Path(folder).expanduser() / "int8.safetensors"))
        return self


def int8(model: nn.Module) -> nn.Module:
    """A copy of the model on the CPU with its linear layers quantised."""
    _take_kernels()
    with warnings.catch_warnings():
        for told in ("torch.ao.quantization is deprecated", "torch.quantize_per_tensor"):
            warnings.filterwarnings("ignore", told)  # their successor, torchao, is no dependency
        quantised: nn.Module = quantize_dynamic(
            copy.deepcopy(model).cpu(), {nn.Linear}, dtype=torch.qint8, inplace=True
        )
    if not _linear(quantised):
        raise WorkbenchError("no linear layer in this model", "a transformer", "the run itself")
    return quantised.eval()


def _take_kernels() -> None:
    """On Apple silicon torch has kernels for whole numbers, and has chosen none."""
    ours: Any = torch.backends.quantized
    if ours.engine == "none" and "qnnpack" in ours.supported_engines:
        ours.engine = "qnnpack"
    if ours.engine == "none":
        raise WorkbenchError("a torch without int8 kernels for this processor", "x86 or ARM with fbgemm or qnnpack",
                             "the run itself")  # fmt: skip


def _linear(model: nn.Module) -> dict[str, Any]:
    return {name: part for name, part in model.named_modules() if isinstance(part, dynamic.Linear)}


def int8_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Every weight by name, as safetensors can hold it: of a quantised layer `weight` (int8, out × in), `scale` and `zero` (what
    weight = scale · (whole number - zero) needs), and its `bias`."""
    layers = _linear(model)
    tensors = {k: v.contiguous().clone() for k, v in model.state_dict().items()
               if isinstance(v, torch.Tensor) and not any(k.startswith(f"{name}.") for name in layers)}  # fmt: skip
    for name, layer in layers.items():
        weight, bias = layer.weight(), layer.bias()
        tensors[f"{name}.weight"] = weight.int_repr().contiguous()
        tensors[f"{name}.scale"] = torch.tensor(weight.q_scale(), dtype=torch.float64)
        tensors[f"{name}.zero"] = torch.tensor(weight.q_zero_point())
        if bias is not None:
            tensors[f"{name}.bias"] = bias.detach().clone()
    return tensors


def put_back(model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Give a quantised model the weights of `int8_state`."""
    layers = _linear(model)
    for name, layer in layers.items():
        scale, zero = tensors[f"{name}.scale"].item(), int(tensors[f"{name}.zero"].item())
        weight = torch._make_per_tensor_quantized_tensor(tensors[f"{name}.weight"], scale, zero)
        layer.set_weight_bias(weight, tensors.get(f"{name}.bias"))
    own = dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))
    with torch.no_grad():
        for name, value in tensors.items():
            if not any(name.startswith(f"{layer}.") for layer in layers):
                own[name].copy_(value)
