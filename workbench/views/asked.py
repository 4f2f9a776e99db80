"""What a call asks for, looked at before anything is trained: a run, choices, seeds, a split. Draws nothing, trains nothing.

Each function gives back what was meant, or raises a WorkbenchError that says what it got instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from workbench import catalog
from workbench.config import RunConfig, check_names, name_of
from workbench.errors import WorkbenchError

MOST_SEEDS = 1000


def run_of(given: Any, needs: str = "frame") -> Any:
    """A run, also by its id or the path of its folder. `needs`: what the run must be able to do.

    >>> run_of(3)
    Traceback (most recent call last):
    workbench.errors.WorkbenchError: 3 (int) instead of a run. Expected: a run, its id, or its folder. Try: one of wb.runs().
    """
    if isinstance(given, str | os.PathLike) and given != "":
        found = stored_run(given)
        if found is None:
            raise WorkbenchError(f"no run {os.fspath(given)!r}", "a run, its id, or its folder", "one of wb.runs()")
        return found
    if not hasattr(given, needs) or not hasattr(given, "store"):
        shown = f"{given!r:.60}".splitlines()[0]
        raise WorkbenchError(f"{shown} ({type(given).__name__}) instead of a run", "a run, its id, or its folder",
                             "one of wb.runs()")  # fmt: skip
    return given


def here(run: Any) -> Any:
    """The predictor of a run whose model is on this machine."""
    found = run.predictor()
    if not hasattr(found, "task"):
        raise WorkbenchError(f"the model of {run.id} is with the service", "a run that was trained here", "wb.fit(...)")
    return found


def stored_run(named: str | os.PathLike[str]) -> Any:
    """The run that an id or the path of a folder stands for; None where there is none."""
    from workbench.training.run import open_run
    from workbench.training.store import runs_home

    for folder in (Path(named).expanduser(), runs_home() / os.fspath(named)):
        if (folder / "config.json").is_file() and (folder / "events.jsonl").is_file():
            return open_run(folder)
    return None


def choices_of(data: Any, choices: dict[str, Any]) -> tuple[RunConfig, Any]:
    """The choices of a run on `data`, and the data themselves; None in their place where they are called by a name or path."""
    check_names(choices)
    catalog.check_data(data)
    config = RunConfig(**{**choices, "data": name_of(data)})
    if isinstance(data, str):
        return config, None
    from workbench.data import load

    return config, load(data)


def data_of(given: Any) -> Any:
    """Data that are handed in beside a run, also by their name or as a table; None stays None."""
    from workbench.data import load

    return load(given) if isinstance(given, str | os.PathLike) or hasattr(given, "columns") else given


def same_question(runs: Sequence[Any], try_: str) -> None:
    """Runs of one task with the same labels: losses and scores of another task are of another size, and their difference says nothing."""
    asked = [(r.store.facts.get("task"), r.store.facts.get("labels")) for r in runs]
    if any(one != asked[0] for one in asked):
        called = dict.fromkeys(str(r.store.facts.get("data_title") or r.config.data) for r in runs)
        raise WorkbenchError(
            f"runs of different data: {' and '.join(called)}", "runs with the same task and labels", try_
        )


def left_to_it(choices: Any, **instead: str) -> None:
    """Refuse choices that are left to a comparison, which makes them itself; `instead` says what to write for each.

    >>> left_to_it({"seed": 3}, seed="seeds=[3]")
    Traceback (most recent call last):
    workbench.errors.WorkbenchError: seed=3, which the comparison chooses itself. Expected: other choices. Try: seeds=[3].
    """
    for name in (n for n in instead if n in choices):
        raise WorkbenchError(f"{name}={choices[name]!r:.60}, which the comparison chooses itself", "other choices",
                             instead[name])  # fmt: skip


def same_labels(sources: Sequence[Any]) -> None:
    """Data of one task with the same labels (see `same_question`), before anything is trained on them; those of the Hub are not asked."""
    from workbench.data import load

    loaded = [load(s) for s in sources if not (isinstance(s, str) and s.startswith("hub:"))]
    if any((d.task, d.labels) != (loaded[0].task, loaded[0].labels) for d in loaded):
        raise WorkbenchError(f"data for {' and '.join(dict.fromkeys(f'{d.task} ({len(d.labels)} labels)' for d in loaded))}",
                             "data with the same task and labels", "one comparison for each")  # fmt: skip


def seeds_of(seeds: Any) -> list[int]:
    """How many seeds (0, 1, 2, ...), or which, as a list. One seed twice is the same run twice, which is no evidence.

    >>> seeds_of(3), seeds_of([4, 7])
    ([0, 1, 2], [4, 7])
    """
    wanted: Any = seeds
    if isinstance(seeds, Integral) and not isinstance(seeds, bool):
        wanted = range(min(int(seeds), MOST_SEEDS + 1))
    chosen = [int(s) for s in wanted if isinstance(s, Integral)] if _several(wanted) else []
    fits = chosen and len(chosen) == len(set(chosen)) == len(wanted) <= MOST_SEEDS and min(chosen) >= 0
    if not fits:
        raise WorkbenchError(f"seeds={seeds!r:.60}", "how many seeds, or a list of different ones from 0 up",
                             "seeds=3, or seeds=[0, 1, 2]")  # fmt: skip
    return chosen


def _several(value: Any) -> bool:
    return hasattr(value, "__len__") and hasattr(value, "__iter__") and not isinstance(value, str | bytes | dict)


def split_of(sources: Sequence[Any], split: Any) -> str:
    """The name of a split that all these data have; every data set has a validation split, so that one costs no look."""
    from workbench.data import load

    for data in sources if split != "validation" else ():
        there = list(load(data))
        if split not in there:
            raise WorkbenchError(f"no split called {split!r}", f"one of {', '.join(there)}", "split='validation'")
    return str(split)
