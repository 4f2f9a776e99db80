"""The models of the last few runs that were asked stay in memory; older ones are read from their folders when they are asked again."""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

MOST = 2  # a run of bert-mini keeps 21 MB, reading it again takes a tenth of a second


class Owner(Protocol):
    """Who has a model in memory and can let it go."""

    def forget_model(self) -> None: ...


_held: list[weakref.ref[Owner]] = []
_lock = threading.Lock()


def use(owner: Owner) -> None:
    """`owner` was asked just now; it is told to forget its model once enough others were asked more recently."""
    with _lock:
        _held[:] = [one for one in _held if one() not in (None, owner)] + [weakref.ref(owner)]
        old = _held[:-MOST]
        del _held[:-MOST]
    for one in old:
        if (last := one()) is not None:
            last.forget_model()
