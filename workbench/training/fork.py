"""Forks: a new run that begins with another run's history and state up to a step. Starting and family tree; no training here."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from workbench.config import RunConfig, check_names
from workbench.errors import WorkbenchError
from workbench.training import events as ev
from workbench.training import losses, states
from workbench.training.owner import owner
from workbench.training.run import Run, runs
from workbench.training.store import Store

FIXED = ("data", "model", "technique", "task", "batch_size", "max_length", "pooling", "head", "decoding", "layers", "add_tokens", "lora_rank", "teacher",
         "reads", "reads_epochs", "also", "sampling", "precision")  # fmt: skip
HISTORY = (ev.Started, ev.Stepped, ev.Evaluated, ev.Moved, ev.RateChanged)


def fork(parent: Run, step: int | None, changes: dict[str, Any]) -> Run:
    """Branch off `parent` after `step` and start. What a state cannot take over (FIXED) needs a run of its own."""
    check_names(changes)
    if not parent.done:
        raise WorkbenchError(f"run {parent.id} is {parent.status}", "a run that has ended", "await run, or run.stop()")
    if unfit := [name for name in changes if name in FIXED]:
        raise WorkbenchError(f"{unfit[0]} cannot change in mid-run: a state of this run would not fit",
                             "learning_rate, dropout, weight_decay, label_smoothing, schedule, epochs, train_examples, a stopping rule, seed",
                             f"wb.fit(..., {unfit[0]}=...)")  # fmt: skip
    config = parent.config.replace(**changes)
    at = _kept_step(parent, step)
    changed = {k: [getattr(parent.config, k), getattr(config, k)] for k in changes}
    changed = {k: v for k, v in changed.items() if v[0] != v[1] and k != "keep_states"}
    begun = parent.store.last(ev.Started)
    if begun and at >= begun.planned_steps and not changed.keys() & {"epochs", "train_examples"}:
        raise WorkbenchError(f"step {at} is the last one of run {parent.id}", "steps that are left to train",
                             f"run.fork({at}, epochs={2 * config.epochs:g})")  # fmt: skip
    return _branch(parent, at, config, changed)


def _kept_step(parent: Run, step: int | None) -> int:
    found = list(states.kept(parent.folder))
    if not found:
        raise WorkbenchError(f"run {parent.id} has kept no training state", "a run with keep_states",
                             f"{parent.config.replace(keep_states=8).to_code()}, or keep_states=8 in the panel")  # fmt: skip
    wanted = int(parent.best["step"]) if step is None else step
    if not isinstance(wanted, Integral):
        raise WorkbenchError(
            f"step {wanted!r:.60}", f"one of {', '.join(map(str, found))}", f"run.fork(step={found[-1]})"
        )
    if wanted not in found:
        near = min(found, key=lambda s: abs(s - wanted))
        raise WorkbenchError(f"no state of step {wanted} in run {parent.id}", f"one of {', '.join(map(str, found))}",
                             f"run.fork(step={near})")  # fmt: skip
    return wanted


def _branch(parent: Run, step: int, config: RunConfig, changed: dict[str, Any]) -> Run:
    data = parent.data()  # a file that was changed since is refused
    facts = {**owner(), "data_title": parent.store.facts.get("data_title", ""), "fork": {"parent": parent.id, "step": step, "changed": changed},
             "texts_seed": parent.store.facts.get("texts_seed", parent.config.seed)}  # fmt: skip
    store = Store.create(config, facts)
    for event in parent.store.events:
        if isinstance(event, HISTORY) and event.step <= step:
            store.append(event)
    store.guard(lambda: losses.inherit(parent.folder, store.folder, step))
    from workbench.views import viewer

    return Run(store, data, parent.viewer or viewer()).start(resume=states.kept(parent.folder)[step])


def family(run: Run) -> list[Run]:
    """The run's oldest ancestor that is still there and everything that was forked from it, parents before children."""
    everyone = runs(run.folder.parent)
    known = {r.id: r for r in everyone if "check_of" not in r.store.facts} | {
        run.id: run
    }  # checks of `is_it_real` are no kin
    root, seen = run, {run.id}
    while (above := known.get(parent_of(root) or "")) is not None and above.id not in seen:
        root = above
        seen.add(root.id)
    found, todo = [], [root]
    while todo:
        found.append(todo.pop(0))
        children = (r for r in known.values() if parent_of(r) == found[-1].id and r not in found and r not in todo)
        todo += sorted(children, key=lambda r: (r.store.facts["fork"]["step"], r.id))
    return found


def parent_of(run: Run) -> str | None:
    """The id of the run that this one was forked from."""
    fork: dict[str, Any] = run.store.facts.get("fork") or {}
    return fork.get("parent")


def words(run: Run) -> str:
    """What a fork changed, as `dropout 0.1 → 0.3`; an original run is called so."""
    fork = run.store.facts.get("fork")
    if not fork:
        return "the first run"
    return (
        ", ".join(f"{name} {spoken(old)} → {spoken(new)}" for name, (old, new) in fork["changed"].items())
        or "nothing changed"
    )


def spoken(value: Any) -> str:
    """A choice in words: without the zeros of 8.0, and None as what it stands for."""
    return f"{value:g}" if isinstance(value, float) else {None: "default"}.get(value, str(value))
