"""The finished picture of one run: its curves, the marks of what happened on the way, a title, and all of it in words. The parts are in `figures`."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.training.store import called
from workbench.views.figures import GREY, METRICS, batch_losses, controls, loss_curves, metric_curve, plain, two_axes
from workbench.views.ghost import draw_ghost

TITLE = 56  # letters of the names in a title: more would leave the picture


def run_figure(run: Any) -> Figure:
    """The finished picture of a run."""
    figure, above, below = two_axes()
    frame, facts = run.frame(), run.store.facts
    steps = run.steps()
    planned = max(int(steps["step"].max()) if len(steps) else 1, int(frame["step"].max()) if len(frame) else 1)
    batch_losses(steps, above)
    loss_curves(frame, above, planned=planned, unit=facts.get("unit", "text"))
    rate_changes(run.store.events, above)
    fork_mark(facts, above)
    metric_curve(frame, below, name=run.store.metric, majority=facts.get("majority"), control=facts.get("control"),
                 planned=planned, controls=controls(facts))  # fmt: skip
    draw_ghost(run, above, below)
    above.set_title(title(run.config), loc="left", fontsize=10, color="#222222")
    return figure


def title(config: Any) -> str:
    """What was trained on what: of a path the end, and no more than fits. Dollar signs in names are kept from starting mathematics."""
    words = f"{called(config.model)} on {called(config.data)}"
    if len(words) > TITLE:
        words = words[: TITLE - 1] + "…"
    return plain(f"{words}, learning rate {config.learning_rate:.2g}, batch {config.batch_size}")


def rate_changes(events: list[Any], ax: Axes) -> list[Any]:
    """A dotted line with the new rate wherever the learner moved the learning rate."""
    artists: list[Any] = []
    moved = [e for e in events if type(e).__name__ == "RateChanged"]
    close = 0.02 * (ax.get_xlim()[1] - ax.get_xlim()[0])
    for e, after in zip_longest(moved, moved[1:]):
        if after is not None and after.step - e.step < close:
            continue  # a slider passes many values on its way: the last one is the one that was meant
        artists.append(ax.axvline(e.step, color=GREY, ls=":", lw=1))
        artists.append(ax.text(e.step, 0.03, f" rate {e.after:.2g}", transform=ax.get_xaxis_transform(), fontsize=8,
                               color=GREY, rotation=90, va="bottom", ha="right"))  # fmt: skip
    return artists


def fork_mark(facts: dict[str, Any], ax: Axes) -> None:
    """A line where a fork left its parent: what lies left of it is the parent's."""
    if fork := facts.get("fork"):
        ax.axvline(fork["step"], color="#222222", ls=(0, (5, 2)), lw=1.1)
        ax.annotate("forked here", (fork["step"], 0.97), xycoords=ax.get_xaxis_transform(), xytext=(-3, 0), textcoords="offset points",
                    fontsize=8, color="#222222", rotation=90, va="top", ha="right",
                    bbox={"boxstyle": "square,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85})  # fmt: skip


def alt_text(run: Any) -> str:
    """The picture in words, for those who do not see it."""
    frame, metric = run.frame(), run.store.metric
    if frame.empty:
        return "Line chart of training and validation loss against optimiser steps; no evaluation yet."
    first, last, best = frame.iloc[0], frame.iloc[-1], run.best
    words = (
        f"Line chart over {int(last.step)} optimiser steps. Training loss goes from {first.train_loss:.2f} to "
        f"{last.train_loss:.2f}, validation loss from {first.valid_loss:.2f} to {last.valid_loss:.2f}"
    )
    if best:
        words += f", its lowest value {best['valid_loss']:.2f} at step {int(best['step'])}"
    if metric in frame:
        words += f". Validation {METRICS.get(metric, metric)} ends at {last[metric]:.2f}"
        facts, (first, second) = run.store.facts, controls(run.store.facts)
        if facts.get("majority") is not None and facts.get("control") is not None:
            words += f"; {first} reaches {facts['majority']:.2f}, {second} {facts['control']:.2f}"
    ghost = run.store.fired
    after = (
        f" Early stopping fired at step {ghost.step}; a dashed ghost goes on from there." if ghost is not None else ""
    )
    return words + f". {run.diagnosis}{after}"
