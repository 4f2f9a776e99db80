"""Techniques: what is changed about a model, or about how it learns, before and while it is fine-tuned.

The package answers to a call: `wb.techniques()` is the catalogue's list, before and after this package has been imported.
"""

from workbench.catalog import answer_calls, techniques
from workbench.techniques.base import Technique
from workbench.techniques.full import FullFineTuning

TECHNIQUES: dict[str, Technique] = {"full": FullFineTuning()}

__all__ = ["TECHNIQUES", "FullFineTuning", "Technique"]

answer_calls(__name__, techniques)
