"""`accelerate launch`, which for a single process becomes that process instead of waiting beside it: 150 MB less.

Not for people: `python -m workbench launch recipe.toml` calls it. Several processes are started and watched as accelerate does.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from accelerate.commands import launch
from accelerate.utils.launch import prepare_simple_launcher_cmd_env


def become(options: Any) -> NoReturn:
    """What accelerate would start for these options takes this process's place; the exit status is its own."""
    command, environ = prepare_simple_launcher_cmd_env(options)
    sys.stdout.flush()
    os.execvpe(command[0], command, environ)


def main() -> None:
    """The command line of `accelerate launch`."""
    if os.name != "nt":  # there one process cannot become another
        setattr(launch, "simple_launcher", become)  # noqa: B010  # mypy knows only its own function there
    launch.main()


if __name__ == "__main__":
    main()
