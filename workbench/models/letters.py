"""The characters that a checkpoint's vocabulary lacks, added: a new folder with a longer vocabulary, beside the old model.

A language that a tokenizer was not made for has letters which it reads as the unknown token, and which the model can never write.
No whole words are added here, nothing is trained, and the checkpoint itself stays as it is. Vocabularies of bytes (GPT-2, most
large models) know every character already.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.models import pairing, zoo


def unknown(model: str, texts: Iterable[str]) -> list[str]:
    """The characters of `texts` that the model's vocabulary reads as its unknown token, commonest first.

    >>> unknown("en-fr-mini", ["Mañana, el café.", "¿Mañana?"])
    ['ñ', '¿']
    """
    return _unknown(zoo.tokenizer(zoo.source(model)), texts)


def with_letters(model: str, texts: Iterable[str], folder: str | Path) -> str:
    """Write a copy of a translator whose vocabulary has the unknown characters of `texts` as well into `folder` (new or empty).

    Returns the folder, a `model=` like any other (with ":random" behind it, its random twin). A letter with an accent starts where
    the letter without it is, any other character at the mean of all. Raises WorkbenchError where nothing is missing, and for a
    tokenizer that is not made of characters (byte-pair encoding without bytes).

    >>> import tempfile; folder = with_letters("en-fr-mini", ["¿Mañana?"], tempfile.mkdtemp())
    >>> unknown(folder, ["¿Mañana?"])
    []
    """
    from transformers import AutoModelForSeq2SeqLM

    from workbench.scale.aside import new_folder

    source = zoo.source(model)
    pairing.suits(source, "translation")
    tokenizer = zoo.tokenizer(source)
    letters = _unknown(tokenizer, texts)
    if not letters:
        raise WorkbenchError(f"no character of these texts is unknown to {model!r}", "texts with characters that its vocabulary lacks",
                             f"model={model!r} as it is")  # fmt: skip
    with new_folder(Path(folder)) as aside:
        tokenizer.save_pretrained(aside)
        ids = _lengthen(aside / "tokenizer.json", letters)
        network = zoo.build(AutoModelForSeq2SeqLM, source, zoo.config(source))
        _grow(network, ids, tokenizer)
        network.save_pretrained(aside)
    return str(folder)


def _unknown(tokenizer: Any, texts: Iterable[str]) -> list[str]:
    counts = Counter(c for text in texts for c in unicodedata.normalize("NFC", text) if not c.isspace())
    return [c for c, _ in counts.most_common() if tokenizer.unk_token_id in tokenizer(c)["input_ids"]]


def _lengthen(path: Path, letters: list[str]) -> dict[str, int]:
    """Put single characters at the end of the vocabulary of a stored tokenizer. Returns their numbers."""
    stored: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    whole: dict[str, Any] = stored.get("model", {})
    if (
        whole.get("type") != "BPE"
        or whole.get("byte_fallback")
        or "ByteLevel" in json.dumps(stored.get("pre_tokenizer"))
    ):
        raise WorkbenchError(f"a tokenizer of type {whole.get('type', 'unknown')}", "byte-pair encoding over characters",
                             "a model whose vocabulary is made of bytes, or one that was trained on this language")  # fmt: skip
    first = 1 + max([*whole["vocab"].values(), *(t["id"] for t in stored["added_tokens"])])
    ids = {letter: first + i for i, letter in enumerate(letters)}
    whole["vocab"].update(ids)
    path.write_text(json.dumps(stored, ensure_ascii=False), "utf-8")
    return ids


def _grow(network: Any, ids: dict[str, int], tokenizer: Any) -> None:
    """One more row of the embeddings for every new letter: that of the letter without its accent, else the mean of all rows."""
    import torch
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # Marian draws the new rows at random and says so; they are set below
    try:
        network.resize_token_embeddings(1 + max(ids.values()), mean_resizing=False)
    finally:
        logging.set_verbosity(before)
    rows = network.get_input_embeddings().weight
    with torch.no_grad():
        mean = rows[: min(ids.values())].mean(0)
        for letter, id in ids.items():
            plain = tokenizer.convert_tokens_to_ids(unicodedata.normalize("NFD", letter)[0])
            rows[id] = mean if plain == tokenizer.unk_token_id else rows[plain]
