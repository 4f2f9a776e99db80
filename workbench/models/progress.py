"""One line of a terminal that says how far a pretraining is. Where no terminal is, in a file, a pipe or a notebook, it says nothing."""

from __future__ import annotations

import sys
import time
from typing import Any

WIDTH, PERIOD = 30, 0.3  # signs of the bar; seconds between two looks


class Bar:
    """`at(step)` after every step; `clear()` before anything else is printed."""

    def __init__(self, total: int, first: int = 0, stream: Any = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.on = bool(total > 0 and self.stream.isatty())
        self.total, self.first, self._shown = total, first, 0
        self._begun = self._last = time.monotonic()

    def at(self, step: int) -> None:
        """So many steps are done."""
        now = time.monotonic()
        if not self.on or (now - self._last < PERIOD and step < self.total):
            return
        self._last = now
        full = round(WIDTH * step / self.total)
        left = (now - self._begun) / max(1, step - self.first) * (self.total - step)
        line = f"[{'#' * full}{'.' * (WIDTH - full)}] {step / self.total:4.0%}  step {step:,} of {self.total:,}, {_spoken(left)} left"
        self._write(f"\r{line:<{self._shown}}")
        self._shown = len(line)

    def clear(self) -> None:
        """An empty line in its place."""
        if self._shown:
            self._write("\r" + " " * self._shown + "\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def _spoken(seconds: float) -> str:
    """
    >>> _spoken(42.4), _spoken(600.0)
    ('42 s', '10 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
