"""BioC, in JSON and in XML: passages with the places of names, counted from the beginning of their document -> a row per sentence.

{"documents": [{"id": "227508", "passages": [{"offset": 0, "text": "Naloxone helps.", "annotations":
    [{"text": "Naloxone", "infons": {"type": "Chemical"}, "locations": [{"offset": 0, "length": 8}]}]}]}]}

Relations are left out, as are names in several pieces and those inside others; what was left out is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from workbench.data import standoff

Passage = Mapping[str, Any]


def documents(found: Any) -> list[Mapping[str, Any]]:
    """The documents of a collection, of several in a list, or of PubTator's answer; none of another object.

    >>> documents({"documents": [{"id": "1", "passages": []}]}), documents([{"text": "a"}])
    ([{'id': '1', 'passages': []}], [])
    """
    if isinstance(found, Mapping):
        found = found.get("documents", found.get("PubTator3", [found]))
    if not isinstance(found, list) or not found or not all(isinstance(d, Mapping) for d in found):
        return []
    if all("documents" in d for d in found):
        return [document for d in found for document in documents(d)]
    return found if all(isinstance(d.get("passages"), list) and _are_passages(d["passages"]) for d in found) else []


def _are_passages(passages: list[Any]) -> bool:
    return all(isinstance(p, Mapping) and "offset" in p and "annotations" in p for p in passages)


def rows(found: Iterable[Mapping[str, Any]], name: str, notes: list[str]) -> pd.DataFrame:
    """The sentences of all documents."""
    counts: Counter[str] = Counter()
    made = [_placed(str(d.get("id", "")), p, counts) for d in found for p in d["passages"]]
    return standoff.frame_of(made, counts, name, "BioC's documents: each sentence of a passage", notes)


def _placed(document: str, passage: Passage, counts: Counter[str]) -> standoff.Document:
    """A passage with its names; of one that is given as sentences these, with spaces where others stood."""
    inside = [passage, *passage.get("sentences", [])]
    first = int(passage["offset"])
    text = str(passage.get("text") or "")
    for sentence in passage.get("sentences", []) if not text else ():
        text = text.ljust(int(sentence["offset"]) - first) + str(sentence.get("text") or "")
    counts["relations"] += sum(len(part.get("relations", [])) for part in inside)
    marks = []
    for mark in (mark for part in inside for mark in part.get("annotations", [])):
        places = mark.get("locations", [])
        if len(places) != 1:
            counts["names in several pieces"] += 1
            continue
        start = int(places[0]["offset"]) - first
        marks.append({"start": start, "end": start + int(places[0]["length"]), "said": str(mark.get("text", "")),
                      "kind": str(mark.get("infons", {}).get("type") or "NAME")})  # fmt: skip
    return standoff.placed(document, text, marks, counts)


def is_xml(start: str) -> bool:
    """Whether the beginning of a file is that of a collection in XML.

    >>> is_xml("<?xml version='1.0'?><!DOCTYPE collection SYSTEM 'BioC.dtd'><collection><source>"), is_xml("<collection><book>")
    (True, False)
    """
    return "<collection>" in start and ("BioC.dtd" in start or "<document>" in start)


def read_xml(path: Path, notes: list[str]) -> pd.DataFrame:
    """The sentences of a collection in XML."""
    with path.open("rb") as file:
        if b"<!ENTITY" in file.read(1 << 16):
            raise ValueError("it defines entities of its own")
    try:
        return rows(_of_xml(path), path.name, notes)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no whole xml file: {error}") from error


def _of_xml(path: Path) -> Iterator[Mapping[str, Any]]:
    for _, element in ElementTree.iterparse(path):
        if element.tag == "document":
            yield {"id": element.findtext("id", ""), "passages": [_part(p) for p in element.iter("passage")]}
            element.clear()


def _part(element: ElementTree.Element) -> dict[str, Any]:
    """A passage or a sentence as JSON has it."""
    return {
        "offset": int(element.findtext("offset", "0")),
        "text": element.findtext("text", ""),
        "sentences": [_part(s) for s in element.findall("sentence")],
        "relations": element.findall("relation"),
        "annotations": [
            {
                "text": mark.findtext("text", ""),
                "infons": {infon.get("key", ""): infon.text for infon in mark.findall("infon")},
                "locations": [dict(place.attrib) for place in mark.findall("location")],
            }
            for mark in element.findall("annotation")
        ],
    }
