"""ELMo (Peters et al. 2018) for transformers, which has none: words read by their characters, two LSTM language models, a mix.

Word pieces come in (they are what the rest of the workbench counts, cuts and marks), but the model knows no piece by number: it
spells them, puts the pieces of a word together again and reads its characters, so no word is unknown to it. Every piece is
answered with the vector of its word. (A vocabulary of words would not do: rare ones are what characters are for. Characters as
pieces would, but a limit of 128 pieces would then be a limit of 25 words.) How the pieces are spelt stands in the configuration.
The character reader stands in `elmo_words.py`, the heads in `elmo_heads.py`; published weights are read by `elmo_published.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput

from workbench.models.elmo_words import Highway, WordReader, spellings

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
        logits: Tensor = self.lm_head(self.sides(input_ids, positions, attention_mask))
        return logits

    def sides(self, input_ids: Tensor, positions: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Vectors (B, 2, K, hidden / 2) of what stands before and behind some positions (B, K), neither first nor last of a text."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        ahead, back = self.elmo.states(input_ids, mask)[-1].chunk(2, -1)
        return torch.stack([_pick(ahead, positions - 1), _pick(back, positions + 1)], 1)
