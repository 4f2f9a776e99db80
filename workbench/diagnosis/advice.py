"""What a verdict is made of: Context (what is known beside the curve), Thresholds, Finding, Experiment. No rules here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from workbench.config import RunConfig

NON_FINITE = "non-finite loss"
DIVERGING = "diverging"
NOT_LEARNING = "not learning"
OVERFITTING = "overfitting"
WATCH = "watch: overfitting"
UNDERFITTING = "underfitting"
MEMORISING = "memorising without harm"
HEALTHY = "healthy"
TOO_LITTLE = "not enough evidence"


@dataclass(frozen=True)
class Context:
    """What the rules use beside the curve; whatever is None is left out of account."""

    n_valid: int | None = None
    n_train: int | None = None
    majority: float | None = None  # the metric of the answer that needs no input, such as the majority class
    trivial: str = "majority class"  # what that answer is called
    label_entropy: float | None = None  # nats, of the training labels
    planned_steps: int | None = None
    loss_se: float | None = None  # standard error of the validation loss, nats
    metric_name: str = "accuracy"
    finished: bool = True
    stopped_by: str | None = None  # budget, patience, user


@dataclass(frozen=True)
class Thresholds:
    """The numbers in the rules. Percentages and shares are definitions (what counts as overfitting); `rise`, `suspect` and `errors` say how much
    noise a curve is allowed before something is believed, and were set on simulated curves: `python -m workbench diagnose-rates`
    measures how often the rules err with them, `docs/diagnosis.md` shows its tables.
    """

    diverging: float = 1.5  # training loss ends above this many times its minimum
    improvement: float = 0.05  # less than this share of improvement counts as not learning
    slow: float = 0.02  # but validation loss fallen by this share, and at its lowest now, is learning: slowly
    early: float = 0.15  # a live run is not called "not learning" before this share of its steps
    overfitting: float = 5.0  # GL in percent
    watch: float = 2.0  # GL in percent
    entropy: float = 0.9  # training loss still above this share of the label entropy is underfitting
    judged: float = 0.3  # and in a live run only after this share of its steps
    still_improving: float = 0.01  # share by which validation loss still falls per evaluation when the budget ends
    solved: float = 0.05  # a validation loss below this share of the label entropy is as good as none
    wild: float = 1.15  # training loss above this many times its start, at any evaluation: the steps are too large
    gap: float = 0.5  # validation loss above training loss by this share of itself is a large gap
    evaluations: int = 4  # fewer say nothing about a trend
    rise: float = 2.3  # standard deviations of the curve's noise by which a rise must exceed it, more on long curves
    suspect: float = 1.5  # the same for the weaker word "watch"
    clear: float = (
        15.0  # percent by which all of three or more later evaluations lie above the best: a rise whatever the noise
    )
    errors: float = 1.96  # standard errors elsewhere: 95% of a normal distribution


@dataclass(frozen=True)
class Experiment:
    """One thing to try: `changes` holds RunConfig fields; a number stands for a value, "x0.5" for a factor. `stop` ends the run.

    >>> from workbench.config import RunConfig
    >>> Experiment("Halve the rate", {"learning_rate": "x0.5"}, "").applied(RunConfig(learning_rate=2e-4)).learning_rate
    0.0001
    """

    label: str
    changes: dict[str, Any]
    why: str
    stop: bool = False

    def applied(self, config: RunConfig) -> RunConfig:
        """The config with these changes. A change that would leave the bounds of RunConfig raises its WorkbenchError."""
        values = {}
        for name, change in self.changes.items():
            now = getattr(config, name)
            if isinstance(change, str) and change.startswith("x"):
                change = None if now is None else float(f"{now * float(change[1:]):.3g}")
            if name == "dropout" and now is not None:
                change = min(0.6, max(change, round(now + 0.1, 4)))  # what has some already gets more
            values[name] = change
        return config.replace(**values)


@dataclass(frozen=True)
class Finding:
    """One verdict with its grounds. `str()` is the sentence."""

    verdict: str
    sentence: str
    since_step: int | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    rule: str = ""
    source: str = ""
    advice: tuple[Experiment, ...] = ()  # the most promising first
    revise: str = ""  # what it would take to change its mind

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)


SLOWER = Experiment("Lower the learning rate", {"learning_rate": "x0.3"}, "smaller steps do not overshoot the valley")
FASTER = Experiment("Raise the learning rate", {"learning_rate": "x3"}, "larger steps get further in the same time")
LONGER = Experiment("Train for longer", {"epochs": "x2"}, "both curves were still falling when the budget ended")
MORE_STEPS = Experiment(
    "Train for longer", {"epochs": "x2"}, "a change that stands out from the noise takes more steps"
)
STOP_HERE = Experiment("Stop here", {}, "the best weights lie behind, and every further step costs time", stop=True)
STOP_EARLY = Experiment("Stop early", {"patience": 3}, "the best weights lie behind, and every further step costs time")
MORE_TEXTS = Experiment(
    "Use all training texts", {"train_examples": None}, "what cannot be learned by heart must be understood"
)
DROPOUT = Experiment("Add dropout", {"dropout": 0.3}, "noise in the activations makes learning by heart harder")
WARM_UP = Experiment(
    "Warm up longer", {"warmup": 0.2}, "a gentle start keeps the first steps from breaking the pretrained weights"
)
