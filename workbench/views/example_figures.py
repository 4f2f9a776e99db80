"""Pictures of single examples: arrays and axes in, axes out. Never pyplot, never torch, never widgets, never shown here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import workbench.views.figures as fig
from workbench.diagnosis.dynamics import onset, overtaken

# share of evaluations that were right, from `above` on: words, colour, marker; no two differ in colour alone
BANDS = (
    (-0.01, "never", "#D55E00", "x"),
    (0.0, "up to 1/3", "#E69F00", "^"),
    (1 / 3, "up to 2/3", "#CC79A7", "D"),
    (2 / 3, "above 2/3", "#56B4E9", "s"),
    (0.999999, "always", "#0072B2", "o"),
)
BINS = np.linspace(0, 1, 21)
PARTS = (("train", "training", fig.TRAIN), ("validation", "validation", fig.VALID))


def map_figure() -> tuple[Figure, Axes]:
    """An empty data map with room for its legend; its axes do not move, so that a click can be found on it."""
    figure = Figure(figsize=(5.7, 4.4), dpi=fig.DPI, facecolor="white")
    return figure, figure.add_axes((0.11, 0.12, 0.625, 0.85))


def data_map(frame: pd.DataFrame, ax: Axes, *, flipped: Any = None) -> Axes:
    """Every training text at its variability (x) and confidence (y); colour and marker say how often it was right.

    `flipped` (texts,) rings those texts in black. Regions are named as in Swayamdipta et al. 2020.
    """
    band = np.searchsorted([b[0] for b in BANDS], frame["correctness"], side="left") - 1
    for number, (_, words, colour, marker) in reversed(list(enumerate(BANDS))):
        some = frame[band == number]
        face: dict[str, Any] = {} if marker == "x" else {"edgecolors": "white", "linewidths": 0.4}
        ax.scatter(some["variability"], some["confidence"], s=30, color=colour, marker=marker, alpha=0.85,
                   label=f"{words} ({len(some)})", zorder=3, **face)  # fmt: skip
    if flipped is not None:
        some = frame[np.asarray(flipped)]
        ax.scatter(some["variability"], some["confidence"], s=88, facecolors="none", edgecolors="#222222", linewidths=1,
                   label=f"flipped ({len(some)})", zorder=4)  # fmt: skip
    widest = max(0.5, float(frame["variability"].max()) * 1.04)
    ax.set_xlim(-0.012, widest)
    ax.set_ylim(-0.03, 1.03)
    for x, y, words, side in ((0.012, 0.985, "easy to learn", "left"), (0.012, 0.015, "hard to learn", "left"),
                              (0.988, 0.5, "ambiguous", "right")):  # fmt: skip
        ax.text(x, y, words, transform=ax.transAxes, ha=side, va={0.985: "top", 0.015: "bottom"}.get(y, "center"), fontsize=9,
                style="italic", color=fig.GREY, zorder=2, bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 1.5})  # fmt: skip
    ax.set_xlabel("variability (standard deviation of the probability)")
    ax.set_ylabel("confidence (mean probability of its label)")
    fig.quiet(ax)
    fig.legend_outside(ax)
    legend: Any = ax.get_legend()
    legend.set_title("answered with\nits label", {"size": 8.5})
    legend.set_alignment("left")
    return ax


def map_words(frame: pd.DataFrame) -> str:
    """The map in words."""
    never, always = (frame["correctness"] == 0).sum(), (frame["correctness"] == 1).sum()
    return (
        f"Scatter chart of {len(frame)} training texts, variability against confidence: {always} were right at every evaluation, "
        f"{never} at none. Median confidence {frame['confidence'].median():.2f}, median variability {frame['variability'].median():.2f}."
    )


def path(steps: np.ndarray, p: np.ndarray, right: np.ndarray, ax: Axes) -> Axes:
    """The probability of one text's label through training; a dot where it was the answer, a cross where it was not."""
    ax.plot(steps, p, color=fig.TRAIN, lw=1.4, zorder=2)
    for some, words, marker, colour in ((right, "is the answer", "o", fig.TRAIN), (~right, "is not", "X", fig.VALID)):
        if some.any():
            ax.plot(steps[some], p[some], ls="", ms=6, label=words, zorder=3, marker=marker, color=colour)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlim(-0.03 * float(steps.max()), float(steps.max()) * 1.03)
    ax.set_xlabel("optimiser steps")
    ax.set_ylabel("p(its label)")
    fig.quiet(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False, fontsize=8.5, borderaxespad=0.1)
    return ax


def path_figure(steps: np.ndarray, p: np.ndarray, right: np.ndarray) -> Figure:
    """The path of one text as a figure of its own."""
    figure = Figure(figsize=(3.4, 2.1), dpi=fig.DPI, facecolor="white")
    path(steps, p, right, figure.add_axes((0.15, 0.22, 0.83, 0.65)))
    return figure


def histogram(ax: Axes, colour: str, hatch: str) -> Axes:
    """An empty histogram of the probability of the right label over the texts of one split, in bins of 0.05, with a line for the mean
    and a place for words above it. `fill` gives it its values."""
    ax.bar(
        BINS[:-1],
        np.zeros(len(BINS) - 1),
        width=0.05,
        align="edge",
        color=colour,
        edgecolor="white",
        lw=0.6,
        hatch=hatch,
    )
    ax.axvline(0, color="#222222", lw=1.2, ls="--")
    ax.text(0, 1.03, "", transform=ax.transAxes, fontsize=9, va="bottom")
    ax.set_xlim(0, 1)
    ax.set_ylabel("share of texts")
    fig.quiet(ax)
    return ax


def fill(ax: Axes, p: np.ndarray, name: str) -> None:
    """Put probabilities (texts,) into a histogram."""
    for bar, share in zip(ax.patches, shares(p), strict=True):
        bar.set_height(share)  # type: ignore[attr-defined]
    ax.lines[0].set_xdata([float(p.mean())] * 2)
    ax.texts[0].set_text(f"{name}, {len(p)} texts: mean {p.mean():.2f}, below one half {np.mean(p < 0.5):.0%}")


def shares(p: np.ndarray) -> np.ndarray:
    """The share of all texts in each bin."""
    return np.histogram(p, BINS)[0] / max(1, len(p))


class Histograms:
    """Training above validation on the same axes. What stands still is drawn once, the bars over a copy of it: `update` is cheap
    enough for a run that trains."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.figure = Figure(figsize=(7.6, 4.2), dpi=fig.DPI, facecolor="white")
        self.canvas: Any = FigureCanvasAgg(self.figure)
        grid = self.figure.add_gridspec(2, 1, hspace=0.3, left=0.085, right=0.985, top=0.89, bottom=0.115)
        self.axes = [histogram(self.figure.add_subplot(grid[i]), PARTS[i][2], ("", "////")[i]) for i in range(2)]
        self.axes[0].tick_params(labelbottom=False)
        self.axes[1].set_xlabel("probability of the right label (dashed: mean)")
        self.step = self.figure.text(0.085, 0.955, "", fontsize=10, color="#222222")
        self.limit, self.background = 0.0, None

    def show(self, examples: Any, evaluation: int = -1) -> Figure:
        """The figure with the values of one evaluation."""
        for ax, (split, name, _) in zip(self.axes, PARTS, strict=True):
            fill(ax, getattr(examples, split).p_right[evaluation], name)
            ax.set_ylim(0, top(examples, evaluation))
        self.step.set_text(f"Step {int(examples.steps[evaluation])}")
        return self.figure

    def update(self, examples: Any) -> bytes:
        """The newest evaluation as JPEG."""
        self.show(examples)
        moving = [(ax, artist) for ax in self.axes for artist in (*ax.patches, ax.lines[0], ax.texts[0])]
        if self.limit != (limit := top(examples, -1)):
            for artist in (self.step, *(a for _, a in moving)):
                artist.set_animated(True)
            self.limit = limit
            self.canvas.draw()
            self.background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self.background)
        for ax, artist in moving:
            ax.draw_artist(artist)
        self.figure.draw_artist(self.step)
        return fig.jpeg(self.canvas)


def top(examples: Any, evaluation: int) -> float:
    """An upper limit for both histograms that seldom moves: a quarter, a half or the whole of the texts."""
    highest = max(shares(getattr(examples, split).p_right[evaluation]).max() for split, *_ in PARTS)
    return next(limit for limit in (0.25, 0.5, 1.02) if highest <= limit)


def histograms_words(examples: Any, evaluation: int = -1) -> str:
    """The two histograms in words."""
    said = []
    for split, name, _ in PARTS:
        p = getattr(examples, split).p_right[evaluation]
        said.append(f"{name} mean {p.mean():.2f}, {np.mean(p < 0.5):.0%} of {len(p)} texts below one half")
    return f"Two histograms of the probability of the right label at step {int(examples.steps[evaluation])}: {'; '.join(said)}."


def memorisation(frame: pd.DataFrame, ax: Axes, best: float | None = None) -> Axes:
    """What the texts with flipped labels are answered with: their true label, the wrong one that they were given, another one."""
    steps = frame["step"]
    ax.plot(steps, frame["true"], color=fig.TRAIN, marker="o", ms=4, label="their true label")
    ax.plot(steps, frame["given"], color=fig.VALID, marker="s", ms=4, ls="--", label="the wrong label\nthey were given")
    ax.plot(steps, frame["other"], color=fig.GREY, marker="^", ms=3.5, ls=":", label="another label")
    ax.plot(steps, frame["expected"], color="#222222", lw=1, ls="-.", label="the wrong label,\nby mistake alone")
    start = onset(frame, int(frame["flipped"].iloc[0]))
    if start is not None:
        begin = steps.iloc[max(0, start - 1)] if start else steps.iloc[0]
        ax.axvspan((begin + steps.iloc[start]) / 2, steps.iloc[-1] * 1.02, color=fig.SHADE, alpha=0.35, lw=0, zorder=0,
                   label="memorising")  # fmt: skip
    if best is not None:
        ax.axvline(best, color=fig.BEST, lw=1.6, label="lowest\nvalidation loss")
    ax.set_xlim(0, max(1, steps.max()) * 1.02)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("optimiser steps")
    ax.set_ylabel("share of flipped texts answered with")
    fig.quiet(ax)
    fig.legend_outside(ax)
    return ax


def memorisation_figure(frame: pd.DataFrame, best: float | None = None) -> Figure:
    """The noise probe as a figure."""
    figure = Figure(figsize=(7.6, 3.9), dpi=fig.DPI, facecolor="white")
    memorisation(frame, figure.add_axes((0.085, 0.135, 0.66, 0.82)), best)
    return figure


def memorisation_words(frame: pd.DataFrame, best: float | None = None) -> str:
    """Whether and when flipped labels are memorised, in sentences with their numbers."""
    at, top = frame["step"].astype(int), frame["true"].idxmax()
    n = int(frame["flipped"].iloc[0])
    words = [f"{n} training labels were flipped.",
             f"At most {frame['true'][top]:.0%} of these texts are answered with their true label, at step {at[top]}."]  # fmt: skip
    begin, over = onset(frame, n), overtaken(frame)
    if begin is None:
        words.append("The wrong labels are not memorised: at the end they are answered about as often as by mistake.")
    else:
        words.append(f"Memorising begins by step {at[begin]}: {frame['given'][begin]:.0%} are answered with the wrong label that they "
                     f"were given; mistakes alone would give {frame['expected'][begin]:.0%}.")  # fmt: skip
    if over is not None:
        words.append(f"From step {at[over]} on the wrong label is given more often than the true one.")
    if best is not None and best in set(frame["step"]):
        row = frame[frame["step"] == best].iloc[0]
        words.append(f"Where validation loss is lowest, at step {int(best)}, it is {row['given']:.0%}.")
    return " ".join([*words, f"At the end it is {frame['given'].iloc[-1]:.0%}."])


def scrub_figure(examples: Any, frame: pd.DataFrame, evaluation: int, unit: str = "text") -> Figure:
    """One moment of a run: the loss curves with a cursor, both histograms, and validation's confusion matrix at that step."""
    figure = Figure(figsize=(9.6, 4.8), dpi=100, facecolor="white")
    left = figure.add_gridspec(2, 1, height_ratios=(3, 2), hspace=0.42, left=0.06, right=0.475, top=0.945, bottom=0.105)
    curves, below = figure.add_subplot(left[0]), figure.add_subplot(left[1])
    cursor(frame, curves, float(examples.steps[evaluation]), unit)
    both_histograms(examples, evaluation, below)
    right = figure.add_axes((0.585, 0.2, 0.4, 0.72))
    counts = examples.confusion(evaluation)
    if len(counts) <= 20:
        fig.confusion_matrix(counts, right)
        right.set_title(
            f"validation, {np.trace(counts.to_numpy())} of {counts.to_numpy().sum()} right", loc="left", fontsize=9
        )
    else:  # too many labels for a matrix that anybody could read
        fig.metric_curve(frame, right)
        right.axvline(float(examples.steps[evaluation]), color="#222222", lw=1.2)
    return figure


def cursor(frame: pd.DataFrame, ax: Axes, step: float, unit: str) -> Axes:
    """The loss curves with a line and two larger dots at one step."""
    ax.plot(frame["step"], frame["train_loss"], color=fig.TRAIN, marker="o", ms=3, label="training loss")
    ax.plot(frame["step"], frame["valid_loss"], color=fig.VALID, marker="s", ms=3, ls="--", label="validation loss")
    ax.axvline(step, color="#222222", lw=1.2)
    here = frame[frame["step"] == step].iloc[0]
    ax.plot([step], [here["train_loss"]], "o", ms=8, color=fig.TRAIN)
    ax.plot([step], [here["valid_loss"]], "s", ms=8, color=fig.VALID)
    fig.style_loss(ax, int(frame["step"].max()), fig.loss_top(frame, 1.1), unit)
    ax.set_xlabel("optimiser steps")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8.5, borderaxespad=0.1)
    return ax


def both_histograms(examples: Any, evaluation: int, ax: Axes) -> Axes:
    """The probability of the right label as two outlines on the same axes."""
    for (split, name, colour), line, width in zip(PARTS, ("-", "--"), (1.8, 1.8), strict=True):
        p = getattr(examples, split).p_right[evaluation]
        ax.stairs(shares(p), BINS, color=colour, ls=line, lw=width, label=name)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, top(examples, evaluation))
    ax.set_xlabel("probability of the right label")
    ax.set_ylabel("share of texts")
    fig.quiet(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8.5, borderaxespad=0.1)
    return ax
