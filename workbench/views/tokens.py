"""Pieces as chips, tokenizer by tokenizer: colour, a frame and a mark, so that no reader depends on the colour. And a box to type in.

What is shown comes from `data/tokens.py`; nothing is cut here. Every text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.data import tokens as cutting
from workbench.data.text import well_formed
from workbench.data.tokens import SPECIAL, UNKNOWN
from workbench.errors import WorkbenchError
from workbench.views.inks import ROOMY

# Three tints in turn under black text (contrast above 10 to 1), so that neighbours differ; red and a mark for what is not known.
TINTS = ("#BFE3F5", "#FBE0B0", "#CDE8CF")
STRANGE, GREY = "#F7C9B6", "#ECECEC"
EXAMPLE = "The physiotherapist wasn't available at 10:45, désolé 😀"


class Tokens:
    """One or more texts in several tokenizers. Shows itself as chips in a notebook and as lines in a terminal."""

    def __init__(self, texts: str | Sequence[str], models: Any = None) -> None:
        given = cutting.several(texts)
        self._frame = cutting.cut(given, models)
        self.texts = [well_formed(t) for t in given]

    def frame(self) -> pd.DataFrame:
        """One row per piece: model, text, piece, id, start, end, kind."""
        return self._frame.copy()

    def counts(self) -> pd.DataFrame:
        """One row per tokenizer: pieces, pieces per word, characters per piece, unknown ones; special tokens do not count."""
        words, letters = sum(len(t.split()) for t in self.texts), sum(map(len, self.texts))
        rows = []
        for model, part in self._frame.groupby("model", sort=False):
            n = int((part["kind"] != SPECIAL).sum())
            rows.append({"tokenizer": model, "pieces": n, "per word": n / max(1, words), "characters per piece": letters / max(1, n),
                         "unknown": int((part["kind"] == UNKNOWN).sum())})  # fmt: skip
        return pd.DataFrame(rows, columns=["tokenizer", "pieces", "per word", "characters per piece", "unknown"])

    def __repr__(self) -> str:
        width = max((len(str(m)) for m in self._frame["model"]), default=0)
        lines = []
        for number, part in self._frame.groupby("text", sort=False):
            lines.append(self.texts[int(str(number))])
            for model, mine in part.groupby("model", sort=False):
                lines.append(
                    f"  {model:<{width}} {_count(mine):>3}  {' | '.join(map(_plain, mine.to_dict('records')))}"
                )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = []
        for number, part in self._frame.groupby("text", sort=False):
            text = self.texts[int(str(number))]
            rows = "".join(_row(str(model), mine, text) for model, mine in part.groupby("model", sort=False))
            parts.append(f'<p style="margin:10px 0 2px">{html.escape(text)}</p><table style="border-collapse:collapse;'
                         f'text-align:left" aria-label="The text in {part["model"].nunique()} tokenizers">{_HEAD}{rows}</table>')  # fmt: skip
        return "".join(parts) + _KEY


_HEAD = (
    "<tr>"
    + "".join(f'<th scope="col" style="{ROOMY}">{t}</th>' for t in ("tokenizer", "pieces", "the text in pieces"))
    + "</tr>"
)
_KEY = ('<p style="opacity:.8;font-size:90%">A frame is a piece; small grey ones are special tokens; <b>?</b> marks a piece that the '
        "vocabulary does not have. Point at a piece for its number and its place.</p>")  # fmt: skip


def chip(row: dict[str, Any], text: str, turn: int) -> str:
    """One piece: as the vocabulary writes it, an unknown one as the text has it; number and place as a tooltip."""
    shown, kind = str(row["piece"]), row["kind"]
    place = "special token" if kind == SPECIAL else f"characters {row['start']} to {row['end']}"
    style = (
        f"background:{GREY if kind == SPECIAL else STRANGE if kind == UNKNOWN else TINTS[turn % len(TINTS)]};color:#000"
    )
    frame = {SPECIAL: "1px dotted #5F6670;font-size:75%", UNKNOWN: "2px dashed #9C2B00"}.get(
        str(kind), "1px solid #5F6670"
    )
    extra = ""
    if kind == UNKNOWN:
        extra, place = ' <b aria-label="unknown">?</b>', f"{place}; not in the vocabulary"
        shown = text[row["start"] : row["end"]] or shown
    title = html.escape(f"number {row['id']}, {place}")
    return (f'<span title="{title}" style="{style};border:{frame};border-radius:4px;padding:1px 4px;margin:1px;white-space:pre-wrap;'
            f'display:inline-block">{html.escape(shown)}{extra}</span>')  # fmt: skip


def _row(model: str, mine: pd.DataFrame, text: str) -> str:
    chips = "".join(chip({str(k): v for k, v in r.items()}, text, i) for i, r in enumerate(mine.to_dict("records")))
    unknown = int((mine["kind"] == UNKNOWN).sum())
    count = f"{_count(mine)}" + (f"<br><small>{unknown} unknown</small>" if unknown else "")
    return f'<tr><th scope="row" style="{ROOMY}"><code>{html.escape(model)}</code></th><td style="{ROOMY}">{count}</td><td style="{ROOMY};line-height:1.9">{chips}</td></tr>'


def _count(mine: pd.DataFrame) -> int:
    return int((mine["kind"] != SPECIAL).sum())


def _plain(row: dict[Any, Any]) -> str:
    return {SPECIAL: "({})", UNKNOWN: "{} ?"}.get(row["kind"], "{}").format(row["piece"])


class TokenBox:
    """A text box over the chips: they follow while one types."""

    def __init__(self, models: Any = None) -> None:
        import ipywidgets as widgets

        self.found = cutting.tokenizers(models)  # loaded once; the text changes
        self.text = widgets.Textarea(value=EXAMPLE, description="Text", rows=2, layout={"width": "760px"},
                                     tooltip="Any text: it is cut while you type")  # fmt: skip
        self.shown = widgets.HTML()
        self.text.observe(lambda _: self.refresh(), names="value")
        self.box = widgets.VBox([self.text, self.shown])
        self.refresh()

    def refresh(self) -> None:
        """Cut the text that stands in the box."""
        self.shown.value = Tokens(self.text.value, self.found)._repr_html_()

    def _ipython_display_(self) -> None:
        from workbench.views.labels import show

        show(self.box, "A box for a text, and its pieces in every tokenizer")


def tokens(texts: str | Sequence[str] | None = None, models: Any = None) -> Tokens | TokenBox:
    """Texts side by side in several tokenizers, or without a text a box to type in (in a notebook).

    `models`: bundled names, folders or Hub ids; None: every bundled vocabulary. `.frame()` has a row per piece with its number and
    its place in the text, `.counts()` a row per tokenizer.
    """
    from workbench.views import in_notebook

    if texts is not None:
        return Tokens(texts, models)
    if not in_notebook():
        raise WorkbenchError("no text, and no notebook to show a text box in", "a text", 'wb.tokens("Not bad at all")')
    return TokenBox(models)
