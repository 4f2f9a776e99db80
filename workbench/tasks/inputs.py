"""What a finished run may be asked: a text, several, or a table's column of them. Not how a file is read: that is `data/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.data.columns import TEXT, usual
from workbench.errors import WorkbenchError

EXPECTED, TRY = "a text, or several in a list or in a column of a table", "run.predict(['Not bad at all'])"


def texts(inputs: Any, *first: str) -> list[str]:
    """The texts that were given, one by one; a table's are in a column called as in `first`, or as texts usually are.

    >>> texts("a"), texts(["a", "b"]), texts({"text": ["a", "b"], "label": [0, 1]})
    (['a'], ['a', 'b'], ['a', 'b'])
    """
    found = items(inputs, *first)
    wrong = next((n for n, one in enumerate(found) if not isinstance(one, str)), None)
    if wrong is not None:
        raise WorkbenchError(f"number {wrong} is {found[wrong]!r:.60}, not a text", EXPECTED, TRY)
    return found


def items(inputs: Any, *first: str) -> list[Any]:
    """The same where what stands for a text need not be one: a tagger takes lists of words."""
    if isinstance(inputs, str):
        return [inputs]
    columns = getattr(
        inputs, "column_names", inputs.keys() if isinstance(inputs, Mapping) else getattr(inputs, "columns", None)
    )
    if columns is not None:
        return items(inputs[_column(list(columns), first)], *first)
    try:
        found = list(inputs)
    except TypeError:
        raise WorkbenchError(f"{inputs!r:.60} to predict for", EXPECTED, TRY) from None
    return [one[_column(list(one), first)] if isinstance(one, Mapping) else one for one in found]


def _column(names: list[Any], first: tuple[str, ...]) -> str:
    """The column that holds the texts."""
    name = usual(names, (*first, *TEXT))
    if name is None:
        known = ", ".join(map(str, names))
        raise WorkbenchError(
            f"a table with the columns {known:.100}",
            f"one called {(*first, *TEXT)[0]}",
            "run.predict(list(table['...']))",
        )
    return name
