"""`augment`: more training texts out of those that are there, by small changes that should not change the label. No training here.

Deletion, insertion, substitution and swap are the four operations of EDA (Wei & Zou 2019, "EDA: Easy Data Augmentation"), with one
difference: words that carry an opinion or turn one round ("great", "not", "but") are protected. Contextual substitution (Kobayashi
2018) lets a masked language model fill a hidden word. Validation and test are never touched.
"""

from __future__ import annotations

import difflib
import html
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import datasets as hf
import numpy as np

from workbench.data.load import Data, load
from workbench.data.operations import OPERATIONS, OUTSIDE, Contextual, Word, Words, articles
from workbench.errors import WorkbenchError, whole

METHODS = ("deletion", "insertion", "substitution", "swap", "contextual")
ORIGINAL = "original"
MADE_BY, COPY_OF = "made_by", "copy_of"  # columns of the training split: which method, and the row of the original
TRIES = 10  # draws for one copy before the next method is tried


class Augmented(Data):
    """Data whose training split holds originals and copies: `made_by` says which, `copy_of` is the row of the original."""

    without_copy: tuple[int, ...] = ()  # rows of the training split of which a copy could not be made

    def preview(self, n: int = 5) -> Preview:
        """The first `n` copies beside their originals, with what changed marked."""
        whole("n", n, 1, try_="preview(5)")
        train = self["train"]
        column = "tokens" if self.task == "tagging" else "text"
        text = lambda i: " ".join(train[i][column]) if column == "tokens" else train[i][column]  # noqa: E731
        rows = [i for i, how in enumerate(train[MADE_BY]) if how != ORIGINAL][:n]
        return Preview(tuple((text(train[i][COPY_OF]), train[i][MADE_BY], text(i)) for i in rows), self.summary)

    @property
    def summary(self) -> str:
        """How many originals and copies there are, in one sentence."""
        counts = Counter(self["train"][MADE_BY])
        originals, by = counts.pop(ORIGINAL), ", ".join(f"{how} {k}" for how, k in sorted(counts.items()))
        lost = f" ({_copies(len(self.without_copy))} could not be made)" if self.without_copy else ""
        return f"{originals} originals and {_copies(counts.total())} for training: {by}{lost}."

    def _repr_html_(self) -> str:
        return self.preview()._repr_html_()


@dataclass(frozen=True, repr=False)
class Preview:
    """(original, method, copy) side by side. Words that are gone are struck out, new ones bold and underlined."""

    rows: tuple[tuple[str, str, str], ...]
    summary: str

    def __repr__(self) -> str:
        lines = [self.summary]
        for original, how, copy in self.rows:
            gone, new = _marked(original, copy, "[-{}-]", str), _marked(copy, original, "{{+{}+}}", str)
            lines += [f"{how}:", f"  {gone}", f"  {new}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        gone = '<del style="text-decoration:line-through">{}</del>'
        new = '<ins style="text-decoration:underline;font-weight:bold">{}</ins>'
        cell = '<td style="text-align:left;vertical-align:top">{}</td>'
        body = "".join(
            f"<tr>{cell.format(_marked(a, b, gone))}{cell.format(html.escape(how))}{cell.format(_marked(b, a, new))}</tr>"
            for a, how, b in self.rows
        )
        head = "".join(f'<th scope="col" style="text-align:left">{h}</th>' for h in ("original", "made by", "copy"))
        return (f"<table><caption style='text-align:left'>{html.escape(self.summary)} Struck out: gone; bold and underlined: new."
                f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")  # fmt: skip


def augment(
    data: Any,
    methods: Any = ("substitution",),
    *,
    share: float = 0.1,
    copies: int = 1,
    seed: int = 0,
    train_examples: int | None = None,
    model: str = "bert-mini",
) -> Augmented:
    """`data` (anything that `load` takes) with `copies` changed copies of every training text: texts with a label, or with tags.

    `methods`: one or several of deletion, insertion, substitution, swap, contextual, taken in turn. `share` of a text's words is
    changed, at least one. Every copy differs from all texts of all splits and from the other copies; where a method finds nothing to
    change the others are tried, and then there is no copy. `train_examples`: first choose the labelled texts with which
    `wb.fit(data, train_examples=..., seed=seed)` would train, so that no copy of another text slips in. `model`: who fills hidden words.

    >>> more = augment("reviews", "substitution", train_examples=64)
    >>> more["train"].unique("made_by"), len(more["train"]) > 100
    (['original', 'substitution'], True)
    """
    chosen = _checked(methods, share, copies, seed, train_examples)
    data = load(data)
    if data.task not in ("classification", "tagging"):
        raise WorkbenchError(f"data for {data.task}", "texts with a label, or words with tags", "wb.augment('reviews')")
    taken = [c for c in (MADE_BY, COPY_OF) if c in data["train"].column_names]
    if taken:
        raise WorkbenchError(f"data with a column {taken[0]!r}: augmented already?", "data without it",
                             "all methods in one call: methods=('deletion', 'swap')")  # fmt: skip
    rows = _subset(data, train_examples, seed)
    train = data["train"].select(rows)
    texts = [_read(row) for row in _plain(train, data)]
    empty = [int(rows[i]) + 1 for i, words in enumerate(texts) if not any(str(w).strip() for w in words)]
    if empty:
        raise WorkbenchError(
            f"{len(empty)} empty training texts (row {empty[0]})", "some text in every row", "dropping those rows"
        )
    known = None if data.task == "classification" else _outside(texts)
    operations = {m: Contextual(model, known) if m == "contextual" else OPERATIONS[m] for m in chosen}
    seen = {_key(_read(row)) for split in data for row in _plain(data[split], data)}
    made, missing = [], []
    for copy in range(copies):
        for at, words in enumerate(texts):
            first = (int(rows[at]) + copy) % len(chosen)
            how, out = _one(words, chosen[first:] + chosen[:first], operations, share, seen,
                            np.random.default_rng((seed, int(rows[at]), copy)))  # fmt: skip
            if out is None:
                missing.append(at)
            else:
                made.append((at, how, out))
    if not made:
        raise WorkbenchError(f"nothing that {' or '.join(chosen)} could change in {len(texts)} texts",
                             "texts with everyday English words", "methods=('deletion', 'swap', 'contextual')")  # fmt: skip
    found = Augmented({**data, "train": _joined(train, made, data)})
    found.without_copy = tuple(missing)
    some = "" if len(rows) == len(data["train"]) else f", {len(rows)} texts"
    found.title = f"{data.called}{some} + {_copies(len(made))} ({', '.join(chosen)})"
    return found


def _checked(methods: Any, share: Any, copies: Any, seed: Any, train_examples: Any) -> list[str]:
    """The methods as a list, each once; every choice that cannot be is an error."""
    listed = [methods] if isinstance(methods, str) else list(methods) if isinstance(methods, list | tuple) else []
    for method in listed or [methods]:
        if method not in METHODS:
            raise WorkbenchError(
                f"method {method!r}", f"one or several of {', '.join(METHODS)}", "methods=('substitution', 'swap')"
            )
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 < share <= 0.5:
        raise WorkbenchError(f"share is {share!r}", "a share of the words above 0 and at most 0.5", "share=0.1")
    whole("copies", copies, 1)
    whole("seed", seed)
    if train_examples is not None:
        whole("train_examples", train_examples, 2, try_="train_examples=64")
    return list(dict.fromkeys(listed))


def _subset(data: Data, n: int | None, seed: int) -> np.ndarray:
    """The rows that the task would take for training: see `prepare` of classification and tagging."""
    total = len(data["train"])
    if n is None or n >= total:
        return np.arange(total)
    if data.task == "tagging":
        return np.sort(np.random.default_rng(seed).permutation(total)[:n])
    from workbench.tasks.base import stratified

    return stratified(np.array(data["train"]["label"]), n, seed)


def _plain(split: hf.Dataset, data: Data) -> list[Any]:
    """Its texts, or its (words, names of tags)."""
    if data.task == "classification":
        return list(split["text"])
    return [(w, [data.labels[t] for t in tags]) for w, tags in zip(split["tokens"], split["tags"], strict=True)]


def _read(row: Any) -> Words:
    if isinstance(row, str):
        return [Word.read(part) for part in row.split()]
    return [Word("", word, "", tag) for word, tag in zip(*row, strict=True)]  # punctuation is a word of its own


def _outside(texts: list[Words]) -> frozenset[str]:
    """Words that stand outside names, in small letters."""
    return frozenset(w.core for words in texts for w in words if w.tag == OUTSIDE and w.core.islower())


def _key(words: Words) -> str:
    return " ".join(map(str, words)).lower()


def _one(words: Words, methods: list[str], operations: dict[str, Any], share: float, seen: set[str],
         rng: np.random.Generator) -> tuple[str, Words | None]:  # fmt: skip
    """The first copy that is new, and the method that made it."""
    n = max(1, round(share * sum(bool(w.core) for w in words)))
    for method in methods:
        for _ in range(TRIES):
            out = articles(operations[method](words, n, rng), words)
            if _key(out) not in seen:
                seen.add(_key(out))
                return method, out
    return "", None


def _joined(train: hf.Dataset, made: list[tuple[int, str, Words]], data: Data) -> hf.Dataset:
    """Originals, then copies: every column of the original, with the new text or the new words and tags."""
    source = [*range(len(train)), *(at for at, _, _ in made)]
    columns = {name: [values[i] for i in source] for name, values in train.to_dict().items()}
    if data.task == "classification":
        columns["text"][len(train) :] = [" ".join(map(str, words)) for _, _, words in made]
    else:
        number = {name: i for i, name in enumerate(data.labels)}
        columns["tokens"][len(train) :] = [[str(w) for w in words] for _, _, words in made]
        columns["tags"][len(train) :] = [[number[w.tag] for w in words] for _, _, words in made]
    columns[MADE_BY] = [ORIGINAL] * len(train) + [how for _, how, _ in made]
    columns[COPY_OF] = source
    return hf.Dataset.from_dict(
        columns, hf.Features({**train.features, MADE_BY: hf.Value("string"), COPY_OF: hf.Value("int64")})
    )


def _copies(n: int) -> str:
    return f"{n} {'copy' if n == 1 else 'copies'}"


def _marked(text: str, other: str, mark: str, escape: Callable[[str], str] = html.escape) -> str:
    """The words of `text`, each run of those that `other` lacks inside `mark`; escaped for HTML unless `escape` is another."""
    a, b = text.split(), other.split()
    parts = []
    for what, start, end, _, _ in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if start < end:
            words = escape(" ".join(a[start:end]))
            parts.append(words if what == "equal" else mark.format(words))
    return " ".join(parts)
