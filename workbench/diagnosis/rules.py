"""The eight rules, in order: the first that holds is the verdict. Frame and context in, Findings out; stateless.

Noise. A validation set of a few hundred texts places the loss of *another* set only to within some hundredths of a nat, but
all evaluations of one run share the same texts, so their differences are far less noisy. A rise counts when the median of the
last three evaluations (one spike changes nothing) is above the lowest of these medians by the threshold in percent and by
1.96 times the wiggle of this very curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from workbench.diagnosis import advice as a
from workbench.diagnosis.advice import Context, Finding, Thresholds
from workbench.diagnosis.curves import best_position, smooth, wiggle

PRECHELT = "Prechelt (1998), Early Stopping - But When?"
Rule = Callable[[pd.DataFrame, Context, Thresholds], Finding | None]


def non_finite(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 1: a loss is not a number."""
    odd = f[~np.isfinite(f["train_loss"]) | ~np.isfinite(f["valid_loss"])]
    if odd.empty and c.stopped_by != "non-finite":  # a batch's loss ends a run before the next evaluation sees it
        return None
    step = int(odd["step"].iloc[0] if len(odd) else f["step"].iloc[-1] if len(f) else 0)
    when = "after" if odd.empty else "since"
    return Finding(
        a.NON_FINITE, f"The loss is not a number any more {when} step {step}: the weights have run away.", step, {"step": step},
        "1: a training or validation loss is infinite or not a number.", "Goodfellow et al. (2016), Deep Learning, section 8.3",
        (a.SLOWER, a.WARM_UP), "Nothing: such weights do not come back. The best weights before that step are kept.",
    )  # fmt: skip


def diverging(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 2: training loss, smoothed and raw, ends far above its minimum."""
    if f.empty:
        return None
    train = f["train_loss"]
    low, last = float(train.min()), min(float(smooth(train).iloc[-1]), float(train.iloc[-1]))  # smoothing lags behind
    floor = 0.05 * float(train.iloc[0])  # ratios of losses near zero mean nothing
    if len(f) < 2 or last <= t.diverging * max(low, floor):
        return None
    step = int(f["step"].iloc[best_position(train)])
    return Finding(
        a.DIVERGING,
        f"Diverging since step {step}: training loss is {last:.2f}, {last / max(low, 1e-9):.1f} times its lowest value of {low:.2f}.",
        step, {"train_loss": last, "lowest": low},
        f"2: training loss ends above {t.diverging:g} times its minimum.", "Smith (2018), A disciplined approach, part 1",
        (a.SLOWER, a.WARM_UP), "Training loss falling below its earlier minimum again.",
    )  # fmt: skip


def not_learning(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 3: training loss hardly moves and accuracy is what the majority class gives."""
    if len(f) < t.evaluations:
        return None
    first, low = float(f["train_loss"].iloc[0]), float(smooth(f["train_loss"]).min())
    start = min(first, c.label_entropy) if c.label_entropy else first
    gain = 1 - low / start if start > 0 else 0.0
    score, level = _best_metric(f), c.majority
    noise = t.errors * math.sqrt(level * (1 - level) / c.n_valid) if level is not None and c.n_valid else 0.0
    chance = score is None or level is None or score <= level + noise
    share = float(f["step"].iloc[-1]) / c.planned_steps if c.planned_steps and not c.finished else 1.0
    if gain >= t.improvement or not chance or share < 0.15:
        return None
    words = (
        f"; best {c.metric_name} {score:.1%}, {c.trivial} {level:.1%}"
        if score is not None and level is not None
        else ""
    )
    return Finding(
        a.NOT_LEARNING, f"Not learning: training loss has fallen by {gain:.1%} only, to {low:.3f}{words}.", int(f["step"].iloc[0]),
        {"improvement": gain, "best_metric": _or_nan(score), "majority": _or_nan(level)},
        f"3: training loss improved by less than {t.improvement:.0%} and {c.metric_name} is within noise of: {c.trivial}.",
        "Karpathy (2019), A recipe for training neural networks", (a.FASTER, a.SLOWER, a.WARM_UP),
        f"Training loss below {start * (1 - t.improvement):.3f}, or {c.metric_name} above {(level or 0) + noise:.1%}.",
    )  # fmt: skip


def overfitting(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 4: validation loss has risen from its minimum while training loss went on falling."""
    if len(f) < t.evaluations:
        return None
    valid, train = smooth(f["valid_loss"]), smooth(f["train_loss"])
    low = best_position(valid)
    base, now = float(valid.iloc[low]), float(valid.iloc[-1])
    gl = 100 * (now / base - 1) if base > 0 else 0.0
    # The lowest of many medians is low by chance alone: the longer the curve, the more (the expected maximum of n normals).
    real = now - base > max(t.errors, math.sqrt(2 * math.log(len(f)))) * wiggle(f["valid_loss"])
    if gl <= t.watch or not real or not train.iloc[-1] < train.iloc[low]:
        return None
    best = best_position(f["valid_loss"])
    step, lowest = int(f["step"].iloc[best]), float(f["valid_loss"].iloc[best])
    verdict = a.OVERFITTING if gl > t.overfitting else a.WATCH
    last, then, trained = (
        float(f["valid_loss"].iloc[-1]),
        float(f["train_loss"].iloc[best]),
        float(f["train_loss"].iloc[-1]),
    )
    above = 100 * (last / lowest - 1)
    words = "Overfitting" if verdict == a.OVERFITTING else "Beginning to overfit"
    kept = " Early stopping ended it, and the weights of that step were put back." if c.stopped_by == "patience" else ""
    return Finding(
        verdict,
        f"{words} since step {step}: validation loss is {above:.1f}% above its best ({last:.3f}, was {lowest:.3f}) while training "
        f"loss still fell (to {trained:.3f}, was {then:.3f} then).{kept}",
        step, {"GL": gl, "GL_last": above, "valid_loss": last, "best_valid_loss": lowest, "train_loss": trained, "train_loss_then": then},
        f"4: smoothed generalisation loss {gl:.1f}% > {t.overfitting if gl > t.overfitting else t.watch:g}%, above the wiggle of the curve, and "
        "training loss lower than at the validation minimum.",
        PRECHELT, (a.STOP_EARLY, a.MORE_TEXTS, a.DROPOUT), f"Validation loss below {lowest:.3f} again (a second descent).",
    )  # fmt: skip


def underfitting(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 5: little has been learned, or the budget ended while validation was still improving."""
    if len(f) < t.evaluations:
        return None
    train, last = float(smooth(f["train_loss"]).iloc[-1]), int(f["step"].iloc[-1])
    high = c.label_entropy is not None and train >= t.entropy * c.label_entropy
    fall = _fall_per_evaluation(f["valid_loss"])
    at_end = c.finished and c.stopped_by not in ("patience", "user")
    rest = best_position(f["valid_loss"]) == len(f) - 1
    improving = at_end and rest and fall >= t.still_improving
    if not (high and (c.finished or not c.planned_steps or last > 0.3 * c.planned_steps)) and not improving:
        return None
    why = (
        f"training loss is still {train:.3f}, {train / c.label_entropy:.0%} of the {c.label_entropy:.3f} nats that knowing nothing costs"
        if high and c.label_entropy
        else f"validation loss was still falling by {fall:.1%} per evaluation when the budget ended at step {last}"
    )
    return Finding(
        a.UNDERFITTING, f"Underfitting: {why}.", last, {"train_loss": train, "fall_per_evaluation": fall},
        f"5: training loss at least {t.entropy:g} of the label entropy, or validation loss improving by at least "
        f"{t.still_improving:.0%} per evaluation when the budget ends.",
        "Goodfellow et al. (2016), Deep Learning, section 5.2", (a.LONGER, a.FASTER), "A curve that has come to rest.",
    )  # fmt: skip


def memorising(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 6: a large gap without a rebound."""
    if len(f) < t.evaluations:
        return None
    smoothed = smooth(f["valid_loss"])
    valid, train = float(smoothed.iloc[-1]), float(smooth(f["train_loss"]).iloc[-1])
    if valid > float(smoothed.min()) * (1 + t.watch / 100):
        return None
    if valid <= 0 or (valid - train) / valid < t.gap or (c.loss_se and valid - train < t.errors * c.loss_se):
        return None
    return Finding(
        a.MEMORISING,
        f"Memorising without harm: training loss {train:.3f} is far below validation loss {valid:.3f}, but validation has not risen.",
        int(f["step"].iloc[best_position(f["valid_loss"])]), {"gap": valid - train, "train_loss": train, "valid_loss": valid},
        f"6: the gap is at least {t.gap:.0%} of the validation loss and the smoothed generalisation loss at most {t.watch:g}%.",
        "Zhang et al. (2017), Understanding deep learning requires rethinking generalization", (a.STOP_EARLY, a.MORE_TEXTS),
        f"Validation loss rising by more than {t.watch:g}% above its best.",
    )  # fmt: skip


def too_little(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 8: too few evaluations, or too small a change, to say anything."""
    n = len(f)
    if n < t.evaluations:
        return Finding(a.TOO_LITTLE, f"Not enough evidence: {n} evaluation{'' if n == 1 else 's'}, at least {t.evaluations} are needed.", None,
                       {"evaluations": n}, f"8: fewer than {t.evaluations} evaluations.", "",
                       (), "More evaluations.")  # fmt: skip
    change = float(f["valid_loss"].iloc[0] - f["valid_loss"].min())
    noise = t.errors * max(wiggle(f["valid_loss"]), 0.0)
    if change > noise:
        return None
    return Finding(
        a.TOO_LITTLE, f"Not enough evidence: validation loss changed by {change:.3f}, its noise is {noise:.3f}.", None,
        {"change": change, "noise": noise}, f"8: the change is within {t.errors:g} standard errors.", "", (a.LONGER,), "A clearer change.",
    )  # fmt: skip


def healthy(f: pd.DataFrame, c: Context, t: Thresholds) -> Finding | None:
    """Rule 7: none of the others."""
    best = best_position(f["valid_loss"])
    low, last, train = (
        float(f["valid_loss"].iloc[best]),
        float(f["valid_loss"].iloc[-1]),
        float(f["train_loss"].iloc[-1]),
    )
    return Finding(
        a.HEALTHY,
        f"Healthy: validation loss is {last:.3f}, its best {low:.3f} at step {int(f['step'].iloc[best])}; training loss is {train:.3f}.",
        None, {"valid_loss": last, "best_valid_loss": low, "train_loss": train},
        "7: both losses fell, no rebound, no large gap.", PRECHELT, (), f"Validation loss rising by more than {t.watch:g}% above its best.",
    )  # fmt: skip


RULES: tuple[Rule, ...] = (
    non_finite,
    diverging,
    not_learning,
    overfitting,
    underfitting,
    memorising,
    too_little,
    healthy,
)


def fired(f: pd.DataFrame, c: Context, t: Thresholds) -> Iterator[Finding]:
    """Findings in the order of the rules; a curve that is not a number is judged by rule 1 alone."""
    others = False
    for rule in RULES:
        finding = rule(f, c, t)
        if finding is None or (rule is healthy and others):
            continue
        others = True
        yield finding
        if finding.verdict in (a.NON_FINITE, a.TOO_LITTLE):
            return


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _best_metric(f: pd.DataFrame) -> float | None:
    if "valid_metric" not in f or f["valid_metric"].isna().all():
        return None
    return float(smooth(f["valid_metric"]).max())


def _fall_per_evaluation(valid: pd.Series) -> float:
    """Mean share by which the last evaluations (up to 4) improved on the one before."""
    tail = valid.iloc[-5:].to_numpy(dtype=float)
    return float(1 - (tail[-1] / tail[0]) ** (1 / (len(tail) - 1))) if len(tail) > 1 and tail[0] > 0 else 0.0
