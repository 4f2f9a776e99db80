"""A search on the screen: trials, the importance of fields, the verdict, and the live view with Stop. Nothing is decided here.

Pictures are frame and axes in, axes out, as in `figures`.
"""

from __future__ import annotations

import html
import time
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbench.views import figures as fig
from workbench.views.tables import image_html, table_html

PERIOD = 1.0  # seconds between looks at the trials
SHOWN = 12  # rows of the table


def trial_scores(frame: pd.DataFrame, ax: Axes, *, label: str, higher: bool = True) -> Axes:
    """Score against trial number: finished ones filled, pruned ones crosses, the best so far a line.

    `frame`: columns trial, state and score, one row per trial (`Search.frame()`).
    """
    scored = frame[frame["score"].notna()]
    finished = scored[(scored["state"] == "finished") | counts_though_pruned(scored)]
    for state, marker, colour in (("finished", "o", fig.TRAIN), ("pruned", "X", fig.VALID)):
        some = scored[scored["state"] == state]
        if len(some):
            ax.plot(some["trial"], some["score"].astype(float), marker, color=colour, ms=6.5, label=state)
    if len(finished):
        best = finished["score"].astype(float)
        best = best.cummax() if higher else best.cummin()
        ax.plot(finished["trial"], best, color=fig.BEST, drawstyle="steps-post", lw=1.6, label="best so far")
    ax.set_xlabel("trial number")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    fig.quiet(ax)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, fontsize=8, frameon=False)
    return ax


def counts_though_pruned(frame: pd.DataFrame) -> Any:
    """An overfitting trial was pruned behind its best weights, and their score counts."""
    return (frame["state"] == "pruned") & (frame["verdict"] == "overfitting")


def importance_bars(importance: pd.Series, ax: Axes) -> Axes:
    """One bar per field, the most important one above; an empty series says that it is too early."""
    if importance.empty:
        ax.text(0.5, 0.5, "importance: from six\nfinished trials on", transform=ax.transAxes, ha="center", va="center",
                fontsize=9, color=fig.GREY)  # fmt: skip
        ax.set_axis_off()
        return ax
    ax.barh(range(len(importance)), importance, color="#C9D3DC", edgecolor=fig.GREY)
    ax.set_yticks(range(len(importance)), [str(n) for n in importance.index], fontsize=8)
    ax.set_ylim(len(importance) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel("importance (share)")
    return ax


def search_figure(found: Any, importance: pd.Series | None = None) -> Figure:
    """Trials at the left, importance at the right."""
    figure = Figure(figsize=(8.6, 3.4), dpi=110, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    trial_scores(found.frame(), left, label=_label(found), higher=found.plan.goal == "score")
    importance_bars(found.importance() if importance is None else importance, right)
    return figure


def alt(found: Any) -> str:
    """The picture in words."""
    frame = found.frame()
    ended = frame[frame["state"].isin(["finished", "pruned"])]
    words = f"Chart of trials: {len(ended)} of {found.trials} ended, {int((ended['state'] == 'pruned').sum())} of them pruned"
    bars = found.importance()
    if len(bars):
        words += "; importance " + ", ".join(f"{name} {share:.2f}" for name, share in bars.items())
    return f"{words}. {verdict(found)}"


def verdict(found: Any) -> str:
    """The best trial, and how many others lie within the noise of one score on so many texts."""
    from workbench.errors import WorkbenchError

    try:
        best = found.best_trial()
    except WorkbenchError:
        return f"The search {found.name} has no finished trial yet."
    notes, frame = best.user_attrs, found.frame()
    values = ", ".join(f"{k}={_short(v)}" for k, v in best.params.items())
    scored, name = len(frame[frame["score"].notna()]), _label(found).partition(" (")[0]
    words = f"Best of {scored}: trial {best.number} with {values}: {name} {best.value:.3f}."
    texts, p = notes.get("n_valid"), best.value
    if found.plan.goal != "score" or notes.get("metric") != "accuracy" or not texts:
        return words
    noise = 1.96 * (2 * p * (1 - p) / texts) ** 0.5
    near = frame[((frame["state"] == "finished") | counts_though_pruned(frame)) & (frame["trial"] != best.number)]
    near = near[near["score"].astype(float) >= p - noise]
    return (
        f"{words} {len(near)} other{'' if len(near) == 1 else 's'} within the noise of {texts} texts (±{100 * noise:.1f} points). "
        "The best of many is partly luck: train it again with other seeds."
    )


def search_html(found: Any) -> str:
    """Picture, verdict and table of the best trials: static HTML."""
    frame = found.frame()
    if frame.empty:
        return f"<p>Search <code>{html.escape(found.name)}</code>: nothing has been trained yet, <code>await</code> it.</p>"
    return (
        image_html(search_figure(found), alt(found), 760)
        + f"<p>{html.escape(verdict(found))}</p>"
        + table_html(
            shown(found, frame), f"Search {found.name}: {min(SHOWN, len(frame))} of {len(frame)} trials, the best first"
        )
    )


def shown(found: Any, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The best trials as rows of words; trials without a score come last."""
    order = frame["score"].astype(float) * (-1 if found.plan.goal == "score" else 1)
    best = frame.assign(order=order).sort_values("order", kind="stable").head(SHOWN)
    return [{k: "" if v is None or v is pd.NA or v != v else _short(v) for k, v in row.items() if k != "order"}
            for row in best.to_dict("records")]  # fmt: skip


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _label(found: Any) -> str:
    if found.plan.goal == "loss":
        return "validation loss (nats)"
    metrics = {t.user_attrs["metric"] for t in found.study.get_trials(deepcopy=False) if "metric" in t.user_attrs}
    name = next(iter(metrics), "score")
    return f"validation {fig.METRICS.get(name, name)} (share)"


class SearchView:
    """The live picture with Stop in an awaiting cell; at the end static HTML takes its place."""

    def __init__(self, found: Any) -> None:
        import ipywidgets as widgets
        from IPython.display import HTML, display

        from workbench.views.buttons import NARROW, button
        from workbench.views.labels import SCRIPT, Picture, show

        self.found, self.last, self.drawn = found, 0.0, -1
        self.picture, self.words = Picture(), widgets.HTML()
        words = "End the search; the trial in hand goes back into the queue"
        self.stop = button("Stop", "stop", words, found.stop, NARROW)
        display(HTML(SCRIPT))
        box = widgets.VBox([self.stop, self.picture.box, self.words])
        left = "This search was not finished when the notebook was saved: the same cell goes on with it."
        self.handle = show(box, left, display_id=True)

    def tick(self) -> None:
        """Draw when a trial has ended; called often from the awaiting coroutine."""
        now = time.monotonic()
        if now - self.last < PERIOD:
            return
        self.last = now
        frame = self.found.frame()
        ended = len(frame[frame["state"].isin(["finished", "pruned", "failed"])])
        if ended != self.drawn:
            self.drawn = ended
            self.picture.show(fig.png(search_figure(self.found)), alt(self.found))
        self.words.value = status_html(self.found, frame)

    def close(self) -> None:
        """Put the finished picture where the live one was."""
        from IPython.display import HTML

        if self.handle is not None:
            self.handle.update(HTML(search_html(self.found)))
        for widget in (self.picture, self.words, self.stop):
            widget.close()


def status_html(found: Any, frame: pd.DataFrame) -> str:
    """One line while the search goes on: how far it is, and what is being trained now."""
    ended, running = frame[frame["state"].isin(["finished", "pruned"])], frame[frame["state"] == "running"]
    now = "; ".join(", ".join(f"{n} {_short(row[n])}" for n in found.plan.names) for row in running.to_dict("records"))
    words = f"<b>{len(ended)} of {found.trials}</b> trials"
    if now:
        words += f" · now: {html.escape(now)}"
    if found.stopped:
        words += " · stopping"
    return f'<div role="status" style="line-height:1.5">{words}</div>'
