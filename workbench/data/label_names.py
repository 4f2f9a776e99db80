"""Names of numbered labels that lie in a file beside the data: classes.txt of AG News, mapping.txt of TweetEval, emotions.txt of
GoEmotions. A name per line, counted from 0 or 1, or a number and a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from workbench.data import archives, decode
from workbench.data.splits import Tables

FILES = (
    "classes.txt",
    "labels.txt",
    "label_names.txt",
    "mapping.txt",
    "label_mapping.txt",
    "emotions.txt",
    "categories.txt",
)
MOST = 1 << 16  # bytes of such a file
_NUMBERED = re.compile(r"(\d+)[\t,;: ]+(.*\S)")


def given(frames: Tables, column: str, place: Path, notes: list[str]) -> Tables:
    """The tables with names in place of numbers in the column of a label or of lists of labels, where a file beside them gives a name
    for every number; else as they are."""
    numbers = {v for frame in frames.values() for some in frame[column] for v in _each(some)}
    names = of(numbers, place, notes)
    return {split: _with(frame, column, names) for split, frame in frames.items()} if names else frames


def of(numbers: Iterable[str], place: Path, notes: list[str]) -> dict[str, str]:
    """The names of labels that are numbers, from a file beside the data, which is said; empty where none names them all."""
    known = set(numbers)
    if not known or not all(re.fullmatch(r"\d{1,4}", v) for v in known):
        return {}
    with archives.beside(place, FILES, MOST) as folder:
        for path in (folder / name for name in FILES):
            if path != place and (names := _names(path, known)):
                first = min(known, key=int)
                notes.append(f"the labels were named by {path.name}: {first} is {names[first]!r}")
                return names
    return {}


def _each(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _with(frame: pd.DataFrame, column: str, names: dict[str, str]) -> pd.DataFrame:
    values = [names[v] if isinstance(v, str) else [names[i] for i in v] for v in frame[column]]
    return frame.assign(**{column: pd.Series(values, index=frame.index, dtype=object)})


def _names(path: Path, numbers: Iterable[str]) -> dict[str, str]:
    """The name of every number; empty where the file is missing, or says other things."""
    try:
        if not path.is_file() or path.stat().st_size > MOST:
            return {}
        lines = [line.strip() for line in path.read_text(decode.encoding(path)).splitlines() if line.strip()]
    except (ValueError, OSError):
        return {}
    found = [m for line in lines if (m := _NUMBERED.fullmatch(line))]
    if len(found) == len(lines):
        names = {str(int(m[1])): m[2].split("\t")[0] for m in found}
    else:
        names = {str(i): line for i, line in enumerate(lines, 0 if "0" in numbers else 1)}
        names = {} if "0" not in numbers and max(map(int, numbers)) != len(lines) else names
    return names if len(set(names.values())) == len(lines) and set(numbers) <= set(names) else {}
