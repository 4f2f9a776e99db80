"""What `accelerate launch` starts, once per process: train one run as a member of a team. The first process writes the run folder.

Not for people: `python -m workbench launch recipe.toml` calls it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.scale.recipe import read_recipe
from workbench.training import events as ev
from workbench.training.owner import owner
from workbench.training.store import ALIVE, Store

SHARDED = ("FSDP", "DEEPSPEED", "MEGATRON_LM")  # as accelerate calls them
BEAT = 5.0  # seconds between two signs of life


class Quiet(Store):
    """The store of a process that does not lead: it keeps events in memory, and writes nothing."""

    def guard(self, write: Any) -> bool:
        return True

    def append(self, event: ev.Event) -> None:
        self.events.append(event)


def main(recipe: str, folder: str) -> int:
    """Train what `recipe` says into the run folder; an empty folder name on machines other than the first."""
    from workbench.training import engine

    engine.load()
    from workbench.training.team import Team
    from workbench.training.worker import Worker

    team = Team.here()
    config = _precision(read_recipe(recipe))
    store = Store.open(Path(folder)) if team.leads else Quiet(Path(tempfile.gettempdir()), config, {})
    store.config = config
    if team.leads:
        store.facts.update(owner(), processes=team.world)
        store.write_config()
        threading.Thread(target=_beat, args=(store.folder / ALIVE,), daemon=True).start()
    worker = Worker(store, None, None, team)
    try:
        check_team(config, team.world)
        worker.train()
        return 0
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        worker.end("error", words)
        print(f"process {team.rank}: {words}", file=sys.stderr, flush=True)
        if not isinstance(error, WorkbenchError):
            raise
        return 1
    finally:
        store.close()
        _part()


def check_team(config: RunConfig, world: int) -> None:
    """Raise a WorkbenchError for what several processes cannot do together."""
    if config.batch_size % world:
        raise WorkbenchError(f"batches of {config.batch_size} for {world} processes", "a batch_size that they can share evenly",
                             f"batch_size = {max(1, config.batch_size // world) * world}")  # fmt: skip
    if world > 1 and config.technique == "unfreezing":
        raise WorkbenchError("gradual unfreezing on several processes", "weights that learn from start to end, or not at all",
                             "one process, or technique = \"full\"")  # fmt: skip
    for kind in SHARDED:
        if os.environ.get(f"ACCELERATE_USE_{kind}", "false").lower() == "true":
            raise sharded(f"ACCELERATE_USE_{kind}")


def sharded(what: str) -> WorkbenchError:
    """What is said of a configuration under which no process holds the whole model: evaluations and kept weights need it whole."""
    return WorkbenchError(f"{what} cuts the model itself into shards",
                          "one whole model per process: distributed_type MULTI_GPU, MULTI_CPU or NO",
                          "`accelerate config` again, without FSDP, DeepSpeed or Megatron")  # fmt: skip


def _precision(config: RunConfig) -> RunConfig:
    """Where the recipe leaves the number format open, accelerate's configuration decides."""
    found = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    return config.replace(precision=found) if config.precision == "auto" and found in ("bf16", "fp16") else config


def _beat(path: Path) -> None:
    """A sign of life for those who follow from another machine; a disk that refuses it ends nothing."""
    while True:
        with contextlib.suppress(OSError):
            path.touch()
        time.sleep(BEAT)


def _part() -> None:
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
