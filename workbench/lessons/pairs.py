"""Two runs handed in together: whether they are a model and its random twin, and whether their scores lie apart. Judges use it."""

from __future__ import annotations

from typing import Any


def no_twins(run: Any, twin: Any) -> str:
    """A sentence where the second run did not begin with the random twin of the first one's model; empty where it did."""
    a, b = run.config.model, twin.config.model
    return "" if _twin(a, b) else f"First a pretrained model, then its random twin: these are {a} and {b}."


def twins(run: Any, other: Any) -> tuple[Any, Any, str]:
    """The run of the pretrained model and that of the random one, in whichever order they came, and a sentence where they are no twins."""
    if run.config.model.endswith(":random"):
        run, other = other, run
    a, b = run.config.model, other.config.model
    return run, other, "" if _twin(a, b) else f"One run must be of the other's random twin: these are {a} and {b}."


def _twin(model: str, other: str) -> bool:
    return other == f"{model}:random"


def beyond_noise(gap: float, n: int) -> tuple[float, str]:
    """What two shares of `n` texts may differ by chance (1.96 standard errors, at shares of one half), and how the gap compares to it.

    >>> beyond_noise(-0.2, 200)
    (0.098, 'more than')
    """
    noise = 1.96 * (2 * 0.25 / n) ** 0.5
    return noise, "more than" if abs(gap) > noise else "within"
