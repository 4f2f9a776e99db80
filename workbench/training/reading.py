"""The reading before a fine-tuning: a language model's run of its own, made or found again. Its technique: `techniques/domain.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.config import RunConfig
from workbench.training import events as ev
from workbench.training.owner import owner
from workbench.training.run import Run, open_run
from workbench.training.store import Store, stored
from workbench.training.wishes import Wishes
from workbench.training.worker import Worker

BATCH, LOOKS = 32, 4  # of the language model; evaluations


class Reader(Run):
    """Trains inside another run, which waits for it: it does not queue."""

    alone = None


class Telling(Store):
    """A store that says every evaluation in a sentence as well."""

    tell: Callable[[str], None]
    first: float | None = None  # perplexity before anything was read

    def append(self, event: ev.Event) -> None:
        super().append(event)
        if isinstance(event, ev.Evaluated):
            now = event.metrics["perplexity"]
            self.first = self.first or now
            self.tell(
                f"Reading {self.config.data}: perplexity {self.first:.1f}, {now:.1f} after {event.epoch:.1f} epochs."
            )


def reader(config: RunConfig, data: Any, home: Path, wishes: Wishes, tell: Callable[[str], None]) -> Run | None:
    """The run whose language model has read `config.reads`, or with None the texts of `data`: an earlier one where there is one.

    Its rate is that of the fine-tuning: what suits a small model here would ruin a large one from the Hub, and reading at twice the
    rate in batches half as large took away most of what there was to win (bert-mini on law, 64 labels).

    None when Stop was pressed meanwhile. The seed is always 0, so that the seeds of a comparison share one reading.
    """
    from workbench.data import fingerprint, load

    texts = (data if config.reads is None else load(config.reads)).unlabelled()
    wanted = RunConfig(data=config.reads or config.data, model=config.model, task="language-modeling", learning_rate=config.learning_rate,
                       batch_size=BATCH, epochs=config.reads_epochs, evaluations=LOOKS, max_length=config.max_length,
                       precision=config.precision)  # fmt: skip
    if known := earlier(home, wanted, fingerprint(texts)):
        tell(f"{wanted.data} was read in run {known.id}.")
        return known
    store = Telling.create(wanted, owner(), home)
    assert isinstance(store, Telling)
    store.tell = tell
    tell(f"First the language model reads {wanted.data}, in run {store.id}.")
    run = Reader(store, texts)
    run._worker = Worker(store, texts, None)
    run._worker.wishes = Wishes(wishes.stop, wishes.pause)  # a wished rate is for the fine-tuning
    run._work()
    run._checked()
    return None if wishes.stop.is_set() else run


def earlier(home: Path, wanted: RunConfig, mark: str) -> Run | None:
    """A finished run in `home` of the same config, on data with the same fingerprint, if there is one."""
    for store in stored(home):
        if store.config == wanted and store.status == "finished" and store.facts.get("fingerprint") == mark:
            return open_run(store.folder)
    return None
