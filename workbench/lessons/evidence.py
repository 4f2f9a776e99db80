"""The evidence of a case of the fault lab: numbers and tables that a learner can ask for. It judges nothing."""

from __future__ import annotations

import re
from typing import Any

import datasets as hf
import numpy as np
import pandas as pd

from workbench.data.load import Data, load
from workbench.data.near import duplicates
from workbench.lessons.faults import TEXTS, Evidence, Setup

SOURCE = "headlines"
EARLY = 0.2  # the share of the steps that counts as the beginning


def sound(choices: dict[str, Any], folder: Any) -> Setup:
    """A set-up without a fault: 640 headlines for training, the validation split."""
    from workbench.tasks.base import stratified

    news = load(SOURCE)
    some = stratified(np.array(news["train"]["label"]), TEXTS, 0)
    return Setup(_table(news["train"].select([int(i) for i in some])), _table(news["validation"]), choices, folder)


def as_data(setup: Setup) -> Data:
    """The splits of a set-up as `wb.load` would give them; the service's texts are its test split."""
    news = load(SOURCE)
    features = hf.Features({"text": hf.Value("string"), "label": news["train"].features["label"]})
    splits = {"train": setup.train, "validation": setup.validation, "test": _table(news["test"])}
    return Data({name: hf.Dataset.from_dict(rows, features) for name, rows in splits.items()})


def gather(run: Any, setup: Setup, data: Data, asked_rate: float) -> Evidence:
    """The numbers of a finished run that a fault may give away."""
    predictor, steps, facts = run.predictor(), run.steps(), run.store.facts
    service = as_served(data["test"], setup)
    new, held = words_alone(setup, data)
    blocks = [c for c in run.moves() if c not in ("step", "head")]
    rate, loss = steps["learning_rate"], steps["loss"]
    near, leaked, _ = duplicates({"train": setup.train["text"], "validation": setup.validation["text"]})
    return Evidence(
        n_valid=len(data["validation"]), leaks=shared(setup.validation["text"], setup.train["text"]),
        repeated=repeated(setup.train["text"]), majority=facts["majority"], words=facts["control"],
        words_new=new, words_held=held,
        train=predictor.evaluate(data["train"])["accuracy"], valid=predictor.evaluate(data["validation"])["accuracy"],
        served=predictor.evaluate(service)["accuracy"], whole=predictor.evaluate(data["test"])["accuracy"],
        asked_rate=asked_rate, peak_rate=float(rate.max()), start_rate=float(rate.iloc[0]),
        first_rate=float(rate.iloc[0] / rate.max()), rise=rise(loss), top_loss=float(loss.max()),
        moved=float(run.moves()[blocks].iloc[-1].max()), read=words_read(data["test"]["text"][:40], run.config.model),
        near=near, leaked=len(leaked),
        different=len({alike(t) for t in setup.train["text"]}),
    )  # fmt: skip


def words_alone(setup: Setup, data: Data) -> tuple[float, float]:
    """Accuracy of TF-IDF + logistic regression on new texts, and on training texts held out of its training (five folds, by the
    labels that training used): the difference is what wrong labels do (Northcutt, Jiang & Chuang 2021, Confident Learning)."""
    from sklearn.model_selection import KFold, cross_val_score

    from workbench.data.audit import bag_of_words

    texts, y = setup.train["text"], np.array(data["train"]["label"])
    held = cross_val_score(bag_of_words(), texts, y, cv=KFold(5, shuffle=True, random_state=0)).mean()
    new = bag_of_words().fit(texts, y).score(list(data["test"]["text"]), np.array(data["test"]["label"]))
    return float(new), float(held)


def as_served(split: Any, setup: Setup) -> Any:
    """A split with its texts as the service hands them to the model."""
    return hf.Dataset.from_dict(
        {"text": [setup.serve(t) for t in split["text"]], "label": split["label"]}, split.features
    )


def alike(text: str) -> str:
    """A text without what does not count when texts are compared: capitals, punctuation, spaces.

    >>> alike("- The Room, was COLD.") == alike("the room was cold")
    True
    """
    return " ".join(re.findall(r"\w+", text.lower()))


def repeated(texts: list[str]) -> float:
    """The share of texts that repeat an earlier one.

    >>> repeated(["Cold.", "cold", "warm", "COLD!"])
    0.5
    """
    return 1 - len({alike(t) for t in texts}) / len(texts)


def shared(some: list[str], others: list[str]) -> float:
    """The share of the first texts that stand among the second.

    >>> shared(["Cold.", "warm"], ["cold"])
    0.5
    """
    known = {alike(t) for t in others}
    return sum(alike(t) in known for t in some) / len(some)


def rise(losses: pd.Series) -> float:
    """By how much the loss of batches climbs above that of the first one, in the first fifth of the steps: their highest mean of
    three in a row. 0 where it never does.

    >>> rise(pd.Series([2.0, 3.0, 4.0, 2.0, 1.0] + 15 * [1.0]))
    1.0
    """
    early = losses.iloc[: max(3, int(EARLY * len(losses)))]
    return max(0.0, float(early.rolling(3).mean().max() - losses.iloc[0]))


def reading(texts: list[str], model: str) -> pd.DataFrame:
    """What is written and what the model reads: the ids that it gets, spelled out by the vocabulary that it was pretrained with."""
    from workbench.models import zoo

    given, own = zoo.tokenizer(zoo.source(model)), zoo.tokenizer(zoo.source("bert-tiny"))
    read = [own.decode(ids, skip_special_tokens=True) for ids in given(list(texts))["input_ids"]]
    return pd.DataFrame({"written": list(texts), "read": read})


def words_read(texts: list[str], model: str) -> float:
    """The share of words that the model reads as they were written, one by one."""
    table = reading([w for t in texts for w in alike(t).split()], model)
    return float(np.mean([alike(a).replace(" ", "") == alike(b).replace(" ", "") for a, b in table.to_numpy()]))


def _table(split: Any) -> dict[str, list[Any]]:
    names = split.features["label"].names
    return {"text": list(split["text"]), "label": [names[i] for i in split["label"]]}
