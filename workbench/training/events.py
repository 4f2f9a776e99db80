"""The things that happen during a run, as small frozen records. Standard library only: no torch, no pandas.

The bridge emits events, the store appends them as JSON lines, frames and pictures are made from them later.
`seconds` counts from the first start of the run, pauses left out; `step` counts optimiser steps.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """What every event has: the optimiser step and the seconds trained so far."""

    step: int
    seconds: float


@dataclass(frozen=True)
class Started(Event):
    """Training begins (or goes on after an interruption); `facts` hold finite numbers and words."""

    planned_steps: int
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stepped(Event):
    """Optimiser steps done: mean training loss since the last such event (dropout on), and the rate in force."""

    epoch: float
    loss: float
    learning_rate: float


@dataclass(frozen=True)
class Evaluated(Event):
    """Both losses in eval mode (nats per example), the metrics on validation, and whether this is the best so far."""

    epoch: float
    train_loss: float
    valid_loss: float
    metrics: dict[str, float]
    learning_rate: float
    best: bool
    patience_left: int | None = None
    valid_loss_se: float | None = None


@dataclass(frozen=True)
class Moved(Event):
    """How far each block of the model is from where it began: |w - w0| / |w0| by block, input to output."""

    blocks: dict[str, float]


@dataclass(frozen=True)
class Fired(Event):
    """Early stopping has fired and `best_step` is kept, but training goes on as a ghost. `reason`: patience or rule."""

    reason: str
    best_step: int | None = None


@dataclass(frozen=True)
class RateChanged(Event):
    """The learner moved the learning rate while training: peak rate before and after."""

    before: float
    after: float


@dataclass(frozen=True)
class Paused(Event):
    """Training waits."""


@dataclass(frozen=True)
class Continued(Event):
    """Training goes on after a pause."""


@dataclass(frozen=True)
class Note(Event):
    """A sentence for the learner, for example that the batch was halved to fit into memory."""

    text: str


@dataclass(frozen=True)
class Ended(Event):
    """Training is over. `reason`: budget, patience, user, interrupted, error; `text` says it in words."""

    reason: str
    text: str = ""
    best_step: int | None = None


KINDS: dict[str, type[Event]] = {
    cls.__name__.lower(): cls
    for cls in (Started, Stepped, Evaluated, Moved, Fired, RateChanged, Paused, Continued, Note, Ended)
}


def to_json(event: Event) -> str:
    """One line of JSON without a line break; non-finite numbers as the strings "nan", "inf", "-inf"."""
    return json.dumps({"kind": type(event).__name__.lower(), **_plain(dataclasses.asdict(event))}, allow_nan=False)


def from_json(line: str) -> Event:
    """The event of one line; unknown fields of newer versions are dropped. Raises TypeError or ValueError for a value that is none of its field."""
    raw = json.loads(line)
    cls = KINDS[raw.pop("kind")]
    known = {f.name: f for f in dataclasses.fields(cls)}
    return cls(**{k: _value(v, str(known[k].type)) for k, v in raw.items() if k in known})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _value(value: Any, kind: str) -> Any:
    """A value as a field of this kind holds it."""
    if value is None and kind.endswith("| None"):
        return None
    kind = kind.removesuffix(" | None")
    if kind.startswith("dict") and isinstance(value, dict):
        return {k: _value(v, "float") for k, v in value.items()} if "float" in kind else value
    if kind == "float" and isinstance(value, str):
        return float(value)
    fitting: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
    if not isinstance(value, fitting.get(kind, ())) or (isinstance(value, bool) and kind != "bool"):
        raise TypeError(f"{value!r:.60} is no {kind}")
    return value
