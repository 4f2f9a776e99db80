"""A fine-tuned model that answers for texts: predictions, worst errors, scores, a folder to keep. No training here."""

from __future__ import annotations

import json
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.heads import OwnHead, PooledClassifier
from workbench.models.place import lent
from workbench.models.tagger import WordTagger
from workbench.tasks.base import Encoded, forward
from workbench.training.store import Store


@dataclass
class Asked:
    """A finished model that a task may ask (see `tasks.base.Ask`)."""

    model: Any
    task: Any
    tokenizer: Any

    def __call__(self, encoded: Encoded) -> Any:
        return forward(self.model, encoded, self.task.collate(self.tokenizer), lambda: True, read=self.task.read)


class Once:
    """The same model, asked once of the same examples: the newest answers are remembered."""

    def __init__(self, ask: Asked) -> None:
        self.ask, self.model = ask, ask.model
        self._of: Encoded | None = None
        self._answers: Any = None

    def __call__(self, encoded: Encoded) -> Any:
        if self._of is None or not _same(self._of, encoded):
            self._answers, self._of = self.ask(encoded), encoded
        return self._answers


def _same(one: Encoded, other: Encoded) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one.ids, other.ids))


class Predictor:
    """Model + tokenizer + labels of one finished run."""

    def __init__(self, task: Any, model: torch.nn.Module, tokenizer: Any, labels: list[str], config: RunConfig) -> None:
        self.task, self.model, self.tokenizer, self.labels, self.config = task, model, tokenizer, labels, config

    @classmethod
    def from_store(cls, store: Store) -> Predictor:
        """Rebuild the model that a run folder describes and put its best weights in."""
        from types import SimpleNamespace

        from workbench.data import mistakes
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS, choices
        from workbench.techniques import TECHNIQUES
        from workbench.training.checkpoint import load_file

        task = choices.chosen(TASKS[store.facts.get("task", "classification")], store.config)
        source = zoo.source(store.config.model, store.config.add_tokens)
        tokenizer, labels = pairing.tokenizer(source, task.name), list(store.facts["labels"])
        shell: Any = SimpleNamespace(labels=labels, tokenizer=tokenizer)
        technique = TECHNIQUES[store.config.technique]
        weights = load_file(store.weights)
        model = technique.again(task.build(source, shell, store.config), store.config, weights)
        model.load_state_dict(weights)
        task, tokenizer = mistakes.spoil(store.config, mistakes.SERVING, task, tokenizer)
        return cls(task, technique.finish(model).eval(), tokenizer, labels, store.config)

    @classmethod
    def untouched(cls, model: str, task: str = "translation", **choices: Any) -> Predictor:
        """A checkpoint as it came, where the task needs no new head: what fine-tuning has to beat."""
        from types import SimpleNamespace

        from workbench.data import mistakes
        from workbench.models import pairing, zoo
        from workbench.tasks import TASKS

        config = RunConfig(model=model, **choices)
        source = zoo.source(model, config.add_tokens)
        pairing.suits(source, task)
        mistakes.check(config.mistake, task)
        shell: Any = SimpleNamespace(labels=[], tokenizer=pairing.tokenizer(source, task))
        built = TASKS[task].build(source, shell, config)
        served, tokenizer = mistakes.spoil(config, mistakes.SERVING, TASKS[task], shell.tokenizer)
        return cls(served, built.eval(), tokenizer, [], config)

    def __repr__(self) -> str:
        mistake = f", served with {self.config.mistake}" if self.config.mistake else ""
        return f"{type(self).__name__}: {self.config.model} for {self.task.name}{mistake}. It has predict, evaluate and errors."

    def predict(self, inputs: Any) -> pd.DataFrame:
        """One row per input, as the task makes it (classification: text, label, probability, then every label's)."""
        with self.at_work():
            return self.task.predict(self.ask, inputs, self.tokenizer, self.labels, self.config)

    def errors(self, split: Any, n: int) -> pd.DataFrame:
        """The `n` worst errors on a split, worst first."""
        with self.at_work():
            return self.task.errors(self.ask, split, n, self.tokenizer, self.labels, self.config)

    def confusion(self, split: Any) -> pd.DataFrame:
        """Counts: rows are what is right, columns what was answered; of several labels per text, one row per label with how often
        it was given rightly, given wrongly, missed and rightly not given."""
        with self.at_work():
            return self._counts(self.ask, split)

    def _counts(self, ask: Any, split: Any) -> pd.DataFrame:
        encoded = self.task.encode(split, self.tokenizer, self.config.max_length, self.labels)
        if hasattr(self.task, "label_counts"):
            found: pd.DataFrame = self.task.label_counts(ask(encoded), encoded.labels, self.labels)
            return found
        right, answer, names = self.task.pairs(ask(encoded), encoded.labels, self.labels)
        counts = np.zeros((len(names), len(names)), dtype=int)
        np.add.at(counts, (right, answer), 1)
        frame = pd.DataFrame(counts, index=pd.Index(names, name="right"), columns=pd.Index(names, name="answer"))
        frame.attrs["unit"] = self.task.unit
        return frame

    def evaluate(self, split: Any) -> dict[str, float]:
        """Mean loss (nats) and the task's metrics."""
        encoded = self.task.encode(split, self.tokenizer, self.config.max_length, self.labels)
        written = getattr(self.task, "written", None)  # scores that take too long to be measured while training
        with self.at_work():
            answers = self.ask(encoded)
            more = written(self.ask, split, self.tokenizer, self.config) if written else {}
        return {
            "loss": float(self.task.losses(answers, encoded.labels).mean()),
            **self.task.metrics(answers, encoded.labels, self.labels),
            **more,
        }

    def review(self, split: Any, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """`errors` and `confusion` of a split, of which the model is asked once; without confusion where no label is right or wrong."""
        once = Once(self.ask)
        with self.at_work():
            wrong = self.task.errors(once, split, n, self.tokenizer, self.labels, self.config)
            return wrong, self._counts(once, split) if "right" in wrong else pd.DataFrame()

    def quantized(self) -> Any:
        """The same model with int8 weights for CPUs (see `training.quantized`)."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch.ao speaks of its successor, also while it is imported
                from workbench.training.quantized import Quantized
        except ImportError as error:
            raise WorkbenchError(
                "a torch without dynamic quantisation", "torch 2.8 to 2.13", "the run itself"
            ) from error
        return Quantized.of(self)

    def state(self) -> dict[str, torch.Tensor]:
        """Its weights by name, as they are kept on disk."""
        return {k: v.cpu().contiguous() for k, v in self.model.state_dict().items()}

    def at_work(self) -> AbstractContextManager[None]:
        """Within it the model stands where it answers fastest: on the GPU, if there is one (see `models.place`)."""
        return lent(self.model)

    @property
    def ask(self) -> Asked:
        """The model's logits, example by example."""
        return Asked(self.model, self.task, self.tokenizer)

    def _pooling(self) -> str:
        """What a head on this encoder should read: what this run's head did, or where it had none for whole texts (tags, hidden
        words) what was advised for the model that it began with."""
        from workbench.models import zoo

        if isinstance(self.model, PooledClassifier):
            return self.model.pooling
        return (
            "native" if self.task.name in ("classification", "multi-label") else zoo.source(self.config.model).pooling
        )

    def save(self, folder: Path, run: Any) -> Path:
        """A new folder with the encoder, the head, the tokenizer, the labels and a model card that says how to load them."""
        from workbench.scale.aside import new_folder

        with new_folder(folder) as aside:
            self._write(aside, run)
        return folder

    def _write(self, folder: Path, run: Any) -> None:
        self.tokenizer.save_pretrained(folder)
        if isinstance(self.model, OwnHead):
            from safetensors.torch import save_file

            encoder: Any = self.model.encoder
            encoder.save_pretrained(folder)
            save_file(self.model.head_state(), folder / "head.safetensors")
        else:
            native: Any = self.model
            native.save_pretrained(folder)
        pooled = self.model.pooling if isinstance(self.model, PooledClassifier) else "native"
        own = self.model.head if isinstance(self.model, WordTagger) else ""
        about = {"labels": self.labels, "config": json.loads(json.dumps(run.config.__dict__)), "kept": _numbers(run.kept),
                 "pooling": self._pooling()}  # fmt: skip
        (folder / "workbench.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")
        (folder / "README.md").write_text(self._readme(run, pooled, own), "utf-8")

    def _readme(self, run: Any, pooled: str, own: str) -> str:
        text = _readme(run, pooled, self.tokenizer, own)
        if getattr(self.model.config, "model_type", "") != "elmo":
            return text
        known = "```python\nimport workbench.models.elmo_heads  # transformers alone knows no ELMo\n"
        return text.replace("```python\n", known, 1)


def _numbers(row: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in row.items() if isinstance(v, int | float)}


_PLAIN = """from transformers import AutoModelForSequenceClassification, AutoTokenizer
model, tokenizer = AutoModelForSequenceClassification.from_pretrained("."), AutoTokenizer.from_pretrained(".")
logits = model(**tokenizer(["Not bad at all"], return_tensors="pt")).logits
probability, number = logits.softmax(-1).max(-1)
print(model.config.id2label[number.item()], f"{probability.item():.0%}")"""

_TAGGED = """from transformers import AutoModelForTokenClassification, AutoTokenizer
model, tokenizer = AutoModelForTokenClassification.from_pretrained("."), AutoTokenizer.from_pretrained(".")
words = ["Ada", "Lovelace", "left", "London"]
batch = tokenizer(words, is_split_into_words=True, return_tensors="pt")
answers = [model.config.id2label[int(i)] for i in model(**batch).logits[0].argmax(-1)]
first = [batch.word_ids().index(i) for i in range(len(words))]  # a word is judged by its first piece
tags = [answers[i] for i in first]"""

_OWN_TAGS = """import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer
encoder, tokenizer, head = AutoModel.from_pretrained("."), AutoTokenizer.from_pretrained("."), load_file("head.safetensors")
words = ["Ada", "Lovelace", "left", "London"]
batch = tokenizer(words, is_split_into_words=True, return_tensors="pt")
vectors = encoder(**batch).last_hidden_state%s
logits = (vectors @ head["classifier.weight"].T + head["classifier.bias"])[0]
first = [batch.word_ids().index(i) for i in range(len(words))]  # a word is judged by its first piece
tags = [encoder.config.id2label[int(i)] for i in logits[first].argmax(-1)]"""

_OWN_HEADS = {
    "linear": "",
    "mlp": """
vectors = torch.tanh(vectors @ head["hidden.weight"].T + head["hidden.bias"])""",
    "bilstm": """
lstm = torch.nn.LSTM(vectors.shape[-1], (vectors.shape[-1] + 1) // 2, batch_first=True, bidirectional=True)
lstm.load_state_dict({name.removeprefix("lstm."): w for name, w in head.items() if name.startswith("lstm.")})
vectors = lstm(vectors)[0]""",
}

_OWN_WARNING = (
    "The head is in `head.safetensors`, as transformers has none of this kind: `AutoModelForTokenClassification` would load the "
    "encoder and put an untrained head on it."
)

_CONSTRAINED = (
    "The scores below are those of constrained decoding: of all sequences of tags in which `I-X` stands behind `B-X` or `I-X` alone, the one "
    "with the highest sum of log-probabilities (Viterbi). The lines above take the likeliest tag of every word by itself."
)

_WRITES = """from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer(["Good morning"], return_tensors="pt")
print(tokenizer.batch_decode(model.generate(**batch, num_beams=4, max_length=128), skip_special_tokens=True))"""

_ANSWERS = """from transformers import AutoModelForQuestionAnswering, AutoTokenizer
model, tokenizer = AutoModelForQuestionAnswering.from_pretrained("."), AutoTokenizer.from_pretrained(".")
question, passage = "Who left London?", "Ada Lovelace left London in 1835."
batch = tokenizer(question, passage, return_offsets_mapping=True, return_tensors="pt")
places, inside = batch.pop("offset_mapping")[0], [s == 1 for s in batch.sequence_ids(0)]
output = model(**batch)
start, end = (s[0].masked_fill(s.new_tensor(inside) == 0, -100) for s in (output.start_logits, output.end_logits))
scores = (start[:, None] + end[None, :] + 200).triu().tril(29)  # an end is not before its start, nor far behind it
first, last = divmod(int(scores.argmax()), len(start))
answer = passage[places[first, 0] : places[last, 1]].strip()
# A model that has learned to say "the passage does not say" means it where [CLS] scores higher than the best span."""

_FILLS = """from transformers import AutoModelForMaskedLM, AutoTokenizer
model, tokenizer = AutoModelForMaskedLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer("The " + tokenizer.mask_token + " was cold.", return_tensors="pt")
place = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero().item()
answer = tokenizer.decode(model(**batch).logits[0, place].argmax())"""

_SHUFFLED = """import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
ids = tokenizer("The " + tokenizer.mask_token + " was cold.", return_tensors="pt")["input_ids"]
blank = (ids == tokenizer.mask_token_id).float()  # nobody sees it, and it alone is asked for
logits = model(ids, perm_mask=blank[:, None, :].repeat(1, ids.shape[1], 1), target_mapping=blank[:, None, :]).logits
answer = tokenizer.decode(logits[0, 0].argmax())"""

_GOES_ON = """from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer("The room", return_tensors="pt", return_token_type_ids=False)
answer = tokenizer.decode(model.generate(**batch, max_new_tokens=20)[0], skip_special_tokens=True)"""

_POOLED = """import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer
encoder, tokenizer = AutoModel.from_pretrained("."), AutoTokenizer.from_pretrained(".")
head, batch = load_file("head.safetensors"), tokenizer(["Not bad at all"], return_tensors="pt")
tokens, mask = encoder(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
features = %s
logits = features @ head["classifier.weight"].T + head["classifier.bias"]
probability, number = logits.softmax(-1).max(-1)
print(encoder.config.id2label[number.item()], f"{probability.item():.0%%}")"""

_POOLED_WARNING = (
    "The head is in `head.safetensors` and reads a pooled vector that transformers' own heads do not have: "
    "`AutoModelForSequenceClassification` would load the encoder and put an untrained head on it."
)

_FEATURES = {
    "mean": "(tokens * mask).sum(1) / mask.sum(1)",
    "max": "tokens.masked_fill(mask == 0, -torch.inf).amax(1)",
    "cls": "tokens[:, 0]",
    "attention": """(tokens * (tokens @ head["attend.weight"].T + head["attend.bias"])
            .masked_fill(mask == 0, -torch.inf).softmax(1)).sum(1)""",
}
_MLP = """
features = torch.tanh(features @ head["hidden.weight"].T + head["hidden.bias"])"""


def _readme(run: Any, pooling: str, tokenizer: Any, own: str = "") -> str:
    from workbench.scale.card import model_card
    from workbench.tasks.tagging import spaces

    words = _GOES_ON if tokenizer.mask_token is None else _SHUFFLED if getattr(tokenizer, "shuffles", False) else _FILLS
    code = {
        "tagging": _TAGGED,
        "answering": _ANSWERS,
        "translation": getattr(tokenizer, "usage", _WRITES),
        "language-modeling": words,
    }.get(run.store.facts.get("task"), _PLAIN)
    code = _OWN_TAGS % _OWN_HEADS[own] if own else code
    if run.store.facts.get("task") == "tagging" and spaces(tokenizer):  # as the run has cut its words
        code = code.replace("tokenizer(words,", 'tokenizer([" " + w for w in words],')
    hidden = _MLP if run.config.head == "mlp" and not own else ""
    code = _POOLED % (_FEATURES[pooling] + hidden) if pooling in _FEATURES else code
    if run.store.facts.get("task") == "multi-label":
        code += "\nprobabilities = logits.sigmoid()  # a yes-or-no question per label"
    warning = _POOLED_WARNING if pooling in _FEATURES else _OWN_WARNING if own else ""
    constrained = _CONSTRAINED if run.config.decoding == "constrained" else ""
    return model_card(run, code, "\n\n".join(filter(None, [warning, constrained])))
