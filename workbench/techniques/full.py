"""Full fine-tuning: every weight of the checkpoint and of its new head learns (Devlin et al. 2019), but for blocks that `freeze`
holds back: the lowest ones, which know the least about a task (Lee, Tang & Lin 2019, "What Would Elsa Do?")."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.techniques.base import Technique, freeze_lowest


class FullFineTuning(Technique):
    """Leaves the model as it is, with every weight free to move but those of frozen blocks."""

    name = "full"
    freezes = True

    def apply(self, model: Any, config: RunConfig) -> Any:
        for parameter in model.parameters():
            parameter.requires_grad = True
        freeze_lowest(model, config)
        return model
