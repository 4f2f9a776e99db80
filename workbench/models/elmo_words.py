"""From word pieces to words to vectors: ELMo's input layer, which reads the characters of a word. The rest stands in `elmo.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.data.tokens import written_bytes

# Characters beyond the 256 bytes, numbered as in the paper's code
BEGIN_TEXT, END_TEXT, BEGIN_WORD, END_WORD, NOTHING = range(256, 261)
CHARACTERS = 261


def spellings(config: Any) -> Tensor:
    """The characters of every piece, (pieces, longest) int16, filled up with NOTHING. A special token is one character, or none."""
    pieces, table = config.pieces.split(), written_bytes()
    special = {config.bos_token_id: [BEGIN_TEXT], config.eos_token_id: [END_TEXT]}
    special |= {config.pad_token_id: [], config.unk_token_id: []}
    spelt = [special[i] if i in special else [table[c] for c in (p if i < config.words else p.removeprefix("##"))]
             for i, p in enumerate(pieces)]  # fmt: skip
    longest = max(map(len, spelt), default=1)
    rows = [row + [NOTHING] * (longest - len(row)) for row in spelt]
    return torch.tensor(rows, dtype=torch.int16).reshape(len(rows), longest)


def whole_words(ids: np.ndarray, begins: int, special: list[int], silent: int) -> np.ndarray:
    """Labels (length,): every word that is one piece, as no list has the others; `silent` elsewhere. Ids below `begins` begin a word.

    >>> whole_words(np.array([2, 7, 8, 99, 9, 3]), 50, [2, 3], -100).tolist()
    [-100, 7, -100, -100, 9, -100]
    """
    first = ids < begins
    asked = first & np.append(first[1:], True) & ~np.isin(ids, special)
    return np.where(asked, ids, silent)


class WordReader(nn.Module):
    """Pieces -> words -> one vector per word from its characters alone: a convolution over them, its maxima, highway layers."""

    spelling: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.words, self.room = config.words, config.max_characters
        self.register_buffer("spelling", spellings(config), persistent=False)
        count = sum(n for _, n in config.filters)
        self.characters = nn.Embedding(CHARACTERS, config.character_size)
        self.convolutions = nn.ModuleDict(
            {str(i): nn.Conv1d(config.character_size, n, width) for i, (width, n) in enumerate(config.filters)}
        )
        self.highways = nn.Sequential(*(Highway(count) for _ in range(config.highway_layers)))
        self.projection = nn.Linear(count, config.hidden_size // 2)

    def forward(self, spelt: Tensor) -> Tensor:
        """Words as their characters (words, room) -> (words, half the hidden size)."""
        letters = self.characters(spelt).transpose(1, 2)
        found = torch.cat([torch.relu(convolve(letters).amax(-1)) for convolve in self.convolutions.values()], -1)
        vectors: Tensor = self.projection(self.highways(found))
        return vectors

    def spell(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The words of a batch of pieces (B, L): their characters (B, W, room), each piece's word (B, L) and each text's words (B,)."""
        real = mask.bool()
        begins = real & ((ids < self.words) | (real.cumsum(1) == 1))
        word, count = (begins.cumsum(1) - 1).clamp(min=0), begins.sum(1)
        width = max(1, int(count.max()))
        spelt = self.spelling[ids].long()
        is_letter = (spelt != NOTHING) & real.unsqueeze(-1)
        length = is_letter.sum(-1)
        before = length.cumsum(1) - length
        offset = (
            before - torch.where(begins, before, 0).cummax(1).values
        )  # letters of the word that stand before this piece
        place = offset.unsqueeze(-1) + torch.arange(spelt.shape[-1], device=ids.device)
        flat = word + width * torch.arange(len(ids), device=ids.device).unsqueeze(1)
        fits = is_letter & (place < self.room - 2)
        out = torch.full((ids.shape[0] * width, self.room), NOTHING, device=ids.device)
        total = torch.zeros(len(out), dtype=torch.long, device=ids.device).index_add_(
            0, flat.flatten(), length.flatten()
        )
        out[flat.unsqueeze(-1).expand_as(place)[fits], 1 + place[fits]] = spelt[fits]
        out[:, 0] = BEGIN_WORD
        out.scatter_(1, (1 + total.clamp(max=self.room - 2)).unsqueeze(1), END_WORD)
        return out.unflatten(0, (len(ids), width)), word, count


class Highway(nn.Module):
    """A gated layer: carry * relu(W x) + (1 - carry) * x (Srivastava et al. 2015)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.transform, self.carry = nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        carry = torch.sigmoid(self.carry(x))
        return carry * torch.relu(self.transform(x)) + (1 - carry) * x
