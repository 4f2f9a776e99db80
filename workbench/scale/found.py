"""What a search has found so far, read from the storage that keeps its trials. Nothing is trained or waited for here.

`search.py` goes on from there: a `Search` is what was found, and the way to find more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError
from workbench.scale import trials as notes
from workbench.scale.plan import Plan
from workbench.scale.storage import trouble
from workbench.training.store import runs_home


class Found:
    """The trials of a study: as a table, the best one of them, and what mattered."""

    def __init__(self, plan: Plan, study: Any, where: str) -> None:
        self.plan, self.study, self.where = plan, study, where

    @property
    def name(self) -> str:
        """Under which the search is found again."""
        return str(self.study.study_name)

    def frame(self) -> pd.DataFrame:
        """One row per trial (see `trials.frame`)."""
        with trouble(self.where):
            return notes.frame(self.study, self.plan.names)

    def best_trial(self) -> Any:
        """optuna's record of the best finished trial. Raises WorkbenchError before there is one."""
        with trouble(self.where):
            best = notes.best(self.study, self.plan.goal)
        if best is None:
            ended = self.frame()["state"].isin(["pruned", "failed"])
            if len(ended) and ended.all():
                raise WorkbenchError(f"the search {self.name} has no finished trial: all {len(ended)} were pruned or failed", "at least one",
                                     "another space, or prune=False")  # fmt: skip
            raise WorkbenchError(
                f"the search {self.name} has no finished trial yet", "at least one", "await the search"
            )
        return best

    @property
    def best(self) -> Any:
        """The best trial as an ordinary Run: predict, errors, save, layers ..."""
        from workbench.training.run import open_run

        trial = self.best_trial()
        for folder in (runs_home() / trial.user_attrs["run"], Path(trial.user_attrs["folder"])):
            if (folder / "config.json").is_file():
                return open_run(folder)
        raise WorkbenchError(f"the run of trial {trial.number}, {trial.user_attrs['run']}, is not in {runs_home()}",
                             "the folder of runs that the search has written", "WORKBENCH_HOME=that folder")  # fmt: skip

    @property
    def choices(self) -> dict[str, Any]:
        """The values that the best trial had: `wb.fit(data, **found.choices)`."""
        return dict(self.best_trial().params)

    def to_code(self) -> str:
        """The line of code that trains the best trial again."""
        return self.plan.config(self.choices).to_code()

    def importance(self) -> pd.Series:
        """Share of each field in what separates good trials from the others (PED-ANOVA, Watanabe et al. 2023); adds up to 1.

        Empty before six trials have finished: it would be noise.
        """
        with trouble(self.where):
            return notes.importance(self.study, self.plan.names)

    def verdict(self) -> str:
        """The best trial in a sentence, and how many others cannot be told from it."""
        from workbench.views.trials import verdict

        return verdict(self)

    def figure(self) -> Any:
        """A matplotlib Figure: scores by trial, and the importance of the fields."""
        from workbench.views.trials import search_figure

        return search_figure(self)

    def __repr__(self) -> str:
        return f"{self.frame().drop(columns='reason').round(4).to_string(index=False)}\n{self.verdict()}"

    def _repr_html_(self) -> str:
        from workbench.views.trials import search_html

        return search_html(self)
