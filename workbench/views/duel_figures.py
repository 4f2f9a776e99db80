"""The pictures of a duel: the score of every seed; and quality against what it costs, in seconds, weights and memory. Trains nothing.

A duel in, a Figure out; also while it is going on, with the curve of the run in training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter

from workbench.views.duel import GPU_MEMORY, MEMORY, on_gpu
from workbench.views.figures import GREY, MARKERS, METRICS, SERIES, controls, plain, quiet

COSTS = (("seconds", "training time (s)"), ("weights that learn", "weights that learn (log scale)"))
PROCESS, TENSORS = (MEMORY, "memory of the process (MB)"), (GPU_MEMORY, "tensors in the GPU's memory (MB)")


def score_dots(duel: Any, ax: Axes) -> Axes:
    """One row per contender: a dot per seed, the mean as a bar with the spread of the seeds, the controls as lines."""
    frame = duel.totals()
    for i, row in enumerate(frame.to_dict("records")):
        colour = SERIES[i % len(SERIES)]
        ax.plot(duel.scores[row["contender"]], [i] * row["runs"], "o", color=colour, alpha=0.55, ms=6)
        spread = 0 if np.isnan(row["sd"]) else row["sd"]
        ax.errorbar(row["score"], i, xerr=spread, fmt="|", color=colour, ms=18, mew=2.5, capsize=4)
    run = next(r for runs in duel.runs.values() for r in runs)
    for name, key, style in zip(controls(run.store.facts), ("majority", "control"), (":", "--"), strict=True):
        if run.store.facts.get(key) is not None:
            ax.axvline(run.store.facts[key], color=GREY, ls=style, lw=1.2, label=name)
    ax.set_yticks(range(len(frame)), [plain(n) for n in frame["contender"]])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlabel(f"{duel.split} {METRICS.get(run.store.metric, run.store.metric)} (share; bar: mean ± sd over seeds)")
    ax.grid(True, axis="x", color="#E3E6EA", lw=0.7)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, fontsize=8, frameon=False)
    return ax


def costs_figure(duel: Any) -> Figure:
    """Three axes with the same quality upwards: the curves of all runs over time; the weights that learn; memory.

    A small mark is a run, a large one the mean of a contender's seeds, the shaded band their mean ± standard deviation.
    """
    figure = Figure(figsize=(9.4, 3.9), dpi=110, facecolor="white")
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(1.7, 1, 1),
                           gridspec_kw={"left": 0.075, "right": 0.985, "top": 0.8, "bottom": 0.14, "wspace": 0.08})  # fmt: skip
    rows = duel.totals().to_dict("records")
    for row in rows:
        _contender(duel, row, axes)
    _curves(duel, axes[0])
    _controls(duel, axes)
    for ax, (_, words) in zip(axes, _costs(duel), strict=True):
        _style(ax, words)
    metric = _metric(duel)
    axes[0].set_ylabel(f"{duel.split} {METRICS.get(metric, metric)} (share)")
    axes[0].set_xlim(left=0)
    _weights(axes[1], [r["weights that learn"] for r in rows])
    axes[2].set_xlim(0, max([r[_costs(duel)[2][0]] for r in rows], default=1) * 1.2 or 1)
    handles, names = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="upper left", bbox_to_anchor=(0.06, 1.0), ncol=3, fontsize=8.5, frameon=False)
    if any(r["runs"] > 1 for r in rows):
        figure.text(0.985, 0.83, "shaded: mean ± sd of the seeds", ha="right", fontsize=8, color=GREY)
    return figure


def _costs(duel: Any) -> tuple[tuple[str, str], ...]:
    """(column, words) of the three axes: the memory is the GPU's where all runs have trained on one."""
    facts = [r.store.facts for runs in duel.runs.values() for r in runs]
    return (*COSTS, TENSORS if facts and len(on_gpu(facts)) == len(facts) else PROCESS)


def _contender(duel: Any, row: dict[str, Any], axes: Any) -> None:
    """One contender in all three: its band, a mark per seed, and the mean."""
    name, colour, marker = row["contender"], *look(duel, row["contender"])
    per_run = {
        "seconds": [r.frame()["seconds"].iloc[-1] for r in duel.runs[name]],
        "weights that learn": [row["weights that learn"]] * row["runs"],
        MEMORY: [r.store.facts.get("memory_mb", 0) for r in duel.runs[name]],
        GPU_MEMORY: on_gpu([r.store.facts for r in duel.runs[name]]),
    }
    for ax, (what, _) in zip(axes, _costs(duel), strict=True):
        if not np.isnan(row["sd"]):
            ax.axhspan(row["score"] - row["sd"], row["score"] + row["sd"], color=colour, alpha=0.13, lw=0, zorder=0)
        ax.plot(per_run[what], duel.scores[name], ls="", marker=marker, color=colour, ms=4.5, alpha=0.6)
        label = plain(f"{name}, {row['runs']} seed{'s' if row['runs'] > 1 else ''}")
        ax.plot([np.mean(per_run[what])], [row["score"]], ls="", marker=marker, color=colour, ms=10, mec="white", mew=1.2,
                zorder=4, label=label)  # fmt: skip


def _curves(duel: Any, ax: Axes) -> None:
    """Quality over time of every run, thin; of the one in training, thicker."""
    shown = [(name, run, False) for name, several in duel.runs.items() for run in several]
    shown += [(duel.at[0], duel.now, True)] if duel.at and duel.now is not None else []
    for name, run, now in shown:
        frame = run.frame()
        if run.store.metric not in frame:
            continue
        colour, marker = look(duel, name)
        style: dict[str, Any] = (
            {"lw": 2.2, "ls": "--", "marker": marker, "ms": 4, "mfc": "white"} if now else {"lw": 1, "alpha": 0.45}
        )
        label = plain(f"{name}, in training") if now else None
        ax.plot(frame["seconds"], frame[run.store.metric], color=colour, label=label, **style)


def _controls(duel: Any, axes: Any) -> None:
    """What needs no neural network, as lines that a model has to beat."""
    run = next((r for runs in duel.runs.values() for r in runs), None)
    if run is None:
        return
    facts = run.store.facts
    for name, key, style in zip(controls(facts), ("majority", "control"), (":", "-."), strict=True):
        if facts.get(key) is not None:
            for ax in axes:
                ax.axhline(facts[key], color=GREY, ls=style, lw=1.3, label=f"{name} {facts[key]:.2f}")


def _weights(ax: Axes, weights: list[int]) -> None:
    """A scale of powers of ten with room on both sides, in k and M."""
    ax.set_xscale("log")
    if weights:
        ax.set_xlim(max(1, min(weights) / 6), max(weights) * 6)
    ax.xaxis.set_major_formatter(EngFormatter(places=0, sep=""))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _style(ax: Axes, words: str) -> None:
    ax.set_xlabel(words)
    quiet(ax)


def look(duel: Any, name: str) -> tuple[str, str]:
    """The colour and the mark of a contender, the same in every picture of a duel."""
    i = list(duel.contenders).index(name)
    return SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]


def costs_words(duel: Any) -> str:
    """The picture in words."""
    metric, (what, of) = _metric(duel), _costs(duel)[2]
    rows = [
        f"{r['contender']} {r['score']:.3f}{_spread(r['sd'])} with {r['weights that learn']:,} weights that learn, "
        f"{r['seconds']:.0f} s, {r[what]:.0f} MB"
        for r in duel.totals().to_dict("records")
    ]
    begun = f"Chart of {duel.split} {METRICS.get(metric, metric)} against training time, weights that learn and {of.removesuffix(' (MB)')}: "
    return begun + ("; ".join(rows) or "no run has ended yet") + "."


def _spread(sd: float) -> str:
    return "" if np.isnan(sd) else f" ± {sd:.3f}"


def _metric(duel: Any) -> str:
    """What quality is measured by; accuracy where no run has begun."""
    run = next((r for runs in duel.runs.values() for r in runs), duel.now)
    return str(run.store.metric) if run is not None else "accuracy"
