"""What the background thread of a run does: prepare, build, train, keep the best. It never prints, displays or draws."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from workbench import catalog
from workbench.errors import WorkbenchError
from workbench.training import engine, recent, states
from workbench.training import events as ev
from workbench.training.store import Store
from workbench.training.wishes import Wishes

SMALLEST = 1  # examples per forward pass below which running out of memory is final


_known: dict[Any, tuple[float, float]] = {}


class Worker:
    """Trains one run into its store. `predictor` holds the best weights afterwards."""

    def __init__(self, store: Store, data: Any, resume: Path | None, team: Any = None) -> None:
        from workbench.training.team import ALONE

        self.team = team or ALONE
        self.store, self.config, self.data, self.resume = store, store.config, data, resume
        self.wishes = Wishes()
        self.begun = self.began_loading = False
        self.predictor: Any = None
        self.bridge: Any = None
        self.finished_once = False

    def train(self) -> None:
        """From data to the best weights; halves the batch as long as memory runs out."""
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self.began_loading = True
        self._prepare()
        from workbench.models.place import out_of_memory

        begun = self.store.last(ev.Started)
        accumulate = int(begun.facts.get("accumulate", 1)) if self.resume and begun else 1
        while not self.wishes.stop.is_set():
            try:
                return self._attempt(accumulate)
            except (MemoryError, RuntimeError) as error:
                too_small = self.config.batch_size // (accumulate * 2 * self.team.world) < SMALLEST
                if (
                    not out_of_memory(error) or too_small or self.team.world > 1
                ):  # several would have to run out at once
                    raise
            accumulate *= 2
            self.bridge = None  # it holds a copy of the model
            engine.give_back()
            self.note(f"Memory ran out: each batch of {self.config.batch_size} is now computed in {accumulate} parts.")
        self.end("user", "Stopped before it began.")

    def end(self, reason: str, text: str = "") -> None:
        """Emit the end once; later words about the end of the same training are dropped."""
        if self.finished_once:
            return
        self.finished_once = True
        bridge = self.bridge
        seconds = bridge.seconds() if bridge else 0.0
        last = self.store.last(ev.Stepped)
        self.store.append(
            ev.Ended(last.step if last else 0, seconds, reason, text, bridge.best_step if bridge else None)
        )

    def note(self, text: str) -> None:
        last = self.store.last(ev.Stepped)
        self.store.append(ev.Note(last.step if last else 0, 0.0, text))

    def _prepare(self) -> None:
        from workbench.data import fingerprint, load, mistakes
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS, choices
        from workbench.techniques import TECHNIQUES
        from workbench.training import precision, watch

        config = self.config
        drawn = config.replace(seed=self.store.facts.get("texts_seed", config.seed))  # a fork keeps its parent's texts
        self.precision = precision.choose(config.precision)
        self.source = zoo.source(config.model, config.add_tokens)
        self.data = load(config.data) if self.data is None else self.data
        task = choices.chosen(TASKS[agreed(config.task, self.data.task)], config)
        choices.check(config, task.name)
        technique = TECHNIQUES[config.technique]
        technique.check(config, task.name)
        if config.watch or config.noise:
            watch.check(task.name)
        pairing.suits(self.source, task.name)
        mistakes.check(config.mistake, task.name)
        if technique.reads:
            self._read()
        for said in self._hints(task.name, technique):
            self.note(said)
        kinds, few = len(self.data.labels), config.train_examples
        if task.name == "classification" and few is not None and few < kinds:
            self.note(f"{few} training texts for {kinds} labels: some label is never seen.")
        tokenizer = pairing.tokenizer(self.source, task.name)
        self.task, learns_with = mistakes.spoil(config, mistakes.TRAINING, task, tokenizer)
        self.served = mistakes.spoil(config, mistakes.SERVING, task, tokenizer)
        self.prepared = self.task.prepare(self.data, learns_with, drawn)
        if config.noise:
            self.store.facts["given"] = fingerprint(self.data)  # by which it is known, as labels are flipped now
            self.prepared, self.data = watch.with_noise(self.prepared, self.data, config.noise, drawn.seed)
        if config.mistake is not None:
            self.note(f"With a deliberate mistake, {config.mistake}: {mistakes.find(config.mistake)[0].title}.")
        mark = fingerprint(self.data)
        known = self.prepared.facts.pop("baselines", None)  # of a task whose controls guess pieces, too
        if not self.team.leads:
            return
        majority, control = known or _baselines(mark, self.task, self.data, self.prepared, drawn)
        self.store.facts.update(self.prepared.facts, task=self.task.name, metric=self.task.metric, unit=self.task.unit,
                                controls=self.task.controls, majority=majority, control=control, labels=self.prepared.labels,
                                fingerprint=mark, device=self.precision.device,
                                dtype=self.precision.dtype, versions=_versions())  # fmt: skip
        if self.prepared.facts["cut"]:
            longest, asked = self.prepared.tokenizer.model_max_length, config.max_length
            limit = f"max_length={asked}" if asked <= longest else f"the {longest} pieces that the model takes"
            self.note(f"{self.prepared.facts['cut']} training texts are longer than {limit} and were cut.")

    def _hints(self, task: str, technique: Any) -> Iterator[str]:
        """What a learner should know of these choices before the run begins; none of it keeps it from beginning."""
        from workbench.models import pairing, sound, zoo
        from workbench.tasks import choices
        from workbench.training import precision

        config = self.config
        if self.precision.device == "cuda" and self.team.world == 1 and (there := precision.gpus()) > 1:
            yield f"This run trains on one of {there} GPUs. On all: run.to_recipe() in a file, python -m workbench launch FILE."
        if config.learning_rate < technique.rate / 4:
            yield f"{technique.name} usually wants a learning rate near {technique.rate:g}; this run has {config.learning_rate:g}."
        for choice in config.changed():
            if (needs := catalog.owner(choice)) not in (None, technique.name):
                yield f"{choice} is for technique={needs!r} alone; {technique.name} leaves it out."
        yield from filter(None, (choices.left_out(config, task), pairing.own_head(self.source, task, config.head),
                                 sound.padding_words(zoo.config(self.source))))  # fmt: skip

    def _read(self) -> None:
        """The model's own language model reads first; what it has become is what is fine-tuned. Earlier readings are used again."""
        from workbench.models import zoo
        from workbench.training.reading import reader

        if self.team.world > 1:
            raise WorkbenchError("domain adaptation in several processes", "the language model's run first, then the fine-tuning from it",
                                 "model='the folder that the language model was saved in'")  # fmt: skip
        run = reader(self.config, self.data, self.store.folder.parent, self.wishes, self.note)
        if run is not None:
            self.source = zoo.source(str(run.model_folder()), self.config.add_tokens)
            last = run.store.last(ev.Stepped)
            self.store.facts.update(reader=run.id, reading_seconds=round(last.seconds, 1) if last else 0.0)

    def _attempt(self, accumulate: int) -> None:
        from transformers import set_seed

        from workbench.models.moves import Moves
        from workbench.techniques import TECHNIQUES
        from workbench.techniques.base import trained_parameters
        from workbench.training import checkpoint
        from workbench.training.bridge import Bridge
        from workbench.training.precision import answer_in_fp32
        from workbench.training.predictor import Predictor
        from workbench.training.trainer import make_trainer
        from workbench.training.watch import watch

        set_seed(self.config.seed)
        technique = TECHNIQUES[self.config.technique]
        model = technique.apply(self.task.build(self.source, self.prepared, self.config), self.config)
        learn, total = trained_parameters(model)
        self.store.facts.update(trained=learn, parameters=total)
        self.store.write_config()
        bridge = Bridge(self.task, self.prepared, self.config, self.store.folder, self.store.append, self.store.guard,
                        self.wishes, self.resume, technique, self.team,
                        watch(self.store, self.prepared, self.data), self._changed())  # fmt: skip
        self.bridge = bridge
        examples = technique.examples(self.prepared, self.data, self.task, self.config)
        trainer = make_trainer(model, examples, technique, self.config, self.precision, self.store.folder, bridge,
                               accumulate, self.team)  # fmt: skip
        bridge.moves = Moves(model)  # from where the model began, also when training goes on from a state
        self.begun = True
        engine.give_back(collect=False)  # what preparing and the baselines needed; Trainer begins with a collection
        if self.resume:
            checkpoint.without_pickles(self.resume)
        trainer.train(resume_from_checkpoint=str(self.resume) if self.resume else None)
        why = bridge.fired or bridge.ended  # a ghost is past the end of its run, however it ends itself
        self.end(why or "budget", _words(why, self.config) + ghost_words(self.store))  # first of all: Stop means stop
        if not self.team.leads:
            return
        if why == "user":
            bridge.save(model, trainer.optimizer, trainer.lr_scheduler, trainer.state)
        optimizer: Any = trainer.optimizer
        optimizer.state.clear()  # twice the model's size, and what comes now needs as much again
        model.zero_grad(set_to_none=True)
        engine.give_back(collect=False)
        if self.config.restore_best or bridge.fired:
            bridge.restore_best(model)
        else:
            bridge.keep(model)
        if self.config.keep_states:
            states.trim(self.store.folder.parent, self.store.folder)
        self.store.facts.update(memory_mb=bridge.memory, gpu_memory_mb=bridge.gpu_memory,
                                trained=max(learn, trained_parameters(model)[0]),
                                **technique.report(model, self.prepared, self.task, self.config))  # fmt: skip
        self.store.write_config()
        answer_in_fp32(model)
        task, tokenizer = self.served
        model = technique.finish(model).eval().cpu()  # it rests there (see `models.place`)
        self.predictor = Predictor(task, model, tokenizer, self.prepared.labels, self.config)
        recent.use(self)

    def forget_model(self) -> None:
        """Free the memory of the trained model where its weights are on disk for sure: the run then reads them from there."""
        if self.store.weights.exists() and not self.store.trouble:
            self.predictor = None

    def _changed(self) -> dict[str, Any] | None:
        """What a fork that begins here has changed; None for a run of its own, and for one that goes on from its own state."""
        begins = self.resume is not None and self.resume.parent.resolve() != self.store.folder.resolve()
        return self.store.facts["fork"]["changed"] if begins else None


def agreed(asked: str, found: str) -> str:
    """The task of a run: what the data is for, unless something else was asked of it."""
    if asked not in ("auto", found):
        raise WorkbenchError(
            f"task {asked!r} on data for {found}", f"task='auto' or task={found!r}", "leaving task out"
        )
    return found


def _baselines(mark: str, task: Any, data: Any, prepared: Any, config: Any) -> tuple[float, float]:
    """The task's two controls for this data and subset; remembered, as learners train on it again."""
    key = (mark, len(prepared.train), config.seed if config.train_examples else None)
    if key not in _known:
        _known[key] = task.baselines(data, np.unique(prepared.train.rows), prepared.labels)
    return _known[key]


def _words(ended: str, config: Any) -> str:
    from workbench.training.budget import budget

    return {
        "patience": f"Early stopping: {config.patience} evaluation{'s' * (config.patience != 1)} without a lower validation loss.",
        "rule": f"Early stopping by the rule {config.stopping}.",
        "time": f"The budget of {budget(config.seconds):g} seconds is spent.",
        "user": "Stopped by hand.",
        "non-finite": "The loss is no longer a number.",
    }.get(ended, "The planned number of epochs is done.")


def ghost_words(store: Store) -> str:
    """What early stopping has lost or saved, where a ghost went on to show it."""
    from workbench.diagnosis.race import in_words, stopped

    if store.fired is None or len(store.ghost()) < 2:
        return ""
    name = store.config.stopping if store.fired.reason == "rule" else f"patience {store.config.patience}"
    whole = store.whole()
    kept = "lowest" if store.config.restore_best else "last"
    return " The ghost: " + in_words(whole, stopped(whole, len(store.frame()) - 1, str(name), kept))


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "datasets")}
