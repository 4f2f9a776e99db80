"""What a run folder says of itself beside its choices, looked through before it is believed: anybody can write a folder. Standard library only.

A fact that is not what this version writes is left out, so that one damaged folder does not hide the others, and nothing of it becomes code
or a line of its own in a file that is installed from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from workbench.config import RunConfig

VERSION = re.compile(r"[0-9A-Za-z.+!-]{1,60}")
_CHOICES = {f.name for f in fields(RunConfig)}


def sound(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without those that are of another kind than they should be.

    >>> sound({"n_valid": -1, "majority": 0.5, "labels": ["a", 2], "anything": None})
    {'majority': 0.5, 'anything': None}
    """
    return {name: value for name, value in facts.items() if name not in _KINDS or _fits(_KINDS[name], value)}


def _fits(kind: Callable[[Any], bool], value: Any) -> bool:
    try:
        return value is None or kind(value)
    except (TypeError, AttributeError, ValueError, KeyError):
        return False


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _word(value: Any) -> bool:
    return isinstance(value, str)


def _words(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)


def _versions(value: Any) -> bool:
    return all(isinstance(k, str) and VERSION.fullmatch(v) for k, v in value.items())


def _fork(value: Any) -> bool:
    named = value["parent"].isprintable() and len(value["parent"]) < 256 and _count(value["step"])
    return named and all(name in _CHOICES and len(pair) == 2 for name, pair in value["changed"].items())


_KINDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("n_train", "n_valid", "pid", "trained", "parameters", "cut", "memory_mb", "accumulate"), _count),
    **dict.fromkeys(
        ("majority", "control", "label_entropy", "born", "multiplier", "tokens_per_epoch", "reading_seconds"), _number
    ),
    **dict.fromkeys(
        ("metric", "unit", "task", "device", "dtype", "host", "service", "tuned", "job", "instruction", "data_title"),
        _word,
    ),
    "labels": _words,
    "controls": lambda value: _words(value) and len(value) == 2,
    "versions": _versions,
    "fork": _fork,
}
