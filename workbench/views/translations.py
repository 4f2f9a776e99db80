"""Sources, references and outputs side by side, differing words marked: underlined and bold, so that no reader depends on colour.

Every text that comes from data or from a person is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from workbench.views.inks import ROOMY

BREAK = "overflow-wrap:anywhere"  # a model that says one letter sixty times must not widen the table
MISSING, WRONG = "#FBE0B0", "#F5D2BF"  # tints under black text: contrast above 7 to 1
_WORD = re.compile(r"\w+(?:-\w+)*['’]?|[^\w\s]")
Part = tuple[str, bool]


def differences(reference: str, output: str) -> tuple[list[Part], list[Part]]:
    """Both texts in parts (text, whether the other one has not got it there), compared word by word; case counts.

    >>> differences("Le chat dort.", "Le chien dort.")
    ([('Le ', False), ('chat', True), (' dort.', False)], [('Le ', False), ('chien', True), (' dort.', False)])
    """
    words = [[m.span() for m in _WORD.finditer(text)] for text in (reference, output)]
    plain = [[t[a:b].replace("’", "'") for a, b in w] for t, w in zip((reference, output), words, strict=True)]
    blocks = SequenceMatcher(None, plain[0], plain[1], autojunk=False).get_matching_blocks()
    same = [{b.a + i for b in blocks for i in range(b.size)}, {b.b + i for b in blocks for i in range(b.size)}]
    return _parts(reference, words[0], same[0]), _parts(output, words[1], same[1])


def _parts(text: str, words: list[tuple[int, int]], same: set[int]) -> list[Part]:
    """The text cut where marked words begin and end; what stands between two marked words is marked with them."""
    parts: list[Part] = []
    at = 0
    for number, (start, end) in enumerate(words):
        if number in same:
            continue
        if parts and parts[-1][1] and not text[at:start].strip() and number - 1 not in same:
            parts[-1] = (parts[-1][0] + text[at:end], True)
        else:
            parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    parts.append((text[at:], False))
    return [p for p in parts if p[0]]


def marked_html(parts: Sequence[Part], tint: str) -> str:
    """Parts as HTML: what differs is tinted, bold and underlined."""
    style = f"background:{tint};color:#000;font-weight:600;text-decoration:underline;padding:0 2px"
    return "".join(
        f'<mark style="{style}">{html.escape(t)}</mark>' if differs else html.escape(t) for t, differs in parts
    )


class SideBySide:
    """Source, reference and one or more outputs in a table. Made from what `run.errors(n)` returns, or from lists.

    >>> SideBySide.of(["Good night"], ["Bonne nuit"], {"before": ["Bon nuit"]})
    Good night
      reference: Bonne nuit
      before:    [Bon] nuit
    """

    def __init__(self, rows: Any) -> None:
        outputs = {"output": list(rows["output"])}
        self._set(
            list(rows["source"]), list(rows["reference"]), outputs, list(rows["chrf"]) if "chrf" in rows else None
        )

    @classmethod
    def of(cls, sources: Sequence[str], references: Sequence[str], outputs: dict[str, Sequence[str]]) -> SideBySide:
        """Several models' translations of the same sentences, by the models' names."""
        made = cls.__new__(cls)
        made._set(list(sources), list(references), {name: list(texts) for name, texts in outputs.items()}, None)
        return made

    def _set(self, sources: list[str], references: list[str], outputs: dict[str, list[str]], scores: Any) -> None:
        self.sources, self.references, self.outputs, self.scores = sources, references, outputs, scores

    def __repr__(self) -> str:
        width = max(len(name) for name in ("reference", *self.outputs)) + 1
        lines = []
        for i, (source, reference) in enumerate(zip(self.sources, self.references, strict=True)):
            lines += [source, f"  {'reference:':<{width}} {reference}"]
            for name, texts in self.outputs.items():
                said = "".join(f"[{t}]" if d else t for t, d in differences(reference, texts[i])[1])
                lines.append(f"  {name + ':':<{width}} {said}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = ["source", "reference", *self.outputs, *(["chrF"] if self.scores else [])]
        head = "".join(f'<th scope="col" style="{ROOMY}">{html.escape(name)}</th>' for name in names)
        body = "".join(f"<tr>{''.join(self._cells(i))}</tr>" for i in range(len(self.sources)))
        words = "Marked: words of a translation that the reference has not got there"
        words += ", and the reference's that are missing" if len(self.outputs) == 1 else ""
        return (
            f'<table style="border-collapse:collapse;line-height:1.5;max-width:980px"><caption style="text-align:left;opacity:.8">'
            f"{words}.</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _cells(self, i: int) -> list[str]:
        reference, several = self.references[i], len(self.outputs) > 1
        pairs = [differences(reference, texts[i]) for texts in self.outputs.values()]
        first = html.escape(reference) if several else marked_html(pairs[0][0], MISSING)
        cells = [html.escape(self.sources[i]), first, *(marked_html(said, WRONG) for _, said in pairs)]
        cells += [f"{self.scores[i]:.0%}"] if self.scores else []
        return [f'<td style="{ROOMY};{BREAK}">{cell}</td>' for cell in cells]
