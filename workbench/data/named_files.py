"""Several files in a folder of which no name speaks of a split: one for each class, or parts of one table.

    Fake.csv beside True.csv, rt-polarity.neg beside rt-polarity.pos      the class is what tells their names apart
    amazon_cells_labelled.txt beside imdb_labelled.txt, 2019.csv beside 2020.csv      labels of their own: parts

Files that differ in their columns, that are called by what their rows are for (questions, answers), or that lie beside folders are
left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from workbench.data import archives, codes, decode, endings, txt, unlabelled
from workbench.data.columns import LABEL, MADE, guessed, prose, telling, usual
from workbench.data.folders import PARTS, UNLABELLED
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

Read = Callable[[Path, list[str]], pd.DataFrame]
MOST = 30  # files; more are texts of their own
FEWEST = 5  # rows of every file
FILE = "file"  # the column that says from which part a row is
ROLES = frozenset((  # what the rows of one file are to those of another
    "question", "questions", "answer", "answers", "query", "queries", "source", "sources", "target", "targets",
    "src", "tgt", "trg", "input", "inputs", "output", "outputs", "text", "texts", "label", "labels", "article",
    "articles", "summary", "summaries", "highlights", "premise", "hypothesis", "doc", "docs", "document",
    "documents", "context", "contexts", "response", "responses", "sentence", "sentences", "title", "titles", "body",
    "bodies", "id", "ids", "meta", "metadata", "users", "movies", "ratings", "vocab", "vocabulary", "words",
    "stopwords", "classes", "names", "gold", "pred", "predictions", "submission", "sample", "raw", "clean",
    "cleaned", "original", "reference", "references", "corpus", "data", "info", "log", "notes",
))  # fmt: skip


def joined(folder: Path, known: tuple[str, ...], read: Read, notes: list[str]) -> pd.DataFrame | None:
    """The rows of all files of a folder as one table, with `label` (what tells a file's name apart) where the rows have none of
    their own; None where the files are no such thing. `read` reads one file whose ending is known."""
    said: list[str] = []
    tables = _tables(_files(folder), known, read, said)
    if not tables or min(map(len, tables.values())) < FEWEST:
        return None
    own = {_labels(table) for table in tables.values()}
    rows = _classes(tables, said) if own == {None} else _parts(tables, own, said)
    notes += dict.fromkeys(said) if rows is not None else ()
    return rows


def _tables(paths: list[Path], known: tuple[str, ...], read: Read, said: list[str]) -> dict[Path, pd.DataFrame]:
    """The tables of all files; none where one cannot be read or has other columns than the first, where there are too many, or the
    same text in several languages."""
    readable = [endings.bare(path).suffix.lower() in known for path in paths]
    mixed = all(readable) and len({path.suffix for path in paths}) > 1
    if mixed or not 2 <= len(paths) <= MOST or all(map(codes.of_file, paths)):
        return {}
    tables: dict[Path, pd.DataFrame] = {}
    try:
        for path, told in zip(paths, readable, strict=True):
            tables[path] = _named(read(path, said) if told else _lines(path))
            if set(tables[path].columns) != set(tables[paths[0]].columns):
                return {}
    except (WorkbenchError, ValueError, OSError):
        return {}
    return tables


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `text` and `label` as names where its columns had none and their values tell which is which."""
    if not all(MADE.fullmatch(str(c)) for c in table.columns):
        return table
    text, label = guessed(table, None, None)
    return table if label is None else table.rename(columns={text: "text", label: "label"})


def _classes(tables: dict[Path, pd.DataFrame], said: list[str]) -> pd.DataFrame | None:
    """The rows with the class that the name of their file stands for; None where names stand for none, or there are no texts."""
    kinds = apart([path.name for path in tables])
    if not kinds or not all(prose(table, None) for table in tables.values()):
        return None
    used = {path: kind for path, kind in zip(tables, kinds, strict=True) if kind.lower() not in UNLABELLED}
    left = [path for path in tables if path not in used]
    said += [f"{_names(left)} was left out: its texts have no class"] if left else []
    said.append(f"each of {_names(used)} was read as a class of its own: {some_of(map(repr, used.values()), 6)}")
    return pd.concat([tables[path].assign(label=kind) for path, kind in used.items()], ignore_index=True)


def apart(names: list[str]) -> list[str]:
    """What tells names of files apart, where that can be names of classes; empty where it cannot.

    >>> apart(["Fake.csv", "True.csv"]), apart(["rt-polarity.neg", "rt-polarity.pos"]), apart(["plot.tok.5000", "quote.tok.5000"])
    (['Fake', 'True'], ['neg', 'pos'], ['plot', 'quote'])
    >>> apart(["part1.csv", "part2.csv"]), apart(["questions.txt", "answers.txt"]), apart(["mill.csv", "mill_old.csv"])
    ([], [], [])
    """
    words = [re.split(r"[\W_]+", Path(name).name.strip("._- ")) for name in names]
    while len({w[-1] for w in words}) == 1 and min(map(len, words)) > 1:
        words = [w[:-1] for w in words]
    while len({w[0] for w in words}) == 1 and min(map(len, words)) > 1:
        words = [w[1:] for w in words]
    kinds = ["_".join(w) for w in words]
    plain = [re.sub(r"\d+", "", kind).lower() for kind in kinds]
    numbered = len(set(plain)) < len(plain) or {re.sub(r"[\W_]", "", p) for p in plain} <= {"", *PARTS}
    roles = any(set(map(str.lower, w)) & ROLES for w in words)
    begun = any(w != v and w == v[: len(w)] for w in words for v in words)  # one is another state of the other
    return [] if numbered or roles or begun or all(map(codes.language, kinds)) else kinds


def _files(folder: Path) -> list[Path]:
    """The files of a folder without readmes; none where folders lie beside them."""
    inside = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    if any(p.is_dir() for p in inside):
        return []
    return [p for p in inside if not archives.speaks_of_others(p.name) and p.suffix.lower() not in (".md", ".pdf")]


def _lines(path: Path) -> pd.DataFrame:
    """The texts of a file with an ending that says nothing, one per line; an error where its lines are something else."""
    coded = decode.encoding(path)
    first = [line for line in txt.beginning(path, coded) if line]
    if (
        endings.looks_like(path)
        or txt.built(first) != "texts"
        or sum(line[0] in "<{[" for line in first) > len(first) / 10
    ):
        raise ValueError(path.name)
    return unlabelled.read_lines(path, coded)


def _labels(table: pd.DataFrame) -> str | None:
    """The column of a table's own labels, by its name."""
    names = [str(c) for c in table.columns]
    return usual(names, LABEL) or next(iter(telling(names)), None)


def _parts(tables: dict[Path, pd.DataFrame], own: set[str | None], said: list[str]) -> pd.DataFrame | None:
    """The rows of tables one after the other where their labels are the same ones and hardly a row stands in two of them."""
    column = next(iter(own))
    if len(own) > 1 or column is None:
        return None
    kinds = {frozenset(map(str, table[column].dropna())) for table in tables.values()}
    rows = pd.concat([table.assign(**{FILE: path.name}) for path, table in tables.items()], ignore_index=True)
    if len(kinds) > 1 or rows.drop(columns=FILE).astype(str).duplicated().mean() > 0.2:
        return None
    said.append(f"{_names(tables)} were read one after the other, and column {FILE!r} says from which a row is")
    return rows


def _names(paths: Iterable[Path]) -> str:
    return some_of((p.name for p in paths), 6)
