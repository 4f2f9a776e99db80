"""What a pretraining recipe is: sizes, a budget, how the input is spoilt and what is asked of the model.

One file per bundled model, readable from top to bottom; `workbench/models/pretrain.py` is the machinery they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from workbench.errors import WorkbenchError
from workbench.models.pretrain_text import documents


@dataclass(frozen=True)
class Recipe:
    """Everything that differs from one bundled model to the next."""

    name: str
    title: str
    family: str
    tasks: tuple[str, ...]
    objective: str  # in words, for the card
    vocabulary: int
    hidden: int
    phases: tuple[tuple[int, float], ...]  # (tokens in a sequence, share of the budget), shortest first
    tokens: int  # the default budget
    batch: int  # tokens in a step
    rate: float  # peak learning rate for that batch
    added: int  # special tokens that `corrupt` puts around a block
    separator: int  # id that closes each document
    first_word: int  # ids below it are special tokens
    train_tokenizer: Callable[[Iterable[str], int], Any]  # lines, vocabulary size -> tokenizers.Tokenizer
    tokenizer_config: dict[str, Any]
    build: Callable[[int], Any]  # vocabulary size -> model with fresh weights, dropout 0
    start: Callable[[Any, Any, Any], None]  # model, embeddings (V, H), log unigram probabilities (V,) -> in place
    lengthen: Callable[[Any, int, int], None]  # model, sequence length so far, the next one -> in place
    corrupt: Callable[[Any, Any], tuple[Any, Any, Any]]  # blocks (B, L), generator -> inputs, positions, labels
    predict: Callable[[Any, Any, Any], Any]  # model, inputs, positions -> logits
    loss: Callable[[Any, Any], Any]  # logits, labels -> scalar
    finish: Callable[[Any], Any]  # trained model -> model as it is shipped
    corpus: str = "general_en.train.txt.xz"  # file names of the default texts
    validation: str = "general_en.valid.txt.xz"
    read: Callable[..., Iterator[list[str]]] = documents  # path -> documents, each a list of lines
    read_held_out: Callable[..., Iterator[list[str]]] = documents
    feed: Callable[..., Callable[[int], Any]] | None = (
        None  # ids, plan, device=... -> step -> blocks; None: rows of running text
    )
    begin: str = ""  # the bundled model from whose weights it goes on; empty: fresh weights
    counted: str = "documents"  # what the card counts its text in
    unit: str = "hidden token"  # what a loss is a mean over, and what the card calls the share of right guesses
    guessed: str = "masked accuracy"
    initialisation: str = ""  # in words, for the card; empty: as for bert-mini
    limits: tuple[str, ...] = ()
    score: Callable[..., dict[str, Any]] | None = None  # shipped folder, corpus -> further figures for the card
    held_out: Callable[..., Any] | None = (
        None  # ids, length=..., rows=... -> the validation blocks; None: rows of running text
    )
    equip: Callable[[Any, Path], None] | None = (
        None  # fresh model, folder of the tokenizer -> in place: what a model must know of its vocabulary
    )

    def fresh(self, tokenizer: Path) -> Any:
        """A model with fresh weights that knows what it must of the tokenizer in this folder."""
        model = self.build(self.vocabulary)
        if self.equip:
            self.equip(model, tokenizer)
        return model


def names() -> list[str]:
    """Recipes that exist, as their users write them."""
    return sorted(module.name.replace("_", "-") for module in iter_modules(__path__))


def find(name: str) -> Recipe:
    """The recipe of a bundled model."""
    if name not in names():
        raise WorkbenchError(f"There is no recipe called {name!r}", "one of " + ", ".join(names()), "bert-mini")
    recipe: Recipe = import_module(f"{__name__}.{name.replace('-', '_')}").RECIPE
    return recipe
