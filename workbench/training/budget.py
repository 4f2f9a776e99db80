"""How long a training may take. Whoever trains asks here: runs, and the local service for its jobs. Nothing is timed here."""

from __future__ import annotations

import math
import os


def budget(seconds: float | None = None) -> float:
    """Seconds that a run may train. WORKBENCH_SECONDS caps every run: that is how a test goes through a lesson quickly."""
    return min(seconds or math.inf, float(os.environ.get("WORKBENCH_SECONDS") or math.inf))
