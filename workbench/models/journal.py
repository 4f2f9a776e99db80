"""Measurements one JSON object a line, in a file that grows: a long report can be interrupted and goes on. No measuring here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """What has been measured so far; nothing where there is no file yet."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def has(path: Path, key: dict[str, Any]) -> bool:
    """Whether a line with these values is there."""
    return any(all(line[k] == v for k, v in key.items()) for line in read(path))


def append(path: Path, line: dict[str, Any]) -> None:
    """One more line, said on the screen as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(line, flush=True)
