"""Tokenizers for a translation by models that were not made for one. They answer to the one call that the task makes.

`tokenizer(text=[...])` cuts what is said, `tokenizer(text_target=[...])` what it becomes, `batch_decode` reads what a model has
written. In all else each is the tokenizer of the model that reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

TARGET = "target"  # the folder, inside that of a saved model, with the tokenizer of what it writes
SEPARATOR = " ="  # "english sentence = french sentence": Radford et al. 2019, section 3.7


class Sides:
    """Two tokenizers: an encoder's own for the source, that of the decoder for the target."""

    completes = False
    usage = """from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
model = AutoModelForSeq2SeqLM.from_pretrained(".")
reads, writes = AutoTokenizer.from_pretrained("."), AutoTokenizer.from_pretrained("./target")
batch = reads(["Good morning"], return_tensors="pt", return_token_type_ids=False)
answer = writes.batch_decode(model.generate(**batch, num_beams=4, max_length=128), skip_special_tokens=True)"""

    def __init__(self, source: Any, target: Any) -> None:
        self.source, self.target = source, target
        self.model_max_length = min(source.model_max_length, target.model_max_length)
        self.target_pad = target.pad_token_id

    def __call__(self, text: Any = None, text_target: Any = None, **how: Any) -> Any:
        return self.source(text, **how) if text_target is None else self.target(text_target=text_target, **how)

    def batch_decode(self, ids: Any, **how: Any) -> list[str]:
        """What the decoder has written."""
        said: list[str] = self.target.batch_decode(ids, **how)
        return said

    def save_pretrained(self, folder: Path) -> None:
        """Two folders, one inside the other, as `pairing.tokenizer` finds them again."""
        self.source.save_pretrained(folder)
        self.target.save_pretrained(Path(folder) / TARGET)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "source":
            raise AttributeError(name)
        return getattr(self.source, name)

    def __len__(self) -> int:
        return len(self.source)


class Completion:
    """A causal model's tokenizer: the source and a separator are the prompt, the target and a closing token what completes it."""

    completes = True
    usage = """from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer(["Good morning ="], return_tensors="pt", return_token_type_ids=False)
written = model.generate(**batch, num_beams=4, max_new_tokens=64, pad_token_id=tokenizer.pad_token_id)
answer = tokenizer.batch_decode(written[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)"""

    def __init__(self, inside: Any) -> None:
        self.inside = inside
        self.model_max_length = inside.model_max_length // 2  # prompt and completion share the model's positions
        self.separator = list(inside(SEPARATOR, add_special_tokens=False)["input_ids"])

    def __call__(
        self, text: Any = None, text_target: Any = None, truncation: bool = False, max_length: int = 0, **how: Any
    ) -> dict[str, Any]:
        """{"input_ids": ...}, one list per sentence; what closes a side is kept when it is cut."""
        given = text if text_target is None else text_target
        one = isinstance(given, str)
        if text_target is None:
            ids, close = self.inside([given] if one else list(given), verbose=False)["input_ids"], self.separator
        else:
            words = [f" {t}" for t in ([given] if one else given)]
            ids = self.inside(words, add_special_tokens=False, verbose=False)["input_ids"]
            close = [self.inside.eos_token_id]
        room = max(0, max_length - len(close)) if truncation else None
        rows = [[*row[:room], *close] for row in ids]
        return {"input_ids": rows[0] if one else rows}

    def save_pretrained(self, folder: Path) -> None:
        self.inside.save_pretrained(folder)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inside":
            raise AttributeError(name)
        return getattr(self.inside, name)

    def __len__(self) -> int:
        return len(self.inside)
