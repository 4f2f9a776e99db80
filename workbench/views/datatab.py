"""The panel's tab about data: balance, lengths, word pieces per text, examples; and the estimate that needs them."""

from __future__ import annotations

import html
import sys
from collections import Counter
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import catalog
from workbench.config import RunConfig
from workbench.data.multilabel import spoken
from workbench.errors import WorkbenchError
from workbench.training.estimate import estimate
from workbench.views import figures as fig
from workbench.views.answers import Answers
from workbench.views.controls import problem_html
from workbench.views.spans import spans_html
from workbench.views.tables import image_html, shortened, table_html
from workbench.views.upload import Upload

SHOWN = 12  # labels whose texts are counted in the table


class DataTab:
    """Balance, lengths, tokens per example of the chosen data; and the estimate that needs them."""

    def __init__(self, panel: Any) -> None:
        self.panel, self.words = panel, widgets.HTML("<p>Open this tab to look at the data.</p>")
        self.upload = Upload(panel)
        self.box = widgets.VBox([self.upload.box, self.words])
        self._opened = False
        self._shown: Any = None
        # Of data that was loaded here: training texts, word pieces per text, validation texts.
        self._sizes: dict[str, tuple[int, float, int]] = {}

    def open(self) -> None:
        self._opened = True
        self.refresh()

    def refresh(self) -> None:
        """Look again when the chosen data has changed (only once the tab has been opened)."""
        config = self.panel.config
        shown = (config.data, config.model, config.max_length, id(self.panel.source()))
        if not self._opened or self._shown == shown:
            return
        self._shown = shown
        try:
            data = self._load(config)
            self.words.value = notes_html(data) + data_html(data, config)
        except WorkbenchError as error:
            self.words.value = problem_html(error)

    def _load(self, config: RunConfig) -> Any:
        from workbench.data import load

        given = self.panel.source()
        data = given if given is not None else load(config.data)
        self._sizes[config.data] = size(data)
        return data

    def estimate(self, config: RunConfig) -> str:
        """Seconds and memory for these settings in a sentence."""
        from workbench.training.store import stored

        card = next((c for c in catalog.datasets() if c.name == config.data and c.source == "bundled"), None)
        given, looked_at = self.panel.source(), None
        if given is not None:
            texts, pieces, looked_at = size(given)
        elif card is not None:
            sides = (
                2 if "translation" in card.tasks else 1
            )  # the card counts the source; what is written is trained on as well
            texts, pieces = card.facts.get("train", 1000), sides * card.facts.get("tokens_per_text", 30)
            looked_at = card.facts.get("counts", {}).get("validation")
        elif config.data in self._sizes:
            texts, pieces, looked_at = self._sizes[config.data]
        else:
            return "Time and memory unknown before the data is loaded."
        texts = min(texts, config.train_examples or texts)
        model = next((c for c in catalog.models() if c.name == config.model.removesuffix(":random")), None)
        return str(estimate(config, texts, pieces, model.facts if model else {}, stored(most=30), device(), looked_at))


def device() -> str:
    """On what a run would train; the CPU as long as torch has not been imported, which takes seconds."""
    from workbench.training.precision import choose

    return choose().device if "torch" in sys.modules else "cpu"


def size(data: Any) -> tuple[int, float, int]:
    """How many texts there are to train on, about how many word pieces each has (of a pair both sides), and how many for validation."""
    pieces = float(np.mean([len(t.split()) for t in plain_texts(data, 500)])) * 1.4 + 2
    return len(data["train"]), pieces * (2 if data.task == "translation" else 1), len(data["validation"])


def notes_html(data: Any) -> str:
    """What was guessed while loading."""
    return "".join(
        f"<p style='line-height:1.5;margin:2px 0'>{html.escape(note)}.</p>" for note in getattr(data, "notes", ())
    )


def data_html(data: Any, config: RunConfig) -> str:
    """Counts per label and split, word lengths, word pieces per text as a picture, and some examples."""
    rows = [{"split": split, "texts": len(data[split]), **label_counts(data, split)} for split in data]
    named = f"<p style='margin:2px 0'><b>{html.escape(str(data.name))}</b></p>"
    kinds = _kinds(data)
    more = (
        f"<p style='margin:2px 0'>Of {len(kinds)} labels the first {SHOWN} are counted here.</p>"
        if len(kinds) > SHOWN
        else ""
    )
    lengths = token_lengths(data, config)
    figure = lengths_figure(lengths, config.max_length)
    alt = (
        f"Histogram of word pieces per training text: median {np.median(lengths):.0f}, longest {lengths.max()}, "
        f"{(lengths > config.max_length).mean():.1%} longer than the limit of {config.max_length}."
    )
    sample = data["train"].shuffle(seed=0).select(range(min(6, len(data["train"]))))
    whole = lambda caption, shown: named + table_html(rows, caption) + more + image_html(figure, alt, 520) + shown  # noqa: E731
    some = lambda unit, lines: table_html(lines, f"{len(sample)} training {unit}")  # noqa: E731
    if data.task == "tagging":
        tags = [[data.labels[i] for i in r["tags"]] for r in sample]
        return whole(
            "Texts and names per split", "".join(spans_html(r["tokens"], t) for r, t in zip(sample, tags, strict=True))
        )
    if data.task == "answering":
        return whole("Questions per split", Answers(sample)._repr_html_())
    if data.task == "translation":
        pairs = [{"source": shortened(r["source"]), "target": shortened(r["target"])} for r in sample]
        return whole("Pairs per split", some("pairs", pairs))
    if data.task == "language-modeling":
        return whole("Texts per split", some("texts", [{"text": shortened(r["text"])} for r in sample]))
    if data.task == "multi-label":
        sets = [{"labels": spoken(r["labels"], data.labels), "text": shortened(r["text"])} for r in sample]
        return whole("Texts per split and label", some("texts", sets))
    examples = [{"label": data.labels[r["label"]], "text": shortened(r["text"])} for r in sample]
    return whole("Texts per split and label", some("texts", examples))


def label_counts(data: Any, split: str) -> dict[str, int]:
    """Texts per label, or names per type (the first twelve), or questions with and without an answer."""
    if data.task == "answering":
        empty = sum(not a["text"] for a in data[split]["answers"])
        return {
            "with an answer": len(data[split]) - empty,
            "without": empty,
            "passages": len(set(data[split]["context"])),
        }
    if data.task == "language-modeling":
        return {"words": sum(len(t.split()) for t in data[split]["text"])}
    if data.task == "translation":
        return {"source sentences": len(set(data[split]["source"]))}
    if data.task == "tagging":
        opened = Counter(data.labels[i] for tags in data[split]["tags"] for i in tags)
        return {t[2:]: opened[t] for t in _kinds(data)[:SHOWN]}
    if data.task == "multi-label":
        given = Counter(i for some in data[split]["labels"] for i in some)
        return {n: given[i] for i, n in list(enumerate(data.labels))[:SHOWN]}
    counts = np.bincount(data[split]["label"], minlength=len(data.labels))
    return {n: int(c) for n, c in list(zip(data.labels, counts, strict=True))[:SHOWN]}


def _kinds(data: Any) -> list[str]:
    """The labels that are counted: of tags those that open a name."""
    return [n for n in data.labels if n.startswith("B-")] if data.task == "tagging" else list(data.labels)


def plain_texts(data: Any, n: int) -> list[str]:
    """The first `n` training texts; sentences of tagged words joined by spaces, questions before their passages."""
    if data.task == "answering":
        some = data["train"].select(range(min(n, len(data["train"]))))
        return [f"{q} {c}" for q, c in zip(some["question"], some["context"], strict=True)]
    if data.task == "translation":
        return list(data["train"]["source"][:n])
    if data.task == "tagging":
        return [" ".join(words) for words in data["train"]["tokens"][:n]]
    return [str(t) for t in data["train"]["text"][:n]]


def token_lengths(data: Any, config: RunConfig) -> np.ndarray:
    """Word pieces per training text (at most 2,000 texts), uncut, with the chosen model's tokenizer."""
    from workbench.models import zoo

    tokenizer = zoo.tokenizer(zoo.source(config.model))
    return np.array([len(x) for x in tokenizer(plain_texts(data, 2000), verbose=False)["input_ids"]])


def whole_bins(lengths: np.ndarray, most: int = 40) -> list[float]:
    """Edges of at most `most` bins that all hold equally many whole numbers: otherwise a bin of two looks like a peak beside one of one.

    >>> whole_bins(np.array([2, 5])), whole_bins(np.array([0, 99]))[:3]
    ([1.5, 2.5, 3.5, 4.5, 5.5], [-0.5, 2.5, 5.5])
    """
    low, high = int(lengths.min()), int(lengths.max())
    width = -(-(high - low + 1) // most)
    return [float(edge) for edge in np.arange(low - 0.5, high + width, width)]


def lengths_figure(lengths: np.ndarray, limit: int) -> Any:
    """A histogram of word pieces per text with the cutting limit where it is in reach."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(5.2, 2.3), dpi=110, layout="constrained")
    ax = figure.add_subplot()
    ax.hist(lengths, bins=whole_bins(lengths), color=fig.TRAIN)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    if lengths.max() > limit * 0.8:
        ax.axvline(limit, color=fig.VALID, ls="--", label=f"cut at {limit}")
        fig.legend_outside(ax)
    ax.set_xlabel("word pieces per training text")
    ax.set_ylabel("texts (count)")
    return figure
