"""Looking around: the tabs of the panel for predictions and for runs. No training here.

Every text that comes from data or from a person is escaped before it reaches HTML.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.training.run import Run
from workbench.training.run import runs as all_runs
from workbench.views.answers import answer_html
from workbench.views.compared import Runs, overlay_html, short_names
from workbench.views.controls import problem_html
from workbench.views.spans import spans_html
from workbench.views.tables import bars_html, confusion_html, shortened, table_html
from workbench.views.translations import SideBySide

TRY = {"answering": "Who wrote it?", "language-modeling": "The ___ was cold.", "translation": "Good morning, how are you?",
       "tagging": "Ada Lovelace lived in London."}  # fmt: skip


class Predictions:
    """Try a text, and see what the model gets most wrong."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.text = widgets.Text(description="Your text", placeholder="Not bad at all", layout={"width": "560px"},
                                 tooltip="Type a text and press Enter", continuous_update=False)  # fmt: skip
        self.ask = widgets.Button(
            description="Predict", icon="comment", tooltip="What does the model say of this text?"
        )
        self.passage = widgets.Textarea(description="Passage", rows=4, continuous_update=False, layout={"width": "760px", "display": "none"},
                                        placeholder="The text that the question is about",
                                        tooltip="The passage in which the answer is looked for")  # fmt: skip
        self.answer, self.errors = widgets.HTML("<p>Train a model first.</p>"), widgets.HTML()
        self.ask.on_click(lambda _: self.predict())
        for field in (self.text, self.passage):
            field.observe(lambda change: self.predict() if self.text.value.strip() else None, names="value")
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
        if answers_questions(run) and not self.passage.value.strip():
            self.answer.value = "<p>Put the text that the question is about into the field <b>Passage</b>.</p>"
            return
        try:
            row = run.predict([(text, self.passage.value)] if answers_questions(run) else text).iloc[0]
        except WorkbenchError as error:
            self.answer.value = problem_html(error)
            return
        self.answer.value = _said(run, row)

    def open(self) -> None:
        self.refresh()

    def began(self) -> None:
        """A run begins: what was said here is of another one, or of the one before."""
        self._shown = None
        self.answer.value, self.errors.value = "<p>Answers come when training has ended.</p>", ""
        self._ask_for_a_passage(None)

    def refresh(self) -> None:
        """The worst errors of the run on display."""
        run = self.panel.run
        self._ask_for_a_passage(run)
        if run is None or not run.done or run.error is not None or run.id == self._shown:
            return
        if not run.best:
            self.answer.value = "<p>This run ended before its first evaluation.</p>"
            return
        self.errors.value = "<p>Asking the model about the validation texts …</p>"
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
        self.errors.value = _worst(wrong, counts)

    def _ask_for_a_passage(self, run: Run | None) -> None:
        """A second field where the run on display answers questions."""
        asked = run is not None and answers_questions(run)
        self.passage.layout.display = "" if asked else "none"
        self.text.description = "Question" if asked else "Your text"
        task = str(run.store.facts.get("task")) if run is not None else ""
        goes_on = run is not None and task == "language-modeling" and "gpt" in run.config.model.lower()
        self.text.placeholder = "The old man walked along" if goes_on else TRY.get(task, "Not bad at all")


def _said(run: Run, row: Any) -> str:
    """What a model has answered for one text: a row of `predict`, whose columns are those of its task."""
    if "null_odds" in row.index:
        note = f"({row['probability']:.0%})"
        return answer_html(row["question"], row["context"], row["start"], row["answer"], note)
    if "translation" in row.index:
        return f'<p style="font-size:115%">{html.escape(row["translation"])}</p>'
    if run.store.facts.get("task") == "language-modeling":
        likely = f" ({row['probability']:.0%}; then {row['choices']})" if "choices" in row.index else ""
        return f"<p><b>{html.escape(row['answer'])}</b>{html.escape(likely)}</p>"
    if "tags" in row.index:
        none = "" if any(tag != "O" for tag in row["tags"]) else "<p>No name found.</p>"
        return spans_html(row["tokens"], row["tags"]) + none
    chosen = f"<p><b>{html.escape(', '.join(row['labels']) or 'no label')}</b></p>" if "labels" in row.index else ""
    bars = [(c[2:-1], float(row[c])) for c in row.index if c.startswith("p(")]
    return chosen + bars_html(sorted(bars, key=lambda b: -b[1])[:8])


def _worst(wrong: Any, counts: Any) -> str:
    """The worst errors of a run on validation, and its confusions: two tables of `review`, whose columns are those of the task."""
    if "output" in wrong:
        return "<p>Validation, least like the reference first</p>" + SideBySide(wrong)._repr_html_()
    if "perplexity" in wrong:
        texts = [{"perplexity": f"{r.perplexity:.0f}", "text": shortened(r.text)} for r in wrong.itertuples()]
        return table_html(texts, "Validation texts that surprise it most")
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

        return words + (label_counts_html(counts) if len(counts) <= 40 else "")
    return words + (confusion_html(counts) if len(counts) <= 20 else "")


def answers_questions(run: Run) -> bool:
    """Whether a run needs a passage beside the text."""
    return run.store.facts.get("task") == "answering"


ROWS = 12  # of the table of runs


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
        newest = f"The newest {ROWS} of {len(found)} runs" if len(found) > ROWS else ""
        self.table.value = table_html(Runs(self._runs[:ROWS]).rows(), newest) or "<p>No runs yet.</p>"
        self.choice.options = [(f"{r.id} · {r.status}", i) for i, r in enumerate(self._runs)]
        self.choice.value = tuple(range(min(3, len(self._runs))))
        self._draw()
        self.duels.refresh(found)

    def _draw(self) -> None:
        chosen = [self._runs[i] for i in self.choice.value if i < len(self._runs)]
        self.picture.value = (
            overlay_html(chosen, self.column.value, self.by.value, short_names(chosen)) if chosen else ""
        )
