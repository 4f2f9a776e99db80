"""Importing what training needs, on the caller's thread. Nothing is trained here.

transformers loads its parts when they are first named, and two threads that do so at once can see half-loaded modules
("cannot import name ..."). So a run imports everything before its thread starts, and a panel warms up on the main thread in
small portions.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
from collections.abc import Iterator

MODULES = (
    "torch",
    "datasets",
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
    "transformers.trainer",
    "workbench.data",
    "workbench.training.trainer",
    "workbench.training.predictor",
    "workbench.training.worker",
)


def portions() -> Iterator[str]:
    """Import one module after the other, yielding its name after each.

    In the end they are set aside, unless torch was there before: then the kernel may hold models of its own, and one in a
    reference cycle could not be freed any more.
    """
    first = "torch" not in sys.modules
    for name in MODULES:
        importlib.import_module(name)
        yield name
    sys.modules["torch"].get_num_threads()  # settles them for this thread, whatever an evaluation's threads set later
    if first:
        set_aside()


def set_aside() -> None:
    """Keep what there is now out of later garbage collections. Modules leave half a million objects that stay for good, and
    every full collection would look through them: 0.2 to 0.3 s each, two a run."""
    gc.collect()
    gc.freeze()


def give_back(collect: bool = True) -> None:
    """Return what a training has freed to the system, on the GPU too. glibc keeps it by itself: 200 MB after four runs of bert-mini."""
    if collect:
        gc.collect()
    if "torch" in sys.modules:
        from workbench.models.place import free_unused

        free_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def load() -> None:
    """Import everything; costs nothing the second time."""
    for _ in portions():
        pass
