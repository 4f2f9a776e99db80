"""What the learner wants from a running training, as flags that any thread may set. No torch, no training here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Wishes:
    """`stop` and `pause` are read at every step; `rate` is a new peak learning rate, taken at the next step."""

    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)
    rate: float | None = None
