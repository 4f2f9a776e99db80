"""RunConfig: every choice of one training run, frozen. Not the training itself: standard library only.

The panel edits a RunConfig, `wb.fit(...)` makes one, a run folder stores one, `to_code()` prints one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from workbench.errors import WorkbenchError
from workbench.meanings import docstring

SCHEDULES = ("linear", "cosine", "constant", "slanted")
POOLINGS = ("auto", "mean", "max", "cls", "attention", "native")
HEADS = ("linear", "mlp", "bilstm")
DECODINGS = ("free", "constrained")
BY_HAND = "data"  # the name of data that were passed as an object and cannot be loaded again by name
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


def name_of(data: Any) -> str:
    """What a config calls some data: a name or a path is its own, loaded data have one; the rest was made by hand.

    >>> name_of("reviews"), name_of({"train": []})
    ('reviews', 'data')
    """
    if isinstance(data, str) or hasattr(data, "__fspath__"):
        return os.fspath(data)
    name = getattr(data, "name", None)  # a frame may have a column that is called so
    return name if isinstance(name, str) else BY_HAND


@dataclass(frozen=True)
class RunConfig:
    """All choices of a run; what each of them means stands in meanings.py, and at the end of `help(wb.RunConfig)`.

    Losses are mean cross-entropy in nats; rates are per optimiser step.

    >>> RunConfig(learning_rate=1e-3).replace(epochs=2).to_code()
    'wb.fit("reviews", model="bert-mini", learning_rate=0.001, epochs=2)'
    """

    data: str = "reviews"
    model: str = "bert-mini"
    technique: str = "full"
    task: str = "auto"
    learning_rate: float = 3e-4
    batch_size: int = 16
    epochs: float = 8
    train_examples: int | None = None
    dropout: float | None = None
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    mixup: float = 0.0
    freeze: int = 0
    warmup: float = 0.1
    schedule: str = "linear"
    patience: int | None = None
    min_delta: float = 0.0
    stopping: str | None = None
    seconds: float | None = None
    watch: bool = False
    noise: float = 0.0
    ghost: bool = False
    evaluations: int = 20
    restore_best: bool = True
    keep_states: int = 0
    max_length: int = 128
    pooling: str = "auto"
    head: str = "linear"
    decoding: str = "free"
    layers: int | None = None
    add_tokens: tuple[str, ...] = ()
    lora_rank: int = 8
    rate_decay: float = 2.6
    teacher: str | None = None
    temperature: float = 2.0
    alpha: float = 0.7
    reads: str | None = None
    reads_epochs: float = 2
    also: tuple[str, ...] = ()
    sampling: float = 0.5
    mistake: str | None = None
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (fits, expected, try_) in _RULES.items():
            value = _plain(getattr(self, name))
            value = _several(value) if name in ("also", "add_tokens") else value
            object.__setattr__(self, name, value)
            try:
                ok = fits(value)
            except (TypeError, ValueError):  # an array has no one truth
                ok = False
            if not ok:
                raise WorkbenchError(f"{name} is {value!r}", expected, f"{name}={try_}")

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with some choices changed; unknown names are an error that lists the known ones."""
        check_names(changes)
        return replace(self, **changes)

    def changed(self) -> dict[str, Any]:
        """The choices that differ from the defaults, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}

    def differing(self, other: RunConfig, *but: str) -> list[str]:
        """The names of the choices in which another config differs, in the order of the fields; those in `but` are let pass.

        >>> RunConfig(epochs=3, seed=1).differing(RunConfig(), "seed")
        ['epochs']
        """
        names = (f.name for f in fields(self))
        return [name for name in names if name not in but and getattr(self, name) != getattr(other, name)]

    def to_code(self) -> str:
        """The line of code that makes this run."""
        first = ("data", "model")
        rest = [f"{k}={_literal(v)}" for k, v in self.changed().items() if k not in first]
        data = "data" if self.data == BY_HAND else _literal(self.data)
        return f"wb.fit({', '.join([data, f'model={_literal(self.model)}', *rest])})"

    def to_recipe(self) -> str:
        """The same choices as TOML, for a file (None is left out)."""
        values = {k: v for k, v in asdict(self).items() if v is not None}
        return "".join(f"{name} = {toml_value(value)}\n" for name, value in values.items())

    def to_training_arguments(self) -> dict[str, Any]:
        """The keyword arguments of `transformers.TrainingArguments` that these choices stand for."""
        return {
            "learning_rate": self.learning_rate,
            "per_device_train_batch_size": self.batch_size,
            "num_train_epochs": self.epochs,
            "weight_decay": self.weight_decay,
            "label_smoothing_factor": self.label_smoothing,
            "warmup_steps": self.warmup,  # a float below 1 is a share of all steps
            "lr_scheduler_type": {"constant": "constant_with_warmup", "slanted": "linear"}.get(
                self.schedule, self.schedule
            ),
            "seed": self.seed,
            "max_grad_norm": 1.0,
        }


def _literal(value: Any) -> str:
    """A value as Python and TOML both write it: strings in double quotes, letters as they are, several in brackets."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one that TOML takes only so
    return repr(value)


def toml_value(value: Any) -> str:
    """A value as TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else _literal(value)


def _plain(value: Any) -> Any:
    """numpy's numbers as Python's, paths as text."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def _several(value: Any) -> Any:
    """One name, or a list of names, as a tuple of names."""
    return (
        tuple(map(_plain, value)) if isinstance(value, list | tuple) else (value,) if isinstance(value, str) else value
    )


def _name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and not any(c.isspace() for c in value)


def _between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda v: not isinstance(v, bool) and low <= v <= high


def _whole(low: int, high: int, *, none: bool = False) -> Callable[[Any], bool]:
    return lambda v: (none and v is None) or (isinstance(v, int) and not isinstance(v, bool) and low <= v <= high)


_MISTAKE = re.compile(r"[a-z-]+(:training|:serving)?")
_STOPPING = re.compile(r"(GL|PQ) (?!0*\.?0*$)\d*\.?\d+|UP [1-9]\d*")

_RULES: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "data": (_name, "the name or path of a dataset", '"reviews"'),
    "model": (_name, "the name or folder of a model, or a Hub id", '"bert-mini"'),
    "technique": (_name, "the name of a technique", '"full"'),
    "task": (_name, "the name of a task, or auto", '"auto"'),
    "learning_rate": (lambda v: not isinstance(v, bool) and 0 < v <= 10, "a number above 0 and at most 10", "3e-4"),
    "batch_size": (_whole(1, 1024), "a whole number from 1 to 1024", "16"),
    "epochs": (lambda v: not isinstance(v, bool) and 0 < v <= 10_000, "a number above 0 and at most 10,000", "8"),
    "train_examples": (_whole(2, 10**9, none=True), "a whole number from 2 up, or None for all", "256"),
    "dropout": (lambda v: v is None or _between(0, 0.9)(v), "a number from 0 to 0.9, or None", "0.1"),
    "weight_decay": (_between(0, 10), "a number from 0 to 10", "0.01"),
    "label_smoothing": (_between(0, 0.9), "a number from 0 to 0.9", "0.1"),
    "mixup": (_between(0, 100), "a number from 0 (no mixing) to 100", "0.4"),
    "freeze": (_whole(0, 1000), "a whole number of blocks from 0 up", "1"),
    "warmup": (lambda v: _between(0, 0.99)(v), "a share of all steps from 0 to 0.99", "0.1"),
    "schedule": (lambda v: v in SCHEDULES, f"one of {', '.join(SCHEDULES)}", '"linear"'),
    "patience": (_whole(1, 10**6, none=True), "a whole number of evaluations from 1 up, or None", "3"),
    "min_delta": (_between(0, 100), "nats from 0 to 100", "0.0"),
    "stopping": (lambda v: v is None or bool(_STOPPING.fullmatch(v)), "GL, PQ or UP with a number, or None", '"GL 5"'),
    "seconds": (lambda v: v is None or (not isinstance(v, bool) and 0 < v <= 10**7), "seconds above 0, or None", "60"),
    "watch": (lambda v: isinstance(v, bool), "True or False", "True"),
    "noise": (lambda v: _between(0, 0.9)(v), "a share from 0 to 0.9", "0.1"),
    "ghost": (lambda v: isinstance(v, bool), "True or False", "True"),
    "evaluations": (_whole(1, 1000), "a whole number of evaluations over the whole run, from 1 to 1000", "20"),
    "restore_best": (lambda v: isinstance(v, bool), "True or False", "True"),
    "keep_states": (_whole(0, 1000), "a whole number of states from 0 to 1000", "8"),
    "max_length": (_whole(4, 8192), "a whole number of word pieces from 4 to 8192", "128"),
    "pooling": (lambda v: v in POOLINGS, f"one of {', '.join(POOLINGS)}", '"auto"'),
    "head": (lambda v: v in HEADS, f"one of {', '.join(HEADS)}", '"linear"'),
    "decoding": (lambda v: v in DECODINGS, f"one of {', '.join(DECODINGS)}", '"constrained"'),
    "add_tokens": (
        lambda v: isinstance(v, tuple) and all(map(_word, v)) and len(set(v)) == len(v) <= 10_000,
        "different words without spaces, at most 10,000",
        '("bisoprolol", "ECG")',
    ),
    "layers": (_whole(1, 1000, none=True), "a whole number of layers from 1 up, or None for all", "2"),
    "lora_rank": (_whole(1, 1024), "a whole number from 1 to 1024", "8"),
    "rate_decay": (_between(1, 100), "a factor from 1 to 100", "2.6"),
    "teacher": (lambda v: v is None or _name(v), "a finished run, a folder of a saved model, or None", '"my-model"'),
    "temperature": (lambda v: _between(0.1, 100)(v), "a number from 0.1 to 100", "2.0"),
    "alpha": (_between(0, 1), "a share from 0 to 1", "0.7"),
    "reads": (lambda v: v is None or _name(v), "the name or file of unlabelled texts, or None", '"clinic-sentences"'),
    "reads_epochs": (lambda v: not isinstance(v, bool) and 0 < v <= 1000, "a number above 0 and at most 1000", "2"),
    "also": (lambda v: isinstance(v, tuple) and all(map(_name, v)), "names or paths of data sets", '("reviews",)'),
    "sampling": (lambda v: _between(0, 1)(v), "an exponent from 0 (alike) to 1 (by size)", "0.5"),
    "mistake": (
        lambda v: v is None or bool(_MISTAKE.fullmatch(v)),
        "the name of a mistake, or None",
        '"no-mask:serving"',
    ),
    "precision": (lambda v: v in PRECISIONS, f"one of {', '.join(PRECISIONS)}", '"auto"'),
    "seed": (_whole(0, 2**31), "a whole number from 0 to 2147483648", "0"),
}


def explained() -> list[tuple[str, Any, str]]:
    """(choice, default, what it takes) for every field, in their order."""
    return [(f.name, f.default, _RULES[f.name][1]) for f in fields(RunConfig)]


RunConfig.__doc__ = f"{RunConfig.__doc__}\n    The choices:\n{docstring(explained())}\n"


ELSEWHERE = {  # what other libraries call the same choice
    "lr": "learning_rate", "max_lr": "learning_rate", "num_train_epochs": "epochs", "num_epochs": "epochs", "n_epochs": "epochs",
    "per_device_train_batch_size": "batch_size", "bs": "batch_size", "early_stopping_patience": "patience", "wd": "weight_decay",
    "warmup_ratio": "warmup", "warmup_steps": "warmup", "lr_scheduler_type": "schedule", "scheduler": "schedule",
    "label_smoothing_factor": "label_smoothing", "max_seq_length": "max_length", "random_state": "seed", "model_name": "model",
    "model_name_or_path": "model", "dataset": "data", "train_dataset": "data", "method": "technique", "max_time": "seconds",
    "lora_r": "lora_rank", "r": "lora_rank", "fp16": "precision", "bf16": "precision", "hidden_dropout_prob": "dropout",
}  # fmt: skip


def check_names(names: Any, known: Iterable[str] | None = None) -> None:
    """Raise a WorkbenchError that names the nearest choice when one of `names` is not known: no field of RunConfig, or none of `known`."""
    import difflib

    elsewhere = ELSEWHERE if known is None else {}
    known = [f.name for f in fields(RunConfig)] if known is None else list(known)
    for name in names:
        if name not in known:
            near = [elsewhere[name]] if name in elsewhere else difflib.get_close_matches(str(name), known, n=1)
            raise WorkbenchError(
                f"unknown argument {name!r}", f"one of {', '.join(known)}", f"{near[0]}=..." if near else ""
            )
