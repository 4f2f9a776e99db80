"""Full fine-tuning: every weight of the checkpoint and of its new head learns (Devlin et al. 2019)."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.techniques.base import Technique


class FullFineTuning(Technique):
    """Leaves the model as it is, with every weight free to move."""

    name = "full"

    def apply(self, model: Any, config: RunConfig) -> Any:
        for parameter in model.parameters():
            parameter.requires_grad = True
        return model
