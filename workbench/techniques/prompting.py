"""In-context learning: a causal language model answers by the likelihood of each label's words behind a prompt. No weight moves.

Brown et al. 2020: the examples stand in the prompt. Zhao et al. 2021: what the model would say of a text without content is
taken off again ("contextual calibration"), because which label it prefers has more to do with the prompt than with the text.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from workbench.errors import WorkbenchError
from workbench.models import zoo
from workbench.models.place import settled

EMPTY = ("N/A", "", "...")  # texts without content: their mean is what calibration takes off


@dataclass(frozen=True)
class Template:
    """How one example is written. `text` must hold {text} and end with what stands right before the label.

    >>> Template("Text: {text}\\nTopic:").example("Rain is due.", "weather")
    'Text: Rain is due.\\nTopic: weather'
    """

    text: str = "{text} Topic:"
    between: str = " "
    words: dict[str, str] = field(default_factory=dict)  # label -> how it is written, where that is not its name

    def __post_init__(self) -> None:
        if "{text}" not in self.text:
            raise WorkbenchError(f"template {self.text!r}", "one with {text} in it", "template='{text} Topic:'")

    def word(self, label: str) -> str:
        """The label as it stands in the prompt."""
        return self.words.get(label, label.replace("_", " ").replace("-", " "))

    def query(self, text: str) -> str:
        """What stands before the answer. The text is put in as it is: braces in it mean nothing."""
        return self.text.replace("{text}", text)

    def example(self, text: str, label: str) -> str:
        """One worked example."""
        return f"{self.query(text)} {self.word(label)}"


class Prompter:
    """A causal model with its labels and its template: prompt in, log probability of every label out."""

    def __init__(self, model: str, labels: Sequence[str], template: Template) -> None:
        self.labels, self.template = list(labels), template
        self.source = zoo.source(model)
        self.tokenizer = zoo.tokenizer(self.source)
        self.model = _load(self.source)
        self._remembered = "cache" if "cache" in inspect.signature(self.model.forward).parameters else "past_key_values"
        self.answers = [self._ids(" " + template.word(label)) for label in self.labels]
        if len({tuple(a) for a in self.answers}) < len(self.answers):
            raise WorkbenchError(
                "two labels are written alike in the prompt", "a word of its own for each", "words={...}"
            )

    def scores(
        self, shots: Sequence[tuple[str, str]], texts: Sequence[str], keep_going: Callable[[], bool] = lambda: True
    ) -> np.ndarray | None:
        """Log probability of every label behind every text: (texts, labels), float64. None when told to stop.

        `shots`: (text, label) pairs that are written before each text. The longest texts lose their end where the prompt would
        not fit into the model's positions. Of answers with several pieces the log probabilities are added up.
        """
        if not texts:
            return np.zeros((0, len(self.labels)))
        prefix = self._ids("".join(self.template.example(*shot) + self.template.between for shot in shots))
        room = self.tokenizer.model_max_length - len(prefix) - max(map(len, self.answers))
        tail = len(self._ids(self.template.query("")))
        if room < tail + 8:
            raise WorkbenchError(f"{len(shots)} examples take {len(prefix)} of the model's {self.tokenizer.model_max_length} pieces",
                                 "a prompt that leaves room for the text", "fewer or shorter examples")  # fmt: skip
        rows = []
        with torch.inference_mode():
            memory = self._read(prefix)
            for text in texts:
                if not keep_going():
                    return None
                rows.append(self._one(self._query(text, room), memory))
        return np.array(rows, dtype=np.float64)

    def calibrated(self, shots: Sequence[tuple[str, str]], scores: np.ndarray) -> np.ndarray:
        """The scores less those of texts without content, both as log probabilities among the labels: (texts, labels)."""
        empty = self.scores(shots, EMPTY)
        return among(scores) - np.log(np.exp(among(np.asarray(empty))).mean(0))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    def _query(self, text: str, room: int) -> list[int]:
        """The text in its template, its end cut off where there is no room."""
        ids = self._ids(self.template.query(text))
        while len(ids) > room:
            text = text[: int(len(text) * room / len(ids)) - 1]
            ids = self._ids(self.template.query(text))
        return ids

    def _read(self, prefix: list[int]) -> Any:
        """The examples are read once: keys and values of their places, which every text then looks back to."""
        return getattr(self._ask([prefix], None), self._remembered) if prefix else None

    def _ask(self, ids: list[list[int]], memory: Any) -> Any:
        """The model's output behind what it remembers; transformers renamed that argument in version 5.24."""
        given = torch.tensor(ids, device=self.model.device)
        return self.model(given, use_cache=True, **{self._remembered: memory})

    def _one(self, query: list[int], memory: Any) -> list[float]:
        """Log probability of each label's pieces behind the examples and this text."""
        first = self._ask([query], copy.deepcopy(memory))
        start = F.log_softmax(first.logits[0, -1].float(), -1)
        found = [float(start[answer[0]]) for answer in self.answers]
        longest = max(map(len, self.answers))
        if longest > 1:
            cache = getattr(first, self._remembered)
            cache.batch_repeat_interleave(len(self.answers))
            padded = [answer + [0] * (longest - len(answer)) for answer in self.answers]
            later = F.log_softmax(self._ask(padded, cache).logits.float(), -1)
            for i, answer in enumerate(self.answers):
                found[i] += sum(float(later[i, k, piece]) for k, piece in enumerate(answer[1:]))
        return found


def among(scores: np.ndarray) -> np.ndarray:
    """Log probabilities among the labels alone: rows of exp() add up to 1.

    >>> np.exp(among(np.log([[0.1, 0.3]]))).round(2).tolist()
    [[0.25, 0.75]]
    """
    shifted = scores - scores.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))


def choose(texts: Sequence[str], labels: Sequence[str], shots: int, seed: int) -> list[int]:
    """Which rows stand in the prompt: labels in turn, so that none is left out for long, in a shuffled order."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(texts))
    names = list(dict.fromkeys(labels[int(i)] for i in order))
    by_label = {name: [int(i) for i in order if labels[int(i)] == name] for name in names}
    turns = [
        by_label[name][k] for k in range(max(map(len, by_label.values()))) for name in names if k < len(by_label[name])
    ]
    return [int(i) for i in random.permutation(turns[:shots])]


def _load(source: zoo.Source) -> Any:
    """A model that goes on from left to right, in eval mode."""
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as WRITERS
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as FILLERS

    cfg = zoo.config(source)
    if cfg.model_type not in WRITERS or cfg.model_type in FILLERS or cfg.is_encoder_decoder:
        raise WorkbenchError(f"model {source.name!r} ({cfg.model_type}) does not go on from left to right",
                             "a causal language model such as GPT-2, Llama or Qwen", "model='gpt-mini'")  # fmt: skip
    return settled(zoo.build(AutoModelForCausalLM, source, cfg).eval())
