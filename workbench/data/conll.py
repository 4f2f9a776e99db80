"""Files of one word per line: which lines are comments, which column holds the words and which the tags. No other files are read here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from workbench.data import onelines, universal
from workbench.errors import WorkbenchError

TAG = re.compile(r"O|[BIESLUM]-.+")
_ANY = re.compile(r"[BI]|" + TAG.pattern)  # where all names are of one type, some files leave it out
HEADERS = {
    (w, t)
    for w in ("word", "words", "token", "tokens")
    for t in ("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags")
}
ENOUGH = 0.9  # of the values of a column that holds tags
_NOTE = re.compile(r"# *(\w+) *= *(.*)")
_COMMENT = re.compile(r"#(?! .*(?<= )(?:O|[BIESLUM]-[^ ]+)$)(?: .*)?")  # "# O" is a word and its tag
_ABOUT = re.compile(r"# id [\w-]+\t[^\t]+=[^\t]+")  # MultiCoNER's line above a sentence
_DOCUMENT = re.compile(r"#(begin|end) document\b.*")
_BRACKET = re.compile(r"\((\w+)\*?\)?|\*\)?")  # (GPE) (GPE* * *)
_PIECES = re.compile(r"\d+[-.]\d+")  # CoNLL-U's number of a word that is written as one and counted as two, or left out

Line = tuple[int, list[str]]  # its number in the file, its fields
Sentence = tuple[dict[str, str], list[Line]]  # the notes before it, its words


def read_conll(path: Path, coded: str = "utf-8-sig", notes: list[str] | None = None) -> pd.DataFrame:
    """A file of one word per line and a blank line between sentences: the first column is the word, the last one its tag.

    Columns are separated by a tab, or by spaces where there is no tab. Where another column than the last holds the tags, it is
    taken, and a first column that counts the words is passed over. Lines such as `# genre = news` before a sentence become
    columns of their own, other lines with `# ` there, `#begin document` and `-DOCSTART-` lines are passed over. Of CoNLL-U the fourth
    column, the part of speech, is the tag.
    """
    notes = [] if notes is None else notes
    with path.open(encoding=coded, newline=None) as lines:
        whole = onelines.read(lines, path.name, notes)
    if whole is not None:
        return whole
    words_counted = path.suffix.lower() == ".conllu"  # there every line with # is a comment
    with path.open(encoding=coded, newline=None) as lines:
        sentences = _sentences(line.rstrip() for line in lines if not (words_counted and _is_remark(line)))
    if not sentences:
        raise ValueError("it holds no words")
    if universal.is_universal([words for _, words in sentences]):
        universal.parts_of_speech([words for _, words in sentences], path.name, notes)
    elif _ontonotes(sentences):
        notes.append(f"the names in brackets of {path.name}, column 11, became tags")
    elif words_counted and not tagged([parts[-1] for _, words in sentences for _, parts in words]):
        raise ValueError("its lines have no ten columns with a part of speech in the fourth")
    word, tag = _roles(sentences, path.name, notes)
    first = sentences[0][1]
    if (first[0][1][word].lower(), first[0][1][tag].lower()) in HEADERS and len(first) > 1:
        notes.append(f"the first line of {path.name} holds names of columns")
        del first[0]
    if _of_every_word([parts[tag] for _, words in sentences for _, parts in words]):
        notes.append(
            f"every word of {path.name} has a tag, as parts of speech are: each is a name of one word, so B-NN is NN"
        )
        for _, parts in (line for _, words in sentences for line in words):
            parts[tag] = f"B-{parts[tag]}"
    rows = []
    spoken = _prefix(parts[word] for _, words in sentences for _, parts in words)
    notes += [f"before every word of {path.name} stood {spoken!r}, which was taken off"] if spoken else []
    for about, words in sentences:
        tokens = [parts[word].removeprefix(spoken) or "�" for _, parts in words]
        rows.append({**about, "tokens": tokens, "tags": [parts[tag] for _, parts in words]})
    return pd.DataFrame(rows)


def fields(line: str) -> list[str]:
    """The fields of a line.

    >>> fields("New York\\tB-LOC"), fields("Rome  NNP B-LOC")
    (['New York', 'B-LOC'], ['Rome', 'NNP', 'B-LOC'])
    """
    return [p.strip(" ") for p in line.split("\t")] if "\t" in line else re.split(" +", line.strip(" "))


def in_lines(lines: list[str], most: int) -> bool:
    """Whether blank lines divide rows of 2 to `most` fields of which the last, or the first, is a tag.

    >>> in_lines(["Ada\\tB-PER", "left\\tO", "", "Go\\tO"], 5), in_lines(["See you.", "", "Bye."], 5)
    (True, False)
    """
    rows = [
        fields(line)
        for line in lines
        if line and not line.startswith(("-DOCSTART-", "# ", "#\t", "#begin ", "#end ", "###"))
    ]
    if universal.in_lines(rows):
        return True
    short = [r for r in rows if 2 <= len(r) <= most]
    if not short or len(short) < ENOUGH * len(rows) or "" not in lines:
        return False
    return any(tagged([r[at] for r in short]) for at in (-1, 0)) or any(
        told([r[-1] for r in short]) for told in (_types_alone, _of_every_word)
    )


def tagged(values: list[str]) -> bool:
    """Whether nearly all values are tags and some are the tags of names.

    >>> tagged(["B-PER", "I-PER", "O"]), tagged(["B", "I", "O"]), tagged(["O", "O"]), tagged(["see", "B-52"])
    (True, True, False, False)
    """
    return _all_tags(values) and names(values) > 0


def _types_alone(values: list[str]) -> bool:
    """Whether values are types of names without B- and I-: mostly O, else few words again and again.

    >>> _types_alone(["O", "O", "person-actor", "O", "person-actor", "O"]), _types_alone(["O", "O", "no", "O"])
    (True, False)
    """
    others = [v for v in values if v != "O"]
    once = len(set(others)) > len(others) / 2
    return (
        0.4 * len(values) < len(values) - len(others)
        and not once
        and all(re.fullmatch(r"[A-Za-z][\w/.-]+", v) for v in others)
    )


def _is_remark(line: str) -> bool:
    return line.startswith("#") and not _NOTE.fullmatch(line.strip())


def _of_every_word(values: list[str]) -> bool:
    """Whether values are tags that every word has, as parts of speech: few, in capitals, and never O.

    >>> _of_every_word(["DT", "NN", "VBZ", "DT", "NN", "."] * 3), _of_every_word(["B-PER", "O"] * 9), _of_every_word(["mill", "rose"] * 9)
    (True, False, False)
    """
    kinds = set(values)
    if (
        "O" in kinds
        or kinds <= set("BIESLUM")
        or any(map(TAG.fullmatch, kinds))
        or not 2 <= len(kinds) <= len(values) / 3
    ):
        return False
    letters = sum(bool(re.fullmatch(r"[A-Z][A-Z0-9$+|_-]*", v)) for v in values)
    return letters > len(values) / 2 and all(re.fullmatch(r"[A-Z][A-Z0-9$+|_-]*|[^\w\s]+\w*", v) for v in kinds)


def _prefix(words: Iterable[str]) -> str:
    """The language that stands before every word, as in WikiANN's `en:Rome`; empty where there is none."""
    every = iter(words)
    found = re.match(r"[a-z]{2,3}(-[a-z-]+)?:", next(every, ""))
    return found[0] if found and all(word.startswith(found[0]) for word in every) else ""


def names(values: Iterable[str]) -> int:
    """How many of these are tags of a name."""
    return sum(v != "O" and bool(_ANY.fullmatch(v)) for v in values)


def _all_tags(values: list[str]) -> bool:
    return bool(values) and sum(bool(_ANY.fullmatch(v)) for v in values) >= ENOUGH * len(values)


def _sentences(lines: Iterable[str]) -> list[Sentence]:
    found: list[Sentence] = []
    about: dict[str, str] = {}
    words: list[Line] = []

    def close() -> None:
        nonlocal about, words
        if words:
            found.append((about, words))
            about, words = {}, []

    for number, line in enumerate(lines, 1):
        parts, bare = fields(line), line.strip(" ")
        if not line or parts[0] == "-DOCSTART-" or _DOCUMENT.fullmatch(bare) or (len(parts) == 1 and bare[:3] == "###"):
            close()
        elif "\t" not in line and (note := _NOTE.fullmatch(bare)) and not (words and TAG.fullmatch(parts[-1])):
            about.update({} if words else {note[1]: note[2]})
        elif not words and _COMMENT.fullmatch(bare) and ("\t" not in line or _ABOUT.fullmatch(bare)):
            continue
        elif len(parts) < 2:
            raise ValueError(f"line {number} has one column: {line.strip()[:40]!r}")
        else:
            words.append((number, parts))
    close()
    return found


def _ontonotes(sentences: list[Sentence]) -> bool:
    """Whether words have the columns of CoNLL-2011 and 2012, whose names stand in brackets; then word and tag alone are left of each."""
    for _, words in sentences:
        if any(len(p) < 12 or p[2] != str(i) or not _BRACKET.fullmatch(p[10]) for i, (_, p) in enumerate(words)):
            return False
    for _, words in sentences:
        kind = ""
        for at, (number, parts) in enumerate(words):
            found = _BRACKET.fullmatch(parts[10])
            opened = found[1] if found else None
            kind = opened or kind
            words[at] = number, [parts[3], f"{'B' if opened else 'I'}-{kind}" if kind else "O"]
            kind = "" if parts[10].endswith(")") else kind
    return True


def _roles(sentences: list[Sentence], name: str, notes: list[str]) -> tuple[int, int]:
    """The columns of words and of tags: the first and the last one, unless the values say otherwise. Lines `#<tab>source` above the
    words of a sentence are taken out."""
    for _, words in sentences:
        if len(words) > 1 and words[0][1][0] == "#" and len(words[0][1]) < len(words[1][1]):
            del words[0]  # where the sentence is from
    widths = Counter(len(parts) for _, words in sentences for _, parts in words)
    width, most = widths.most_common(1)[0]
    if most < ENOUGH * widths.total():
        return 0, -1
    even = [parts for _, words in sentences for _, parts in words if len(parts) == width]
    columns = [list(values) for values in zip(*even, strict=True)]
    tag = _tag_column(columns, name, notes)
    counted = _counted(sentences, width)
    others = [i for i in range(width) if i not in (tag, counted) and not tagged(columns[i])]
    if not others:
        raise WorkbenchError(f"{name} has tags in every column and words in none", "a word and its tag in every line",
                             "a tab between word and tag")  # fmt: skip
    if (others[0], tag) == (0, width - 1):
        return 0, -1
    notes.append(f"words were read from column {others[0] + 1} of {name}, tags from column {tag + 1}")
    _evened(sentences, width, counted, notes)
    return others[0], tag


def _tag_column(columns: list[list[str]], name: str, notes: list[str]) -> int:
    """The last column, unless it holds no tags and another one does, or it holds fewer names of the same types: names in names."""
    last = len(columns) - 1
    found = [i for i in range(len(columns)) if tagged(columns[i])]
    most = max(found, key=lambda i: (names(columns[i]), i), default=last)
    if _all_tags(columns[last]) and most != last:
        within = _types(columns[last])
        most = most if not within or len(within & _types(columns[most])) > len(within) / 2 else last
    elif columns[last].count("O") > len(columns[last]) / 10:  # types without B- and I-
        most = last
    if len(found) > 1:
        all_of_them = " and ".join(str(i + 1) for i in found)
        notes.append(f"columns {all_of_them} of {name} hold tags: those of column {most + 1} were read")
    return most


def _types(tags: Iterable[str]) -> set[str]:
    return {t[2:] for t in tags if t != "O" and TAG.fullmatch(t)}


def _counted(sentences: list[Sentence], width: int) -> int | None:
    """The first column, where it counts the words of every sentence from 0 or 1 on and others hold word and tag."""
    if width < 3 or max(len(words) for _, words in sentences) < 2:
        return None
    for _, words in sentences:
        numbers = [p[0] for _, p in words if len(p) == width and not _PIECES.fullmatch(p[0])]
        if numbers and numbers not in [[str(i) for i in range(start, start + len(numbers))] for start in (0, 1)]:
            return None
    return 0


def _evened(sentences: list[Sentence], width: int, counted: int | None, notes: list[str]) -> None:
    """Lines that are no words are taken out of the sentences, CoNLL-U's 1-2; another odd line is refused."""
    pieces = 0
    for _, words in sentences:
        odd = next(((number, len(parts)) for number, parts in words if len(parts) != width), None)
        if odd is not None:
            raise ValueError(f"line {odd[0]} has {odd[1]} columns and most lines {width}")
        kept = [(number, parts) for number, parts in words if counted is None or not _PIECES.fullmatch(parts[counted])]
        pieces += len(words) - len(kept)
        words[:] = kept or words
    if pieces:
        notes.append(f"{pieces} lines with numbers such as 1-2 were passed over: their words stand in other lines")
