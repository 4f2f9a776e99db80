"""Any text as every tokenizer cuts it: one row per piece with its place in the text. A table; `views/tokens.py` draws it.

A tokenizer does four things in a row: it normalises (small letters, accents), splits at spaces and signs, cuts each part into pieces
of its vocabulary, and adds special tokens. What is not in the vocabulary becomes smaller pieces, or the unknown token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.data.text import well_formed
from workbench.errors import WorkbenchError

COLUMNS = ["model", "text", "piece", "id", "start", "end", "kind"]
PIECE, UNKNOWN, SPECIAL = "piece", "unknown", "special"
LONGEST = 20_000  # characters that are shown of one text


def cut(texts: str | Sequence[str], models: Any = None) -> pd.DataFrame:
    """One row per piece: model, text (its number), piece, id, start and end (character offsets), kind (piece, unknown, special).

    `models` are bundled names, folders, Hub ids, or tokenizers themselves (a dict: under these names); None: the bundled ones that
    differ. A special token has no place in the text: its start equals its end. Pieces are written as the vocabulary has them, bytes
    as the characters they are. Of a longer text the first 20,000 characters are cut.

    >>> cut("unhappy", ["bert-mini"])["kind"].tolist()[0::10]
    ['special']
    """
    given = several(texts)
    rows: list[tuple[Any, ...]] = []
    for name, tokenizer in tokenizers(models).items():
        if not callable(tokenizer):
            raise WorkbenchError(f"{name!r}: {tokenizer!r:.60}", "a tokenizer under each name, or a list of names",
                                 'models=["bert-mini"]')  # fmt: skip
        for number, text in enumerate(given):
            rows += [(name, number, *row) for row in pieces(tokenizer, well_formed(text)[:LONGEST])]
    return pd.DataFrame(rows, columns=COLUMNS)


def several(texts: Any) -> list[str]:
    """One or more texts as a list; of a table those in its column of texts."""
    if isinstance(texts, Mapping) or hasattr(texts, "columns") or hasattr(texts, "column_names"):
        from workbench.tasks import inputs

        try:
            return inputs.texts(texts)
        except WorkbenchError as error:
            raise WorkbenchError(error.found, "a text, a list of texts, or a table with a column called text",
                                 "wb.tokens(list(table['...']))") from error  # fmt: skip
    given = [texts] if isinstance(texts, str) or not isinstance(texts, Iterable) else list(texts)
    odd = next((t for t in given if not isinstance(t, str)), "")
    if not isinstance(odd, str):
        raise WorkbenchError(
            f"a text of type {type(odd).__name__}", "a text or a list of texts", 'wb.tokens("Not bad at all")'
        )
    return given


def pieces(tokenizer: Any, text: str) -> list[tuple[str, int, int, int, str]]:
    """(piece, id, start, end, kind) for every piece of one text, nothing cut off."""
    batch = tokenizer(text, return_offsets_mapping=bool(getattr(tokenizer, "is_fast", True)), verbose=False)
    ids = [int(i) for i in batch["input_ids"]]
    places = batch.get("offset_mapping") or [(0, 0)] * len(ids)
    special = batch.encodings[0].special_tokens_mask if getattr(batch, "encodings", None) else [0] * len(ids)
    written = tokenizer.convert_ids_to_tokens(ids)
    bytewise = byte_level(tokenizer)
    rows = []
    for piece, id, (start, end), added in zip(written, ids, places, special, strict=True):
        kind = SPECIAL if added else UNKNOWN if id == tokenizer.unk_token_id else PIECE
        rows.append((readable(piece) if bytewise and kind == PIECE else piece, id, int(start), int(end), kind))
    return rows


def tokenizers(models: Any = None) -> dict[str, Any]:
    """Name -> tokenizer. Of the bundled models those with the same vocabulary and rules stand together under one name."""
    from workbench.models import zoo

    if _is_name(models) or callable(models):
        models = [models]
    one = models.values() if isinstance(models, Mapping) else models if isinstance(models, Iterable) else [models]
    one = [] if models is None else list(one)
    odd = next((m for m in one if not (_is_name(m) or callable(m))), None)
    if odd is not None:
        raise WorkbenchError(f"a model of type {type(odd).__name__}", "names of models, or tokenizers",
                             'wb.tokens("Not bad at all", models=["bert-mini"])')  # fmt: skip
    if isinstance(models, Mapping):
        return dict(models)
    models = None if models is None else one
    if models is not None and not models:
        raise WorkbenchError("no model", "at least one", 'wb.tokens("Not bad at all", models=["bert-mini"])')
    chosen = bundled() if models is None else models
    found = {_name(m): zoo.tokenizer(zoo.source(str(m))) if _is_name(m) else m for m in chosen}
    return _together(found) if models is None else found


def bundled() -> list[str]:
    """The bundled models that cut texts into pieces."""
    from workbench import catalog

    return [c.name for c in catalog.models() if c.source == "bundled" and (c.folder / "tokenizer.json").is_file()]


def _together(found: dict[str, Any]) -> dict[str, Any]:
    same: dict[str, list[str]] = {}
    for name, tokenizer in found.items():
        same.setdefault(tokenizer.backend_tokenizer.to_str(), []).append(name)
    return {", ".join(names): found[names[0]] for names in same.values()}


def _is_name(model: Any) -> bool:
    return isinstance(model, str) or hasattr(model, "__fspath__")


def _name(model: Any) -> str:
    return str(model) if _is_name(model) else str(getattr(model, "name_or_path", "") or type(model).__name__)


def byte_level(tokenizer: Any) -> bool:
    """Whether its vocabulary is made of bytes, each written as a printable character (GPT-2, RoBERTa)."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend is not None and "ByteLevel" in str(getattr(backend, "decoder", "")) + str(
        getattr(backend, "pre_tokenizer", "")
    )


def readable(piece: str) -> str:
    """A byte-level piece as text: Ġ stands for a space; bytes that are no whole character by themselves are shown as numbers.

    >>> readable("Ġcaf"), readable("Ã©"), readable("Ã"), readable("ĠÃ"), readable("##Ã")
    ('·caf', 'é', '<C3>', '·<C3>', '##<C3>')
    """
    table = written_bytes()
    if not all(c in table for c in piece):
        return piece
    raw = bytes(table[c] for c in piece)
    try:
        return raw.decode("utf-8").replace(" ", "·").replace("\n", "↵")
    except UnicodeDecodeError:
        return "".join(chr(b) if 32 < b < 127 else "·" if b == 32 else f"<{b:02X}>" for b in raw)


def written_bytes() -> dict[str, int]:
    """How byte-level tokenizers write each byte -> the byte: what can be printed as itself, all others from number 256 on.

    >>> written_bytes()["a"], written_bytes()["Ġ"]
    (97, 32)
    """
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}
