"""config.toml and requirements.txt of an exported run: its choices as the script reads them, and the versions it trained with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from workbench.config import toml_value
from workbench.training import events as ev


def toml(parts: Any) -> str:
    """config.toml: what train.py reads its choices from. `parts` are the `Parts` of an export."""
    config, dtype, device = parts.config, parts.facts.get("dtype", "fp32"), parts.facts.get("device", "cpu")
    begun = parts.run.store.last(ev.Started)
    steps = int(begun.facts.get("accumulate", 1)) if begun else 1
    training = {**config.to_training_arguments(), "gradient_accumulation_steps": steps, "bf16": dtype == "bf16",
                "fp16": dtype == "fp16", "use_cpu": device == "cpu", "logging_steps": 1 if device == "cpu" else 5}  # fmt: skip
    training["per_device_train_batch_size"] = max(1, config.batch_size // steps)
    model = {"start": "start" if parts.local else parts.source.location, "revision": None if parts.local else parts.revision,
             "head_dropout": None if parts.pooling == "native" else parts.head_dropout,
             "lora_rank": config.lora_rank if config.technique == "lora" else None,
             "rate_decay": config.rate_decay if config.technique == "unfreezing" else None,
             **(_factors(parts) if config.technique == "ia3" else {})}  # fmt: skip
    watching = {"evaluations": config.evaluations, "restore_best": config.restore_best, "patience": config.patience,
                "min_delta": config.min_delta if config.patience is not None else None, "stop_after": parts.stopped()}  # fmt: skip
    tables = {
        "data": {"splits": list(parts.data), "labels": list(parts.data.labels), "max_length": parts.longest},
        "model": model, "model.changes": parts.changes, "training": training, "watching": watching}  # fmt: skip
    about = {"data": "max_length counts word pieces", "model.changes": "fields of the checkpoint's config that differ here",
             "training": "arguments of transformers.TrainingArguments; losses are in nats, a warm-up below 1 is a share of all steps",
             "model": "where it begins", "watching": "evaluations are spread evenly over the run; min_delta is in nats"}  # fmt: skip
    return "\n".join(f"[{name}] # {about[name]}\n" + _pairs(table) for name, table in tables.items())


def requirements(parts: Any) -> list[str]:
    """The versions in use: torch's and transformers' those that the run noted, the others' those of this environment."""
    noted = parts.facts.get("versions", {})
    names = ["torch", "transformers", "accelerate", "safetensors", "numpy"]
    names += ["seqeval"] if parts.task.name == "tagging" else ["scikit-learn"]
    names += ["peft"] if parts.config.technique in ("lora", "ia3") else []
    # Noted ones were looked through: training/facts.py.
    found = {name: noted.get(name) or _version(name) for name in names}
    return [f"{name}=={number.partition('+')[0]}" if number else name for name, number in found.items()]


def _factors(parts: Any) -> dict[str, list[str]]:
    """Where IA3 acts in this family, as peft knows it."""
    from peft.utils import constants

    names = {"ia3_targets": "TARGET", "ia3_feedforward": "FEEDFORWARD"}
    return {
        key: list(getattr(constants, f"TRANSFORMERS_MODELS_TO_IA3_{name}_MODULES_MAPPING")[parts.family])
        for key, name in names.items()
    }


def _pairs(table: dict[str, Any]) -> str:
    """Lines of TOML; None is left out."""
    return "".join(f"{key} = {toml_value(value)}\n" for key, value in table.items() if value is not None)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
