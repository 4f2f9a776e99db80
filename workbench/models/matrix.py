"""`python -m workbench matrix`: every bundled model on every task's bundled data, beside the answer that needs no model.

A cell is one training, its score on the test split, and whether the run says the same when its folder is opened again; it is
appended to a results file, so that a long report goes on where it was stopped. Cells that make no sense are printed with the reason.
Nothing is asserted here: the tests do that with tiny models.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench import catalog, families
from workbench.data import Data, load
from workbench.errors import WorkbenchError
from workbench.models import answers, journal, page, pairing, score, zoo
from workbench.tasks import TASKS
from workbench.tasks.two_way import fills

DATA = {  # for several labels nothing is bundled as such: which kinds of names a sentence has
    "classification": "headlines",
    "multi-label": "people-places",
    "tagging": "people-places",
    "answering": "passages",
    "translation": "phrases-en-fr",
    "language-modeling": "clinic-sentences",
}
EPOCHS = {
    "classification": 6,
    "multi-label": 8,
    "tagging": 8,
    "answering": 8,
    "translation": 16,
    "language-modeling": 3,
}
NAMES = {"f1": "F1", "chrf": "chrF", "token_accuracy": "accuracy of words"}
RATES = {"translation": 1e-3, "answering": 5e-4}
COLUMNS = (
    "model",
    "task",
    "data",
    "metric",
    "score",
    "trivial",
    "control",
    "beats trivial",
    "opens the same",
    "epochs",
    "seconds",
)
BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"  # of the table in docs/models.md


def main(argv: list[str]) -> int:
    """Train what is missing in the results file and print the table."""
    a = _parser().parse_args(argv)
    for model in a.models or [c.name for c in catalog.models() if c.source == "bundled"]:
        for task in a.tasks or list(DATA):
            key = {"model": model, "task": task, "examples": a.examples, "seed": a.seed, "share": a.share}
            if not journal.has(a.results, key):
                journal.append(a.results, {**key, **cell(model, task, a.examples, a.seed, a.share)})
    rows = journal.read(a.results)
    print(table(rows))
    if a.page:
        page.put(a.page, grid(rows), BEGIN, END)
    return 0


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m workbench matrix", description="Every bundled model on every task, beside trivial answers."
    )
    p.add_argument("--models", nargs="+", default=[], help="bundled names; left out: all of them")
    p.add_argument("--tasks", nargs="+", default=[], choices=list(DATA), help="left out: all six")
    p.add_argument("--examples", type=int, default=None, help="training examples; left out: all")
    p.add_argument("--share", type=float, default=1.0, help="of the usual number of epochs")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--results", type=Path, default=Path("runs/matrix.jsonl"), help="results so far, one line each")
    p.add_argument("--page", type=Path, help="put the cells, task by task, into this page: docs/models.md")
    return p


def cell(model: str, task: str, examples: int | None = None, seed: int = 0, share: float = 1.0) -> dict[str, Any]:
    """One cell: the score on the test split beside the task's two controls, or why it makes no sense."""
    try:
        pairing.suits(zoo.source(model), task)
    except WorkbenchError as error:
        return {"refused": str(error)}
    data, begun = dataset(task), time.perf_counter()
    count, metric = min(examples or 10**9, len(data["train"])), measured(task)
    epochs = max(1, round(EPOCHS[task] * share))
    found = score.fine_tuned(data, model, count, seed, lambda run: _judged(run, data), epochs=epochs,
                             learning_rate=RATES.get(task, score.RATE))  # fmt: skip
    rows = np.sort(np.random.default_rng(seed).permutation(len(data["train"]))[:count])
    trivial, control = TASKS[task].baselines({"train": data["train"], "validation": data["test"]}, rows, data.labels)
    more = {k: round(float(found[k]), 4) for k in ("bleu", "perplexity", "token_accuracy") if k in found}
    return {"data": DATA[task], "metric": metric, "score": round(float(found[metric]), 4), "trivial": round(float(trivial), 4),
            "control": round(float(control), 4), "beats trivial": bool(found[metric] > trivial),
            "opens the same": found["opens the same"], "n": count, "epochs": epochs, "seconds": round(time.perf_counter() - begun), **more}  # fmt: skip


def _judged(run: Any, data: Data) -> dict[str, Any]:
    """Its scores on the test split, and whether its folder, opened again, gives the same answers to eight questions."""
    from workbench.training.predictor import Predictor

    asked: Any = data["test"].to_pandas().head(8)
    if data.task == "language-modeling":
        asked = ["The pain is in the ___ ." if fills(run.predictor().tokenizer) else "The pain is in the"]
    elif data.task == "answering":
        asked = list(zip(asked["question"], asked["context"], strict=True))
    said, again = run.predict(asked), Predictor.from_store(run.store).predict(asked)
    return {**answers.scores(run, data), "opens the same": alike(said, again)}


def alike(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Whether two tables say the same: words as they are, numbers up to rounding."""
    try:
        pd.testing.assert_frame_equal(a, b, rtol=0, atol=1e-5)
    except AssertionError:
        return False
    return True


def measured(task: str) -> str:
    """The score that a task's controls have as well."""
    return "chrf" if task == "translation" else TASKS[task].metric


def dataset(task: str) -> Data:
    """Bundled data for a task, with a test split."""
    data = load(several_labels(DATA[task])) if task == "multi-label" else load(DATA[task])
    if "test" not in data:
        data["test"] = data["validation"]
    return data


def several_labels(name: str) -> pd.DataFrame:
    """Tagged sentences as texts with several labels: the kinds of names that stand in each."""
    tagged = load(name)
    rows = [
        {"text": " ".join(row["tokens"]), "labels": sorted({kinds[2:] for t in row["tags"] if (kinds := tagged.labels[t]) != "O"}),
         "split": split}
        for split in tagged for row in tagged[split]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table of the cells, then the refused ones with their reason."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for row in rows:
        if "refused" not in row:
            lines.append("| " + " | ".join(_shown(row[name]) for name in COLUMNS) + " |")
    refused = [f"- {row['model']}, {row['task']}: {row['refused']}" for row in rows if "refused" in row]
    ways = [f"- {m}: " + ", ".join(f"{t} by {families.way(catalog.find(catalog.models(), m, 'model').family, t)}"
                                   for t in dict.fromkeys(r["task"] for r in rows if r["model"] == m and "refused" not in r))
            for m in dict.fromkeys(r["model"] for r in rows if "refused" not in r)]  # fmt: skip
    return "\n".join([*lines, "", "By what means:", *ways, *(["", "Refused:", *refused] if refused else [])])


def grid(rows: list[dict[str, Any]]) -> str:
    """A line per model and a column per task; **bold** where the score is above both answers without a model, – where there is no such cell."""
    cells = {(r["model"], r["task"]): r for r in rows if "refused" not in r}
    tasks, models = (list(dict.fromkeys(key[i] for key in cells)) for i in (1, 0))
    first = [next(r for r in cells.values() if r["task"] == task) for task in tasks]
    lines = ["| model | " + " | ".join(f"{r['task']}: {r['data']} ({NAMES.get(r['metric'], r['metric'])})" for r in first) + " |",
             "|---" * (len(tasks) + 1) + "|"]  # fmt: skip
    for model in models:
        lines.append(f"| {model} | " + " | ".join(_bold(cells.get((model, task))) for task in tasks) + " |")
    for name in ("control", "trivial"):
        lines.append(f"| {name} | " + " | ".join(_shown(r[name]) for r in first) + " |")
    return "\n".join(lines)


def _bold(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    return f"**{_shown(row['score'])}**" if row["score"] > max(row["control"], row["trivial"]) else _shown(row["score"])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{100 * value:.1f}" if isinstance(value, float) else str(value)
