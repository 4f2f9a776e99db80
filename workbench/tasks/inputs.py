"""What a finished run may be asked: a text, several, or a table's column of them. Not how a file is read: that is `data/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.data.columns import TEXT, usual
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError

EXPECTED = "a text, or several in a list or in a column of a table"


@dataclass(frozen=True)
class Purpose:
    """What texts are asked for, in the words of an error: where it is, what a thing is that holds no texts, what to write instead."""

    where: str
    no_texts: str
    try_: str
    try_column: str


PREDICT = Purpose("", "to predict for", "run.predict(['Not bad at all'])", "run.predict(list(table['...']))")


def texts(inputs: Any, *first: str, purpose: Purpose = PREDICT) -> list[str]:
    """The texts that were given, one by one; a table's are in a column called as in `first`, or as texts usually are.

    >>> texts("a"), texts(["a", "b"]), texts({"text": ["a", "b"], "label": [0, 1]})
    (['a'], ['a', 'b'], ['a', 'b'])

    Halves of signs, as cut JSON leaves them, are replaced as `load` does: no table of answers could hold them.
    """
    found = items(inputs, *first, purpose=purpose)
    wrong = next((n for n, one in enumerate(found) if not isinstance(one, str)), None)
    if wrong is not None:
        raise WorkbenchError(
            f"{purpose.where}number {wrong} is {found[wrong]!r:.60}, not a text", EXPECTED, purpose.try_
        )
    return [well_formed(one) for one in found]


def items(inputs: Any, *first: str, purpose: Purpose = PREDICT) -> list[Any]:
    """The same where what stands for a text need not be one: a tagger takes lists of words."""
    if isinstance(inputs, str):
        return [inputs]
    columns = getattr(
        inputs, "column_names", inputs.keys() if isinstance(inputs, Mapping) else getattr(inputs, "columns", None)
    )
    if columns is not None:
        return items(inputs[_column(list(columns), first, purpose)], *first, purpose=purpose)
    try:
        found = list(inputs)
    except TypeError:
        raise WorkbenchError(f"{purpose.where}{inputs!r:.60} {purpose.no_texts}", EXPECTED, purpose.try_) from None
    return [one[_column(list(one), first, purpose)] if isinstance(one, Mapping) else one for one in found]


def _column(names: list[Any], first: tuple[str, ...], purpose: Purpose) -> str:
    """The column that holds the texts."""
    name = usual(names, (*first, *TEXT))
    if name is None:
        known = ", ".join(map(str, names))
        raise WorkbenchError(
            f"{purpose.where}a table with the columns {known:.100}",
            f"one called {(*first, *TEXT)[0]}",
            purpose.try_column,
        )
    if names.count(name) > 1:
        raise WorkbenchError(
            f"{purpose.where}{names.count(name)} columns called {name!r}", "one column of that name", "renaming one"
        )
    return name
