"""A run as a folder that stands alone: a plain transformers script, its config, its data, the checkpoint it begins with. No training.

What is exported is what the run did, not what the workbench would do now: the same rows in the same order, the length and the
number format that were used, the step at which it was stopped. `original.json` has its curve, and the script says how close it came.
"""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import to_be_made
from workbench.scale import settings
from workbench.scale.aside import check_free, new_folder
from workbench.scale.card import data_card, export_readme, short
from workbench.scale.script import script
from workbench.training import events as ev

TASKS = ("classification", "tagging")
TECHNIQUES = ("full", "feature-extraction", "unfreezing", "lora", "ia3")
_COPIED = ("config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer*", "special_tokens_map.json",
           "added_tokens.json", "vocab.*", "merges.txt", "*.model", "README.md", "LICENSE*")  # fmt: skip


def export(run: Any, folder: str | Path) -> Path:
    """Write train.py, config.toml, data/, requirements.txt, README.md and the checkpoint to a new folder, and return it.

    Raises WorkbenchError for a run that no script can repeat (which says what can), and for a folder that cannot be written.
    """
    folder = to_be_made(folder)
    check_free(folder)
    check(run)
    parts = Parts(run)
    with new_folder(folder) as aside:
        parts.write(aside)
    return folder


def check(run: Any) -> None:
    """Raise a WorkbenchError that says what can be exported where this run cannot."""
    task, technique = run.store.facts.get("task"), run.config.technique
    if not run.done or run.status in ("new", "queued", "preparing", "training", "paused"):
        raise WorkbenchError(f"run {run.id} is {run.status}", "a run that has ended", "await run, then export")
    if run.frame().empty:
        raise WorkbenchError(
            f"run {run.id} has no curve", "a run with at least one evaluation", f"{run.to_code()} again"
        )
    can = f"{' or '.join(TASKS)} with {', '.join(TECHNIQUES)}"
    if task not in TASKS or technique not in TECHNIQUES:
        raise WorkbenchError(f"a script for {task} with technique {technique!r} cannot be written yet", can,
                             "run.to_code(), or run.save() for the finished model")  # fmt: skip
    if own := _own_choice(run, str(task)):
        raise WorkbenchError(f"a script for {own} cannot be written yet", "a run of what transformers does by itself",
                             "run.to_code(), or run.save() for the finished model")  # fmt: skip
    if any(isinstance(event, ev.RateChanged) for event in run.store.events):
        raise WorkbenchError(f"the learning rate of run {run.id} was moved by hand while it trained",
                             "a run that followed its config from start to end", f"{run.to_code()} again, then export it")  # fmt: skip


def _own_choice(run: Any, task: str) -> str:
    """What a run did in its model, its data or its steps that train.py does not know; empty where there is nothing."""
    config = run.config
    if task == "tagging" and config.head != "linear":
        return f"head={config.head!r} on tags"
    for name, usual in {"decoding": "free", "mixup": 0, "freeze": 0, "noise": 0, "mistake": None}.items():
        if (value := getattr(config, name)) != usual:
            return f"{name}={value!r}"
    if run.store.facts.get("fork"):
        return "a fork, which goes on from another run's state,"
    return "add_tokens" if config.add_tokens else ""


def _stays_inside(path: Path) -> None:
    """Raise a WorkbenchError for a link to a file elsewhere, which would leave with the export; the Hub's own store has links inside itself."""
    from huggingface_hub.constants import HF_HUB_CACHE

    place = path.resolve()
    if not any(place.is_relative_to(Path(inside).resolve()) for inside in (path.parent, HF_HUB_CACHE)):
        raise WorkbenchError(f"{path.name} of the model's folder is a link to a file elsewhere", "files in the folder itself",
                             f"a copy of the file in the place of {path.name}")  # fmt: skip


class Parts:
    """Everything that goes into the folder, read before anything is written."""

    def __init__(self, run: Any) -> None:
        from workbench.data import fingerprint
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS as KNOWN

        self.run, self.config, self.facts = run, run.config, run.store.facts
        self.task, self.data = KNOWN[self.facts["task"]], run.data()
        if self.facts.get("fingerprint") not in (None, fingerprint(self.data)):
            raise WorkbenchError(f"the data {self.config.data!r} have changed since run {run.id}", "the data it was trained on",
                                 f"{run.to_code()} again, then export it")  # fmt: skip
        self.source = zoo.source(self.config.model)
        if own := pairing.own_head(self.source, self.task.name, self.config.head):
            raise WorkbenchError(
                own,
                "a model of a family that it has one for, such as BERT",
                "run.save() for the finished model",
            )
        self.tokenizer = zoo.tokenizer(self.source)
        self.prepared = self.task.prepare(self.data, self.tokenizer, self.config)
        self.longest = min(self.config.max_length, self.tokenizer.model_max_length)
        self.local = Path(self.source.location).is_dir()
        if self.task.name == "tagging":
            self._check_words()
        self._look_at_model(zoo)

    def _look_at_model(self, zoo: Any) -> None:
        """The head's pooling, the fields of the checkpoint's config that the run changed, and the class to load."""
        from workbench.models import relabelled

        config, loaded = self.config, zoo.config(self.source)
        changed = zoo.config(self.source)
        zoo.set_dropout(changed, config.dropout)
        zoo.set_layers(changed, config.layers)
        if changed.num_hidden_layers > loaded.num_hidden_layers and not self.source.random:
            raise WorkbenchError(f"a script for layers={config.layers}, more than {self.source.name} has, cannot be written yet",
                                 f"at most {loaded.num_hidden_layers} layers", "run.save() for the finished model")  # fmt: skip
        before, after = loaded.to_dict(), changed.to_dict()
        self.changes = {k: v for k, v in after.items() if before.get(k) != v and v is not None}
        self.revision = getattr(loaded, "_commit_hash", None) or "main"
        self.family = changed.model_type
        if self.family == "elmo":
            raise WorkbenchError("ELMo is a model of the workbench's own, and a script of transformers alone cannot load it",
                                 "a model that transformers knows", "run.save() for the finished model")  # fmt: skip
        self.head_dropout = getattr(changed, "hidden_dropout_prob", 0.1) if config.dropout is None else config.dropout
        asked = self.source.pooling if config.pooling == "auto" else config.pooling
        self.pooling = asked if self.task.name == "classification" else "native"
        self.auto, self.base = _auto(self.task.name, changed)
        if self.pooling != "native":
            self.base = "encoder"
        self.renewed, self.spread = self._renewed(zoo), relabelled.spread(changed)

    def _renewed(self, zoo: Any) -> str:
        """The last layer of a checkpoint's head where the run drew it anew, as the checkpoint was trained for other labels."""
        from workbench.models import relabelled

        names = dict(enumerate(self.prepared.labels))
        asked = zoo.config(self.source, num_labels=len(names), id2label=names)
        if self.pooling != "native" or self.source.random or not relabelled.renamed(self.source, asked):
            return ""
        return str(getattr(self._built, "renewed", ""))

    @functools.cached_property
    def _built(self) -> Any:
        """The model with which the run began: only one that was built says which of its layers are fresh, and what stands how deep."""
        return self.task.build(self.source, self.prepared, self.config)

    def _check_words(self) -> None:
        """The script cuts sentences as transformers does, which for a few tokenizers is not what the run did."""
        ends = WorkbenchError(f"the tokenizer of {self.source.name!r} cuts words in another way when it is given whole sentences",
                              "a tokenizer such as BERT's for a tagging script", "run.save() for the finished model")  # fmt: skip
        words = [self.data["train"][int(i)]["tokens"] for i in self.prepared.train.rows]
        try:
            found = self.tokenizer(words, is_split_into_words=True, truncation=True, max_length=self.longest)[
                "input_ids"
            ]
        except (ValueError, AssertionError) as error:
            raise ends from error
        if any(list(a) != b for a, b in zip(self.prepared.train.ids, found, strict=True)):
            raise ends

    # writing ---------------------------------------------------------------------------------------------------------

    def write(self, folder: Path) -> None:
        """All files, into a folder that nobody sees yet."""
        _write(folder / "train.py", script(self._holds(), self._words()))
        _write(folder / "config.toml", settings.toml(self))
        _write(folder / "requirements.txt", "\n".join(settings.requirements(self)) + "\n")
        _write(folder / "original.json", json.dumps(self._curve(), indent=1))
        _write(folder / "README.md", export_readme(self.run, self))
        (folder / "data").mkdir()
        for split in self.data:
            _write(
                folder / "data" / f"{split}.jsonl",
                "".join(f"{json.dumps(r, ensure_ascii=False)}\n" for r in self._rows(split)),
            )
        _write(folder / "data" / "watched.json", json.dumps(self._watched()))
        _write(folder / "data" / "README.md", data_card(self.run, self.data))
        if self.config.technique == "unfreezing":
            _write(folder / "blocks.json", json.dumps(self._blocks(), indent=1))
        if self.local:
            self._copy_model(folder / "start")

    def _rows(self, split: str) -> list[dict[str, Any]]:
        rows = self.prepared.train.rows if split == "train" else range(len(self.data[split]))
        from workbench.data.text import well_formed

        names = list(self.data.labels)
        if self.task.name == "classification":
            texts, labels = self.data[split]["text"], self.data[split]["label"]
            return [{"text": well_formed(texts[int(i)]), "label": names[labels[int(i)]]} for i in rows]
        tokens, tags = self.data[split]["tokens"], self.data[split]["tags"]
        return [
            {"tokens": [well_formed(w) for w in tokens[int(i)]], "tags": [names[t] for t in tags[int(i)]]} for i in rows
        ]

    def _watched(self) -> list[int]:
        """Numbers of the training rows whose loss in eval mode is the training curve."""
        place = {int(row): i for i, row in enumerate(self.prepared.train.rows)}
        return [place[int(row)] for row in self.prepared.probe.rows]

    def _blocks(self) -> list[list[str]]:
        """Names of the weights, block by block from the head down: the order in which gradual unfreezing lets them learn."""
        from workbench.models.anatomy import blocks

        return [list(block.parameters) for block in reversed(blocks(self._built))]

    def _curve(self) -> dict[str, Any]:
        frame, steps = self.run.frame(), self.run.steps()
        names = [c for c in ("step", "train_loss", "valid_loss", "accuracy", "precision", "recall", "f1") if c in frame]
        return {"evaluations": _finite(frame[names]), "steps": _finite(steps[["step", "loss"]])}

    def _copy_model(self, to: Path) -> None:
        to.mkdir()
        for pattern in _COPIED:
            for path in sorted(Path(self.source.location).glob(pattern)):
                if path.is_file() and not (self.source.random and path.suffix == ".safetensors"):
                    _stays_inside(path)
                    shutil.copyfile(path, to / path.name)

    def _holds(self) -> set[str]:
        """The words of the template that are true of this run."""
        technique = {"feature-extraction": {"frozen", "adapted"}, "lora": {"lora", "adapter", "adapted"},
                     "ia3": {"ia3", "adapter", "adapted"}}.get(self.config.technique, set())  # fmt: skip
        pooled = {"pooled", self.pooling} if self.pooling != "native" else {"native"}
        choices = {
            "mlp": self.pooling != "native" and self.config.head == "mlp",
            "patience": self.config.patience is not None,
            "stopped": self.stopped() is not None,
            "slanted": self.config.schedule == "slanted",
            "unfreezing": self.config.technique == "unfreezing",
            "pad": self.tokenizer.pad_token == self.tokenizer.eos_token,
            "renewed": bool(self.renewed),
            "smoothed": self.config.label_smoothing > 0,
        }
        return {self.task.name, *technique, *pooled, *(word for word, true in choices.items() if true),
                "folder" if self.local else "hub", "fresh" if self.source.random else "pretrained"}  # fmt: skip

    def _words(self) -> dict[str, str]:
        from workbench.models import zoo
        from workbench.techniques.lora import left_out

        ended = self.run.store.last(ev.Ended)
        means = {"mean": "mean over real tokens", "max": "maximum over real tokens", "cls": "first token",
                 "attention": "learned average over real tokens"}  # fmt: skip
        stop = ", and stops when patience has run out" if self.config.patience is not None else ""
        return {"model": _line(self.source.name), "data": _line(short(self.config.data)), "task": self.task.name,
                "unit": self.task.unit, "auto": self.auto, "base": self.base, "watch_stop": stop,
                "renewed": self.renewed, "spread": f"{self.spread:g}", "pooling_words": means.get(self.pooling, ""), "stopped_words": _line(ended.text if ended else "It ended here."),
                "without_lora": str(left_out(self.family)).replace("'", '"'), "encoder_extra": ", add_pooling_layer=False" if self.family in zoo.POOLED else ""}  # fmt: skip

    def stopped(self) -> int | None:
        """The step after which the run ended for a reason that the script does not see by itself."""
        ended, begun = self.run.store.last(ev.Ended), self.run.store.last(ev.Started)
        steps = self.run.steps()
        by_itself = ended is not None and ended.reason in ("budget", "patience")
        if by_itself or begun is None or steps.empty or int(steps["step"].iloc[-1]) >= begun.planned_steps:
            return None
        return int(steps["step"].iloc[-1])


def _auto(task: str, config: Any) -> tuple[str, str]:
    """(the Auto class for a native head, the attribute under which that class holds its encoder)."""
    import transformers

    name = {"tagging": "AutoModelForTokenClassification"}.get(task, "AutoModelForSequenceClassification")
    try:
        made: Any = getattr(transformers, name)._model_mapping[type(config)]
    except KeyError:
        return name, "encoder"
    return name, str(made.base_model_prefix)


def _finite(frame: Any) -> list[dict[str, Any]]:
    """Rows of numbers; JSON has no NaN, so such values are left out."""
    rows = frame.to_dict("records")
    return [{k: int(v) if k == "step" else float(v) for k, v in row.items() if abs(v) < float("inf")} for row in rows]


def _line(text: str) -> str:
    """One line that may stand in a comment or a docstring."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
