"""One blank, several language models: the likeliest words of each as bars side by side. Draws and tables; the asking itself is in
models/objectives.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError, whole
from workbench.views.figures import SERIES, plain
from workbench.views.tables import image_html, table_html

COLUMNS = ["model", "sees", "rank", "word", "probability"]
TO_RIGHT = {
    "both sides": "sees both sides",
    "left of it": "sees what is left of it",
    "right of it": "sees what is right of it",
}


class FilledBlank:
    """What each model would put into the blank. Shows itself as a picture in a notebook and as a table in a terminal."""

    def __init__(self, text: str, models: Any = None, top: int = 5) -> None:
        from workbench.models.objectives import Reader, parted

        left, right = parted(text)
        self.text = f"{left}___{right}"
        self.rows: list[dict[str, Any]] = []
        for model in chosen(models):
            reader = Reader(model)
            ids, at = reader.blank(text)
            for answer in reader.ask(ids, [at]):
                self._note(reader, answer.sees, answer.probabilities[0], top)

    def _note(self, reader: Any, sees: str, p: np.ndarray, top: int) -> None:
        """The likeliest pieces that are no special tokens; probabilities are among the whole vocabulary."""
        special = set(reader.tokenizer.all_special_ids)
        best = [int(i) for i in np.argsort(-p, kind="stable")[: top + len(special)] if int(i) not in special][:top]
        for rank, (word, id) in enumerate(zip(reader.words(best), best, strict=True), 1):
            self.rows.append(dict(zip(COLUMNS, (reader.name, sees, rank, word, float(p[id])), strict=True)))

    def frame(self) -> pd.DataFrame:
        """One row per word: model, sees (what it could look at), rank, word, probability among the model's vocabulary."""
        return pd.DataFrame(self.rows, columns=COLUMNS)

    def figure(self) -> Figure:
        """A panel per model: its likeliest words, all on one scale."""
        groups = list(self.frame().groupby(["model", "sees"], sort=False))
        across = min(len(groups), 3)
        down = -(-len(groups) // across)
        tall = 0.75 + 0.26 * max(len(part) for _, part in groups)
        figure = Figure(figsize=(2.9 * across + 0.4, tall * down + 0.5), dpi=110, layout="constrained")
        axes = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
        widest = float(self.frame()["probability"].max())
        for n, (ax, ((model, sees), part)) in enumerate(zip(axes, groups, strict=False)):
            at = np.arange(len(part))
            bars = ax.barh(at, part["probability"], color=SERIES[n % len(SERIES)], height=0.7)
            ax.bar_label(bars, [f"{p:.1%}" for p in part["probability"]], padding=3, fontsize=8)
            ax.set_yticks(at, [plain(w) for w in part["word"]], fontsize=9)
            ax.invert_yaxis()
            ax.set_xlim(0, widest * 1.3)
            ax.xaxis.set_major_formatter(lambda v, _: f"{100 * v:.3g}%")
            ax.tick_params(axis="x", labelsize=8, labelbottom=True)
            ax.set_title(f"{short(str(model))}\n{TO_RIGHT.get(str(sees), str(sees))}", fontsize=9, loc="left")
            for side in ("top", "right"):
                ax.spines[side].set_visible(False)
        for ax in axes[len(groups) :]:
            ax.set_visible(False)
        figure.supxlabel("probability among all pieces of the model's vocabulary", fontsize=9)
        return figure

    def alt(self) -> str:
        """The picture in words."""
        parts = []
        for (model, sees), part in self.frame().groupby(["model", "sees"], sort=False):
            words = ", ".join(f"{w} {p:.1%}" for w, p in zip(part["word"], part["probability"], strict=True))
            parts.append(f"{model}, which sees {sees}: {words}")
        return f"Bar chart of the likeliest words for the blank in {self.text!r}. " + "; ".join(parts) + "."

    def _plain_rows(self) -> list[dict[str, Any]]:
        return [{**r, "probability": f"{r['probability']:.1%}"} for r in self.rows]

    def __repr__(self) -> str:
        return f"{self.text}\n{pd.DataFrame(self._plain_rows()).to_string(index=False)}"

    def _repr_html_(self) -> str:
        width = 260 * min(3, len({(r["model"], r["sees"]) for r in self.rows})) + 40
        table = table_html(self._plain_rows(), self.text)
        return image_html(self.figure(), self.alt(), width) + f"<details><summary>Numbers</summary>{table}</details>"


def short(name: str, limit: int = 32) -> str:
    """A model's name over a panel: of a long path the end.

    >>> short("bert-mini"), short("/home/somebody/a/very/long/path/my-model")
    ('bert-mini', '…/my-model')
    """
    return plain(name if len(name) <= limit else f"…/{name.replace(chr(92), '/').rstrip('/').rpartition('/')[2]}")


def chosen(models: Any) -> list[Any]:
    """The models asked for, as a list; None: the bundled siblings."""
    from workbench.models.objectives import relatives

    if models is None:
        return list(relatives())
    several = list(models) if isinstance(models, Sequence) and not isinstance(models, str) else [models]
    if not several:
        raise WorkbenchError("no model", "at least one", "models=['bert-mini', 'gpt-mini']")
    return several


def fill_blank(text: str, models: Any = None, *, top: int = 5) -> FilledBlank:
    """What language models would put into a blank, written ___ ; a text without one is continued by one word.

    Masked models (BERT, RoBERTa) and permutation models (XLNet) see both sides of it, causal ones (GPT) what is left of it, two-way ones
    (ELMo) answer once from each side. `models`: bundled names, folders, Hub ids or finished runs; None: the bundled siblings. What is
    guessed is one piece of the model's vocabulary; a piece that goes on with a word stands behind a hyphen. `.frame()` has a row per word.
    Raises WorkbenchError for a model that was not pretrained to guess words, or came without the head that does.
    """
    return FilledBlank(text, models, whole("top", top, 1, 1000, "top=5"))
