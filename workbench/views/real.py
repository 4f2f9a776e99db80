"""`wb.is_it_real(run)`: would other seeds and other validation texts say the same? Trains the same run with a few more seeds.

A duel of one or two contenders (`duel.py` starts, awaits and counts the runs) whose question is not the score but the verdict of a
run that is there already, or the difference between two of them. The run itself is left out of the band: it is what is judged.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workbench.diagnosis import bands
from workbench.diagnosis.advice import OVERFITTING
from workbench.diagnosis.guesses import family
from workbench.errors import WorkbenchError
from workbench.training import losses
from workbench.training.fork import spoken
from workbench.training.fork import words as fork_words
from workbench.training.run import Run, launch, runs
from workbench.views import figures as fig
from workbench.views.asked import run_of, same_question, seeds_of
from workbench.views.duel import Duel
from workbench.views.real_figures import check_figure, check_words
from workbench.views.tables import image_html

SURE, RESAMPLES = 0.95, 200  # the share of resampled validation sets that must agree; how many are judged by the rules


class Check(Duel):
    """One run, or two, against fresh seeds of the same settings and resampled validation texts. `await` it or `join()` it."""

    def __init__(self, judged: Sequence[Run], seeds: Sequence[int]) -> None:
        names = _names(judged)
        super().__init__(None, {n: {"run": r} for n, r in zip(names, judged, strict=True)}, seeds, "validation")
        self.judged, self.now = dict(zip(names, judged, strict=True)), judged[0]
        self.texts: dict[str, Any] = {n: losses.read(r.folder) for n, r in self.judged.items()}
        self._shares: dict[str, Counter[str]] = {}

    def _start(self, choices: dict[str, Any], seed: int) -> Run:
        others = [r for r in self.judged.values() if r is not choices["run"]]
        self.now = again(choices["run"], seed, others[0] if others else None)
        return self.now

    # one run ---------------------------------------------------------------------------------------------------------

    def agreeing(self, name: str) -> tuple[int, int]:
        """How many of the fresh seeds have the run's verdict, and how many there are."""
        mine = family(self.judged[name].diagnosis.verdict)
        theirs = [family(r.diagnosis.verdict) for r in self.runs[name]]
        return sum(v == mine for v in theirs), len(theirs)

    def share(self, name: str) -> float | None:
        """The share of resampled validation sets on which the rules give the run's verdict; None where no losses are kept."""
        run, texts = self.judged[name], self.texts[name]
        frame = run.frame()
        if len(texts) < 2 or list(texts.index) != list(frame["step"]):
            return None
        if name not in self._shares:
            self._shares[name] = bands.verdicts(frame, bands.resampled(texts.to_numpy(), RESAMPLES), run.context())
        return self._shares[name][family(run.diagnosis.verdict)] / RESAMPLES

    @property
    def holds(self) -> bool | None:
        """Whether the verdict (of one run) or the difference (of two) is beyond the band; None before there is a fresh seed."""
        if not all(self.runs.values()):
            return None
        if len(self.judged) == 2:
            seeds, texts = self.by_seed(), self.by_text()
            clear = seeds.clear and seeds.mean * self.difference > 0
            return bool(clear and (texts is None or texts.clear))
        (name,) = self.judged
        same, total = self.agreeing(name)
        share = self.share(name)
        return bool(same == total and (share is None or share >= SURE))

    def _one(self) -> str:
        (name, run), = self.judged.items()  # fmt: skip
        (same, total), share = self.agreeing(name), self.share(name)
        verdict = run.diagnosis.verdict
        others = Counter(
            family(r.diagnosis.verdict) for r in self.runs[name] if family(r.diagnosis.verdict) != family(verdict)
        )
        but = f" (else: {', '.join(others)})" if others else ""
        sets = "" if share is None else f", and so do {share:.0%} of {RESAMPLES} resampled validation sets"
        end = (
            "It holds."
            if self.holds
            else "It does not hold beyond the band: take it as a possibility, and ask more seeds or more validation texts."
        )
        return (
            f"Verdict {verdict!r}: {same} of {total} other seeds say the same{but}{sets}. {self._measured(name)} {end}"
        )

    def _measured(self, name: str) -> str:
        run, fresh, texts = self.judged[name], self.runs[name], self.texts[name]
        over = family(run.diagnosis.verdict) == OVERFITTING
        read, unit = (_rebound, "%") if over else (_lowest, "")
        what = "The last validation loss is above the lowest by" if over else "The lowest validation loss is"
        theirs = [read(r.frame()["valid_loss"].to_numpy()) for r in fresh]
        form = ".0f" if over else ".3f"
        spread = f"other seeds {min(theirs):{form}} to {max(theirs):{form}}{unit}"
        if len(texts) > 1:
            curves = bands.resampled(texts.to_numpy())
            drawn = bands.middle(bands.rebound(curves) if over else curves.min(axis=1))
            spread += f", other texts {drawn.low:{form}} to {drawn.high:{form}}{unit}"
        return f"{what} {read(run.frame()['valid_loss'].to_numpy()):{form}}{unit} ({spread})."

    # two runs --------------------------------------------------------------------------------------------------------

    @property
    def difference(self) -> float:
        """Lowest validation loss of the second run minus that of the first, in nats."""
        first, second = self.judged.values()
        return float(second.best["valid_loss"] - first.best["valid_loss"])

    def by_seed(self) -> bands.Interval:
        """The same difference over the fresh seeds: mean with its 95% interval."""
        return bands.of_seeds(self.differences())

    def differences(self) -> list[float]:
        """Second minus first for every fresh seed that both have finished."""
        first, second = self.runs.values()
        return [float(b.best["valid_loss"] - a.best["valid_loss"]) for a, b in zip(first, second, strict=False)]

    def by_text(self) -> bands.Interval | None:
        """The difference on resampled validation texts (both at their best step); None where the texts are not the same."""
        (a, b), (x, y) = self.judged.values(), self.texts.values()
        if a.store.facts.get("fingerprint") != b.store.facts.get("fingerprint") or x.empty or x.shape[1] != y.shape[1]:
            return None
        steps = int(a.best["step"]), int(b.best["step"])
        if steps[0] not in x.index or steps[1] not in y.index:
            return None
        apart = (y.loc[steps[1]] - x.loc[steps[0]]).to_numpy()
        return bands.middle(bands.resampled(apart[None, :])[:, 0])

    def _two(self) -> str:
        (first, second), apart = self.judged, self.difference
        seeds, texts = self.by_seed(), self.by_text()
        how = f"{abs(apart):.3f} nats {'lower' if apart < 0 else 'higher'} at its best than {first}"
        wide = f"95%: {seeds.low:+.3f} to {seeds.high:+.3f}" if np.isfinite(seeds.low) else "one seed has no interval"
        fresh = f"other seeds {seeds.mean:+.3f} ({wide})"
        drawn = f", other texts {texts.low:+.3f} to {texts.high:+.3f}" if texts else ""
        end = (
            "It holds."
            if self.holds
            else "No detectable difference: the band includes zero, or the seeds disagree with it."
        )
        return f"{second} is {how}; {fresh}{drawn}. {end}"

    # what is shown ---------------------------------------------------------------------------------------------------

    def verdict(self) -> str:
        """In words: whether it holds beyond the band, with the numbers."""
        if self.holds is None:
            return "Not enough seeds yet: the band needs at least one fresh run of each."
        return self._one() if len(self.judged) == 1 else self._two()

    def figure(self) -> Figure:
        """The judged curves over their bands; of two runs also the difference, seed by seed."""
        return check_figure(self)

    def alt(self) -> str:
        """The picture in words."""
        return check_words(self)

    def __repr__(self) -> str:
        return self.verdict()

    def _repr_html_(self) -> str:
        if self.holds is None:
            return f"<p>{html.escape(self.verdict())}</p>"
        mark, colour = ("✓", fig.BEST) if self.holds else ("○", "#E69F00")
        return (
            image_html(self.figure(), self.alt(), 760)
            + f'<div role="status" style="max-width:760px;line-height:1.5;border-left:4px solid {colour};padding:2px 0 2px 12px">'
            f"<b>{mark} {'It holds' if self.holds else 'Not beyond the band'}.</b> {html.escape(self.verdict())}</div>"
        )

    def _so_far(self, now: str) -> str:
        return self._progress(now)


def is_it_real(run: Run, other: Run | None = None, *, seeds: int | Sequence[int] = 3) -> Check:
    """Whether a run's verdict, or the difference between two runs, holds for other seeds and other validation texts.

    `await` the answer in a notebook, `.join()` it in a script: it trains `seeds` fresh runs (how many, or which) with the settings of
    each; a fork is branched again from the same state. Then `.holds`, `.verdict()` in words, and a picture. A verdict holds when every
    fresh seed and 95% of 200 resampled validation sets give it; a difference when both 95% intervals leave out zero.
    """
    judged = [run_of(r, "done") for r in ([run] if other is None else [run, other])]
    for r in judged:
        if not isinstance(r, Run) or not r.done or r.frame().empty:
            raise WorkbenchError(f"{r!r}", "a run that has ended, with at least one evaluation", "await run")
    same_question(judged, "wb.is_it_real(run) for each of them")
    taken, wanted = {r.config.seed for r in judged}, seeds_of(seeds)
    fresh = wanted if hasattr(seeds, "__iter__") else [s for s in range(1, 1003) if s not in taken][: len(wanted)]
    if taken & set(fresh):
        raise WorkbenchError(f"seeds {fresh}", "at least one seed that the run has not had", "seeds=3")
    return Check(judged, fresh)


def again(run: Run, seed: int, other: Run | None = None) -> Run:
    """The same training with another seed; what shares a state with `other` branches off it again, parent and child alike."""
    fork = run.store.facts.get("fork")
    of_other: dict[str, Any] = (other.store.facts.get("fork") or {}) if other is not None else {}
    if fork:
        made = _found(fork["parent"]).fork(
            fork["step"], seed=seed, keep_states=0, **{k: new for k, (_, new) in fork["changed"].items() if k != "seed"}
        )
    elif of_other.get("parent") == run.id:
        made = run.fork(of_other["step"], seed=seed, keep_states=0)
    else:
        data = run.data()  # a file that was changed since is refused
        made = launch(run.config.replace(seed=seed, keep_states=0), data)
    made.viewer = None
    made.store.facts["check_of"] = run.id
    return made


def _found(name: str) -> Run:
    run = next((r for r in runs() if r.id == name), None)
    if run is None:
        raise WorkbenchError(f"run {name} is gone", "the parent of a fork, with its state", "wb.runs()")
    return run


def _names(judged: Sequence[Run]) -> list[str]:
    if len(judged) == 1:
        return ["this run"]
    first, second = (r.config for r in judged)
    differ = first.differing(second, "keep_states")[:2]
    names = [", ".join(f"{k} {spoken(getattr(r.config, k))}" for k in differ) or fork_words(r) for r in judged]
    return names if names[0] != names[1] else ["run 1", "run 2"]


def _rebound(valid: np.ndarray) -> float:
    return float(bands.rebound(valid))


def _lowest(valid: np.ndarray) -> float:
    return float(np.min(valid))
