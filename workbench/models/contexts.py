"""One word's vectors in several sentences, layer by layer, and how alike they are. Nothing is trained or drawn here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from workbench.data.text import well_formed
from workbench.data.tokens import SPECIAL, pieces
from workbench.errors import WorkbenchError
from workbench.models import sound, zoo


class Encoder:
    """A checkpoint without its head; `model` is a bundled name, a folder, a Hub id or a finished run."""

    def __init__(self, model: Any) -> None:
        from transformers import AutoModel

        self.name, source = zoo.of(model)
        cfg, self.tokenizer = zoo.config(source), zoo.tokenizer(source)
        sound.offsets(self.name, self.tokenizer)
        if cfg.is_encoder_decoder:
            raise WorkbenchError(f"model {self.name!r} ({cfg.model_type}) reads with one half and writes with the other",
                                 "a model of one half, such as BERT or GPT-2", "models=['bert-mini']")  # fmt: skip
        self.model = zoo.build(AutoModel, source, cfg).eval()

    @torch.inference_mode()
    def vectors(self, word: str, sentence: str) -> np.ndarray:
        """(layers + 1, hidden): the word's vector behind the embeddings and behind every layer, the mean over its pieces."""
        text = well_formed(sentence)
        found, (begin, end) = pieces(self.tokenizer, text), place(word, text)
        at = [n for n, (_, _, a, b, kind) in enumerate(found) if kind != SPECIAL and a < end and b > begin]
        longest = self.tokenizer.model_max_length
        if not at:
            raise WorkbenchError(
                f"{word!r} leaves no piece in the vocabulary of {self.name}", "a word that it can cut", "another word"
            )
        if len(found) > longest:
            raise WorkbenchError(
                f"a sentence of {len(found)} pieces", f"at most {longest} for {self.name}", "a sentence"
            )
        ids = torch.tensor([[row[1] for row in found]])
        states = self.model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        return torch.stack([s[0, at].float().mean(0) for s in states]).numpy()


def place(word: str, text: str) -> tuple[int, int]:
    """Where the word stands first in the text, whatever its capitals.

    >>> place("bank", "Banking is done at the Bank.")
    (23, 27)
    """
    found = re.search(rf"(?<!\w){re.escape(word.strip())}(?!\w)", text, re.IGNORECASE) if word.strip() else None
    if found is None:
        raise WorkbenchError(
            f"no word {word!r} in {text[:60]!r}", "sentences in which it stands", "'They sat on the bank.'"
        )
    return found.start(), found.end()


def cosines(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """(layers + 1, S, S): the cosine of every pair of S sentences' vectors in every layer.

    >>> one = np.array([[1.0, 0.0]])
    >>> cosines([one, one * 3, np.array([[0.0, 2.0]])])[0].tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    stacked = np.stack(list(vectors), 1).astype(np.float64)
    length = np.linalg.norm(stacked, axis=-1, keepdims=True)
    unit = stacked / np.where(length == 0, 1, length)
    return np.asarray(unit @ unit.swapaxes(1, 2))
