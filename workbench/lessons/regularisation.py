"""Exercises of lesson 14, Regularisation. Judges look at what differs between two runs and at their curves; they train nothing."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.diagnosis.curves import generalisation_loss
from workbench.lessons.exercise import Exercise

LESSON = RunConfig(
    data="headlines", model="bert-tiny", train_examples=96, epochs=12, learning_rate=3e-3, evaluations=6, max_length=48
)
ABLATED = {"dropout=0.6", "freeze=2", "more texts"}  # by the lesson itself
REGULARISERS = ("dropout", "weight_decay", "label_smoothing", "mixup", "freeze", "layers")
CURED, ILL = 2.0, 5.0  # GL at the end in percent: below the first it is cured, above the second it overfits
HARM = 0.05  # a cure whose lowest loss is so much higher, as a share, is worse than the illness
SMALLER = 0.25  # the share by which a gap must shrink
SAME = 0.02  # nats by which the lowest loss may fall and still be called the same


def _one_change(run: Any, answer: Any) -> tuple[str, str]:
    """(the field that differs, what is wrong with the choice)."""
    differ = run.config.differing(answer.config)
    if len(differ) != 1:
        return "", f"They differ in {', '.join(differ) or 'nothing'}: change exactly one thing."
    if differ[0] not in REGULARISERS:
        return "", f"They differ in {differ[0]}; the regularisers here are {', '.join(REGULARISERS)}."
    return f"{differ[0]}={getattr(answer.config, differ[0])}", ""


def _ends(run: Any) -> tuple[float, float, float]:
    """(lowest validation loss, gap at the end, GL at the end in percent)."""
    frame = run.frame()
    last = frame.iloc[-1]
    return (
        float(frame["valid_loss"].min()),
        float(last["valid_loss"] - last["train_loss"]),
        float(generalisation_loss(frame["valid_loss"]).iloc[-1]),
    )


def _cured(run: Any, answer: Any) -> tuple[bool, str]:
    change, problem = _one_change(run, answer)
    if problem:
        return False, problem
    (low, _, before), (best, _, after) = _ends(run), _ends(answer)
    words = f"{change}: GL at the end {before:.1f}% before, {after:.1f}% after; lowest validation loss {low:.3f} before, {best:.3f} after."
    if before <= ILL:
        return False, f"{words} The first run does not overfit: above {ILL:g}% is an illness."
    if after >= CURED:
        return False, f"{words} Below {CURED:g}% is cured."
    if best > low * (1 + HARM):
        return False, f"{words} The rebound is gone and so is the fit: that cure is too strong."
    return True, words


def _only_the_gap(run: Any, answer: Any) -> tuple[bool, str]:
    change, problem = _one_change(run, answer)
    if problem:
        return False, problem
    (low, gap, _), (best, narrow, _) = _ends(run), _ends(answer)
    words = f"{change}: gap at the end {gap:.2f} before, {narrow:.2f} after; lowest validation loss {low:.3f} before, {best:.3f} after."
    if narrow > (1 - SMALLER) * gap:
        return False, f"{words} A gap that is smaller by {SMALLER:.0%} is asked for."
    if best < low - SAME:
        return False, f"{words} The lowest loss fell too: this one really helped. Find one that only looks better."
    return True, f"{words} A smaller gap alone is no better model."


def _read_the_table(ablation: Any, lower: Any) -> tuple[bool, str]:
    frame = ablation.frame()
    few = frame["runs"].min() if len(frame) else 0
    if len(frame) < 3 or few < 3:
        return (
            False,
            f"{max(0, len(frame) - 1)} changes with {few} seeds: at least two changes and three seeds are asked for.",
        )
    full = _by_short_name(frame["change"].iloc[1:])
    named = [lower] if isinstance(lower, str) else lower
    said = {full.get(name, name) for name in (str(name).strip().lower() for name in named)} - {"none", ""}
    true = {str(n).lower() for n in frame.loc[frame["against the base"] == "lower", "change"]}
    words = "; ".join(f"{r['change']} {r['difference']:+.3f} ± {r['band']:.3f}" for r in frame.to_dict("records")[1:])
    if said != true:
        return (
            False,
            f"Differences to the base with their bands: {words}. A change counts when its band does not reach zero.",
        )
    return True, f"{words}. Lower beyond chance: {', '.join(sorted(true)) or 'none'}."


def _by_short_name(changes: Any) -> dict[str, str]:
    """The whole name of every change by what stands before its `=`, where only one begins so: "freeze" for "freeze=2"."""
    whole = [str(name).lower() for name in changes]
    short = [name.split("=")[0].strip() for name in whole]
    return {s: name for s, name in zip(short, whole, strict=True) if short.count(s) == 1}


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "14.1",
        "Cure the overfitting run with one regulariser: less than 2% above the lowest validation loss at the end, and a lowest loss that is "
        "not more than 5% higher than before. Check with the first run and yours.",
        _cured,
        (
            "Which of the six changes the shape of the curve, and not only its height?",
            "The dose decides. In the table 0.6 was a cure that did harm.",
            "Dropout between 0.3, which is too little, and 0.6, which is far too much.",
        ),
        "answer = wb.fit('headlines', **{**base, 'dropout': 0.4}); await answer",
    ),
    Exercise(
        "14.2",
        "Find one regulariser that makes the gap at the end smaller by a quarter and does not lower the lowest validation loss. Check with "
        "the first run and yours.",
        _only_the_gap,
        ("The gap is validation minus training loss at the last step: it also shrinks when training gets worse.",
         "What in the table made the training itself worse?",
         "A large dose of dropout."),
        "answer = wb.fit('headlines', **{**base, 'dropout': 0.6}); await answer",
        own=(LESSON.replace(mixup=1.0),),
    ),
    Exercise(
        "14.3",
        "An ablation of your own: at least two changes and three seeds. Which changes lower the lowest validation loss beyond chance? Check "
        "with the ablation and a list of their names, or 'none'.",
        _read_the_table,
        ("wb.ablate('headlines', {'mixup': 1.0, 'freeze': 2}, seeds=3, **base)",
         "mine.frame() has the columns `difference` and `band`.",
         "A change counts when the difference is further from zero than its band."),
        "mine = await wb.ablate('headlines', {'mixup': 1.0, 'freeze': 2}, seeds=3, **base); "
        "lower = list(mine.frame().query(\"`against the base` == 'lower'\")['change']) or 'none'",
        lessons=lambda ablation: set(ablation.frame()["change"].iloc[1:]) == ABLATED,
    ),
)  # fmt: skip
