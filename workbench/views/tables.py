"""Plain values, figures and texts as HTML: what every view that is no widget is made of.

Every text that comes from data or from a person is escaped before it reaches HTML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.views import figures as fig

CELL = "padding:2px 8px;text-align:left;vertical-align:top;border-bottom:1px solid #E3E6EA"


def table_html(rows: Sequence[dict[str, Any]], caption: str = "") -> str:
    """Rows of plain values as an HTML table; everything is escaped."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col" style="{CELL}">{html.escape(str(k))}</th>' for k in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{html.escape(str(v))}</td>' for v in r.values()) + "</tr>" for r in rows
    )
    words = f'<caption style="text-align:left;color:#444">{html.escape(caption)}</caption>' if caption else ""
    return f'<table style="border-collapse:collapse;line-height:1.45">{words}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def image_html(figure: Any, alt: str, width: int = 620) -> str:
    """A figure as an <img> with its description."""
    import base64

    data = base64.b64encode(fig.png(figure, 6)).decode()
    return f'<img width="{width}" style="max-width:100%" src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'


def confusion_html(counts: pd.DataFrame) -> str:
    """A confusion matrix as a picture with its greatest confusions in words."""
    from matplotlib.figure import Figure

    side = 1.9 + 0.42 * len(counts)
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
