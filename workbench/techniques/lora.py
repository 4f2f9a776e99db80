"""Adapters: the checkpoint is frozen and a few new weights beside it learn. The work is peft's.

LoRA (Hu et al. 2021) adds to each weight matrix W the product of two thin ones, W + B·A with `lora_rank` columns; B starts at
zero, so training starts from the checkpoint's own answers. IA3 (Liu et al. 2022) multiplies keys, values and the inner
feed-forward activations by learned vectors, which is fewer weights still. Both are merged into W afterwards: the finished
model has the checkpoint's shape and speed.
"""

from __future__ import annotations

import warnings
from typing import Any

from torch import nn

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.anatomy import base, base_name, is_head
from workbench.techniques.base import Technique, trained_parameters


class Adapter(Technique):
    """What LoRA and IA3 share: put peft's layers into the encoder, let them and the head learn, merge in the end."""

    def settings(self, encoder: Any, config: RunConfig) -> Any:
        """peft's configuration for this encoder."""
        raise NotImplementedError

    def apply(self, model: Any, config: RunConfig) -> Any:
        from peft import PeftModel

        encoder = base(model)
        with (
            warnings.catch_warnings()
        ):  # peft asks transformers for a name that is to be renamed, and tells how it reads GPT-2
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            warnings.filterwarnings("ignore", "fan_in_fan_out", UserWarning)
            wrapped = PeftModel(encoder, self.settings(encoder, config))
        setattr(model, base_name(model), wrapped)
        for name, parameter in model.named_parameters():
            if is_head(model, name):
                parameter.requires_grad = True
        learn, total = trained_parameters(model)
        if learn >= total:
            raise WorkbenchError(f"{self.name} would train all {total:,} weights", "a few of them", "technique='full'")
        return model

    def finish(self, model: Any) -> Any:
        setattr(model, base_name(model), base(model).merge_and_unload())
        return model


class LoRA(Adapter):
    """Low-rank updates beside every linear layer of the encoder."""

    name = "lora"

    def settings(self, encoder: Any, config: RunConfig) -> Any:
        from peft import LoraConfig

        return LoraConfig(r=config.lora_rank, lora_alpha=2 * config.lora_rank, target_modules=linear_layers(encoder))


class IA3(Adapter):
    """One learned factor for every key, value and inner feed-forward activation."""

    name = "ia3"

    def settings(self, encoder: Any, config: RunConfig) -> Any:
        from peft import IA3Config
        from peft.utils import TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING as FEEDFORWARD
        from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as TARGETS

        family = encoder.config.model_type
        if family not in TARGETS:
            raise WorkbenchError(f"ia3 does not know where to act in a model of the family {family}",
                                 f"one of {', '.join(sorted(TARGETS))}", f"technique='{'full' if family == 'elmo' else 'lora'}'")  # fmt: skip
        return IA3Config(target_modules=TARGETS[family], feedforward_modules=FEEDFORWARD[family])


def left_out(family: str) -> tuple[str, ...]:
    """Words in the paths of linear layers that get no LoRA: Mamba reads the weights of its `out_proj` past its call.

    >>> left_out("bert"), left_out("falcon_mamba")
    (('pooler',), ('pooler', 'out_proj'))
    """
    return ("pooler", "out_proj") if "mamba" in family else ("pooler",)


def linear_layers(encoder: nn.Module) -> list[str]:
    """Paths of the linear layers in an encoder (GPT-2 writes them as Conv1D), poolers left out."""
    family = getattr(getattr(encoder, "config", None), "model_type", "")
    if family == "elmo":
        raise WorkbenchError("ELMo's weights stand in LSTMs, which have no linear layers to put LoRA beside",
                             "a transformer, or a technique that moves the weights themselves", "technique='full'")  # fmt: skip
    out = left_out(family)
    names = [name for name, part in encoder.named_modules() if _linear(part) and not any(word in name for word in out)]
    if not names:
        raise WorkbenchError("this encoder computes without linear layers, and LoRA has no place beside any other",
                             "a family such as BERT, RoBERTa or Llama", "technique='full'")  # fmt: skip
    return names


def _linear(part: nn.Module) -> bool:
    """Whether a part is a linear layer, Falcon's own kind and GPT-2's Conv1D among them; not one that peft has put there."""
    return isinstance(part, nn.Linear) or type(part).__name__ == "Conv1D"
