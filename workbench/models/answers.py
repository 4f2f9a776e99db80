"""How well a run answers questions where some have no answer: by the threshold that SQuAD 2's script finds, but found elsewhere.

A few steps of training do not make a model say "no answer" as often as is right, whatever it has learned of places. So the reports
take the threshold that is best on the validation questions and score the test questions with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.metrics import answer_f1_each
from workbench.tasks.answering import NONE, best_threshold


def scores(run: Any, data: Any) -> dict[str, float]:
    """A run's scores on the test split. Of questions of which some have no answer it is F1 alone, "no answer" given wherever that
    scores above the best span by more than is best on validation."""
    if data.task != "answering" or NONE not in run.predictor().labels:
        return dict(run.evaluate("test"))
    threshold, _ = best_threshold(*_known(run, data["validation"]))
    return {"f1": at(threshold, *_known(run, data["test"]))}


def at(threshold: float, null_odds: Any, f1_of_span: Any, answerable: Any) -> float:
    """F1 when questions of odds above a threshold get no answer, and the others their span.

    >>> at(1.0, [-2.0, 1.0, 3.0], [1.0, 0.5, 0.0], [True, True, False])
    0.8333333333333334
    """
    odds, f1, has = np.asarray(null_odds, float), np.asarray(f1_of_span, float), np.asarray(answerable, bool)
    return float(np.where(odds > threshold, ~has, np.where(has, f1, 0.0)).mean())


def _known(run: Any, split: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Of every question: its odds for "no answer" in nats, the F1 of its best span, and whether it has an answer."""
    said = run.predict(list(zip(split["question"], split["context"], strict=True)))
    right = [a["text"] or [""] for a in split["answers"]]
    return said["null_odds"], answer_f1_each(list(said["span"]), right), np.array([r != [""] for r in right])
