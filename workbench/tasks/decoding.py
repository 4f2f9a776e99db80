"""Tags for a whole sentence at once: the best sequence that is possible (Viterbi 1967). Nothing is learned here.

A tagger answers word by word, so its likeliest tags need not go together: `I-PER` right behind `O` goes on with a name that nothing
has begun. A conditional random field learns a score for every pair of neighbours (Lafferty, McCallum & Pereira 2001); here the
table is fixed, 0 for a pair that IOB2 allows and minus infinity for the others. It needs no training and fits any finished tagger.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import WorkbenchError

START = "O"  # what stands, as it were, before the first word


def may_follow(before: str, tag: str) -> bool:
    """Whether IOB2 lets `tag` stand behind `before`: `I-X` goes on with a name of its own type, everything else may begin anywhere.

    >>> may_follow("B-PER", "I-PER"), may_follow("O", "I-PER"), may_follow("B-LOC", "I-PER"), may_follow("I-PER", "B-PER")
    (True, False, False, True)
    """
    prefix, _, kind = tag.partition("-")
    return prefix != "I" or before in (f"B-{kind}", f"I-{kind}")


def transitions(labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(first, table): 0 where a tag may stand, minus infinity where not. `first` (tags,) is for the first word, `table` (tags, tags) for a
    word behind another: row the tag before, column the tag."""
    cost = lambda before: [0.0 if may_follow(before, tag) else -np.inf for tag in labels]  # noqa: E731
    return np.array(cost(START)), np.array([cost(before) for before in labels])


def viterbi(scores: np.ndarray, first: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The sequence with the highest sum of scores and transitions: scores (words, tags), in log-probabilities -> (words,).

    >>> first, table = transitions(["O", "B-PER", "I-PER"])
    >>> viterbi(np.log([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7]]), first, table).tolist()  # B I: 0.28, O O: 0.10, O I is not possible
    [1, 2]
    """
    if not len(scores):
        return np.zeros(0, dtype=np.int64)
    best = first + scores[0]
    back: list[np.ndarray] = []
    for row in scores[1:]:
        through = best[:, None] + table
        back.append(through.argmax(0))
        best = through.max(0) + row
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def impossible(tags: Sequence[str]) -> int:
    """How many tags of a sentence cannot stand where they stand.

    >>> impossible(["I-PER", "O", "B-LOC", "I-LOC", "I-PER"])
    2
    """
    return sum(not may_follow(before, tag) for before, tag in pairwise([START, *tags]))


def decodings(run: Any, split: str = "validation") -> pd.DataFrame:
    """One tagger, decoded both ways on the same texts: `free` and `constrained` with precision, recall, F1, sentences with an impossible
    tag, and words that got another tag than `free` gave them. Raises WorkbenchError for a run that gives no tags."""
    from workbench.tasks.tagging import SILENT, Tagging

    if not hasattr(run, "predictor"):
        raise WorkbenchError(f"{type(run).__name__} instead of a run", "a finished run", "wb.decodings(run)")
    predictor = run.predictor()
    if getattr(getattr(predictor, "task", None), "name", "") != Tagging.name:
        raise WorkbenchError(f"run {run.id} is a run of {run.store.facts.get('task')}", "a run of this machine that gives a tag to every word",
                             'wb.fit("people-places")')  # fmt: skip
    data = run.data()
    if split not in data:
        raise WorkbenchError(f"no split called {split!r}", f"one of {', '.join(data)}", "split='validation'")
    encoded = predictor.task.encode(data[split], predictor.tokenizer, predictor.config.max_length, predictor.labels)
    with predictor.at_work():
        logits = predictor.ask(encoded)
    rows: list[dict[str, Any]] = []
    plain: list[np.ndarray] = []
    for name in ("free", "constrained"):
        task = Tagging(name)
        scores = task.metrics(logits, encoded.labels, predictor.labels)
        tags = [task.decide(r[t != SILENT], predictor.labels) for r, t in zip(logits, encoded.labels, strict=True)]
        plain = plain or tags
        broken = sum(bool(impossible([predictor.labels[i] for i in row])) for row in tags)
        other = sum(int((a != b).sum()) for a, b in zip(tags, plain, strict=True))
        rows.append({"decoding": name, "precision": scores["precision"], "recall": scores["recall"], "f1": scores["f1"],
                     "impossible sentences": broken, "words changed": other})  # fmt: skip
    return pd.DataFrame(rows).set_index("decoding")
