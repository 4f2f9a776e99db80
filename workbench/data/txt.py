"""A .txt file, read by what its first lines are: plain texts, a table with tabs between its columns, or words with tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from workbench.data import conll, decode, unlabelled

ENOUGH = 0.9  # of the lines
MOST_LABELS = 50
_ATTRIBUTED = re.compile(r"[^\t]+\t[^\t]+\tCC[- ]BY[^\t]*")
_END = re.compile(r".*\S\s*([;@]\s?[\w-]{1,20})")
_START = re.compile(r"([A-Za-z]+:\w+) .*|([\w-]{1,20}:)(?!//)\s*\S.*|(__label__\S+) .*")


def read(path: Path, coded: str, notes: list[str], tabbed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """A txt file: one text per line, unless its lines are words with tags or rows of a table, which `tabbed` reads."""
    lines = beginning(path, coded)
    kind = built(lines)
    if kind == "sentences":
        notes.append(f"{path.name} holds a word and its tag per line and was read as a .conll file is")
        return conll.read_conll(path, coded, notes)
    if kind == "pairs":
        notes.append(f"{path.name} was read as pairs of sentences; where they come from, the third column, is left out")
        return _pairs(path, coded)
    if kind == "table":
        try:
            frame = tabbed(path, coded, notes)
            notes.append(f"{path.name} has tabs between columns and was read as a .tsv file is")
            return frame
        except ValueError as error:
            reason = str(error).strip().splitlines()[0][:200]
            notes.append(f"{path.name} was read as plain texts, though most lines have tabs: {reason}")
    notes += said(path.name, lines)
    return unlabelled.read_lines(path, coded)


def read_tsv(path: Path, coded: str, notes: list[str], tabbed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """A tsv file: a table, which `tabbed` reads, unless blank lines divide words with tags, or the third column names Tatoeba."""
    if built(beginning(path, coded)) in ("sentences", "pairs"):
        return read(path, coded, notes, tabbed)
    return tabbed(path, coded, notes)


def _pairs(path: Path, coded: str) -> pd.DataFrame:
    """Sentences with their translations, without what stands behind them."""
    rows = [line.split("\t")[:2] for line in path.read_text(coded).splitlines() if line.strip()]
    short = next((i for i, row in enumerate(rows, 1) if len(row) < 2), None)
    if short is not None:
        raise ValueError(f"line {short} has no translation")
    return pd.DataFrame(rows, columns=["source", "target"], dtype=object)


def beginning(path: Path, coded: str) -> list[str]:
    """The first lines of a file; one that may be cut off by the end of the sample is left out."""
    sample = decode.beginning(path, coded)
    lines = [line.strip() for line in sample.splitlines()]
    return lines[:-1] if len(sample) >= decode.SAMPLE and len(lines) > 1 else lines


def built(lines: list[str]) -> str:
    """How lines are built: "sentences" of one word and its tag per line, a "table" with tabs, "pairs" as in Tatoeba, or "texts".

    >>> built(["Ada\\tB-PER", "left\\tO", "", "Go\\tO"]), built(["ham\\tSee you.", "spam\\tWin!"]), built(["See you."])
    ('sentences', 'table', 'texts')
    """
    given = [line for line in lines if line]
    if conll.in_lines(lines, most=5):
        return "sentences"
    if given and sum(bool(_ATTRIBUTED.fullmatch(line)) for line in given) >= ENOUGH * len(given):
        return "pairs"
    counts = Counter(line.count("\t") for line in given)
    tabs, most = counts.most_common(1)[0] if counts else (0, 0)
    even = len(given) > 1 and tabs > 0 and most >= ENOUGH * len(given)
    return "table" if even and not _numbered(given, tabs) else "texts"


def _numbered(lines: list[str], tabs: int) -> bool:
    """Whether the lines are texts with a number of their own before each."""
    first = [line.partition("\t")[0].strip() for line in lines]
    return tabs == 1 and all(n.isdecimal() for n in first) and len(set(first)) == len(first)


def labelled(lines: list[str]) -> tuple[str, list[str]] | None:
    """Where the lines have labels: "ends in" or "begins with", and the commonest of these; None where they have none.

    >>> labelled(["so glad;joy", "how sad; grief", "my day;joy", "so glad;joy"])
    ('ends in', [';joy', '; grief'])
    """
    given = [line for line in lines if line]
    for where, pattern in (("ends in", _END), ("begins with", _START)):
        found = [m for line in given if (m := pattern.fullmatch(line))]
        words = Counter(next(g for g in m.groups() if g) for m in found)
        if len(found) >= max(4, ENOUGH * len(given)) and 2 <= len(words) <= min(MOST_LABELS, len(found) / 2):
            return where, [word for word, _ in words.most_common()]
    return None


def said(name: str, lines: list[str]) -> list[str]:
    """A sentence on labels that stand in the lines of plain texts."""
    found = labelled(lines)
    if found is None:
        return []
    some = ", ".join(found[1][:3]) + (" ..." if len(found[1]) > 3 else "")
    return [f"{name} was read as plain texts; nearly every line {found[0]} {some}: for labels save it as csv with columns "
            "text and label"]  # fmt: skip
