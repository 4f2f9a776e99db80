"""ELMo (Peters et al. 2018) for transformers, which has none: words read by their characters, two LSTM language models, a mix.

Word pieces come in (they are what the rest of the workbench counts, cuts and marks), but the model knows no piece by number: it
spells them, puts the pieces of a word together again and reads its characters, so no word is unknown to it. Every piece is
answered with the vector of its word. (A vocabulary of words would not do: rare ones are what characters are for. Characters as
pieces would, but a limit of 128 pieces would then be a limit of 25 words.) How the pieces are spelt stands in the configuration.
The heads stand in `elmo_heads.py`, published weights are read by `elmo_published.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput

# Characters beyond the 256 bytes, numbered as in the paper's code
BEGIN_TEXT, END_TEXT, BEGIN_WORD, END_WORD, NOTHING = range(256, 261)
CHARACTERS = 261
GATES = 4  # of a cell, in this order: input, forget, output, candidate


class ElmoConfig(PreTrainedConfig):
    """Sizes of an ELMo. `hidden_size` counts both directions; `pieces` is the vocabulary, separated by spaces, each piece as byte-level
    tokenizers write it; those from number `words` on go on with a word, all others begin one."""

    model_type = "elmo"

    def __init__(
        self,
        pieces: str = "",
        vocab_size: int = 0,
        words: int = 0,
        hidden_size: int = 256,
        cell_size: int = 768,
        num_hidden_layers: int = 2,
        max_characters: int = 20,
        character_size: int = 16,
        filters: Sequence[Sequence[int]] = ((1, 32), (2, 32), (3, 64), (4, 128), (5, 256)),
        highway_layers: int = 1,
        cell_clip: float = 3.0,
        projection_clip: float = 3.0,
        hidden_dropout_prob: float = 0.1,
        **more: Any,
    ) -> None:
        self.pieces, self.vocab_size, self.words = pieces, vocab_size, words
        self.hidden_size, self.cell_size, self.num_hidden_layers = hidden_size, cell_size, num_hidden_layers
        self.max_characters, self.character_size = max_characters, character_size
        self.filters = [list(f) for f in filters]  # (width in characters, how many)
        self.highway_layers, self.cell_clip, self.projection_clip = highway_layers, cell_clip, projection_clip
        self.hidden_dropout_prob = hidden_dropout_prob
        ids = {"pad_token_id": 0, "unk_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
        super().__init__(**{**ids, **more})


def written_bytes() -> dict[str, int]:
    """How byte-level tokenizers write each byte -> the byte: what can be printed as itself, all others from number 256 on.

    >>> written_bytes()["a"], written_bytes()["Ġ"]
    (97, 32)
    """
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}


def spellings(config: ElmoConfig) -> Tensor:
    """The characters of every piece, (pieces, longest) int16, filled up with NOTHING. A special token is one character, or none."""
    pieces, table = config.pieces.split(), written_bytes()
    special = {config.bos_token_id: [BEGIN_TEXT], config.eos_token_id: [END_TEXT]}
    special |= {config.pad_token_id: [], config.unk_token_id: []}
    spelt = [special[i] if i in special else [table[c] for c in (p if i < config.words else p.removeprefix("##"))]
             for i, p in enumerate(pieces)]  # fmt: skip
    longest = max(map(len, spelt), default=1)
    rows = [row + [NOTHING] * (longest - len(row)) for row in spelt]
    return torch.tensor(rows, dtype=torch.int16).reshape(len(rows), longest)


class WordReader(nn.Module):
    """Pieces -> words -> one vector per word from its characters alone: a convolution over them, its maxima, highway layers."""

    def __init__(self, config: ElmoConfig) -> None:
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


class LstmLayer(nn.Module):
    """One LSTM per direction with a projected and clipped state (Sak et al. 2014), the two side by side in the first dimension."""

    def __init__(self, config: ElmoConfig) -> None:
        super().__init__()
        size, cells = config.hidden_size // 2, config.cell_size
        self.cell_clip, self.projection_clip = config.cell_clip, config.projection_clip
        self.input = nn.Parameter(torch.empty(2, size, GATES * cells))
        self.recurrent = nn.Parameter(torch.empty(2, size, GATES * cells))
        self.bias = nn.Parameter(torch.empty(2, GATES * cells))
        self.project = nn.Parameter(torch.empty(2, cells, size))

    def forward(self, x: Tensor) -> Tensor:
        """(2, words, B, size) -> the same shape, each direction read from its first word to its last."""
        _, words, rows, size = x.shape
        cells = self.project.shape[1]
        gates = torch.baddbmm(self.bias.unsqueeze(1), x.flatten(1, 2), self.input).unflatten(1, (words, rows))
        h, c = x.new_zeros(2, rows, size), x.new_zeros(2, rows, cells)
        out = []
        for gate in gates.unbind(1):
            gate = torch.baddbmm(gate, h.to(gate.dtype), self.recurrent)
            three, candidate = gate.split([3 * cells, cells], -1)
            keep, forget, show = torch.sigmoid(three).chunk(3, -1)
            c = (forget * c + keep * torch.tanh(candidate)).clamp(-self.cell_clip, self.cell_clip)
            h = torch.bmm(show * torch.tanh(c), self.project).clamp(-self.projection_clip, self.projection_clip)
            out.append(h)
        return torch.stack(out, 1)


class ScalarMix(nn.Module):
    """gamma * sum of softmax(s)_j * layer_j: which layers a task reads is learned with the task (equation 1 of the paper)."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.scores = nn.ParameterList([nn.Parameter(torch.zeros(())) for _ in range(layers)])
        self.gamma = nn.Parameter(torch.ones(()))

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        shares = torch.stack(list(self.scores)).softmax(0)
        return self.gamma * sum(share * state for share, state in zip(shares, states, strict=True))


class ElmoPreTrainedModel(PreTrainedModel):
    """Fresh weights: matrices of variance 1 / inputs, highways that begin by carrying through, cells that begin by remembering."""

    config_class = ElmoConfig
    base_model_prefix = "elmo"
    main_input_name = "input_ids"

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, WordReader):  # not among the weights: the configuration has it
            init.copy_(module.spelling, spellings(self.config))
        elif isinstance(module, LstmLayer):
            for matrix in (module.input, module.recurrent, module.project):
                init.normal_(matrix, std=matrix.shape[1] ** -0.5)
            cells = module.project.shape[1]
            forget = torch.zeros_like(module.bias)
            forget[:, cells : 2 * cells] = 1.0
            init.copy_(module.bias, forget)
        elif isinstance(module, nn.Linear | nn.Conv1d):
            init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, std=1.0)
        elif isinstance(module, ScalarMix):
            for score in module.scores:
                init.zeros_(score)
            init.ones_(module.gamma)
        if isinstance(module, Highway):
            init.constant_(module.carry.bias, -2.0)


class ElmoModel(ElmoPreTrainedModel):
    """Pieces (B, L) -> one vector per piece (B, L, hidden), that of its word: the mix of the character reader and the LSTM layers."""

    def __init__(self, config: ElmoConfig) -> None:
        super().__init__(config)
        self.reader = WordReader(config)
        self.layers = nn.ModuleList(LstmLayer(config) for _ in range(config.num_hidden_layers))
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.scalar_mix = ScalarMix(1 + config.num_hidden_layers)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        output_hidden_states: bool | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        states = self.states(input_ids, mask)
        return BaseModelOutput(
            last_hidden_state=self.scalar_mix(states), hidden_states=tuple(states) if output_hidden_states else None
        )

    def states(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """What the character reader (twice, once for each direction) and each layer say of every piece; zeros at padding."""
        spelt, word, count = self.reader.spell(ids, mask)
        distinct, which = torch.unique(spelt.flatten(0, 1), dim=0, return_inverse=True)
        vectors = self.dropout(self.reader(distinct))[which].unflatten(0, spelt.shape[:2])
        place = torch.arange(spelt.shape[1], device=ids.device).expand(spelt.shape[:2])
        turned = torch.where(
            place < count.unsqueeze(1), count.unsqueeze(1) - 1 - place, place
        )  # each text from its end
        x = torch.stack([vectors, _pick(vectors, turned)]).transpose(1, 2)
        found = [x]
        for depth, layer in enumerate(self.layers):
            y = self.dropout(layer(x))
            x = x + y if depth else y
            found.append(x)
        real = mask.unsqueeze(-1).to(x.dtype)
        both = [torch.cat([f[0].transpose(0, 1), _pick(f[1].transpose(0, 1), turned)], -1) for f in found]
        return [_pick(state, word) * real for state in both]


def _pick(vectors: Tensor, places: Tensor) -> Tensor:
    """(B, W, H) and (B, L) -> (B, L, H)."""
    return vectors.gather(1, places.unsqueeze(-1).expand(-1, -1, vectors.shape[-1]))


class ElmoForPreTraining(ElmoPreTrainedModel):
    """The two language models: the top layer's half of each direction scores all words that a piece may be, with the same vectors."""

    def __init__(self, config: ElmoConfig) -> None:
        super().__init__(config)
        self.elmo = ElmoModel(config)
        self.lm_head = nn.Linear(config.hidden_size // 2, config.words)
        self.post_init()

    def forward(self, input_ids: Tensor, positions: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits (B, 2, K, words) of the words at some positions (B, K): from those before them, and from those behind them."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        ahead, back = self.elmo.states(input_ids, mask)[-1].chunk(2, -1)
        logits: Tensor = self.lm_head(torch.stack([_pick(ahead, positions - 1), _pick(back, positions + 1)], 1))
        return logits
