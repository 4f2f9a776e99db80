"""`wb.lineage(run)`: the family of a run as a tree over the steps of training, beneath the curves of all its members.

Every run is a line from the step at which it was forked to its end; the curves above share the axis, so that a branch stands
under the place where its curve leaves the parent's.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.training.fork import family, parent_of, words
from workbench.training.run import Run
from workbench.views import figures as fig
from workbench.views.asked import run_of
from workbench.views.tables import image_html, table_html


class Lineage:
    """A run with its ancestors and everything that was forked from them, parents before children."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.members = _in_order(family(run))

    def frame(self) -> pd.DataFrame:
        """One row per run: its parent's number, the step of the fork, what was changed, lowest loss, its step, verdict."""
        numbers = {r.id: i + 1 for i, r in enumerate(self.members)}
        rows = [
            {
                "from": numbers.get(parent_of(r) or "", "–"),
                "at step": _begin(r) or "–",
                "changed": words(r),
                "lowest validation loss": round(float(r.best["valid_loss"]), 4) if r.best else None,
                "best step": int(r.best["step"]) if r.best else None,
                "verdict": r.diagnosis.verdict,
                "id": r.id,
            }
            for r in self.members
        ]
        return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="run"))

    def figure(self) -> Figure:
        """Curves above, tree below, on one axis of optimiser steps."""
        n = len(self.members)
        figure = Figure(figsize=(8.6, 3.4 + 0.42 * n), dpi=110, layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 0.42 * n + 0.6))
        branch_curves(self.members, above)
        tree(self.members, below)
        return figure

    def alt(self) -> str:
        """The tree in words."""
        frame = self.frame()
        told = "; ".join(f"run {i} {'' if r['from'] == '–' else 'from run ' + str(r['from']) + ' at step ' + str(r['at step']) + ', '}"
                         f"{r['changed']}, lowest loss {r['lowest validation loss']}" for i, r in frame.iterrows())  # fmt: skip
        return f"Line chart of validation loss with a tree of {len(frame)} runs: {told}."

    def __repr__(self) -> str:
        return self.frame().to_string()

    def _repr_html_(self) -> str:
        rows = [{"run": i, **r} for i, r in zip(self.frame().index, self.frame().to_dict("records"), strict=True)]
        return image_html(self.figure(), self.alt(), 760) + table_html(rows)


def lineage(run: Run) -> Lineage:
    """The family of a run: its ancestors, and all forks of them, as a tree beneath their curves, and as a table (`.frame()`)."""
    return Lineage(run_of(run, "fork"))


def branch_curves(members: list[Run], ax: Axes) -> Axes:
    """Validation loss of every member from its fork on; what is inherited is drawn once, by the one who lived it."""
    ends: list[tuple[float, float, str]] = []
    for i, run in enumerate(members):
        frame, begin = run.frame(), _begin(run)
        own = frame[frame["step"] >= begin]
        if own.empty:
            continue
        colour, style = _look(i)
        ax.plot(own["step"], own["valid_loss"], color=colour, ls=style, lw=1.8, marker="o", ms=3, label=f"run {i + 1}")
        if begin:
            ax.plot([begin], [own["valid_loss"].iloc[0]], "D", ms=7, mfc="white", mec=colour, mew=1.8, zorder=4)
        if run.best and run.best["step"] > begin:
            ax.plot([run.best["step"]], [run.best["valid_loss"]], "o", ms=10, mfc="none", mec=colour, mew=1.6, zorder=4)
        ends.append((float(own["step"].iloc[-1]), float(own["valid_loss"].iloc[-1]), str(i + 1)))
    _name_ends(ends, ax)
    ax.set_ylabel("validation loss (nats)")
    ax.grid(True, color="#E3E6EA", lw=0.7)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    fig.legend_outside(ax)
    return ax


def tree(members: list[Run], ax: Axes) -> Axes:
    """One row per run, from its fork to its end; a thin line down from the parent's row, the change written on it."""
    rows = {r.id: i for i, r in enumerate(members)}
    most = max((int(r.frame()["step"].max()) for r in members if len(r.frame())), default=1)
    for i, run in enumerate(members):
        colour, style = _look(i)
        begin = _begin(run)
        end = int(run.frame()["step"].max()) if len(run.frame()) else begin
        if (above := rows.get(parent_of(run) or "")) is not None:
            ax.plot([begin, begin], [above, i], color=fig.GREY, lw=1.2, zorder=1)
        ax.plot([begin, end], [i, i], color=colour, ls=style, lw=3, solid_capstyle="round", zorder=2)
        ax.plot([begin], [i], "D" if begin else "o", ms=7, mfc="white", mec=colour, mew=1.8, zorder=3)
        if run.best and run.best["step"] > begin:
            ax.plot([run.best["step"]], [i], "o", ms=10, mfc="white", mec=colour, mew=1.6, zorder=3)
        lowest = f"   lowest {run.best['valid_loss']:.3f}" if run.best else ""
        ax.text(
            begin + most * 0.012,
            i - 0.17,
            fig.plain(f"{i + 1}: {words(run)}{lowest}"),
            fontsize=8.5,
            va="bottom",
            color="#222222",
        )
    ax.set_ylim(len(members) - 0.5, -0.8)
    ax.set_yticks([])
    ax.set_xlabel("optimiser steps (diamond: fork, ring: lowest validation loss of its own)")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return ax


def _name_ends(ends: list[tuple[float, float, str]], ax: Axes) -> None:
    """Numbers at the ends of the curves; those that end in one place share it: `1, 4`."""
    near = 0.04 * (ax.get_ylim()[1] - ax.get_ylim()[0])
    places: list[tuple[float, float, str]] = []
    for x, y, name in ends:
        same = next((k for k, p in enumerate(places) if p[0] == x and abs(p[1] - y) < near), None)
        if same is None:
            places.append((x, y, name))
        else:
            places[same] = (x, places[same][1], f"{places[same][2]}, {name}")
    for x, y, name in places:
        ax.annotate(name, (x, y), xytext=(9, 0), textcoords="offset points", color="#222222", fontsize=8.5, va="center")


def _begin(run: Run) -> int:
    fork: dict[str, Any] = run.store.facts.get("fork") or {}
    return int(fork.get("step", 0))


def _look(i: int) -> tuple[str, Any]:
    """Colour and line of a member: neighbours differ in both, and a branch that lies on its parent leaves it visible."""
    return fig.SERIES[i % len(fig.SERIES)], ("-", "--", "-.", (0, (1, 1.5)))[i % 4]


def _in_order(members: list[Run]) -> list[Run]:
    """Depth first, later forks above earlier ones, so that no line down crosses another branch."""
    found: list[Run] = []

    def visit(run: Run) -> None:
        found.append(run)
        for child in sorted((r for r in members if parent_of(r) == run.id), key=_begin, reverse=True):
            visit(child)

    visit(members[0])
    return found
