"""The duel: the same data, several ways of training, several seeds; what differs beyond the spread, and what it costs.

Nothing is trained here: runs are started one after the other, and what they have stored is put side by side. Each run notes in its
folder which duel it belongs to, so `duels()` finds them again after a restart of the kernel.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.views.asked import left_to_it, same_labels, same_question, seeds_of, split_of
from workbench.views.figures import GREY
from workbench.views.once import Once
from workbench.views.tables import image_html, table_html

# Of the process; of the tensors on its GPU, without what the driver takes.
MEMORY, GPU_MEMORY = "memory (MB)", "GPU memory (MB)"

SEEDS = {"seed": "seeds=[0, 1, 2]"}


class Duel(Once):
    """Contenders and their runs. `await` it in a notebook, `join()` it in a script; Stop ends it with what there is."""

    def __init__(self, data: Any, contenders: Mapping[str, dict[str, Any]], seeds: Sequence[int], split: str) -> None:
        self.data, self.contenders, self.seeds, self.split = data, dict(contenders), list(seeds), split
        self.runs: dict[str, list[Any]] = {name: [] for name in contenders}
        self.scores: dict[str, list[float]] = {name: [] for name in contenders}
        self.id = ""  # that of its first counted run
        self.stopped = False
        self.at: tuple[str, int] | None = None  # contender and seed in training
        self.now: Any = None  # the newest run

    def __await__(self) -> Generator[Any, None, Duel]:
        return self._watch().__await__()

    async def _watch(self) -> Duel:
        from workbench.views import in_notebook

        handle = None
        if in_notebook():
            from IPython.display import HTML, display

            handle = display(HTML(""), display_id=True)

        def tell() -> None:
            if handle is not None and self.at is not None:
                handle.update(HTML(self._so_far(f"{self.at[0]}, seed {self.at[1]}")))

        await self.train(tell)
        if handle is not None:
            handle.update(HTML(self._repr_html_()))
            self._drawn()
        return self

    async def train(self, tell: Callable[[], None] = lambda: None) -> Duel:
        """Start the runs one after the other and count them; `tell` is called before each. Draws nothing."""
        try:
            for name, seed, choices in self._plan():
                self.at = name, seed
                tell()
                self.now = self._start(choices, seed)
                self._note(name, await self.now)
        finally:
            self.at = None
        return self

    def stop(self) -> None:
        """End it after this step, with the runs that have ended; the one that is cut off is not counted."""
        self.stopped = True
        if self.now is not None:
            self.now.stop()

    def join(self) -> Duel:
        """Train all of them in a plain script; Ctrl-C ends it with what there is."""
        for name, seed, choices in self._plan():
            self.now = self._start(choices, seed)
            self._note(name, self.now.join())
        return self

    def _plan(self) -> Generator[tuple[str, int, dict[str, Any]], None, None]:
        """Seed by seed, so that a duel that is stopped early has as many runs of each."""
        for seed in self.seeds:
            for name, choices in self.contenders.items():
                if not self.stopped:
                    yield name, seed, choices

    def _start(self, choices: dict[str, Any], seed: int) -> Any:
        from workbench.training.run import fit

        return fit(choices.get("data", self.data), **{**_but_data(choices), "seed": seed})

    def _note(self, name: str, run: Any) -> None:
        if run.status == "stopped" and run.context().stopped_by == "user":
            self.stopped = True  # a run that was cut off says nothing of what it had come to
        elif run.kept:
            metric = run.store.metric
            score = run.kept[metric] if self.split == "validation" else run.evaluate(self.split)[metric]
            self.runs[name].append(run)
            self.scores[name].append(float(score))
            same_question(
                [runs[0] for runs in self.runs.values() if runs], "data with the same labels for every contender"
            )
            self._remember(name, run)

    def _remember(self, name: str, run: Any) -> None:
        """Write into the run's folder whose run it is, so that `duels()` can put the duel together again."""
        self.id = self.id or run.id
        run.store.facts["duel"] = {"id": self.id, "kind": type(self).__name__, "contender": name, "of": list(self.contenders),
                                   "seeds": [int(s) for s in self.seeds], "split": self.split, "score": self.scores[name][-1]}  # fmt: skip
        run.store.write_config()

    # what came of it -----------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """One row per contender (see `totals`)."""
        return self.totals()

    def totals(self) -> pd.DataFrame:
        """One row per contender: mean score and spread over seeds, weights that learn, seconds to the end, the most memory that the
        process had and, where a run was on a GPU, the most that tensors held there."""
        rows = []
        for name, runs in self.runs.items():
            if not runs:
                continue
            facts = [r.store.facts for r in runs]
            score, sd = mean_and_sd(self.scores[name])
            rows.append({
                "contender": name,
                "runs": len(runs),
                "score": score,
                "sd": sd,
                "weights that learn": int(facts[0].get("trained", 0)),
                "seconds": float(np.mean([spent(r) for r in runs])),
                MEMORY: int(max(f.get("memory_mb", 0) for f in facts)),
                **({GPU_MEMORY: int(max(there))} if (there := on_gpu(facts)) else {}),
            })  # fmt: skip
        return pd.DataFrame(rows)

    def verdict(self) -> str:
        """Who is ahead, by how much, and whether that is more than the spread of the seeds."""
        frame = self.frame()
        if len(frame) < 2:
            return "A duel needs two contenders with a finished run."
        first, second = frame.sort_values("score", ascending=False).to_dict("records")[:2]
        ahead, a, b = 100 * (first["score"] - second["score"]), first["contender"], second["contender"]
        if np.isnan(first["sd"]) or np.isnan(second["sd"]):
            return f"{a} is {ahead:.1f} points above {b} with one seed each: run more seeds before you believe it."
        spread = f"{100 * first['sd']:.1f} and {100 * second['sd']:.1f}"
        if first["score"] - first["sd"] <= second["score"] + second["sd"]:
            return (
                f"No detectable difference between {a} and {b}: {ahead:.1f} points apart, the seeds spread by {spread}."
            )
        return f"{a} is {ahead:.1f} points above {b}; the seeds spread by {spread}."

    def figure(self) -> Figure:
        """Scores of every seed with their mean and spread, and seconds against weights that learn."""
        from workbench.views.duel_figures import score_dots

        if self.frame().empty:
            raise WorkbenchError(
                "nothing has been trained yet", "a duel with finished runs", "await it, or .join() in a script"
            )
        figure = Figure(figsize=(8.6, 1.3 + 0.5 * len(self.frame())), dpi=110, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
        score_dots(self, left)
        frame = self.frame()
        right.barh(range(len(frame)), frame["seconds"], color="#C9D3DC", edgecolor=GREY)
        for i, row in enumerate(frame.to_dict("records")):
            right.text(row["seconds"], i, f" {row['weights that learn']:,} learn", va="center", fontsize=8)
        right.set_xlim(0, max(1e-9, frame["seconds"].max()) * 1.75)
        right.set_xlabel("training time (s)")
        return figure

    def cost_figure(self) -> Figure:
        """Quality with the band of its seeds against training time, weights that learn and memory."""
        from workbench.views.duel_figures import costs_figure

        return costs_figure(self)

    def alt(self) -> str:
        rows = self.frame().to_dict("records")
        words = "; ".join(f"{r['contender']} {r['score']:.3f}, {r['seconds']:.0f} s" for r in rows)
        return f"Chart of scores and training times: {words}."

    def __repr__(self) -> str:
        return f"{self.frame().round(3).to_string(index=False)}\n{self.verdict()}"

    def _repr_html_(self) -> str:
        frame = self.frame()
        if frame.empty:
            return "<p>Nothing has been trained yet: <code>await</code> the duel.</p>"
        return (
            table_html(self._rows(frame))
            + image_html(self.figure(), self.alt(), 760)
            + f"<p>{html.escape(self.verdict())}</p>"
        )

    def _rows(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """The table as it is shown."""
        return _shown(frame)

    def _so_far(self, now: str) -> str:
        frame = self.frame()
        return self._progress(now) + (table_html(self._rows(frame)) if len(frame) else "")

    def _progress(self, now: str) -> str:
        done, total = sum(map(len, self.runs.values())), len(self.seeds) * len(self.contenders)
        return f'<p role="status">Run {done + 1} of {total}: {html.escape(now)} …</p>'


def on_gpu(facts: Sequence[dict[str, Any]]) -> list[float]:
    """The most megabytes that the tensors of each run held on its GPU, of those that had one."""
    return [f["gpu_memory_mb"] for f in facts if f.get("gpu_memory_mb") is not None]


def spent(run: Any) -> float:
    """Seconds to the end of a run, with those of the reading before it."""
    return float(run.frame()["seconds"].iloc[-1]) + float(run.store.facts.get("reading_seconds", 0))


def mean_and_sd(values: Any) -> tuple[float, float]:
    """The mean, and the standard deviation of a sample; one value has none.

    >>> mean_and_sd([1.0, 3.0])
    (2.0, 1.4142135623730951)
    """
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _but_data(choices: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in choices.items() if k != "data"}


def _shown(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{**r, "score": f"{r['score']:.3f}", "sd": "–" if np.isnan(r["sd"]) else f"{r['sd']:.3f}",
             "weights that learn": f"{r['weights that learn']:,}", "seconds": f"{r['seconds']:.0f}"}
            for r in frame.to_dict("records")]  # fmt: skip


def duel(
    data: Any = "reviews", contenders: Any = ("full", "feature-extraction", "lora"), *, seeds: int | Sequence[int] = 3,
    split: str = "validation", **choices: Any,
) -> Duel:  # fmt: skip
    """The same data and settings for several contenders and seeds. `await` the answer in a notebook, `.join()` it in a script.

    `contenders`: names of techniques, each with the rate that suits it, or a dict of names and choices such as
    `{"mean": {"pooling": "mean"}, "[CLS]": {"pooling": "cls"}}` (`data` among them gives one contender
    data of its own). `seeds`: how many, or which. `choices` hold for all of them (`seconds=20` gives each the same time). Scores are those of the weights that each run keeps, on `split`.
    """
    from workbench import catalog
    from workbench.config import RunConfig, check_names

    check_names(choices)
    contenders = [contenders] if isinstance(contenders, str) else contenders
    named = isinstance(contenders, Mapping) and all(isinstance(own, Mapping) for own in contenders.values())
    if not named and (isinstance(contenders, Mapping) or not hasattr(contenders, "__iter__")):
        raise WorkbenchError(f"contenders {contenders!r:.60}", "names of techniques, or a dict of names and choices",
                             'wb.duel(data, ["full", "lora"])')  # fmt: skip
    left_to_it(choices, **SEEDS)
    if not isinstance(contenders, Mapping):
        left_to_it(choices, technique="contenders with choices: {'lora': {'technique': 'lora'}, ...}")
        cards = {name: catalog.find(catalog.techniques(), name, "technique") for name in contenders}
        contenders = {name: {"technique": name, "learning_rate": card.facts["rate"]} for name, card in cards.items()}
    if len(contenders) < 2:
        raise WorkbenchError(
            f"{len(contenders)} contender{'s' * (len(contenders) != 1)}",
            "at least two",
            'wb.duel(data, ["full", "lora"])',
        )
    for own in contenders.values():
        check_names(own)
        left_to_it(own, **SEEDS)
        RunConfig(**{k: v for k, v in _but_data({**choices, **own}).items() if not hasattr(v, "store")})  # v: a run
    sources = [data] + [own["data"] for own in contenders.values() if "data" in own]
    split_of(sources, split)
    if len(sources) > 1:
        same_labels(sources)
    return Duel(data, {name: {**choices, **own} for name, own in contenders.items()}, seeds_of(seeds), split)


def duels(among: Sequence[Any] | None = None) -> list[Duel]:
    """The duels whose runs lie in this folder (or are `among` these, newest first), newest first, each with the runs that have ended;
    nothing is loaded or trained."""
    from workbench.training.run import runs

    found: dict[str, Duel] = {}
    for run in reversed(runs() if among is None else among):
        mark = run.store.facts.get("duel") or {}
        if mark.get("kind") != "Duel":
            continue
        if mark["id"] not in found:
            found[mark["id"]] = Duel(run.config.data, {n: {} for n in mark["of"]}, mark["seeds"], mark["split"])
            found[mark["id"]].id = mark["id"]
        found[mark["id"]].runs[mark["contender"]].append(run)
        found[mark["id"]].scores[mark["contender"]].append(mark["score"])
    return list(reversed(found.values()))
