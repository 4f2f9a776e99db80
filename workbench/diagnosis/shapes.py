"""Noiseless curves: training and validation loss against the share of the run that is done, one function per kind. What is true of such a
curve, and what an evaluation sees of it, stands in `simulate`.

Every shape takes the shares `u` (n,), the entropy of the labels `top` in nats and a random generator, and gives two arrays (n,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Shape = tuple[np.ndarray, np.ndarray]  # training and validation loss without noise


def _descent(u: np.ndarray, high: float, low: float, random: np.random.Generator, slow: float = 1.0) -> np.ndarray:
    """From `high` at the beginning towards `low`: an exponential or a power law."""
    if random.random() < 0.5:
        return low + (high - low) * np.exp(-u / (slow * random.uniform(0.05, 0.2)))
    return low + (high - low) * (1 + u / (slow * random.uniform(0.02, 0.06))) ** -random.uniform(1.2, 2.5)


def _pair(
    u: np.ndarray, top: float, random: np.random.Generator, gap: tuple[float, float] = (0.05, 0.35), slow: float = 1.0
) -> Shape:
    """Two descents with a gap that is a share of where validation rests."""
    rest = top * random.uniform(0.25, 0.75)
    return _descent(u, top, rest * (1 - random.uniform(*gap)), random, slow), _descent(u, top, rest, random, slow)


def _rise(u: np.ndarray, at: float, percent: float, random: np.random.Generator) -> np.ndarray:
    """A factor of 1 up to `at`, then a rise that ends `percent` higher: bent, straight or hollow."""
    return 1 + percent / 100 * (np.maximum(0, u - at) / (1 - at)) ** random.uniform(0.7, 1.6)


def _at_rest(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    return _pair(u, top, random)


def _memorising(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    return _descent(u, top, top * random.uniform(0.005, 0.05), random), _pair(u, top, random)[1]


def _overfitting(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    train = _descent(u, top, top * random.uniform(0.005, 0.2), random, 2.0)
    return train, _pair(u, top, random, slow=0.6)[1] * _rise(
        u, random.uniform(0.15, 0.6), float(np.exp(random.uniform(2.5, 5))), random
    )


def _slight(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    train = _descent(u, top, top * random.uniform(0.05, 0.2), random, 2.0)
    return train, _pair(u, top, random, slow=0.5)[1] * _rise(
        u, random.uniform(0.2, 0.6), random.uniform(2.5, 4.5), random
    )


def _late(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    train = _descent(u, top, top * random.uniform(0.01, 0.2), random, 2.0)
    return train, _pair(u, top, random, slow=0.6)[1] * _rise(
        u, random.uniform(0.65, 0.85), float(np.exp(random.uniform(2.5, 4))), random
    )


def _double(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    """A hump after the first descent, then a second one that goes lower; some runs end on the hump."""
    train, valid = _pair(u, top, random, gap=(0.3, 0.45), slow=0.5)
    at, width = random.uniform(0.4, 0.6), random.uniform(0.06, 0.12)
    ends = random.choice((0.62, 1.0, 1.0))
    hump = random.uniform(0.12, 0.5) * np.exp(-0.5 * ((u * ends - at) / width) ** 2)
    lower = 1 - random.uniform(0.1, 0.25) / (1 + np.exp(-(u * ends - at - width) / 0.05))
    return train * (1 - 0.3 * u), valid * lower * (1 + hump)


def _plateau(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    """Nothing for a while, then a descent that comes to rest."""
    at = random.uniform(0.15, 0.45)
    v = np.maximum(0, u - at) / (1 - at)
    train, valid = _pair(v, top, random, slow=0.8)
    return train, valid


def _falling(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    """The budget ends while both losses still fall."""
    rest = top * random.uniform(0.05, 0.3)
    speed = random.uniform(1.0, 2.5)
    return rest * 0.9 + (top - rest * 0.9) * np.exp(-speed * 1.1 * u), rest + (top - rest) * np.exp(-speed * u)


def _stuck(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    low = top * random.uniform(0.915, 0.94)
    return _descent(u, top * 1.15, low, random), _descent(u, top * 1.15, low * random.uniform(1.0, 1.03), random)


def _flat(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    level = top * random.uniform(0.99, 1.03)
    return np.full_like(u, level), np.full_like(u, level)


def _diverging(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    train, valid = _pair(u, top, random)
    rise = 1 + random.uniform(2, 6) * np.clip((u - random.uniform(0.3, 0.7)) / 0.15, 0, 1)
    return train * rise, valid * rise


def _not_a_number(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    train, valid = _pair(u, top, random)
    if len(u) > 1:
        train[int(random.integers(1, len(u))) :] = np.nan
    else:
        train[:] = np.nan
    return train, valid


def _known_before(u: np.ndarray, top: float, random: np.random.Generator) -> Shape:
    """A model that knew its task when it began, such as a fork: nothing changes."""
    level = top * random.uniform(0.3, 0.6)
    return np.full_like(u, level * random.uniform(0.75, 0.95)), np.full_like(u, level)


SHAPES: dict[str, Callable[[np.ndarray, float, np.random.Generator], Shape]] = {
    "at rest": _at_rest,
    "memorising": _memorising,
    "overfitting": _overfitting,
    "slight rebound": _slight,
    "late rebound": _late,
    "double descent": _double,
    "plateau": _plateau,
    "still falling": _falling,
    "stuck high": _stuck,
    "flat": _flat,
    "diverging": _diverging,
    "not a number": _not_a_number,
    "known before": _known_before,
    "too short": _at_rest,  # of few evaluations: see `simulate`
}
KINDS = tuple(SHAPES)
