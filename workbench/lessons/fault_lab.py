"""The fault lab: `wb.fault(3)` trains a run in which something is wrong, shows what can be seen of it, and judges a diagnosis.

The faults themselves are in `faults.py`, the numbers in `evidence.py`, the widgets in `fault_desk.py`, and which number stands for
which fault in `fault_order.py`.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from workbench.config import BY_HAND, RunConfig
from workbench.errors import WorkbenchError
from workbench.lessons.evidence import as_data, gather, sound
from workbench.lessons.exercise import FAILED, NOT_ATTEMPTED, PASSED, Outcome
from workbench.lessons.fault_order import found, order, remember, shuffled
from workbench.lessons.faults import CAUSES, FAULTS, NOTES, TEXTS, Evidence, Fault, Setup
from workbench.training.store import runs_home


class AsNoted:
    """A run with the settings that its notes tell, for whoever draws it: the picture must not give the fault away."""

    def __init__(self, run: Any, config: RunConfig) -> None:
        self.run, self.config = run, config
        self.notes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run, name)

    def figure(self) -> Any:
        from workbench.views.run_picture import run_figure

        return run_figure(self)

    def to_code(self) -> str:
        return self.config.to_code()


class Case:
    """One training with a hidden fault. `await` it in a notebook, `join()` it in a script; then `look`, and `diagnose`."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.number, self._fault = number, fault
        self.choices = {**NOTES, **fault.notes}
        self.asked = 0  # hints
        self._setup: Setup | None = None
        self.clean: Setup | None = None  # without the fault
        self._data: Any = None
        self._runs: tuple[Any, Any] | None = None
        self._evidence: Evidence | None = None

    # training ------------------------------------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Case]:
        return self._watch().__await__()

    async def _watch(self) -> Case:
        from workbench.views import in_notebook

        broken = self._broken(in_notebook())
        if broken.status == "new":
            await broken.start()
        elif broken.viewer is not None:
            broken.viewer(broken).close()  # a case that is opened again shows its picture at once
        repaired = self._repaired()
        if repaired.status == "new":
            await repaired.start()
        return self._finish(broken, repaired)

    def join(self) -> Case:
        """Train (or load) it in a plain script."""
        runs = []
        for make in (lambda: self._broken(False), self._repaired):
            run = make()
            runs.append(run.start().join() if run.status == "new" else run)
        return self._finish(*runs)

    def _broken(self, shown: bool) -> Any:
        """The run with the fault, new or as it was trained before."""
        folder = home() / "files"
        with contextlib.suppress(OSError):  # a read-only folder: only a fault that needs files will say so
            folder.mkdir(parents=True, exist_ok=True)
        self.clean = sound(self.choices, folder)
        self._setup = self._fault.spoil(self.clean, np.random.default_rng(0))
        self._data = as_data(self._setup)
        viewer = None
        if shown:
            from workbench.views.live import follow

            viewer = lambda run: follow(AsNoted(run, self.noted))  # noqa: E731  as `wb.fit` hands it in
        return opened(self._setup.choices, self._data, viewer)

    def _repaired(self) -> Any:
        """The run without it. It is opened after the other: where the fault is not in the training they are the same."""
        assert self.clean is not None
        return opened(self.clean.choices, as_data(self.clean), None)

    def _finish(self, broken: Any, repaired: Any) -> Case:
        if broken.status != "finished" or repaired.status != "finished":
            raise WorkbenchError(
                f"case {self.number} was stopped before it was done",
                "both of its trainings",
                f"await wb.fault({self.number})",
            )
        self._runs = broken, repaired
        return self

    # looking -------------------------------------------------------------------------------------------------------

    @property
    def noted(self) -> RunConfig:
        """The settings as the notes have them."""
        return RunConfig(data=BY_HAND, **self.choices)

    @property
    def story(self) -> str:
        """What the colleague who trained it says."""
        c = self.choices
        return (
            f"Case {self.number}. “{c['model']} on {TEXTS} news briefs in eight topics, all weights, learning rate {c['learning_rate']:g}, "
            f"warm-up over {c['warmup']:.0%} of the steps, {c['epochs']} epochs; 237 other briefs for validation. It went into service "
            f"last week. Something is wrong with it.”"
        )

    def look(self, what: str) -> Any:
        """One piece of evidence, as a table or a picture. `LOOKS` in `fault_desk` lists what can be asked for."""
        from workbench.lessons.fault_desk import look

        return look(self, what)

    @property
    def evidence(self) -> Evidence:
        """All numbers, measured when they are first asked for."""
        if self._evidence is None:
            setup, data, (broken, _) = self.trained()
            self._evidence = gather(broken, setup, data, self.choices["learning_rate"])
        return self._evidence

    def trained(self) -> tuple[Setup, Any, tuple[Any, Any]]:
        """Set-up, data, and both runs: the one with the fault and the one without."""
        if self._setup is None or self._runs is None:
            raise WorkbenchError(
                f"case {self.number} has not been trained", "its run", f"case = wb.fault({self.number}); await case"
            )
        return self._setup, self._data, self._runs

    # judging -------------------------------------------------------------------------------------------------------

    def diagnose(self, cause: str | None, because: str = "") -> Outcome:
        """Judge a cause by its name. A right one is remembered, and its code and the repaired run are shown; a wrong one is told what
        it would have looked like, with the numbers of this case. `because`: your evidence in words, shown beside ours."""
        from workbench.lessons.fault_desk import Diagnosis, reveal_html

        if cause is None or cause is ... or not str(cause).strip():
            return Outcome(NOT_ATTEMPTED, f"name one of {', '.join(CAUSES)}.")
        named = cause_of(cause)
        _, numbers = named.tell(self.evidence)
        if named is not self._fault:
            return Outcome(FAILED, f"With {named.name} you would see this: {named.shows}. Here {numbers}.")
        remember(self._fault.name)
        return Diagnosis(PASSED, f"It is {named.name}: {numbers}.", reveal_html(self, because))

    def reveal(self) -> Outcome:
        """Give up: the cause, its code and the repaired run. It does not count as found."""
        from workbench.lessons.fault_desk import Diagnosis, reveal_html

        _, numbers = self._fault.tell(self.evidence)
        return Diagnosis(NOT_ATTEMPTED, f"it is {self._fault.name}: {numbers}.", reveal_html(self, ""))

    def hint(self) -> str:
        """Where to look; a little more each time."""
        hint = self._fault.hints[min(self.asked, len(self._fault.hints) - 1)]
        self.asked += 1
        return hint

    def __repr__(self) -> str:
        return f"{self.story} {'case.look(...), then case.diagnose(...).' if self._runs else 'Await it to train it.'}"

    def _ipython_display_(self) -> None:
        from workbench.lessons.fault_desk import show

        show(self)


class FaultLab:
    """The ten cases and what has been found of them."""

    def __init__(self, order: list[str], found: set[str]) -> None:
        self.order, self.found = order, found

    def rows(self) -> list[dict[str, Any]]:
        """One row per case: number, whether its cause has been found, and which it was; else how to open it."""
        return [{"case": i, "found": "✓" if name in self.found else "○",
                 "cause": name if name in self.found else "?", "open it": f"await wb.fault({i})"}
                for i, name in enumerate(self.order, 1)]  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join("  ".join(str(v) for v in row.values()) for row in self.rows())

    def _repr_html_(self) -> str:
        from workbench.views.tables import table_html

        return table_html(self.rows(), f"The fault lab: {len(self.found)} of {len(self.order)} causes found")


def fault(case: int | str) -> Case:
    """A case of the fault lab by its number, 1 to 10, or by the name of its fault. `await` it, or `.join()` it in a script."""
    if isinstance(case, str):
        named = cause_of(case)
        return Case(order().index(named.name) + 1, named)
    if isinstance(case, bool) or not isinstance(case, int) or not 1 <= case <= len(FAULTS):
        raise WorkbenchError(f"no case {case!r}", f"a number from 1 to {len(FAULTS)}", "wb.fault(1)")
    return Case(case, cause_of(order()[case - 1]))


def fault_lab(*, shuffle: bool = False) -> FaultLab:
    """All ten cases and what has been found so far; with `shuffle` a new order, and nothing found."""
    if shuffle:
        shuffled()
    return FaultLab(order(), found())


def cause_of(name: str) -> Fault:
    """The fault of this name, however it is spelled; an error that lists them all for a name that is none."""
    plain = {_plain(f.name): f for f in FAULTS}
    near = difflib.get_close_matches(_plain(str(name)), plain, n=1, cutoff=0.8)
    if not near:
        raise WorkbenchError(
            f"no fault is called {str(name)!r}", f"one of {', '.join(CAUSES)}", f"case.diagnose({CAUSES[0]!r})"
        )
    return plain[near[0]]


def _plain(name: str) -> str:
    return name.lower().replace("×", "x").replace("tokenizer", "tokeniser").replace("-", " ").strip()


def opened(choices: dict[str, Any], data: Any, viewer: Any) -> Any:
    """The finished run of these choices on these data, or a new one that has not begun. In a place of their own: `wb.runs()` would
    tell what is hidden."""
    from workbench.data import fingerprint
    from workbench.training.owner import owner
    from workbench.training.run import Run
    from workbench.training.store import Store, stored

    config, mark = RunConfig(data=BY_HAND, **choices), fingerprint(data)
    for store in stored(home()):
        if store.config == config and store.facts.get("fingerprint") == mark and store.status == "finished":
            return Run(store, data, viewer)
    return Run(Store.create(config, owner(), home()), data, viewer)


def home() -> Path:
    """Where the lab keeps its runs."""
    return runs_home() / "faults"
