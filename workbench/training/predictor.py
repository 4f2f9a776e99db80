"""A fine-tuned model that answers for texts: predictions, worst errors, scores, a folder to keep. No training here."""

from __future__ import annotations

import json
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.heads import OwnHead, PooledClassifier
from workbench.models.place import lent
from workbench.tasks.base import Encoded
from workbench.tasks.forward import forward
from workbench.training.store import Store


@dataclass
class Asked:
    """A finished model that a task may ask (see `tasks.base.Ask`)."""

    model: Any
    task: Any
    tokenizer: Any

    def __call__(self, encoded: Encoded) -> Any:
        return forward(self.model, encoded, self.task.collate(self.tokenizer), lambda: True, read=self.task.read)


class Once:
    """The same model, asked once of the same examples: the newest answers are remembered."""

    def __init__(self, ask: Asked) -> None:
        self.ask, self.model = ask, ask.model
        self._of: Encoded | None = None
        self._answers: Any = None

    def __call__(self, encoded: Encoded) -> Any:
        if self._of is None or not _same(self._of, encoded):
            self._answers, self._of = self.ask(encoded), encoded
        return self._answers


def _same(one: Encoded, other: Encoded) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one.ids, other.ids))


class Predictor:
    """Model + tokenizer + labels of one finished run."""

    def __init__(self, task: Any, model: torch.nn.Module, tokenizer: Any, labels: list[str], config: RunConfig) -> None:
        self.task, self.model, self.tokenizer, self.labels, self.config = task, model, tokenizer, labels, config

    @classmethod
    def from_store(cls, store: Store) -> Predictor:
        """Rebuild the model that a run folder describes and put its best weights in."""
        from types import SimpleNamespace

        from workbench.data import mistakes
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS, choices
        from workbench.techniques import TECHNIQUES
        from workbench.training.checkpoint import load_file

        task = choices.chosen(TASKS[store.facts.get("task", "classification")], store.config)
        source = zoo.source(store.config.model, store.config.add_tokens)
        tokenizer, labels = pairing.tokenizer(source, task.name), list(store.facts["labels"])
        shell: Any = SimpleNamespace(labels=labels, tokenizer=tokenizer)
        technique = TECHNIQUES[store.config.technique]
        weights = load_file(store.weights)
        model = technique.again(task.build(source, shell, store.config), store.config, weights)
        model.load_state_dict(weights)
        task, tokenizer = mistakes.spoil(store.config, mistakes.SERVING, task, tokenizer)
        return cls(task, technique.finish(model).eval(), tokenizer, labels, store.config)

    @classmethod
    def untouched(cls, model: str, task: str = "translation", **choices: Any) -> Predictor:
        """A checkpoint as it came, where the task needs no new head: what fine-tuning has to beat."""
        from types import SimpleNamespace

        from workbench.data import mistakes
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS

        config = RunConfig(model=model, **choices)
        source = zoo.source(model, config.add_tokens)
        pairing.suits(source, task)
        mistakes.check(config.mistake, task)
        shell: Any = SimpleNamespace(labels=[], tokenizer=pairing.tokenizer(source, task))
        built = TASKS[task].build(source, shell, config)
        served, tokenizer = mistakes.spoil(config, mistakes.SERVING, TASKS[task], shell.tokenizer)
        return cls(served, built.eval(), tokenizer, [], config)

    def __repr__(self) -> str:
        mistake = f", served with {self.config.mistake}" if self.config.mistake else ""
        return f"{type(self).__name__}: {self.config.model} for {self.task.name}{mistake}. It has predict, evaluate and errors."

    def predict(self, inputs: Any) -> pd.DataFrame:
        """One row per input, as the task makes it (classification: text, label, probability, then every label's)."""
        with self.at_work():
            return self.task.predict(self.ask, inputs, self.tokenizer, self.labels, self.config)

    def errors(self, split: Any, n: int) -> pd.DataFrame:
        """The `n` worst errors on a split, worst first."""
        _rows(split)
        with self.at_work():
            return self.task.errors(self.ask, split, n, self.tokenizer, self.labels, self.config)

    def confusion(self, split: Any) -> pd.DataFrame:
        """Counts: rows are what is right, columns what was answered; of several labels per text, one row per label with how often
        it was given rightly, given wrongly, missed and rightly not given."""
        with self.at_work():
            return self._counts(self.ask, split)

    def _counts(self, ask: Any, split: Any) -> pd.DataFrame:
        _rows(split)
        encoded = self.task.encode(split, self.tokenizer, self.config.max_length, self.labels)
        if hasattr(self.task, "label_counts"):
            found: pd.DataFrame = self.task.label_counts(ask(encoded), encoded.labels, self.labels)
            return found
        right, answer, names = self.task.pairs(ask(encoded), encoded.labels, self.labels)
        counts = np.zeros((len(names), len(names)), dtype=int)
        np.add.at(counts, (right, answer), 1)
        frame = pd.DataFrame(counts, index=pd.Index(names, name="right"), columns=pd.Index(names, name="answer"))
        frame.attrs["unit"] = self.task.unit
        return frame

    def evaluate(self, split: Any) -> dict[str, float]:
        """Mean loss (nats) and the task's metrics."""
        _rows(split)
        encoded = self.task.encode(split, self.tokenizer, self.config.max_length, self.labels)
        written = getattr(self.task, "written", None)  # scores that take too long to be measured while training
        with self.at_work():
            answers = self.ask(encoded)
            more = written(self.ask, split, self.tokenizer, self.config) if written else {}
        return {
            "loss": float(self.task.losses(answers, encoded.labels).mean()),
            **self.task.metrics(answers, encoded.labels, self.labels),
            **more,
        }

    def review(self, split: Any, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """`errors` and `confusion` of a split, of which the model is asked once; without confusion where no label is right or wrong."""
        once = Once(self.ask)
        with self.at_work():
            wrong = self.task.errors(once, split, n, self.tokenizer, self.labels, self.config)
            return wrong, self._counts(once, split) if "right" in wrong else pd.DataFrame()

    def quantized(self) -> Any:
        """The same model with int8 weights for CPUs (see `training.quantized`)."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch.ao speaks of its successor, also while it is imported
                from workbench.training.quantized import Quantized
        except ImportError as error:
            raise WorkbenchError(
                "a torch without dynamic quantisation", "torch 2.8 to 2.13", "the run itself"
            ) from error
        return Quantized.of(self)

    def state(self) -> dict[str, torch.Tensor]:
        """Its weights by name, as they are kept on disk."""
        return {k: v.cpu().contiguous() for k, v in self.model.state_dict().items()}

    def at_work(self) -> AbstractContextManager[None]:
        """Within it the model stands where it answers fastest: on the GPU, if there is one (see `models.place`)."""
        return lent(self.model)

    @property
    def ask(self) -> Asked:
        """The model's logits, example by example."""
        return Asked(self.model, self.task, self.tokenizer)

    def _pooling(self) -> str:
        """What a head on this encoder should read: what this run's head did, or where it had none for whole texts (tags, hidden
        words) what was advised for the model that it began with."""
        from workbench.models import zoo

        if isinstance(self.model, PooledClassifier):
            return self.model.pooling
        return (
            "native" if self.task.name in ("classification", "multi-label") else zoo.source(self.config.model).pooling
        )

    def save(self, folder: Path, run: Any) -> Path:
        """A new folder with the encoder, the head, the tokenizer, the labels and a model card that says how to load them."""
        from workbench.scale.aside import new_folder

        with new_folder(folder) as aside:
            self._write(aside, run)
        return folder

    def _write(self, folder: Path, run: Any) -> None:
        from workbench.scale.usage import readme

        self.tokenizer.save_pretrained(folder)
        if isinstance(self.model, OwnHead):
            from safetensors.torch import save_file

            encoder: Any = self.model.encoder
            encoder.save_pretrained(folder)
            save_file(self.model.head_state(), folder / "head.safetensors")
        else:
            native: Any = self.model
            native.save_pretrained(folder)
        about = {"labels": self.labels, "config": json.loads(json.dumps(run.config.__dict__)), "kept": _numbers(run.kept),
                 "pooling": self._pooling()}  # fmt: skip
        (folder / "workbench.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")
        (folder / "README.md").write_text(readme(run, self.model, self.tokenizer), "utf-8")


def _numbers(row: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in row.items() if isinstance(v, int | float)}


def _rows(split: Any) -> None:
    """An error where it is no split of loaded data: its name, all splits together, or a table."""
    all_of_them = isinstance(split, dict) and all(hasattr(part, "column_names") for part in split.values())
    if isinstance(split, str | pd.DataFrame) or all_of_them:
        shown = repr(split) if isinstance(split, str) else f"a {type(split).__name__}"
        raise WorkbenchError(f"{shown:.60} instead of the rows of a split", "a split of loaded data",
                             'run.data()["validation"], or wb.load(table)["train"]')  # fmt: skip
