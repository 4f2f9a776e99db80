"""Search: many ordinary runs, the next one's settings drawn from what the earlier ones have shown. optuna decides, we train.

TPE draws (Bergstra et al. 2011; multivariate as in Falkner et al. 2018), the diagnosis engine prunes, a file or database keeps
the trials. Nothing is drawn on the screen here: `views/trials` shows a search.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from workbench.diagnosis import advice
from workbench.errors import WorkbenchError
from workbench.scale import trials as notes
from workbench.scale.found import Found
from workbench.scale.plan import Plan, opened
from workbench.scale.storage import trouble

PRUNING = (advice.NON_FINITE, advice.DIVERGING, advice.NOT_LEARNING, advice.OVERFITTING)
TICK, LOOK = 0.05, 0.5  # seconds between looks at the run, and at the storage
FAILURES = 3  # in a row, after which something is wrong with more than one setting


class Search(Found):
    """Trials in a storage. `await` it in a notebook, `join()` it in a script; Stop ends it, the same call goes on."""

    def __init__(self, plan: Plan, study: Any, where: str, data: Any, trials: int, within: float | None = None,
                 worker: int = 0, say: Callable[[str], None] | None = None) -> None:  # fmt: skip
        super().__init__(plan, study, where)
        self.data, self.trials, self.within, self.worker, self.say = data, trials, within, worker, say
        self.run: Any = None  # the one that is being trained here
        self.trial: Any = None  # whose trial it is
        self.stopped = False
        self.failures = 0
        self._mark = ""
        self._stops = self._stops_so_far()
        self._began = self._looked = self._beat = time.monotonic()

    # going -----------------------------------------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Search]:
        return self._watch().__await__()

    async def _watch(self) -> Search:
        from workbench.views import in_notebook

        view: Any = None
        if in_notebook():
            from workbench.views.trials import SearchView

            view = SearchView(self)
        steps = self._steps()
        try:
            for _ in steps:
                if view:
                    view.tick()
                await asyncio.sleep(TICK)
        except asyncio.CancelledError:  # an interrupt of the kernel counts as Stop
            self.stop()
            self._drain(steps)
        finally:
            self._let_go()
            if view:
                view.close()
        return self

    def join(self) -> Search:
        """Go on until the budget is spent; Ctrl-C counts as Stop."""
        steps = self._steps()
        try:
            for _ in steps:
                time.sleep(TICK)
        except KeyboardInterrupt:
            self.stop()
            self._drain(steps)
        finally:
            self._let_go()
        return self

    def stop(self) -> None:
        """End after the current step, here and in all workers; the trial in hand goes back into the queue."""
        self.stopped = True

    def _drain(self, steps: Iterator[None]) -> None:
        for _ in steps:
            time.sleep(TICK)

    def _let_go(self) -> None:
        """An error on the way leaves neither a run that nobody watches nor a trial that nobody trains."""
        run, trial, self.run, self.trial = self.run, self.trial, None, None
        notes.in_hand.discard(self._mark)
        if run is not None:
            run.stop()
            while not run.done:
                time.sleep(TICK)
        if trial is not None:
            with contextlib.suppress(WorkbenchError), trouble(self.where):
                notes.put_back(self.study, self._frozen(trial), "it was stopped")

    def _steps(self) -> Iterator[None]:
        """Trial after trial; gives control back several times a second."""
        self._began = time.monotonic()
        while not self._over():
            with trouble(self.where):
                self.trial = self._ask()
            if self.trial is not None:
                yield from self._train(self.trial)
                self.trial = None
            notes.in_hand.discard(self._mark)
            yield
        if self.stopped:
            with trouble(self.where):
                self._tell_everybody()

    def _over(self) -> bool:
        """Whether to begin no further trial. Others that still train may die, so one waits for them."""
        if self._wants_end():
            return True
        with trouble(self.where):
            notes.recover(self.study)
            return notes.counts(self.study)["done"] >= self.trials

    def _wants_end(self) -> bool:
        """Stopped here or elsewhere, out of time, or an orphan."""
        now = time.monotonic()
        if self.within is not None and now - self._began >= self.within:
            return True
        if not self.stopped and now - self._looked >= LOOK:
            self._looked = now
            self.stopped = self._stops_so_far() > self._stops or notes.parent_gone()
        return self.stopped

    def _stops_so_far(self) -> int:
        with trouble(self.where):
            return int(self.study.user_attrs.get("stops", 0))

    def _tell_everybody(self) -> None:
        """Stop reaches every process that works on this search, on whichever machine."""
        if self._stops_so_far() == self._stops and not notes.parent_gone():
            self._stops += 1
            self.study.set_user_attr("stops", self._stops)

    # one trial -------------------------------------------------------------------------------------------------------

    def _ask(self) -> Any:
        """The next trial with its values, or None while others are at the last ones."""
        counts = notes.counts(self.study)
        if counts["done"] + counts["running"] >= self.trials:
            time.sleep(LOOK / 2)
            return None
        total = sum(counts.values())
        self.study.sampler = self.plan.sampler(total, self.worker, self.trials)
        trial = self.study.ask(self.plan.distributions())
        owner = notes.mine()
        self._mark = owner["mark"]
        trial.set_user_attr("owner", owner)
        if notes.one_too_many(self.study, trial, self.trials):
            return None
        return trial

    def _train(self, trial: Any) -> Iterator[None]:
        from workbench.training.run import launch

        try:
            run = self.run = launch(self.plan.config(trial.params), self.data)
        except WorkbenchError as error:
            with trouble(self.where):
                return self._failed(trial, error)
        with trouble(self.where):
            trial.set_user_attr("run", run.id)
            trial.set_user_attr("folder", str(run.folder.resolve()))
        finding, seen = None, 0
        while not run.done:
            yield
            if self._wants_end():
                run.stop()
            elif finding is None and len(steps := run.frame()["step"]) > seen:
                seen = len(steps)
                finding = self._judge(trial, run, int(steps.iloc[-1]))
            self._sign_of_life(trial)
        self.run = None
        with trouble(self.where):
            self._note(trial, run, finding)

    def _judge(self, trial: Any, run: Any, step: int) -> Any:
        """Report the score at this step; the Finding that ends the trial, if there is one."""
        with trouble(self.where):
            score = self.plan.score(run)
            if score is not None:
                trial.report(score, step)
        finding = run.diagnosis
        if not self.plan.prune or finding.verdict not in PRUNING or run.done:
            return None
        run.stop()
        return finding

    def _sign_of_life(self, trial: Any) -> None:
        if time.monotonic() - self._beat > notes.BEAT:
            self._beat = time.monotonic()
            with trouble(self.where):
                trial.set_user_attr("beat", time.time())

    def _note(self, trial: Any, run: Any, finding: Any) -> None:
        """What became of the trial, in the storage."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        by_hand = run.status == "stopped" and run.context().stopped_by == "user" and finding is None
        if by_hand or run.store.trouble:
            self.stopped = self.stopped or (by_hand and not self._wants_end())
            notes.put_back(self.study, self._frozen(trial), "it was stopped" if by_hand else "the disk failed")
            if run.store.trouble:
                raise WorkbenchError(f"the search has stopped: {run.store.trouble}", "a disk that can be written",
                                     "making room, then the same call: it goes on")  # fmt: skip
            return
        try:
            if run.error is not None:
                return self._failed(trial, run.error)
            finding = finding or (run.diagnosis if run.diagnosis.verdict == advice.NON_FINITE else None)
            value = self._write_down(trial, run, finding)
            lost = value is None or (finding is not None and finding.verdict != advice.OVERFITTING)
            self.study.tell(trial, None if lost else value, TrialState.PRUNED if lost else TrialState.COMPLETE)
            self.failures = 0
        except WorkbenchError:
            raise
        except (UpdateFinishedTrialError, ValueError):
            return  # this machine slept so long that the trial was given to somebody else
        if self.say:
            self.say(notes.sentence(self.study, trial.number, self.plan.names))

    def _write_down(self, trial: Any, run: Any, finding: Any) -> float | None:
        """Score, verdict and reason as notes on the trial. What only `run.resume()` would need is thrown away."""
        value, facts = self.plan.score(run), run.store.facts
        last = finding or run.diagnosis
        found = {"score": value, "seconds": round(float(run.frame()["seconds"].iloc[-1]), 2), "verdict": last.verdict,
                 "reason": str(last) if last.verdict in PRUNING else None, "pruned": finding is not None,
                 **{k: facts.get(k) for k in ("metric", "n_valid", "majority", "control", "controls")}}  # fmt: skip
        for name, fact in found.items():
            if fact is not None:
                trial.set_user_attr(name, fact)
        shutil.rmtree(run.folder / "last", ignore_errors=True)
        return value

    def _failed(self, trial: Any, error: BaseException) -> None:
        """A setting that cannot be trained is a failed trial; when nothing else comes, the error is raised."""
        from optuna.trial import TrialState

        trial.set_user_attr("reason", str(error)[:300])
        self.study.tell(trial, state=TrialState.FAIL)
        self.failures += 1
        if self.failures >= FAILURES or not notes.counts(self.study)["done"]:
            raise error if isinstance(error, WorkbenchError) else WorkbenchError(
                f"a trial ended with {type(error).__name__}: {error}", "settings that can be trained") from error  # fmt: skip

    def _frozen(self, trial: Any) -> Any:
        return next(t for t in self.study.get_trials(deepcopy=False) if t.number == trial.number)


def search(
    data: Any = "reviews", space: Any = None, *, trials: int = 20, within: float | None = None, workers: int = 0,
    name: str | None = None, storage: Any = None, goal: str = "score", prune: bool = True, **choices: Any,
) -> Search:  # fmt: skip
    """Look for settings: `trials` runs drawn from `space`, each an ordinary run. `await` the answer, or `.join()` it in a script.

    `space`: a dict of RunConfig fields, a tuple (low, high) for a range and a list for a choice; `choices` hold for all trials.
    The budget is `trials` that end with a score, in all calls together, and `within` seconds of this call: what is being
    trained then goes back into the queue, as it does after Stop, and the same call goes on with it. `workers`: so many
    processes of this machine train at once; more join from anywhere with `python -m workbench search NAME --storage ...`.
    `storage`: a file (JSON lines, by default in runs/searches) or any optuna URL such as "sqlite:///search.db". `goal`: "score",
    the metric that a run draws, or "loss", the lowest validation loss. `prune`: end a trial whose verdict is diverging, not
    learning or overfitting (Finding as its reason). An overfitting trial keeps its best weights and their score; the others
    of these get none. Raises WorkbenchError for a malformed space or budget, and for a storage that cannot be used.
    """
    from workbench.data import load
    from workbench.scale.crew import Crew

    trials, within, workers = _budget(trials, within, workers)
    plan = Plan.make(data, space, goal, prune, choices)
    loaded = load(data)
    if workers and not plan.named:
        raise WorkbenchError("workers on data passed by hand", "data that can be loaded by its name", "a file's path")
    study, where = opened(plan, loaded, name, storage, trials)
    if workers:
        return Crew(plan, study, where, loaded, trials, within, workers)
    return Search(plan, study, where, loaded, trials, within)


def _budget(trials: Any, within: Any, workers: Any) -> tuple[int, float | None, int]:
    number = lambda v, low: isinstance(v, int | float) and not isinstance(v, bool) and v >= low  # noqa: E731
    if not (isinstance(trials, int) and number(trials, 1)):
        raise WorkbenchError(f"trials is {trials!r}", "a whole number from 1 up", "trials=20")
    if within is not None and not number(within, 0.1):
        raise WorkbenchError(f"within is {within!r}", "seconds above 0, or None", "within=600")
    if not (isinstance(workers, int) and number(workers, 0) and workers <= 64):
        raise WorkbenchError(f"workers is {workers!r}", "a whole number from 0 (this process) to 64", "workers=2")
    return trials, within, workers
