"""`wb.serving`: what it costs to use finished models: score, size on disk, milliseconds per text, side by side. Nothing is trained here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError
from workbench.views.asked import here, run_of

PASSES = 3  # over the split, after one that warms up: the middle one counts


def serving(models: Mapping[str, Any], split: str = "validation") -> pd.DataFrame:
    """One row per finished run or `run.quantized()`: weights, the metric on `split`, MB that its weights take as a safetensors file,
    and ms per text on the CPU (median of three passes in batches of 32, one model after the other, with torch's threads as they are).

    The data is that of the first run. Raises WorkbenchError where there is none, for runs that have not ended, and for a model of
    other labels, whose score on this data would say nothing.
    """
    if not isinstance(models, Mapping):
        raise WorkbenchError(
            f"{models!r:.60} instead of named models", "a dict of names and runs", 'wb.serving({"mine": run})'
        )
    models = {
        name: m if hasattr(m, "state") and hasattr(m, "evaluate") else run_of(m, "predictor")
        for name, m in models.items()
    }
    first = next((m for m in models.values() if hasattr(m, "predictor")), None)
    if first is None:
        raise WorkbenchError("no run among the models", "at least one finished run", 'wb.serving({"mine": run})')
    data = first.data()
    if split not in data:
        raise WorkbenchError(f"no split called {split!r}", f"one of {', '.join(data)}", "split='validation'")
    ready = {name: here(m) if hasattr(m, "predictor") else m for name, m in models.items()}
    asked = [(p.task.name, list(p.labels)) for p in ready.values()]
    if odd := [str(name) for name, one in zip(ready, asked, strict=True) if one != asked[0]]:
        raise WorkbenchError(f"{', '.join(odd)} answers with other labels than {next(iter(ready))}", "models for the same data",
                             "wb.serving once for each data set")  # fmt: skip
    rows = [_row(name, model, data[split], first.store.metric) for name, model in ready.items()]
    return pd.DataFrame(rows).set_index("model")


def _row(name: str, predictor: Any, split: Any, metric: str) -> dict[str, Any]:
    from safetensors.torch import save

    score = predictor.evaluate(split)[metric]  # warms up
    tensors = {k: v.clone() for k, v in predictor.state().items()}  # shared ones are written as often as they are named
    weights = sum(v.numel() for k, v in tensors.items() if not k.endswith((".scale", ".zero")))
    return {
        "model": name,
        "weights": weights,
        metric: score,
        "MB on disk": len(save(tensors)) / 1e6,
        "ms per text": 1000 * statistics.median(_seconds(predictor, split) for _ in range(PASSES)) / len(split),
    }


def _seconds(predictor: Any, split: Any) -> float:
    """How long the answers to a split take, from the texts to the scores."""
    begun = time.perf_counter()
    predictor.ask(predictor.task.encode(split, predictor.tokenizer, predictor.config.max_length, predictor.labels))
    return time.perf_counter() - begun
