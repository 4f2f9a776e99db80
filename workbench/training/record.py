"""Record: a run as it lies in its folder. Its curve, its verdict, and what its kept weights answer; nothing is trained here.

`training.run.Run` is a Record that can be started, watched, stopped and resumed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.config import BY_HAND, RunConfig
from workbench.errors import WorkbenchError, whole
from workbench.files import to_be_made
from workbench.training import events as ev
from workbench.training import recent
from workbench.training.store import Store

if TYPE_CHECKING:
    import pandas as pd  # otherwise where it is needed, as in the store


class Record:
    """What can be read and asked of a run. `data` is what it was trained on, where that is at hand."""

    def __init__(self, store: Store, data: Any = None) -> None:
        self.store, self._data = store, data
        self._loaded: Any = None  # the predictor, once it has been read from the folder

    @property
    def id(self) -> str:
        return self.store.id

    @property
    def folder(self) -> Path:
        return self.store.folder

    @property
    def config(self) -> RunConfig:
        return self.store.config

    @property
    def done(self) -> bool:
        """Whether nobody of this process trains it."""
        return True

    @property
    def status(self) -> str:
        """new, queued, training, paused, finished, stopped, failed or interrupted."""
        return self.store.status

    @property
    def notes(self) -> list[str]:
        """Sentences for the learner: what the run had to change, and trouble with the disk. Of those that report progress, the last."""
        found = [e.text for e in self.store.events if isinstance(e, ev.Note)]
        last = {text.partition(":")[0]: text for text in found}  # "Reading clinic-sentences: ..." again and again
        told = [text for text in found if last[text.partition(":")[0]] is text]
        return told + ([self.store.trouble] if self.store.trouble else [])

    @property
    def states(self) -> list[int]:
        """The steps whose training state is kept: where `fork` can begin."""
        from workbench.training.states import kept

        return list(kept(self.folder))

    def frame(self) -> pd.DataFrame:
        """One row per evaluation (see `Store.frame`)."""
        return self.store.frame()

    def ghost(self) -> pd.DataFrame:
        """The evaluations after early stopping has fired, of a run with `ghost=True` (see `Store.ghost`)."""
        return self.store.ghost()

    def whole(self) -> pd.DataFrame:
        """`frame()` and `ghost()` as one curve: what a replay of stopping rules reads."""
        return self.store.whole()

    def steps(self) -> pd.DataFrame:
        """One row per reported step (see `Store.steps`)."""
        return self.store.steps()

    def moves(self) -> pd.DataFrame:
        """One row per evaluation: how far every block of the model is from its start (see `Store.moves`)."""
        return self.store.moves()

    def examples(self) -> Any:
        """The probabilities of single texts at every evaluation (see `training.examples.Examples`); needs `watch=True`."""
        from workbench.training.examples import read

        return read(self.store)

    def dynamics(self, until: float | None = None, reveal: bool = False, data: Any = None) -> pd.DataFrame:
        """One row per watched training text: row, text, label, confidence, variability, correctness, forgetting, learned, over the
        evaluations up to step `until`; with `reveal` also `true_label` and `flipped`. `data` where the run cannot load it again."""
        from workbench.training.examples import texts_of

        frame = self.examples().dynamics(until, reveal)
        frame.insert(1, "text", texts_of(self.data(data), "train", frame["row"].to_numpy()))
        return frame

    def noise(self) -> pd.DataFrame:
        """One row per evaluation: shares of the flipped training texts that are answered with the wrong label that they were
        `given`, with their `true` one, or another; and the share `expected` if nothing were memorised."""
        return self.examples().noise()

    @property
    def diagnosis(self) -> Any:
        """The Finding that fits the curve so far: verdict, numbers, rule, source, advice."""
        from workbench.diagnosis import diagnose

        return diagnose(self.frame(), self.context())

    def context(self) -> Any:
        """What the diagnosis needs to know beside the curve."""
        import pandas as pd

        from workbench.diagnosis import Context

        facts, frame = self.store.facts, self.frame()
        ended, begun = self.store.last(ev.Ended), self.store.last(ev.Started)
        fired = self.store.fired
        finished = fired is not None or self.status not in ("training", "paused", "queued", "preparing", "new")
        se = frame["valid_loss_se"].iloc[-1] if len(frame) and "valid_loss_se" in frame else None
        return Context(
            n_valid=facts.get("n_valid"),
            n_train=facts.get("n_train"),
            majority=facts.get("majority"),
            trivial=str((facts.get("controls") or ["majority class"])[0]),
            label_entropy=facts.get("label_entropy"),
            planned_steps=begun.planned_steps if begun else None,
            loss_se=None if se is None or pd.isna(se) else float(se),
            metric_name=self.store.metric,
            finished=finished,
            stopped_by="patience"
            if fired
            else {"rule": "patience"}.get(ended.reason, ended.reason)
            if ended and finished
            else None,
        )

    @property
    def best(self) -> dict[str, float]:
        """The row of the best evaluation: step, losses, metrics. Empty before the first one."""
        import pandas as pd

        frame = self.frame()
        finite = frame[frame["valid_loss"].apply(lambda v: pd.notna(v) and abs(v) != float("inf"))]
        return {} if finite.empty else dict(finite.loc[finite["valid_loss"].idxmin()])

    @property
    def kept(self) -> dict[str, float]:
        """The row of the weights that predict: `best`, or with `restore_best=False` the last one with a finite loss."""
        frame = self.frame()
        if self.config.restore_best or frame.empty:
            return self.best
        return dict(frame.iloc[-1])

    # afterwards ----------------------------------------------------------------------------------------------------

    def predictor(self) -> Any:
        """The model with the weights that are kept, ready for texts; loaded again from the folder after a restart."""
        from safetensors import SafetensorError

        from workbench.training.predictor import Predictor

        if not self.done:
            raise WorkbenchError(f"run {self.id} is still {self.status}", "a run that has ended", "await run")
        if self._loaded is None:
            if not self.store.weights.exists():
                raise WorkbenchError(
                    f"run {self.id} has no weights", "a run with at least one evaluation", "wb.fit again"
                )
            try:
                self._loaded = Predictor.from_store(self.store)
            except (SafetensorError, OSError) as error:
                raise WorkbenchError(f"the weights of run {self.id} cannot be read ({error!s:.200})", "a whole file",
                                     f"{self.to_code()} again") from error  # fmt: skip
        here = self._loaded
        recent.use(self)
        return here

    def forget_model(self) -> None:
        """Free the memory of the model, which is read again from the folder when it is asked."""
        self._loaded = None

    def predict(self, texts: Any) -> pd.DataFrame:
        """One row per input. Classification: text, label, probability, and the probability of every label. Several
        labels: text, those given, the probability of every one. Tagging: text, tokens, tags, entities. Answering, of (question,
        passage) pairs: the answers and their places. Translation: text, translation. Words: text, and what the model would say."""
        return self.predictor().predict(texts)

    def errors(self, n: int = 10, split: str = "validation") -> pd.DataFrame:
        """The `n` texts of a split that the model gets most wrong, worst first."""
        whole("n", n, try_="run.errors(10)")
        return self.predictor().errors(self._split(split, "errors"), n)

    def confusion(self, split: str = "validation") -> pd.DataFrame:
        """Counts of a split: rows are what is right, columns what the model answered (tagging: words by type of name; several
        labels per text: a row per label with how often it was given rightly, given wrongly, missed, rightly not given)."""
        return self.predictor().confusion(self._split(split, "confusion"))

    def evaluate(self, split: str = "test") -> dict[str, float]:
        """Loss and metrics of the weights that are kept on a split, BLEU and chrF of a translator among them; look at `test`
        once, at the end."""
        return self.predictor().evaluate(self._split(split, "evaluate"))

    def _split(self, name: str, asking: str) -> Any:
        data = self.data()
        if not isinstance(name, str) or name not in data:
            raise WorkbenchError(
                f"no split called {name!r:.60}", f"one of {', '.join(data)}", f"run.{asking}(split='validation')"
            )
        return data[name]

    def quantized(self) -> Any:
        """The kept model with int8 weights for inference on CPUs: `.predict(texts)`, `.evaluate(data["test"])`, `.errors(data["test"], 10)`
        and `.save(folder)` (see `training.quantized`)."""
        return self.predictor().quantized()

    def save(self, folder: str | Path) -> Path:
        """Write the model to a new folder: weights, tokenizer, config, labels and how to load it again."""
        return self.predictor().save(path_of(folder, "save"), self)

    def export(self, folder: str | Path) -> Path:
        """Write this run to a new folder as a plain transformers script with its config and data (see `scale.export`)."""
        from workbench.scale.export import export

        return export(self, path_of(folder, "export"))

    def push_to_hub(self, name: str, private: bool = True) -> str:
        """Upload what `save` writes to "owner/name" on the Hub with your own token, and return its address (see `scale.push`)."""
        from workbench.scale.push import push

        return push(self, name, private)

    def model_folder(self) -> Path:
        """The model of this run as a folder beside its history, written when it is first asked for."""
        folder = self.folder / "model"
        if not (folder / "workbench.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            self.predictor()  # a run without a model says so itself
            try:
                self.save(folder)
            except WorkbenchError as error:
                raise WorkbenchError(f"the model of run {self.id} is to be written beside its history, and {error.found}", error.expected,
                                     "model=str(run.save('my-model')), in a place that you may write to") from error  # fmt: skip
        return folder

    def data(self, given: Any = None) -> Any:
        """The data this run was trained on. `given` hands them back to a run that was opened again and cannot load them by a name.

        Raises WorkbenchError where what is given, or what the name stands for by now, are other data: scores on them would be of
        texts that the run may have learned from.
        """
        from workbench.data import load

        if given is not None:
            self._data = self._same(
                load(given), f"other data than run {self.id} was trained on", "the frame or file of that run"
            )
        if self._data is None:
            name = self.config.data
            if name == BY_HAND:
                raise WorkbenchError(f"run {self.id} was trained on data passed by hand", "the same data again, once",
                                     "run.data(frame)")  # fmt: skip
            try:
                found = load(name)
            except WorkbenchError as error:  # moved, or named from another folder
                raise WorkbenchError(f"the data of run {self.id} are not found again: {error.found}", error.expected,
                                     "run.data(path), with where they are now") from error  # fmt: skip
            self._data = self._same(found, f"the data {name!r} have changed since run {self.id} was trained on them",
                                    "run.data(...) with them as they were, or a new run")  # fmt: skip
        return self._data

    def _same(self, found: Any, otherwise: str, try_: str) -> Any:
        """`found` where it is what this run was trained on, before labels were flipped."""
        from workbench.data import fingerprint

        if self.store.facts.get("given" if self.config.noise else "fingerprint") not in (None, fingerprint(found)):
            raise WorkbenchError(otherwise, "the same texts and labels", try_)
        return found

    def figure(self) -> Any:
        """A matplotlib Figure of the curves."""
        from workbench.views.run_picture import run_figure

        return run_figure(self)

    def to_code(self) -> str:
        """The line of code that makes this run again; of a fork the one that branches it off its parent."""
        fork = self.store.facts.get("fork")
        if not fork:
            return self.config.to_code()
        choices = "".join(f", {name}={new!r}" for name, (_, new) in fork["changed"].items())
        return f"parent.fork({fork['step']}{choices})  # parent: run {fork['parent']}"

    def to_recipe(self) -> str:
        """The same choices as TOML: save it as a file and `python -m workbench launch` runs it again."""
        return self.config.to_recipe()

    def __repr__(self) -> str:
        kept = self.kept
        score = f" · {self.store.metric} {kept[self.store.metric]:.3f} at step {int(kept['step'])}" if kept else ""
        return f"<Run {self.id} · {self.status}{score}>"


def path_of(folder: Any, asking: str) -> Path:
    """The folder to write into, with `~` spelled out, or an error that says what it got instead of one."""
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise WorkbenchError(
            f"{folder!r:.60} instead of a folder", "the path of a new folder", f'run.{asking}("my-model")'
        )
    return to_be_made(folder)
