"""Domain adaptation: the language model reads unlabelled texts of the field, then it is fine-tuned (Gururangan et al. 2020).

On texts of the field (`reads="clinic-sentences"`) that is domain-adaptive pretraining, DAPT; on the texts of the task itself, without
their labels (`reads=None`), task-adaptive pretraining, TAPT. The reading is a run of its own with a curve of its own: `training/reading.py`
makes it, and `wb.adapt` measures what it has won and what it has forgotten. Here stands only what goes together.
"""

from __future__ import annotations

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.techniques.base import Technique


class DomainAdaptation(Technique):
    """Full fine-tuning of a model whose language model has read on before."""

    name = "domain-adaptation"
    reads = True

    def check(self, config: RunConfig, task: str) -> None:
        super().check(config, task)
        if config.model.endswith(":random"):
            raise WorkbenchError(f"domain adaptation of {config.model}, which has read nothing yet",
                                 "a pretrained model", f"model={config.model.removesuffix(':random')!r}")  # fmt: skip
        if config.reads is None and task not in ("classification", "multi-label"):
            raise WorkbenchError(f"domain adaptation on data for {task} without texts to read", "the name or file of unlabelled texts",
                                 "reads='clinic-sentences'")  # fmt: skip
