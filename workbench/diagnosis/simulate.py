"""Learning curves whose truth is known, drawn from seeds: what the diagnosis is measured on. Not a model of any one training.

A curve is a noiseless mean (power law or exponential, with a rebound, a second descent, a plateau ...) plus what a validation set
of a stated size adds: jitter of `per_text / sqrt(n_valid)` nats at every evaluation, and now and then a spike of one evaluation.

Truth. The true verdict is the one that the definitions of the rules give for the noiseless mean: the same thresholds, no smoothing, no
noise. Where a quantity of the mean lies within 1.96 standard errors of one evaluation of its threshold both answers are
right (`Simulated.right` holds all of them, `truth` the one of the mean). The onset of overfitting is the first evaluation from
which on the mean lies above its lowest value so far by more than the threshold while training loss is lower than it was there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.diagnosis import advice as a
from workbench.diagnosis.advice import Context, Thresholds
from workbench.diagnosis.shapes import KINDS, SHAPES


@dataclass(frozen=True)
class Simulated:
    """One curve. `frame` is what an evaluation would see, `mean` the same without noise."""

    kind: str
    frame: pd.DataFrame
    mean: pd.DataFrame
    context: Context
    truth: str
    right: frozenset[str]
    onset: int | None  # position of the first evaluation at which overfitting is true
    lowest: int  # position of the lowest validation loss of the mean
    noise: float  # standard error of one evaluation, nats


def curves(n: int, seed: int) -> Iterator[Simulated]:
    """`n` curves, all kinds in turn; the same seed draws the same curves."""
    for i in range(n):
        yield simulate(KINDS[i % len(KINDS)], np.random.default_rng([seed, i]))


def simulate(kind: str, random: np.random.Generator) -> Simulated:
    """One curve of a kind."""
    step = _steps(kind, random)
    u = step / step[-1]
    labels = int(random.choice((2, 2, 4, 8)))
    top, n_valid = math.log(labels), int(random.choice((100, 200, 400, 1000)))
    train, valid = SHAPES[kind](u, top, random)
    per_text = float(np.exp(random.uniform(math.log(0.03), math.log(0.3))))
    noise = per_text / math.sqrt(n_valid)
    finished = bool(random.random() < 0.75)
    metric = _accuracy(kind, valid, top, labels, n_valid, random)
    context = Context(
        n_valid=n_valid, n_train=512, majority=1 / labels, label_entropy=top,
        planned_steps=int(step[-1] * (1 if finished else random.uniform(1.1, 2.5))), finished=finished,
        stopped_by=("patience" if random.random() < 0.2 else "budget") if finished else None,
    )  # fmt: skip
    mean = pd.DataFrame({"step": step, "train_loss": train, "valid_loss": valid})
    seen = mean.assign(
        train_loss=_seen(train, noise / 2, random), valid_loss=_spiked(_seen(valid, noise, random), top, random)
    )
    right = verdicts(mean, context, Thresholds(), noise)
    return Simulated(kind, seen if metric is None else seen.assign(valid_metric=metric), mean, context,
                     next(iter(verdicts(mean, context, Thresholds(), 0.0, noise))), frozenset(right), onset(mean), _lowest(valid), noise)  # fmt: skip


# Truth ----------------------------------------------------------------------------------------------------------------


def verdicts(mean: pd.DataFrame, c: Context, t: Thresholds, noise: float, floor: float | None = None) -> list[str]:
    """The verdicts that are right for a noiseless curve, the first of them for the mean as it is when `noise` is 0.

    Every quantity may lie `1.96 * noise` nats off; `floor` is the noise below which a change is no evidence.
    """
    train, valid = mean["train_loss"].to_numpy(), mean["valid_loss"].to_numpy()
    if not (np.isfinite(train).all() and np.isfinite(valid).all()):
        return [a.NON_FINITE]
    n, e, found = len(mean), t.errors * noise, []
    low, lowest = _lowest(valid), float(valid.min())
    start, base = c.label_entropy or train[0], max(train.min(), 0.1 * max(train[0], c.label_entropy or 0.0))
    gl = 100 * (valid[-1] / lowest - 1)
    slack = 100 * e / lowest
    at_end = c.finished and c.stopped_by not in ("patience", "user")
    high = train[-1] / (c.label_entropy or math.inf)
    share = 1.0 if c.finished or not c.planned_steps else mean["step"].iloc[-1] / c.planned_steps
    enough = n >= t.evaluations
    learned = _above(1 - train.min() / start, t.improvement, e / 2 / start)
    fell = _above(train[low] - train[-1], 0.0, e / 2) if low < n - 1 else False
    tests = [
        (a.DIVERGING, n >= 2 and _above(train[-1] / base, t.diverging, e / 2 / base)),
        (a.NOT_LEARNING, enough and share >= 0.15 and _not(learned)),
        (a.OVERFITTING, enough and _both(_above(gl, t.overfitting, slack), fell)),
        (a.WATCH, enough and _both(_above(gl, t.watch, slack), fell)),
        (a.UNDERFITTING, enough and _either(share > 0.3 and _above(high, t.entropy, e / 2 / (c.label_entropy or 1)),
                                            at_end and _above(fall(mean), t.still_improving, 0.32 * e / valid[-1]))),
        (a.MEMORISING, enough and _both(_above((valid[-1] - train[-1]) / valid[-1], t.gap, e / valid[-1]), _not(_above(gl, t.watch, slack)))),
        (a.TOO_LITTLE, (not enough) or _not(_above(valid[0] - lowest, t.errors * (noise if floor is None else floor), noise))),
    ]  # fmt: skip
    for verdict, holds in tests:
        if holds is not False:
            found.append(verdict)
        if holds is True:
            return found
    return [*found, a.HEALTHY]


def onset(mean: pd.DataFrame, t: Thresholds | None = None) -> int | None:
    """The position of the first evaluation at which the noiseless curve is overfitting for the rest of the curve's rise."""
    t = t or Thresholds()
    train, valid = mean["train_loss"].to_numpy(), mean["valid_loss"].to_numpy()
    if not np.isfinite(valid).all():
        return None
    for i in range(t.evaluations - 1, len(valid)):
        low = _lowest(valid[: i + 1])
        if (
            valid[i] > valid[low] * (1 + t.overfitting / 100)
            and train[i] < train[low]
            and train[i] < 1.5 * train[: i + 1].min()
        ):
            return i
    return None


def fall(mean: pd.DataFrame) -> float:
    """The share by which validation loss falls per evaluation at the end: over the last four gaps, per gap of their median length."""
    valid, step = mean["valid_loss"].to_numpy()[-5:], mean["step"].to_numpy(dtype=float)[-5:]
    if len(valid) < 2:
        return 0.0
    gaps = (step[-1] - step[0]) / np.median(np.diff(step))
    return float(1 - (valid[-1] / valid[0]) ** (1 / gaps))


def _above(value: float, threshold: float, slack: float) -> bool | None:
    """Whether it is above; None where it is within the slack."""
    return None if slack > 0 and abs(value - threshold) <= slack else bool(value > threshold)


def _not(x: bool | None) -> bool | None:
    return None if x is None else not x


def _both(x: bool | None, y: bool | None) -> bool | None:
    return False if x is False or y is False else None if x is None or y is None else True


def _either(x: bool | None, y: bool | None) -> bool | None:
    return _not(_both(_not(x), _not(y)))


def _lowest(valid: np.ndarray) -> int:
    return int(np.argmin(np.where(np.isfinite(valid), valid, np.inf)))


# What an evaluation sees ----------------------------------------------------------------------------------------------


def _steps(kind: str, random: np.random.Generator) -> np.ndarray:
    """Optimiser steps of the evaluations: short and long runs; evenly spread, ever further apart, or irregular."""
    if kind == "too short":
        n = int(random.integers(1, 4))
    else:
        n = int(
            random.choice(
                (random.integers(6, 10), random.integers(10, 31), random.integers(10, 31), random.integers(31, 81))
            )
        )
    spacing = random.choice(("even", "even", "growing", "irregular"))
    gaps = (
        np.ones(n)
        if spacing == "even"
        else np.geomspace(1, 4, n)
        if spacing == "growing"
        else random.uniform(0.4, 2.5, n)
    )
    return np.maximum.accumulate(np.round(np.cumsum(gaps) * 20)).astype(int)


def _seen(mean: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    return np.maximum(mean + random.normal(0, noise, len(mean)), 1e-4)


def _spiked(seen: np.ndarray, top: float, random: np.random.Generator) -> np.ndarray:
    """Every fifth curve has a spike, every tenth of these at its very end."""
    if random.random() < 0.2 and len(seen) >= 8:
        seen[int(random.integers(2, len(seen))) if random.random() < 0.9 else -1] += top * random.uniform(0.1, 0.8)
    return seen


def _accuracy(
    kind: str, valid: np.ndarray, top: float, labels: int, n_valid: int, random: np.random.Generator
) -> np.ndarray | None:
    """Accuracy that goes with the loss, counted on n_valid texts; half of the curves come without one."""
    if random.random() < 0.5 or not np.isfinite(valid).all():
        return None
    share = np.clip(1 / labels + (1 - 1 / labels) * np.clip(1.02 - np.minimum.accumulate(valid) / top, 0, 0.95), 0, 1)
    if kind == "flat":
        share = np.full_like(valid, 1 / labels)
    counted: np.ndarray = random.binomial(n_valid, share) / n_valid
    return counted
