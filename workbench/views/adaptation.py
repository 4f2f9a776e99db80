"""Domain adaptation: one model before and after its language model has gone on learning from the texts of a field.

Three measurements side by side: how well it guesses hidden words, in the field and elsewhere (what it forgets); how the words of the
field fit its vocabulary; and a classifier on few labels from either start, over several seeds. Nothing is trained here: the runs are
ordinary ones. Continued pretraining on a field's texts is DAPT, on the texts of the task itself TAPT (Gururangan et al. 2020).
"""

from __future__ import annotations

import html
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.views.asked import seeds_of
from workbench.views.duel import Duel, duel, mean_and_sd
from workbench.views.duel_figures import score_dots
from workbench.views.figures import GREY, SERIES
from workbench.views.once import Once
from workbench.views.tables import image_html, table_html

# how the language model goes on, unless said
READING = {"learning_rate": 1e-3, "batch_size": 32, "epochs": 4, "evaluations": 4}
FEW = {"train_examples": 64, "learning_rate": 1e-3, "epochs": 10, "evaluations": 1, "restore_best": False}
BEFORE, AFTER = "before", "after"
TASK = "language-modeling"


class Adaptation(Once):
    """A language model's run and a duel of the two starts. `await` it in a notebook, `join()` it in a script."""

    def __init__(self, texts: Any, general: Any, model: str, reading: dict[str, Any], duels: Any) -> None:
        self.texts, self.general, self.model, self.reading, self._duels = texts, general, model, reading, duels
        self.run: Any = None  # the language model that has read the field
        self.duel: Duel | None = None  # few labels from either start; None where no target was given
        self.perplexity: dict[str, tuple[float, float]] = {}

    def __await__(self) -> Generator[Any, None, Adaptation]:
        return self._watch().__await__()

    async def _watch(self) -> Adaptation:
        from workbench.views import fit, in_notebook

        self.run = self.run or fit(self.texts, model=self.model, **self.reading)
        if not self.run.done:  # a finished one has been seen in the cell that trained it
            await self.run
        self._measure()
        if self.duel is not None:
            await self.duel
        if in_notebook():
            from IPython.display import display

            display(self)
            self._drawn()
        return self

    def join(self) -> Adaptation:
        """Train all of it in a plain script."""
        from workbench.training.run import fit

        self.run = self.run or fit(self.texts, model=self.model, **self.reading)
        self.run.join()
        self._measure()
        if self.duel is not None:
            self.duel.join()
        return self

    def _measure(self) -> None:
        """Perplexity on held-out texts of the field and elsewhere; then the duel is known, as its second start is."""
        from workbench.training.predictor import Predictor

        start, end = Predictor.untouched(self.model, TASK), self.run.predictor()
        for name, data in (("the field", self.texts), ("elsewhere", self.general)):
            rows = data["validation"]
            self.perplexity[name] = (start.evaluate(rows)["perplexity"], end.evaluate(rows)["perplexity"])
        self.duel = self._duels(self.run) if self._duels else None

    # what came of it -----------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """One row per measurement: what, before, after, change (of accuracy in points, of perplexity in percent), seeds, spread of the
        change over seeds (points)."""
        rows = [
            {"what": f"perplexity, {name}", BEFORE: a, AFTER: b, "change": 100 * (b / a - 1), "unit": "%"}
            for name, (a, b) in self.perplexity.items()
        ]
        if self.duel is not None and len(self.changes()):
            a, b = (mean_and_sd(self.duel.scores[name])[0] for name in (BEFORE, AFTER))
            mean, sd = mean_and_sd(self.changes())
            rows.append({"what": self._few(), BEFORE: a, AFTER: b, "change": mean, "unit": "points", "sd": sd,
                         "seeds": len(self.changes())})  # fmt: skip
        return pd.DataFrame(rows)

    def changes(self) -> list[float]:
        """Points of accuracy that adaptation has changed, seed by seed: both starts had the same labelled texts."""
        if self.duel is None:
            return []
        return [100 * (b - a) for a, b in zip(self.duel.scores[BEFORE], self.duel.scores[AFTER], strict=False)]

    @property
    def detectable(self) -> bool:
        """Whether the seeds agree on a change: all have its sign, and their mean is more than two standard errors from zero."""
        changes = self.changes()
        if len({np.sign(change) for change in changes}) != 1:
            return False
        mean, sd = mean_and_sd(changes)
        return bool(abs(mean) > 2 * sd / len(changes) ** 0.5)

    def vocabulary(self) -> pd.DataFrame:
        """How the words of both fit the model's vocabulary: pieces per word, shares of running words that are broken apart and that are
        in more than three pieces, and the worst words."""
        from workbench.data.pieces import pieces

        rows = []
        for name, data in (("the field", self.texts), ("elsewhere", self.general)):
            found = pieces(list(data["validation"]["text"]), self.model)
            rows.append({"texts": name, "pieces per word": found.per_word, "broken apart": found.apart,
                         "in more than three": found.broken, "worst": ", ".join(w for w, _, _ in found.worst[:4])})  # fmt: skip
        return pd.DataFrame(rows)

    def verdict(self) -> str:
        """What was won, what was forgotten, and whether the labels were worth more than the spread of the seeds."""
        if not self.perplexity:
            return "Nothing has been trained yet."
        (a, b), (c, d) = self.perplexity["the field"], self.perplexity["elsewhere"]
        told = f"Perplexity in the field {a:.1f} before and {b:.1f} after; elsewhere {c:.1f} and {d:.1f}."
        if d > 1.02 * c:
            told += f" The model has forgotten: elsewhere it is {100 * (d / c - 1):.0f}% worse."
        changes = self.changes()
        if not changes:
            return told
        mean, sd = mean_and_sd(changes)
        if np.isnan(sd):
            return (
                f"{told} {self._few().capitalize()}: {mean:+.1f} points with one seed; run more before you believe it."
            )
        kind = f"{mean:+.1f} points over {len(changes)} seeds, which spread by {sd:.1f}"
        return f"{told} {self._few().capitalize()}: {kind}{'' if self.detectable else ': no detectable difference'}."

    def figure(self) -> Figure:
        """Perplexity before and after, in the field and elsewhere; scores of every seed from either start."""
        figure = Figure(figsize=(9.2, 2.9), dpi=110, layout="constrained")
        axes: Any = figure.subplots(1, 2) if self.changes() else [figure.subplots()]
        perplexity_bars(self.perplexity, axes[0])
        if self.changes() and self.duel is not None:
            for pair in zip(self.duel.scores[BEFORE], self.duel.scores[AFTER], strict=False):
                axes[1].plot(pair, (0, 1), color=GREY, lw=0.7, alpha=0.6)  # the same seed and labels
            score_dots(self.duel, axes[1])
        return figure

    def alt(self) -> str:
        dots = " and dots of scores" if self.changes() else ""
        return f"Bars of perplexity{dots}, before and after adaptation. {self.verdict()}"

    def __repr__(self) -> str:
        return (
            f"{self.frame().round(3).to_string(index=False)}\n{self.verdict()}" if self.perplexity else self.verdict()
        )

    def _repr_html_(self) -> str:
        if not self.perplexity:
            return "<p>Nothing has been trained yet: <code>await</code> it.</p>"
        shown = table_html([_shown(row) for row in self.frame().to_dict("records")])
        picture = image_html(self.figure(), self.alt(), 820)
        return f"{shown}{picture}<p>{html.escape(self.verdict())}</p>"

    def _few(self) -> str:
        choices = next(iter(self.duel.contenders.values())) if self.duel is not None else {}
        labels = choices.get("train_examples")
        return f"accuracy with {labels} labels" if labels else "accuracy with all labels"


class FewLabels(Duel):
    """A duel whose place in the notebook is empty once it has ended: the adaptation shows what came of it."""

    def _repr_html_(self) -> str:
        return ""


def perplexity_bars(perplexity: Mapping[str, tuple[float, float]], ax: Axes) -> Axes:
    """Two bars, before and after, for held-out texts of the field and for those from elsewhere: lower is better."""
    for side, (name, hatch) in enumerate(((BEFORE, ""), (AFTER, "//"))):
        values = [pair[side] for pair in perplexity.values()]
        places = [i + (side - 0.5) * 0.38 for i in range(len(values))]
        bars = ax.bar(places, values, 0.36, color=SERIES[side], alpha=0.85, hatch=hatch, edgecolor="white", label=name)
        ax.bar_label(bars, [f"{v:.0f}" for v in values], fontsize=8.5, padding=2)
    ax.set_xticks(range(len(perplexity)), [f"held-out texts,\n{name}" for name in perplexity])
    ax.set_ylabel("perplexity (lower is better)")
    ax.set_ylim(0, 1.15 * max(max(pair) for pair in perplexity.values()))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, fontsize=8, frameon=False)
    return ax


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    score = row["unit"] == "points"
    number = (lambda v: f"{v:.1%}") if score else (lambda v: f"{v:.1f}")
    spread = "–" if not score or np.isnan(row["sd"]) else f"± {row['sd']:.1f}"
    return {"what": row["what"], BEFORE: number(row[BEFORE]), AFTER: number(row[AFTER]),
            "change": f"{row['change']:+.1f}{' points' if score else '%'}", "over seeds": spread}  # fmt: skip


def adapt(
    domain: Any, target: Any = None, *, model: str = "bert-tiny", general: Any = "headlines", seeds: int | Sequence[int] = 3,
    reading: Mapping[str, Any] | None = None, **choices: Any,
) -> Adaptation:  # fmt: skip
    """Go on training the language model of `model` on the texts of `domain`, then measure it. `await` the answer in a notebook, `.join()`
    it in a script.

    `domain`: texts without labels (domain-adaptive pretraining), labelled ones, whose labels are not looked at (task-adaptive), or a
    finished run of a language model. `target`: labelled data on which classifiers are trained from either start, with the same texts,
    settings and seeds; None: none. `general`: texts from elsewhere, to see what is forgotten. `reading` holds the choices of the
    language model's run, `choices` those of the classifiers (64 labels unless said). Gururangan et al. 2020, "Don't Stop Pretraining".
    """
    from workbench.config import check_names
    from workbench.data import load
    from workbench.training.run import Run

    if not isinstance(reading or {}, Mapping):
        raise WorkbenchError(f"reading is {reading!r:.60}", "a dict of choices, or None", "reading=dict(epochs=2)")
    check_names([*choices, *(reading or {})])
    finished = domain if isinstance(domain, Run) else None
    model = finished.config.model if finished else model
    texts, other = ((d.data() if isinstance(d, Run) else load(d)).unlabelled() for d in (domain, general))
    few = {**FEW, **choices}
    seeds = seeds_of(seeds)
    if target is not None and (target := load(target)).task != "classification":
        raise WorkbenchError(f"a target for {target.task}", "data with one label for a whole text, or None",
                             "wb.adapt('clinic-sentences', 'clinic')")  # fmt: skip

    def later(run: Any) -> Duel:
        both = duel(target, {BEFORE: {"model": model}, AFTER: {"model": run}}, seeds=seeds, **few)
        return FewLabels(both.data, both.contenders, both.seeds, both.split)

    made = Adaptation(texts, other, model, {**READING, **(reading or {})}, later if target is not None else None)
    if finished is not None:
        if finished.store.facts.get("task", TASK) != TASK:
            raise WorkbenchError(f"a run of {finished.store.facts['task']}", "texts, or the run of a language model",
                                 "wb.adapt('clinic-sentences', 'clinic')")  # fmt: skip
        made.run = finished
    return made
