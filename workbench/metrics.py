"""Scores that need no network: plain functions, and `evaluate.Metric`s over the same functions.

`evaluate.load(name)` fetches a script from the Hub; these are subclasses kept here instead. The plain functions serve the
training loop, which must not wait for `evaluate` to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError


def accuracy(predictions: Any, references: Any) -> float:
    """Share of equal entries.

    >>> accuracy([1, 0, 1, 1], [1, 1, 1, 1])
    0.75
    """
    guess, right = _pair(predictions, references)
    return float((guess == right).mean())


def f1(predictions: Any, references: Any, positive: Any = 1) -> float:
    """F1 of one class: 2·TP / (2·TP + FP + FN); 0 where the class never occurs.

    >>> f1([1, 0, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    guess, right = (x == positive for x in _pair(predictions, references))
    hits, either = int((guess & right).sum()), int(guess.sum() + right.sum())
    return 2 * hits / either if either else 0.0


def f1_macro(predictions: Any, references: Any) -> float:
    """The plain mean of F1 over the classes that occur in either list."""
    classes = np.union1d(*_pair(predictions, references))
    return float(np.mean([f1(predictions, references, c) for c in classes]))


def _pair(predictions: Any, references: Any) -> tuple[np.ndarray, np.ndarray]:
    guess, right = np.asarray(predictions), np.asarray(references)
    if guess.shape != right.shape or not guess.size:
        raise WorkbenchError(
            f"{guess.size} predictions and {right.size} references", "one of each per text, at least one"
        )
    return guess, right


FUNCTIONS: dict[str, Callable[..., float]] = {"accuracy": accuracy, "f1": f1, "f1_macro": f1_macro}


def metric(name: str) -> Any:
    """An `evaluate.Metric` for one of the functions above, with `compute(predictions=..., references=...)`."""
    import datasets
    import evaluate

    if name not in FUNCTIONS:
        raise WorkbenchError(f"no metric is called {name!r}", f"one of {', '.join(FUNCTIONS)}", "metric('accuracy')")
    function = FUNCTIONS[name]

    class Local(evaluate.Metric):
        def _info(self) -> Any:
            integers = datasets.Features(
                {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")}
            )
            return evaluate.MetricInfo(description=function.__doc__ or "", citation="", features=integers)

        def _compute(self, predictions: Any, references: Any, **options: Any) -> dict[str, float]:
            return {name: function(predictions, references, **options)}

    return Local(keep_in_memory=True)
