"""The ten faults of the fault lab: what goes wrong, as code, and the numbers that give it away. Not the lab: nothing is trained
and nothing is shown here.

A fault is a function from a sound `Setup` to a broken one. Its own source is what a learner is shown in the end, so it says what
happened and nothing else. Its `tell` reads `Evidence`, plain numbers that a learner can find as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = 640  # training texts of every case
NOTES: dict[str, Any] = {"model": "bert-tiny", "learning_rate": 1e-3, "warmup": 0.1, "epochs": 3, "max_length": 64,
                         "evaluations": 6}  # fmt: skip


def plain(text: str) -> str:
    """What a service without a fault does to a text before its model reads it: nothing."""
    return text


@dataclass(frozen=True)
class Setup:
    """A training that is going to happen: its splits as tables of `text` and `label`, its choices, and what the service that uses
    the model will do to a text first."""

    train: dict[str, list[Any]]
    validation: dict[str, list[Any]]
    choices: dict[str, Any]
    folder: Path  # a place for files, such as a checkpoint that has been put together
    serve: Callable[[str], str] = plain


@dataclass(frozen=True)
class Evidence:
    """The numbers of a case. Accuracies are shares, of the weights that are kept."""

    n_valid: int
    leaks: float  # share of the validation texts that stand in training too
    repeated: float  # share of the training texts that repeat another one, but for capitals and punctuation
    majority: float
    words: float  # accuracy of TF-IDF + logistic regression, trained on the same texts and labels, on validation
    words_new: float  # the same on new texts
    words_held: float  # the same on training texts that were held out of its training, by the labels that training used
    train: float  # accuracy on the training texts, by the labels that training used
    valid: float
    served: float  # accuracy on new texts, as the service hands them to the model
    whole: float  # accuracy on the same new texts as they were written
    asked_rate: float  # the learning rate in the notes
    peak_rate: float  # the highest rate of the log
    first_rate: float  # the rate of the first step, as a share of the highest
    start_rate: float  # the same as it is in the log
    rise: (
        float  # nats by which the loss of a batch climbed above that of the first one, in the first fifth of the steps
    )
    moved: float  # how far the block below the head that moved most is from its start, as a share of its length
    read: float  # share of the words of a text that the checkpoint's own vocabulary reads as they were written
    near: float  # share of the texts of training and validation with a near-duplicate, as the audit says it
    leaked: int  # pairs of a validation text and its like in training, as the audit counts them
    different: int  # training texts that do not repeat an earlier one
    top_loss: float  # the highest loss of a batch, nats

    @property
    def step(self) -> float:
        """By how much accuracy on validation moves at least, as a share."""
        return 1 / self.n_valid


@dataclass(frozen=True)
class Fault:
    """One way to spoil a training. `shows`: what it looks like; `tell`: whether these numbers show it, and the numbers in words."""

    name: str
    spoil: Callable[[Setup, np.random.Generator], Setup]
    shows: str
    tell: Callable[[Evidence], tuple[bool, str]]
    hints: tuple[str, ...]
    mend: str
    numbers: tuple[str, ...]  # the numbers of Evidence that are grounds for it; some looks show one, some another
    notes: dict[str, Any] = field(default_factory=dict)  # what differs from NOTES


def leaked_split(setup: Setup, rng: np.random.Generator) -> Setup:
    # "More data is better": the training file was made from all files in the folder, the validation file among them.
    train = {column: setup.train[column] + setup.validation[column] for column in ("text", "label")}
    return replace(setup, train=train)


def shuffled_labels(setup: Setup, rng: np.random.Generator) -> Setup:
    # Texts and labels came from two files, and one of them had been sorted: no label belongs to its text any more.
    label = [setup.train["label"][i] for i in rng.permutation(len(setup.train["label"]))]
    return replace(setup, train={"text": setup.train["text"], "label": label})


def wrong_tokeniser(setup: Setup, rng: np.random.Generator) -> Setup:
    # The tokenizer's files were copied from another checkpoint. It has as many word pieces, so nothing complains.
    from workbench.models import zoo

    theirs, ours = (Path(zoo.source(name).location) for name in ("en-fr-mini", setup.choices["model"]))
    folder = setup.folder / ours.name
    shutil.copytree(ours, folder, dirs_exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(theirs / name, folder / name)
    return replace(setup, choices={**setup.choices, "model": str(folder)})


def rate_times_100(setup: Setup, rng: np.random.Generator) -> Setup:
    # 1e-2 was meant; the exponent got lost, and 1 was typed.
    return replace(setup, choices={**setup.choices, "learning_rate": 100 * setup.choices["learning_rate"]})


def frozen_encoder(setup: Setup, rng: np.random.Generator) -> Setup:
    # Left over from an earlier experiment: embeddings and both layers do not learn, only the head does.
    return replace(setup, choices={**setup.choices, "freeze": 3})


def label_noise(setup: Setup, rng: np.random.Generator) -> Setup:
    # Labelled in a hurry: 45% of the training texts carry a label drawn from a hat.
    label, wrong = list(setup.train["label"]), rng.random(len(setup.train["label"])) < 0.45
    for i in np.flatnonzero(wrong):
        label[i] = str(rng.choice([name for name in sorted(set(label)) if name != label[i]]))
    return replace(setup, train={"text": setup.train["text"], "label": label})


def tiny_validation_set(setup: Setup, rng: np.random.Generator) -> Setup:
    # "We need every text for training": ten were left for validation.
    some = rng.choice(len(setup.validation["text"]), 10, replace=False)
    return replace(setup, validation={column: [rows[i] for i in some] for column, rows in setup.validation.items()})


def duplicates_in_training(setup: Setup, rng: np.random.Generator) -> Setup:
    # The export ran sixteen times. Each time it wrote the same 40 texts, now and then in capitals or without a full stop.
    some = rng.choice(len(setup.train["text"]), 40, replace=False)
    ways = (
        str,
        str.lower,
        str.upper,
        lambda t: t.rstrip("."),
        lambda t: f"{t} ",
        lambda t: f"{t}.",
        str.title,
        lambda t: f"- {t}",
    )
    text = [way(setup.train["text"][i]) for way in 2 * ways for i in some]
    return replace(setup, train={"text": text, "label": [setup.train["label"][i] for _ in 2 * ways for i in some]})


def no_warm_up(setup: Setup, rng: np.random.Generator) -> Setup:
    # The first step, with a fresh head and an optimiser that has seen nothing, is as large as any later one.
    return replace(setup, choices={**setup.choices, "warmup": 0.0})


def cut_at_24(text: str) -> str:
    return text[:24]  # the column of the service's database holds 24 characters


def train_serve_mismatch(setup: Setup, rng: np.random.Generator) -> Setup:
    # The model learned from whole texts. The service that asks it stores texts first, in a column that is too short.
    return replace(setup, serve=cut_at_24)


def _leaks(e: Evidence) -> tuple[bool, str]:
    words = f"{e.leaks:.0%} of the validation texts stand in training too; validation {e.valid:.0%}, new texts {e.whole:.0%}"
    return e.leaks > 0.2 and e.valid - e.whole > 0.1, words


def _no_label_fits(e: Evidence) -> tuple[bool, str]:
    words = f"counting words reaches {e.words:.0%} from the same labels, the majority class {e.majority:.0%}, the model {e.valid:.0%}"
    return e.words < e.majority + 0.1 and e.valid < e.majority + 0.1, words


def _reads_other_words(e: Evidence) -> tuple[bool, str]:
    return e.read < 0.5, f"the checkpoint's vocabulary reads {e.read:.0%} of the words as they were written"


def _rate_is_another(e: Evidence) -> tuple[bool, str]:
    words = f"the notes say {e.asked_rate:g}, the log's highest rate is {e.peak_rate:g}; the loss of a batch rose by {e.rise:.1f} nats"
    return e.peak_rate > 10 * e.asked_rate, words


def _nothing_moves(e: Evidence) -> tuple[bool, str]:
    return e.moved < 1e-6, f"below the head the block that moved most is {e.moved:.1%} away from its start"


def _labels_contradict(e: Evidence) -> tuple[bool, str]:
    words = (
        f"counting words is right on {e.words_new:.0%} of new texts, and on {e.words_held:.0%} of training texts that were held out of its "
        f"training: it agrees less with the labels of training"
    )
    return e.words_held < e.words_new - 0.12 and e.words_new > e.majority + 0.15, words


def _few_to_judge_by(e: Evidence) -> tuple[bool, str]:
    return e.n_valid < 30, f"{e.n_valid} validation texts: one of them is worth {e.step:.1%}"


def _the_same_again(e: Evidence) -> tuple[bool, str]:
    return (
        e.repeated > 0.2,
        f"{e.repeated:.0%} of the training texts repeat another one but for capitals and punctuation",
    )


def _full_rate_at_once(e: Evidence) -> tuple[bool, str]:
    words = (
        f"the first step has {e.first_rate:.0%} of the highest rate; the loss of a batch then rose by {e.rise:.1f} nats"
    )
    return e.first_rate > 0.9 and e.rise > 0.2, words


def _served_otherwise(e: Evidence) -> tuple[bool, str]:
    words = f"{e.served:.0%} on new texts as the service hands them over, {e.whole:.0%} on the same texts as they were written"
    return e.whole - e.served > 0.1, words


STEEP = {"learning_rate": 1e-2, "warmup": 0.2}  # where a gentle start decides whether anything is learned

FAULTS: tuple[Fault, ...] = (
    Fault("leaked split", leaked_split,
          "validation as good as training, and new texts worse by far; the audit finds texts in both splits", _leaks,
          ("Two numbers for unseen texts: do they agree?", "What does the audit say of texts in two splits?"),
          "Take the validation texts out of the training file.",
          ("leaks", "leaked", "valid", "whole", "near")),
    Fault("shuffled labels", shuffled_labels,
          "nothing above the majority class, and counting words does no better with the same labels", _no_label_fits,
          ("Is it the model that fails, or would every model fail on this?", "Read ten training texts with their labels."),
          "Join texts and labels by an id, not by their order.",
          ("words", "words_new", "words_held", "valid", "whole")),
    Fault("wrong tokeniser", wrong_tokeniser,
          "training works as if the model had never been pretrained, and its vocabulary reads other words than those in the text",
          _reads_other_words, ("What did pretraining bring here?", "What does the model read when it gets a text?"),
          "Load the tokenizer from the folder that the weights come from.",
          ("read", "valid", "whole")),
    Fault("rate × 100", rate_times_100,
          "the loss jumps instead of falling, and the log shows a rate that is not the one in the notes", _rate_is_another,
          ("Look at the loss of single batches, not at the evaluations.", "Compare the log of rates with the notes."),
          "The rate of the notes.",
          ("peak_rate", "rise", "top_loss"), STEEP),
    Fault("frozen encoder", frozen_encoder,
          "it learns a little and stops: training loss stays high, and no block below the head has moved", _nothing_moves,
          ("Training loss stays high. Too small a rate, or too little that can move?", "How far has each block moved?"),
          "freeze=0, and look at wb.blueprint(...) before you train.",
          ("moved", "train")),
    Fault("label noise", label_noise,
          "many training labels are contradicted by everything else: counting words agrees with them less than with those of new texts, "
          "and the worst errors on training texts are no errors", _labels_contradict,
          ("Is a label in training as trustworthy as one in validation?", "Read the worst errors on *training* texts. Who is right?"),
          "Label the texts again that a model trained on the others gets wrong with certainty.",
          ("words_new", "words_held", "train")),
    Fault("tiny validation set", tiny_validation_set,
          "scores move in large steps and the lowest loss is a matter of luck", _few_to_judge_by,
          ("What is the smallest step that validation accuracy can make?", "How many validation texts are there?"),
          "Keep enough for validation: the standard error of an accuracy is at most 0.5 / √texts.",
          ("n_valid", "step")),
    Fault("duplicates in training", duplicates_in_training,
          "training loss is gone after one epoch, and validation is poor for so many texts", _the_same_again,
          ("How fast does training loss fall for so many texts?", "Sort the training texts, or ask the audit."),
          "Drop what repeats, before the splits are made.",
          ("repeated", "near", "different", "valid")),
    Fault("no warm-up", no_warm_up,
          "the log begins at the full rate, the loss of the first batches climbs, and training never recovers", _full_rate_at_once,
          ("What happens in the very first steps?", "Where does the log of rates begin?"),
          "warmup=0.2, or a smaller rate.",
          ("first_rate", "start_rate", "rise", "top_loss"), STEEP),
    Fault("train/serve mismatch", train_serve_mismatch,
          "validation is fine and the service is not, and the texts that reach the model are not those that were written",
          _served_otherwise, ("Where is it bad: on new texts, or in the service?", "Read the texts as they reach the model."),
          "Prepare texts with the same function in training and in the service, and test that they come out alike.",
          ("served", "whole")),
)  # fmt: skip
CAUSES = tuple(fault.name for fault in FAULTS)
