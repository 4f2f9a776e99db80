"""Exercises of lesson 21, Beyond the laptop. Judges look at searches and at finished runs; they train nothing."""

from __future__ import annotations

from typing import Any

from workbench.lessons.exercise import Exercise

DEFAULT_RATE = 3e-4
SPACE = {"learning_rate": (1e-5, 3e-2), "batch_size": [8, 16, 32]}  # of the search in the lesson
STOPPED = "stop-and-go"  # the search that it stops itself


def _beyond_noise(found: Any, default: Any) -> tuple[bool, str]:
    best = found.best
    if "learning_rate" not in found.plan.space:
        return False, f"The space of this search has {', '.join(found.plan.names)}: let it have learning_rate."
    if default.config.learning_rate != DEFAULT_RATE:
        return (
            False,
            f"The run to beat has the rate {default.config.learning_rate:g}; take the default, {DEFAULT_RATE:g}.",
        )
    apart = [k for k, v in vars(best.config).items() if getattr(default.config, k) != v and k not in found.plan.space]
    if apart:
        return (
            False,
            f"Found and default differ in {', '.join(apart)} too, which the search did not choose: keep it the same.",
        )
    score, before = best.evaluate("test"), default.evaluate("test")
    after, base, texts = score["accuracy"], before["accuracy"], len(best.data()["test"])
    noise = 1.96 * (after * (1 - after) / texts + base * (1 - base) / texts) ** 0.5
    words = (
        f"On {texts} test texts that no trial has seen: {after:.1%} with a rate of {best.config.learning_rate:.2g}, {base:.1%} with "
        f"{DEFAULT_RATE:g}; a difference below {noise:.1%} could be noise."
    )
    return after - base > noise, words


def _lessons(found: Any) -> bool:
    from workbench.scale.space import distributions

    return bool(found.name == found.plan.called() and found.plan.distributions() == distributions(SPACE, {}))


def _went_on(found: Any) -> tuple[bool, str]:
    frame = found.frame().set_index("trial")
    stopped = frame[(frame["state"] == "failed") & frame["reason"].fillna("").str.startswith("it was stopped; trial ")]
    if stopped.empty:
        return (
            False,
            f"No trial of {found.name} was stopped in the middle: press Stop, or give it few seconds with within=.",
        )
    heirs = [int(reason.split("; trial ")[1].split()[0]) for reason in stopped["reason"]]
    done = [n for n in heirs if frame.loc[n, "state"] in ("finished", "pruned")]
    if not done:
        return (
            False,
            f"Trial {stopped.index[0]} was stopped and its values still wait: the same call again goes on with them.",
        )
    ended = int(frame["state"].isin(["finished", "pruned"]).sum())
    return (
        True,
        f"Trial {done[0]} has taken over the values of a stopped one; {ended} trials have ended in all calls together.",
    )


def _names_the_reason(found: Any, answer: Any) -> tuple[bool, str]:
    frame = found.frame()
    pruned = frame[frame["state"] == "pruned"]["verdict"].value_counts()
    if pruned.empty:
        return False, "No trial of this search was pruned: a wider range of rates has some that are hopeless."
    said = str(answer).strip().lower()
    if said in pruned[pruned == pruned.max()].index:
        others = f", and {int(pruned.sum() - pruned.max())} for another reason" if pruned.sum() > pruned.max() else ""
        return True, f"{int(pruned.max())} of {int(pruned.sum())} pruned trials were {said}{others}."
    known = "not learning, diverging, non-finite loss or overfitting"
    return (
        False,
        f"{answer!r} is not what ended most of the {int(pruned.sum())} pruned trials. A verdict is one of {known}.",
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "21.1",
        "Find a learning rate by search that beats the default of 3e-4 beyond noise, on the test split. Check with the search and the "
        "default's run.",
        _beyond_noise,
        ("The default has hardly begun to learn in so few steps: which way should the range reach?",
         "A range from 1e-3 to 2e-2, the other settings as they are.",
         "answer = wb.search('headlines', {'learning_rate': (1e-3, 2e-2)}, trials=5, **same); await answer"),
        "answer = await wb.search('headlines', {'learning_rate': (1e-3, 2e-2)}, trials=5, **same)",
        lessons=_lessons,
    ),
    Exercise(
        "21.2",
        "Stop a search in the middle of a trial and let it go on until that trial's values have been trained. Put the search into "
        "`answer`.",
        _went_on,
        ("Stop is a button; within= is a number of seconds.",
         "A name of its own makes a new search; the same call again goes on with it.",
         "Run twice, the second time without within: wb.search('headlines', space, trials=2, within=1, name='mine', **same)"),
        "ask = dict(trials=2, name='mine', **same); "
        "await wb.search('headlines', space, within=1, **ask); answer = await wb.search('headlines', space, **ask)",
        lessons=lambda found: bool(found.name == STOPPED),
    ),
    Exercise(
        "21.3",
        "Which verdict ended most of the pruned trials of a search? Check with the search and the verdict's name.",
        _names_the_reason,
        ("found.frame() has a column `verdict` and a column `reason`.",
         "Keep the rows whose state is pruned and count their verdicts.",
         "found.frame().query('state == \"pruned\"')['verdict'].value_counts()"),
        "frame = found.frame(); answer = frame[frame['state'] == 'pruned']['verdict'].value_counts().index[0]",
    ),
)  # fmt: skip
