"""The Hub counterparts of the catalogue without the Hub: what a repository of these columns becomes."""

import datasets as hf
import pytest

import workbench as wb
from workbench import catalog
from workbench.data import read

TEXT = hf.Value("string")
NAMES = hf.ClassLabel(names=["one", "two"])
LISTS = {"tokens": hf.List(TEXT), "tags": hf.List(hf.ClassLabel(names=["O", "B-PER"])), "labels": hf.List(NAMES)}
ANSWERS = {"text": hf.List(TEXT), "answer_start": hf.List(hf.Value("int32"))}


def repository(card, n=24):
    """A DatasetDict with the columns that the card names, and one more."""
    columns = card.facts["columns"]
    kinds, values = {"id": TEXT}, {"id": [str(i) for i in range(n)]}
    for role, there in columns.items():
        if role == "label":
            numbered = bool(card.facts["names"])
            kinds[there], values[there] = (
                (hf.Value("int64") if numbered else NAMES),
                [i % 2 + numbered for i in range(n)],
            )
        elif role == "labels":
            kinds[there], values[there] = LISTS["labels"], [[0], [0, 1]] * (n // 2)
        elif role == "tags":
            kinds[there], values[there] = LISTS["tags"], [[1, 0]] * n
        elif role == "tokens":
            kinds[there], values[there] = LISTS["tokens"], [["Ada", f"left{i}"] for i in range(n)]
        elif role == "answers":
            kinds[there], values[there] = ANSWERS, [{"text": ["Ada"], "answer_start": [0]}] * n
        elif role == "translation":
            kinds[there], values[there] = (
                hf.Translation(languages=["en", "fr"]),
                [{"en": f"good {i}", "fr": f"bon {i}"} for i in range(n)],
            )
        else:
            kinds[there], values[there] = TEXT, [f"Ada and {role} number {i}" for i in range(n)]
    return hf.DatasetDict(train=hf.Dataset.from_dict(values, hf.Features(kinds)))


@pytest.mark.parametrize("card", [c for c in catalog.datasets() if c.source == "hub"], ids=lambda c: c.reference)
def test_every_counterpart_becomes_the_data_that_its_card_promises(card, monkeypatch):
    asked = []
    monkeypatch.setattr(read.hf, "load_dataset", lambda *where: asked.append(where) or repository(card))
    data = wb.load(card.name)
    assert data.task == card.tasks[0] and data.name == card.name and data.is_named
    assert asked == [
        tuple(
            part for part in ("/".join(card.reference.split("/")[:2]), "/".join(card.reference.split("/")[2:])) if part
        )
    ]
    if card.facts["names"]:
        assert set(data.labels) <= set(card.facts["names"].values())


def test_what_the_issue_asks_for_is_listed():
    listed = " ".join(c.title + c.reference for c in catalog.datasets() if c.source == "hub")
    for name in (
        "Sentiment Treebank",
        "IMDb",
        "SMS Spam",
        "AG News",
        "CoNLL-2003",
        "WNUT-17",
        "SQuAD",
        "OPUS",
        "Tatoeba",
        "LEDGAR",
        "Medical abstracts",
    ):
        assert name in listed


def test_no_network_is_a_sentence(monkeypatch):
    def offline(*where):
        raise ConnectionError("no route")

    monkeypatch.setattr(read.hf, "load_dataset", offline)
    with pytest.raises(
        wb.WorkbenchError, match=r"hub:stanfordnlp/sst2 could not be loaded \(ConnectionError: no route\)"
    ):
        wb.load("hub:stanfordnlp/sst2")
