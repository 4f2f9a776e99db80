"""How long a bundled model takes: seconds of one core for 1,000 texts, to train on and to ask. `score NAME --speed --write` puts it into the card.

Processor time is counted and not the clock's, so that a machine with other things to do gives nearly the same figures. A translator
is measured on pairs and asked with beam search, the others on news briefs.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import Any

from workbench import families
from workbench.catalog import Card
from workbench.data import load
from workbench.models.score import fine_tuned, put

TEXTS = 320  # trained on, once and twice: the difference is what one pass takes
MARKS = ("<!-- speed -->", "<!-- /speed -->")


def measure(card: Card, texts: int = TEXTS) -> dict[str, Any]:
    """{"training", "answering": seconds of processor time for 1,000 texts, "data", "dtype": the format of training}."""
    data = load("headlines" if families.way(card.family, "classification") else "phrases-en-fr")
    column = "text" if data.task == "classification" else "source"
    asked = list(data["train"][column])[: texts if column == "text" else texts // 4]
    passes = [_pass(data, card.name, texts, epochs, asked) for epochs in (1, 1, 2)]  # the first one warms up
    (once, answering, _), (twice, again, dtype) = passes[1:]
    return {"training": round(1000 * (twice - once) / texts, 1), "answering": round(1000 * min(answering, again) / len(asked), 1),
            "data": data.name, "dtype": dtype}  # fmt: skip


def _pass(data: Any, model: str, texts: int, epochs: int, asked: list[str]) -> tuple[float, float, str]:
    """(seconds to fine-tune, seconds to answer, number format) of one run."""

    def then(run: Any) -> tuple[float, float, str]:
        trained = process_time() - begun
        run.predict(asked[:2])
        start = process_time()
        run.predict(asked)
        return trained, process_time() - start, str(run.store.facts.get("dtype", "fp32"))

    begun = process_time()
    found: tuple[float, float, str] = fine_tuned(data, model, texts, 0, then, epochs=epochs)
    return found


def words(speed: dict[str, Any], name: str) -> str:
    """The figures in a sentence, for the card."""
    return (f"For 1,000 texts of `{speed['data']}`, one core (processor time, batch 16, {speed['dtype']} for training): "
            f"{speed['training']:.1f} s to train on them once, {speed['answering']:.1f} s to ask about them. "
            f"Command: `python -m workbench score {name} --speed --write`.")  # fmt: skip


def write(folder: Path, speed: dict[str, Any], name: str) -> None:
    """Put the figures into card.json, and as a sentence into README.md between its marks."""
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card = (
        {k: card[k] for k in ("title", "licence") if k in card}
        | {"speed": speed}
        | {k: v for k, v in card.items() if k != "speed"}
    )
    put(folder, card, MARKS, f"{MARKS[0]}\n## Speed\n\n{words(speed, name)}\n{MARKS[1]}")
