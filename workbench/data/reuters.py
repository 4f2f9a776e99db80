"""Reuters-21578 as its authors gave it, stories in .sgm files -> a row per story with `text`, `labels` (its topics) and `split` (ModApte's).

<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" NEWID="1"><TOPICS><D>cocoa</D></TOPICS><TEXT><TITLE>...</TITLE><BODY>...</BODY></TEXT></REUTERS>

Left out and counted are stories that the split does not use, those without a topic, and topics that only the test has.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from workbench.data import decode, splits
from workbench.data.splits import Tables
from workbench.data.text import left_out

_STORY = re.compile(r"<REUTERS\b([^>]*)>(.*?)</REUTERS>", re.DOTALL)
_TOPICS = re.compile(r"<TOPICS>(.*?)</TOPICS>", re.DOTALL)
_TOPIC = re.compile(r"<D>(.*?)</D>")
_TEXT = re.compile(r"<(TITLE|BODY)>(.*?)</\1>", re.DOTALL)


def is_some(start: str) -> bool:
    """Whether the beginning of a file is that of such stories.

    >>> is_some('<!DOCTYPE lewis SYSTEM "lewis.dtd">\\n<REUTERS TOPICS="YES">'), is_some('<srcset setid="a">')
    (True, False)
    """
    return "<REUTERS " in start


def read(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """The stories of one file."""
    return _rows([path.read_text(coded)], path.name, notes)


def in_folder(folder: Path, notes: list[str]) -> Tables:
    """The stories of all such files of a folder, split by split; empty where it has none."""
    paths = [p for p in sorted(folder.iterdir()) if p.is_file() and p.suffix.lower() in (".sgm", ".sgml")]
    coded = {p: decode.encoding(p) for p in paths}
    if not paths or not all(is_some(decode.beginning(p, coded[p])[:2_000]) for p in paths):
        return {}
    return splits.by_column(_rows((p.read_text(coded[p]) for p in paths), folder.name, notes), notes)


def _rows(files: Iterable[str], name: str, notes: list[str]) -> pd.DataFrame:
    counts: Counter[str] = Counter()
    rows = [row for whole in files for story in _STORY.finditer(whole) if (row := _row(story, counts)) is not None]
    trained = {topic for _, topics, split in rows if split == "train" for topic in topics}
    kept = []
    for text, topics, split in rows:
        known = [topic for topic in topics if topic in trained or not trained]
        counts["topics that training never shows"] += len(topics) - len(known)
        counts["stories without a topic"] += not known
        kept += [(text, known, split)] if known else []
    if not kept:
        raise ValueError("it holds no story with a topic")
    notes.append(f"the labels of {name} are the topics of its stories, and the splits those of ModApte (LEWISSPLIT)")
    notes += left_out(name, counts)
    return pd.DataFrame(kept, columns=["text", "labels", "split"])


def _row(story: re.Match[str], counts: Counter[str]) -> tuple[str, list[str], str] | None:
    """The text, the topics and the split of a story; None for one that is not used or says nothing."""
    split = re.search(r'LEWISSPLIT="(TRAIN|TEST)"', story[1])
    if split is None or 'TOPICS="YES"' not in story[1]:
        counts["stories that the split does not use"] += 1
        return None
    topics = _TOPICS.search(story[2])
    texts = [" ".join(html.unescape(m[2]).split()) for m in _TEXT.finditer(story[2])]
    if not any(texts):
        counts["stories without a text"] += 1
        return None
    return "\n".join(filter(None, texts)), _TOPIC.findall(topics[1] if topics else ""), split[1].lower()
