"""Seconds and memory of a run before it starts. An estimate with its grounds, not a promise. No torch is imported here.

Time comes from earlier runs of the same model on this machine where there are any, otherwise from the size of the model and
a rate that is cautious for a laptop core. Memory is what training keeps: weights, gradients, two Adam moments, activations.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from workbench.config import RunConfig
from workbench.training import events as ev
from workbench.training.store import Store

BASE_MB = (
    480  # Python, torch, transformers and datasets, imported and idle; on a GPU its context and kernels, about as much
)
CAUTIOUS = 12e9  # floating-point operations per second and core in small-model training
BACKWARD = 3  # a step goes forward and twice as long backward; an evaluation goes forward alone
PROBE = 200  # training texts that an evaluation looks at, too (tasks.base.PROBE, which would import torch)


@dataclass(frozen=True)
class Estimate:
    """`seconds` and `megabytes` (peak) with the grounds in words, None where the model's size is unknown; `place` is what memory is meant."""

    seconds: float | None
    megabytes: float | None
    grounds: str
    place: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            return f"Time and memory unknown: {self.grounds}."
        span = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} min"
        return f"About {span} at most and {self.megabytes:.0f} MB{self.place} ({self.grounds})."


def estimate(
    config: RunConfig, texts: int, tokens_per_text: float, facts: dict[str, Any], past: list[Store], device: str = "cpu", looked_at: int | None = None,
) -> Estimate:  # fmt: skip
    """For `texts` training texts of `tokens_per_text` word pieces and a model whose card holds `facts`; every evaluation looks at
    `looked_at` validation texts (default: a sixth as many)."""
    parameters = facts.get("parameters")
    if not parameters:
        return Estimate(None, None, "the model's size is not known before it is downloaded")
    body = parameters - facts.get("vocabulary", 0) * facts.get("hidden", 0)
    length = min(tokens_per_text, config.max_length)
    looks = (texts // 6 if looked_at is None else looked_at) + min(texts, PROBE)
    # Those of an evaluation count once.
    tokens = BACKWARD * texts * length * config.epochs + looks * length * config.evaluations
    speed = _measured(config, past, device)
    if speed:
        seconds, grounds = tokens / speed, "from earlier runs here"
    else:
        cores = min(4, os.cpu_count() or 1)
        seconds, grounds = (
            tokens * 2 * body / (CAUTIOUS * cores),
            f"guessed for {cores} cores; the first run {'on the GPU ' * (device != 'cpu')}will tell",
        )
    if config.technique == "domain-adaptation":
        grounds += "; the reading before it comes on top, once"
    width = min(2.0 * tokens_per_text, config.max_length)
    activations = config.batch_size * width * facts.get("hidden", 256) * facts.get("layers", 4) * 34 * 4
    place = " of main memory" if device == "cpu" else f" of the GPU's memory, {BASE_MB} of them for its context"
    return Estimate(seconds, BASE_MB + (parameters * 16 + activations) / 1e6, grounds, place)


def _measured(config: RunConfig, past: list[Store], device: str) -> float | None:
    """Tokens per second as `estimate` counts them, those of training thrice, of the newest comparable run on the same kind of device."""
    plain = config.model.removesuffix(":random")
    for store in past:
        last, facts = store.last(ev.Stepped), store.facts
        if (
            store.config.model.removesuffix(":random") != plain
            or store.config.technique != config.technique
            or facts.get("device", "cpu") != device
            or last is None
        ):
            continue
        if last.step >= 20 and last.seconds > 1 and facts.get("tokens_per_epoch"):
            trained, looks = float(facts["tokens_per_epoch"]), sum(isinstance(e, ev.Evaluated) for e in store.events)
            texts = max(1, int(facts.get("n_train") or 1))
            seen = looks * (int(facts.get("n_valid") or 0) + min(texts, PROBE)) * trained / texts
            return (BACKWARD * trained * last.epoch + seen) / last.seconds
    return None
