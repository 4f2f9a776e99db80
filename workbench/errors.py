"""The one exception that a user's input can raise: what was found, what was expected, what to try.

Raised at the public boundary only; inner code raises ordinary exceptions and the boundary chains them.
"""


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


def _without_stop(part: str) -> str:
    """Without the full stop at its end; three dots stand for what is left out and stay.

    >>> _without_stop("One thing. "), _without_stop("learning_rate=...")
    ('One thing', 'learning_rate=...')
    """
    part = part.rstrip()
    return part if part.endswith("...") else part.rstrip(". ")
