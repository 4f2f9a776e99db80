"""What goes with the chosen data, said before Train is pressed: models and techniques that do not fit, each with its reason.

Text only; what does not fit is read from the catalogue and the table of families, so nothing heavy is imported here.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from workbench import catalog, families
from workbench.config import RunConfig
from workbench.errors import WorkbenchError


def task_of(config: RunConfig, data: Any = None) -> str:
    """What the chosen data is for: by the data itself, else by its card; "" where only loading it would tell."""
    if data is not None:
        return str(getattr(data, "task", ""))
    card = next((c for c in catalog.datasets() if config.data in (c.name, c.reference)), None)
    return card.tasks[0] if card is not None and card.tasks else ""


def family_of(model: str) -> str:
    """A model's family by its card, or by the config.json of its folder; "" where only the Hub knows."""
    card = next((c for c in catalog.models() if model in (c.name, c.reference)), None)
    if card is not None:
        return card.family
    try:
        plain = model.removesuffix(":random")
        return str(json.loads((Path(plain).expanduser() / "config.json").read_text("utf-8")).get("model_type", ""))
    except (OSError, ValueError, AttributeError, RuntimeError):
        return ""


def refusal(config: RunConfig, data: Any = None) -> WorkbenchError | None:
    """Why these choices would be refused, or None."""
    task = task_of(config, data)
    if not task:
        return None
    family = family_of(config.model)
    return (
        families.refusal(config.model, family, task)
        or catalog.technique_refusal(config.technique, task)
        or families.technique_refusal(config.model, family, config.technique)
    )


def models(task: str) -> list[str]:
    """Names of the catalogue's models that can do a task; all of them where the task is not known."""
    return [c.name for c in catalog.models() if not task or families.refusal(c.name, c.family, task) is None]


def left_out(task: str, model: str = "") -> dict[str, str]:
    """Name -> reason, for every bundled model that does not fit a task and every technique that fits neither it nor the chosen model."""
    found: dict[str, str] = {}
    if not task:
        return found
    for card in catalog.models():
        why = families.refusal(card.name, card.family, task)
        if why is not None and card.source == "bundled":  # a twin is as its sibling
            found[card.name] = f"{why.found.partition(repr(card.name))[2].strip()}; try {why.try_}"
    family = family_of(model) if model else ""  # reads the model's folder: once for all techniques
    for card in catalog.techniques():
        unfit = families.technique_refusal(model, family, card.name)
        if task not in card.tasks:
            found[card.name] = f"a technique for {', '.join(card.tasks)}"
        elif unfit is not None:
            found[card.name] = f"{unfit.found}; try {unfit.try_}"
    return found


def left_out_html(task: str, model: str = "") -> str:
    """The same in grey, folded behind one line that the keyboard reaches; nothing where everything fits."""
    found = left_out(task, model)
    if not found:
        return ""
    rows = "".join(f"<li><code>{html.escape(name)}</code>: {html.escape(why)}</li>" for name, why in found.items())
    some = f"{len(found)} choice{'s do' if len(found) > 1 else ' does'} not fit data for {html.escape(task)} and this model"
    return f"<details style='opacity:.75;line-height:1.4;margin:0 0 6px'><summary>{some}</summary><ul style='margin:2px 0'>{rows}</ul></details>"
