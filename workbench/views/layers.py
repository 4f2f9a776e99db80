"""Which layers move, and how far: `wb.layers(run)` draws it, `wb.blueprint(...)` draws the model before anything moves.

A blueprint is built as a run would build it, so what it says of frozen and learning weights is what the run will do.
"""

from __future__ import annotations

import html
from types import SimpleNamespace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from workbench import catalog
from workbench.config import RunConfig, check_names
from workbench.errors import WorkbenchError
from workbench.views.browse import image_html

# how a block looks and what is said of it: border and pattern differ, so that nothing hangs on the colour
LOOKS = {
    "new": ("learns, new", "border:2px dashed #D55E00;background:#FBE9DD"),
    "learns": ("learns", "border:2px solid #0072B2;background:#E3F0F8"),
    "later": ("learns later", "border:2px dotted #0072B2;background:#F3F8FB"),
    "frozen": ("frozen", "border:2px solid #9AA1A9;background:repeating-linear-gradient(45deg,#EEF0F2 0 6px,#FFF 6px 12px)"),
}  # fmt: skip


def moves_map(moves: pd.DataFrame, ax: Axes) -> Axes:
    """Blocks from bottom (input) to top (head) against steps; colour, and at the end a number, say how far each is from its start, in
    percent of its length. What has moved by less than 0.01% looks like what has not moved."""
    steps, blocks = list(moves["step"]), [c for c in moves if c != "step"]
    percent = 100 * moves[blocks].to_numpy().T
    shade = LogNorm(0.01, 100, clip=True)  # heads move a hundred times as far as what lies below them
    picture = ax.imshow(percent.clip(0.01), origin="lower", aspect="auto", cmap="cividis", norm=shade)
    ax.set_yticks(range(len(blocks)), blocks)
    shown = range(0, len(steps), max(1, len(steps) // 8))
    ax.set_xticks(list(shown), [str(steps[i]) for i in shown])
    ax.set_xlabel("optimiser steps")
    ax.set_ylabel("block, input at the bottom")
    for row, line in enumerate(percent):
        ax.text(
            len(steps) - 0.45,
            row,
            f" {line[-1]:.{1 if line[-1] >= 0.1 else 2}f}%",
            va="center",
            fontsize=8.5,
            clip_on=False,
        )
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.12)
    bar.set_label("distance from the start (%)")
    bar.set_ticks([0.01, 0.1, 1, 10, 100], labels=["0", "0.1", "1", "10", "100"])
    return ax


class Layers:
    """Shows itself as the map of moves of a run."""

    def __init__(self, run: Any) -> None:
        self.run, self.moves = run, run.moves()
        if self.moves.shape[1] < 2:
            raise WorkbenchError(f"run {run.id} has no map of moves", "a run with an evaluation, of a model below 30 M weights",
                                 "await run")  # fmt: skip

    def __repr__(self) -> str:
        return f"{self.alt()}\n{self.moves.round(4).to_string(index=False)}"

    def alt(self) -> str:
        """The picture in words."""
        last = self.moves.iloc[-1]
        words = ", ".join(f"{name} {100 * last[name]:.1f}%" for name in self.moves if name != "step")
        return f"Map of how far each block has moved from its start; at step {int(last['step'])}: {words}."

    def figure(self) -> Figure:
        figure = Figure(figsize=(7.2, 0.7 + 0.42 * self.moves.shape[1]), dpi=110, layout="constrained")
        moves_map(self.moves, figure.add_subplot())
        return figure

    def _repr_html_(self) -> str:
        return image_html(self.figure(), self.alt())


class Blueprint:
    """A model as a technique will train it: blocks from head to input, their weights, and which of them learn."""

    def __init__(self, config: RunConfig, data: Any = None) -> None:
        from workbench.data import load
        from workbench.models import anatomy, pairing, zoo
        from workbench.tasks import TASKS
        from workbench.techniques import TECHNIQUES

        catalog.find(catalog.techniques(), config.technique, "technique")
        data = load(config.data if data is None else data)
        source, task = zoo.source(config.model), TASKS[data.task]
        shell: Any = SimpleNamespace(labels=data.labels, tokenizer=pairing.tokenizer(source, task.name))
        model = TECHNIQUES[config.technique].apply(task.build(source, shell, config), config)
        weights = dict(model.named_parameters())
        rows = []
        for block in reversed(anatomy.blocks(model)):
            mine = [(name, weights[name]) for name in block.parameters]
            sizes = {learns: sum(p.numel() for _, p in mine if p.requires_grad is learns) for learns in (True, False)}
            rows.append({"block": block.name, "weights": sum(sizes.values()), "learning": sizes[True],
                         "state": _state(block.kind, sizes, config.technique)})  # fmt: skip
        self.config, self.frame = config, pd.DataFrame(rows)

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def _repr_html_(self) -> str:
        learn, total = int(self.frame["learning"].sum()), int(self.frame["weights"].sum())
        head = f"{html.escape(self.config.model)}, {html.escape(self.config.technique)}: {learn:,} of {total:,} weights learn"
        if self.config.technique == "unfreezing":
            head += " at first, one more block with every epoch"
        boxes = "".join(_box(row) for row in self.frame.to_dict("records"))
        return (
            f'<figure style="margin:0;max-width:520px"><figcaption style="margin-bottom:4px">{head} ({learn / total:.2%}).</figcaption>'
            f'<div role="list" aria-label="blocks of the model, head first">{boxes}</div>'
            '<div style="color:#444;margin-top:2px">↑ text goes in at the bottom</div></figure>'
        )


def _state(kind: str, sizes: dict[bool, int], technique: str) -> str:
    if kind == "head":
        return "new"
    if not sizes[True]:
        return "later" if technique == "unfreezing" else "frozen"
    return "learns"


def _box(row: dict[str, Any]) -> str:
    words, style = LOOKS[row["state"]]
    part = (
        f"{row['learning']:,} of {row['weights']:,} weights"
        if 0 < row["learning"] < row["weights"]
        else f"{row['weights']:,} weights"
    )
    return (
        f'<div role="listitem" style="{style};border-radius:4px;padding:4px 10px;margin:3px 0;display:flex;justify-content:space-between">'
        f"<b>{html.escape(row['block'])}</b><span>{part} · {words}</span></div>"
    )


def layers(run: Any) -> Layers:
    """How far each block of a run's model has moved from its start, evaluation by evaluation."""
    return Layers(run)


def blueprint(data: Any = "reviews", **choices: Any) -> Blueprint:
    """The model that `wb.fit` would train with these choices, drawn block by block before anything is trained."""
    check_names(choices)
    named = data if isinstance(data, str) else getattr(data, "name", "data")
    return Blueprint(RunConfig(**{**choices, "data": named}), None if isinstance(data, str) else data)
