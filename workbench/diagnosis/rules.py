"""The eight rules, in order: the first that holds is the verdict. A Reading and a Context in, Findings out; stateless.

Noise. A validation set of a few hundred texts places the loss of *another* set only to within some hundredths of a nat, but
all evaluations of one run share the same texts, so their differences are far less noisy. A rise counts when each of the last two
evaluations (one spike changes nothing) lies above the lowest level by the threshold in percent and by `Thresholds.rise` times the
noise of this very curve; for the weaker word "watch" by `Thresholds.suspect` times. How often the rules err is measured by `python -m workbench diagnose-rates`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from workbench.diagnosis import advice as a
from workbench.diagnosis.advice import Context, Finding, Thresholds
from workbench.diagnosis.reading import Reading, centred

PRECHELT = "Prechelt (1998), Early Stopping - But When?"
Rule = Callable[[Reading, Context, Thresholds], Finding | None]


def non_finite(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 1: a loss is not a number."""
    odd = np.flatnonzero(~np.isfinite(r.train) | ~np.isfinite(r.valid))
    if not len(odd) and c.stopped_by != "non-finite":  # a batch's loss ends a run before the next evaluation sees it
        return None
    step = int(r.step[odd[0]] if len(odd) else r.step[-1] if len(r) else 0)
    when = "since" if len(odd) else "after"
    return Finding(
        a.NON_FINITE, f"The loss is not a number any more {when} step {step}: the weights have run away.", step, {"step": step},
        "1: a training or validation loss is infinite or not a number.", "Goodfellow et al. (2016), Deep Learning, section 8.3",
        (a.SLOWER, a.WARM_UP), "Nothing: such weights do not come back. The best weights before that step are kept.",
    )  # fmt: skip


def diverging(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 2: training loss, smoothed and raw, ends far above its minimum."""
    if len(r) < 2:
        return None
    low, last = float(r.train.min()), min(float(np.median(r.train[-3:])), float(r.train[-1]))  # smoothing lags behind
    floor = 0.1 * max(float(r.train[0]), c.label_entropy or 0.0)  # ratios of losses near zero mean nothing
    if last <= t.diverging * max(low, floor):
        return None
    step = int(r.step[int(np.argmin(r.train))])
    return Finding(
        a.DIVERGING,
        f"Diverging since step {step}: training loss is {last:.2f}, {last / max(low, 1e-9):.1f} times its lowest value of {low:.2f}.",
        step, {"train_loss": last, "lowest": low},
        f"2: training loss ends above {t.diverging:g} times its minimum.", "Smith (2018), A disciplined approach, part 1",
        (a.SLOWER, a.WARM_UP), "Training loss falling below its earlier minimum again.",
    )  # fmt: skip


def not_learning(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 3: training loss hardly moves and accuracy is what the majority class gives.

    Where the label entropy is known the loss is held against it: a fork or a resumed run begins with what it has learned.
    """
    if len(r) < t.evaluations:
        return None
    low, start = float(np.min(r.trained)), c.label_entropy or float(r.train[0])
    gain = 1 - (low + r.noise_train) / start if start > 0 else 0.0
    score, level = _best_metric(r), c.majority
    noise = t.errors * math.sqrt(level * (1 - level) / c.n_valid) if level is not None and c.n_valid else 0.0
    chance = score is None or level is None or score <= level + noise
    share = float(r.step[-1]) / c.planned_steps if c.planned_steps and not c.finished else 1.0
    if gain >= t.improvement or not chance or share < t.early or _slowly(r, t):
        return None
    words = (
        f"; {c.metric_name} at best {score:.1%} twice in a row, {c.trivial} {level:.1%}"
        if score is not None and level is not None
        else ""
    )
    fallen = 1 - low / start if start > 0 else 0.0
    now, worst = float(r.train[-1]), float(r.train.max())
    how = (
        f"has fallen by {max(0.0, fallen):.1%} only, to {low:.3f}"
        if now <= start
        else f"has not fallen: it is {now:.3f} after {start:.3f}"
    )
    wild = worst > t.wild * start  # it went up before it came back: the steps are too large, not too small
    return Finding(
        a.NOT_LEARNING, f"Not learning: training loss {how}{words}.", int(r.step[0]),
        {"improvement": fallen, "best_metric": _or_nan(score), "majority": _or_nan(level)},
        f"3: training loss improved by less than {t.improvement:.0%}, {c.metric_name} is within noise of: {c.trivial}, and validation loss "
        f"is not on its way down.",
        "Karpathy (2019), A recipe for training neural networks", (a.SLOWER, a.WARM_UP) if wild else (a.FASTER, a.SLOWER, a.WARM_UP),
        f"Training loss below {start * (1 - t.improvement):.3f}, or {c.metric_name} above {(level or 0) + noise:.1%}.",
    )  # fmt: skip


def overfitting(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 4: validation loss has risen from its minimum while training loss went on falling."""
    if len(r) < t.evaluations or not _risen(r, t) or not r.trained[-1] < r.trained[r.low]:
        return None
    best, gl = r.best, r.gl
    step, lowest, last = int(r.step[best]), float(r.valid[best]), float(r.valid[-1])
    then, trained = float(r.train[best]), float(r.train[-1])
    sure = r.rise() > t.rise or r.clear > t.clear
    verdict = a.OVERFITTING if gl > t.overfitting and sure else a.WATCH
    above = 100 * (last / lowest - 1)
    doubted = verdict == a.WATCH and gl > t.overfitting  # far up, on a curve that swings as far by itself
    words = "Overfitting" if verdict == a.OVERFITTING else "Probably overfitting" if doubted else "Beginning to overfit"
    doubt = (
        f" The curve is too uneven to be sure: one evaluation is off by {r.noise:.3f} nats by itself."
        if doubted
        else ""
    )
    kept = " Early stopping ended it, and the weights of that step were put back." if c.stopped_by == "patience" else ""
    here = () if c.finished else (a.STOP_HERE,)
    return Finding(
        verdict,
        f"{words} since step {step}: validation loss is {above:.1f}% above its best ({last:.3f}, was {lowest:.3f}) while training "
        f"loss still fell (to {trained:.3f}, was {then:.3f} then).{doubt}{kept}",
        step, {"GL": gl, "GL_last": above, "valid_loss": last, "best_valid_loss": lowest, "train_loss": trained, "train_loss_then": then,
               "noise": r.noise},
        f"4: smoothed generalisation loss {gl:.1f}% > {t.overfitting if verdict == a.OVERFITTING else t.watch:g}%, above the noise of the curve "
        f"({r.noise:.3f} nats), and training loss lower than at the validation minimum.",
        PRECHELT, (*here, *((a.DROPOUT, a.MORE_TEXTS) if here else (a.STOP_EARLY, a.DROPOUT, a.MORE_TEXTS))),
        f"Validation loss below {lowest:.3f} again (a second descent).",
    )  # fmt: skip


def underfitting(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 5: little has been learned, or the budget ended while validation was still improving."""
    if len(r) < t.evaluations:
        return None
    train, last = float(np.median(r.train[-3:])), int(r.step[-1])
    high = c.label_entropy is not None and train >= t.entropy * c.label_entropy
    at_end = c.finished and c.stopped_by not in ("patience", "user")
    known = len(r) >= 6  # a few evaluations tell no noise: then the last one itself has to be the lowest
    lowest = known and r.low >= len(r) - 2 and float(r.valid[-1] - r.valid[-2]) < t.errors * r.noise
    # Of a loss near zero each step takes a large share.
    left = float(r.valid[-1]) > t.solved * (c.label_entropy or float(r.train[0]))
    falling = lowest or float(r.valid[-1]) < float(r.valid[:-1].min())
    improving = at_end and left and falling and r.fall >= t.still_improving
    if not (high and (c.finished or not c.planned_steps or last > t.judged * c.planned_steps)) and not improving:
        return None
    why = (
        f"training loss is still {train:.3f}, {train / c.label_entropy:.0%} of the {c.label_entropy:.3f} nats that knowing nothing costs"
        if high and c.label_entropy
        else f"validation loss was still falling by {r.fall:.1%} per evaluation when the budget ended at step {last}"
    )
    return Finding(
        a.UNDERFITTING, f"Underfitting: {why}.", last, {"train_loss": train, "fall_per_evaluation": r.fall},
        f"5: training loss at least {t.entropy:g} of the label entropy, or validation loss improving by at least "
        f"{t.still_improving:.0%} per evaluation when the budget ends.",
        "Goodfellow et al. (2016), Deep Learning, section 5.2", (a.LONGER, a.FASTER), "A curve that has come to rest.",
    )  # fmt: skip


def memorising(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 6: a large gap without a rebound."""
    if len(r) < t.evaluations or _risen(r, t):
        return None
    valid, train = float(np.median(r.valid[-3:])), float(np.median(r.train[-3:]))
    if valid <= 0 or (valid - train) / valid < t.gap or (c.loss_se and valid - train < t.errors * c.loss_se):
        return None
    above = 100 * (float(r.valid[-1]) / float(r.valid[r.best]) - 1)  # the number in the picture, spikes included
    few = f"and validation ends {above:.1f}% above its best, too small or too short a rise to count"
    harm = "but validation has not risen" if above <= t.watch else few
    return Finding(
        a.MEMORISING,
        f"Memorising without harm: training loss {train:.3f} is far below validation loss {valid:.3f}, {harm}.",
        int(r.step[r.best]), {"gap": valid - train, "train_loss": train, "valid_loss": valid},
        f"6: the gap is at least {t.gap:.0%} of the validation loss, and the smoothed generalisation loss at most {t.watch:g}% or within the "
        f"noise of the curve.",
        "Zhang et al. (2017), Understanding deep learning requires rethinking generalization",
        (a.STOP_EARLY if c.finished else a.STOP_HERE, a.MORE_TEXTS),
        f"Validation loss rising by more than {t.watch:g}% above its best, and by more than the noise.",
    )  # fmt: skip


def too_little(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 8: too few evaluations, or too small a change, to say anything."""
    n = len(r)
    if n < t.evaluations:
        return Finding(a.TOO_LITTLE, f"Not enough evidence: {n} evaluation{'' if n == 1 else 's'}, at least {t.evaluations} are needed.", None,
                       {"evaluations": n}, f"8: fewer than {t.evaluations} evaluations.", "",
                       (), "More evaluations.")  # fmt: skip
    change, noise = float(r.valid[0] - r.level[r.low]), (t.errors + r.far) * r.noise
    if change > noise:
        return None
    return Finding(
        a.TOO_LITTLE, f"Not enough evidence: validation loss changed by {change:.3f}, its noise is {noise:.3f}.", None,
        {"change": change, "noise": noise}, f"8: the change is within what noise alone does in {n} evaluations.", "",
        () if c.finished and c.stopped_by in ("patience", "user") else (a.MORE_STEPS,), "A clearer change.",
    )  # fmt: skip


def healthy(r: Reading, c: Context, t: Thresholds) -> Finding | None:
    """Rule 7: none of the others."""
    low, last, train = float(r.valid[r.best]), float(r.valid[-1]), float(r.train[-1])
    early = (
        c.finished and c.stopped_by == "user" and len(r) > 1 and r.best == len(r) - 1 and r.fall >= t.still_improving
    )
    going = (
        f" It was stopped by hand while validation loss was still falling by {r.fall:.1%} per evaluation."
        if early
        else ""
    )
    return Finding(
        a.HEALTHY,
        f"Healthy: validation loss is {last:.3f}, its best {low:.3f} at step {int(r.step[r.best])}; training loss is {train:.3f}.{going}",
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


def fired(r: Reading, c: Context, t: Thresholds) -> Iterator[Finding]:
    """Findings in the order of the rules; a curve that is not a number is judged by rule 1 alone."""
    others = False
    for rule in RULES:
        finding = rule(r, c, t)
        if finding is None or (rule is healthy and others):
            continue
        others = True
        yield finding
        if finding.verdict in (a.NON_FINITE, a.TOO_LITTLE):
            return


def _risen(r: Reading, t: Thresholds) -> bool:
    """Whether validation loss has come back up: by the threshold, and by more than the noise of this curve."""
    return r.gl > t.watch and r.rise() > min(t.rise, t.suspect)


def _slowly(r: Reading, t: Thresholds) -> bool:
    """Whether validation loss stands at its lowest, twice below where it began by a share that counts and by more than noise."""
    fallen = float(r.valid[0] - r.valid[-2:].max())
    return r.low == len(r) - 1 and fallen > max(t.slow * float(r.valid[0]), (t.errors + r.far) * r.noise)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _best_metric(r: Reading) -> float | None:
    """The highest metric that two evaluations in a row have reached."""
    if r.metric is None:
        return None
    metric = r.metric[~np.isnan(r.metric)]
    return float(centred(metric, min).max()) if len(metric) > 1 else float(metric.max())
