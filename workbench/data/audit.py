"""`audit`: what is wrong with a dataset before any training: counts, duplicates, leaks, doubtful labels, a bag-of-words baseline.

It reports, with row numbers, and leaves the data as it is; `fixed()` makes a copy without what was found (see repair.py). What is
looked at in which task stands in examined.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.baseline import CLASSES, bag_of_words, baselines
from workbench.data.checks import plain
from workbench.data.drift import STRONG, Drift, drift, target_texts
from workbench.data.examined import examined
from workbench.data.label_errors import Suspect, suspects
from workbench.data.language import languages
from workbench.data.load import Data, load
from workbench.data.near import Pair
from workbench.data.pieces import Pieces, pieces
from workbench.errors import WorkbenchError, whole

MOST = 60  # labels that are listed one by one
__all__ = ["Audit", "audit", "bag_of_words", "baselines", "texts_of"]


@dataclass(frozen=True, repr=False)
class Audit:
    """Figures of one dataset. `problems` are sentences; an empty tuple means that the audit passes."""

    counts: dict[str, dict[str, int]]
    words: dict[str, float]  # median words per text, by label
    near_duplicates: float  # share of texts with a near-duplicate anywhere
    leaks: tuple[tuple[int, int, str], ...]  # (row, row in the other split, "split/other split"): the same or nearly so
    majority: float  # accuracy on validation; tagging: entity F1
    tfidf: float  # of TF-IDF + logistic regression on validation; tagging: of a list of the names seen in training
    problems: tuple[str, ...] = field(default_factory=tuple)
    words_for: tuple[str, str, str] = ("validation accuracy", "majority", "TF-IDF + logistic regression")
    suspects: tuple[
        Suspect, ...
    ] = ()  # training rows whose label is probably wrong, surest first (classification only)
    languages: dict[str, int] = field(default_factory=dict)  # texts by language, as far as their little words tell
    pieces: Pieces | None = None  # what the tokenizer of `model` makes of the words
    drift: Drift | None = None  # how far training is from `target`
    data: Any = field(default=None, compare=False)
    pairs: tuple[Pair, ...] = field(
        default=(), compare=False
    )  # ((split, row), (split, row)) that are the same or nearly so
    notes: tuple[str, ...] = ()  # sentences on what was looked at in part only

    def __str__(self) -> str:
        lines = [f"{split}: {_counted(c)}" for split, c in self.counts.items()]
        lines.append(f"near-duplicates {self.near_duplicates:.1%} · leaks {len(self.leaks)}")
        lines.append(
            f"{self.words_for[0]}: {self.words_for[1]} {self.majority:.1%}, {self.words_for[2]} {self.tfidf:.1%}"
        )
        lines += [f"{part}" for part in (self.pieces, self.drift) if part is not None]
        lines += [f"Note: {n}." for n in self.notes]
        lines += [f"Problem: {p}" for p in self.problems] or ["No problem found."]
        if self.suspects:
            share = len(self.suspects) / sum(self.counts["train"].values())
            lines.append(
                f"Labels to look at: {len(self.suspects)} of training ({share:.1%}), in audit.suspects, surest first."
            )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from workbench.views.auditing import audit_html

        return audit_html(self)

    def table(self) -> pd.DataFrame:
        """Every check as a row: check, found, and whether it is a problem."""
        rows = [(s, _counted(c)) for s, c in self.counts.items()]
        rows += [("near-duplicates", f"{self.near_duplicates:.1%} of the texts"), ("leaks", f"{len(self.leaks)} pairs of rows"),
                 (f"{self.words_for[0]}, {self.words_for[1]}", f"{self.majority:.1%}"),
                 (f"{self.words_for[0]}, {self.words_for[2]}", f"{self.tfidf:.1%}"),
                 ("median words", _counted({label: round(n) for label, n in self.words.items()})),
                 ("labels to look at", str(len(self.suspects)))]  # fmt: skip
        rows += [("language", ", ".join(f"{n} {name}" for name, n in self.languages.items()))] if self.languages else []
        rows += [("tokenizer", str(self.pieces))] if self.pieces else []
        rows += [("drift", str(self.drift))] if self.drift else []
        rows += [("note", n) for n in self.notes]
        return pd.DataFrame([*rows, *(("problem", p) for p in self.problems)], columns=["check", "found"])

    def doubtful(self) -> pd.DataFrame:
        """The suspects as a table: row, given, proposed, p_given, p_proposed, text."""
        return pd.DataFrame([asdict(s) for s in self.suspects], columns=[f.name for f in fields(Suspect)])

    def figure(self) -> Any:
        """Balance, lengths and, where there are any, doubtful labels and drift as a matplotlib Figure."""
        from workbench.views.auditing import audit_figure

        return audit_figure(self)

    def fixed(self, labels: bool | Iterable[int] = False) -> Data:
        """A copy without leaks and duplicates, whose `changes` list what was done, row by row. Doubtful labels stay as they are
        unless `labels` is True (every proposal is taken) or a list of rows (those alone)."""
        from workbench.data.repair import fixed

        return fixed(self.data, self.pairs, self.suspects, labels)


def audit(source: Any, *, target: Any = None, model: str | PathLike[str] | None = None, max_length: int = 128) -> Audit:
    """Look at a dataset (anything that `load` takes). Seconds for a few thousand texts.

    With `model` (a bundled name, a folder or a Hub id) the words are looked at in its tokenizer, with texts cut at `max_length`
    pieces; with `target` (texts, a frame, a file or a dataset like those that the model will meet) the two are compared.
    """
    data = load(source)
    model = _model(model, max_length)
    met = None if target is None else target_texts(target)
    texts = {split: texts_of(data, split) for split in data}
    every = [t for split in texts.values() for t in split]
    broken = (
        pieces(every, model, max_length) if model else None
    )  # first of all: a name that means nothing costs no minute
    found, pairs = examined(data)
    problems = [*found.problems, *_conflicts(data, pairs)]
    seen = languages(every)
    named = list(seen.values())
    if data.task != "translation" and named and max(named) < 0.95 * sum(named):
        problems.append(
            f"texts in several languages ({', '.join(f'{n} {name}' for name, n in list(seen.items())[:3])})"
        )
    if broken and broken.cut > 0.05:
        problems.append(f"{broken.cut:.1%} of the texts are longer than {broken.limit} pieces and are cut")
    if broken and broken.broken > 0.1:
        problems.append(
            f"{broken.broken:.1%} of the words are in more than 3 pieces: another tokenizer may suit these texts"
        )
    far = drift(texts["train"], met) if met is not None else None
    if far and far.auc - 2 * far.se > STRONG:
        problems.append(f"training and target differ: a classifier tells them apart with AUC {far.auc:.2f}")
    doubts: tuple[Suspect, ...] = ()
    if data.task == "classification":
        doubts = suspects(texts["train"], np.array(data["train"]["label"]), data.labels)
    notes = _in_part(data)
    return Audit(*found._replace(problems=tuple(problems)), suspects=doubts, languages=seen, pieces=broken, drift=far, data=data,
                 pairs=tuple(pairs), notes=notes)  # fmt: skip


def _model(model: Any, max_length: Any) -> str | None:
    """The name of the model; an error where it is none, or where texts cannot be cut so."""
    whole("max_length", max_length, 1, try_="wb.audit(data, model='bert-mini', max_length=128)")
    if model is not None and (not isinstance(model, str | PathLike) or not str(model)):
        raise WorkbenchError(f"a model of type {type(model).__name__}" if model != "" else "a model without a name",
                             "a bundled name, a folder or a Hub id", "wb.audit(data, model='bert-mini')")  # fmt: skip
    return None if model is None else str(model)


def _counted(counts: dict[str, int]) -> str:
    """Numbers and what they are of; of very many the largest."""
    if len(counts) <= MOST:
        return ", ".join(f"{n} {label}" for label, n in counts.items())
    largest = sorted(counts.items(), key=lambda one: -one[1])[: MOST // 2]
    return ", ".join(f"{n} {label}" for label, n in largest) + f", and {len(counts) - len(largest):,} more labels"


def _in_part(data: Data) -> tuple[str, ...]:
    """A sentence where there are more labels than a bag of words is fitted to."""
    known = len(set(data["train"]["label"])) if data.task == "classification" else 0
    if known <= CLASSES:
        return ()
    return (f"of {known:,} labels TF-IDF + logistic regression knows the {CLASSES} commonest: it is wrong wherever another is right, "
            "and only texts with one of these were looked at for doubtful labels",)  # fmt: skip


def texts_of(data: Data, split: str) -> list[str]:
    """The texts of a split, whatever the task: sentences of words joined, passages once each."""
    column = {"tagging": "tokens", "answering": "context", "translation": "source"}.get(data.task, "text")
    values = list(data[split][column])
    values = list(dict.fromkeys(values)) if data.task == "answering" else values
    return [v if isinstance(v, str) else " ".join(v) for v in values]


def _conflicts(data: Data, pairs: list[Pair]) -> list[str]:
    """The very same text with different labels in training."""
    if data.task not in ("classification", "multi-label"):
        return []
    column, rows = data.kind.FINGERPRINT[1], data["train"]
    same = [
        (i, j) for (a, i), (b, j) in pairs if a == b == "train" and plain(rows[i]["text"]) == plain(rows[j]["text"])
    ]
    odd = [(i, j) for i, j in same if rows[i][column] != rows[j][column]]
    if not odd:
        return []
    return [f"{len(odd)} {'text stands' if len(odd) == 1 else 'pairs of the same text stand'} in training with different labels "
            f"(rows {odd[0][0] + 1} and {odd[0][1] + 1})"]  # fmt: skip
