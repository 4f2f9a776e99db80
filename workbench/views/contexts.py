"""One word in several sentences: how alike its vectors are, layer by layer and model by model. Draws and tables; the vectors come
from models/contexts.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.views.blanks import chosen, short
from workbench.views.figures import SERIES
from workbench.views.tables import image_html, table_html

COLUMNS = ["model", "layer", "first", "second", "senses", "cosine"]
SAME, OTHER, ALL = "same sense", "different senses", "every pair"
LOOKS = {SAME: ("o", "-", SERIES[0]), OTHER: ("s", "--", SERIES[1]), ALL: ("o", "-", SERIES[2])}


class WordInContext:
    """`frame()` has a row per model, layer and pair of sentences; `vectors` the vectors themselves, model -> (sentence, layer, hidden)."""

    def __init__(self, word: str, sentences: Any, models: Any = None) -> None:
        from workbench.models.contexts import Encoder, cosines, place

        self.word, self.sentences, self.senses = word, *_grouped(sentences)
        for sentence in self.sentences:
            place(word, sentence)  # before anything is loaded
        self.vectors: dict[str, np.ndarray] = {}
        rows = []
        for model in chosen(models):
            encoder = Encoder(model)
            found = [encoder.vectors(word, s) for s in self.sentences]
            self.vectors[encoder.name] = np.stack(found)
            rows += [(encoder.name, *row) for row in self._pairs(cosines(found))]
        self._frame = pd.DataFrame(rows, columns=COLUMNS)

    def _pairs(self, table: np.ndarray) -> list[tuple[int, int, int, str, float]]:
        count, rows = len(self.sentences), []
        for layer in range(len(table)):
            for a in range(count):
                for b in range(a + 1, count):
                    kind = ALL if self.senses is None else SAME if self.senses[a] == self.senses[b] else OTHER
                    rows.append((layer, a, b, kind, float(table[layer, a, b])))
        return rows

    def frame(self) -> pd.DataFrame:
        """One row per pair: model, layer (0: embeddings), first and second (numbers of the sentences), senses, cosine."""
        return self._frame.copy()

    def summary(self) -> pd.DataFrame:
        """Mean cosine per model, layer and kind of pair."""
        return self._frame.groupby(["model", "layer", "senses"], sort=False)["cosine"].mean().reset_index()

    def figure(self) -> Figure:
        """A panel per model: mean cosine against layers, one line for pairs of the same sense and one for the others."""
        groups = list(self.summary().groupby("model", sort=False))
        across = min(len(groups), 3)
        down = -(-len(groups) // across)
        figure = Figure(figsize=(2.9 * across + 0.5, 2.5 * down + 0.6), dpi=110, layout="constrained")
        axes = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
        for ax, (model, part) in zip(axes, groups, strict=False):
            for kind, line in part.groupby("senses", sort=False):
                marker, style, colour = LOOKS[str(kind)]
                ax.plot(
                    line["layer"], line["cosine"], marker=marker, ls=style, color=colour, ms=5, lw=1.8, label=str(kind)
                )
            ax.set_title(short(str(model)), fontsize=9, loc="left")
            ax.set_xticks(sorted(set(part["layer"])))
            ax.set_xlabel("layer (0: embeddings)", fontsize=9)
            ax.grid(True, color="#E3E6EA", lw=0.7)
            for side in ("top", "right"):
                ax.spines[side].set_visible(False)
        for ax in axes[len(groups) :]:
            ax.set_visible(False)
        axes[0].set_ylim(min(0.0, float(self._frame["cosine"].min())) - 0.02, 1.05)
        for row in range(down):
            axes[row * across].set_ylabel("cosine similarity", fontsize=9)
        lines, names = axes[0].get_legend_handles_labels()
        figure.legend(lines, names, loc="outside upper center", ncol=len(names), frameon=False, fontsize=9)
        return figure

    def alt(self) -> str:
        """The picture in words."""
        last = self.summary().groupby(["model", "senses"], sort=False).last().reset_index()
        words = "; ".join(f"{r['model']}, {r['senses']}: {r['cosine']:.2f}" for r in last.to_dict("records"))
        return f"Lines of the mean cosine similarity of the vectors of {self.word!r} against layers. In the last layer: {words}."

    def __repr__(self) -> str:
        wide = self.summary().pivot_table(index=["model", "senses"], columns="layer", values="cosine", sort=False)
        return f"{self.word!r} in {len(self.sentences)} sentences, mean cosine by layer\n{wide.round(2).to_string()}"

    def _repr_html_(self) -> str:
        rows = [{**r, "cosine": f"{r['cosine']:.3f}"} for r in self.summary().to_dict("records")]
        width = 270 * min(3, len(self.vectors)) + 50
        numbers = f"<details><summary>Numbers</summary>{table_html([{str(k): v for k, v in r.items()} for r in rows])}</details>"
        return image_html(self.figure(), self.alt(), width) + numbers


def _grouped(sentences: Any) -> tuple[list[str], list[str] | None]:
    """Sentences in a row, and the sense of each where senses were given."""
    if isinstance(sentences, Mapping):
        lists = {k: list(v) if isinstance(v, list | tuple) else [v] for k, v in sentences.items()}
        flat = [s for several in lists.values() for s in several]
        senses: list[str] | None = [str(k) for k, several in lists.items() for _ in several]
    else:
        flat = list(sentences) if isinstance(sentences, Sequence) and not isinstance(sentences, str) else []
        senses = None
    if len(flat) < 2 or not all(isinstance(s, str) for s in flat):
        raise WorkbenchError("fewer than two sentences", "a list of sentences, or a dict: sense -> sentences",
                             "wb.word_in_context('bank', ['They sat on the bank.', 'The bank lent money.'])")  # fmt: skip
    return flat, senses


def word_in_context(word: str, sentences: Any, models: Any = None) -> WordInContext:
    """How alike a word's vectors are in different sentences (cosine similarity), behind every layer of every model.

    `sentences`: a list, or a dict sense -> sentences, which draws pairs of the same sense and of different senses apart (the question of
    the Word-in-Context dataset, Pilehvar & Camacho-Collados 2019). A word of several pieces is the mean of theirs. `models`: bundled names,
    folders, Hub ids or finished runs; None: the bundled siblings. Compare the two lines of a model, not models with each other: in some all
    vectors point much the same way (Ethayarajh 2019).
    """
    if not isinstance(word, str) or not word.strip():
        raise WorkbenchError(f"{word!r:.60} instead of a word", "a word that stands in every sentence", "'bank'")
    return WordInContext(word, sentences, models)
