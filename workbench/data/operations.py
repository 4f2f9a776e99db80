"""What may be done to the words of one text without changing its label: deletion, insertion, substitution, swap, and words that a masked
language model offers. Which texts, and how many copies of each, is `augment`'s to decide.

An operation takes words, a number and a random generator, and gives other words; the list that it was given stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from workbench.data.synonyms import SYNONYMS, protected
from workbench.errors import WorkbenchError

CHOICES = 10  # words among which contextual substitution draws
OUTSIDE = "O"
_MARKS = frozenset(",;:.!?")
_AN = re.compile(
    r"(?!uni|us[aeiu]|eu|one\b|once\b)[aeiou]|hour|honest|honou?r|heir", re.IGNORECASE
)  # "an" before these


@dataclass(frozen=True)
class Word:
    """One word with the punctuation around it, and its tag where words have tags.

    >>> Word.read('"Great!"')
    Word(before='"', core='Great', after='!"', tag='O')
    """

    before: str
    core: str
    after: str
    tag: str = OUTSIDE

    @classmethod
    def read(cls, text: str) -> Word:
        """A word of a running text, its punctuation split off."""
        parts = re.fullmatch(r"([\W_]*)(.*?)([\W_]*)", text, re.DOTALL)
        assert parts is not None
        return cls(*parts.groups())

    def __str__(self) -> str:
        return self.before + self.core + self.after

    @property
    def free(self) -> bool:
        """Whether it may be deleted, hidden or moved: letters, outside every name, no #topic, no opinion and no negation."""
        plain = self.tag == OUTSIDE and not set(self.before) & set("#@")
        return plain and any(c.isalpha() for c in self.core) and not protected(self.core)

    def says(self, core: str) -> Word:
        """Another word in its place, in capitals where it was."""
        if self.core.isupper() and len(self.core) > 1:
            core = core.upper()
        elif self.core[:1].isupper():
            core = core[:1].upper() + core[1:]
        return replace(self, core=core)

    def closed_by(self, marks: str) -> Word:
        """With the punctuation of a word behind it that is gone: a full stop is worth more than a comma."""
        if not marks or self.after[-1:] in tuple(".!?"):
            return self
        return replace(self, after=self.after.rstrip(",;:") + marks if set(marks) & set(".!?") else self.after or marks)


Words = list[Word]
Operation = Callable[[Words, int, np.random.Generator], Words]


def deletion(words: Words, n: int, rng: np.random.Generator) -> Words:
    """Without `n` of its words; one with letters always stays. Its comma or full stop goes to the word before."""
    some = [i for i, w in enumerate(words) if w.free and not w.before and set(w.after) <= _MARKS]
    gone = set(_draw(some, min(n, sum(any(c.isalpha() for c in w.core) for w in words) - 1), rng))
    out: Words = []
    capital = False
    for i, word in enumerate(words):
        if i in gone:
            capital |= _begins(words, i) and word.core[0].isupper()
            out[-1:] = [last.closed_by(word.after) for last in out[-1:]]
            continue
        out.append(
            replace(word, core=word.core[:1].upper() + word.core[1:]) if capital and word.tag == OUTSIDE else word
        )
        capital = capital and not word.core
    return out


def insertion(words: Words, n: int, rng: np.random.Generator) -> Words:
    """With `n` words more: synonyms of words that are there, put in anywhere but at the beginning of a sentence or in a name."""
    known = [w.core.lower() for w in words if w.free and w.core.lower() in SYNONYMS]
    out = list(words)
    for _ in range(n if known else 0):
        new = str(rng.choice(SYNONYMS[str(rng.choice(known))]))
        places = [i for i in range(1, len(out)) if out[i].core and not _begins(out, i) and not _inside(out, i)
                  and not protected(out[i - 1].core)]  # fmt: skip
        for place in _draw(places, 1, rng):
            out.insert(place, Word("", new, ""))
    return out


def substitution(words: Words, n: int, rng: np.random.Generator) -> Words:
    """With `n` words replaced by synonyms of the same form; praise by praise, blame by blame."""
    some = [i for i, w in enumerate(words) if w.tag == OUTSIDE and w.core.lower() in SYNONYMS and not _named(words, i)]
    out = list(words)
    for i in _draw(some, n, rng):
        out[i] = out[i].says(str(rng.choice(SYNONYMS[out[i].core.lower()])))
    return out


def swap(words: Words, n: int, rng: np.random.Generator) -> Words:
    """With two words in each other's place, `n` times. Punctuation, names and beginnings of sentences stay where they are."""
    some = [i for i, w in enumerate(words) if w.free and not _begins(words, i) and not _named(words, i)]
    out = list(words)
    for _ in range(n):
        for i, j in [_draw(some, 2, rng)] if len(some) > 1 else []:
            out[i], out[j] = replace(out[i], core=out[j].core), replace(out[j], core=out[i].core)
    return out


OPERATIONS: dict[str, Operation] = {
    "deletion": deletion, "insertion": insertion, "substitution": substitution, "swap": swap,
}  # fmt: skip


class Contextual:
    """Substitution by a masked language model: it reads the text with `n` words hidden and offers others in their place.

    Only words without an opinion are hidden and offered, and never the hidden word itself. `known`: where it is not None, only
    these are offered (where words have tags, a word that no training sentence shows outside a name may be a name).
    """

    def __init__(self, model: str, known: frozenset[str] | None = None) -> None:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
        from transformers import AutoModelForMaskedLM

        from workbench.models import zoo
        from workbench.models.place import settled

        source = zoo.source(model)
        self.tokenizer, self.small, self.known = zoo.tokenizer(source), ENGLISH_STOP_WORDS, known
        if self.tokenizer.mask_token is None:
            raise WorkbenchError(
                f"model {model!r} has no mask token", "a masked language model such as BERT", "model='bert-mini'"
            )
        self.model = settled(zoo.build(AutoModelForMaskedLM, source, zoo.config(source)).eval())

    def __call__(self, words: Words, n: int, rng: np.random.Generator) -> Words:
        some = [i for i, w in enumerate(words) if w.free and self._tells(w.core) and not _named(words, i)]
        out = list(words)
        hidden = sorted(_draw(some, n, rng))
        for i, (offered, share) in zip(hidden, self._offers(words, hidden), strict=False):  # fewer where a text is cut
            near = {words[j].core.lower() for j in (i - 1, i, i + 1) if 0 <= j < len(words)}
            fits = [k for k, new in enumerate(offered) if new not in near and self._fits(new)][:CHOICES]
            if fits:
                out[i] = out[i].says(offered[int(rng.choice(fits, p=share[fits] / share[fits].sum()))])
        return out

    def _fits(self, word: str) -> bool:
        return self._tells(word) and not protected(word) and (self.known is None or word in self.known)

    def _tells(self, word: str) -> bool:
        return len(word) > 2 and word.isascii() and word.isalpha() and word.lower() not in self.small

    def _offers(self, words: Words, hidden: list[int]) -> Iterator[tuple[list[str], np.ndarray]]:
        """For each hidden word: the 50 likeliest pieces that are whole words, in small letters, and their probabilities."""
        import torch

        if not hidden:
            return
        blank = self.tokenizer.mask_token
        text = " ".join(f"{w.before}{blank}{w.after}" if i in hidden else str(w) for i, w in enumerate(words))
        batch = self.tokenizer(text, truncation=True, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            logits = self.model(**batch).logits[0, batch["input_ids"][0] == self.tokenizer.mask_token_id]
        best = logits.float().cpu().softmax(-1).topk(50)
        for ids, share in zip(best.indices, best.values, strict=True):
            pieces = self.tokenizer.convert_ids_to_tokens(ids.tolist())
            spaced = any(
                p[0] in "Ġ▁" for p in pieces
            )  # then a piece without a space goes on with a word, as "##s" does
            words_only = [p.lstrip("Ġ▁").lower() if not spaced or p[0] in "Ġ▁" else "" for p in pieces]
            yield words_only, share.double().numpy()


def _draw(some: list[int], n: int, rng: np.random.Generator) -> list[int]:
    """`n` of them without repetition, or all where there are fewer."""
    return [int(i) for i in rng.permutation(some)[: max(0, n)]]


def _begins(words: Words, i: int) -> bool:
    """Whether a sentence begins with word i: the first, and every one behind a full stop."""
    return i == 0 or bool(set(str(words[i - 1])) & set(".!?"))


def _named(words: Words, i: int) -> bool:
    """Whether a word looks like a name: one capital inside a sentence."""
    core = words[i].core
    return core[:1].isupper() and not (core.isupper() and len(core) > 1) and not _begins(words, i)


def _inside(words: Words, i: int) -> bool:
    """Whether word i goes on with the name that the word before it belongs to."""
    return words[i].tag.startswith("I-") or (_named(words, i) and words[i - 1].core[:1].isupper())


def articles(words: Words, before: Words) -> Words:
    """With "a" or "an" as the word behind needs it, where that word is new there."""
    pairs = lambda some: [(a.core.lower(), b.core) for a, b in pairwise(some)]  # noqa: E731
    there, out = set(pairs(before)), list(words)
    for i, (article, behind) in enumerate(pairs(words)):
        if article in ("a", "an") and words[i].tag == OUTSIDE and (article, behind) not in there and behind:
            right = "an" if _AN.match(behind) else "a"
            out[i] = replace(out[i], core=right.capitalize() if out[i].core[0].isupper() else right)
    return out
