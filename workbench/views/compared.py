"""Runs in a table, found again by their names, and side by side. No training here."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training.run import Run
from workbench.training.run import runs as all_runs
from workbench.training.store import called
from workbench.views import figures as fig
from workbench.views.asked import run_of
from workbench.views.tables import image_html, shortened, table_html


def data_called(run: Run) -> str:
    """The data of a run by its name; where it was made by hand, as it says of itself, or "data"."""
    return str(run.store.facts.get("data_title") or called(run.config.data))


def rates(run: Run) -> str:
    """The learning rate of a run, and where it was moved to while it trained."""
    moved = run.store.last(ev.RateChanged)
    return f"{run.config.learning_rate:.2g}" + (f" → {moved.after:.2g}" if moved else "")


def run_row(run: Run) -> dict[str, Any]:
    """One line of a table of runs."""
    kept, metric, c = run.kept, run.store.metric, run.config
    frame = run.frame()
    return {
        "run": run.id,
        "status": run.status,
        "model": called(c.model, dated=True),
        "data": data_called(run),
        "rate": rates(run),
        "batch": c.batch_size,
        "texts": run.store.facts.get("n_train", c.train_examples or "–"),
        "score": f"{fig.METRICS.get(metric, metric)} {kept[metric]:.3f}" if kept and metric in kept else "–",
        "validation loss": f"{kept['valid_loss']:.3f}" if kept else "–",
        "at step": int(kept["step"]) if kept else "–",
        "seconds": f"{frame['seconds'].iloc[-1]:.0f}" if len(frame) else "–",
        "verdict": run.diagnosis.verdict,
    }


def _any_row(run: Run) -> dict[str, Any]:
    """`run_row`; of a folder whose numbers make no sense its name alone, so that it does not hide the others."""
    try:
        return run_row(run)
    except (TypeError, ValueError, KeyError, ArithmeticError):
        return {"run": run.id, "status": "cannot be read"}


class Runs(list):
    """A list of runs that shows itself as a table. A run is found again by its name, or by a part of it that no other has.

    A place in the list is none to remember: every new run moves the others on.
    """

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return Runs(super().__getitem__(key))
        return self._called(key) if isinstance(key, str) else super().__getitem__(key)

    def _called(self, name: str) -> Run:
        found = [r for r in self if r.id == name] or [r for r in self if name in r.id]
        if len(found) == 1:
            return found[0]
        some = f"{name!r} is a part of {len(found)} names" if found else f"no run {name!r}"
        newest = ", ".join(r.id for r in (found or self)[:3]) or "none yet"
        raise WorkbenchError(some, "the name of a run, or a part of it that no other has", newest)

    def __repr__(self) -> str:
        if not self:
            return "No runs yet. Try: wb.fit('reviews')."
        return pd.DataFrame(self.rows()).to_string(index=False)

    def _repr_html_(self) -> str:
        return table_html(self.rows()) or html.escape(repr(self))

    def rows(self) -> list[dict[Any, Any]]:
        """A line for every run, of a damaged one too."""
        return pd.DataFrame([_any_row(r) for r in self]).fillna("").to_dict("records")


def runs() -> Runs:
    """Every run of this folder, newest first. `wb.runs()["20260131-0930"]` is the one whose name has that in it."""
    return Runs(all_runs())


class Comparison:
    """Runs side by side. `frame()` is the table: one row per run, the settings that differ and the scores."""

    def __init__(self, several: Sequence[Run]) -> None:
        if len(several) == 1 and isinstance(several[0], list | tuple):
            several = several[0]
        if not several:
            raise WorkbenchError("nothing to compare", "two or more runs", "wb.compare(run, other)")
        self.runs = [run_of(r) for r in several]

    def frame(self) -> pd.DataFrame:
        """The settings that differ, metric and loss of the weights that are kept and their step, seconds, verdict."""
        settings = [
            {**r.config.__dict__, "model": called(r.config.model, dated=True), "data": data_called(r)}
            for r in self.runs
        ]
        differing = [k for k in settings[0] if len({repr(s[k]) for s in settings}) > 1]
        rows, forks = [], {getattr(r, "id", ""): f"run {i + 1}" for i, r in enumerate(self.runs)}
        forked = any(r.store.facts.get("fork") for r in self.runs)
        for run, setting in zip(self.runs, settings, strict=True):
            line = run_row(run)
            fork = run.store.facts.get("fork")
            branch = {"forked": f"{forks.get(fork['parent'], fork['parent'])} at step {fork['step']}" if fork else "–"}
            keep = {k: line[k] for k in ("score", "validation loss", "at step", "seconds", "verdict")}
            chosen = {k: "–" if setting[k] is None else setting[k] for k in differing}  # None would become nan
            rows.append(chosen | (branch if forked else {}) | keep)
        return pd.DataFrame(rows, index=pd.Index(range(1, len(rows) + 1), name="run"))

    def __repr__(self) -> str:
        return self.frame().to_string()

    def _repr_html_(self) -> str:
        rows = [{"run": i, **r} for i, r in zip(self.frame().index, self.frame().to_dict("records"), strict=True)]
        return table_html(rows) + overlay_html(self.runs, "valid_loss", "step", self._names())

    def _names(self) -> list[str] | None:
        """For the picture: the number of each run and the one setting in which they differ; None where there are more, or none."""
        frame = self.frame()
        differing = list(frame.columns[: list(frame.columns).index("score")])
        if len(differing) != 1:
            return None
        what = differing[0].replace("_", " ")
        called = [v if isinstance(v, str) and v != "–" else f"{what} {v}" for v in frame[differing[0]]]
        return [f"{i}: {shortened(name, 24)}" for i, name in zip(frame.index, called, strict=True)]


def short_names(several: Sequence[Run]) -> list[str]:
    """The beginnings of runs' names, date and time, where they tell them apart; else the names."""
    times = [r.id[:15] for r in several]
    return times if len(set(times)) == len(times) else [r.id for r in several]


def overlay_html(chosen: list[Run], column: str, by: str, names: list[str] | None = None) -> str:
    """A column of several runs in one picture."""
    from matplotlib.figure import Figure

    called = names or [f"{i + 1}" for i in range(len(chosen))]
    ends = [
        f"{name}: {r.frame()[column].iloc[-1]:.3f}"
        for name, r in zip(called, chosen, strict=True)
        if column in r.frame() and len(r.frame())
    ]
    if not ends:
        return f"<p>None of these runs has {html.escape(fig.METRICS.get(column, column.replace('_', ' ')))}.</p>"
    figure = Figure(figsize=(7.2, 3.2), dpi=110, layout="constrained")
    fig.overlay(chosen, figure.add_subplot(), column=column, by=by, names=called)
    what = column.replace("valid_", "validation ").replace("train_", "training ").replace("_", " ")
    return image_html(figure, f"Line chart of {what} for {len(chosen)} runs; last values {', '.join(ends)}.")
