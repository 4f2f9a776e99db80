"""The one exception that a user's input can raise: what was found, what was expected, what to try.

Raised at the public boundary only; inner code raises ordinary exceptions and the boundary chains them.
"""

from __future__ import annotations

import re
from numbers import Integral
from typing import Any

MOST = 2000  # signs of each part of an error
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class WorkbenchError(ValueError):
    """An error that the reader can mend. Each part is one sentence without a full stop at its end.

    >>> print(WorkbenchError("learning_rate is -1", "a number above 0", "learning_rate=3e-4"))
    learning_rate is -1. Expected: a number above 0. Try: learning_rate=3e-4.
    """

    def __init__(self, found: str, expected: str = "", try_: str = "") -> None:
        self.found, self.expected, self.try_ = map(_without_stop, (found, expected, try_))
        sentence = [self.found]
        if self.expected:
            sentence.append(f"Expected: {self.expected}")
        if self.try_:
            sentence.append(f"Try: {self.try_}")
        text = ". ".join(sentence)
        super().__init__(text if text.endswith("...") else f"{text}.")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.found, self.expected, self.try_)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: a learner's mistake needs a sentence, not our call stack."""
        return [f"WorkbenchError: {self}"]


def whole(name: str, value: Any, least: int = 0, most: int | None = None, try_: str = "") -> int:
    """A whole number as a call was given it, from `least` to `most` or from `least` up; True and 2.0 are none.

    >>> whole("top", 5, 1, 100)
    5
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, Integral)
        or int(value) < least
        or (most is not None and int(value) > most)
    ):
        upto = "up" if most is None else f"to {most}"
        raise WorkbenchError(
            f"{name} is {value!r:.60}", f"a whole number from {least} {upto}", try_ or f"{name}={least}"
        )
    return int(value)


def _without_stop(part: str) -> str:
    """Without the full stop at its end; three dots stand for what is left out and stay.

    >>> _without_stop("One thing. "), _without_stop("learning_rate=...")
    ('One thing', 'learning_rate=...')
    """
    part = visible(part.rstrip())
    if len(part) > MOST:
        part = f"{part[:MOST]} ..."
    return part if part.endswith("...") else part.rstrip(". ")


def visible(text: str) -> str:
    """Text of a stranger for a terminal: signs that move its cursor, colour it or turn its direction are spelled out.

    >>> print(visible("\x1b[31mred\u202e"))
    \\x1b[31mred\\u202e
    """
    return _HIDDEN.sub(lambda sign: sign[0].encode("unicode_escape").decode("ascii"), text)
