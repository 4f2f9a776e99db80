"""A .txt file, read by what its first lines are: plain texts, a table with tabs between its columns, words with tags, or texts with
their labels in the same line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data import conll, decode, lines, onelines, standoff, unlabelled
from workbench.errors import WorkbenchError

ENOUGH = 0.9  # of the lines
_ATTRIBUTED = re.compile(r"[^\t]+\t[^\t]+\tCC[- ]BY[^\t]*")


def read(path: Path, coded: str, notes: list[str], tabbed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """A txt file: one text per line, unless its lines are built otherwise; rows of a table are read by `tabbed`."""
    first = beginning(path, coded)
    kind = built(first)
    if kind == "sentences":
        if not onelines.is_built(first):
            notes.append(f"{path.name} holds a word and its tag per line and was read as a .conll file is")
        return conll.read_conll(path, coded, notes)
    if kind == "pairs":
        notes.append(f"{path.name} was read as pairs of sentences; where they come from, the third column, is left out")
        return _pairs(path, coded)
    if kind == "standoff":
        return standoff.pubtator(path.read_text(coded).splitlines(), path.name, notes)
    try:
        if kind == "documents":
            frame = pd.DataFrame(lines.of_documents(path.read_text(coded).splitlines()), dtype=object)
            notes.append(
                f"{path.name} holds a label and a text per line; the lines with ### above them became the column 'document'"
            )
            return frame
        if kind == "labelled":
            frame = pd.DataFrame(labelled(path, coded, first), dtype=object)
            notes += said(path.name, first)
            return frame
        if kind == "table":
            frame = tabbed(path, coded, notes)
            notes.append(f"{path.name} has tabs between columns and was read as a .tsv file is")
            return frame
    except ValueError as error:
        reason = str(error).strip().splitlines()[0][:200]
        most = "have tabs" if kind == "table" else "hold a label"
        notes.append(f"{path.name} was read as plain texts, though most lines {most}: {reason}")
        return unlabelled.read_lines(path, coded)
    _refuse_words(first, path.name)
    notes += said(path.name, first)
    return unlabelled.read_lines(path, coded)


def _refuse_words(first: list[str], name: str) -> None:
    """An error for a word and its tag per line without a blank line in between: where a sentence ends is not said."""
    if len(first) > 9 and "" not in first and conll.in_lines([*first, ""], most=5):
        raise WorkbenchError(f"{name} holds a word and its tag per line, and no blank line says where a sentence ends",
                             "a blank line between sentences", "putting one behind every full stop, and naming it train.conll")  # fmt: skip


def read_tsv(path: Path, coded: str, notes: list[str], tabbed: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """A tsv file: a table, which `tabbed` reads, unless blank lines divide words with tags, or the third column names Tatoeba."""
    first = beginning(path, coded)
    if first and first[0].startswith("#FORMAT=WebAnno"):
        raise WorkbenchError(f"{path.name} is an export of WebAnno or INCEpTION in their own form", "a word and its tag in every line",
                             "exporting it as CoNLL 2002 and naming it train.conll")  # fmt: skip
    if built(first) in ("sentences", "pairs"):
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


def built(first: list[str]) -> str:
    """How lines are built: "sentences" of words with their tags, one or all of a sentence per line, a "table" with tabs, "pairs" as in Tatoeba, texts with labels
    in the same line ("labelled") or in "documents", PubTator's "standoff", or "texts".

    >>> built(["Ada\\tB-PER", "left\\tO", "", "Go\\tO"]), built(["ham\\tSee you.", "spam\\tWin!"]), built(["See you."])
    ('sentences', 'table', 'texts')
    """
    given = [line for line in first if line]
    if standoff.is_pubtator(given):
        return "standoff"
    if conll.in_lines(first, most=5) or onelines.is_built(given):
        return "sentences"
    if given and sum(bool(_ATTRIBUTED.fullmatch(line)) for line in given) >= ENOUGH * len(given):
        return "pairs"
    counts = Counter(line.count("\t") for line in given)
    tabs, most = counts.most_common(1)[0] if counts else (0, 0)
    even = len(given) > 1 and tabs > 0 and most >= ENOUGH * len(given)
    if even and not _numbered(given, tabs):
        return "table"
    return "documents" if lines.below_names(given) else "labelled" if not even and lines.rule(given) else "texts"


def _numbered(lines: list[str], tabs: int) -> bool:
    """Whether the lines are texts with a number of their own before each."""
    first = [line.partition("\t")[0].strip() for line in lines]
    return tabs == 1 and all(n.isdecimal() for n in first) and len(set(first)) == len(first)


def labelled(path: Path, coded: str, first: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of a file whose lines hold a text and its label, by the rule of the first lines; with lists of labels where some line,
    be it far below those, has several."""
    with path.open(encoding=coded) as whole:
        many = lines.many(whole)
    with path.open(encoding=coded) as whole:
        yield from lines.rows(whole, lines.rule(first), many)


def said(name: str, first: list[str]) -> list[str]:
    """A sentence on labels that stand in the lines: where they were found, or that they were left there."""
    if built(first) == "labelled":
        rule = lines.rule(first)
        found = Counter(row.get("label") or row["labels"][0] for row in _matching(first, rule))
        return [f"{name} holds a label in every line, which {rule} {_some(list(found))}: they were read as labels"]
    if pair := lines.with_tags(first):
        return [f"{name} was read as plain texts, with the tags that stand behind its words (such as {pair})"]
    if words := lines.speakers(first):
        return [f"{name} was read as plain texts; nearly every line begins with {_some(words)}: for labels save it as csv with columns "
                "text and label"]  # fmt: skip
    return []


def _matching(first: list[str], rule: str) -> Iterator[dict[str, Any]]:
    return lines.rows((line for line in first if lines.RULES[rule].fullmatch(line)), rule, lines.many(first))


def _some(words: list[str]) -> str:
    return ", ".join(words[:3]) + (" ..." if len(words) > 3 else "")
