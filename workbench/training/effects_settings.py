"""What `python -m workbench effects` compares: every technique with the control that leaves it out. A list; nothing is trained here.

A setting names the data, the labels and what differs; both ways share the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FULL = {"learning_rate": 5e-4}
FEW = {"epochs": 20, "evaluations": 1, "restore_best": False}


@dataclass(frozen=True)
class Setting:
    """One comparison: the same data, labels and seeds, trained with the technique and by the control."""

    name: str
    words: str  # what differs, for the page
    data: str  # as `effects_data.dataset` takes it
    labels: int
    way: dict[str, Any]
    control: dict[str, Any] = field(default_factory=lambda: FULL)
    shared: dict[str, Any] = field(default_factory=dict)
    model: str = "bert-mini"
    first: tuple[str, dict[str, Any]] | None = (
        None  # the choice that a run made before is for ("teacher", "model"), and that run
    )
    metric: str = "accuracy"


def _settings() -> Iterator[Setting]:
    for data, labels, shared in (("headlines", 64, FEW), ("banking77", 770, {**FEW, "epochs": 7})):
        for technique, rate, more in (
            ("feature-extraction", 1e-2, {}), ("unfreezing", 2e-3, {"schedule": "slanted"}), ("lora", 3e-3, {}), ("ia3", 1e-2, {})
        ):  # fmt: skip
            way = {"technique": technique, "learning_rate": rate, **more}
            yield Setting(technique, "instead of full fine-tuning", data, labels, way, shared=shared)
    reading = {**FULL, "technique": "domain-adaptation", "reads_epochs": 2}
    laws = ("reads 400,000 words of legal_en and legal-sentences, twice", {**reading, "reads": "legal_en"})
    medicine = (
        "reads all of medical_en but its answers, and clinic-sentences",
        {**reading, "reads": "medical_en", "reads_epochs": 1},
    )
    for data, own, (words, way) in (
        ("clauses", "legal-sentences", laws), ("clinic", "clinic-sentences", medicine)
    ):  # fmt: skip
        yield Setting("domain-adaptation", f"reads {own} twice", data, 64, {**reading, "reads": own}, shared=FEW)
        yield Setting("domain-adaptation", words, data, 64, way, shared=FEW)
    yield Setting("domain-adaptation", medicine[0], "clinic", 756, medicine[1], shared={**FEW, "epochs": 7})
    for labels in (32, 64):
        yield Setting("domain-adaptation", medicine[0], "medical_en:answers", labels, medicine[1], shared=FEW)
    yield Setting("domain-adaptation", "reads all questions of the set ten times, without labels", "banking77", 770,
                  {**reading, "reads_epochs": 10}, shared={**FEW, "epochs": 7})  # fmt: skip
    student = {"learning_rate": 1e-3, "restore_best": False, "evaluations": 1}
    for data, labels, epochs in (
        ("headlines", 64, 20),
        ("headlines", 256, 12),
        ("banking77", 770, 12),
        ("banking77", 770, 40),
    ):
        yield Setting("distillation", f"{epochs} passes, taught by bert-mini that has all labels", data, labels,
                      {"technique": "distillation"}, {}, {**student, "epochs": epochs}, model="bert-tiny",
                      first=("teacher", {**FULL, "epochs": 4, "evaluations": 4}))  # fmt: skip
    yield Setting("in-context learning", "asked without an example, calibrated, instead of fine-tuned on so many", "headlines", 16,
                  {"template": "{text} This is about"}, FULL, FEW, model="gpt-mini")  # fmt: skip
    yield Setting("in-context learning", "asked without an example, calibrated, instead of fine-tuned on so many", "sms_spam", 16,
                  {"template": "{text} This message is"}, FULL, FEW, model="gpt-mini")  # fmt: skip
    for data in ("headlines", "sms_spam"):
        yield Setting("hosted job", "answers with the label's name, tuned by a service, instead of with a head", data, 160,
                      {"technique": "hosted"}, {"learning_rate": 1e-3}, {"epochs": 4, "batch_size": 8, "evaluations": 1, "restore_best": False},
                      model="gpt-mini")  # fmt: skip
    for data, metric in (("headlines", "accuracy"), ("sms_spam", "f1")):
        yield Setting("architecture", "mean over the tokens instead of [CLS]", data, 64, {**FULL, "pooling": "mean"},
                      {**FULL, "pooling": "cls"}, FEW, metric=metric)  # fmt: skip
    for data, labels in (("people-places", 256), ("wnut17", 1000)):
        tags = {"learning_rate": 5e-4, "epochs": 3000 // labels + 3, "evaluations": 1, "restore_best": False}
        for words, choice, value in (
            ("a BiLSTM below the tags", "head", "bilstm"),
            ("no impossible tags", "decoding", "constrained"),
        ):
            yield Setting("architecture", words, data, labels, {choice: value}, {}, tags, metric="f1")
    yield Setting("sequential transfer", "after fine-tuning on reviews and posts, with all labels", "reviews:news", 64, {}, {},
                  {**student, "epochs": 6}, "bert-tiny", ("model", {**student, "data": "reviews:review+social", "model": "bert-tiny", "epochs": 4}))  # fmt: skip
    yield Setting("sequential transfer", "after fine-tuning on our messages, with all labels", "sms_spam", 64, {}, {},
                  {**FULL, **FEW}, first=("model", {**FULL, "data": "messages", "epochs": 4, "evaluations": 4}), metric="f1")  # fmt: skip
    yield Setting("sequential transfer", "from English-French to Spanish, instead of fresh weights", "phrases-en-es", 600, {},
                  {"model": "en-fr-mini:random"}, {**student, "epochs": 4}, "en-fr-mini", metric="chrf")  # fmt: skip
    eda = {
        "methods": ("deletion", "insertion", "substitution", "swap"),
        "copies": 4,
    }  # a fifth of the passes: as many steps
    for labels, passes in ((32, 20), (128, 20), (512, 10)):
        yield Setting("augmentation", "four copies of every text (Wei & Zou 2019), as many steps", "headlines", labels,
                      {"augment": eda, "epochs": passes // 5}, {"epochs": passes}, student, "bert-tiny")  # fmt: skip
    yield Setting("multi-task", "learns headlines at the same time", "clauses", 64,
                  {"technique": "multi-task", "also": ("headlines",)}, {}, {**student, **FEW}, "bert-tiny")  # fmt: skip
    yield Setting("multi-task", "learns our messages at the same time", "sms_spam", 64,
                  {"technique": "multi-task", "also": ("messages",)}, {}, {**FULL, **FEW}, metric="f1")  # fmt: skip


SETTINGS = tuple(_settings())
