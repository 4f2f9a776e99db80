"""`python3 -m workbench test`: lint, format, types, fast tests, notebooks, browser. One line each, one exit status.

Every cell of every lesson runs here, with each training cut off after a third of a second: that shows that the lesson works, and some
thirty lessons would take an hour otherwise. Lessons as a learner runs them: `python3 -m workbench test tests/notebooks -m
"notebooks and not outcomes"`. What their sentences and solutions promise: `-m "outcomes and not seeds"`, on further seeds `-m
seeds`; `tests/benchmarks -m benchmark` measures speed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from workbench import bootstrap
from workbench.errors import WorkbenchError

FILES = ["-n", "2", "--dist", "loadfile", "--timeout", "900"]  # two processes of one thread each; a file stays in one
ONE_BY_ONE = ["-n", "2", "--dist", "load", "--maxschedchunk", "1"]  # the next test goes to whoever is free
LESSON_SECONDS = "0.3"  # of each training of a lesson
LESSONS = "tests/notebooks/test_lessons.py"  # alone: the files beside it would load torch into each process for nothing
STAGES: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),  # not beside the tests, to save half a minute: it takes 2 GB of memory
    ("tests", ["pytest", "-m", "not benchmark and not notebooks and not outcomes and not browser", *FILES]),
    ("notebooks", ["pytest", LESSONS, "-m", "notebooks and not outcomes", *ONE_BY_ONE, "--timeout", "900"]),
    ("browser", ["pytest", "tests/browser", "-m", "browser", *ONE_BY_ONE]),
)


def main(arguments: list[str]) -> int:
    """All stages, or pytest alone when arguments are given. Returns 0 when everything passed."""
    if not bootstrap.in_checkout():
        raise WorkbenchError("this is an installed package", "a checkout: the tests are not in the wheel", "git clone")
    if arguments:
        return _call(["pytest", *arguments])
    results, began = {}, time.time()
    for name, command in STAGES:
        print(f"== {name}: {' '.join(command)}", flush=True)
        results[name] = _call(command, {"WORKBENCH_SECONDS": LESSON_SECONDS} if name == "notebooks" else {})
    words = ", ".join(f"{name} {'passed' if code == 0 else 'FAILED'}" for name, code in results.items())
    print(f"== {words} in {time.time() - began:.0f} s", flush=True)
    return int(any(results.values()))


def _call(command: list[str], more: dict[str, str] | None = None) -> int:
    environ = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", **(more or {})}
    if "-n" in command:  # models this small gain little from a second thread, and two processes share two cores
        environ["OMP_NUM_THREADS"] = "1"
    return subprocess.call([sys.executable, "-m", *command], cwd=bootstrap.ROOT, env=environ)
