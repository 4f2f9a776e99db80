"""`python3 -m workbench lab`: JupyterLab on the first lesson, on this machine only. Not a server of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from workbench import PREPARED_OPERATIONS, bootstrap
from workbench.errors import WorkbenchError

FIRST = "00-start-here.ipynb"
SETTINGS = {
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},  # a reopened notebook shows its panel
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}

ENVIRON = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_ARENA_MAX": "1",  # by itself glibc gives threads places of their own, and no other can use what one has freed: 70 MB
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": PREPARED_OPERATIONS,  # of 1,024 prepared operations: 150 MB less, and no slower
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # for a notebook that imports torch first
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}  # of the server, and so of every kernel


def main(arguments: list[str]) -> int:
    """Start JupyterLab; further arguments (--no-browser, --port) are passed on."""
    folder = lessons()
    write_settings(Path(sys.prefix))
    command = [sys.executable, "-m", "jupyterlab", *options(folder, arguments), *arguments]
    try:
        return subprocess.call(command, env=os.environ | ENVIRON, cwd=folder)
    except KeyboardInterrupt:
        return 0


def options(folder: Path, arguments: list[str]) -> list[str]:
    """What the workbench asks of JupyterLab, less what the user has asked for otherwise."""
    root = (
        bootstrap.ROOT if folder == bootstrap.ROOT / "notebooks" else folder
    )  # lessons there link to ../docs, which has to be within
    page = (folder / FIRST).relative_to(root).as_posix()
    ours = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{page}",
            "--LabApp.extension_manager=readonly"]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours.append("--allow-root")  # jupyter refuses root otherwise, which is who one is in a container
    given = {a.split("=")[0] for a in arguments}
    return [o for o in ours if o.split("=")[0] not in given]


def lessons() -> Path:
    """The folder of lessons: the checkout's, or from a wheel a copy in the current folder that keeps the learner's changes."""
    if bootstrap.in_checkout():
        return bootstrap.ROOT / "notebooks"
    target, inside = Path.cwd() / "workbench-lessons", Path(__file__).parent / "bundled"
    try:
        copy_lessons(inside / "notebooks", inside / "docs", target)
    except OSError as error:  # where a terminal begins is often a place of the system's
        raise WorkbenchError(f"the lessons cannot be copied to {target} ({error.strerror or error})",
                             "a folder that you may write to", "the same command in a folder of your own") from error  # fmt: skip
    return target


def copy_lessons(notebooks: Path, pages: Path, target: Path) -> None:
    """The lessons with the pages that they link to, which lie in `docs` beside the copies; what is there already stays as it is."""
    target.mkdir(exist_ok=True)
    for source in sorted(notebooks.glob("*.ipynb")):
        if not (target / source.name).exists():
            lesson = source.read_bytes().replace(b"](../docs/", b"](docs/")
            (target / source.name).write_bytes(lesson)
    for page in sorted(pages.glob("*.md")):
        (target / "docs").mkdir(exist_ok=True)
        if not (target / "docs" / page.name).exists():
            shutil.copyfile(page, target / "docs" / page.name)


def write_settings(prefix: Path) -> Path:
    """JupyterLab's defaults for this environment alone; a user's own settings are not touched and win over these."""
    path = prefix / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    try:
        there = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**there, **SETTINGS}, indent=1), "utf-8")
    except (OSError, ValueError, TypeError):
        pass  # a read-only environment: the lessons work without these comforts
    return path
