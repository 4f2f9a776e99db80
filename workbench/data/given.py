"""What is no file and no dataset as tables: frames with an index that says something, rows, columns, splits in a dict, tables of others.

Only their form is looked at here; what the columns mean is asked later.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets as hf
import pandas as pd

from workbench.data import classlabels, splits
from workbench.errors import WorkbenchError

MOST = 1000  # characters of a path


def frame(source: Any, text: str | None = None) -> pd.DataFrame | None:
    """A table of a frame, a column of texts, a list of dicts (rows) or of texts, a dict of lists (columns), or an object with
    `to_pandas()` (pyarrow, polars); None of anything else.

    >>> frame([{"text": "a", "label": 0}]).equals(frame({"text": ["a"], "label": [0]}))
    True
    """
    if isinstance(source, pd.DataFrame):
        return with_index(source)
    if isinstance(source, pd.Series):
        return with_index(source.to_frame(source.name if text is not None and str(source.name) == text else "text"))
    if isinstance(source, hf.Dataset | hf.DatasetDict | str):
        return None
    if type(source).__name__ == "LazyFrame" and hasattr(source, "collect"):  # polars': a plan of a table
        return frame(source.collect(), text)
    if hasattr(source, "to_pandas"):
        made, schema = source.to_pandas(), getattr(source, "schema", None)
        return frame(classlabels.with_names(made, schema) if hasattr(schema, "metadata") else made, text)
    if isinstance(source, list | tuple) and source and all(isinstance(row, Mapping) for row in source):
        try:
            return pd.DataFrame(list(source))
        except UnicodeEncodeError:  # half of a sign, which pandas keeps as an object alone
            return pd.DataFrame(list(source), dtype=object)
    if isinstance(source, list | tuple) and source and all(isinstance(row, str) for row in source):
        if all(map(_is_file, source)):
            raise WorkbenchError(f"a list of {len(source)} files", "one file, a folder, or one table",
                                 "pd.concat([pd.read_csv(path) for path in paths])")  # fmt: skip
        try:
            return pd.DataFrame({text or "text": list(source)})
        except UnicodeEncodeError:
            return pd.DataFrame({text or "text": pd.Series(list(source), dtype=object)})
    return _of_columns(source) if isinstance(source, Mapping) and source else None


def of_splits(source: Any, text: str | None, notes: list[str]) -> splits.Tables | None:
    """One table per split of a dict of tables by names of splits; None of anything else."""
    if not isinstance(source, Mapping) or isinstance(source, hf.DatasetDict) or not (kinds := splits.meant(source)):
        return None
    if any(isinstance(part, hf.Dataset) or _is_column(part) for part in source.values()):
        return None
    found = {name: frame(part, text) for name, part in source.items()}
    if any(part is None for part in found.values()):
        return None
    splits.once_each(kinds, "a dict")
    notes += [
        f"split {str(n)!r} was left out: its name is none of train, validation and test"
        for n in found
        if str(n) not in kinds
    ]
    named = {kinds[str(n)]: part for n, part in found.items() if str(n) in kinds and part is not None and len(part)}
    return splits.with_train(named, source)


def with_index(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the named levels of its index as columns, but for those that only tell the rows apart: all different, one word."""
    known = set(map(str, table.columns))
    levels = [n for n in table.index.names if n is not None and str(n) not in known]
    said = [n for n in levels if _says(table.index.get_level_values(n))]
    return table.reset_index(level=said) if said else table


def _says(values: pd.Index) -> bool:
    return not values.is_unique or any(len(str(v).split()) > 1 for v in values if isinstance(v, str))


def _is_file(text: str) -> bool:
    """Whether a text is the path of a file rather than a text."""
    try:
        return len(text) < MOST and bool(Path(text).suffix) and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _is_column(part: Any) -> bool:
    """Whether a dict's value is a column rather than a table."""
    return isinstance(part, pd.Series) or (
        isinstance(part, list | tuple) and not all(isinstance(r, Mapping) for r in part)
    )


def _of_columns(source: Mapping[Any, Any]) -> pd.DataFrame:
    parts = list(source.values())
    if any(isinstance(part, pd.DataFrame) for part in parts) or all(
        part is None or isinstance(part, str) for part in parts
    ):
        raise WorkbenchError(f"a dict of {', '.join(map(str, source)):.100}, which holds neither columns nor a table for each split",
                             "columns of one length each, or a table for train, validation and test",
                             '{"train": pd.read_csv("train.csv"), "test": pd.read_csv("test.csv")}')  # fmt: skip
    try:
        return pd.DataFrame(dict(source))
    except (ValueError, TypeError) as error:
        columns = ", ".join(map(str, source))
        raise WorkbenchError(f"a dict of {columns:.100} that is no table ({error})", "columns of one length each, or a table for each split",
                             "pd.DataFrame(rows)") from error  # fmt: skip
