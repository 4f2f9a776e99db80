"""What a second worker brings a search on this machine: `python3 -m workbench test -m benchmark tests/benchmarks/test_search.py -s`.

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
TRIALS = int(os.environ.get("WORKBENCH_BENCHMARK_TRIALS", 6))
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


def test_two_workers_against_one(home):
    (one, cpu_one), (two, cpu_two) = seconds(1), seconds(2)
    numbers = {"search_one_worker_s": one, "search_two_workers_s": two, "search_speed_up": one / two,
               "search_cpu_ratio": cpu_two / cpu_one, "cores": os.cpu_count()}  # fmt: skip
    path = ROOT / "artifacts" / "benchmarks.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, **numbers}, indent=1))
    print("\n", {k: round(v, 2) for k, v in numbers.items()})
    assert one / two < 2.5  # more would mean that the two sides did not train the same
