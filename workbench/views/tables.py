"""Plain values, figures and texts as HTML: what every view that is no widget is made of.

Every text that comes from data or from a person is escaped before it reaches HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.views import figures as fig

CELL = "padding:2px 6px;text-align:left;vertical-align:top;border-bottom:1px solid #E3E6EA"
NUMBER = CELL.replace("left", "right")


def table_html(rows: Sequence[dict[str, Any]], caption: str = "") -> str:
    """Rows of plain values as an HTML table; everything is escaped."""
    if not rows:
        return ""
    styles = {k: NUMBER if _numbers([r.get(k) for r in rows]) else CELL for k in rows[0]}
    head = "".join(f'<th scope="col" style="{style}">{html.escape(str(k))}</th>' for k, style in styles.items())
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{styles.get(k, CELL)}">{html.escape(str(v))}</td>' for k, v in r.items())
        + "</tr>"
        for r in rows
    )
    words = f'<caption style="text-align:left;opacity:.8">{html.escape(caption)}</caption>' if caption else ""
    return f'<table style="border-collapse:collapse;line-height:1.45">{words}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _numbers(values: Sequence[Any]) -> bool:
    """Whether a column has numbers alone, as values or as they are written; an empty cell or a dash may stand among them.

    >>> _numbers([3, "–", "1,200", "5%", "-0.2"]), _numbers(["1: full", 2]), _numbers(["–", ""])
    (True, False, False)
    """
    written = [str(v).strip() for v in values if v is not None and str(v).strip() not in ("", "–")]
    return bool(written) and all(re.fullmatch(r"[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?%?", w) for w in written)


def image_html(figure: Any, alt: str, width: int = 620) -> str:
    """A figure as an <img> with its description."""
    import base64

    data = base64.b64encode(fig.png(figure, 6)).decode()
    return f'<img width="{width}" style="max-width:100%" src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'


def confusion_html(counts: pd.DataFrame) -> str:
    """A confusion matrix as a picture with its greatest confusions in words."""
    from matplotlib.figure import Figure

    long = min(fig.NAME, max(len(str(n)) for n in counts.index))
    side = 1.5 + 0.06 * long + 0.42 * len(counts)
    figure = Figure(figsize=(side + 0.9, side), dpi=110, layout="constrained")
    fig.confusion_matrix(counts, figure.add_subplot())
    return image_html(figure, fig.confusion_words(counts), round(110 * (side + 0.9)))


def bars_html(bars: list[tuple[str, float]]) -> str:
    """Probabilities as labelled bars."""
    rows = "".join(
        f'<tr><td style="{CELL}">{html.escape(name)}</td><td style="{CELL};width:260px"><div style="background:#0072B2;height:12px;'
        f'width:{p:.1%}"></div></td><td style="{CELL}">{p:.1%}</td></tr>'
        for name, p in bars
    )
    return (
        f'<table style="border-collapse:collapse" aria-label="probability of every label"><tbody>{rows}</tbody></table>'
    )


def shortened(text: str, limit: int = 220) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
