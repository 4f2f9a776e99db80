"""The space of a search: a plain dict of RunConfig's fields -> optuna's distributions. Nothing is drawn or trained here.

    {"learning_rate": (1e-4, 1e-2), "batch_size": [8, 16, 32], "dropout": (0.0, 0.3)}

A tuple is a range with both ends in it, a list is a choice among its values. Rates are drawn on a logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from workbench.config import RunConfig, check_names
from workbench.errors import WorkbenchError

EXAMPLE = '{"learning_rate": (1e-4, 1e-2), "batch_size": [8, 16, 32]}'
RATES = ("learning_rate", "weight_decay")  # what is told apart by factors, not by differences
WHOLE = frozenset(f.name for f in fields(RunConfig) if str(f.type).startswith("int"))
FIXED = {
    "data": "scores on different data cannot be compared",
    "seed": "the best of several seeds is luck, not a setting",
}


def distributions(space: Any, choices: Mapping[str, Any]) -> dict[str, Any]:
    """optuna's distribution of every field of `space`; `choices` are the fields that hold for all trials.

    Raises WorkbenchError for a field that does not exist or stands in both, a range that is none, and a value that
    RunConfig refuses.

    >>> distributions({"learning_rate": (1e-4, 1e-2)}, {})["learning_rate"].log
    True
    """
    if not isinstance(space, Mapping) or not space:
        raise WorkbenchError(f"the space is {space!r}", "a dict of fields and what they may be", EXAMPLE)
    check_names(space)
    for name in space:
        if name in FIXED:
            raise WorkbenchError(f"{name} in the space: {FIXED[name]}", "other fields of RunConfig", EXAMPLE)
        if name in choices:
            raise WorkbenchError(f"{name} is in the space and among the choices", "one of the two")
    return {name: _distribution(name, values, choices) for name, values in space.items()}


def _distribution(name: str, values: Any, choices: Mapping[str, Any]) -> Any:
    from optuna.distributions import CategoricalDistribution

    if isinstance(values, tuple):
        return _range(name, values, choices)
    if not isinstance(values, list) or len(values) < 2:
        raise WorkbenchError(
            f"{name} may be {values!r}", "a range (low, high) or a list of at least two values", EXAMPLE
        )
    for value in values:
        _fits(name, value, choices)
    if len({repr(v) for v in values}) < len(values):
        raise WorkbenchError(f"{name} has a value twice: {values!r}", "values that differ")
    return CategoricalDistribution(values)


def _range(name: str, values: tuple[Any, ...], choices: Mapping[str, Any]) -> Any:
    from optuna.distributions import FloatDistribution, IntDistribution

    ok = len(values) == 2 and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not ok or not values[0] < values[1]:
        raise WorkbenchError(
            f"{name} has the range {values!r}", "two numbers (low, high), the lower one first", EXAMPLE
        )
    for value in values:
        _fits(name, value, choices)
    if name in WHOLE or (name == "epochs" and all(isinstance(v, int) for v in values)):
        return IntDistribution(*values)
    low, high = float(values[0]), float(values[1])
    return FloatDistribution(low, high, log=name in RATES and low > 0)


def _fits(name: str, value: Any, choices: Mapping[str, Any]) -> None:
    """RunConfig itself says whether it takes this value."""
    from workbench import catalog
    from workbench.models import zoo

    if value is not None and not isinstance(value, bool | int | float | str):
        raise WorkbenchError(f"{name} may be {value!r}", "numbers, words, True, False or None", EXAMPLE)
    RunConfig(**{**choices, name: value})
    if name == "technique":
        catalog.find(catalog.techniques(), str(value), "technique")
    if name == "model":
        zoo.source(str(value))
