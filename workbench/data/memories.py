"""Translation memories, `.tmx`, as translators' programs and OPUS write them -> a table with `source` and `target`.

The language that the file's head calls its source comes first. Marks of formatting in a segment are left out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from workbench.errors import WorkbenchError

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MARKS = frozenset(("bpt", "ept", "ph", "it", "ut"))


def read(path: Path, notes: list[str]) -> pd.DataFrame:
    """The pairs of the two languages that most units have."""
    with path.open("rb") as file:
        if b"<!ENTITY" in file.read(1 << 16):
            raise ValueError("it defines entities of its own")
    units, source = _units(path)
    counts = Counter(language for unit in units for language in unit)
    if len(counts) < 2:
        raise WorkbenchError(
            f"{path.name} holds texts in {', '.join(counts) or 'no language'}", "units in two languages"
        )
    both = [language for language, _ in counts.most_common(2)]
    both.sort(key=lambda language: (language.split("-")[0] != source.split("-")[0], list(counts).index(language)))
    rows = [
        tuple(unit[language] for language in both) for unit in units if all(unit.get(language) for language in both)
    ]
    notes.append(f"read as translations from {both[0]} into {both[1]}")
    if len(rows) < len(units):
        notes.append(f"{len(units) - len(rows):,} units of {path.name} without a text in both languages were left out")
    return pd.DataFrame(rows, columns=["source", "target"], dtype=object)


def _units(path: Path) -> tuple[list[dict[str, str]], str]:
    """What every unit says in which language, and the language of the sources."""
    units: list[dict[str, str]] = []
    source = ""
    try:
        for _, element in ElementTree.iterparse(path):
            if element.tag == "header":
                source = element.get("srclang", "").lower()
            elif element.tag == "tu":
                units.append(
                    {_language(tuv): _plain(seg) for tuv in element.iter("tuv") if (seg := tuv.find("seg")) is not None}
                )
                element.clear()
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no whole xml file: {error}") from error
    return units, source


def _language(tuv: ElementTree.Element) -> str:
    return (tuv.get(_LANG) or tuv.get("lang") or "").lower()


def _plain(seg: ElementTree.Element) -> str:
    """The text of a segment without marks."""
    parts = [seg.text or ""]
    for inner in seg:
        parts += ["" if inner.tag in _MARKS else _plain(inner), inner.tail or ""]
    return " ".join("".join(parts).split())
