"""Watching single examples while a run trains: which ones, and what the evaluations say of them. No pass of its own.

The training texts that are watched contain the probe, so one pass gives both the training loss and the dynamics, and the curves
of a run that watches are those of a run that does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from workbench.data.noise import flip, true_labels
from workbench.errors import WorkbenchError
from workbench.tasks.base import Encoded, Prepared, entropy, softmax, stratified
from workbench.training import examples
from workbench.training.store import Store

MOST = 1000  # training texts that are watched at most; of more a stratified sample, the probe among them


class Watch:
    """The training texts to look at, `train`, with the probe at the positions `probe`; writes what is seen into the store."""

    def __init__(self, store: Store, prepared: Prepared, true: np.ndarray, seed: int) -> None:
        self.store, self.validation = store, prepared.validation
        chosen = np.arange(len(prepared.train))
        if len(chosen) > MOST:
            probe = np.flatnonzero(np.isin(prepared.train.rows, prepared.probe.rows))
            others = np.setdiff1d(chosen, probe)
            more = stratified(prepared.train.labels[others], MOST - len(probe), seed)
            chosen = np.sort(np.concatenate([probe, others[more]]))
        self.train: Encoded = prepared.train.take(chosen)
        where = {int(row): i for i, row in enumerate(self.train.rows)}
        self.probe = np.array([where[int(row)] for row in prepared.probe.rows])
        self.true = true[self.train.rows]

    def begin(self) -> None:
        """Say which texts are watched."""
        examples.write(self.store, examples.ROWS, {
            "train_rows": self.train.rows, "train_labels": self.train.labels, "true": self.true,
            "validation_rows": self.validation.rows, "validation_labels": self.validation.labels,
        })  # fmt: skip

    def __call__(self, step: int, train: Any, validation: Any) -> Any:
        """Keep what the model said at this step, logits (texts, labels) of both splits; returns those of the probe."""
        seen = {"train": np.asarray(train), "validation": np.asarray(validation)}
        if all(np.isfinite(logits).all() for logits in seen.values()):  # a training that has blown up is no data
            examples.write(self.store, f"{step:07d}", {
                **{split: softmax(logits).astype(np.float16) for split, logits in seen.items()},
                **{f"{split}_answers": logits.argmax(1).astype(np.uint16) for split, logits in seen.items()},
            })  # fmt: skip
        return [train[i] for i in self.probe]


def watch(store: Store, prepared: Prepared, data: Any) -> Watch | None:
    """What watches the examples of this run; None where its config does not ask for it."""
    config = store.config
    if not (config.watch or config.noise):
        return None
    made = Watch(store, prepared, true_labels(data), config.seed)
    made.begin()
    return made


def with_noise(prepared: Prepared, data: Any, share: float, seed: int) -> tuple[Prepared, Any]:
    """Both with a share of the training labels flipped: of the texts that train, exactly that share."""
    data = flip(data, share, seed, rows=prepared.train.rows)
    labels = np.array(data["train"]["label"], dtype=np.int64)
    train, probe = (replace(part, labels=labels[part.rows]) for part in (prepared.train, prepared.probe))
    facts = {**prepared.facts, "label_entropy": entropy(train.labels), "flipped": round(share * len(train))}
    return replace(prepared, train=train, probe=probe, facts=facts), data


def check(task: str) -> None:
    """Raise a WorkbenchError where single examples cannot be watched."""
    if task != "classification":
        raise WorkbenchError(
            f"watching single examples of data for {task}", "texts with one label each", "watch=False, noise=0"
        )
