"""Exercises checked by outcome: what the learner made is looked at, not how. No model answers are compared as text.

`wb.exercise("00.1")` shows the task; `.check(answer)` judges, `.hint()` helps a little more each time, `.solution()` tells.
An answer of None or `...` is "not attempted": neither right nor wrong. So are the runs that the lesson itself has trained, where an
exercise asks for one of the learner's own.
"""

from __future__ import annotations

import difflib
import html
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.training.store import runs_home, write_aside
from workbench.views.inks import PANE, ink

PASSED, FAILED, NOT_ATTEMPTED = "passed", "not yet", "not attempted"
_MARKS = {PASSED: ("✓", "#009E73"), FAILED: ("✗", "#D55E00"), NOT_ATTEMPTED: ("○", "#5F6670")}


@dataclass(frozen=True)
class Outcome:
    """What a check found: `state` is passed, not yet or not attempted; `text` says why, with numbers."""

    state: str
    text: str

    def __bool__(self) -> bool:
        return self.state == PASSED

    def __repr__(self) -> str:
        return f"{_MARKS[self.state][0]} {self.state}: {self.text}"

    def _repr_html_(self) -> str:
        mark, colour = _MARKS[self.state]
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:4px 12px;line-height:1.5">'
            f"<b>{mark} {html.escape(self.state.capitalize())}.</b> {with_code(self.text)}</div>"
        )


@dataclass
class Exercise:
    """One task. `judge` gets the answer and returns (passed, why); whatever it raises is reported as not yet. `own` are the choices
    of runs that the lesson has trained already and that would pass, and `lessons` knows what else it has made: they are no attempt."""

    id: str
    task: str
    judge: Callable[..., tuple[bool, str]]
    hints: tuple[str, ...]
    answer: str
    own: tuple[RunConfig, ...] = field(default=(), repr=False)
    lessons: Callable[[Any], bool] | None = field(default=None, repr=False)
    _shown: int = field(default=0, repr=False)

    def check(self, *answer: Any) -> Outcome:
        """Judge an answer by its outcome and remember a pass."""
        if not answer or any(a is None or a is ... or (isinstance(a, list | tuple | str) and not a) for a in answer):
            return Outcome(NOT_ATTEMPTED, "Put your own answer in the cell above, run it, then check again.")
        if self.own and any(getattr(part, "config", None) in self.own for part in _parts(answer)):
            return Outcome(
                NOT_ATTEMPTED, "This run has the choices of the lesson's own: train one with others, then check again."
            )
        if any(map(self._of_the_lesson, _parts(answer))):
            return Outcome(NOT_ATTEMPTED, "This is the lesson's own: make another one, then check again.")
        if words := _unfinished(answer):
            return Outcome(FAILED, words)
        try:
            passed, why = self.judge(*answer)
        except WorkbenchError as error:
            return Outcome(FAILED, str(error))
        except (AttributeError, TypeError, ValueError, KeyError, IndexError, ArithmeticError):
            kinds = " and ".join(type(a).__name__ for a in answer)
            return Outcome(
                FAILED, f"this answer ({kinds}) could not be looked at: something else is asked for. {self.hints[0]}"
            )
        if passed:
            _remember(self.id)
        return Outcome(PASSED if passed else FAILED, why)

    def _of_the_lesson(self, part: Any) -> bool:
        try:
            return self.lessons is not None and bool(self.lessons(part))
        except (AttributeError, TypeError, ValueError, KeyError, IndexError):
            return False  # something of another kind

    def hint(self) -> str:
        """The next hint; after the last one it is repeated."""
        hint = self.hints[min(self._shown, len(self.hints) - 1)]
        self._shown += 1
        return hint

    def solution(self) -> str:
        """One way to do it, in words and code."""
        return self.answer

    def __repr__(self) -> str:
        return f"Exercise {self.id}: {self.task}"

    def _repr_html_(self) -> str:
        done = f' <b style="{ink(_MARKS[PASSED][1])}">✓ done</b>' if self.id in progress() else ""
        return (
            f'<div style="{PANE};padding:8px 14px;max-width:760px;line-height:1.5"><b>Exercise {html.escape(self.id)}'
            f"</b>{done}<br>{with_code(self.task)}</div>"
        )


def exercise(id: str) -> Exercise:
    """The exercise with this number, for example "00.1"."""
    from workbench.lessons.book import EXERCISES

    if id not in EXERCISES:
        whole = f"{id!s:0>4}"
        near = whole if whole in EXERCISES else (difflib.get_close_matches(whole, EXERCISES, n=1) or ["00.1"])[0]
        raise WorkbenchError(f"no exercise {id!r}", f"one of {', '.join(sorted(EXERCISES))}", f"wb.exercise({near!r})")
    return EXERCISES[id]


def progress() -> set[str]:
    """The exercises passed so far in this folder."""
    try:
        return set(json.loads(_path().read_text("utf-8")))
    except (OSError, ValueError):
        return set()


def _parts(answer: tuple[Any, ...]) -> Iterator[Any]:
    """What was handed in, one by one, also what stands inside a pair."""
    for a in answer:
        yield from a if isinstance(a, list | tuple) else (a,)


def _unfinished(answer: tuple[Any, ...]) -> str:
    """What is wrong with runs that train still or broke off, also inside a pair; empty where nothing is."""
    for part in _parts(answer):
        if getattr(part, "done", True) is False:
            return "This run has not ended yet: wait for it with `await` and its name, then check again."
        if isinstance(error := getattr(part, "error", None), BaseException):
            return f"This run broke off: {error}"
    return ""


def as_number(answer: Any) -> float | None:
    """A number of any kind (Python's, NumPy's, a tensor of one) as float; None for what is no number, also True and nan.

    >>> as_number(2), as_number("2"), as_number(True), as_number(float("nan"))
    (2.0, None, None, None)
    """
    if isinstance(answer, bool | str | bytes) or not hasattr(answer, "__float__"):
        return None
    try:
        number = float(answer)
    except (TypeError, ValueError, RuntimeError):  # several numbers
        return None
    return None if math.isnan(number) else number


def as_whole(answer: Any) -> int | None:
    """A whole number of any kind as int; None for every other answer.

    >>> as_whole(2.0), as_whole(2.5), as_whole("2")
    (2, None, None)
    """
    number = as_number(answer)
    return int(number) if number is not None and number.is_integer() else None


def as_sentence(answer: Any) -> str:
    """A sentence as text; a list with one sentence, as `run.predict` takes it, or a list of words too.

    >>> as_sentence(["It", "works."]), as_sentence(["It works."])
    ('It works.', 'It works.')
    """
    return answer if isinstance(answer, str) else " ".join(map(str, answer))


def _remember(id: str) -> None:
    try:
        _path().parent.mkdir(parents=True, exist_ok=True)
        write_aside(_path(), json.dumps(sorted(progress() | {id})).encode())
    except OSError:
        pass  # a read-only folder: the exercise is passed all the same, only not remembered


def _path() -> Any:
    return runs_home() / "progress.json"


def with_code(text: str) -> str:
    """Escaped, with what stands between backticks as code.

    >>> with_code("put `a < b` there")
    'put <code>a &lt; b</code> there'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
