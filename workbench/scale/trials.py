"""What a search notes about its trials: whose a trial is, what became of it, which ones were left behind. No training here.

A trial is RUNNING for optuna until somebody says how it ended. A killed worker says nothing, so every trial carries its owner
(machine, process and that process's birth), and whoever comes next gives the trial's values to a new one.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from datetime import datetime
from typing import Any

import pandas as pd

from workbench.training.owner import owner, owner_alive

BEAT = 30.0  # seconds between signs of life, for workers on other machines, whose processes cannot be looked at
SILENT = 600.0  # seconds without one after which a trial on another machine counts as left behind
ENOUGH = 6  # finished trials, before which an importance would be noise
NOTES = ("run", "score", "seconds", "verdict", "reason")


in_hand: set[str] = set()  # the trials that searches of this process train


def mine() -> dict[str, Any]:
    """The notes by which everybody knows whose trial it is; it counts as in hand until `in_hand` forgets its mark."""
    mark = uuid.uuid4().hex
    in_hand.add(mark)
    return {**owner(), "mark": mark}


def left_behind(trial: Any, now: float | None = None) -> bool:
    """Whether a RUNNING trial has nobody who trains it any more."""
    now = time.time() if now is None else now
    notes, begun = trial.user_attrs.get("owner"), trial.datetime_start or datetime.now()
    if not notes:  # killed between asking for it and putting a name on it
        return now - begun.timestamp() > 60
    if notes.get("host") == platform.node():
        here = notes.get("pid") == os.getpid()  # of an earlier search of this process, whose storage failed
        return not owner_alive(notes) or (here and notes.get("mark") not in in_hand)
    return now - float(trial.user_attrs.get("beat", begun.timestamp())) > SILENT


def put_back(study: Any, trial: Any, reason: str, deaths: int = 0) -> bool:
    """End a trial as failed and queue its values again, unless they have killed two workers; False when somebody else
    has just ended it."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    number = trial.number
    try:
        study.tell(number, state=TrialState.FAIL)
    except (UpdateFinishedTrialError, ValueError):  # it has ended already
        return False
    if trial.params and deaths < 2:
        study.enqueue_trial(trial.params, user_attrs={"again": number, "why": reason, "deaths": deaths})
    return True


def recover(study: Any) -> list[int]:
    """Queue again what workers left behind when they died; the numbers of these trials."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    words = "its worker has died"
    return [
        t.number for t in running if left_behind(t) and put_back(study, t, words, t.user_attrs.get("deaths", 0) + 1)
    ]


def one_too_many(study: Any, trial: Any, budget: int) -> bool:
    """Whether others have asked at the same moment and this trial is past the budget; it is given up then."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    before = counts(study)["done"] + sum(t.number < trial.number for t in running)
    if before < budget:
        return False
    if "again" in trial.user_attrs:
        put_back(study, next(t for t in running if t.number == trial.number), str(trial.user_attrs["why"]))
    else:
        study.tell(trial, state=TrialState.FAIL)
    return True


def counts(study: Any) -> dict[str, int]:
    """How many trials have ended with a result (`done`), are being trained (`running`), wait in the queue, have failed."""
    from optuna.trial import TrialState

    states = [t.state for t in study.get_trials(deepcopy=False)]
    done = sum(s in (TrialState.COMPLETE, TrialState.PRUNED) for s in states)
    rest = {"running": TrialState.RUNNING, "waiting": TrialState.WAITING, "failed": TrialState.FAIL}
    return {"done": done, **{name: states.count(state) for name, state in rest.items()}}


def frame(study: Any, names: list[str]) -> pd.DataFrame:
    """One row per trial: trial, state, the values of `names`, score, seconds, verdict, reason, run.

    `state` is finished, pruned, running, waiting, or failed; the reason of a failed one says whether its values were queued again.
    """
    trials = [t for t in study.get_trials(deepcopy=False) if t.params or t.state.name != "FAIL"]
    again = {t.user_attrs["again"]: t for t in trials if "again" in t.user_attrs}
    rows = [_row(t, names, again.get(t.number)) for t in trials]
    return pd.DataFrame(rows, columns=["trial", "state", *names, *NOTES[1:], "run"])


def _row(trial: Any, names: list[str], heir: Any) -> dict[str, Any]:
    notes = trial.user_attrs
    state = {"COMPLETE": "finished", "FAIL": "failed"}.get(trial.state.name, trial.state.name.lower())
    row = {"trial": trial.number, "state": "pruned" if notes.get("pruned") and state == "finished" else state}
    row |= {name: trial.params.get(name) for name in names} | {name: notes.get(name) for name in NOTES}
    if heir is not None:
        row["reason"] = f"{heir.user_attrs['why']}; trial {heir.number} has its values"
    elif state == "failed" and row["reason"] is None:
        row["reason"] = "its worker has died twice" if notes.get("deaths") else "it was one too many"
    return row


def best(study: Any, goal: str) -> Any:
    """The finished trial with the best value, None before there is one."""
    from optuna.trial import TrialState

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(finished, key=lambda t: t.value if goal == "score" else -t.value, default=None)


def importance(study: Any, names: list[str]) -> pd.Series:
    """Importance by field, highest first; empty where too little has finished."""
    from optuna.importance import get_param_importances
    from optuna.trial import TrialState

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = {t.value for t in finished}
    if len(finished) < ENOUGH or len(values) < 2:
        return pd.Series(dtype=float, name="importance")
    found = get_param_importances(study, params=names)
    return pd.Series(found, name="importance", dtype=float).sort_values(ascending=False)


def sentence(study: Any, number: int, names: list[str]) -> str:
    """One trial in a line: what it had, what it reached, why it was ended."""
    row = frame(study, names).set_index("trial").loc[number]
    values = ", ".join(f"{n}={row[n]:.3g}" if isinstance(row[n], float) else f"{n}={row[n]}" for n in names)
    score = "no score" if pd.isna(row["score"]) else f"{row['score']:.4f}"
    return f"trial {number}: {values}: {score}, {row['state']}" + (f" ({row['reason']})" if row["reason"] else "")


def parent_gone() -> bool:
    """Whether this process was started by a search whose own process has gone."""
    import psutil

    parent = int(os.environ.get("WORKBENCH_SEARCH_PARENT") or 0)
    if os.name == "nt":  # an environment's interpreter is a launcher's child, and orphans keep their parent's number
        return bool(parent) and not psutil.pid_exists(parent)
    return bool(parent) and os.getppid() != parent
