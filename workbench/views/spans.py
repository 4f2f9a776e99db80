"""Names in a text, marked: colour, a frame, and the type in letters, so that no reader depends on the colour."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from workbench.metrics import entities

# Tints of Okabe and Ito's palette under black text: contrast above 7 to 1.
TINTS = {"PER": "#BFE3F5", "LOC": "#BFE6D8", "ORG": "#FBE0B0", "MISC": "#EBD0E0"}
OTHERS = ("#D9D9D9", "#F5D2BF", "#F7F3B8", "#CFE0FA")


def spans_html(tokens: Sequence[str], tags: Sequence[str]) -> str:
    """One line of words with its names marked; `tags` is one tag per word. Everything is escaped."""
    parts, at = [], 0
    for kind, start, end in entities(tags):
        parts.append(_plain(tokens[at:start]))
        parts.append(
            f'<mark style="background:{tint(kind)};color:#000;border:1px solid #5F6670;border-radius:4px;padding:1px 4px">'
            f'{_plain(tokens[start:end])} <small style="font-weight:600">{html.escape(kind)}</small></mark>'
        )
        at = end
    parts.append(_plain(tokens[at:]))
    return f'<div style="line-height:2.1;max-width:760px">{" ".join(p for p in parts if p)}</div>'


def tint(kind: str) -> str:
    """The colour of a type: four have their own, others one that depends on the name alone."""
    return TINTS.get(
        kind.upper()[:4].rstrip("S"), TINTS.get(kind.upper()[:3], OTHERS[sum(map(ord, kind)) % len(OTHERS)])
    )


class Spans:
    """Texts with their names marked, as a notebook shows them. Made from what `run.predict(...)` returns, or from a split.

    `labels` are the names of numbered tags; a split knows them itself.
    """

    def __init__(self, rows: Any, labels: Sequence[str] | None = None) -> None:
        known = getattr(rows, "features", {}).get("tags")
        names = labels or getattr(getattr(known, "feature", None), "names", None)
        pairs = zip(rows["tokens"], rows["tags"], strict=True)
        self.rows = [
            (list(w), [t if names is None or isinstance(t, str) else names[int(t)] for t in ts]) for w, ts in pairs
        ]

    def __repr__(self) -> str:
        lines = []
        for words, tags in self.rows:
            names = ", ".join(f"{' '.join(words[a:b])} = {kind}" for kind, a, b in entities(tags))
            lines.append(f"{' '.join(words)}  [{names or 'no names'}]")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(spans_html(words, tags) for words, tags in self.rows)


def _plain(words: Sequence[str]) -> str:
    return html.escape(" ".join(words))
