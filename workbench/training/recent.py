"""The models of the last few runs that were asked stay in memory; older ones are read from their folders when they are asked again."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

MOST = 3  # a run of bert-mini keeps 21 MB, reading it again takes a tenth of a second

_held: list[tuple[weakref.ref[Any], Callable[[Any], None]]] = []
_lock = threading.Lock()


def use(owner: Any, forget: Callable[[Any], None]) -> None:
    """`owner` has its model in memory and was asked just now; `forget(owner)` is called once others were asked more recently."""
    with _lock:
        _held[:] = [(one, f) for one, f in _held if one() is not None and one() is not owner]
        _held.append((weakref.ref(owner), forget))
        old = _held[:-MOST]
        del _held[:-MOST]
    for one, let_go in old:
        if (owner := one()) is not None:
            let_go(owner)
