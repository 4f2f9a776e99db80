"""Fine-tuning Workbench: learn fine-tuning in NLP with your own hands.

>>> import workbench as wb
>>> run = wb.fit("reviews", model="bert-mini", learning_rate=3e-4, epochs=8, patience=3)   # doctest: +SKIP
>>> await run                                                                            # doctest: +SKIP

Importing this needs the standard library only: every public name is loaded when it is first used (PEP 562).
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Waiting threads sleep instead of spinning: on shared cores a training step was 15 times slower without it. It counts only
# when it is set before torch is imported, which is why it stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# oneDNN keeps 1,024 prepared operations, one per shape of a batch: with 64, five fine-tunings one after the other peak at 977 MB
# instead of 1,127 and take the same processor time (16: 950 MB, and 4% more time). Read when torch first computes.
PREPARED_OPERATIONS = "64"
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", PREPARED_OPERATIONS)
# On an Apple GPU the few operations that it lacks go to the CPU instead of ending the run; read when torch is imported, too.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_SYMLINKS_WARNING", "1")  # without the right to make links Windows gets copies
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if TYPE_CHECKING:
    from workbench.catalog import datasets, models, techniques
    from workbench.config import RunConfig
    from workbench.data.audit import audit
    from workbench.data.augment import augment
    from workbench.data.load import load
    from workbench.data.mistakes import mistakes
    from workbench.data.noise import flip
    from workbench.errors import WorkbenchError
    from workbench.lessons.exercise import exercise
    from workbench.lessons.fault_lab import fault, fault_lab
    from workbench.remote.server import serve
    from workbench.scale.search import search
    from workbench.tasks.decoding import decodings
    from workbench.training.run import Run
    from workbench.views import compare, diagnose, fit, follow, hosted, runs
    from workbench.views.ablation import ablate
    from workbench.views.adaptation import adapt
    from workbench.views.against import against
    from workbench.views.blanks import fill_blank
    from workbench.views.blueprint import blueprint
    from workbench.views.contexts import word_in_context
    from workbench.views.datamap import datamap
    from workbench.views.duel import duel
    from workbench.views.guess import guess
    from workbench.views.guessed import guesses
    from workbench.views.layers import layers
    from workbench.views.lineage import lineage
    from workbench.views.mistakes import cost_of_mistakes, mistaken
    from workbench.views.objectives import objectives
    from workbench.views.panel import panel
    from workbench.views.prompts import prompt
    from workbench.views.real import is_it_real
    from workbench.views.replay import replay
    from workbench.views.scrub import noise, scrub
    from workbench.views.tokens import tokens

_WHERE = {
    "models": "catalog",
    "datasets": "catalog",
    "techniques": "catalog",
    "load": "data",
    "audit": "data",
    "augment": "data.augment",
    "flip": "data.noise",
    "fit": "views",
    "follow": "views",
    "panel": "views.panel",
    "replay": "views.replay",
    "datamap": "views.datamap",
    "scrub": "views.scrub",
    "noise": "views.scrub",
    "duel": "views.duel",
    "prompt": "views.prompts",
    "hosted": "views",
    "serve": "remote.server",
    "serving": "views.serving",
    "search": "scale.search",
    "tokens": "views.tokens",
    "decodings": "tasks.decoding",
    "fill_blank": "views.blanks",
    "objectives": "views.objectives",
    "word_in_context": "views.contexts",
    "mistakes": "data.mistakes",
    "mistaken": "views.mistakes",
    "cost_of_mistakes": "views.mistakes",
    "ablate": "views.ablation",
    "adapt": "views.adaptation",
    "against": "views.against",
    "guess": "views.guess",
    "guesses": "views.guessed",
    "lineage": "views.lineage",
    "is_it_real": "views.real",
    "layers": "views.layers",
    "blueprint": "views.blueprint",
    "runs": "views",
    "compare": "views",
    "diagnose": "views",
    "exercise": "lessons",
    "fault": "lessons.fault_lab",
    "fault_lab": "lessons.fault_lab",
    "Run": "training.run",
    "RunConfig": "config",
    "WorkbenchError": "errors",
}

__all__ = [
    "Run",
    "RunConfig",
    "WorkbenchError",
    "ablate",
    "adapt",
    "against",
    "audit",
    "augment",
    "blueprint",
    "compare",
    "cost_of_mistakes",
    "datamap",
    "datasets",
    "decodings",
    "diagnose",
    "duel",
    "exercise",
    "fault",
    "fault_lab",
    "fill_blank",
    "fit",
    "flip",
    "follow",
    "guess",
    "guesses",
    "hosted",
    "is_it_real",
    "layers",
    "lineage",
    "load",
    "mistaken",
    "mistakes",
    "models",
    "noise",
    "objectives",
    "panel",
    "prompt",
    "replay",
    "runs",
    "scrub",
    "search",
    "serve",
    "serving",
    "techniques",
    "tokens",
    "word_in_context",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"workbench.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
