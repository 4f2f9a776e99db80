"""Files with a sentence and its tags in one line -> a table with `tokens` and `tags`. Which files these are is told by their first lines.

BOS flights to boston EOS<tab>O O O B-toloc atis_flight     ATIS: what the whole asks for stands behind the tags
flights to boston<tab>O O B-toloc                           words, a tab, and as many tags
Ada|NNP|I-PER left|VBD|O .|.|O                              WikiNER: signs between a word, its part of speech and its tag
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

import pandas as pd

LOOKED_AT = 50  # lines that are not blank
ENOUGH = 0.9  # of them
_TAG = re.compile(r"O|[BIESLU]-.+")

Row = dict[str, Any]


def read(lines: Iterable[str], name: str, notes: list[str]) -> pd.DataFrame | None:
    """The sentences of a file whose lines are such sentences; None where they are built otherwise, without reading on."""
    given = (bare for line in lines if (bare := line.strip()))
    some = list(islice(given, LOOKED_AT))
    rule = next((rule for rule in (_by_tab, _by_bars) if _is_built(some, rule)), None)
    if rule is None:
        return None
    rows = []
    for number, line in enumerate(chain(some, given), 1):
        row = rule(line)
        if row is None:
            raise ValueError(f"sentence {number} has other than one tag per word: {line[:40]!r}")
        rows.append(row)
    notes.append(f"every line of {name} holds a sentence and its tags")
    if any("intent" in row for row in rows):
        notes.append(f"BOS and EOS of {name} were left out, and what stands behind the tags became column 'intent': to learn that, "
                     "wb.load(data.frame().assign(text=data.frame()['tokens'].str.join(' '))[['text', 'intent', 'split']], "
                     "label='intent')")  # fmt: skip
    return pd.DataFrame(rows)


def is_built(lines: Iterable[str]) -> bool:
    """Whether the first lines of a file are such sentences.

    >>> is_built(["BOS to boston EOS\\tO O B-toloc atis_flight"]), is_built(["Ada|NNP|I-PER left|VBD|O"]), is_built(["Ada\\tB-PER"])
    (True, True, False)
    """
    some = [bare for line in lines if (bare := line.strip())][:LOOKED_AT]
    return _is_built(some, _by_tab) or _is_built(some, _by_bars)


def _is_built(some: list[str], rule: Any) -> bool:
    found = [row for line in some if (row := rule(line)) is not None]
    several = sum(len(row["tokens"]) > 1 for row in found)
    return bool(found) and several > len(found) / 2 and len(found) >= ENOUGH * len(some)


def _by_tab(line: str) -> Row | None:
    """Words, a tab, and as many tags; None for another line."""
    halves = [half.split() for half in line.split("\t")]
    if len(halves) != 2 or len(halves[0]) != len(halves[1]):
        return None
    words, tags = halves
    if len(words) > 2 and (words[0], words[-1]) == ("BOS", "EOS"):
        inside = {"tokens": words[1:-1], "tags": tags[1:-1], "intent": tags[-1]}
        return inside if all(map(_TAG.fullmatch, tags[1:-1])) else None
    return {"tokens": words, "tags": tags} if all(map(_TAG.fullmatch, tags)) else None


def _by_bars(line: str) -> Row | None:
    """Words with their tags behind a bar, and perhaps their parts of speech between; None for another line."""
    pieces = [piece.rsplit("|", 2) for piece in line.split()]
    if not all(len(p) in (2, 3) and p[0] and _TAG.fullmatch(p[-1]) for p in pieces):
        return None
    return {"tokens": [p[0] for p in pieces], "tags": [p[-1] for p in pieces]}
