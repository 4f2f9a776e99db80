"""From a text file to a tokenizer and to flat shards of token ids. Not a dataset library: one corpus, no labels.

A corpus is UTF-8 text (plain or .xz) whose documents are separated by two blank lines. Its ids travel as
`ids-000.npy.xz`, `ids-001.npy.xz`, ...: uint16, documents one after the other, each closed by a separator token.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.files import patiently

SHARD_TOKENS = 12_000_000
BATCH_CHARACTERS = 4_000_000
Reader = Callable[[Path], Iterator[list[str]]]  # the documents of a file


def open_text(path: Path) -> Any:
    """The corpus as a stream of lines; `.xz` is unpacked on the way."""
    if not path.is_file():
        raise WorkbenchError(f"There is no corpus at {path}", "a text file, plain or .xz", "--corpus PATH")
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def documents(path: Path) -> Iterator[list[str]]:
    """Each document as its list of non-empty lines."""
    with open_text(path) as lines:
        document: list[str] = []
        blank = 0
        for line in map(str.strip, lines):
            blank = 0 if line else blank + 1
            if line:
                document.append(line)
            elif blank == 2 and document:
                yield document
                document = []
        if document:
            yield document


def sample(path: Path, megabytes: float, read: Reader = documents) -> Iterator[str]:
    """Lines of an even sample of the documents, about so many million characters in all."""
    size = sum(len(line) for document in read(path) for line in document)
    share = min(1.0, megabytes * 1e6 / max(1, size))
    for number, document in enumerate(read(path)):
        if int((number + 1) * share) > int(number * share):
            yield from document


def batches(stream: Iterable[list[str]], characters: int = BATCH_CHARACTERS) -> Iterator[list[list[str]]]:
    """Documents grouped so that the tokenizer's threads have enough to do at once."""
    group: list[list[str]] = []
    size = 0
    for document in stream:
        group.append(document)
        size += sum(map(len, document))
        if size >= characters:
            yield group
            group, size = [], 0
    if group:
        yield group


def encode(tokenizer: Any, path: Path, separator: int, read: Reader = documents) -> Iterator[np.ndarray]:
    """Ids of the whole text, one uint16 array per batch; `separator` closes each document."""
    for group in batches(read(path)):
        lines = [line for document in group for line in document]
        encoded = iter(tokenizer.encode_batch_fast(lines, add_special_tokens=False))
        ids: list[int] = []
        for document in group:
            for _ in document:
                ids.extend(next(encoded).ids)
            ids.append(separator)
        yield np.array(ids, dtype=np.uint16)


def save_ids(ids: np.ndarray, path: Path) -> None:
    """One shard. The filter knows that the items are two bytes wide, which makes the file a tenth smaller."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lp": 1, "lc": 3, "pb": 1}]
    waiting = path.with_name(path.name + ".part")
    with lzma.open(waiting, "wb", format=lzma.FORMAT_XZ, filters=filters) as out:
        np.lib.format.write_array(out, ids, allow_pickle=False)
    patiently(lambda: waiting.replace(path))


def load_ids(folder: Path, pattern: str = "ids-*.npy.xz") -> np.ndarray:
    """All shards that match, in order of name, as one uint16 array."""
    shards = sorted(folder.glob(pattern))
    if not shards:
        raise WorkbenchError(f"{folder} holds no {pattern}", "the encoded corpus", "--stage encode with --corpus PATH")
    return np.concatenate([_load_shard(shard) for shard in shards])


def _load_shard(path: Path) -> np.ndarray:
    with lzma.open(path) as file:
        ids: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return ids


def encode_to_shards(
    tokenizer: Any, path: Path, folder: Path, separator: int, stem: str = "ids", read: Reader = documents
) -> dict[str, int]:
    """Write `STEM-NNN.npy.xz` under `folder`; returns the counts that the card quotes."""
    for old in folder.glob(f"{stem}-*.npy.xz"):
        old.unlink()
    waiting: list[np.ndarray] = []
    shards = tokens = 0

    def flush() -> None:
        nonlocal waiting, shards
        save_ids(np.concatenate(waiting), folder / f"{stem}-{shards:03d}.npy.xz")
        waiting, shards = [], shards + 1
        print(f"{path.name}: {tokens:,} tokens", flush=True)

    for ids in encode(tokenizer, path, separator, read):
        waiting.append(ids)
        tokens += len(ids)
        if sum(map(len, waiting)) >= SHARD_TOKENS:
            flush()
    if waiting:
        flush()
    return {"tokens": tokens, "shards": shards}


def describe(path: Path, read: Reader = documents) -> dict[str, Any]:
    """Name, size and checksum of a corpus file: what a card may say without a path of this machine."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    count = characters = 0
    for document in read(path):
        count += 1
        characters += sum(map(len, document))
    return {"file": path.name, "sha256": digest.hexdigest(), "documents": count, "characters": characters}


def write_json(path: Path, content: Any) -> None:
    """JSON that is either the old file or the new one, never half of it."""
    waiting = path.with_name(path.name + ".part")
    waiting.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    patiently(lambda: waiting.replace(path))


def read_json(path: Path) -> Any:
    """What `write_json` wrote."""
    if not path.is_file():
        raise WorkbenchError(f"There is no {path.name} in {path.parent}", "the encoded corpus", "--stage encode")
    return json.loads(path.read_text(encoding="utf-8"))
