"""What pictures of runs are made of: frame and axes in, axes out. Never pyplot, never torch, never shown here.

Colours are from Okabe and Ito's palette, told apart with colour blindness, and every series differs in its line or marker too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

TRAIN, VALID, BEST, GREY, SHADE = "#0072B2", "#D55E00", "#009E73", "#5F6670", "#F0C9A8"
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS, DASHES = "osD^vPX", ("-", "--", "-.", ":")
SIZE, DPI = (7.6, 5.2), 110
CONTROLS = ("majority class", "TF-IDF + LR")
METRICS = {"f1": "F1", "token_accuracy": "token accuracy"}


def plain(text: object) -> str:
    """Words of people or of data for a picture: a $ in them begins no formula."""
    return str(text).replace("$", r"\$")


def loss_curves(frame: pd.DataFrame, ax: Axes, *, planned: int | None = None, unit: str = "text") -> Axes:
    """Training and validation loss against optimiser steps; the best step marked, what lies past it shaded with GL%.

    `frame` has one row per evaluation: step, train_loss, valid_loss (nats per `unit`, both in eval mode).
    """
    LossArtists(ax).update(frame)
    style_loss(ax, planned if planned else (int(frame["step"].max()) if len(frame) else 1), loss_top(frame), unit)
    legend_outside(ax)
    return ax


def batch_losses(steps: pd.DataFrame, ax: Axes) -> None:
    """The loss of every batch as a thin line behind the others (dropout on, so it lies higher and jumps)."""
    shown = steps[steps["loss"].abs() < 50]
    if len(shown):
        stride = max(1, len(shown) // 400)
        ax.plot(shown["step"][::stride], shown["loss"][::stride], color=TRAIN, lw=0.8, alpha=0.3, label="each batch")


class LossArtists:
    """The moving parts of a loss picture: both curves, a ring on the lowest validation loss and, past it, a shaded region
    labelled with the generalisation loss. With `animated` they are left out of a full draw, and drawn by `draw`."""

    def __init__(self, ax: Axes, animated: bool = False) -> None:
        self.ax = ax
        some: dict[str, Any] = {"animated": animated}
        self.shade = ax.axvspan(0, 0, color=SHADE, alpha=0.45, lw=0, zorder=0, visible=False, **some)
        (self.train,) = ax.plot([], [], color=TRAIN, marker="o", ms=3.5, label="training loss", **some)
        (self.valid,) = ax.plot([], [], color=VALID, marker="s", ms=3.5, ls="--", label="validation loss", **some)
        (self.ring,) = ax.plot([], [], "o", ms=11, mfc="none", mew=2, color=BEST, label="best step", **some)
        self.words = ax.text(0, 0.97, "", transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=8.5,
                             color="#6B3A12", **some)  # fmt: skip

    def update(self, frame: pd.DataFrame) -> None:
        """Show these evaluations."""
        from workbench.diagnosis.curves import generalisation_loss

        self.train.set_data(frame["step"], frame["train_loss"])
        self.valid.set_data(frame["step"], frame["valid_loss"])
        finite = frame[frame["valid_loss"].abs() < 1e30]
        if len(finite) < 2:
            return
        best, last = finite.loc[finite["valid_loss"].idxmin()], finite.iloc[-1]
        self.ring.set_data([best.step], [best.valid_loss])
        past = bool(last.step > best.step)
        self.shade.set_visible(past)
        self.shade.set_bounds(best.step, 0, last.step - best.step, 1)
        gl = float(generalisation_loss(finite["valid_loss"]).iloc[-1])
        self.words.set_text(f"past the best step\nGL {gl:.1f}%" if past else "")
        left, right = self.ax.get_xlim()
        edge = 0.11 * (right - left)  # half of the words
        self.words.set_x(min(max((best.step + last.step) / 2, left + edge), right - edge))

    def draw(self) -> None:
        """Put them on the canvas as it is."""
        for artist in (self.shade, self.train, self.valid, self.ring, self.words):
            self.ax.draw_artist(artist)


def metric_curve(
    frame: pd.DataFrame, ax: Axes, *, name: str = "accuracy", majority: float | None = None, control: float | None = None,
    planned: int | None = None, controls: tuple[str, str] = CONTROLS,
) -> Axes:  # fmt: skip
    """A validation metric (0 to 1) against optimiser steps, with the two baselines as lines."""
    if name in frame:
        score = METRICS.get(name, name)
        words = f"validation {score}" if len(score) < 13 else f"validation\n{score}"  # what fits beside the axes
        ax.plot(
            frame["step"],
            frame[name],
            color=VALID,
            marker="s",
            ms=3.5,
            ls="--",
            label=words,
        )
    baseline_lines(ax, majority, control, controls)
    style_metric(ax, name, planned if planned else (int(frame["step"].max()) if len(frame) else 1))
    legend_outside(ax)
    return ax


def baseline_lines(
    ax: Axes, majority: float | None, control: float | None, controls: tuple[str, str] = CONTROLS
) -> None:
    """Horizontal lines that a model has to beat; a long name goes on in a second line of the legend."""
    for value, name, style in ((control, controls[1], "-."), (majority, controls[0], ":")):
        if value is not None:
            words = f"{name} {value:.2f}" if len(name) < 15 else f"{name}\n{value:.2f}"
            ax.axhline(value, color=GREY, ls=style, lw=1.4, label=words)


def style_loss(ax: Axes, planned: int, top: float, unit: str = "text") -> None:
    ax.set_ylabel(f"loss (nats per {unit})")
    _x(ax, planned)
    ax.set_ylim(0, top)


def style_metric(ax: Axes, name: str, planned: int) -> None:
    ax.set_ylabel(f"{METRICS.get(name, name)} (share)")
    ax.set_xlabel("optimiser steps")
    _x(ax, planned)
    ax.set_ylim(0, 1.02)


def _x(ax: Axes, planned: int) -> None:
    ax.set_xlim(0, max(1, planned) * 1.02)
    ax.xaxis.set_major_locator(whole_steps())
    quiet(ax)


def quiet(ax: Axes) -> None:
    """A pale grid behind the drawing, and no frame above and at the right."""
    ax.grid(True, color="#E3E6EA", lw=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def whole_steps() -> MaxNLocator:
    """Ticks for optimiser steps: there is no step 2.5."""
    return MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True)


def loss_top(frame: pd.DataFrame, room: float = 1.25) -> float:
    """An upper limit with room above the highest finite loss, so that it seldom has to move."""
    losses = pd.concat([frame["train_loss"], frame["valid_loss"]]) if len(frame) else pd.Series(dtype=float)
    losses = losses[losses.abs() < 1e30].dropna()
    return max(0.1, float(losses.max()) * room) if len(losses) else 1.0


def legend_outside(ax: Axes) -> None:
    """A legend to the right of the axes, where it covers nothing."""
    if not ax.get_legend_handles_labels()[0]:
        return
    ax.legend(
        loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize=8.5, handlelength=2.4, borderaxespad=0
    )


def two_axes() -> tuple[Figure, Axes, Axes]:
    """The figure of a run: loss above, metric below, room for legends at the right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 2), hspace=0.16, left=0.09, right=0.765, top=0.94, bottom=0.1)
    above = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1])
    above.tick_params(labelbottom=False)
    return figure, above, below


def controls(facts: dict[str, Any]) -> tuple[str, str]:
    """What the two baselines of a run are called."""
    first, second = facts.get("controls", CONTROLS)
    return str(first), str(second)


def overlay(
    runs: list[Any], ax: Axes, *, column: str = "valid_loss", by: str = "step", names: list[str] | None = None
) -> Axes:
    """One line per run: a column of their frames against steps, epochs or seconds. Without names they are numbered from 1.
    Lines differ in colour, dashes and marker, so that one is seen through another that lies on it."""
    for i, run in enumerate(runs):
        frame, colour = run.frame(), SERIES[i % len(SERIES)]
        if fork := run.store.facts.get("fork"):
            branch = frame[frame["step"] >= fork["step"]]
            if any(getattr(r, "id", None) == fork["parent"] for r in runs):
                frame = branch  # what lies before it is drawn once: by the parent
            if column in branch and len(branch):
                begun = branch.iloc[:1]
                ax.plot(begun[by], begun[column], "D", ms=7, mfc="white", mew=1.8, mec=colour, zorder=4)
        if column in frame and len(frame):
            ax.plot(frame[by], frame[column], color=colour, ls=DASHES[i % len(DASHES)],
                    marker=MARKERS[i % len(MARKERS)], ms=4, label=plain(names[i] if names else i + 1))  # fmt: skip
    ax.set_xlabel({"step": "optimiser steps", "seconds": "training time (s)", "epoch": "epochs"}[by])
    if by == "step":
        ax.xaxis.set_major_locator(whole_steps())
    units = {r.store.facts.get("unit", "text") for r in runs}
    loss = "validation loss\n(nats per " if len(units) > 1 else "validation loss (nats per "
    loss += f"{' or '.join(sorted(units))})"
    ax.set_ylabel(loss if column == "valid_loss" else f"validation {METRICS.get(column, column)} (share)")
    ax.grid(True, color="#E3E6EA", lw=0.7)
    legend_outside(ax)
    return ax


NAME = 24  # signs of a label that a picture has room for; the words beneath it have all


def confusion_matrix(counts: pd.DataFrame, ax: Axes) -> Axes:
    """Rows are what is right, columns what was answered, numbers are counts; shade is the share of the row."""
    share = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for i in range(len(counts)):
        for j in range(len(counts.columns)):
            ax.text(j, i, f"{int(counts.iat[i, j])}", ha="center", va="center", fontsize=8,
                    color="white" if share.iat[i, j] > 0.72 else "#222222")  # fmt: skip
    names = [plain(n if len(n) <= NAME else f"{n[: NAME - 1]}…") for n in map(str, counts.index)]
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    unit = counts.attrs.get("unit", "text")
    ax.set_xlabel(f"answer (number of {unit}s)")
    ax.set_ylabel("right")
    return ax


def confusion_words(counts: pd.DataFrame, most: int = 3) -> str:
    """The matrix in words: the share that is right and the commonest confusions."""
    table = counts.to_numpy()
    total, hits = int(table.sum()), int(np.trace(table))
    apart = np.argwhere(table * (1 - np.eye(*table.shape)))  # thousands of labels are millions of pairs
    pairs = sorted(((int(table[i, j]), counts.index[i], counts.columns[j]) for i, j in apart), key=lambda p: -p[0])
    unit = counts.attrs.get("unit", "text")
    words = ", ".join(f"{a} taken for {b} {n} times" for n, a, b in pairs[:most])
    return f"Confusion matrix: {hits} of {total} {unit}s right" + (f"; {words}." if words else ".")


def png(figure: Figure, level: int = 1) -> bytes:
    """The figure as PNG bytes. Level 1 compression: several times faster than the default for a little more size.

    A figure without a canvas that draws gets one here.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    canvas.draw()
    return encode(canvas, level)


def encode(canvas: Any, level: int = 1) -> bytes:
    """What the canvas holds now, as PNG bytes."""
    return _bytes(canvas, format="png", compress_level=level)


def jpeg(canvas: Any) -> bytes:
    """What the canvas holds now, as JPEG bytes in full colour resolution: a fifth of the time of PNG, for live pictures."""
    return _bytes(canvas, format="jpeg", quality=92, subsampling=0)


def _bytes(canvas: Any, **how: Any) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    pixels = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    pixels.convert("RGB").save(out, **how)
    return out.getvalue()
