"""Which choices of architecture go with which task, and a task as a config chooses it. Nothing is built here."""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.errors import WorkbenchError

_WHOLE = ("classification", "multi-label")  # one vector per text
_HEADS = {"mlp": (*_WHOLE, "tagging"), "bilstm": ("tagging",)}


def check(config: RunConfig, task: str) -> None:
    """Raise a WorkbenchError for a choice that means nothing in a task; asked before a model is loaded."""
    if task not in (suits := _HEADS.get(config.head, (task,))):
        raise WorkbenchError(
            f"head={config.head!r} on data for {task}", f"data for {' or '.join(suits)}", 'head="linear"'
        )
    if config.decoding != "free" and task != "tagging":
        raise WorkbenchError(f"decoding={config.decoding!r} on data for {task}", "data for tagging, where answers have neighbours",
                             'decoding="free"')  # fmt: skip
    if config.add_tokens and task == "translation":
        raise WorkbenchError("add_tokens on data for translation", "a model that reads only", "add_tokens=()")


def left_out(config: RunConfig, task: str) -> str:
    """A sentence on a choice that a task does without; empty where it takes all of them."""
    if config.pooling != "auto" and task not in _WHOLE:
        return f"pooling={config.pooling!r} is for one answer per text; {task} reads every word's own vector and leaves it out."
    return ""


def chosen(task: Any, config: RunConfig) -> Any:
    """The task as the config wants it: tagging has two ways of decoding."""
    return type(task)(config.decoding) if task.name == "tagging" else task
