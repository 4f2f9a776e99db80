"""Which column of a table plays which role: the usual names, the name that was asked for, canonical names. No values here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from workbench.data.text import is_list, some_of
from workbench.errors import WorkbenchError

TEXT = ("text", "sentence", "content", "message", "review", "body", "tweet", "headline", "comment", "utterance", "utt", "abstract",
        "description", "question")  # fmt: skip
LOOKED_AT = 2_000  # rows by which columns are told
LABEL = ("label", "labels", "category", "class", "sentiment", "target", "topic", "intent")
MADE = re.compile(r"(column |Unnamed: )\d+")  # names of columns that had none
TELLING = (
    *LABEL,
    "stars",
    "rating",
    "overall",
    "score",
    "polarity",
    "emotion",
)  # of a column, or as the last word of its name
SHORTER = ("summary", "summaries", "highlights", "abstract", "title", "headline")  # which are written from a text
KEYS = ("id", "ids", "asin", "uid", "guid", "idx")
LOOKED_IN = 2000  # characters of a value: enough to tell, and a long one without a space would take minutes
_NO_WORDS = re.compile(
    r"(?i:https?://|www\.)\S+|\S+@\S+|(?<![^\W\d_])(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|jan(?:uary)?|"
    r"feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"am|pm|at|of|st|nd|rd|th|t|z|[a-z]{1,2}t|utc)(?![^\W\d_])"
)


def usual(columns: Iterable[Any], names: tuple[str, ...]) -> str | None:
    """The first of the usual names among the columns, however it is spelt."""
    known = [str(c) for c in columns]
    lowered = {c.lower(): c for c in known} | {c: c for c in known}
    return next((lowered[name] for name in names if name in lowered), None)


def renamed(frame: pd.DataFrame, chosen: dict[str, str]) -> pd.DataFrame:
    """The chosen columns under their canonical names; a column that had such a name already gets a 1 behind it."""
    if len(set(chosen.values())) < len(chosen):
        twice = next(iter(chosen.values()))
        raise WorkbenchError(f"column {twice!r} as both {' and '.join(chosen)}", "two different columns")
    names = {found: role for role, found in chosen.items()}
    taken, columns = {*map(str, frame.columns), *chosen}, []
    for name in map(str, frame.columns):
        number = 1
        while name in chosen and name not in names and f"{name}_{number}" in taken:
            number += 1
        columns.append(names.get(name, f"{name}_{number}" if name in chosen else name))
    made = frame.set_axis(columns, axis=1).reset_index(drop=True)
    made.attrs["columns"] = dict(chosen)  # errors speak of the names that the user knows
    return made


def roles_said(task: str, chosen: dict[str, str], text: str | None, label: str | None) -> list[str]:
    """A sentence on which columns play which role, where their names do not say so and nobody asked for them."""
    odd = {role: found for role, found in chosen.items() if found != role and found not in (text, label)}
    return [f"read as {task}: " + ", ".join(f"{role} from column {c!r}" for role, c in odd.items())] if odd else []


def column(frame: pd.DataFrame, wanted: str | None, names: tuple[str, ...], role: str) -> str:
    """The column that is asked for, else the first with a usual name; an error that lists the columns where there is none."""
    columns = [str(c) for c in frame.columns]
    if wanted is not None:
        if wanted in columns:
            return _once(wanted, columns)
        raise WorkbenchError(f"no column {wanted!r} (columns: {some_of(columns, 40)})", f"the {role} column's name")
    found = usual(columns, names)
    if found is not None:
        return _once(found, columns)
    raise WorkbenchError(
        f"columns {some_of((c[:60] for c in columns), 40)}" if columns else "a table without columns",
        f"a {role} column called {' or '.join(names[:3])}",
        f"wb.load(..., {role}='...')",
    )


def guessed(frame: pd.DataFrame, text: str | None, label: str | None) -> tuple[str | None, str | None]:
    """The columns of texts and labels by their values, where no name says it: the one with the longest, mostly different texts of
    several words, and the only other one with few values again and again. None for what cannot be told."""
    known = [str(c) for c in frame.columns]
    if (text and label) or len(set(known)) < len(known):
        return text, label
    text = text or _first(frame, wordiest(frame, label))
    if label is None and text is not None:
        few = [c for c in repeated(frame, text) if not _is_key(c)]
        told = few if len(few) == 1 else telling(few)
        label = told[0] if len(told) == 1 else None
    return text, label


def _is_key(name: str) -> bool:
    """Whether a name says that values tell apart what the rows are about, and not what they are.

    >>> [_is_key(n) for n in ("story_id", "ProductId", "asin", "label_id", "intent")]
    [True, True, True, False, False]
    """
    words = [w.lower() for w in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name.strip()) if w]
    return bool(words) and words[-1] in KEYS and not set(words) & set(TELLING)


def _first(frame: pd.DataFrame, name: str | None) -> str | None:
    """Of two columns of texts whose names differ by their number alone the first: '#1 String' for '#2 String'."""
    first = name.replace("2", "1", 1) if name is not None and not MADE.fullmatch(name) else name
    return first if first in prose(frame, None) else name


def telling(columns: list[str]) -> list[str]:
    """Those columns whose names end in a word that tells of labels.

    >>> telling(["airline", "airline_sentiment", "airline_sentiment_confidence"]), telling(["goldLabel", "asin"])
    (['airline_sentiment'], ['goldLabel'])
    """
    last = {c: re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", c.strip())[-1].lower() for c in columns}
    return [c for c in columns if last[c] in TELLING]


def undecided(frame: pd.DataFrame, text: str) -> WorkbenchError:
    """What to say where the texts are found and the labels are not: which columns could hold them, with some of their values, or
    what else these columns may be for."""
    known = [str(c) for c in frame.columns]
    if keys := _keys(frame.iloc[:, known.index(text)]):
        return WorkbenchError(f"column {text!r} holds lists of objects with {', '.join(keys)}", "a text in every row, and its label",
                              f"frame.assign(text=[row[0][{keys[-1]!r}] for row in frame[{text!r}]])")  # fmt: skip
    few, values = repeated(frame, text), _written(frame)
    some = {c: list(dict.fromkeys(v for v in values[c] if v))[:3] for c in few[:6]}
    held = ", ".join(f"{c!r} ({', '.join(v[:20] for v in vs)}, ...)" for c, vs in some.items())
    why = f"several could hold the labels: {held}" if few else "none holds few values again and again, as labels do"
    return WorkbenchError(f"columns {', '.join(known[:30])}: the texts are in {text!r}, but {why}", "the label column's name",
                          _asked(frame, text, few))  # fmt: skip


def _keys(column: pd.Series) -> list[str]:
    """The keys of the objects in the lists of a column; none where it holds others."""
    some = [item for v in column.head(5) if is_list(v) for item in v]
    return list(map(str, some[0])) if some and all(isinstance(v, dict) for v in some) else []


def _asked(frame: pd.DataFrame, text: str, few: list[str]) -> str:
    """What to try: the columns that could hold labels, or what to do with two columns of texts."""
    on = [c for c in few if set(_written(frame)[c]) <= {"0", "1", "True", "False"}]
    one = f"wb.load(..., label={' or '.join(map(repr, few[:6]))})"
    if len(on) > 2:
        return f"wb.load(..., label={on[:4]}), with all that are meant, for several labels per text, or {one}"
    if few:
        return one
    others = [c for c in prose(frame, None) if c != text]
    known = list(map(str, frame.columns))
    asking = next((c for c in (text, *others) if "question" in c.lower()), None)
    if asking:
        return "for answers in a passage a table with columns question, context and answers"
    if others:
        both = sorted((text, others[0]), key=lambda c: (c.lower() in SHORTER, known.index(c)))
        names = dict(zip(both, ("source", "target"), strict=True))
        return (
            f"wb.load(frame.rename(columns={names!r})), where one is written from the other, or label= with the classes"
        )
    known.remove(text)
    alone = f"wb.load(list(frame[{text!r}])) for the texts alone, where frame is the table as pandas has it"
    values = _written(frame)
    known = [c for c in known if not _is_key(c) and 1 < len(set(values[c])) < len(values[c])]
    return f"wb.load(..., label={' or '.join(map(repr, known[:6]))}), or {alone}" if known else alone


def wordiest(frame: pd.DataFrame, label: str | None) -> str | None:
    """The column with the longest, mostly different texts of several words; numbers, dates and addresses are no words."""
    words = prose(frame, label)
    return max(words, key=lambda n: words[n], default=None)


def prose(frame: pd.DataFrame, label: str | None) -> dict[str, float]:
    """The columns of mostly different texts of several words, with the words that one has; objects are none where there are others."""
    values = {n: v for n, v in _written(frame).items() if n != label}
    words = {n: sum(len(v.split()) for v in vs) / max(1, len(vs)) for n, vs in values.items()}
    long = [n for n, vs in values.items() if words[n] >= 3 and len(set(vs)) > len(vs) / 2 and _is_prose(vs)]
    first = {str(c): frame.iloc[:20, i] for i, c in enumerate(frame.columns)}
    plain = [n for n in long if not any(isinstance(v, dict) for v in first[n])]
    return {n: words[n] for n in plain or long}


def repeated(frame: pd.DataFrame, text: str) -> list[str]:
    """The columns beside the texts that hold few short values again and again, as labels do; remarks in few rows are none."""
    values = {n: v for n, v in _written(frame).items() if n != text}
    short = {n: vs for n, vs in values.items() if sum(len(v.split()) for v in vs) <= 4 * max(1, len(vs))}
    told = {n: vs for n, vs in short.items() if not n.startswith("Unnamed: ") or sum(map(bool, vs)) > len(vs) / 2}
    return [n for n, vs in told.items() if 2 <= len(set(vs)) <= len(vs) / 3]


def _written(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The first values of every column as text."""
    some = spread(frame, LOOKED_AT)
    columns = {str(c): some.iloc[:, i] for i, c in enumerate(frame.columns)}
    return {n: [_plain(v) for v in column if v is not None] for n, column in columns.items()}


def spread(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows from all over the table: some files have all of one label first."""
    return frame.iloc[:: -(-len(frame) // most)] if len(frame) > most else frame


def _plain(value: Any) -> str:
    return (" ".join(map(str, value)) if is_list(value) else str(value)).strip()


def _is_prose(values: list[str]) -> bool:
    """Whether most values hold words, other than the names of days and months, that are no addresses."""
    some = values[:200]
    return sum(bool(re.search(r"[^\W\d_]", _NO_WORDS.sub(" ", v[:LOOKED_IN]))) for v in some) > len(some) / 2


def _once(name: str, columns: list[str]) -> str:
    if columns.count(name) > 1:
        raise WorkbenchError(
            f"{columns.count(name)} columns called {name!r}", "one column of that name", "renaming one"
        )
    return name
