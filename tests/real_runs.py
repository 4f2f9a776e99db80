"""Real runs of the bundled models, written down once: `python tests/real_runs.py [minutes]`. Not a test.

It trains what `plan` lists and appends each finished run to diagnosis/real_runs.csv; what stands there already is not trained again, so that
it can be called in portions. One row is one run: its choices, what the diagnosis knows beside the curve, and the curve itself as
numbers with a space between them. The rate is constant after a short warm-up, so what a run of half the length would have done
stands in the first half, and what going on would have brought in the second.
"""

from __future__ import annotations

import csv
import functools
import sys
import tempfile
import time
from pathlib import Path

FILE = Path(__file__).parent / "diagnosis" / "real_runs.csv"
CURVE = ("step", "train_loss", "valid_loss", "accuracy")
KNOWN = ("n_valid", "n_train", "majority", "label_entropy", "loss_se")
FIRST = """
reviews bert-tiny 192 0.0003 24.0 0.1 0 24 64
headlines bert-tiny 512 0.001 6.0 0.1 1 24 64
messages bert-tiny 192 0.0001 36.0 0.1 2 24 64
clauses bert-tiny 128 0.001 36.0 0.1 3 24 64
reviews bert-tiny 256 0.0003 18.0 0.0 4 24 64
headlines bert-mini 256 0.003 4.5 0.3 5 24 64
messages bert-tiny 384 0.01 5.0 0.3 6 24 64
clauses bert-tiny 256 0.001 27.0 0.3 7 24 64
reviews bert-tiny 96 0.0001 20.0 0.0 8 24 64
reviews bert-tiny 192 0.001 13.33 0.1 0 14 32
headlines bert-tiny 512 0.001 3.5 0.1 1 14 32
messages bert-tiny 192 0.0001 17.33 0.1 2 14 32
clauses bert-tiny 128 0.003 20.0 0.1 3 14 32
reviews bert-tiny 256 0.0003 10.0 0.0 4 14 32
headlines bert-tiny 256 0.01 5.0 0.3 5 14 32
messages bert-tiny 384 0.01 3.33 0.3 6 14 32
clauses bert-tiny 256 0.003 13.0 0.3 7 14 32
reviews bert-tiny 96 0.0003 13.33 0.0 8 14 32
"""  # data, model, texts, rate, epochs, dropout, seed, evaluations, length; the whole validation split


def plan():
    """The choices of every run, drawn once with a fixed seed."""
    import numpy as np

    random = np.random.default_rng(6)
    draw = lambda values: values[int(random.integers(len(values)))]  # noqa: E731
    runs = []
    for line in FIRST.strip().splitlines():
        data, model, texts, rate, epochs, dropout, seed, evaluations, length = line.split()
        runs.append({
            "data": data, "model": model, "train_examples": int(texts), "learning_rate": float(rate), "epochs": float(epochs),
            "dropout": float(dropout), "seed": int(seed), "evaluations": int(evaluations), "max_length": int(length), "validation": 1000,
        })  # fmt: skip
    for n in range(80):
        texts, steps = draw((64, 96, 128, 192, 256, 384, 512)), draw((80, 112, 160, 208))
        model, steps = ("bert-mini", 64) if n % 10 == 9 else ("bert-tiny", steps)
        texts = min(texts, 320) if n % 4 == 3 else texts  # clauses has 356
        runs.append({
            "data": ("reviews", "headlines", "messages", "clauses")[n % 4], "model": model, "train_examples": texts,
            "learning_rate": draw((3e-5, 1e-4, 3e-4, 3e-4, 1e-3, 1e-3, 3e-3, 1e-2)),
            "epochs": round(steps * 16 / texts, 2), "dropout": draw((0.0, 0.1, 0.1, 0.3)), "seed": n,
            "evaluations": 12, "max_length": 32, "validation": 128,
        })  # fmt: skip
    return [{"run": n, **run} for n, run in enumerate(runs)]


@functools.cache
def smaller(name, most):
    """The bundled data with at most so many validation texts."""
    import workbench as wb

    data = wb.load(name)
    some = data["validation"].shuffle(seed=0)
    data["validation"] = some.select(range(min(most, len(some))))
    return data


def train(choices):
    """One run as a row."""
    import workbench as wb

    asked = {k: v for k, v in choices.items() if k not in ("run", "data", "validation")}
    run = wb.fit(smaller(choices["data"], choices["validation"]), schedule="constant", warmup=0.05, **asked).join()
    frame, context = run.frame(), run.context()
    known = {name: getattr(context, name) for name in KNOWN}
    curve = {name: " ".join(f"{v:g}" if name == "step" else f"{v:.4f}" for v in frame[name]) for name in CURVE}
    return {**choices, **{k: round(v, 4) if isinstance(v, float) else v for k, v in known.items()}, **curve}


def main(minutes=2.0):
    began = time.monotonic()
    rows = list(csv.DictReader(FILE.open(encoding="utf-8"))) if FILE.exists() else []
    done = {int(row["run"]) for row in rows}
    for choices in plan():
        if choices["run"] in done or time.monotonic() - began > 60 * minutes:
            continue
        row = train(choices)
        new = not FILE.exists()
        with FILE.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(choices, f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    import os

    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_HOME"] = folder
        main(*map(float, sys.argv[1:]))
