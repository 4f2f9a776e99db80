"""What two and four workers bring a search on this machine: `python3 -m workbench test -m benchmark tests/benchmarks/test_search.py -s`.

Trials are long enough that a worker's start, some ten seconds of imports, is a small part of them; both sides train the same trials.
"""

import json
import os
import time
from pathlib import Path

import pytest

import workbench as wb

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
ROOT = Path(__file__).resolve().parents[2]
TRIALS = int(os.environ.get("WORKBENCH_BENCHMARK_TRIALS", 4))
SAME = {"model": "bert-mini", "train_examples": 256, "epochs": 3, "evaluations": 3, "prune": False}


def seconds(workers):
    """Wall time of a search, and the processor time of everything it has started, its own left out."""
    found = wb.search(
        "headlines", {"learning_rate": (1e-4, 1e-3)}, trials=TRIALS, workers=workers, name=f"with-{workers}", **SAME
    )
    before, began = os.times(), time.monotonic()
    found.join()
    after = os.times()
    assert (found.frame()["state"] == "finished").sum() == TRIALS
    return (
        time.monotonic() - began,
        after.children_user + after.children_system - before.children_user - before.children_system,
    )


def test_workers_against_one(home):
    """Wall time says what they bring on a quiet machine; on a busy one more processes also take more of it from others.

    Processor time is the same on both: what it grows by is what every worker costs to start, and with it the most that two
    cores could bring, `2 * cpu(1) / cpu(n)`.
    """
    took = {n: seconds(n) for n in (1, 2, 4)}
    numbers = {"cores": os.cpu_count(), "search_trials": TRIALS, "load": os.getloadavg()[0]}
    for n in (2, 4):
        (wall_one, cpu_one), (wall, cpu) = took[1], took[n]
        numbers |= {f"search_speed_up_{n}": wall_one / wall, f"search_cpu_ratio_{n}": cpu / cpu_one}
    path = ROOT / "artifacts" / "benchmarks.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, **numbers}, indent=1))
    print("\n", {k: round(v, 2) for k, v in numbers.items()}, {n: [round(x) for x in t] for n, t in took.items()})
    assert all(1 <= numbers[f"search_cpu_ratio_{n}"] < 1 + 0.5 * (n - 1) for n in (2, 4))
