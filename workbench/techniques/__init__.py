"""Techniques: what is changed about a model, or about how it learns, before and while it is fine-tuned.

The package answers to a call: `wb.techniques()` is the catalogue's list, before and after this package has been imported.
"""

from workbench.catalog import answer_calls, techniques
from workbench.techniques.base import Technique
from workbench.techniques.distillation import Distillation
from workbench.techniques.domain import DomainAdaptation
from workbench.techniques.feature_extraction import FeatureExtraction
from workbench.techniques.full import FullFineTuning
from workbench.techniques.lora import IA3, LoRA
from workbench.techniques.multitask import MultiTask
from workbench.techniques.unfreezing import GradualUnfreezing

TECHNIQUES: dict[str, Technique] = {
    technique.name: technique
    for technique in (
        FullFineTuning(),
        FeatureExtraction(),
        GradualUnfreezing(),
        LoRA(),
        IA3(),
        DomainAdaptation(),
        Distillation(),
        MultiTask(),
    )
}

__all__ = ["TECHNIQUES", "Technique"]

answer_calls(__name__, techniques)
