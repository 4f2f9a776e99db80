"""In-context learning beside fine-tuning: accuracy against the number of examples, for the same examples. Draws and tables;
the prompting itself is in techniques/prompting.py."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError, whole
from workbench.views.asked import seeds_of
from workbench.views.figures import GREY, SERIES
from workbench.views.once import Once
from workbench.views.tables import image_html, table_html

WAYS = ("prompt", "prompt, calibrated", "fine-tuned")


class Prompts(Once):
    """`await` it in a notebook, `join()` it in a script; interrupting ends it with what there is."""

    def __init__(
        self, data: Any, model: str, shots: Sequence[int], seeds: Sequence[int], n: int, template: Any, beside: Any
    ):
        self.data, self.model, self.shots, self.seeds, self.beside = data, model, list(shots), list(seeds), beside
        self.template = template
        self.rows: list[dict[str, Any]] = []
        self._prompter: Any = None
        self._stop = threading.Event()
        validation = data["validation"]
        self.asked = np.sort(np.random.default_rng(0).permutation(len(validation))[:n])
        self.right = np.array(validation["label"])[self.asked]
        counts = np.bincount(np.array(data["train"]["label"]), minlength=len(data.labels))
        self.majority = float((self.right == counts.argmax()).mean())

    def __await__(self) -> Generator[Any, None, Prompts]:
        return self._watch().__await__()

    async def _watch(self) -> Prompts:
        from workbench.views import in_notebook

        handle = None
        if in_notebook():
            from IPython.display import HTML, display

            handle = display(HTML('<p role="status">Reading the model …</p>'), display_id=True)
        try:
            for count, seed in self._plan():
                if handle is not None:
                    handle.update(HTML(f'<p role="status">{count} examples, seed {seed} …</p>' + self._table()))
                await self._away(self._prompt, count, seed)
                if self._can_be_learned(count, seed):
                    await self._away(self._fine_tune, count, seed)
        except asyncio.CancelledError:
            self._stop.set()
        if handle is not None:
            handle.update(HTML(self._repr_html_()))
            self._drawn()
        return self

    def join(self) -> Prompts:
        """All of it in a plain script; Ctrl-C ends it with what there is."""
        try:
            for count, seed in self._plan():
                self._prompt(count, seed)
                if self._can_be_learned(count, seed):
                    self._fine_tune(count, seed)
        except KeyboardInterrupt:
            self._stop.set()
        return self

    async def _away(self, work: Any, *arguments: Any) -> None:
        """In a thread, so that widgets go on answering; an interrupt ends the work before it is passed on."""
        task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stop.set()
            await task
            raise

    def _plan(self) -> Generator[tuple[int, int], None, None]:
        for seed in self.seeds:
            for count in self.shots:
                again = not count and seed != self.seeds[0]  # without examples there is nothing to draw
                if not self._stop.is_set() and not again:
                    yield count, seed

    def _can_be_learned(self, count: int, seed: int) -> bool:
        """Whether the examples of a prompt are to be learned from as well: those of one label teach nothing."""
        return self.beside is not None and len({label for _, label in self.examples(count, seed)}) > 1

    def prompter(self) -> Any:
        """The model with its labels, read when it is first asked."""
        from workbench.techniques.prompting import Prompter

        if self._prompter is None:
            self._prompter = Prompter(self.model, self.data.labels, self.template)
        return self._prompter

    def _rows(self, count: int, seed: int) -> list[int]:
        """Which training texts are the examples, in the prompt and in fine-tuning alike."""
        from workbench.techniques.prompting import choose

        train, names = self.data["train"], self.data.labels
        return choose(train["text"], [names[i] for i in train["label"]], count, seed)

    def examples(self, count: int, seed: int) -> list[tuple[str, str]]:
        """The (text, label) pairs that stand in the prompt."""
        chosen = self.data["train"].select(self._rows(count, seed))
        return [(text, self.data.labels[i]) for text, i in zip(chosen["text"], chosen["label"], strict=True)]

    def predict(self, texts: Any, shots: int = 0, seed: int = 0, calibrate: bool = True) -> pd.DataFrame:
        """One row per text: text, label, probability among the labels, as `run.predict` gives them."""
        from workbench.tasks.inputs import texts as texts_of
        from workbench.techniques.prompting import among

        asked = texts_of(texts)
        pairs, prompter = self.examples(shots, seed), self.prompter()
        scores = among(prompter.scores(pairs, asked))
        if calibrate and asked:
            scores = among(prompter.calibrated(pairs, scores))
        p = np.exp(scores)
        best = p.argmax(1)
        return pd.DataFrame({"text": asked, "label": [self.data.labels[i] for i in best], "probability": p.max(1)})

    def prompt(self, text: str, shots: int = 2, seed: int = 0) -> str:
        """What the model is shown for this text, word for word."""
        written = [self.template.example(*pair) + self.template.between for pair in self.examples(shots, seed)]
        return "".join(written) + self.template.query(text)

    def _prompt(self, count: int, seed: int) -> None:
        prompter, pairs = self.prompter(), self.examples(count, seed)
        texts = self.data["validation"]["text"]
        scores = prompter.scores(pairs, [texts[int(i)] for i in self.asked], lambda: not self._stop.is_set())
        if scores is None:
            return
        for way, answers in zip(WAYS, (scores, prompter.calibrated(pairs, scores)), strict=False):
            self._note(way, count, seed, answers.argmax(1))

    def _fine_tune(self, count: int, seed: int) -> None:
        """The same examples, learned from in the weights."""
        from datasets import DatasetDict

        from workbench.data import load
        from workbench.training.run import fit

        rows = self._rows(count, seed)
        few = load(
            DatasetDict(
                {"train": self.data["train"].select(rows), "validation": self.data["validation"].select(self.asked)}
            )
        )
        run = fit(few, **{"model": self.model, "epochs": 12, "evaluations": 1, "restore_best": False, "batch_size": 4, **self.beside,
                          "seed": seed})  # fmt: skip
        while not run.done:
            if self._stop.wait(0.05):
                run.stop()
        run.join()
        if not self._stop.is_set():
            self.rows.append(
                {"way": "fine-tuned", "examples": count, "seed": seed, "accuracy": float(run.kept["accuracy"])}
            )

    def _note(self, way: str, count: int, seed: int, answers: np.ndarray) -> None:
        hit = float((answers == self.right).mean())
        self.rows.append({"way": way, "examples": count, "seed": seed, "accuracy": hit})

    # what came of it -----------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """One row per way, number of examples and seed: accuracy on the texts asked."""
        return pd.DataFrame(self.rows, columns=["way", "examples", "seed", "accuracy"])

    def summary(self) -> pd.DataFrame:
        """Mean and standard deviation over seeds: one row per way and number of examples."""
        kept = self.frame().groupby(["way", "examples"], sort=False)["accuracy"]
        return (
            kept.agg(["mean", "std", "count"])
            .reset_index()
            .rename(columns={"mean": "accuracy", "std": "sd", "count": "seeds"})
        )

    def figure(self) -> Figure:
        """Accuracy against the number of examples, one line per way, the spread of the seeds as bars."""
        figure = Figure(figsize=(7.2, 4.0), dpi=110, layout="constrained")
        ax = figure.subplots()
        for i, (way, part) in enumerate(self.summary().groupby("way", sort=False)):
            at = np.arange(len(self.shots))[[self.shots.index(n) for n in part["examples"]]] + 0.06 * (i - 1)
            ax.errorbar(at, part["accuracy"], yerr=part["sd"].fillna(0), marker="os^"[i % 3], color=SERIES[i % len(SERIES)],
                        capsize=3, lw=1.8, label=str(way))  # fmt: skip
        ax.axhline(self.majority, color=GREY, ls=":", lw=1.2, label="majority class")
        ax.set_xticks(range(len(self.shots)), [str(n) for n in self.shots])
        ax.set_xlabel("examples (number, in the prompt or learned from)")
        ax.set_ylabel(f"accuracy (share of {len(self.asked)} texts)")
        ax.set_ylim(0, 1.02)
        ax.grid(True, axis="y", color="#E3E6EA", lw=0.7)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=4, fontsize=8, frameon=False)
        return figure

    def alt(self) -> str:
        rows = self.summary().to_dict("records")
        words = "; ".join(f"{r['way']}, {r['examples']} examples: {r['accuracy']:.2f}" for r in rows)
        return f"Line chart of accuracy against the number of examples: {words}; majority class {self.majority:.2f}."

    def __repr__(self) -> str:
        return f"{self.summary().round(3).to_string(index=False)}\nmajority class {self.majority:.3f}"

    def _table(self) -> str:
        rows = self.summary()
        if rows.empty:
            return ""
        shown = rows.assign(
            accuracy=rows["accuracy"].map("{:.3f}".format),
            sd=rows["sd"].map(lambda v: "–" if np.isnan(v) else f"{v:.3f}"),
        )
        return table_html(shown.to_dict("records"))

    def _repr_html_(self) -> str:
        if not self.rows:
            return "<p>Nothing has been asked yet: <code>await</code> it.</p>"
        return (
            image_html(self.figure(), self.alt(), 640) + f"<details><summary>Numbers</summary>{self._table()}</details>"
        )


def prompt(
    data: Any = "headlines", *, model: Any = "gpt-mini", shots: Sequence[int] = (0, 1, 2, 4, 8), seeds: int | Sequence[int] = 3,
    texts: int = 100, template: str | None = None, between: str | None = None, words: dict[str, str] | None = None,
    beside: dict[str, Any] | None = None,
) -> Prompts:  # fmt: skip
    """In-context learning: the same model asked with 0, 1, 2, ... examples in its prompt, for several draws of the examples.

    `await` the answer in a notebook, `.join()` it in a script. `texts` of the validation split are asked. `template` is how an example is
    written up to its label ("{text} Topic:"), `between` what stands between two, `words` how labels are called in the prompt. With
    `beside={}` (or choices of a run, such as `{"epochs": 20}`) the same model is also fine-tuned on the very examples of each prompt
    that has two labels or more. `model` also takes a finished run of a language model.
    """
    from workbench.config import check_names
    from workbench.data import load
    from workbench.techniques.prompting import Template

    for name, value, kind in (
        ("template", template, str),
        ("between", between, str),
        ("words", words, dict),
        ("beside", beside, dict),
    ):
        if value is not None and not isinstance(value, kind):
            raise WorkbenchError(
                f"{name} is {value!r:.60}", "a text" if kind is str else "a dict, or None", f"{name}=None"
            )
    check_names(beside or {})
    loaded = load(data)
    if loaded.task != "classification":
        raise WorkbenchError(
            f"data for {loaded.task}", "data with one label for a whole text", 'wb.prompt("headlines")'
        )
    most = len(loaded["train"])
    counts = sorted({n if type(n) is int else -1 for n in np.array(shots, dtype=object).ravel().tolist()})
    if not counts or counts[0] < 0 or counts[-1] > most:
        raise WorkbenchError(f"shots={shots!r:.60}", f"whole numbers from 0 to {most}", "shots=(0, 1, 2, 4, 8)")
    texts = whole("texts", texts, 1, try_="texts=100")
    if hasattr(model, "model_folder"):
        model = str(model.model_folder())
    if not isinstance(model, str) or not all(isinstance(word, str) for word in (words or {}).values()):
        what = f"model is {model!r:.60}" if not isinstance(model, str) else f"words is {words!r:.60}"
        raise WorkbenchError(
            what, "the name of a causal model, and a text for each label", 'model="gpt-mini", words=None'
        )
    unknown = set(words or {}) - set(loaded.labels)
    if unknown:
        raise WorkbenchError(
            f"words for {', '.join(sorted(unknown))}", f"labels: {', '.join(loaded.labels)}", "words={}"
        )
    chosen = seeds_of(seeds)
    how = Template(
        Template.text if template is None else template,
        Template.between if between is None else between,
        dict(words or {}),
    )
    return Prompts(loaded, model, counts, chosen, texts, how, beside)
