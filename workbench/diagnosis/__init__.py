"""Diagnosis: what a curve is doing, in words, with the numbers, the rule and the source. pandas and numpy only."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.diagnosis.advice import Context, Finding, Suggestion, Thresholds
from workbench.diagnosis.frames import as_frame, frame_from_log_history
from workbench.diagnosis.rules import fired, non_finite, too_little
from workbench.diagnosis.stopping import Patience, replay

__all__ = ["Context", "Finding", "Patience", "Suggestion", "Thresholds", "as_frame", "diagnose", "findings",
           "frame_from_log_history", "replay"]  # fmt: skip


NOTHING = pd.DataFrame({name: pd.Series(dtype=float) for name in ("step", "train_loss", "valid_loss")})


def diagnose(curve: Any, context: Context | None = None, thresholds: Thresholds | None = None) -> Finding:
    """The first rule that holds, in the order 1 to 8. `curve`: a run, a frame, a Keras history, a Trainer log history."""
    return findings(curve, context, thresholds)[0]


def findings(curve: Any, context: Context | None = None, thresholds: Thresholds | None = None) -> list[Finding]:
    """Every rule that holds, in order; never empty."""
    context, thresholds = context or Context(), thresholds or Thresholds()
    frame = curve if isinstance(curve, pd.DataFrame) and curve.empty else as_frame(curve)
    if frame.empty:
        rules = (non_finite, too_little)
        return [f for f in (rule(NOTHING, context, thresholds) for rule in rules) if f is not None][:1]
    return list(fired(frame, context, thresholds))
