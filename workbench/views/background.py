"""Coroutines that go on while the kernel does other things. An event loop keeps no strong reference to its tasks: they are kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

_kept: set[asyncio.Task[Any]] = set()


def begin(what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Let it go on until it ends by itself, whether or not anybody holds its task."""
    task = asyncio.ensure_future(what)
    _kept.add(task)
    task.add_done_callback(_kept.discard)
    return task
