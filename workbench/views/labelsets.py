"""Texts with several labels, looked at: how often each label was given rightly, given wrongly and missed. Frame in, picture out."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from workbench.views import figures as fig
from workbench.views.tables import image_html

RIGHT, ADDED, MISSED = "given rightly", "given wrongly", "missed"
PARTS = ((RIGHT, fig.BEST, ""), (MISSED, fig.SHADE, "//"), (ADDED, fig.VALID, "xx"))


def label_counts(counts: pd.DataFrame, ax: Axes) -> Axes:
    """A bar per label, in the order of the frame: given rightly and missed add up to how often it is right; given wrongly stands
    behind them. Told apart by hatching as well as by colour; F1 at the end."""
    names = [fig.plain(n) for n in counts.index]
    left = pd.Series(0, index=range(len(counts)))
    for part, colour, hatch in PARTS:
        values = counts[part].reset_index(drop=True)
        ax.barh(range(len(counts)), values, left=left, color=colour, hatch=hatch, edgecolor="white", label=part)
        left = left + values
    for row, (end, f1) in enumerate(zip(left, counts["F1"], strict=True)):
        ax.text(end, row, f" F1 {f1:.2f}", va="center", fontsize=8, color="#222222")
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, max(1, float(left.max())) * 1.16)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("texts (count)")
    ax.set_ylabel("label")
    fig.legend_outside(ax)
    return ax


def label_counts_words(counts: pd.DataFrame, most: int = 3) -> str:
    """The picture in words: the labels with the lowest F1."""
    worst = counts.sort_values("F1").head(most)
    each = ", ".join(
        f"{n} F1 {r['F1']:.2f} ({int(r[MISSED])} missed, {int(r[ADDED])} given wrongly)" for n, r in worst.iterrows()
    )
    return f"Bars of {len(counts)} labels by how often each was given rightly, given wrongly or missed; lowest: {each}."


def label_counts_html(counts: pd.DataFrame) -> str:
    """The picture with its words."""
    from matplotlib.figure import Figure

    height = 1.0 + 0.32 * len(counts)
    figure = Figure(figsize=(6.6, height), dpi=110, layout="constrained")
    label_counts(counts, figure.add_subplot())
    return image_html(figure, label_counts_words(counts), 660)
