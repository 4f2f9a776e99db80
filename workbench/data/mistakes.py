"""Deliberate mistakes between a text and its model, as switches: `wb.fit(..., mistake="no-mask:serving")`. Not a single one by accident.

Each is a small function that spoils texts, the tokenizer or the batch, and nothing else, so that a run with a mistake can be
held against the same run without it. A mistake holds everywhere, or with `:training` or `:serving` behind its name only while
the model learns (and is validated), or only afterwards, where it answers: there the curve cannot warn of it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench import catalog
from workbench.errors import WorkbenchError

TRAINING, SERVING = "training", "serving"
EARLY = 8  # pieces after which "early-truncation" cuts
_ONE, _MANY, _TEXT = ("classification",), ("classification", "tagging"), ("classification", "tagging", "translation")
Batch = dict[str, Any]


class Spoilt:
    """A tokenizer that is called with other texts or arguments than it was given; in all else it is the one inside."""

    def __init__(
        self, inside: Any, texts: Callable[[str], str] | None = None, call: Any = None, **changes: Any
    ) -> None:
        self.__dict__.update(inside=inside, texts=texts, call=call or {}, changes=changes)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """As the tokenizer inside; targets of a translation (`text_target`) stay as they are."""
        args = tuple(self._spoilt(arg) for arg in args)
        named = {k: self._spoilt(v) if k == "text" else v for k, v in named.items()}
        return self.inside(*args, **{**named, **self.call})

    def _spoilt(self, given: Any) -> Any:
        if self.texts is None or given is None:
            return given
        return self.texts(given) if isinstance(given, str) else [self._spoilt(one) for one in given]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        changes = self.__dict__["changes"]
        return changes[name] if name in changes else getattr(self.__dict__["inside"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.inside, name, value)

    def __len__(self) -> int:
        return len(self.inside)


class Foreign(Spoilt):
    """Another model's tokenizer. An id for which the model has no row would end training at once; it takes one that there is
    (the remainder), so that the mistake stays as silent as it is among vocabularies of equal size."""

    def __init__(self, other: Any, rows: int) -> None:
        super().__init__(other)
        self.__dict__["rows"] = rows

    def __call__(self, *args: Any, **named: Any) -> Any:
        found = super().__call__(*args, **named)
        ids = found["input_ids"]
        whole = ids and isinstance(ids[0], list)
        found["input_ids"] = [[i % self.rows for i in row] for row in ids] if whole else [i % self.rows for i in ids]
        return found


class SpoiltTask:
    """A task whose batches are spoilt: all of them (`collate`), or those that the model learns from (`training_collate`)."""

    def __init__(self, task: Any, mistake: Mistake, config: Any) -> None:
        self.task, self.mistake, self.config = task, mistake, config

    def collate(self, tokenizer: Any) -> Any:
        """What makes a batch to be answered."""
        return _then(self.task.collate(tokenizer), self.mistake.batch, tokenizer, self.config)

    def training_collate(self, tokenizer: Any) -> Any:
        """What makes a batch to be learned from."""
        return _then(self.collate(tokenizer), self.mistake.learning, tokenizer, self.config)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["task"], name)


@dataclass(frozen=True)
class Mistake:
    """One way to go wrong: `texts` changes every text, `tokenizer` what cuts it, `batch` and `learning` the tensors."""

    name: str
    title: str
    tasks: tuple[str, ...] = _ONE
    texts: Callable[[str], str] | None = None
    tokenizer: Callable[[Any, str], Any] | None = None
    batch: Callable[[Batch, Any, Any], Batch] | None = None
    learning: Callable[[Batch, Any, Any], Batch] | None = None


# What goes wrong ------------------------------------------------------------------------------------------------------


def _foreign(tokenizer: Any, model: str) -> Any:
    """The bundled tokenizer of another family; both vocabularies of the bundled models have 8,192 pieces."""
    from workbench.models import zoo

    source = zoo.source("bert-mini" if "en-fr" in model else "en-fr-mini")
    other = zoo.tokenizer(source)
    other.model_max_length = tokenizer.model_max_length
    return Foreign(other, len(tokenizer))


def _no_mask(batch: Batch, tokenizer: Any, config: Any) -> Batch:
    return {**batch, "attention_mask": batch["attention_mask"].new_ones(batch["attention_mask"].shape)}


def _to_the_limit(batch: Batch, tokenizer: Any, config: Any) -> Batch:
    """Every batch as long as the longest text that may come; the mask is right, so only time is lost."""
    from torch.nn.functional import pad

    width = min(config.max_length, tokenizer.model_max_length)
    fill = {"input_ids": tokenizer.pad_token_id, "labels": -100}
    more = width - batch["input_ids"].shape[1]
    sides = (more, 0) if tokenizer.padding_side == "left" else (0, more)
    return {k: pad(v, sides, value=fill.get(k, 0)) if v.ndim == 2 and more > 0 else v for k, v in batch.items()}


def _padding_counts(batch: Batch, tokenizer: Any, config: Any) -> Batch:
    """Padding gets a label: the tag with number 0 (outside), or the padding's own piece where pieces are to be written."""
    if "decoder_input_ids" in batch:
        pad = getattr(tokenizer, "target_pad", tokenizer.pad_token_id)
        return {**batch, "labels": batch["labels"].masked_fill(batch["labels"] == -100, pad)}
    return {**batch, "labels": batch["labels"].masked_fill(batch["attention_mask"] == 0, 0)}


def _without_stop_words(text: str) -> str:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS as STOP

    return " ".join(w for w in text.split() if w.lower().strip(".,;:!?\"'()") not in STOP) or text


def _changed(**changes: Any) -> Callable[[Any, str], Any]:
    """A tokenizer whose attributes say something else; `call` holds arguments that every call gets."""
    return lambda tokenizer, model: Spoilt(tokenizer, **changes)


MISTAKES = (
    Mistake("wrong-tokenizer", "Another model's tokenizer: every id stands for another piece", _MANY, tokenizer=_foreign),
    Mistake("early-truncation", f"Texts are cut after {EARLY} pieces", _MANY, tokenizer=_changed(model_max_length=EARLY)),
    Mistake("no-truncation", "Texts are not cut where the model's positions end: a long one is an error", _ONE,
            tokenizer=_changed(call={"truncation": False, "max_length": None, "verbose": False})),
    Mistake("no-special-tokens", "Texts come without [CLS] and [SEP]", _MANY, tokenizer=_changed(call={"add_special_tokens": False})),
    Mistake("no-mask", "No attention mask: padding is read as if it were text", _ONE, batch=_no_mask),
    Mistake("padding-in-loss", "Padding is counted in the loss", ("tagging", "translation"), learning=_padding_counts),
    Mistake("pad-to-limit", "Every batch is padded to max_length", _MANY, batch=_to_the_limit),
    Mistake("upper-case", "Texts in capitals", _TEXT, str.upper),
    Mistake("lower-case", "Texts in small letters", _TEXT, str.lower),
    Mistake("no-punctuation", "Punctuation is taken out, apostrophes too", _ONE, lambda text: re.sub(r"[^\w\s]", "", text)),
    Mistake("no-stop-words", "Common words are taken out, 'not' among them", _ONE, _without_stop_words),
    Mistake("html-entities", "Quotes and signs as HTML writes them: &#x27; for an apostrophe", ("classification", "translation"), html.escape),
)  # fmt: skip


# Names, and where a mistake holds -----------------------------------------------------------------------------------


def mistakes() -> catalog.Cards:
    """Every mistake that `mistake=` takes; with `:training` or `:serving` behind its name it holds there alone."""
    return catalog.Cards([catalog.Card(m.name, "mistake", m.title, tasks=m.tasks, source="control") for m in MISTAKES])


def find(said: str) -> tuple[Mistake, str]:
    """(the mistake, where it holds: "training", "serving" or "" for both), or an error that lists what there is."""
    if not isinstance(said, str):
        raise WorkbenchError(f"mistake {said!r:.60}", "the name of one", f"mistake={MISTAKES[0].name!r}")
    name, _, place = said.partition(":")
    catalog.find(mistakes(), name, "mistake")
    mistake = next(m for m in MISTAKES if m.name == name)
    if place == SERVING and mistake.learning is not None:
        raise WorkbenchError(
            f"{said!r}: nothing is learned while serving", "a mistake that can be made there", f"mistake={name!r}"
        )
    return mistake, place


def check(said: str | None, task: str) -> None:
    """Raise a WorkbenchError where a mistake cannot be made in a task."""
    if said is not None and task not in (tasks := find(said)[0].tasks):
        raise WorkbenchError(
            f"mistake {said!r} on data for {task}", f"data for {', '.join(tasks)}", "another of wb.mistakes()"
        )


def spoil(config: Any, phase: str, task: Any, tokenizer: Any) -> tuple[Any, Any]:
    """Task and tokenizer of a run in one phase ("training" or "serving"): as they are, or with the run's mistake in them."""
    if config.mistake is None:
        return task, tokenizer
    mistake, place = find(config.mistake)
    if place not in ("", phase):
        return task, tokenizer
    if mistake.texts is not None:
        tokenizer = Spoilt(tokenizer, mistake.texts)
    if mistake.tokenizer is not None:
        tokenizer = mistake.tokenizer(tokenizer, config.model)
    return (SpoiltTask(task, mistake, config) if mistake.batch or mistake.learning else task), tokenizer


def _then(collate: Any, change: Callable[[Batch, Any, Any], Batch] | None, tokenizer: Any, config: Any) -> Any:
    return collate if change is None else lambda items: change(collate(items), tokenizer, config)
