"""Lines of a text file that each hold a text and its label: which rule they follow, and what it makes of them. No files are read here.

__label__sauce __label__cheese How long does it keep?     fastText
DESC:manner How did it begin ?                            TREC
(3 (2 It) (4 (2 works) (2 .)))                            Stanford's trees of sentiment: a label for every phrase
Sales rose to 12 .@up     so glad;joy     joy|so glad       a sign between text and label
###24293578                                               PubMed's abstracts: the lines below are `label<tab>sentence`
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

ENOUGH = 0.9  # of the lines
MOST_LABELS = 50
RULES = {
    "begins with": re.compile(
        r"(?P<label>(?:__label__\S+\s+)+)(?P<text>\S.*)"
        r"|(?P<fine>(?P<coarse>[A-Z]+):[a-z]\w*) (?P<asked>\S.*)"
        r"|(?P<word>[\w-]{1,20})\|(?P<behind>[^|\s][^|]*)"
    ),
    "is a tree with": re.compile(r"\((?P<label>\d) (?P<tree>.*)\)"),
    "ends in": re.compile(r"(?P<text>.*\S)(?:@|\s*;\s?)(?P<label>[\w-]{1,20})"),
}
_LEAF = re.compile(r"\(\d ([^()]+)\)")
_SPEAKER = re.compile(r"([A-Za-z]+:\w+) .*|([\w-]{1,20}:)(?!//)\s*\S.*")  # may be one who speaks: said, not read
_ABOVE = re.compile(r"###\s?\S{1,40}")  # the name of a document in a line of its own


def rule(lines: list[str]) -> str:
    """By which rule nearly all lines hold a label, one of a few; empty where they hold none.

    >>> rule(["so glad;joy", "how sad; grief", "my day;joy", "so glad;joy"]), rule(["ANN: Why?", "BOB: No.", "ANN: So?"])
    ('ends in', '')
    """
    given = [line for line in lines if line]
    for name, pattern in RULES.items():
        found = [row["label"] for m in map(pattern.fullmatch, given) if m and (row := _row(m, many=False))["text"]]
        if _few(found, len(given)):
            return name
    return ""


def speakers(lines: list[str]) -> list[str]:
    """The words with a colon that nearly every line begins with, the commonest first; none where they begin otherwise."""
    given = [line for line in lines if line]
    found = [m[1] or m[2] for line in given if (m := _SPEAKER.fullmatch(line))]
    return [word for word, _ in Counter(found).most_common()] if _few(found, len(given)) else []


def with_tags(lines: list[str]) -> str:
    """The first word with its tag, where nearly every word has one behind it: The_DT, mill/nn; empty where they have none.

    >>> with_tags(["The_DT mill_NN rose_VBD ._."]), with_tags(["He saw and/or heard snake_case."])
    ('The_DT', '')
    """
    words = [word for line in lines for word in line.split()]
    found = [m for word in words if (m := re.fullmatch(r"\S+[_/]([A-Z][A-Z0-9$+*-]*|[a-z]{1,4}[$*+]?|[^\w\s]+)", word))]
    few = len({m[1] for m in found}) <= max(4, len(found) / 2)
    return found[0][0] if words and len(found) >= ENOUGH * len(words) and few else ""


def _few(labels: list[str], lines: int) -> bool:
    return len(labels) >= max(4, ENOUGH * lines) and 2 <= len(set(labels)) <= min(MOST_LABELS, len(labels) / 2)


def rows(lines: Iterable[str], name: str, many: bool) -> Iterator[dict[str, Any]]:
    """The rows of all lines that are not blank, with lists of labels where some line has `many`; ValueError for one without a label."""
    for number, line in enumerate(lines, 1):
        if bare := line.strip():
            found = RULES[name].fullmatch(bare)
            if found is None:
                raise ValueError(f"line {number} has no label")
            yield _row(found, many)


def many(lines: Iterable[str]) -> bool:
    """Whether some line begins with several of fastText's labels."""
    return any(re.match(r"\s*__label__\S+\s+__label__", line) for line in lines)


def _row(found: re.Match[str], many: bool) -> dict[str, Any]:
    parts = {key: value for key, value in found.groupdict().items() if value is not None}
    if "fine" in parts:
        return {"text": parts["asked"], "label": parts["fine"], "coarse": parts["coarse"]}
    if "word" in parts:
        return {"text": parts["behind"], "label": parts["word"]}
    if "tree" in parts:
        return {"text": " ".join(_LEAF.findall(found[0])), "label": parts["label"]}
    names = [name.removeprefix("__label__") for name in parts["label"].split()]
    return {"text": parts["text"], **({"labels": names} if many else {"label": " ".join(names)})}


def below_names(lines: list[str]) -> bool:
    """Whether names of documents stand above lines that are a label and, behind a tab, a text.

    >>> below_names(["###24293578", "METHODS\\tWe asked .", "RESULTS\\tThey said no .", ""])
    True
    """
    given = [line for line in lines if line]
    bare = [line for line in given if not _ABOVE.fullmatch(line)]
    fields = [line.split("\t") for line in bare if line.count("\t") == 1]
    return 0 < len(bare) < len(given) and len(fields) >= ENOUGH * len(bare)


def of_documents(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of such lines, each with its document; ValueError for a line that is no row."""
    document = ""
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if _ABOVE.fullmatch(bare):
            document = bare.lstrip("# ")
        elif bare:
            label, tab, text = bare.partition("\t")
            if not tab:
                raise ValueError(f"line {number} has no tab between label and text")
            yield {"text": text, "label": label, "document": document}
