"""Diagnosis: what a curve is doing, in words, with the numbers, the rule and the source. pandas and numpy only."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.diagnosis.advice import Context, Experiment, Finding, Thresholds
from workbench.diagnosis.frames import as_frame, frame_from_log_history
from workbench.diagnosis.reading import Reading
from workbench.diagnosis.rules import fired, non_finite, too_little
from workbench.diagnosis.stopping import Patience, replay

__all__ = ["Context", "Experiment", "Finding", "Patience", "Reading", "Thresholds", "as_frame", "diagnose", "findings",
           "frame_from_log_history", "replay"]  # fmt: skip


NOTHING = pd.DataFrame({name: pd.Series(dtype=float) for name in ("step", "train_loss", "valid_loss")})


def diagnose(curve: Any, context: Context | None = None, thresholds: Thresholds | None = None) -> Finding:
    """The first rule that holds, in the order 1 to 8. `curve`: a run, a frame, a Keras history, a Trainer log history."""
    return findings(curve, context, thresholds)[0]


def findings(curve: Any, context: Context | None = None, thresholds: Thresholds | None = None) -> list[Finding]:
    """Every rule that holds, in order; never empty."""
    context, thresholds = context or Context(), thresholds or Thresholds()
    frame = NOTHING if isinstance(curve, pd.DataFrame) and curve.empty else as_frame(curve)
    reading = Reading.of(NOTHING if frame.empty else frame)
    if not len(reading):
        return [f for f in (rule(reading, context, thresholds) for rule in (non_finite, too_little)) if f is not None][
            :1
        ]
    return list(fired(reading, context, thresholds))
