"""Cards: what can be chosen (models, datasets, tasks, techniques) and what goes with what. Standard library only.

A card is data about a thing, never the thing: the rooms `data/`, `models/`, `tasks/` and `techniques/` build it.
Bundled models and datasets carry their card beside them as `card.json`; Hub counterparts are listed here.
"""

from __future__ import annotations

import difflib
import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from workbench import card_tables, families
from workbench.errors import WorkbenchError


@dataclass(frozen=True)
class Card:
    """One thing that can be chosen. `kind` is model, dataset, task or technique; `facts` is the card's own text."""

    name: str
    kind: str
    title: str
    family: str = ""
    tasks: tuple[str, ...] = ()
    source: str = "bundled"  # bundled, installed (made from what is on this machine), hub, or control
    reference: str = ""  # Hub id, or the literature
    facts: dict[str, Any] = field(default_factory=dict, compare=False, hash=False, repr=False)

    @property
    def folder(self) -> Path:
        """Where a bundled thing lies."""
        return bundled_home() / f"{self.kind}s" / self.name


class Cards(list[Card]):
    """A list of cards that shows itself as a table, in a terminal and in a notebook, with what the cards say (see card_tables.py).

    A card is found by its name, or by its place: `models()["bert-mini"]`.
    """

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return Cards(super().__getitem__(key))
        if isinstance(key, str):
            return find(self, key, self[0].kind if self else "card")
        return super().__getitem__(key)

    def __repr__(self) -> str:
        return card_tables.as_text(self)

    def _repr_html_(self) -> str:
        return card_tables.as_html(self)


def bundled_home() -> Path:
    """The folder of bundled data: inside the package when installed from a wheel, else beside it in the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "bundled" / "data"
    return inside if inside.is_dir() else package.parent / "data"


TASKS = (
    Card("classification", "task", "One label for a whole text"),
    Card("multi-label", "task", "Any number of labels for a whole text"),
    Card("tagging", "task", "One tag for every word: named entities"),
    Card("answering", "task", "The place in a passage that answers a question"),
    Card("translation", "task", "A sentence written in another language"),
    Card("language-modeling", "task", "Words guessed from those around them"),
)

_ALL = tuple(task.name for task in TASKS)
TECHNIQUES = (
    Card("full", "technique", "Full fine-tuning: every weight moves", tasks=_ALL, reference="Devlin et al. 2019", facts={"rate": 3e-4}),
    Card("feature-extraction", "technique", "Feature extraction: the checkpoint is frozen, only the head learns", tasks=_ALL[:4],
         reference="Peters, Ruder & Smith 2019", facts={"rate": 1e-2}),
    Card("unfreezing", "technique", "Gradual unfreezing: from the head down, one block per epoch", tasks=_ALL,
         reference="Howard & Ruder 2018", facts={"rate": 1e-3, "own": ("rate_decay",)}),
    Card("lora", "technique", "LoRA: low-rank updates beside frozen weights", tasks=_ALL, reference="Hu et al. 2021",
         facts={"rate": 3e-3, "own": ("lora_rank",)}),
    Card("ia3", "technique", "IA3: learned factors for frozen activations", tasks=_ALL, reference="Liu et al. 2022", facts={"rate": 1e-2}),
    Card("domain-adaptation", "technique", "Domain adaptation: the language model reads texts of the field, then every weight moves",
         tasks=_ALL[:4], reference="Gururangan et al. 2020", facts={"rate": 3e-4, "own": ("reads", "reads_epochs")}),
    Card("distillation", "technique", "Distillation: a student learns from a teacher's soft targets",
         tasks=("classification",), reference="Hinton, Vinyals & Dean 2015",
         facts={"rate": 1e-3, "own": ("teacher", "temperature", "alpha")}),
    Card("multi-task", "technique", "Multi-task: one encoder learns several data sets at once, each with a head of its own",
         tasks=("classification",), reference="Caruana 1997", facts={"rate": 3e-4, "own": ("also", "sampling")}),
)  # fmt: skip

# (id; title; family; what it learned; licence that its page names; millions of parameters, four bytes each; size as `estimate` reads it)
_HUB_MODELS: tuple[tuple[str, str, str, str, str, int, dict[str, int]], ...] = (
    ("google-bert/bert-base-uncased", "BERT base", "bert", "masked language model, next sentence", "Apache-2.0", 110,
     {"vocabulary": 30_522, "hidden": 768, "layers": 12}),
    ("distilbert/distilbert-base-uncased", "DistilBERT", "distilbert", "masked language model, taught by BERT base", "Apache-2.0", 66,
     {"vocabulary": 30_522, "hidden": 768, "layers": 6}),
    ("FacebookAI/roberta-base", "RoBERTa base", "roberta", "masked language model", "MIT", 125,
     {"vocabulary": 50_265, "hidden": 768, "layers": 12}),
    ("google/electra-small-discriminator", "ELECTRA small", "electra", "which words were replaced", "Apache-2.0", 14,
     {"vocabulary": 30_522, "hidden": 256, "layers": 12}),
)  # fmt: skip

# (id, or id/configuration; title; task; canonical column -> column there; names of numbered labels where the file has none).
# Repositories of parquet files: those that need a loading script cannot be read any more, so some stand here as mirrors.
# Checked in 2026-11 against published cards and file lists; of flaitenberger/wnut_17 only how others load it was to be had.
_HUB_DATASETS: tuple[tuple[str, str, str, dict[str, str], dict[str, str]], ...] = (
    ("stanfordnlp/sst2", "Stanford Sentiment Treebank, 67,000 phrases", "classification", {"text": "sentence", "label": "label"}, {}),
    ("stanfordnlp/imdb", "IMDb film reviews, 50,000", "classification", {"text": "text", "label": "label"}, {}),
    ("ucirvine/sms_spam", "SMS Spam Collection, 5,574 messages", "classification", {"text": "sms", "label": "label"}, {}),
    ("fancyzhx/ag_news", "AG News, 4 topics, 120,000", "classification", {"text": "text", "label": "label"}, {}),
    ("lhoestq/conll2003", "CoNLL-2003, entities in news, 20,700 sentences (mirror of eriktks/conll2003)", "tagging",
     {"tokens": "tokens", "tags": "ner_tags"}, {}),
    ("flaitenberger/wnut_17", "WNUT-17, rare entities in posts, 5,700 sentences (mirror of leondz/wnut_17)", "tagging",
     {"tokens": "tokens", "tags": "ner_tags"}, {}),
    ("rajpurkar/squad", "SQuAD 1.1, 98,000 questions on Wikipedia", "answering",
     {"question": "question", "context": "context", "answers": "answers"}, {}),
    ("rajpurkar/squad_v2", "SQuAD 2.0, with 50,000 questions that have no answer", "answering",
     {"question": "question", "context": "context", "answers": "answers"}, {}),
    ("Helsinki-NLP/opus_books/en-fr", "OPUS Books, English and French, 127,000 pairs", "translation", {"translation": "translation"}, {}),
    ("sentence-transformers/parallel-sentences-tatoeba/en-fr", "Tatoeba, English and French sentences", "translation",
     {"source": "english", "target": "non_english"}, {}),
    ("coastalcph/lex_glue/ledgar", "LEDGAR (LexGLUE), contract clauses of 100 kinds, 80,000", "classification",
     {"text": "text", "label": "label"}, {}),
    ("TimSchopf/medical_abstracts", "Medical abstracts, 5 kinds of conditions, 14,400", "classification",
     {"text": "medical_abstract", "label": "condition_label"},
     {"1": "neoplasms", "2": "digestive system diseases", "3": "nervous system diseases", "4": "cardiovascular diseases",
      "5": "general pathological conditions"}),
    ("google-research-datasets/go_emotions", "GoEmotions, 28 emotions, several per comment, 54,000", "multi-label",
     {"text": "text", "labels": "labels"}, {}),
)  # fmt: skip

_INSTALLED = (
    Card("docstrings", "dataset", "Documentation of installed packages: what is each about?", "", ("classification",), "installed"),
    Card("docstrings-sentences", "dataset", "The same documentation without labels", "", ("language-modeling",), "installed"),
)  # fmt: skip


@functools.lru_cache(maxsize=1)
def _bundled() -> tuple[Card, ...]:
    cards = []
    for path in sorted(bundled_home().glob("*/*/card.json")):
        try:
            facts = dict(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # one broken card must not hide the others
        cards.append(
            Card(
                name=path.parent.name,
                kind=path.parent.parent.name.removesuffix("s"),
                title=str(facts.get("title") or path.parent.name),
                family=str(facts.get("family") or ""),
                tasks=tuple([t] if isinstance(t := facts.get("tasks") or (), str) else t),
                facts=facts,
            )
        )
    return tuple(cards)


def models() -> Cards:
    """Bundled models, their random twins (the control), then Hub suggestions; any other Hub id works as well."""
    bundled = [c for c in _bundled() if c.kind == "model"]
    twins = [
        Card(
            f"{c.name}:random",
            "model",
            f"{c.name}'s random twin: fresh weights",
            c.family,
            c.tasks,
            "control",
            facts={k: c.facts.get(k) for k in ("parameters", "licence", "speed")},
        )
        for c in bundled
    ]
    hub = [
        Card(i, "model", title, family, families.tasks(family), "hub", i,
             {"objective": learned, "licence": licence, "parameters": m * 10**6, "megabytes": 4 * m, **size})
        for i, title, family, learned, licence, m, size in _HUB_MODELS
    ]  # fmt: skip
    return Cards(bundled + twins + hub)


def datasets() -> Cards:
    """Bundled datasets, those made from the installed packages, then Hub counterparts (parquet repositories with their columns)."""
    hub = [
        Card(f"hub:{i}", "dataset", title, "", (task,), "hub", i, {"columns": columns, "names": names})
        for i, title, task, columns, names in _HUB_DATASETS
    ]
    return Cards([c for c in _bundled() if c.kind == "dataset"] + list(_INSTALLED) + hub)


def techniques() -> Cards:
    """Every way of fine-tuning that `technique=` takes."""
    return Cards(TECHNIQUES)


def technique_refusal(name: str, task: str) -> WorkbenchError | None:
    """Why a technique is not for data of this task, or None."""
    tasks = find(techniques(), name, "technique").tasks
    if task in tasks:
        return None
    return WorkbenchError(f"technique {name!r} on data for {task}", f"data for {', '.join(tasks)}", "technique='full'")


def owner(choice: str) -> str | None:
    """The one technique that reads a choice of RunConfig, or None: it is there for all.

    >>> owner("lora_rank"), owner("seed")
    ('lora', None)
    """
    return next((t.name for t in TECHNIQUES if choice in t.facts.get("own", ())), None)


def find(cards: list[Card], name: str, what: str) -> Card:
    """The card called `name`, or an error that lists what there is."""
    for card in cards:
        if name and name in (card.name, card.reference):
            return card
    names = [c.name for c in cards]
    near = nearest(name, names)
    raise WorkbenchError(
        f"no {what} is called {name!r}", f"one of {', '.join(names)}", f"{what}={near!r}" if near else ""
    )


def nearest(name: Any, names: list[str], other: str = "") -> str:
    """The one of `names` that is written most nearly so; where none is near, `other` or the first.

    >>> nearest("reveiws", ["entities", "reviews"]), nearest("x", ["entities", "reviews"])
    ('reviews', 'entities')
    """
    plain = {known.lower(): known for known in names}
    near = [plain[n] for n in difflib.get_close_matches(str(name).lower(), plain, n=1)]
    return near[0] if near else other or next(iter(names), "")


def check_data(name: Any) -> None:
    """Refuse a name that is no dataset's, no Hub id and no path, before anything is loaded; what is no name is not asked."""
    if not isinstance(name, str) or name.startswith("hub:"):
        return
    known = [c.name for c in datasets() if c.source != "hub"]
    if existing(name) is None and name not in known:
        near = nearest(name, known)
        raise WorkbenchError(f"no data called {in_short(name)}", f"one of {', '.join(known)}, 'hub:owner/name', a file, a folder, a DataFrame or a "
                             "DatasetDict", f"{near!r}" if near else "")  # fmt: skip


def existing(name: str | Path) -> Path | None:
    """The file or folder that is meant, if there is one; a text that cannot be a path is none."""
    try:
        if not str(name).strip():
            return None
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def in_short(name: Any) -> str:
    """In quotes, a long one without its middle: the end of a path says most."""
    text = str(name)
    return repr(text if len(text) <= 80 else f"{text[:39]}…{text[-40:]}")


def answer_calls(package: str, listing: Callable[[], Cards]) -> None:
    """Let a package be called: `workbench.models` is a package and `wb.models()` a public name, and Python puts the package
    in the function's place once something in it has been imported."""
    called = type("CallablePackage", (ModuleType,), {"__call__": lambda self: listing(), "__doc__": listing.__doc__})
    sys.modules[package].__class__ = called
