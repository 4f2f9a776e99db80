"""What deliberate mistakes cost: each against the right way, seed by seed. Runs are started one after the other, nothing is trained here.

A mistake that is made in serving alone is made with the model of the right way: it costs no training, and no curve can warn of it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.mistakes import SERVING, check, find, spoil
from workbench.errors import WorkbenchError
from workbench.metrics import half_width
from workbench.views.asked import here, left_to_it, run_of, seeds_of, split_of
from workbench.views.duel import SEEDS, Duel, mean_and_sd
from workbench.views.tables import image_html, table_html

RIGHT = "the right way"


def mistaken(run: Any, mistake: str) -> Any:
    """A finished run's predictor with a mistake made while it serves: `.predict(texts)`, `.evaluate(split)`, `.errors(split, n)`."""
    from workbench.training.predictor import Predictor

    run = run_of(run, "predictor")
    right = here(run)
    if str(mistake).endswith(":training"):
        raise WorkbenchError(f"mistake {mistake!r} of a run that is trained", "one that is made in serving",
                             f"wb.fit(..., mistake={mistake!r})")  # fmt: skip
    name = find(f"{str(mistake).partition(':')[0]}:{SERVING}")[0].name
    check(f"{name}:{SERVING}", right.task.name)
    _served_well(run.config.mistake)
    config = right.config.replace(mistake=f"{name}:{SERVING}")
    task, tokenizer = spoil(config, SERVING, right.task, right.tokenizer)
    return Predictor(task, right.model, tokenizer, right.labels, config)


def _served_well(mistake: str | None) -> None:
    if mistake is not None and not mistake.endswith(":training"):
        raise WorkbenchError(
            f"a run that serves with {mistake!r} already", "a run without a mistake", "wb.fit(...) without mistake="
        )


class CostOfMistakes(Duel):
    """A duel of the right way with mistakes. `await` it in a notebook, `.join()` it in a script."""

    def _start(self, choices: dict[str, Any], seed: int) -> Any:
        if str(choices.get("mistake")).endswith(f":{SERVING}") and len(self.runs[RIGHT]) == self.seeds.index(seed) + 1:
            return self.runs[RIGHT][-1]
        return super()._start(choices, seed)

    def _note(self, name: str, run: Any) -> None:
        if run.status == "stopped" and run.context().stopped_by == "user":
            self.stopped = True
        if self.stopped or not run.kept:
            return
        predictor = run.predictor()
        if run.config.mistake is None and name != RIGHT:
            predictor = mistaken(run, self.contenders[name]["mistake"])
        self.runs[name].append(run)
        self.scores[name].append(predictor.evaluate(run.data()[self.split])[run.store.metric])

    # what came of it -----------------------------------------------------------------------------------------------

    def costs(self, name: str) -> np.ndarray:
        """Points lost against the right way with the same seed, one number per seed."""
        pairs = list(zip(self.scores[RIGHT], self.scores[name], strict=False))
        return 100 * np.array([right - wrong for right, wrong in pairs])

    def frame(self) -> pd.DataFrame:
        """One row per way: score and its spread over seeds, cost in points against the right way of the same seed and its spread,
        what the curve said while it trained, and seconds of training."""
        rows = []
        for name, runs in self.runs.items():
            if not runs:
                continue
            metric, (score, sd), (cost, cost_sd) = (
                runs[0].store.metric,
                mean_and_sd(self.scores[name]),
                mean_and_sd(self.costs(name)),
            )
            rows.append({
                "contender": name, "runs": len(runs), "score": score, "sd": sd, "cost": cost, "cost sd": cost_sd, "on the curve": float(np.mean([r.kept[metric] for r in runs])),
                "seconds": float(np.mean([r.frame()["seconds"].iloc[-1] for r in runs])),
            })  # fmt: skip
        return pd.DataFrame(rows)

    def verdict(self) -> str:
        """What each mistake costs, and which cost nothing that these seeds can show."""
        rows = [r for r in self.frame().to_dict("records") if r["contender"] != RIGHT]
        return " ".join(_sentence(r, self.costs(r["contender"])) for r in rows) or "Nothing to compare yet."

    def alt(self) -> str:
        words = "; ".join(f"{r['contender']} {r['score']:.3f}" for r in self.frame().to_dict("records"))
        return f"Chart of scores with and without mistakes: {words}."

    def figure(self) -> Any:
        """A dot per seed, the mean as a bar with the spread of the seeds, the two controls as lines."""
        from matplotlib.figure import Figure

        from workbench.views.duel_figures import score_dots

        figure = Figure(figsize=(7.6, 1.3 + 0.42 * len(self.frame())), dpi=110, layout="constrained")
        score_dots(self, figure.subplots())
        return figure

    def _rows(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        return _shown(frame)

    def _repr_html_(self) -> str:
        frame = self.frame()
        if frame.empty:
            return "<p>Nothing has been trained yet: <code>await</code> it.</p>"
        picture = image_html(self.figure(), self.alt(), 760)
        return f"{table_html(self._rows(frame))}{picture}<p>{html.escape(self.verdict())}</p>"


def _sentence(row: dict[str, Any], cost: np.ndarray) -> str:
    name, mean = row["contender"], row["cost"]
    if not np.any(cost):
        return f"{name}: costs nothing, seed by seed the same score."
    if len(cost) < 2:
        return f"{name}: {mean:+.1f} points lost with one seed; run more seeds before you believe it."
    sure = half_width(cost)
    if abs(mean) <= sure:
        return f"{name}: no detectable cost ({mean:.1f} points ± {sure:.1f})."
    return f"{name}: {'costs' if mean > 0 else 'gains'} {abs(mean):.1f} points (± {sure:.1f})."


def _shown(frame: pd.DataFrame) -> list[dict[str, Any]]:
    number = lambda v, form: "–" if np.isnan(v) else format(v, form)  # noqa: E731
    return [{**r, "score": f"{r['score']:.3f}", "sd": number(r["sd"], ".3f"), "cost": f"{r['cost']:.1f}", "cost sd": number(r["cost sd"], ".1f"),
             "on the curve": f"{r['on the curve']:.3f}", "seconds": f"{r['seconds']:.1f}"} for r in frame.to_dict("records")]  # fmt: skip


def cost_of_mistakes(
    data: Any = "headlines", mistakes: str | Sequence[str] = ("wrong-tokenizer", "early-truncation", "no-mask:serving"), *,
    seeds: int | Sequence[int] = 3, split: str = "validation", **choices: Any,
) -> CostOfMistakes:  # fmt: skip
    """Each mistake against the right way with the same data, settings and seeds: `await` it in a notebook, `.join()` it in a script.

    `mistakes` are names of `wb.mistakes()`, with `:training` or `:serving` behind them where they shall hold there alone. `choices`
    hold for all runs. Scores are of the weights that each run keeps, as it would serve, on `split`.
    """
    from workbench.config import RunConfig, check_names
    from workbench.data import load

    check_names(choices)
    alone = isinstance(mistakes, str) or not hasattr(mistakes, "__iter__")
    names: list[Any] = [mistakes] if alone else list(mistakes)
    left_to_it(choices, mistake="the names of mistakes as second argument", **SEEDS)
    task = None if str(data).startswith("hub:") else load(data).task
    for mistake in names:
        RunConfig(mistake=mistake)  # its place: training, serving or both
        find(mistake)
        if task is not None:
            check(mistake, task)
    if not names:
        raise WorkbenchError(
            "no mistake", "at least one of wb.mistakes()", 'wb.cost_of_mistakes(data, ["wrong-tokenizer"])'
        )
    ways = {RIGHT: {}, **{mistake: {"mistake": mistake} for mistake in names}}
    split_of([data], split)
    return CostOfMistakes(data, {name: {**choices, **own} for name, own in ways.items()}, seeds_of(seeds), split)
