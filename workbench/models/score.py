"""`python -m workbench score NAME`: a bundled model against its random twin, TF-IDF and the majority, over seeds and label counts.

It measures with the engine that learners use, the weights of the last step, and the same settings for both models. Results
are appended one by one, so that it can be interrupted and goes on; `--write` puts the table into the model's card.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench import catalog
from workbench.data import Data, load
from workbench.data.audit import baselines
from workbench.errors import WorkbenchError
from workbench.metrics import accuracy, f1
from workbench.models.zoo import RANDOM
from workbench.tasks.classification import stratified

SIZES, SEEDS, RATE = ("64", "256", "1000", "all"), 5, 5e-4
MARKS = ("<!-- scores -->", "<!-- /scores -->")


def main(argv: list[str]) -> int:
    """Measure what is missing in the results file, print the table, write it into the card if asked to."""
    a = _parser().parse_args(argv)
    catalog.find(catalog.models(), a.name, "model")
    for source in a.data:
        data, positive = test_data(source)
        for size in a.sizes:
            count = min(len(data["train"]), len(data["train"]) if size == "all" else int(size))
            for model in [m for m in (a.name, a.name + RANDOM, "tfidf") if not a.only or m in a.only]:
                for seed in range(a.seeds if model != "tfidf" or size != "all" else 1):
                    key = {"data": label(source), "model": model, "labels": size, "n": count, "seed": seed}
                    if not _done(a.results, key):
                        _append(a.results, {**key, **measure(data, positive, model, count, seed)})
    frame = pd.read_json(a.results, lines=True, dtype={"labels": str})
    text = table(frame, a.name)
    print(text)
    if a.write:
        write(catalog.find(catalog.models(), a.name, "model").folder, frame, text, a.name)
    return 0


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m workbench score", description="Measure a model against its controls.")
    p.add_argument("name", help="a bundled model, for example bert-mini")
    p.add_argument(
        "--data", nargs="+", default=["reviews"], help="bundled names, files or folders; PATH:F1=spam scores one class"
    )
    p.add_argument("--sizes", nargs="+", default=list(SIZES), help="numbers of labelled training texts, or all")
    p.add_argument("--seeds", type=int, default=SEEDS)
    p.add_argument("--only", nargs="+", default=[], help="leave the other contestants out: NAME, NAME:random, tfidf")
    p.add_argument("--results", type=Path, default=Path("runs/scores.jsonl"), help="results so far, one line each")
    p.add_argument("--write", action="store_true", help="put the table into the model's card")
    return p


def test_data(source: str) -> tuple[Data, str | None]:
    """Data with a `test` split (validation stands in for a missing one) and the class whose F1 counts, if one was named."""
    path, _, positive = source.partition(":F1=")
    data = load(path)
    if positive and positive not in data.labels:
        raise WorkbenchError(
            f"no label {positive!r} in {path}", f"one of {', '.join(data.labels)}", f"{path}:F1={data.labels[0]}"
        )
    if "test" not in data:
        data["test"] = data["validation"]
    return data, positive or None


def measure(data: Data, positive: str | None, model: str, count: int, seed: int) -> dict[str, float]:
    """{"score", "majority"} on the test split after training on `count` texts."""
    right = np.array(data["test"]["label"])
    score = (lambda p: f1(p, right, data.labels.index(positive))) if positive else (lambda p: accuracy(p, right))
    labels = np.array(data["train"]["label"])
    majority = float(score(np.full(len(right), np.bincount(labels).argmax())))
    if model == "tfidf":
        which = stratified(labels, count, seed)
        texts = data["train"]["text"]
        return {"score": _tfidf([texts[int(i)] for i in which], labels[which], data, score), "majority": majority}
    guess = _fine_tune(data, model, count, seed)
    return {"score": float(score(guess)), "majority": majority}


def epochs(count: int) -> int:
    """Enough passes for few labels, few for many: 20 for 64 texts, 15 for 256, 6 for 1,000, 4 for thousands."""
    return int(np.clip(round(3000 / count + 3), 4, 20))


def _fine_tune(data: Data, model: str, count: int, seed: int) -> np.ndarray:
    from workbench.training.run import fit

    with tempfile.TemporaryDirectory() as home:
        before = os.environ.get("WORKBENCH_HOME")
        os.environ["WORKBENCH_HOME"] = home
        try:
            run = fit(data, model=model, train_examples=count, epochs=epochs(count), learning_rate=RATE, evaluations=1,
                      restore_best=False, seed=seed).join()  # fmt: skip
            answers = run.predict(list(data["test"]["text"]))["label"]
        finally:
            os.environ.pop("WORKBENCH_HOME") if before is None else os.environ.update(WORKBENCH_HOME=before)
    return np.array([data.labels.index(a) for a in answers])


def _tfidf(texts: list[str], labels: np.ndarray, data: Data, score: Any) -> float:
    from workbench.data.audit import bag_of_words

    if len(np.unique(labels)) < 2:
        return baselines(texts, labels, list(data["test"]["text"]), np.array(data["test"]["label"]))[0]
    return float(score(bag_of_words().fit(texts, labels).predict(list(data["test"]["text"]))))


def label(source: str) -> str:
    """How a dataset is called in the table: no path of this machine in it."""
    path, _, positive = source.partition(":F1=")
    name = Path(path).stem if Path(path).suffix else Path(path).name
    return f"{name} (F1 of {positive})" if positive else f"{name} (accuracy)"


def table(frame: pd.DataFrame, name: str) -> str:
    """A Markdown table: mean ± standard deviation over seeds, in percent."""
    lines = ["| data | labels | " + f"{name} | random twin | TF-IDF + LR | majority |", "|---|---|---|---|---|---|"]
    for (data, size), part in frame.groupby(["data", "labels"], sort=False):
        cells = [_cell(part[part["model"] == m]["score"]) for m in (name, name + RANDOM, "tfidf")]
        size = f"{size} ({part['n'].iloc[0]:,})" if size == "all" else size
        lines.append(f"| {data} | {size} | " + " | ".join(cells) + f" | {100 * part['majority'].iloc[0]:.1f} |")
    return "\n".join(lines)


def _cell(scores: pd.Series) -> str:
    if scores.empty:
        return "–"
    spread = f" ± {100 * scores.std(ddof=1):.1f}" if len(scores) > 1 else ""
    return f"{100 * scores.mean():.1f}{spread}"


def write(folder: Path, frame: pd.DataFrame, text: str, name: str) -> None:
    """Put the table into README.md between its marks, and the means into card.json."""
    readme = folder / "README.md"
    words = (
        f"Test scores in percent, mean ± standard deviation over seeds; both models with the same settings (learning rate {RATE:g}, "
        f"batch 16, last weights, 4 to 20 epochs by the number of labels). Command: `python -m workbench score {name} --data ... --write`."
    )
    block = f"{MARKS[0]}\n## Against its controls\n\n{words}\n\n{text}\n{MARKS[1]}"
    old = re.sub(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}\n?", "", readme.read_text("utf-8"), flags=re.S)
    readme.write_text(old.rstrip() + "\n\n" + block + "\n", "utf-8")
    card = json.loads((folder / "card.json").read_text("utf-8"))
    grouped = (
        frame.groupby(["data", "labels", "model"], sort=False)["score"]
        .agg(["mean", "std", "count"])
        .round(4)
        .reset_index()
    )
    card["scores"] = json.loads(grouped.to_json(orient="records"))
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _done(path: Path, key: dict[str, Any]) -> bool:
    if not path.exists():
        return False
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return any(all(line[k] == v for k, v in key.items()) for line in lines)


def _append(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(line, flush=True)
