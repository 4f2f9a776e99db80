"""A duel in words and a table, while it goes on and afterwards. Every name is escaped; nothing is trained or drawn here."""

from __future__ import annotations

import html

from workbench.views import figures as fig
from workbench.views import live
from workbench.views.duel import Duel
from workbench.views.tables import table_html

FEWEST = 2  # contenders that can be compared


def status_html(made: Duel) -> str:
    """Which run it is, and how far that is."""
    total = len(made.seeds) * len(made.contenders)
    if made.at is None:
        how = "Stopped by hand" if made.stopped else "The duel has ended"
        return f'<div role="status"><b>{how}</b>: {ended(made)} of {total} runs.</div>'
    name, seed = made.at
    line = live.status_html(made.now) if made.now is not None and not made.now.done else ""
    return f"<div>Run {ended(made) + 1} of {total}: <b>{html.escape(name)}</b>, seed {seed}</div>{line}"


def words_html(made: Duel) -> str:
    """The table so far and, where two can be compared, the verdict."""
    frame = made.frame()
    if frame.empty:
        return ""
    table = table_html(made._rows(frame), "Mean over the seeds; sd: their spread")
    if len(frame) < FEWEST:
        return table
    verdict = html.escape(made.verdict())
    so_far = "So far: " if made.at is not None else ""
    style = f"max-width:760px;line-height:1.5;border-left:4px solid {fig.GREY};padding:2px 0 2px 12px;margin:6px 0"
    return f'{table}<div style="{style}"><b>{so_far}{verdict}</b></div>'


def ended(made: Duel) -> int:
    return sum(map(len, made.runs.values()))


def spoken(seconds: float) -> str:
    """
    >>> spoken(45), spoken(240)
    ('45 s', '4 minutes')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
