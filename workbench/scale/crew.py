"""Crew: a search whose trials are trained by several processes of this machine, and the command that such a process runs.

python -m workbench search NAME [--storage FILE_OR_URL] [--trials N] [--within SECONDS] [--workers N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.scale import trials as notes
from workbench.scale.arguments import Parser
from workbench.scale.plan import Plan, joined
from workbench.scale.search import LOOK, Search, _budget
from workbench.scale.storage import trouble
from workbench.training.store import runs_home

AGAIN = 3  # times that a worker is replaced which died
PATIENCE = 60.0  # seconds that a worker has for its last step after Stop


class Crew(Search):
    """As Search, but `workers` processes train and this one watches; one that dies is replaced, its trial queued again."""

    def __init__(self, plan: Plan, study: Any, where: str, data: Any, trials: int, within: float | None,
                 workers: int) -> None:  # fmt: skip
        super().__init__(plan, study, where, data, trials, within)
        self.workers, self.crew, self.replaced = workers, dict[int, subprocess.Popen[bytes]](), 0
        self._next = 1
        self._asked: float | None = None

    def _steps(self) -> Iterator[None]:
        self._began = time.monotonic()
        if self._over():
            return
        for _ in range(self.workers):
            self._hire()
        try:
            while self.crew and not (self._asked and time.monotonic() - self._asked > PATIENCE):
                yield
                if time.monotonic() - self._looked >= LOOK:
                    self._look()
        finally:
            self._dismiss()
        with trouble(self.where):
            notes.recover(self.study)

    def _look(self) -> None:
        """Who has ended, and why; whether everybody must."""
        if self._wants_end() and self._asked is None:
            self._asked = time.monotonic()
            with trouble(self.where):
                self._tell_everybody()
        self._looked = time.monotonic()
        for number, process in list(self.crew.items()):
            if process.poll() is None:
                continue
            del self.crew[number]
            if process.returncode and not self._over():
                self._replace(number)

    def _replace(self, number: int) -> None:
        self.replaced += 1
        if self.replaced > AGAIN * self.workers or (not self.crew and not notes.counts(self.study)["done"]):
            lines = self._log(number).read_text("utf-8", "replace").strip().splitlines()
            raise WorkbenchError(f"the workers of the search have ended: {(lines or ['no word'])[-1][:300]}",
                                 "workers that train", f"python -m workbench search {self.name}")  # fmt: skip
        self._hire()

    def _hire(self) -> None:
        """One more worker. The storage goes through its environment: a command line can be read by everybody."""
        number, self._next = self._next, self._next + 1
        left = (
            [] if self.within is None else ["--within", str(max(0.1, self.within - (time.monotonic() - self._began)))]
        )
        command = [sys.executable, "-m", "workbench", "search", self.name, "--trials", str(self.trials), *left,
                   "--worker", str(number), "--stops", str(self._stops)]  # fmt: skip
        package = Path(__file__).resolve().parents[2]
        environ = {**os.environ, "WORKBENCH_SEARCH_STORAGE": self.where, "WORKBENCH_SEARCH_PARENT": str(os.getpid()),
                   "WORKBENCH_HOME": str(runs_home().parent.resolve()), "WORKBENCH_ENVIRONMENT": "this", "PYTHONIOENCODING": "utf-8",
                   "PYTHONPATH": os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")])),
                   "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // self.workers))}  # fmt: skip
        self._log(number).parent.mkdir(parents=True, exist_ok=True)
        with self._log(number).open("wb") as log:
            self.crew[number] = subprocess.Popen(command, env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _log(self, number: int) -> Path:
        return runs_home() / "searches" / f"{self.name}.worker-{number}.log"

    def _dismiss(self) -> None:
        """End who is still there after an error or a minute after Stop."""
        for process in self.crew.values():
            process.terminate()
            process.wait()
        self.crew = {}


def main(arguments: list[str]) -> int:
    """`python -m workbench search NAME`: train trials of a search that has begun, until its budget is spent."""
    parser = Parser(prog="python -m workbench search", description=main.__doc__)
    parser.add_argument("name", help="the search's name, as found.name shows it")
    parser.add_argument(
        "--storage", default=os.environ.get("WORKBENCH_SEARCH_STORAGE"), help="a file or a database URL"
    )
    parser.add_argument("--trials", type=int, help="the whole budget; by default what the search has asked for")
    parser.add_argument("--within", type=float, help="seconds")
    parser.add_argument("--workers", type=int, default=0, help="so many processes; 0: this one")
    parser.add_argument("--worker", type=int, default=os.getpid(), help=argparse.SUPPRESS)
    parser.add_argument("--stops", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    plan, study, where = joined(chosen.name, chosen.storage)
    budget = study.user_attrs.get("trials", 20) if chosen.trials is None else chosen.trials
    trials, within, workers = _budget(budget, chosen.within, chosen.workers)
    data = plan.load(study)
    found = (
        Crew(plan, study, where, data, trials, within, workers)
        if workers
        else Search(plan, study, where, data, trials, within, chosen.worker, lambda words: print(words, flush=True))
    )
    found._stops = found._stops if chosen.stops is None else chosen.stops
    found.join()
    print(found.verdict(), flush=True)
    return 0
