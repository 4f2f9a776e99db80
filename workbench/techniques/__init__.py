"""Techniques: what is changed about a model, or about how it learns, before and while it is fine-tuned."""

from workbench.techniques.base import Technique
from workbench.techniques.full import FullFineTuning

TECHNIQUES: dict[str, Technique] = {"full": FullFineTuning()}

__all__ = ["TECHNIQUES", "FullFineTuning", "Technique"]
