"""docs/models.md: the small models side by side. It reads what their cards say; nothing is measured here.

The page is written by hand but for two tables between marks, which `python -m workbench score ... --write --page docs/models.md` makes anew: the models as they are, and all as they were after the same number of tokens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench import catalog
from workbench.errors import WorkbenchError
from workbench.models.score import CONTROL, at
from workbench.models.zoo import RANDOM

BEGIN, END = "<!-- siblings -->", "<!-- /siblings -->"
SAME = ("<!-- same budget -->", "<!-- /same budget -->")
BUDGET = 10_000_000  # tokens that every sibling has been measured after


def write(path: Path) -> None:
    """The tables of the cards into the page."""
    put(path, siblings(measured()))
    put(path, siblings(measured(BUDGET)), *SAME)


def put(path: Path, table: str, begin: str = BEGIN, end: str = END) -> None:
    """A table into a page; all that stands outside the marks stays."""
    text = path.read_text("utf-8") if path.is_file() else ""
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        expected = f"a page with the lines {begin} and {end}"
        raise WorkbenchError(f"{path} has no place for a table", expected, "--page docs/models.md")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", "utf-8")


def measured(tokens: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """What the cards of the bundled models say of their scores, model by model: as they are, or after so many `tokens`."""
    cards = [c for c in catalog.models() if c.source == "bundled"]
    facts = {c.name: json.loads((c.folder / "card.json").read_text("utf-8")) for c in cards}
    read = {name: f.get("scores", []) if tokens is None else after(tokens, name, f) for name, f in facts.items()}
    return {name: rows for name, rows in read.items() if rows}


def after(tokens: int, name: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """A card's rows of the model when it had read so many tokens, under its own name, and those of its twin and the control; none where
    that was not measured."""
    called = name if at(name, facts["tokens_seen"]) == at(name, tokens) else at(name, tokens)
    rows = [r for r in facts.get("scores", []) if r["model"] in (called, name + RANDOM, CONTROL)]
    renamed = [{**r, "model": name} if r["model"] == called else r for r in rows]
    return renamed if any(r["model"] == name for r in renamed) else []


def siblings(cards: dict[str, list[dict[str, Any]]]) -> str:
    """A line per data and number of labels that two models or more were measured on; in brackets their random twins."""
    names = list(cards)
    lines = ["| data | labels | " + " | ".join(names) + " | control |", "|---" * (len(names) + 3) + "|"]
    known = {(r["data"], r["labels"], r["model"]): r for rows in cards.values() for r in rows}
    for data, labels in dict.fromkeys((r["data"], r["labels"]) for rows in cards.values() for r in rows):
        row = [_cell(known.get((data, labels, n)), known.get((data, labels, n + RANDOM))) for n in names]
        if sum(cell != "–" for cell in row) > 1:
            control = known.get((data, labels, CONTROL))
            lines.append(f"| {data} | {labels} | " + " | ".join(row) + f" | {_percent(control) if control else '–'} |")
    return "\n".join(lines)


def ahead(model: dict[str, Any], twin: dict[str, Any]) -> bool:
    """Whether a model is above its twin by more than the larger spread of the two over seeds."""
    return bool(model["mean"] - twin["mean"] > max(model["std"] or 0.0, twin["std"] or 0.0))


def _cell(model: dict[str, Any] | None, twin: dict[str, Any] | None) -> str:
    if model is None or twin is None:
        return "–"
    score = f"**{_percent(model)}**" if ahead(model, twin) else _percent(model)
    return f"{score} ({_percent(twin)})"


def _percent(row: dict[str, Any]) -> str:
    return f"{100 * row['mean']:.1f}"
