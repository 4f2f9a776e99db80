"""What a language model says of a word that it does not see: a form for each kind of pretraining, and what each may look at.

Masked (Devlin et al. 2019), causal (Radford et al. 2019), permutation (Yang et al. 2019), two-way (Peters et al. 2018). Nothing is
trained or drawn here. A family that is not in the table below has the form of its Auto class; a further form is one more entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench import catalog
from workbench.data.text import well_formed
from workbench.data.tokens import SPECIAL, byte_level, pieces, readable
from workbench.errors import WorkbenchError
from workbench.models import sound, zoo
from workbench.models.blanks import BLANK, not_one
from workbench.models.elmo_words import whole_words

FILLERS = ("time", "house", "the", "it", "a", "of")  # a word to stand in the blank until its pieces have been found


@dataclass(frozen=True)
class Answers:
    """What was said of K places of a text of L pieces. `visible` (K, L) is what could be looked at, `probabilities` is (K, V)."""

    sees: str  # in words
    places: tuple[int, ...]
    visible: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Form:
    """A kind of pretraining. `ask(model, tokenizer, ids, places)` hides the pieces at `places`, in that order of guessing."""

    name: str
    auto: str  # transformers' Auto class with the head that was pretrained
    ask: Callable[[Any, Any, Sequence[int], Sequence[int]], list[Answers]]


@torch.inference_mode()
def ask_masked(model: Any, tokenizer: Any, ids: Sequence[int], places: Sequence[int]) -> list[Answers]:
    """The mask stands at all asked places at once; everything else is seen, on both sides."""
    shown = torch.tensor([list(ids)])
    shown[0, list(places)] = tokenizer.mask_token_id
    logits = model(input_ids=shown, attention_mask=torch.ones_like(shown)).logits[0, list(places)]
    visible = np.ones((len(places), len(ids)), dtype=bool)
    visible[:, list(places)] = False
    return [_answers("both sides", places, visible, logits)]


@torch.inference_mode()
def ask_causal(model: Any, tokenizer: Any, ids: Sequence[int], places: Sequence[int]) -> list[Answers]:
    """Each piece from those left of it; the text begins behind the token that begins texts."""
    begin = next((i for i in (tokenizer.bos_token_id, tokenizer.eos_token_id) if i is not None), 0)
    there = int(len(ids) > 0 and ids[0] == begin)  # Llama's, Gemma's and OPT's tokenizers have put it there
    given = torch.tensor([list(ids) if there else [begin, *ids]])
    logits = model(input_ids=given, attention_mask=torch.ones_like(given)).logits[0, [p - there for p in places]]
    return [_answers("left of it", places, _before(places, len(ids)), logits)]


@torch.inference_mode()
def ask_permutation(model: Any, tokenizer: Any, ids: Sequence[int], places: Sequence[int]) -> list[Answers]:
    """Two-stream attention: each asked place from all pieces that are not asked, and from those asked before it."""
    from workbench.models.recipes.xlnet_mini import hidden_from

    shown = torch.tensor([list(ids)])
    turns = torch.full_like(shown, -1)
    turns[0, list(places)] = torch.arange(len(places))
    hidden = hidden_from(turns)
    where = torch.nn.functional.one_hot(torch.tensor([list(places)]), len(ids)).float()
    logits = model(input_ids=shown, perm_mask=hidden, target_mapping=where, use_mems=False).logits[0]
    visible = ~hidden[0, list(places)].bool().numpy()
    return [
        _answers("both sides" if len(places) == 1 else "what comes before it in the order", places, visible, logits)
    ]


@torch.inference_mode()
def ask_two_way(model: Any, tokenizer: Any, ids: Sequence[int], places: Sequence[int]) -> list[Answers]:
    """Two models that know nothing of each other: each word from those before it, and from those behind it."""
    logits = model(torch.tensor([list(ids)]), torch.tensor([list(places)]))[0]
    before = _before(places, len(ids))
    behind = _before([len(ids) - 1 - p for p in places], len(ids))[:, ::-1]
    return [_answers("left of it", places, before, logits[0]), _answers("right of it", places, behind, logits[1])]


def _answers(sees: str, places: Sequence[int], visible: np.ndarray, logits: Tensor) -> Answers:
    return Answers(sees, tuple(int(p) for p in places), visible, logits.float().softmax(-1).numpy())


def _before(places: Sequence[int], length: int) -> np.ndarray:
    """(K, L): what lies left of each place.

    >>> _before([2, 0], 3).tolist()
    [[True, True, False], [False, False, False]]
    """
    return np.arange(length)[None, :] < np.array(list(places))[:, None]


MASKED = Form("masked", "AutoModelForMaskedLM", ask_masked)
CAUSAL = Form("causal", "AutoModelForCausalLM", ask_causal)
PERMUTATION = Form("permutation", "AutoModelForCausalLM", ask_permutation)
TWO_WAY = Form("two-way", "AutoModelForPreTraining", ask_two_way)
FAMILIES = {"xlnet": PERMUTATION, "elmo": TWO_WAY}


def form_of(name: str, cfg: Any, tokenizer: Any) -> Form:
    """How a checkpoint was pretrained; a WorkbenchError where it guesses no words."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    if cfg.model_type in FAMILIES:
        return FAMILIES[cfg.model_type]
    if tokenizer.mask_token is not None and type(cfg) in AutoModelForMaskedLM._model_mapping:
        return MASKED
    if type(cfg) in AutoModelForCausalLM._model_mapping and not cfg.is_encoder_decoder:
        return CAUSAL
    raise WorkbenchError(f"model {name!r} ({cfg.model_type}) was not pretrained to guess words of one text",
                         "a masked, causal or permutation language model, such as BERT, GPT-2 or XLNet", "models=['bert-mini']")  # fmt: skip


class Reader:
    """A language model with its tokenizer and its form; `model` is a bundled name, a folder, a Hub id or a finished run."""

    def __init__(self, model: Any) -> None:
        self.name, source = zoo.of(model)
        cfg, self.tokenizer = zoo.config(source), zoo.tokenizer(source)
        sound.offsets(self.name, self.tokenizer)
        self.form = form_of(self.name, cfg, self.tokenizer)
        self.model = _with_its_head(self.name, source, cfg, self.form.auto).eval()
        self.marks = _mark_of_words(self.tokenizer)

    def ask(self, ids: Sequence[int], places: Sequence[int]) -> list[Answers]:
        """What the model says of the pieces at `places` without seeing them."""
        longest = min(self.tokenizer.model_max_length, 512) - 1  # a causal model gets one more in front
        if len(ids) > longest:
            raise WorkbenchError(f"a text of {len(ids)} pieces", f"at most {longest} for {self.name}", "a sentence")
        return self.form.ask(self.model, self.tokenizer, ids, places)

    def words(self, ids: Sequence[int]) -> list[str]:
        """Pieces for the eye: without the marks of their vocabulary, what goes on with a word behind a hyphen."""
        written, bytewise = self.tokenizer.convert_ids_to_tokens(list(ids)), byte_level(self.tokenizer)
        return [
            self._word(readable(p).replace("·", "Ġ") if bytewise else p, id) for p, id in zip(written, ids, strict=True)
        ]

    def _word(self, piece: str, id: int) -> str:
        """A hyphen where a word goes on; a dot for the space before a sign, which is a piece of its own in some vocabularies."""
        begins = not piece.startswith("##") and (not self.marks or piece.startswith(self.marks))
        plain = piece.removeprefix("##").removeprefix(self.marks or "##")
        if id in self.tokenizer.all_special_ids:
            return piece
        if plain[:1].isalnum():
            return plain if begins else f"-{plain}"
        return f"·{plain}" if begins and self.marks else plain

    def blank(self, text: str) -> tuple[list[int], int]:
        """The ids of a text with some piece in its blank, and the place of that piece.

        The blank is written ___ ; a text without one has it at its end. Cut as a whole, because tokenizers treat what stands before a
        full stop differently from what stands alone.
        """
        left, right = parted(text)
        wrong = WorkbenchError(
            f"the blank of {text[:60]!r} stands inside a word", "a blank between spaces", "'The ___ is cold.'"
        )
        if left[-1:].isalnum() or right[:1].isalnum():
            raise wrong
        tried = [self._cut(left, filler, right) for filler in FILLERS]
        found = [cut for cut in tried if cut is not None]
        if found:
            ids, first, last = min(
                found, key=lambda cut: cut[2] - cut[1]
            )  # one piece where the vocabulary has such a word
            return ids[: first + 1] + ids[last + 1 :], first
        raise wrong

    def _cut(self, left: str, filler: str, right: str) -> tuple[list[int], int, int] | None:
        """The ids of the text with a word in its blank, and that word's first and last piece; None where a piece reaches beyond it."""
        found = pieces(self.tokenizer, left + filler + right)
        begin, end = len(left), len(left) + len(filler)
        inside = [n for n, (_, _, a, b, kind) in enumerate(found) if kind != SPECIAL and a < end and b > begin]
        if not inside or found[inside[-1]][3] > end or left[found[inside[0]][2] :].strip():
            return None
        return [id for _, id, *_ in found], inside[0], inside[-1]


def _mark_of_words(tokenizer: Any) -> str:
    """What the vocabulary writes for the space before a word; empty where words begin without a mark."""
    vocabulary = list(tokenizer.get_vocab())
    return next((m for m in ("Ġ", "▁") if sum(p.startswith(m) for p in vocabulary) > len(vocabulary) / 20), "")


def parted(text: str) -> tuple[str, str]:
    """What stands before and behind the blank.

    >>> parted("The ___ is cold."), parted("The room is")
    (('The ', ' is cold.'), ('The room is ', ''))
    """
    if not isinstance(text, str) or not text.strip(" _"):
        raise WorkbenchError(f"{text!r:.60} instead of a text", "a sentence with a blank", "'The ___ is cold.'")
    parts = well_formed(text).split(BLANK)
    if len(parts) > 2:
        raise not_one(len(parts) - 1, text)
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0].rstrip() + " ", "")


def _with_its_head(name: str, source: zoo.Source, cfg: Any, auto: str) -> Any:
    """The checkpoint with the head that it was pretrained with; a random twin has fresh weights throughout, and may."""
    import transformers

    kind = getattr(transformers, auto)
    model = zoo.build(kind, source, cfg)
    if model.fresh and not source.random:
        raise WorkbenchError(f"model {name!r} came without the head that guesses words", "a checkpoint as it was pretrained, "
                             "not one that was saved without its head or fine-tuned for something else", "models=['bert-mini']")  # fmt: skip
    return model


SHARE = (
    0.30  # of a text's pieces that a masked or a permutation model is asked for, as in the recipes of the bundled ones
)


def lesson(reader: Reader, text: str, seed: int = 0) -> tuple[list[int], list[Answers]]:
    """One text as in pretraining: its ids, and what the model says of the places that its objective asks for.

    A causal model is asked for every piece, a two-way one for every word that is one piece; the others for 30% of the pieces, drawn by
    `seed`, which a permutation model guesses in the order in which they were drawn.
    """
    found = pieces(reader.tokenizer, well_formed(text))
    ids, real = [id for _, id, *_ in found], [n for n, row in enumerate(found) if row[4] != SPECIAL]
    if len(real) < 2:
        raise WorkbenchError(
            f"{text!r:.60} instead of a text", "a sentence", "'The boat lay on the bank of the river.'"
        )
    if reader.form is TWO_WAY:
        words = whole_words(np.array(ids), reader.model.config.words, reader.tokenizer.all_special_ids, -1)
        places = np.flatnonzero(words >= 0).tolist()
    elif reader.form is CAUSAL:
        places = real
    else:
        drawn = np.random.default_rng(seed).permutation(real)[: max(1, round(SHARE * len(real)))]
        places = [int(n) for n in (drawn if reader.form is PERMUTATION else np.sort(drawn))]
    return ids, reader.ask(ids, places)


def relatives() -> list[str]:
    """The bundled siblings that guess words, one per family."""
    known = {"bert", "roberta", "gpt2", *FAMILIES}
    return [
        c.name for c in catalog.models() if c.source == "bundled" and c.name.endswith("-mini") and c.family in known
    ]
