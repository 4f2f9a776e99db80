"""The command line: `python3 -m workbench lab | test | doctor | pretrain | launch | models | datasets | runs`.

Standard library only up to the point where it runs inside an environment; must parse on Python 3.7, so that an old Python gets
a sentence and not a SyntaxError. In a checkout it makes `.venv`, installs the project and goes on inside it.
"""

from __future__ import annotations

import difflib
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

COMMANDS = {
    "lab": "open JupyterLab on the first lesson",
    "test": "run lint, types and all tests; arguments go to pytest",
    "doctor": "say what is installed and what will be used",
    "pretrain": "pretrain a bundled model: pretrain bert-mini",
    "score": "measure a model against its random twin and TF-IDF",
    "matrix": "train every bundled model on every task, beside what needs no model",
    "effects": "measure every technique against the control that leaves it out",
    "serve": "a fine-tuning service on this machine, for lessons without a key",
    "launch": "train a recipe on several processes: launch recipe.toml --processes 2",
    "search": "train trials of a search that has begun: search NAME",
    "pack": "make one archive that installs without a network: pack [FILE]",
    "diagnose-rates": "measure how often the diagnosis errs, on simulated curves",
    "models": "list models",
    "datasets": "list datasets",
    "runs": "list the runs of this folder",
}

MAINS = {  # of some the module whose `main` they are
    "pretrain": "models.pretrain",
    "score": "models.score",
    "matrix": "models.matrix",
    "effects": "training.effects",
    "serve": "remote.server",
    "launch": "scale.launch",
    "search": "scale.crew",
    "pack": "scale.pack",
    "diagnose-rates": "diagnosis.rates",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a file or pipe of Windows takes few signs: others become a "?"
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    command, rest = (argv[0], argv[1:]) if argv else ("help", [])
    from workbench import bootstrap

    if command in ("help", "-h", "--help"):
        print(bootstrap.called() + " COMMAND\n\n" + "\n".join("  %-14s %s" % pair for pair in COMMANDS.items()))
        return 0
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1)
        words = "There is no command %r. Expected: one of %s." % (command, ", ".join(COMMANDS))
        print(words + (" Try: %s %s." % (bootstrap.called(), near[0]) if near else ""), file=sys.stderr)
        return 2
    try:
        bootstrap.check_python()
        inside = _inside(command)
        if inside is not None:
            return _go_on(inside, argv)
        return _run(command, rest)
    except bootstrap.Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _inside(command: str) -> Path | None:
    """The interpreter to go on in, or None when this one will do."""
    from workbench import bootstrap

    if not bootstrap.in_checkout() or os.environ.get("WORKBENCH_ENVIRONMENT") == "this":
        return None  # a wheel was installed with what it needs
    extras = ["test"] if command == "test" else []
    own = bootstrap.python_in(bootstrap.ROOT / ".venv")
    ready = bootstrap.ready(extras, own.parent.parent)
    if Path(sys.prefix).resolve() == own.parent.parent.resolve() and ready:
        return None
    if command == "doctor":  # it installs nothing: where there is no environment yet, it says what is missing
        return own if ready else None
    return bootstrap.ensure(extras)


def _go_on(python: Path, argv: list[str]) -> int:
    """The same command inside the environment."""
    command = [str(python), "-m", "workbench", *argv]
    environ = dict(os.environ, WORKBENCH_ENVIRONMENT="this")
    if os.name == "nt":  # there one process cannot become another: it waits, and Ctrl-C is for the one that works
        signal.signal(signal.SIGINT, lambda *_: None)
        return subprocess.call(command, env=environ)
    sys.stdout.flush()
    os.execve(str(python), command, environ)


def _run(command: str, rest: list[str]) -> int:
    """What the command does, inside the environment."""
    import workbench as wb
    from workbench import lab, testing
    from workbench.doctor import main as doctor

    os.environ.pop("WORKBENCH_ENVIRONMENT", None)
    try:
        if command == "lab":
            return lab.main(rest)
        if command == "test":
            return testing.main(rest)
        if command == "doctor":
            return doctor(rest)
        if command in MAINS:
            begin = importlib.import_module("workbench." + MAINS[command]).main
            return int(begin(rest, alone=True) if command == "launch" else begin(rest))
        print(getattr(wb, command)())
        return 0
    except wb.WorkbenchError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
