"""A recipe: the choices of a run as a TOML file, read back with one sentence for whatever is wrong with it. Nothing is started here."""

from __future__ import annotations

import tomllib
from pathlib import Path

from workbench import catalog
from workbench.config import BY_HAND, RunConfig, check_names
from workbench.errors import WorkbenchError


def read_recipe(path: str | Path) -> RunConfig:
    """The RunConfig that a file describes. Raises WorkbenchError: no such file, not TOML, unknown keys, values out of range."""
    path = Path(path).expanduser()
    example = "run.to_recipe() prints one"
    try:
        choices = tomllib.loads(path.read_text("utf-8-sig"))  # editors of Windows may put a mark before it
    except FileNotFoundError:
        raise WorkbenchError(f"no file {str(path)!r}", "a recipe: the choices of a run as TOML", example) from None
    except UnicodeDecodeError as error:
        raise WorkbenchError(f"{path.name} is not text in UTF-8", "a recipe as TOML", example) from error
    except OSError as error:
        raise WorkbenchError(
            f"{path.name} cannot be read ({error.strerror or error})", "a recipe as TOML", example
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise WorkbenchError(
            f"{path.name} is not TOML: {error}", 'lines such as model = "bert-mini"', example
        ) from error
    try:
        check_names(choices)
        return RunConfig(**choices)
    except WorkbenchError as error:
        raise WorkbenchError(f"{path.name}: {error.found}", error.expected, error.try_) from error


def check_recipe(config: RunConfig) -> None:
    """Raise a WorkbenchError where data, model, technique or task are not there, before any process is started."""
    from workbench.data import load
    from workbench.models import zoo

    catalog.find(catalog.techniques(), config.technique, "technique")
    if config.task != "auto":
        catalog.find(list(catalog.TASKS), config.task, "task")
    zoo.source(config.model, config.add_tokens)
    if config.data == BY_HAND:
        raise WorkbenchError("a recipe for data that were passed by hand", "data with a name: a file, a folder, a bundled set",
                             'saving them as a file, and data = "file.jsonl"')  # fmt: skip
    if not config.data.startswith("hub:"):
        load(config.data)
