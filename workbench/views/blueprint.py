"""A model as a run would train it, block by block, before anything moves; several side by side. Nothing is trained here.

A blueprint is built as a run would build it, so what it says of new, kept and frozen weights is what the run will do.
"""

from __future__ import annotations

import html
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from workbench import catalog
from workbench.config import RunConfig, check_names, name_of
from workbench.errors import WorkbenchError
from workbench.scale.card import short

BLACK = "color:#000"  # on the tints, on a dark page too
# how a block looks and what is said of it: border and pattern differ, so that nothing hangs on the colour
LOOKS = {
    "new": ("new, learns", f"border:2px dashed #D55E00;background:#FBE9DD;{BLACK}"),
    "learns": ("kept, learns", f"border:2px solid #0072B2;background:#E3F0F8;{BLACK}"),
    "later": ("kept, learns later", f"border:2px dotted #0072B2;background:#F3F8FB;{BLACK}"),
    "frozen": ("kept, frozen", f"border:2px solid #9AA1A9;background:repeating-linear-gradient(45deg,#EEF0F2 0 6px,#FFF 6px 12px);{BLACK}"),
    "missing": ("not here", "border:2px dotted #C3C8CE;opacity:.75"),
}  # fmt: skip
_CARD = "border-radius:4px;padding:4px 10px;margin:3px 0;display:flex;justify-content:space-between;gap:12px"


class Blueprint:
    """Blocks from head to input: their weights, how many of them learn, how many no checkpoint gave (`new`)."""

    def __init__(self, config: RunConfig, data: Any = None) -> None:
        from workbench.data import load
        from workbench.models import anatomy, pairing, zoo
        from workbench.tasks import TASKS, choices
        from workbench.techniques import TECHNIQUES

        catalog.find(catalog.techniques(), config.technique, "technique")
        data = load(config.data if data is None else data)
        source, task = zoo.source(config.model, config.add_tokens), TASKS[data.task]
        choices.check(config, task.name)
        shell: Any = SimpleNamespace(labels=data.labels, tokenizer=pairing.tokenizer(source, task.name))
        plain = task.build(source, shell, config)
        fresh: Any = getattr(plain, "fresh", {})
        sizes = {name: p.numel() for name, p in plain.named_parameters()}
        before = {b.name: (sum(sizes[n] for n in b.parameters), sum(min(fresh.get(n, 0), sizes[n]) for n in b.parameters))
                  for b in anatomy.blocks(plain)}  # fmt: skip
        model = TECHNIQUES[config.technique].apply(plain, config)
        weights = dict(model.named_parameters())
        rows = []
        for block in reversed(anatomy.blocks(model)):
            mine = [weights[name] for name in block.parameters]
            total, learning = sum(p.numel() for p in mine), sum(p.numel() for p in mine if p.requires_grad)
            there, new = before.get(block.name, (0, 0))
            new += total - there  # an adapter's
            rows.append({"block": block.name, "weights": total, "learning": learning, "new": new,
                         "state": _state(block.kind, total, learning, new, config.technique)})  # fmt: skip
        self.config, self.frame = config, pd.DataFrame(rows)

    @property
    def title(self) -> str:
        """Model and technique, and what else is not as usual in this model."""
        also = [
            f"{name}={value!r}" for name in ("layers", "pooling", "head") if (value := self.config.changed().get(name))
        ]
        also += [f"{len(self.config.add_tokens)} new tokens"] if self.config.add_tokens else []
        folder = Path(self.config.model)
        model = (
            f"run {folder.parent.name}" if folder.is_absolute() and folder.name == "model" else short(self.config.model)
        )
        return ", ".join([model, self.config.technique, *also])

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def alt(self) -> str:
        """The drawing in words."""
        parts = (f"{r['block']}: {_size(r)}, {LOOKS[r['state']][0]}" for r in self.frame.to_dict("records"))
        return f"Blueprint of {self.title}; head first. {'; '.join(parts)}."

    def _repr_html_(self) -> str:
        return self.html(self.frame["block"].tolist(), "max-width:520px")

    def html(self, blocks: list[str], style: str) -> str:
        """The drawing, with an empty place for each of `blocks` that this model does not have."""
        learn, total, new = (int(self.frame[c].sum()) for c in ("learning", "weights", "new"))
        head = f"<b>{html.escape(self.title)}</b><br>{learn:,} of {total:,} weights learn ({learn / total:.2%}); {new:,} are new"
        if self.config.technique == "unfreezing":
            head += ". At first these, one more block with every epoch"
        rows = {row["block"]: row for row in self.frame.to_dict("records")}
        boxes = "".join(_box(rows.get(b, {"block": b, "state": "missing"})) for b in blocks)
        return (
            f'<figure style="margin:0;{style}"><figcaption style="margin-bottom:4px">{head}.</figcaption>'
            f'<div role="list" aria-label="{html.escape(self.alt())}">{boxes}</div>'
            '<div style="opacity:.8;margin-top:2px">↑ text goes in at the bottom</div></figure>'
        )


class SideBySide:
    """Blueprints beside each other, the same block in the same row; a dotted place is a block that one of them lacks."""

    def __init__(self, found: list[Blueprint]) -> None:
        self.blueprints = found

    @property
    def blocks(self) -> list[str]:
        """All their blocks, head first: a block stands as high as in the blueprint where it stands highest."""
        height: dict[str, int] = {}
        for drawn in self.blueprints:
            for up, name in enumerate(reversed(drawn.frame["block"].tolist())):
                height[name] = max(up, height.get(name, 0))
        return sorted(height, key=lambda name: -height[name])

    def frame(self) -> pd.DataFrame:
        """One row per block, head first: weights and state in each blueprint."""
        columns = {
            (n, c): b.frame.astype({"weights": "Int64"}).set_index("block")[c]
            for n, b in enumerate(self.blueprints, 1)
            for c in ("weights", "state")
        }
        return pd.DataFrame(columns).reindex(self.blocks)

    def __repr__(self) -> str:
        return "\n\n".join(f"{b.title}\n{b!r}" for b in self.blueprints)

    def _repr_html_(self) -> str:
        blocks = self.blocks
        parts = "".join(b.html(blocks, "flex:1 1 330px;max-width:440px") for b in self.blueprints)
        return f'<div style="display:flex;gap:18px;flex-wrap:wrap">{parts}</div>'


def _state(kind: str, total: int, learning: int, new: int, technique: str) -> str:
    if not learning:
        return "later" if technique == "unfreezing" else "frozen"
    return "new" if new == total or (kind == "head" and new) else "learns"


def _size(row: dict[str, Any]) -> str:
    total, learning, new = row["weights"], row["learning"], row["new"]
    if 0 < learning < total:
        return f"{learning:,} of {total:,} weights"
    return f"{total:,} weights" + (f", {new:,} new" if 0 < new < total else "")


def _box(row: dict[str, Any]) -> str:
    words, style = LOOKS[row["state"]]
    if row["state"] == "frozen" and row["new"] == row["weights"]:
        words = "random, frozen"
    part = "" if row["state"] == "missing" else f"{_size(row)} · "
    return (
        f'<div role="listitem" style="{style};{_CARD}">'
        f'<b style="white-space:nowrap">{html.escape(row["block"])}</b><span>{part}{words}</span></div>'
    )


def _drawn(what: Any) -> Blueprint:
    """A blueprint as it is, or that of a run."""
    if isinstance(what, Blueprint):
        return what
    if isinstance(config := getattr(what, "config", what), RunConfig):
        return Blueprint(config, getattr(what, "_data", None))
    raise WorkbenchError(f"something of type {type(what).__name__} between blueprints", "blueprints or runs",
                         'wb.blueprint(wb.blueprint("reviews"), wb.blueprint("reviews", layers=2))')  # fmt: skip


def blueprint(data: Any = "reviews", *more: Any, **choices: Any) -> Blueprint | SideBySide:
    """The model that `wb.fit` would train with these choices, drawn block by block before anything is trained.

    Of a run its model at the start; two or more blueprints or runs, and no choices: side by side.
    """
    known = isinstance(data, Blueprint | RunConfig) or isinstance(getattr(data, "config", None), RunConfig)
    if more or known:
        if choices:
            raise WorkbenchError(f"{', '.join(choices)} beside blueprints", "choices within each blueprint",
                                 'wb.blueprint(wb.blueprint("reviews"), wb.blueprint("reviews", layers=2))')  # fmt: skip
        found = [_drawn(what) for what in (data, *more)]
        return SideBySide(found) if more else found[0]
    check_names(choices)
    if data is None:
        raise WorkbenchError("data is None", "a name, a file, a frame or loaded data", 'wb.blueprint("reviews")')
    model: Any = choices.get("model")
    if isinstance(getattr(model, "config", None), RunConfig):
        choices["model"] = str(model.model_folder())
    return Blueprint(RunConfig(**{**choices, "data": name_of(data)}), None if isinstance(data, str) else data)
