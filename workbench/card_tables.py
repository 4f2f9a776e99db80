"""How a list of cards shows itself: which columns models, datasets and techniques have, and what stands in them. Standard library only.

A column in which no card has anything is left out. What a card does not say, the table does not guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from workbench import families

if TYPE_CHECKING:
    from workbench.catalog import Card

Column = tuple[str, "Callable[[Card], str]"]
WEIGHTS = "model.safetensors"


def parameters(card: Card) -> str:
    """Millions of weights."""
    found = card.facts.get("parameters")
    return f"{found / 1e6:.{0 if found >= 1e7 else 1}f} M" if found else ""


def seen(card: Card) -> str:
    """Tokens read in pretraining; a twin has read none."""
    found = card.facts.get("tokens_seen")
    return "0" if card.source == "control" else f"{found / 1e6:.0f} M" if found else ""


def learned(card: Card) -> str:
    """The objective of pretraining in a few words."""
    if card.source == "control":
        return "nothing: fresh weights"
    return str(card.facts.get("objective") or card.title).split(":")[0]


def size(card: Card) -> str:
    """Megabytes of the weights, on disk or to be fetched; a twin is made when it is asked for."""
    megabytes = card.facts.get("megabytes")
    if card.source == "bundled" and (file := card.folder / WEIGHTS).is_file():
        megabytes = file.stat().st_size / 1e6
    return f"{megabytes:.0f} MB" if megabytes else ""


def seconds(what: str) -> Callable[[Card], str]:
    """Seconds of one core per 1,000 texts, for "training" or "answering", as `score --speed` has measured them."""

    def cell(card: Card) -> str:
        found = (card.facts.get("speed") or {}).get(what)
        return f"{found:.1f} s" if found else ""

    return cell


def by_what(task: str) -> Callable[[Card], str]:
    """By what means a model does a task (see `families.WAYS`), or a dash; of a family that is not in the table by its card."""

    def cell(card: Card) -> str:
        if families.kind(card.family):
            return families.way(card.family, task) or "–"
        return "yes" if task in card.tasks else "–"

    return cell


def fact(name: str) -> Callable[[Card], str]:
    """One of the card's own words."""
    return lambda card: str(card.facts.get(name) or "")


def examples(card: Card) -> str:
    """Texts, sentences, questions or pairs of all splits."""
    counts = card.facts.get("counts")
    return f"{sum(counts.values()):,}" if isinstance(counts, dict) else ""


NAME: Column = ("name", lambda card: card.name)
FROM: Column = ("from", lambda card: card.source)
WHAT: Column = ("what it is", lambda card: str(card.title))
COLUMNS: dict[str, tuple[Column, ...]] = {
    "model": (
        NAME,
        FROM,
        ("family", lambda card: card.family),
        ("parameters", parameters),
        ("size", size),
        ("tokens seen", seen),
        ("what it learned", learned),
        ("licence", fact("licence")),
        ("training 1,000", seconds("training")),
        ("asking 1,000", seconds("answering")),
        ("labels", by_what("classification")),
        ("tags", by_what("tagging")),
        ("answers", by_what("answering")),
        ("translation", by_what("translation")),
        ("words", by_what("language-modeling")),
    ),
    "dataset": (
        NAME,
        FROM,
        ("task", lambda card: ", ".join(card.tasks)),
        ("examples", examples),
        ("licence", fact("licence")),
        WHAT,
    ),
    "technique": (NAME, WHAT, ("after", lambda card: card.reference)),
}
OTHERS = (NAME, FROM, WHAT)
NUMBERS = ("parameters", "size", "tokens seen", "training 1,000", "asking 1,000", "examples")
PAGE = "var(--jp-layout-color0,var(--vscode-editor-background,Canvas))"  # what is behind a table, light or dark
STAYS = f";position:sticky;left:0;background:{PAGE}"
LONG = ("what it is", "what it learned")


def table(cards: Sequence[Card]) -> list[tuple[str, ...]]:
    """The head and one row a card; nothing for no cards."""
    kinds = {card.kind for card in cards}
    columns = COLUMNS.get(kinds.pop(), OTHERS) if len(kinds) == 1 else OTHERS
    cells = [(head, *map(cell, cards)) for head, cell in columns]
    return list(zip(*[column for column in cells if any(column[1:])], strict=True))


def as_text(cards: Sequence[Card]) -> str:
    """The table for a terminal."""
    rows = table(cards)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{v:<{w}}" for v, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def as_html(cards: Sequence[Card]) -> str:
    """The table for a notebook, words on the left and numbers on the right; only sentences break into lines. A table
    that is wider than the page is scrolled under its names, which stay in view. Everything is escaped."""
    head, *rows = table(cards) or [()]
    styles = [_style(name) + (STAYS if name == NAME[0] else "") for name in head]
    body = "".join(
        "<tr>" + "".join(f'<td style="{style}">{_named(v) if i == 0 else escape(v)}</td>'
                         for i, (style, v) in enumerate(zip(styles, row, strict=True))) + "</tr>"
        for row in rows
    )  # fmt: skip
    top = "".join(
        f'<th scope="col" style="{style.replace("nowrap", "normal")}">{escape(h)}</th>'
        for style, h in zip(styles, head, strict=True)
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{_explained(head)}"


def _named(name: str) -> str:
    """A name as code, which JupyterLab would break at every hyphen; here only an owner's name may stand in a line of its own.

    >>> _named("FacebookAI/roberta-base").count("<wbr>"), _named("bert-mini").count("<wbr>")
    (1, 0)
    """
    owner, slash, rest = name.rpartition("/")
    parts = [f'<span style="white-space:nowrap">{escape(part)}</span>' for part in (owner + slash, rest) if part]
    return f"<code>{'<wbr>'.join(parts)}</code>"


def _style(head: str) -> str:
    """The style stands in each cell: JupyterLab gives every cell an alignment of its own, to the right."""
    if head in LONG:
        return "text-align:left;min-width:13em"
    return f"text-align:{'right' if head in NUMBERS else 'left'};white-space:nowrap"


def _explained(head: Sequence[str]) -> str:
    """What the two columns of seconds measure, where they are there."""
    if "training 1,000" not in head:
        return ""
    return (
        '<p style="margin:4px 0"><b>training 1,000</b>, <b>asking 1,000</b>: seconds that one core takes to train on 1,000 '
        "news briefs once, and to ask about them.</p>"
    )
