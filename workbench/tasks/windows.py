"""Questions and passages as windows of word pieces, and windows' scores as answers. No model and no loss here.

A passage that is longer than the model may see is cut into windows that overlap; every one of them begins with the whole
question. What a window says of a span is compared with what all the others say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError

SHORTEST = 32  # word pieces of the smallest window that makes sense
LONGEST = 30  # word pieces of the longest answer, as in SQuAD's own scripts


@dataclass(frozen=True, eq=False)
class Question:
    """One row: `places` are (first character, one past the last) of its right answers; none where there is no answer."""

    text: str
    context: str
    places: tuple[tuple[int, int], ...] = ()

    @property
    def answers(self) -> list[str]:
        """The right answers' texts; [""] where there is none, as SQuAD 2 counts it."""
        return [self.context[a:b] for a, b in self.places] or [""]


@dataclass(frozen=True, eq=False)
class Window:
    """Where each piece of one window comes from. `offsets` (pieces, 2) are characters of the passage, -1 outside of it;
    `start` and `end` are the pieces of the first right answer, both `null` where this window does not have all of it."""

    question: Question
    offsets: np.ndarray
    segments: np.ndarray
    null: int
    start: int
    end: int

    @property
    def whole(self) -> bool:
        """Whether a right answer lies in it."""
        return self.start != self.null


@dataclass(frozen=True)
class Found:
    """The best span of one question and how it stands against "no answer"; `null_odds` is the difference of their scores."""

    start: int
    end: int
    text: str
    null_odds: float
    p_span: float
    p_null: float
    p_right: float

    def answer(self, threshold: float) -> str:
        """The span, or nothing where "no answer" scores more than `threshold` above it."""
        return "" if self.null_odds > threshold else self.text


def cut(
    questions: Sequence[Question], tokenizer: Any, max_length: int
) -> tuple[list[np.ndarray], list[Window], np.ndarray]:
    """(ids, windows, question of each window). Windows overlap by a quarter of their length at most.

    >>> from transformers import AutoTokenizer
    >>> from workbench import catalog
    >>> tokenizer = AutoTokenizer.from_pretrained(catalog.bundled_home() / "models" / "bert-mini")
    >>> ids, windows, rows = cut([Question("Who left?", "Ann left. " * 20, ((0, 3),))], tokenizer, 32)
    >>> [len(i) for i in ids], rows.tolist(), windows[0].start, windows[0].whole, windows[1].whole
    ([32, 32, 30], [0, 0, 0], 5, True, False)
    """
    longest = min(max_length, tokenizer.model_max_length)
    if longest < SHORTEST:
        raise WorkbenchError(f"windows of {longest} word pieces", f"at least {SHORTEST}, for a question and a part of its passage",
                             "max_length=256")  # fmt: skip
    if not questions:
        return [], [], np.zeros(0, dtype=np.int64)
    batch = tokenizer(
        _shortened([q.text for q in questions], tokenizer, longest // 2), [q.context for q in questions], truncation="only_second",
        max_length=longest, stride=longest // 4, return_overflowing_tokens=True, return_offsets_mapping=True,
        return_token_type_ids=True, padding=False,
    )  # fmt: skip
    rows = np.array(batch["overflow_to_sample_mapping"], dtype=np.int64)
    ids = [np.array(i, dtype=np.int64) for i in batch["input_ids"]]
    windows = []
    for at, row in enumerate(rows):
        inside = np.array([s == 1 for s in batch.sequence_ids(at)])
        offsets = np.where(inside[:, None], np.array(batch["offset_mapping"][at]), -1)
        segments = np.array(batch["token_type_ids"][at], dtype=np.int64)
        windows.append(_window(questions[int(row)], ids[at], offsets, segments, tokenizer))
    return ids, windows, rows


def _shortened(texts: list[str], tokenizer: Any, room: int) -> list[str]:
    """Questions cut where they would leave less than half a window for the passage."""
    whole = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    return [t if len(o) <= room - 4 else t[: o[room - 5][1]] for t, o in zip(texts, whole, strict=True)]


def _window(question: Question, ids: np.ndarray, offsets: np.ndarray, segments: np.ndarray, tokenizer: Any) -> Window:
    null = int(np.argmax(ids == tokenizer.cls_token_id)) if tokenizer.cls_token_id is not None else 0
    span = pieces_of(offsets, *question.places[0]) if question.places else None
    start, end = span or (null, null)
    return Window(question, offsets, segments, null, start, end)


def pieces_of(offsets: np.ndarray, start: int, end: int) -> tuple[int, int] | None:
    """The first and the last piece of the characters from `start` up to `end`; None where not all of them are here.

    >>> pieces_of(np.array([[-1, -1], [0, 3], [4, 6], [6, 9], [-1, -1]]), 4, 9)
    (2, 3)
    """
    begins = np.flatnonzero((offsets[:, 0] <= start) & (offsets[:, 1] > start))
    ends = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] >= end) & (offsets[:, 0] >= 0))
    return (int(begins[0]), int(ends[0])) if len(begins) and len(ends) else None


def best(logits: Iterable[np.ndarray], windows: Iterable[Window], null: bool) -> list[Found]:
    """One answer per question, in the order in which the questions come; `logits` are (pieces, 2) per window.

    The score of a span is its start's plus its end's, the score of "no answer" the lowest that any window gives to its [CLS].
    Probabilities are a softmax over all spans of all windows and, where `null` says that it counts, "no answer".
    """
    groups: dict[int, list[tuple[np.ndarray, Window]]] = {}
    for one, window in zip(logits, windows, strict=True):
        groups.setdefault(id(window.question), []).append((one, window))
    return [_best(parts, null) for parts in groups.values()]


def _best(parts: list[tuple[np.ndarray, Window]], null: bool) -> Found:
    nothing = min(float(one[w.null].sum()) for one, w in parts)
    scores = [_scores(one.astype(np.float64), w.offsets) for one, w in parts]
    tops = [float(s.max(initial=-np.inf)) for s in scores]
    top = max(tops)
    if not np.isfinite(top):  # a passage without a single piece, or logits that are no numbers
        return Found(0, 0, "", np.inf, 0.0, 1.0, 0.0)
    window = parts[at := int(np.argmax(tops))][1]
    first, last = np.unravel_index(int(scores[at].argmax()), scores[at].shape)
    start, end = _trimmed(window.question.context, int(window.offsets[first, 0]), int(window.offsets[last, 1]))
    high = max(top, nothing) if null else top
    total = sum(float(np.exp(s - high).sum()) for s in scores) + (float(np.exp(nothing - high)) if null else 0.0)
    right = [float(s[w.start, w.end]) for s, (_, w) in zip(scores, parts, strict=True) if w.whole]
    p_null = float(np.exp(nothing - high)) / total if null else 0.0
    p_right = float(np.exp(max(right) - high)) / total if right else p_null
    text = window.question.context[start:end]
    return Found(start, end, text, nothing - top, float(np.exp(top - high)) / total, p_null, p_right)


def _scores(one: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(pieces, pieces): start plus end of every span that is allowed, else minus infinity."""
    inside = offsets[:, 0] >= 0
    total = one[:, 0][:, None] + one[:, 1][None, :]
    length = np.arange(len(one))[None, :] - np.arange(len(one))[:, None]
    return np.where(inside[:, None] & inside[None, :] & (length >= 0) & (length < LONGEST), total, -np.inf)


def _trimmed(context: str, start: int, end: int) -> tuple[int, int]:
    """Without the spaces that byte-level pieces carry in front."""
    text = context[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
