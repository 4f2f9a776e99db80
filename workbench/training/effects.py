"""`python -m workbench effects`: every technique against the control that leaves it out, over seeds, on bundled and on other data.

Both ways of a setting (they stand in `effects_settings`) get the same seeds, so the same texts, and what counts is the difference
seed by seed. Results are appended one by one, so that it can be interrupted and goes on; `--write` makes the page of the results.
Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.metrics import half_width
from workbench.models import journal
from workbench.training.effects_data import CORPORA, PRACTICE, dataset, paragraphs
from workbench.training.effects_settings import SETTINGS, Setting

BEFORE = (
    100  # the seed of a run that others begin with: with the same one a new head would begin aligned with its encoder
)
KEY = ("name", "words", "data", "labels", "model", "metric")  # of a setting, in its results
CALLED = {"f1": "F1", "chrf": "chrF"}  # metrics, on the page


def main(argv: list[str]) -> int:
    """Measure what is missing in the results file, print the page, write it if asked to."""
    a = _parser().parse_args(argv)
    for asked, known in ((a.names, [s.name for s in SETTINGS]), (a.data, [s.data for s in SETTINGS])):
        if strange := [name for name in asked if name not in known]:
            found = ", ".join(map(repr, strange))
            raise WorkbenchError(
                f"nothing is measured of {found}", f"some of {', '.join(dict.fromkeys(known))}", known[0]
            )
    os.environ.setdefault("WORKBENCH_HOME", str(a.results.parent / "effects"))  # readings are found again there
    for setting in SETTINGS:
        if (a.names and setting.name not in a.names) or (a.data and setting.data not in a.data):
            continue
        if (missing := _missing(setting, a)) is not None:
            print(f"left out: {setting.name} on {setting.data}: there is no {missing}", flush=True)
            continue
        measure(setting, a)
    text = page(journal.read(a.results))
    print(text)
    if a.write:
        a.write.write_text(text, "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m workbench effects", description="Measure techniques against their controls."
    )
    p.add_argument(
        "names", nargs="*", help=f"some of {', '.join(dict.fromkeys(s.name for s in SETTINGS))}; left out: all"
    )
    p.add_argument(
        "--data", nargs="+", default=[], help=f"only on some of {', '.join(dict.fromkeys(s.data for s in SETTINGS))}"
    )
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument(
        "--practice", type=Path, default=Path("../shared/practice"), help="folder of labelled sets that are not bundled"
    )
    p.add_argument("--corpora", type=Path, default=Path("../shared/corpora"), help="folder of texts to read")
    p.add_argument("--results", type=Path, default=Path("runs/effects.jsonl"), help="results so far, one line each")
    p.add_argument("--write", type=Path, help="the page to write, for example docs/techniques.md")
    return p


def _missing(setting: Setting, a: argparse.Namespace) -> Path | None:
    """A file or folder that this machine lacks for a setting."""
    needed = [a.practice / PRACTICE[setting.data]] if setting.data in PRACTICE else []
    needed += [
        a.corpora / CORPORA[name][0]
        for name in (setting.way.get("reads"), setting.data.partition(":")[0])
        if name in CORPORA
    ]
    return next((path for path in needed if not path.exists()), None)


def measure(setting: Setting, a: argparse.Namespace) -> None:
    """Train both ways on every seed that the results lack. What is trained before them is made once, and only where it is needed."""
    from workbench.config import RunConfig
    from workbench.data import fingerprint
    from workbench.training.reading import earlier
    from workbench.training.run import fit
    from workbench.training.store import runs_home

    key = {k: getattr(setting, k) for k in KEY}
    known = journal.read(a.results)
    done = {(r["way"], r["seed"]) for r in known if all(r[k] == v for k, v in key.items())}
    wanted = [(way, seed) for seed in range(a.seeds) for way in ("control", "technique") if (way, seed) not in done]
    if not wanted:
        return
    data = dataset(setting.data, a.practice, a.corpora)
    way = dict(setting.way)
    if way.get("reads") in CORPORA:
        way["reads"] = str(paragraphs(a.corpora, way["reads"], a.results.parent))
    if setting.first and any(name == "technique" for name, _ in wanted):
        choice, before = setting.first
        before = {"model": "bert-mini", **before}
        texts = dataset(before.pop("data"), a.practice, a.corpora) if "data" in before else data
        own = BEFORE if choice == "model" else 0
        made = earlier(runs_home(), RunConfig(**{**before, "data": texts.name, "seed": own}), fingerprint(texts))
        way[choice] = made or fit(texts, seed=own, **before).join()
    for name, seed in wanted:
        choices = {"model": setting.model, **setting.shared, **(way if name == "technique" else setting.control)}
        at = {"seed": seed, "control": choices if name == "control" else None}
        like = {
            k: key[k] for k in ("data", "labels", "metric")
        } | at  # settings with the same control share its trainings
        same = next((r for r in known if r["control"] and all(r[k] == v for k, v in like.items())), None)
        if same is None and "template" in choices:
            same = _asked(setting, data)
        if same is None and choices.get("technique") == "hosted":
            same = _hosted(setting, data, seed, choices)
        if same is None:
            texts, choices = _augmented(setting, data, seed, choices)
            run = fit(texts, seed=seed, **choices).join()
            same = {"score": round(float(run.evaluate("test")[setting.metric]), 4), "trained": int(run.store.facts.get("trained", 0)),
                    "seconds": round(float(run.frame()["seconds"].iloc[-1]), 1)}  # fmt: skip
        journal.append(a.results, {**key, **at, "way": name, **{k: same[k] for k in ("score", "trained", "seconds")}})


def _augmented(setting: Setting, data: Any, seed: int, choices: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The data and the choices of a fit: the labelled texts chosen by the engine, or chosen and copied before."""
    if "augment" not in choices:
        return data, {**choices, "train_examples": setting.labels}
    from workbench.data.augment import augment

    more = augment(data, train_examples=setting.labels, seed=seed, **choices["augment"])
    return more, {k: v for k, v in choices.items() if k != "augment"}


def _asked(setting: Setting, data: Any) -> dict[str, Any]:
    """The accuracy of a model that nothing was trained of, by prompts without examples."""
    from time import perf_counter

    from workbench.techniques.prompting import Prompter, Template

    begun, texts = perf_counter(), list(data["test"]["text"])
    prompter = Prompter(setting.model, data.labels, Template(setting.way["template"]))
    answers = prompter.calibrated([], np.asarray(prompter.scores([], texts))).argmax(1)
    hit = float((answers == np.array(data["test"]["label"])).mean())
    return {"score": round(hit, 4), "trained": 0, "seconds": round(perf_counter() - begun, 1)}


def _hosted(setting: Setting, data: Any, seed: int, choices: dict[str, Any]) -> dict[str, Any]:
    """The accuracy of a job at the service on this machine, whose model then answers through the API."""
    from workbench.remote.job import hosted
    from workbench.remote.server import Server
    from workbench.remote.tuning import Speaker

    with Server(models=(setting.model,)) as server:
        run = hosted(data, model=setting.model, base_url=server.url, train_examples=setting.labels, seed=seed,
                     epochs=choices["epochs"], batch_size=choices["batch_size"])  # fmt: skip
        run.start().join()
        hit = float(run.evaluate("test")[setting.metric])
    weights = sum(p.numel() for p in Speaker(setting.model).model.parameters())
    return {"score": round(hit, 4), "trained": weights, "seconds": round(float(run.frame()["seconds"].iloc[-1]), 1)}


def effect(differences: list[float]) -> tuple[float, float, float]:
    """(mean, standard deviation, half width of the 95% interval of the mean) of differences seed by seed.

    >>> [round(x, 2) for x in effect([1.0, 2.0, 3.0])]
    [2.0, 1.0, 2.48]
    """
    if len(differences) < 2:
        raise WorkbenchError(f"{len(differences)} seed(s)", "two or more: one has no spread", "--seeds 5")
    return float(np.mean(differences)), float(np.std(differences, ddof=1)), half_width(differences)


def page(found: list[dict[str, Any]]) -> str:
    """The results as Markdown: one line a setting, and in words which techniques helped and which did not."""
    lines = [
        "# What each technique adds, measured", "",
        "Every line compares two ways of training on the same labels, seed by seed: scores on the test split in percent, mean ± standard",
        "deviation over seeds; the difference is the mean of the seeds' own differences ± their standard deviation. *Helps* and *harms* are",
        "said where the 95% interval of that mean (Student's t) leaves out zero; all else is no detectable difference. *Seeds up* counts",
        "the seeds in which the technique is above its control. Seconds are those of",
        "one fine-tuning on the machine that made this page, without a reading or a teacher made before it. The texts of `medical_en:answers`",
        "are paragraphs of that corpus that answer a question, the labels what was asked (causes, treatment, ...); the reading is without them.", "",
        "Command: `python -m workbench effects --write docs/techniques.md`", "",
        "| technique | on | labels | what differs | control | technique | difference | seeds up | weights that learn | seconds | verdict |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    order = [tuple(getattr(setting, k) for k in KEY) for setting in SETTINGS]
    keys = dict.fromkeys(_key(row) for row in found)
    for key in sorted(keys, key=lambda k: order.index(k) if k in order else len(order)):
        part = [row for row in found if _key(row) == key]
        ways = {w: {r["seed"]: r for r in part if r["way"] == w} for w in ("control", "technique")}
        both = sorted(set(ways["control"]) & set(ways["technique"]))
        if len(both) > 1:
            lines.append(_line(part[0], [ways["control"][s] for s in both], [ways["technique"][s] for s in both]))
    return "\n".join(lines) + "\n"


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[k] for k in KEY)


def _line(row: dict[str, Any], control: list[dict[str, Any]], way: list[dict[str, Any]]) -> str:
    without, with_ = ([100 * r["score"] for r in some] for some in (control, way))
    differences = [b - a for a, b in zip(without, with_, strict=True)]
    mean, deviation, half = effect(differences)
    verdict = "no detectable difference" if abs(mean) <= half else "helps" if mean > 0 else "harms"
    seconds = " → ".join(f"{np.mean([r['seconds'] for r in some]):.0f}" for some in (control, way))
    learn = " → ".join(f"{some[0]['trained']:,}" for some in (control, way))
    cells = [row["name"], f"{row['data']} ({CALLED.get(row['metric'], row['metric'])})", f"{row['labels']:,}", f"{row['model']} {row['words']}",
             _spread(without), _spread(with_), f"{mean:+.1f} ± {deviation:.1f}", f"{sum(d > 0 for d in differences)} of {len(way)}",
             learn, seconds, verdict]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _spread(scores: list[float]) -> str:
    return f"{np.mean(scores):.1f} ± {np.std(scores, ddof=1):.1f}"
