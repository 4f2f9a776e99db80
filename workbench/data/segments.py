"""Texts between <seg> and </seg>: WMT's .sgm of sources and of references, IWSLT's .xml of either, WMT's .xml of both -> pairs.

<srcset setid="newstest2014" srclang="de"><doc docid="d1"><p><seg id="1">Guten Morgen.</seg>     a file of sources
<refset setid="newstest2014" trglang="en"><doc docid="d1"><p><seg id="1">Good morning.</seg>     a file of references
<doc id="d1"><src lang="de"><p><seg id="1">...</seg></p></src><ref lang="en">...</ref></doc>      both, since 2021

Such files are no whole XML (a bare & stands in them), so their tags are looked for one by one.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from workbench.data import decode
from workbench.errors import WorkbenchError

ENDINGS = (".sgm", ".sgml", ".xml")
_TAGS = re.compile(r"<(srcset|refset|doc|src|ref|hyp|seg)\b([^<>]*)>", re.IGNORECASE)
_SIDES = {"srcset": "source", "src": "source", "refset": "target", "ref": "target", "hyp": ""}
_END = re.compile(r"</seg\s*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass
class Side:
    """The segments of one language by document and number: its place (source or target), its language, the set that it belongs to."""

    place: str
    language: str = ""
    group: str = ""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)


def has_some(lines: list[str]) -> bool:
    """Whether the first lines of a file hold the tags of such a file.

    >>> has_some(['<srcset setid="a" srclang="de">', '<doc>', '<seg id="1">Ja.</seg>']), has_some(["<tv>"])
    (True, False)
    """
    found = {m[1].lower() for m in _TAGS.finditer("\n".join(lines))}
    return "seg" in found and not found.isdisjoint(_SIDES)


def read(path: Path, coded: str, notes: list[str]) -> pd.DataFrame:
    """The pairs of a file that holds both sides."""
    found = sides(path, coded)
    if not found:
        raise ValueError("it holds no segments, <seg id=...>, of a source or a reference")
    both = {side.place: side for side in reversed(found)}  # of several references the first
    if len(both) < 2:
        what = "sources" if found[0].place == "source" else "references"
        raise WorkbenchError(f"{path.name} holds {what} alone", "the other side beside it, in a folder of these two files",
                             "wb.load of that folder")  # fmt: skip
    if len(found) > 2:
        notes.append(f"of the references of {path.name} the first of each document was read")
    return _pairs(both["source"], both["target"], path.name, notes)


def in_folder(folder: Path, notes: list[str]) -> dict[str, pd.DataFrame]:
    """The pairs of a folder with one file of sources and one of references, as what is trained on; empty where there are others."""
    paths = [p for p in sorted(folder.iterdir()) if p.is_file() and p.suffix.lower() in ENDINGS]
    found = {path: some for path in paths if (some := _sides_of(path))}
    places = {some[0].place: some[0] for some in found.values() if len(some) == 1}
    if len(found) != 2 or set(places) != {"source", "target"} or len({side.group for side in places.values()}) > 1:
        return {}
    notes.append(f"{' and '.join(p.name for p in found)} were read as pairs to train on")
    return {"train": _pairs(places["source"], places["target"], folder.name, notes)}


def sides(path: Path, coded: str) -> list[Side]:
    """The sides that a file holds, in the order in which they begin; what systems translated is none."""
    whole = path.read_text(coded)
    found: dict[tuple[str, str], Side] = {}
    side, document, number = Side(""), "", 0
    for tag in _TAGS.finditer(whole):
        name, about = tag[1].lower(), {m[1].lower(): m[2] or m[3] or "" for m in _ATTRIBUTE.finditer(tag[2])}
        if name in _SIDES:
            key = (_SIDES[name], about.get("translator") or about.get("refid") or "")
            language = about.get("trglang") if name == "refset" else about.get("srclang") or about.get("lang")
            side = found.setdefault(key, Side(_SIDES[name], language or "", about.get("setid", "")))
        elif name == "doc":
            document, number = about.get("docid") or about.get("id") or f"{document}+", 0
        elif side.place and (end := _END.search(whole, tag.end())):
            number += 1
            text = html.unescape(re.sub(r"<[^<>]*>", " ", whole[tag.end() : end.start()]))
            side.texts.setdefault((document, about.get("id") or str(number)), " ".join(text.split()))
    return [side for side in found.values() if side.place and side.texts]


def lines(path: Path, coded: str) -> list[str]:
    """The segments of a file that holds one side, one after the other."""
    found = sides(path, coded)
    if len(found) != 1:
        raise ValueError(f"it holds {len(found)} sides of a translation")
    return list(found[0].texts.values())


def _sides_of(path: Path) -> list[Side]:
    try:
        return sides(path, decode.encoding(path))
    except (ValueError, OSError):
        return []


def _pairs(source: Side, target: Side, name: str, notes: list[str]) -> pd.DataFrame:
    """The segments that both sides have under the same document and number."""
    both = [key for key in source.texts if source.texts[key] and target.texts.get(key)]
    if not both:
        raise ValueError("no segment of one side has the number of one of the other")
    if source.language and target.language:
        notes.append(f"read as translations from {source.language} into {target.language}")
    if gone := len({*source.texts, *target.texts}) - len(both):
        notes.append(f"{gone:,} segments of {name} without their other side were left out")
    return pd.DataFrame(
        [(source.texts[k], target.texts[k], k[0]) for k in both], columns=["source", "target", "document"], dtype=object
    )
