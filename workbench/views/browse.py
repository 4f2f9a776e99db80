"""Looking around: the tabs of the panel for predictions and runs, tables of runs, comparisons. No training here.

Every text that comes from data or from a person is escaped before it reaches HTML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training.run import Run
from workbench.training.run import runs as all_runs
from workbench.training.store import called
from workbench.views import figures as fig
from workbench.views.answers import answer_html
from workbench.views.asked import run_of
from workbench.views.controls import problem_html
from workbench.views.spans import spans_html
from workbench.views.translations import SideBySide

CELL = "padding:2px 8px;text-align:left;vertical-align:top;border-bottom:1px solid #E3E6EA"


def table_html(rows: Sequence[dict[str, Any]], caption: str = "") -> str:
    """Rows of plain values as an HTML table; everything is escaped."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col" style="{CELL}">{html.escape(str(k))}</th>' for k in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{html.escape(str(v))}</td>' for v in r.values()) + "</tr>" for r in rows
    )
    words = f'<caption style="text-align:left;color:#444">{html.escape(caption)}</caption>' if caption else ""
    return f'<table style="border-collapse:collapse;line-height:1.45">{words}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def image_html(figure: Any, alt: str, width: int = 620) -> str:
    """A figure as an <img> with its description."""
    import base64

    data = base64.b64encode(fig.png(figure, 6)).decode()
    return f'<img width="{width}" style="max-width:100%" src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'


class Predictions:
    """Try a text, and see what the model gets most wrong."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.text = widgets.Text(description="Your text", placeholder="Not bad at all", layout={"width": "560px"},
                                 tooltip="Type a text and press Enter", continuous_update=False)  # fmt: skip
        self.ask = widgets.Button(
            description="Predict", icon="comment", tooltip="What does the model say of this text?"
        )
        self.passage = widgets.Textarea(description="Passage", rows=4, layout={"width": "760px", "display": "none"},
                                        placeholder="The text that the question is about",
                                        tooltip="The passage in which the answer is looked for")  # fmt: skip
        self.answer, self.errors = widgets.HTML("<p>Train a model first.</p>"), widgets.HTML()
        self.ask.on_click(lambda _: self.predict())
        self.text.observe(lambda change: self.predict() if change["new"].strip() else None, names="value")
        self.box = widgets.VBox([self.passage, widgets.HBox([self.text, self.ask]), self.answer, self.errors])
        self._shown: str | None = None

    def predict(self) -> None:
        """Answer for the text in the field."""
        run, text = self.panel.run, self.text.value.strip()
        if run is None or not text:
            self.answer.value = (
                f"<p>{'Train a model first, then type' if run is None else 'Type'} a text of your own.</p>"
            )
            return
        if not run.done:
            self.answer.value = "<p>The answer comes when training has ended.</p>"
            return
        try:
            row = run.predict([(text, self.passage.value)] if answers_questions(run) else text).iloc[0]
        except WorkbenchError as error:
            self.answer.value = problem_html(error)
            return
        if "null_odds" in row.index:
            note = f"({row['probability']:.0%})"
            self.answer.value = answer_html(row["question"], row["context"], row["start"], row["answer"], note)
            return
        if "translation" in row.index:
            self.answer.value = f'<p style="font-size:115%">{html.escape(row["translation"])}</p>'
            return
        if run.store.facts.get("task") == "language-modeling":
            likely = f" ({row['probability']:.0%}; then {row['choices']})" if "choices" in row.index else ""
            self.answer.value = f"<p><b>{html.escape(row['answer'])}</b>{html.escape(likely)}</p>"
            return
        if "tags" in row.index:
            self.answer.value = spans_html(row["tokens"], row["tags"])
            return
        if "labels" in row.index:
            self.answer.value = f"<p><b>{html.escape(', '.join(row['labels']) or 'no label')}</b></p>"
        else:
            self.answer.value = ""
        bars = [(c[2:-1], float(row[c])) for c in row.index if c.startswith("p(")]
        self.answer.value += bars_html(sorted(bars, key=lambda b: -b[1])[:8])

    def open(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """The worst errors of the run on display."""
        run = self.panel.run
        self._ask_for_a_passage(run)
        if run is None or not run.done or run.error is not None or run.id == self._shown or not run.best:
            return
        try:
            wrong, counts = run.predictor().review(run.data()["validation"], 8)
        except WorkbenchError as error:
            self.errors.value = problem_html(error)
            return
        self._shown = run.id
        if self.text.value.strip():
            self.predict()  # asked of the run before, or while this one was ending
        else:
            self.answer.value = "<p>Type a text of your own and press Enter.</p>"
        if "output" in wrong:
            self.errors.value = "<p>Validation, least like the reference first</p>" + SideBySide(wrong)._repr_html_()
            return
        if "perplexity" in wrong:
            texts = [{"perplexity": f"{r.perplexity:.0f}", "text": shortened(r.text)} for r in wrong.itertuples()]
            self.errors.value = table_html(texts, "Validation texts that surprise it most")
            return
        rows = [
            {
                **{name: getattr(r, name) for name in ("words", "question", "label") if hasattr(r, name)},
                "right": r.right,
                "answer": f"{r.answer} ({r.p_answer:.0%})",
                "p(right)": f"{r.p_right:.0%}",
                "text": shortened(r.text),
            }
            for r in wrong.itertuples()
        ]
        words = table_html(rows, "Worst errors on validation: sure of the wrong answer") or "<p>No errors.</p>"
        if "F1" in counts:
            from workbench.views.labelsets import label_counts_html

            self.errors.value = words + (label_counts_html(counts) if len(counts) <= 40 else "")
            return
        self.errors.value = words + (confusion_html(counts) if len(counts) <= 20 else "")

    def _ask_for_a_passage(self, run: Run | None) -> None:
        """A second field where the run on display answers questions."""
        asked = run is not None and answers_questions(run)
        self.passage.layout.display = "" if asked else "none"
        self.text.description = "Question" if asked else "Your text"
        blank = run is not None and run.store.facts.get("task") == "language-modeling"
        self.text.placeholder = "Who wrote it?" if asked else "The ___ was cold." if blank else "Not bad at all"


def answers_questions(run: Run) -> bool:
    """Whether a run needs a passage beside the text."""
    return run.store.facts.get("task") == "answering"


class RunsTab:
    """Earlier runs, kept across kernel restarts: a table and their curves in one picture."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.choice = widgets.SelectMultiple(description="Overlay", rows=6, layout={"width": "620px"},
                                             tooltip="Choose runs with arrow keys; Ctrl or Shift selects several")  # fmt: skip
        self.column = widgets.Dropdown(
            description="Show", options=[("validation loss", "valid_loss"), ("accuracy", "accuracy"), ("F1", "f1")]
        )
        self.by = widgets.Dropdown(
            description="against", options=[("steps", "step"), ("seconds", "seconds"), ("epochs", "epoch")]
        )
        self.picture, self.table = widgets.HTML(), widgets.HTML()
        for widget in (self.choice, self.column, self.by):
            widget.observe(lambda change: self._draw(), names="value")
        from workbench.views.dueltab import EarlierDuels

        self.duels = EarlierDuels()
        self.box = widgets.VBox(
            [self.table, self.choice, widgets.HBox([self.column, self.by]), self.picture, self.duels.box]
        )
        self._runs: list[Run] = []
        self._opened = False

    def open(self) -> None:
        self._opened = True
        self.refresh()

    def refresh(self) -> None:
        """Read the run folders again (only once the tab has been opened)."""
        if not self._opened:
            return
        found = list(all_runs())
        self._runs = found[:40]
        self.table.value = table_html([run_row(r) for r in self._runs[:12]]) or "<p>No runs yet.</p>"
        self.choice.options = [(f"{r.id} · {r.status}", i) for i, r in enumerate(self._runs)]
        self.choice.value = tuple(range(min(3, len(self._runs))))
        self._draw()
        self.duels.refresh(found)

    def _draw(self) -> None:
        chosen = [self._runs[i] for i in self.choice.value if i < len(self._runs)]
        self.picture.value = (
            _overlay_html(chosen, self.column.value, self.by.value, short_names(chosen)) if chosen else ""
        )


def confusion_html(counts: pd.DataFrame) -> str:
    """A confusion matrix as a picture with its greatest confusions in words."""
    from matplotlib.figure import Figure

    side = 1.9 + 0.42 * len(counts)
    figure = Figure(figsize=(side + 0.9, side), dpi=110, layout="constrained")
    fig.confusion_matrix(counts, figure.add_subplot())
    return image_html(figure, fig.confusion_words(counts), round(110 * (side + 0.9)))


def bars_html(bars: list[tuple[str, float]]) -> str:
    """Probabilities as labelled bars."""
    rows = "".join(
        f'<tr><td style="{CELL}">{html.escape(name)}</td><td style="{CELL};width:260px"><div style="background:#0072B2;height:12px;'
        f'width:{p:.1%}"></div></td><td style="{CELL}">{p:.1%}</td></tr>'
        for name, p in bars
    )
    return (
        f'<table style="border-collapse:collapse" aria-label="probability of every label"><tbody>{rows}</tbody></table>'
    )


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
        return pd.DataFrame([run_row(r) for r in self]).to_string(index=False)

    def _repr_html_(self) -> str:
        return table_html([run_row(r) for r in self]) or html.escape(repr(self))


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
        return table_html(rows) + _overlay_html(self.runs, "valid_loss", "step", self._names())

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


def _overlay_html(chosen: list[Run], column: str, by: str, names: list[str] | None = None) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), dpi=110, layout="constrained")
    called = names or [f"{i + 1}" for i in range(len(chosen))]
    fig.overlay(chosen, figure.add_subplot(), column=column, by=by, names=called)
    ends = [
        f"{name}: {r.frame()[column].iloc[-1]:.3f}"
        for name, r in zip(called, chosen, strict=True)
        if column in r.frame() and len(r.frame())
    ]
    what = column.replace("valid_", "validation ").replace("train_", "training ").replace("_", " ")
    return image_html(figure, f"Line chart of {what} for {len(chosen)} runs; last values {', '.join(ends)}.")


def shortened(text: str, limit: int = 220) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
