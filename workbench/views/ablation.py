"""The ablation: one run as a base, and the same run with one thing changed, for every change and several seeds.

A duel whose first contender is the base. It says what each change does to the curve (lowest validation loss, gap and rebound at
the end) and whether that is more than the spread of the seeds.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.metrics import half_width
from workbench.views.asked import left_to_it, same_labels, seeds_of
from workbench.views.duel import SEEDS, Duel, mean_and_sd
from workbench.views.figures import GREY, METRICS, SERIES, legend_outside, plain
from workbench.views.tables import image_html, table_html

BASE = "base"
NO_DIFFERENCE = "no detectable difference"
ACROSS = 3  # pictures in a row


class Ablation(Duel):
    """A base and its changes. `await` it in a notebook, `join()` it in a script; `frame()`, `verdict()`, `curves()`."""

    def frame(self) -> pd.DataFrame:
        """One row per contender, means over its seeds: `loss` (lowest validation loss, nats) with `sd`; `difference` to the base,
        seed by seed, with the half-width `band` of its 95% interval (Student's t); `score` with `score_sd`; at the last step `gap`
        (validation minus training loss, nats) and `GL` (%); the commonest `verdict`; and what the difference says."""
        rows = [self._row(name) for name, runs in self.runs.items() if runs]
        return pd.DataFrame(rows)

    def _row(self, name: str) -> dict[str, Any]:
        from workbench.diagnosis.curves import generalisation_loss

        runs = self.runs[name]
        ends = [r.frame().iloc[-1] for r in runs]
        loss, sd = mean_and_sd([_lowest(r) for r in runs])
        score, score_sd = mean_and_sd(self.scores[name])
        difference, band = self.difference(name)
        return {
            "change": name, "runs": len(runs), "loss": loss, "sd": sd, "difference": difference, "band": band,
            "score": score, "score_sd": score_sd,
            "gap": float(np.mean([e["valid_loss"] - e["train_loss"] for e in ends])),
            "GL": float(np.mean([generalisation_loss(r.frame()["valid_loss"]).iloc[-1] for r in runs])),
            "verdict": Counter(r.diagnosis.verdict for r in runs).most_common(1)[0][0],
            "against the base": "" if name == BASE else in_words(difference, band),
        }  # fmt: skip

    def difference(self, name: str) -> tuple[float, float]:
        """Lowest validation loss minus that of the base with the same seed: the mean, and the half-width of its 95% interval
        (not a number with one seed)."""
        base = {r.config.seed: _lowest(r) for r in self.runs[BASE]}
        pairs = [_lowest(r) - base[r.config.seed] for r in self.runs[name] if r.config.seed in base]
        if name == BASE or not pairs:
            return float("nan"), float("nan")
        return band_of(pairs)

    def verdict(self) -> str:
        """Which changes lower or raise the lowest validation loss, and for which no difference can be detected."""
        frame = self.frame()
        if len(frame) < 2 or BASE not in set(frame["change"]):
            return "An ablation needs the base and one change with a finished run."
        said: dict[str, list[str]] = {}
        for row in frame[frame["change"] != BASE].to_dict("records"):
            said.setdefault(row["against the base"], []).append(_signed(row))
        return f"Lowest validation loss of the base: {frame['loss'].iloc[0]:.3f}. " + " ".join(
            f"{words[0].upper()}{words[1:]}: {', '.join(names)}." for words, names in said.items()
        )

    def figure(self) -> Figure:
        """The lowest validation loss of every seed with its mean and spread; what lies in the grey band is like the base."""
        frame = self.frame()
        figure = Figure(figsize=(8.6, 1.4 + 0.42 * len(frame)), dpi=110, layout="constrained")
        loss_dots(self, figure.subplots())
        return figure

    def alt(self) -> str:
        rows = self.frame().to_dict("records")
        words = "; ".join(f"{r['change']} {r['loss']:.3f}, GL {r['GL']:.0f}% at the end" for r in rows)
        return f"Chart of the lowest validation loss of every change: {words}."

    def curves(self) -> Figure:
        """One small picture per change: its two losses in colour over those of the base in grey, means over the seeds."""
        names = [name for name, runs in self.runs.items() if runs and name != BASE]
        if not names or not self.runs[BASE]:
            raise WorkbenchError("nothing has been trained yet", "a finished ablation", "await ablation")
        rows = -(-len(names) // ACROSS)
        figure = Figure(figsize=(9.4, 0.7 + 2.1 * rows), dpi=110, layout="constrained")
        axes = figure.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False)
        base, unit = mean_curve(self.runs[BASE]), self.runs[BASE][0].store.facts.get("unit", "text")
        for i, name in enumerate(names):
            over(base, mean_curve(self.runs[name]), axes[i // ACROSS, i % ACROSS], name)
        for ax in axes.flat[len(names) :]:
            ax.set_visible(False)
        figure.supxlabel("optimiser steps", fontsize=9)
        figure.supylabel(f"loss (nats per {unit})", fontsize=9)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncol=4, fontsize=8.5, frameon=False)
        return figure

    def _repr_html_(self) -> str:
        frame = self.frame()
        if frame.empty:
            return "<p>Nothing has been trained yet: <code>await</code> the ablation.</p>"
        metric = next(r for runs in self.runs.values() for r in runs).store.metric
        shown = table_html(_shown(frame, METRICS.get(metric, metric)), _CAPTION)
        if self.runs[BASE] and len(frame) > 1:
            shown += image_html(self.curves(), self._curves_alt(frame), 780)
        return shown + image_html(self.figure(), self.alt(), 720) + f"<p>{html.escape(self.verdict())}</p>"

    def _curves_alt(self, frame: pd.DataFrame) -> str:
        words = "; ".join(f"{r['change']}: gap {r['gap']:.2f}, GL {r['GL']:.0f}%" for r in frame.to_dict("records"))
        return (
            f"Line charts of training and validation loss, one per change, over those of the base. At the end {words}."
        )

    def _so_far(self, now: str) -> str:
        return self._progress(now)


_CAPTION = (
    "Means over the seeds. Difference: lowest validation loss minus that of the base with the same seed, ± its 95% band. "
    "Of changes that do nothing, one in twenty crosses such a band by chance."
)


def band_of(differences: Sequence[float]) -> tuple[float, float]:
    """The mean of paired differences and the half-width of its 95% interval by Student's t; one difference has none.

    >>> [round(x, 3) for x in band_of([1.0, 2.0, 3.0])]
    [2.0, 2.484]
    """
    return float(np.mean(differences)), half_width(differences) if len(differences) > 1 else float("nan")


def in_words(difference: float, band: float) -> str:
    """What a difference and its band say of a loss."""
    if np.isnan(band):
        return "one seed: no verdict"
    if abs(difference) <= band:
        return NO_DIFFERENCE
    return "lower" if difference < 0 else "higher"


def mean_curve(runs: Sequence[Any]) -> pd.DataFrame:
    """Mean losses of several runs at each step that they were evaluated at: step, train_loss, valid_loss."""
    frames = [r.frame()[["step", "train_loss", "valid_loss"]] for r in runs]
    return pd.concat(frames).groupby("step", as_index=False).mean()


def over(base: pd.DataFrame, changed: pd.DataFrame, ax: Axes, title: str) -> Axes:
    """Two curves of one change over the two of the base."""
    ax.plot(base["step"], base["train_loss"], color=GREY, lw=1.2, alpha=0.7, label="base, training")
    ax.plot(base["step"], base["valid_loss"], color=GREY, lw=1.2, alpha=0.7, ls="--", label="base, validation")
    ax.plot(changed["step"], changed["train_loss"], color=SERIES[0], marker="o", ms=2.5, label="changed, training")
    ax.plot(
        changed["step"],
        changed["valid_loss"],
        color=SERIES[1],
        marker="s",
        ms=2.5,
        ls="--",
        label="changed, validation",
    )
    ax.set_title(plain(title), fontsize=9, loc="left")
    ax.grid(True, color="#E3E6EA", lw=0.7)
    ax.tick_params(labelsize=8)
    return ax


def loss_dots(ablation: Ablation, ax: Axes) -> Axes:
    """One row per contender: a dot per seed, the mean as a bar with the spread, the spread of the base as a band."""
    frame = ablation.frame()
    for i, row in enumerate(frame.to_dict("records")):
        colour = GREY if row["change"] == BASE else SERIES[0]
        ax.plot(
            [_lowest(r) for r in ablation.runs[row["change"]]], [i] * row["runs"], "o", color=colour, alpha=0.55, ms=5
        )
        ax.errorbar(
            row["loss"],
            i,
            xerr=0 if np.isnan(row["sd"]) else row["sd"],
            fmt="|",
            color=colour,
            ms=16,
            mew=2.5,
            capsize=4,
        )
    base = frame[frame["change"] == BASE]
    if len(base) and not base["sd"].isna().any():
        loss, sd = float(base["loss"].iloc[0]), float(base["sd"].iloc[0])
        ax.axvspan(loss - sd, loss + sd, color=GREY, alpha=0.15, lw=0, label="base, mean ± sd")
    ax.set_yticks(range(len(frame)), [str(n) for n in frame["change"]], fontsize=8.5)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlabel("lowest validation loss (nats; bar: mean ± sd over seeds, dots: seeds)")
    ax.grid(True, axis="x", color="#E3E6EA", lw=0.7)
    legend_outside(ax)
    return ax


def _lowest(run: Any) -> float:
    return float(run.best["valid_loss"])


def _signed(row: dict[str, Any]) -> str:
    return str(row["change"]) + (
        f" ({row['difference']:+.3f} ± {row['band']:.3f})" if not np.isnan(row["band"]) else ""
    )


def _pm(mean: float, spread: float, sign: str = "") -> str:
    return f"{mean:{sign}.3f}" + ("" if np.isnan(spread) else f" ± {spread:.3f}")


def _shown(frame: pd.DataFrame, metric: str) -> list[dict[str, Any]]:
    return [{"change": r["change"], "runs": r["runs"], "lowest validation loss": _pm(r["loss"], r["sd"]),
             "difference": "" if r["change"] == BASE else _pm(r["difference"], r["band"], "+"),
             "against the base": r["against the base"], metric: _pm(r["score"], r["score_sd"]),
             "gap at the end": f"{r['gap']:.2f}", "GL at the end": f"{r['GL']:.1f}%", "verdict": r["verdict"]}
            for r in frame.to_dict("records")]  # fmt: skip


def ablate(
    data: Any = "reviews", changes: Mapping[str, Any] | None = None, *, seeds: int | Sequence[int] = 3, **base: Any
) -> Ablation:
    """What does each of these changes do? The base run, and the base with one change at a time, all with the same seeds.

    `changes`: fields of RunConfig with the value to try, or a list of values (`{"dropout": [0.2, 0.4]}`), or a name with several
    choices that belong together (`{"copies": {"data": wb.augment(...), "epochs": 4}}`). `base`: choices of every run. `await` the
    answer in a notebook, `.join()` it in a script. Raises WorkbenchError for unknown fields and for changes that change nothing.
    """
    from workbench.config import RunConfig, check_names

    check_names(base)
    if not isinstance(changes or {}, Mapping):
        raise WorkbenchError(f"changes {changes!r:.60}", "a dict of fields and the values to try",
                             'wb.ablate("headlines", {"dropout": 0.3})')  # fmt: skip
    left_to_it(base, **SEEDS)
    contenders: dict[str, dict[str, Any]] = {BASE: dict(base)}
    plain = RunConfig(**base)
    for name, own in named_changes(changes or {}).items():
        check_names(own)
        left_to_it(own, **SEEDS)
        if "data" not in own and plain.replace(**own) == plain:
            raise WorkbenchError(f"{name} is what the base has", "a change", "another value, or leaving it out")
        contenders[name] = {**base, **own}
    if others := [own["data"] for own in contenders.values() if "data" in own]:
        same_labels([data, *others])
    if len(contenders) < 2:
        raise WorkbenchError("no changes", "at least one", 'wb.ablate("headlines", {"dropout": 0.3})')
    return Ablation(data, contenders, seeds_of(seeds), "validation")


def named_changes(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every change under a name, as choices.

    >>> named_changes({"dropout": [0.1, 0.3], "smaller": {"layers": 1}})
    {'dropout=0.1': {'dropout': 0.1}, 'dropout=0.3': {'dropout': 0.3}, 'smaller': {'layers': 1}}
    """
    found: dict[str, dict[str, Any]] = {}
    for name, own in changes.items():
        if isinstance(own, Mapping):
            found[str(name)] = dict(own)
            continue
        for value in own if isinstance(own, list | tuple) else [own]:
            found[f"{name}={value}"] = {name: value}
    return found
