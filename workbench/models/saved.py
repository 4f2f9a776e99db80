"""A model that `run.save()` has written, read back with its head: a teacher, or a model to be looked at. Nothing learns here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models import zoo
from workbench.models.heads import OwnHead


def load(folder: str, task: Any, labels: list[str]) -> tuple[torch.nn.Module, Any]:
    """(model in eval mode, its tokenizer), with its answers in the order of `labels`."""
    facts = zoo.saved_facts(folder)
    if "labels" not in facts:
        raise WorkbenchError(f"{Path(folder).name!r} is no folder that a run was saved in", "a saved model that has learned its labels",
                             "a run on the same data, or the folder of its save()")  # fmt: skip
    if sorted(facts["labels"]) != sorted(labels):
        found = ", ".join(facts["labels"][:8])
        raise WorkbenchError(f"{Path(folder).name!r} answers with the labels {found}", f"a saved model for {', '.join(labels[:8])}",
                             "a run on the same data, or the folder of its save()")  # fmt: skip
    source = zoo.source(folder)
    tokenizer = zoo.tokenizer(source)
    choices = {k: facts.get("config", {}).get(k) for k in ("pooling", "head")}
    config = RunConfig(model=folder, **{k: v for k, v in choices.items() if v is not None})
    shell: Any = SimpleNamespace(labels=facts["labels"], tokenizer=tokenizer)
    model = task.build(source, shell, config)
    if isinstance(model, OwnHead):
        model.load_state_dict(load_file(Path(folder) / "head.safetensors"), strict=False)
    return Reordered(model.eval(), [facts["labels"].index(name) for name in labels]), tokenizer


class Reordered(torch.nn.Module):
    """A model whose logits (..., labels) come in another order."""

    def __init__(self, model: torch.nn.Module, order: list[int]) -> None:
        super().__init__()
        self.model, self.order = model, order

    @property
    def config(self) -> Any:
        return self.model.config

    def forward(self, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.model(**batch)["logits"][..., self.order]}
