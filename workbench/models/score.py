"""`python -m workbench score NAME`: a bundled model against its random twin and the two controls, over seeds and label counts.

It measures with the engine that learners use, the weights of the last step, and the same settings for both models. Results
are appended one by one, so that it can be interrupted and goes on; `--write` puts the table into the model's card, where rows
on other data stay as they are. The control without a network is the task's own: TF-IDF + logistic regression for texts, a list
of the names seen in training for names.
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
from workbench.errors import WorkbenchError
from workbench.metrics import f1
from workbench.models import answers, journal
from workbench.models.zoo import RANDOM
from workbench.tasks import TASKS
from workbench.tasks.base import stratified

CONTROL = "control"  # what the task offers without a neural network
SIZES, SEEDS, RATE = ("64", "256", "1000", "all"), 5, 5e-4
CALLED = {
    "tagging": "entity F1",
    "answering": "F1",
    "translation": "chrF",
}  # what a table calls a task's metric, where not by its name
SCORED = {
    "translation": "chrf"
}  # where it is not the one that is drawn while training: the two controls are measured by it
MARKS = ("<!-- scores -->", "<!-- /scores -->")


def main(argv: list[str]) -> int:
    """Measure what is missing in the results file, print the table, write it into the card if asked to."""
    a = _parser().parse_args(argv)
    card = catalog.find(catalog.models(), a.name, "model")
    if a.speed:
        from workbench.models import speed

        print(speed.words(found := speed.measure(card), a.name))
        if a.write:
            speed.write(card.folder, found, a.name)
        return 0
    if a.checkpoint:
        contestants = {(first := younger(a.name, a.checkpoint)): str(a.checkpoint)}
    else:
        first, known = a.name, (a.name, a.name + RANDOM, CONTROL)
        if strange := [m for m in a.only if m not in known]:
            raise WorkbenchError(f"--only {' '.join(strange)}", f"some of {', '.join(known)}", f"--only {CONTROL}")
        contestants = {m: m for m in known if not a.only or m in a.only}
    for source in a.data:
        data, positive = test_data(source)
        for size in a.sizes:
            count = min(len(data["train"]), len(data["train"]) if size == "all" else int(size))
            for called, model in contestants.items():
                for seed in range(a.seeds if model != CONTROL or size != "all" else 1):
                    key = {
                        "data": label(source, data, a.epochs),
                        "model": called,
                        "labels": size,
                        "n": count,
                        "seed": seed,
                    }
                    if not journal.has(a.results, key):
                        journal.append(a.results, {**key, **measure(data, positive, model, count, seed, a.epochs)})
    if not a.results.exists():
        return 0
    rows = summary(pd.read_json(a.results, lines=True, dtype={"labels": str}))
    print(table(rows, first))
    if a.write:
        write(card.folder, rows, a.name)
    if a.page:
        from workbench.models import page

        page.write(a.page)
    return 0


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m workbench score", description="Measure a model against its controls.")
    p.add_argument("name", help="a bundled model, for example bert-mini")
    p.add_argument(
        "--data", nargs="+", default=["reviews"], help="bundled names, files or folders; PATH:F1=spam scores one class"
    )
    p.add_argument("--sizes", nargs="+", default=list(SIZES), help="numbers of labelled training texts, or all")
    p.add_argument("--seeds", type=int, default=SEEDS)
    p.add_argument(
        "--epochs", type=int, help="passes for both models, and said in the table; default: 4 to 20 by labels"
    )
    p.add_argument(
        "--only", nargs="+", default=[], help=f"leave the other contestants out: NAME, NAME{RANDOM}, {CONTROL}"
    )
    p.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FOLDER",
        help="measure NAME as it was when it had read less, from a folder that `pretrain` wrote; the card calls it NAME@10M",
    )
    p.add_argument("--results", type=Path, default=Path("runs/scores.jsonl"), help="results so far, one line each")
    p.add_argument("--write", action="store_true", help="put what was measured into the model's card")
    p.add_argument("--speed", action="store_true", help="instead of scores, the seconds that 1,000 texts take")
    p.add_argument("--page", type=Path, help="make the tables of this page anew from all cards: docs/models.md")
    return p


def at(name: str, tokens: float) -> str:
    """How tables call a model as it was when it had read less than now: bert-mini@10M."""
    return f"{name}@{round(tokens / 1e6)}M"


def younger(name: str, folder: Path) -> str:
    """`at` of the checkpoint of a model in a folder."""
    try:
        return at(name, json.loads((folder / "card.json").read_text("utf-8"))["tokens_seen"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        expected = "a folder that `pretrain` has finished, with card.json"
        raise WorkbenchError(f"{folder} cannot be measured ({problem})", expected, "--out FOLDER of pretrain") from None


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


def measure(
    data: Data, positive: str | None, model: str, count: int, seed: int, passes: int | None = None
) -> dict[str, float]:
    """{"score", "majority"} on the test split after training on `count` texts."""
    choices = {"epochs": passes or epochs(count)}
    task = TASKS[data.task]
    if "label" not in data["train"].column_names:
        rows = np.sort(np.random.default_rng(seed).permutation(len(data["train"]))[:count])  # those that a run takes
    else:
        rows = stratified(np.array(data["train"]["label"]), count, seed)
    if model == CONTROL and not positive:
        majority, score = task.baselines({"train": data["train"], "validation": data["test"]}, rows, data.labels)
        return {"score": score, "majority": majority}
    said = _bag_of_words(data, rows) if model == CONTROL else None
    if positive:
        right = np.array(data["test"]["label"])
        commonest = np.bincount(np.array(data["train"]["label"])).argmax()
        majority = f1(np.full(len(right), commonest), right, data.labels.index(positive))
        if said is None:
            texts = list(data["test"]["text"])
            names = fine_tuned(data, model, count, seed, lambda run: run.predict(texts)["label"], **choices)
            said = np.array([data.labels.index(a) for a in names])
        return {"score": f1(said, right, data.labels.index(positive)), "majority": majority}
    majority, _ = task.baselines({"train": data["train"], "validation": data["test"]}, rows, data.labels)
    metric = SCORED.get(task.name, task.metric)
    score = fine_tuned(data, model, count, seed, lambda run: answers.scores(run, data)[metric], **choices)
    return {"score": float(score), "majority": majority}


def epochs(count: int) -> int:
    """Enough passes for few labels, few for many: 20 for 64 texts, 15 for 256, 6 for 1,000, 4 for thousands."""
    return int(np.clip(round(3000 / count + 3), 4, 20))


def fine_tuned(data: Data, model: str, count: int, seed: int, then: Any, **choices: Any) -> Any:
    """What `then` makes of a run, in a runs folder of its own that is gone afterwards."""
    from workbench.training.run import fit

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # Windows keeps what is mapped
        before = os.environ.get("WORKBENCH_HOME")
        os.environ["WORKBENCH_HOME"] = home
        try:
            usual = {"epochs": epochs(count), "learning_rate": RATE, "evaluations": 1, "restore_best": False}
            choices = {**usual, "train_examples": count, **choices}
            return then(fit(data, model=model, seed=seed, **choices).join())
        finally:
            os.environ.pop("WORKBENCH_HOME") if before is None else os.environ.update(WORKBENCH_HOME=before)


def _bag_of_words(data: Data, rows: np.ndarray) -> np.ndarray:
    """The answers of TF-IDF + logistic regression on the test split."""
    from workbench.data.audit import bag_of_words

    labels, texts = np.array(data["train"]["label"])[rows], list(data["train"]["text"])
    if len(np.unique(labels)) < 2:
        return np.full(len(data["test"]), labels[0])
    model = bag_of_words().fit([texts[int(i)] for i in rows], labels)
    return np.asarray(model.predict(list(data["test"]["text"])))


def label(source: str, data: Data, passes: int | None = None) -> str:
    """How a dataset is called in the table: no path of this machine in it."""
    how = f", {passes} passes" if passes else ""
    path, _, positive = source.partition(":F1=")
    place = Path(path)
    name = f"{place.parent.name}/{place.stem}".strip("/") if place.suffix else place.name
    if positive:
        return f"{name} (F1 of {positive}{how})"
    return f"{name} ({CALLED.get(data.task, TASKS[data.task].metric)}{how})"


def summary(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per data, number of labels and model: mean and standard deviation over seeds, and how many seeds."""
    rows = []
    for (data, labels, model), part in frame.groupby(["data", "labels", "model"], sort=False):
        deviation = float(part["score"].std(ddof=1)) if len(part) > 1 else None
        rows.append({"data": data, "labels": labels, "model": model, "mean": float(part["score"].mean()), "std": deviation,
                     "count": len(part), "n": int(part["n"].iloc[0]), "majority": float(part["majority"].mean())})  # fmt: skip
    return rows


def merged(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `old` with those of `new` in their place or behind them."""
    key = lambda r: (r["data"], r["labels"], r["model"])  # noqa: E731
    both = {key(r): r for r in old} | {key(r): r for r in new}
    return sorted(both.values(), key=lambda r: list(dict.fromkeys(k[0] for k in both)).index(r["data"]))


def table(rows: list[dict[str, Any]], name: str) -> str:
    """A Markdown table: mean ± standard deviation over seeds, in percent."""
    lines = ["| data | labels | " + f"{name} | random twin | control | majority |", "|---|---|---|---|---|---|"]
    for data, labels in dict.fromkeys((r["data"], r["labels"]) for r in rows):
        part = {r["model"]: r for r in rows if (r["data"], r["labels"]) == (data, labels)}
        first = next(iter(part.values()))
        cells = [_cell(part.get(m)) for m in (name, name + RANDOM, CONTROL)]
        size = f"{labels} ({first['n']:,})" if labels == "all" else labels
        lines.append(f"| {data} | {size} | " + " | ".join(cells) + f" | {100 * first['majority']:.1f} |")
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    spread = f" ± {100 * row['std']:.1f}" if row["std"] is not None else ""
    return f"{100 * row['mean']:.1f}{spread}"


def write(folder: Path, rows: list[dict[str, Any]], name: str) -> None:
    """Put the rows into card.json beside those on other data, and the whole table into README.md between its marks."""
    card = json.loads((folder / "card.json").read_text("utf-8"))
    rounded = [{k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
    card["scores"] = merged(card.get("scores", []), rounded)
    words = (
        f"Test scores in percent, mean ± standard deviation over seeds; both models with the same settings (learning rate {RATE:g}, "
        "batch 16, last weights, 4 to 20 epochs by the number of labels). Control: TF-IDF + logistic regression, or for names a list "
        f"of those seen in training, for questions the words that match, for translations a dictionary made of the pairs. Command: `python -m workbench score {name} --data ... --write`."
    )
    block = f"{MARKS[0]}\n## Against its controls\n\n{words}\n\n{table(card['scores'], name)}\n{MARKS[1]}"
    put(folder, card, MARKS, block)


def put(folder: Path, card: dict[str, Any], marks: tuple[str, str], block: str) -> None:
    """Write card.json, and put a block at the end of README.md in the place of what stood between these marks."""
    readme = folder / "README.md"
    old = re.sub(f"{re.escape(marks[0])}.*?{re.escape(marks[1])}\n?", "", readme.read_text("utf-8"), flags=re.S)
    readme.write_text(f"{old.rstrip()}\n\n{block}\n", "utf-8")
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
