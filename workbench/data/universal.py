"""CoNLL-U, the files of Universal Dependencies: ten columns per word, of which the word and its part of speech (UPOS) are read. No other
files are read here.

1-2  aux  _   _    _ _ _ _ _ _     two words that are written as one: left out, as they stand below
1    à    à   ADP  _ _ 3 case _ _
2    les  le  DET  _ _ 3 det _ _
8.1  est  ..  AUX  _ _ _ _ _ _     a word that nobody wrote: left out
"""

from __future__ import annotations

import re

COLUMNS = 10
PARTS = frozenset(
    (
        "ADJ",
        "ADP",
        "ADV",
        "AUX",
        "CCONJ",
        "CONJ",
        "DET",
        "INTJ",
        "NOUN",
        "NUM",
        "PART",
        "PRON",
        "PROPN",
        "PUNCT",
        "SCONJ",
        "SYM",
        "VERB",
        "X",
        "_",
    )
)
_NAME = re.compile(r"[BIESLUM]-.+")
_LEFT_OUT = re.compile(r"\d+[-.]\d+")

Words = list[tuple[int, list[str]]]  # the number of a line in the file, its fields


def in_lines(rows: list[list[str]]) -> bool:
    """Whether the first lines, as fields, are words with their ten columns, but for a comment here and there."""
    words = [r for r in rows if len(r) == COLUMNS and r[3] in PARTS and re.fullmatch(r"\d+([-.]\d+)?", r[0])]
    return bool(words) and len(words) == sum(not r[0].startswith("#") for r in rows)


def is_universal(sentences: list[Words]) -> bool:
    """Whether every line has ten columns, counts the words, and says a part of speech; names in the last column come first.

    >>> is_universal([[(1, "1 Go go VERB _ _ 0 root _ _".split())]]), is_universal([[(1, ["Go", "O"])]])
    (True, False)
    """
    for words in sentences:
        if any(len(parts) != COLUMNS or parts[3] not in PARTS or _NAME.fullmatch(parts[9]) for _, parts in words):
            return False
        numbers = [parts[0] for _, parts in words if not _LEFT_OUT.fullmatch(parts[0])]
        if not numbers or numbers != [str(i) for i in range(1, len(numbers) + 1)]:
            return False
    return any(parts[3] != "_" for words in sentences for _, parts in words)


def parts_of_speech(sentences: list[Words], name: str, notes: list[str]) -> None:
    """The sentences changed in place: of every word itself and its part of speech are left, as a name of one word."""
    gone = 0
    named = any(re.search(r"(^|\|)name=[BI]-", parts[9]) for words in sentences for _, parts in words)
    for words in sentences:
        kept = [(number, [parts[1], _tag(parts[3])]) for number, parts in words if not _LEFT_OUT.fullmatch(parts[0])]
        gone += len(words) - len(kept)
        words[:] = kept
    notes.append(f"the parts of speech of {name}, column 4 (UPOS), became tags: B-NOUN is a noun")
    if named:
        notes.append(
            f"the names in column 10 of {name}, such as name=B-PER, were not read: for them save words and names as .conll"
        )
    if gone:
        notes.append(
            f"{gone} lines of {name} with numbers such as 1-2 or 8.1 were left out: they are no words of their own"
        )


def _tag(part: str) -> str:
    return "O" if part == "_" else f"B-{part}"
