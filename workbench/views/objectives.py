"""What each model is asked in pretraining, on a sentence of your own: what it may look at, and how well it guesses. A table of chips;
the asking itself is in models/objectives.py. Every text is escaped."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import WorkbenchError, whole
from workbench.views.blanks import chosen
from workbench.views.inks import ROOMY

SEEN, HIDDEN, ASKED = "#CFE6F5", "#FFFFFF", "#FBE0B0"
_CHIP = "border-radius:4px;padding:1px 4px;margin:1px;white-space:pre;display:inline-block;color:#000"
_HEAD = ("what it sees (blue), what it is asked (?), what is hidden (–)", "its guess", "of the right word")


class Objectives:
    """One sentence as each model's pretraining would use it. `frame()` has a row per question."""

    def __init__(self, text: str, models: Any = None, seed: int = 0) -> None:
        from workbench.models.objectives import Reader, lesson

        self.text = text
        self.parts: list[dict[str, Any]] = []
        for model in chosen(models):
            reader = Reader(model)
            ids, answers = lesson(reader, text, seed)
            special = set(reader.tokenizer.all_special_ids) - {reader.tokenizer.unk_token_id}
            shown = [w for w, id in zip(reader.words(ids), ids, strict=True) if id not in special]
            shown[0] = shown[0].removeprefix("-")  # some vocabularies take a text's first word for the rest of one
            real = np.array([id not in special for id in ids])
            for a in answers:
                self.parts.append({"model": reader.name, "form": reader.form.name, "sees": a.sees, "pieces": shown,
                                   "rows": [_row(reader, ids, a, k, real, shown) for k in range(len(a.places))]})  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """One row per question: model, form, sees, turn, place, piece, seen (how many other pieces), guess, probability of the right
        piece, loss in nats (its negative logarithm)."""
        rows = [
            {"model": p["model"], "form": p["form"], "sees": p["sees"], "turn": turn}
            | {k: r[k] for k in ("place", "piece", "seen", "guess", "probability")}
            | {"loss": float(-np.log(max(r["probability"], 1e-30)))}
            for p in self.parts
            for turn, r in enumerate(p["rows"], 1)
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"{self.text}\n{self.frame().round(3).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return "".join(_table(part) for part in self.parts) + (
            '<p style="opacity:.8;font-size:90%">Each line is one question, in the order in which they are asked. A hyphen marks a piece '
            "that goes on with a word.</p>"
        )


def _row(reader: Any, ids: list[int], answers: Any, k: int, real: np.ndarray, shown: list[str]) -> dict[str, Any]:
    p, at = answers.probabilities[k], answers.places[k]
    right = float(p[ids[at]]) if ids[at] < len(p) else 0.0  # a two-way model guesses among its whole words only
    place = int(real[:at].sum())
    return {"place": place, "piece": shown[place], "seen": int(answers.visible[k][real].sum()),
            "visible": answers.visible[k][real], "guess": reader.words([int(p.argmax())])[0], "probability": right}  # fmt: skip


def _table(part: dict[str, Any]) -> str:
    name = html.escape(f"{part['model']}: {part['form']} language model, sees {part['sees']}")
    head = "".join(f'<th scope="col" style="{ROOMY}">{h}</th>' for h in _HEAD)
    lines = "".join(f"<tr>{_line(part['pieces'], row)}</tr>" for row in part["rows"])
    return (f'<table style="border-collapse:collapse;text-align:left;margin:6px 0 14px"><caption style="text-align:left;font-weight:bold;'
            f'color:inherit">{name}</caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>')  # fmt: skip


def _line(pieces: list[str], row: dict[str, Any]) -> str:
    chips = "".join(
        _chip("?", "asked") if n == row["place"] else _chip(word, "seen" if row["visible"][n] else "hidden")
        for n, word in enumerate(pieces)
    )
    mark = " ✓" if row["guess"] == row["piece"] else ""
    return (f'<td style="{ROOMY}">{chips}</td><td style="{ROOMY}">{html.escape(row["guess"])}{mark}</td>'
            f'<td style="{ROOMY}">{html.escape(row["piece"])} {row["probability"]:.1%}</td>')  # fmt: skip


def _chip(word: str, state: str) -> str:
    if state == "hidden":  # as wide as its word, so that the columns stay; what it is, nobody sees
        shown, style = (
            f'<span style="visibility:hidden">{html.escape(word[:-1])}</span>–',
            f"background:{HIDDEN};border:1px dotted #5F6670",
        )
    elif state == "asked":
        shown, style = "<b>?</b>", f"background:{ASKED};border:2px solid #9C2B00"
    else:
        shown, style = html.escape(word), f"background:{SEEN};border:1px solid #5F6670"
    return f'<span title="{state}" style="{style};{_CHIP}">{shown}</span>'


def objectives(text: str, models: Any = None, *, seed: int = 0) -> Objectives:
    """What each model is asked in pretraining, on one text: for every question what it may look at, its guess, and the probability
    that it gives the right piece.

    `models`: bundled names, folders, Hub ids or finished runs; None: the bundled siblings. `seed` draws what is hidden from masked and
    permutation models, and the order in which the latter guess. `.frame()` has a row per question.
    """
    if not isinstance(text, str):
        raise WorkbenchError(
            f"{text!r:.60} instead of a text", "a sentence", "'The boat lay on the bank of the river.'"
        )
    return Objectives(text, models, whole("seed", seed, 0, 2**31))
