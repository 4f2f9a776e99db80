"""The picture of `is_it_real`: judged curves over the bands of fresh seeds and other texts, of two runs also their difference. Trains nothing.

A check in, a Figure or words out.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.diagnosis import bands
from workbench.views import figures as fig


def check_figure(check: Any) -> Figure:
    """The judged curves over their bands; of two runs also the difference, seed by seed."""
    two = len(check.judged) == 2
    figure = Figure(figsize=(8.6, 3.4), dpi=110, layout="constrained")
    axes: Any = figure.subplots(1, 2, width_ratios=(3, 2)) if two else [figure.subplots()]
    for i, name in enumerate(check.judged):
        _curve(check, name, axes[0], (fig.VALID if not two else fig.SERIES[i]), ("--", "-")[i] if two else "--")
    axes[0].set_xlabel("optimiser steps")
    unit = next(iter(check.judged.values())).store.facts.get("unit", "text")
    axes[0].set_ylabel(f"validation loss (nats per {unit})")
    axes[0].grid(True, color="#E3E6EA", lw=0.7)
    if two:
        axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, fontsize=8, frameon=False)
        _dots(check, axes[1])
    else:
        fig.legend_outside(axes[0])
    return figure


def _curve(check: Any, name: str, ax: Axes, colour: str, style: str) -> None:
    run, texts, frame = check.judged[name], check.texts[name], check.judged[name].frame()
    ax.plot(
        frame["step"], frame["valid_loss"], color=colour, ls=style, marker="s", ms=3.5, lw=1.8, zorder=3, label=name
    )
    shared = bands.band([r.frame() for r in check.runs[name]])
    ax.fill_between(shared["step"], shared["low"], shared["high"], color=colour, alpha=0.25, lw=0,
                    label=f"{len(check.runs[name])} other seeds")  # fmt: skip
    if len(check.judged) == 1:
        for other in check.runs[name]:
            ax.plot(other.frame()["step"], other.frame()["valid_loss"], color=colour, lw=0.8, alpha=0.6)
        if len(texts) > 1:
            low, high = np.quantile(bands.resampled(texts.to_numpy()), [0.025, 0.975], axis=0)
            for edge, label in ((low, "other texts, 95%"), (high, None)):
                ax.plot(texts.index, edge, color=fig.GREY, ls=":", lw=1.4, label=label)
        best = run.best
        ax.plot(
            [best["step"]],
            [best["valid_loss"]],
            "o",
            ms=11,
            mfc="none",
            mew=2,
            color=fig.BEST,
            label="best step",
            zorder=4,
        )


def _dots(check: Any, ax: Axes) -> None:
    first, second = check.judged
    rows: list[tuple[str, float, bands.Interval | None]] = [
        (f"seed {s}", d, None) for s, d in zip(check.seeds, check.differences(), strict=False)
    ]
    rows.append(("seeds, mean and 95%", check.by_seed().mean, check.by_seed()))
    if (texts := check.by_text()) is not None:
        rows.append(("these runs,\nother texts, 95%", check.difference, texts))
    for i, (_, value, interval) in enumerate(rows):
        ax.plot(
            [value],
            [i],
            "o" if interval is None else "D",
            color="#222222",
            ms=6,
            mfc="white" if interval is None else "#222222",
        )
        if interval is not None and np.isfinite(interval.low):
            ax.plot([interval.low, interval.high], [i, i], color="#222222", lw=2)
    ax.axvline(0, color=fig.GREY, lw=1.2)
    ax.set_yticks(range(len(rows)), [r[0] for r in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    words = fig.plain(textwrap.fill(f"{second} minus {first}", 38))
    ax.set_xlabel(f"difference (nats)\n{words}", loc="right")  # to the left there is room: the names of the rows
    ax.grid(True, axis="x", color="#E3E6EA", lw=0.7)


def check_words(check: Any) -> str:
    """The picture in words."""
    words = []
    for name, run in check.judged.items():
        ends = ", ".join(f"{r.frame()['valid_loss'].iloc[-1]:.3f}" for r in check.runs[name])
        words.append(f"{name} ends at {run.frame()['valid_loss'].iloc[-1]:.3f}, other seeds at {ends}")
    return f"Line chart of validation loss over its band: {'; '.join(words)}."
