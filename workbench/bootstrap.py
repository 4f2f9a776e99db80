"""From a bare Python to an environment with everything in it. Standard library only; must parse on Python 3.7.

How torch is chosen: `WORKBENCH_TORCH=cpu|cuda` if set; CUDA if an NVIDIA driver answers; else CPU. On Linux the default index
serves CUDA builds, so for CPU PyTorch's own CPU index is asked first (or the one in WORKBENCH_TORCH_INDEX); where it does not
answer, whatever pip is configured with is used, after a dry run has shown that no CUDA package would come along.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
TORCH = "torch==2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_INDEX = "https://download.pytorch.org/whl/cu130"  # for Windows, where the default index serves CPU builds
NEEDED_GB = 3.0
IN_USE = re.compile(r"\[WinError (5|32)\]")  # access is denied, is being used by another process
NOT_NOW = (
    "Files of .venv are in use or may not be written. Expected: no other program in this folder, and one that you may write to. "
    "Try: closing JupyterLab and its notebooks, then the same command."
)
CUDA_WORDS = ("nvidia-", "cuda-", "triton")


class Trouble(Exception):
    """A sentence for the user: what was found, what was expected, what to try."""


def in_checkout() -> bool:
    """Whether this package lies in a checkout (pyproject.toml beside it) and not in site-packages."""
    return (ROOT / "pyproject.toml").is_file()


def check_python(version: tuple[int, int] | None = None) -> None:
    """A clear sentence when this Python is too old or too new."""
    version = version or sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        raise Trouble(
            "This is Python %d.%d. Expected: %d.%d to %d.%d. Try: %s lab."
            % (version + OLDEST + NEWEST + (called(version),))
        )


def check_machine(system: str = sys.platform, machine: str | None = None, bits: int = 8 * struct.calcsize("P")) -> None:
    """A clear sentence where there is no torch to install: for a Python of 32 bits, and for Macs with an Intel processor."""
    if bits < 64:
        raise Trouble("This is a Python of %d bits, for which there is no torch. Expected: one of 64 bits. Try: the 64-bit installer "
                      "from python.org." % bits)  # fmt: skip
    if system == "darwin" and (machine or platform.machine()) == "x86_64":
        raise Trouble("This is a Python for Macs with an Intel processor, for which there is no torch any more. Expected: Apple "
                      "silicon, and a Python for it. Try: Python from python.org, or the lessons on Binder (README.md).")  # fmt: skip


def called(version: tuple[int, int] | None = None, windows: bool = os.name == "nt") -> str:
    """How a terminal starts the workbench. Windows has no python3, and its `py`, where there is one, takes the newest Python by itself."""
    version = version or sys.version_info[:2]
    right = OLDEST <= version <= NEWEST
    if windows and right and not shutil.which("py"):  # Python from Microsoft's store, or conda
        return "python -m workbench"
    if windows:
        return "py -%d.%d -m workbench" % (version if right else OLDEST)
    return "%s -m workbench" % ("python3" if right else "python%d.%d" % OLDEST)


def check_disk(folder: Path = ROOT, free_gb: float | None = None) -> None:
    """A clear sentence when the disk is too full for the environment."""
    free = shutil.disk_usage(str(folder)).free / 1e9 if free_gb is None else free_gb
    if free < NEEDED_GB:
        raise Trouble(
            "%.1f GB are free on this disk. Expected: %.0f GB for the environment. Try: making room, or another disk."
            % (free, NEEDED_GB)
        )


def has_nvidia() -> bool:
    """Whether an NVIDIA driver answers."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        return (
            subprocess.run([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def torch_kind(environ: Mapping[str, str] | None = None, nvidia: Callable[[], bool] = has_nvidia) -> str:
    """cpu or cuda: by WORKBENCH_TORCH if set, else by whether there is an NVIDIA driver."""
    wanted = (os.environ if environ is None else environ).get("WORKBENCH_TORCH", "").lower()
    if wanted not in ("", "cpu", "cuda"):
        raise Trouble("WORKBENCH_TORCH is %r. Expected: cpu or cuda. Try: WORKBENCH_TORCH=cpu." % wanted)
    return wanted or ("cuda" if nvidia() else "cpu")


def torch_arguments(
    kind: str,
    platform: str = sys.platform,
    environ: Mapping[str, str] | None = None,
    answers: Callable[[str], bool] | None = None,
) -> tuple[list[str], bool]:
    """(arguments for `pip install`, whether a dry run must first show that no CUDA comes along)."""
    environ = os.environ if environ is None else environ
    if kind == "cuda" and platform.startswith("win"):
        return [TORCH, "--index-url", environ.get("WORKBENCH_TORCH_INDEX") or CUDA_INDEX], False
    if kind == "cuda" or not platform.startswith("linux"):
        return [TORCH], False  # Linux: the default index serves CUDA builds; elsewhere it serves CPU builds
    index = environ.get("WORKBENCH_TORCH_INDEX")
    if index:
        return [TORCH, "--index-url", index], False
    if (answers or url_answers)(CPU_INDEX):
        return [TORCH, "--index-url", CPU_INDEX], False
    return [TORCH], True


def url_answers(url: str, seconds: float = 3) -> bool:
    """Whether a server answers within some seconds."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as reply:
            return reply.status < 400
    except (OSError, ValueError, HTTPException):
        return False


def stamp(extras: Sequence[str], root: Path = ROOT, kind: str = "") -> str:
    """What the environment was made from; another stamp means another install. The Python that calls does not count."""
    parts = [
        str(root),
        ",".join(sorted(extras)),
        (root / "pyproject.toml").read_text("utf-8"),
        TORCH,
        kind or torch_kind(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ready(extras: Sequence[str], folder: Path) -> bool:
    """Whether `folder` holds an environment that was finished for these extras or for more."""
    try:
        made = json.loads((folder / "workbench.json").read_text("utf-8"))
        same = made["stamp"] == stamp(made["extras"])
        return same and set(extras) <= set(made["extras"]) and python_in(folder).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def python_in(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure(extras: Sequence[str]) -> Path:
    """The interpreter of an environment that holds the project and `extras`; made or completed where it is missing."""
    folder = ROOT / ".venv"
    if ready(extras, folder):
        return python_in(folder)
    check_python()
    check_machine()
    before = None
    try:
        made = json.loads((folder / "workbench.json").read_text("utf-8"))
        extras, before = sorted(set(extras) | set(made["extras"])), made.get("kind")
    except (OSError, ValueError, KeyError, TypeError):
        check_disk()
    began = time.time()
    if not python_in(folder).exists() or not _pip_works(folder):
        step(1, "making .venv", began)
        make_venv(folder)
    step(2, "torch (%s build)" % torch_kind(), began)
    install_torch(folder, again=before not in (None, torch_kind()))
    step(3, "the workbench and what it needs", began)
    pip(folder, ["install", "--editable", "%s%s" % (ROOT, "[%s]" % ",".join(extras) if extras else ""), TORCH])
    (folder / "workbench.json").write_text(
        json.dumps({"extras": list(extras), "stamp": stamp(extras), "kind": torch_kind()}), "utf-8"
    )
    print("Ready after %.0f s." % (time.time() - began), flush=True)
    return python_in(folder)


def make_venv(folder: Path) -> None:
    """A fresh environment with pip; a sentence where Python was packaged without venv."""
    try:
        result = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)  # fmt: skip
    except OSError as error:
        raise Trouble("The folder .venv cannot be made: %s. Try: a folder that you may write to." % error) from error
    if result.returncode:
        words = result.stdout.decode("utf-8", "replace").strip().splitlines()
        if any(IN_USE.search(w) for w in words):
            raise Trouble(NOT_NOW)
        if any("Permission denied" in w or "Read-only" in w for w in words):
            raise Trouble("The folder .venv cannot be made: %s. Try: a folder that you may write to." % words[-1])
        apt = "apt install python3-venv, or " if sys.platform.startswith("linux") else ""
        raise Trouble(
            "Python could not make an environment (%s). Expected: the venv module. Try: %sPython from python.org."
            % (words[-1] if words else "no message", apt)
        )


def install_torch(folder: Path, again: bool = False) -> None:
    """torch first and by itself, so that nothing else can pull in a CUDA build; `again` replaces a build of another kind."""
    arguments, guard = torch_arguments(torch_kind())
    if guard:
        refuse_cuda(planned(folder, arguments))
    pip(folder, ["install", *(["--force-reinstall"] if again else []), *arguments])


def planned(folder: Path, arguments: list[str]) -> list[str]:
    """The names of the packages that an install would fetch, from pip's own dry run."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        pip(folder, ["install", "--dry-run", "--report", str(report), *arguments])
        return [item["metadata"]["name"].lower() for item in json.loads(report.read_text("utf-8"))["install"]]


def refuse_cuda(names: list[str]) -> None:
    """Stop with a sentence when several GB of CUDA would be fetched for a machine without a GPU."""
    found = [n for n in names if n.startswith(CUDA_WORDS)]
    if found:
        raise Trouble(
            "pip would fetch %d CUDA packages (about 3 GB) although there is no NVIDIA GPU. Expected: a CPU build of torch from "
            "PyTorch's CPU index, which does not answer. Try again when it does, or WORKBENCH_TORCH=cuda." % len(found)
        )


def pip(folder: Path, arguments: list[str]) -> None:
    """Run pip inside the environment, its last line as the sign of life; its words in the error when it fails."""
    command = [str(python_in(folder)), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines, shown = [], 0.0
    assert process.stdout is not None
    for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip()
        lines.append(line)
        watched = sys.stdout.isatty()
        if time.time() - shown > (0.2 if watched else 15) and line.startswith(
            ("Collecting", "Downloading", "Installing")
        ):
            shown = time.time()
            if watched:  # filled up with blanks: not every terminal of Windows takes signs that clear a line
                print("      %-72s" % line[:72], end="\r", flush=True)
            else:
                print("      " + line[:100], flush=True)
    if process.wait():
        with contextlib.suppress(OSError):
            (folder / "pip.log").write_text("\n".join(lines), "utf-8")
        raise Trouble(pip_sentence(lines))


def pip_sentence(lines: list[str]) -> str:
    """Why pip failed, in one sentence."""
    text = "\n".join(lines)
    if "No space left" in text or "[WinError 112]" in text:
        return (
            "The disk is full. Expected: %.0f GB for the environment. Try: making room, then the same command."
            % NEEDED_GB
        )
    if "Long Path support" in text:
        return (
            "The names of the files of .venv are too long for Windows here. Expected: a short path. Try: this checkout in a folder such as "
            "C:\\workbench, or Windows' long paths switched on."
        )
    if IN_USE.search(text):
        return NOT_NOW
    network = (
        "NewConnectionError",
        "Temporary failure in name resolution",
        "Network is unreachable",
        "ConnectTimeout",
        "Max retries",
        "connection broken by",
        "Read timed out",
        "IncompleteRead",
    )
    if any(word in text for word in network):
        return "No package index answers. Expected: a network connection for the first start. Try: the same command when it is back."
    known = [line.strip() for line in lines if re.search(r"\w+(Error|Exception): |ERROR: |error: ", line)]
    telling = [line for line in known if not re.search("subprocess-exited-with-error|ERROR: Exception:", line)] or known
    return "pip failed: %s. Try: the same command again; .venv/pip.log has every line that pip wrote." % (
        telling[0][:300].rstrip(".") if telling else lines[-1] if lines else "no message"
    )


def step(number: int, words: str, began: float) -> None:
    """One line of progress."""
    print("[%d/3] %s (%.0f s so far)" % (number, words, time.time() - began), flush=True)


def _pip_works(folder: Path) -> bool:
    command = [str(python_in(folder)), "-m", "pip", "--version"]
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:  # a half-copied interpreter
        return False
