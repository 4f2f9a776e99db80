"""Plan: what a search looks for, as plain values that are kept in its storage, so that any process can join. Trains nothing."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.config import BY_HAND, RunConfig, check_names, name_of
from workbench.errors import WorkbenchError
from workbench.files import portable
from workbench.scale import storage as kept
from workbench.scale.space import distributions

GOALS: dict[str, Any] = {"score": "maximize", "loss": "minimize"}


@dataclass(frozen=True)
class Plan:
    """Data, the choices that hold for all trials, the space (field -> optuna's distribution as JSON), and the goal."""

    data: str
    choices: dict[str, Any]
    space: dict[str, str]
    goal: str = "score"
    prune: bool = True

    @classmethod
    def make(cls, data: Any, space: Any, goal: str, prune: bool, choices: Mapping[str, Any]) -> Plan:
        """Checked: whatever is wrong with it is an error before anything begins."""
        from optuna.distributions import distribution_to_json

        check_names(choices)
        if goal not in GOALS:
            raise WorkbenchError(f"goal is {goal!r}", f"one of {', '.join(GOALS)}", 'goal="score"')
        if not isinstance(prune, bool):
            raise WorkbenchError(f"prune is {prune!r}", "True or False", "prune=True")
        fixed: dict[str, Any] = {
            k: str(v.model_folder()) if hasattr(v, "model_folder") else v for k, v in choices.items()
        }
        fixed = {k: v for k, v in asdict(RunConfig(**(fixed | {"data": name_of(data)}))).items() if k in fixed}
        found = {k: distribution_to_json(v) for k, v in distributions(space, fixed).items()}
        return cls(name_of(data), fixed, found, goal, prune)

    @property
    def names(self) -> list[str]:
        return list(self.space)

    @property
    def named(self) -> bool:
        """Whether another process can load the data."""
        return self.data != BY_HAND

    @property
    def seed(self) -> int:
        return int(self.choices.get("seed", 0))

    def distributions(self) -> dict[str, Any]:
        """optuna's distributions by field."""
        from optuna.distributions import json_to_distribution

        return {name: json_to_distribution(text) for name, text in self.space.items()}

    def config(self, params: Mapping[str, Any]) -> RunConfig:
        """The run that these values stand for."""
        return RunConfig(**{**self.choices, **params, "data": self.data})

    def score(self, run: Any) -> float | None:
        """What the search makes high (or, with goal "loss", low): of the weights that the run keeps so far."""
        row = run.kept
        value = row.get(run.store.metric if self.goal == "score" else "valid_loss") if row else None
        return float(value) if value is not None and math.isfinite(value) else None

    def sampler(self, drawn: int, worker: int, trials: int) -> Any:
        """TPE with a seed of its own for every draw: a search that was stopped goes on as it would have gone.

        A third of the trials, four to ten, are drawn at random before the others are drawn near the good ones.
        """
        import numpy as np
        from optuna.samplers import TPESampler

        seed = int(np.random.SeedSequence((self.seed, drawn, worker)).generate_state(1)[0])
        return TPESampler(seed=seed, n_startup_trials=min(10, max(4, trials // 3)))

    def load(self, study: Any) -> Any:
        """The data, which must be what the search began with."""
        from workbench.data import fingerprint, load

        if not self.named:
            raise WorkbenchError(f"the search {study.study_name!r} was begun on data passed by hand", "data with a name",
                                 "going on in the notebook that has them")  # fmt: skip
        data = load(self.data)
        if fingerprint(data) != study.user_attrs.get("data"):
            raise WorkbenchError(
                f"{self.data} is not what the search {study.study_name!r} began with", "the same texts and labels"
            )
        return data

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    def called(self) -> str:
        """A name made from what is looked for: the same call finds the same search again."""
        parts = (re.split(r"[\\/]", str(part).rstrip("\\/"))[-1] for part in (self.choices.get("model", ""), self.data))
        words = re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")[:60]
        return f"{words}-{hashlib.sha256(self.to_json().encode()).hexdigest()[:6]}"


def opened(plan: Plan, data: Any, name: str | None, storage: Any, trials: int) -> tuple[Any, str]:
    """(study, where it is kept): a new one, or the one of this name if it looks for the same."""
    import optuna

    from workbench.data import fingerprint

    called = checked(plan.called() if name is None else name)
    where = kept.place(storage, called)
    base = kept.connect(where)
    with kept.trouble(where):
        study = optuna.create_study(storage=base, study_name=called, direction=GOALS[plan.goal], load_if_exists=True)
        notes, mark = study.user_attrs, fingerprint(data)
        if not notes and not study.get_trials(deepcopy=False):
            study.set_user_attr("plan", plan.to_json())
            study.set_user_attr("data", mark)
        elif notes.get("plan") != plan.to_json():
            raise WorkbenchError(f"the storage has another search called {called!r}: {_difference(notes.get('plan'), plan)}",
                                 "the same data, space and choices to go on", "another name=")  # fmt: skip
        elif notes.get("data") != mark:
            raise WorkbenchError(f"the data of the search {called!r} have changed since it began", "the same texts and labels",
                                 "another name=")  # fmt: skip
        study.set_user_attr("trials", trials)
    return study, where


def joined(name: str, storage: Any) -> tuple[Plan, Any, str]:
    """(plan, study, where) of a search that has begun elsewhere."""
    import os

    import optuna

    where = kept.place(storage, checked(name))
    if "://" not in where and not os.path.isfile(where):
        raise WorkbenchError(f"no search called {name!r} ({where} does not exist)", "a search that has begun",
                             "wb.search(...) in a notebook or script first; print(found.name, found.where)")  # fmt: skip
    base = kept.connect(where)
    with kept.trouble(where):
        names = optuna.get_all_study_names(base)
        if name not in names:
            raise WorkbenchError(
                f"no search called {name!r} in {kept.masked(where)}", f"one of {', '.join(names) or 'none'}"
            )
        study = optuna.load_study(storage=base, study_name=name)
        if "plan" not in study.user_attrs:
            raise WorkbenchError(f"{name!r} was not begun by wb.search", "one that was")
        return Plan(**json.loads(study.user_attrs["plan"])), study, where


def checked(name: Any) -> str:
    """A name that can be a file's, too, on every system."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or not portable(name):
        raise WorkbenchError(f"the name {name!r}", "letters, digits, dots and dashes, at most 100, that are no device's name",
                             'name="rates"')  # fmt: skip
    return name


def _difference(before: str | None, plan: Plan) -> str:
    """The first thing in which two plans differ, in words."""
    if before is None:
        return "it was not begun by wb.search"
    was, now = json.loads(before), json.loads(plan.to_json())
    key = next(k for k in now if was.get(k) != now[k])
    return f"its {key} is {was.get(key)!r} and not {now[key]!r}"
