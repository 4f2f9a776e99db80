"""`python3 -m workbench doctor`: what is installed and what will be used. Repairs nothing; works before the install too."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path

from workbench.bootstrap import called, has_nvidia

PACKAGES = ("torch", "transformers", "datasets", "evaluate", "accelerate", "ipywidgets", "ipykernel", "jupyterlab")
Line = tuple[str, str, str]  # what, value, "ok" | "warn" | "fail"


def main(arguments: list[str]) -> int:
    """Print the report, as JSON with --json. Returns 1 when something is missing."""
    lines = report()
    if "--json" in arguments:
        print(json.dumps([dict(zip(("what", "value", "state"), line, strict=True)) for line in lines], indent=1))
    else:
        for what, value, state in lines:
            print(f"{ {'ok': ' ', 'warn': '!', 'fail': 'x'}[state] } {what:<16} {value}")
    return int(any(state == "fail" for *_, state in lines))


def report() -> list[Line]:
    """Every line of the report."""
    return [_python(), *_packages(), _accelerator(), _memory(), _disk(), _threads(), _bundled(), _hub()]


def _python() -> Line:
    return "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}", "ok"


def _packages() -> list[Line]:
    lines: list[Line] = []
    for name in PACKAGES:
        try:
            lines.append((name, importlib.metadata.version(name), "ok"))
        except importlib.metadata.PackageNotFoundError:
            lines.append((name, f"not installed: {called()} lab installs it", "fail"))
    return lines


def _accelerator() -> Line:
    if importlib.util.find_spec("torch") is None:
        return "device", "not known before torch is installed", "warn"
    from workbench.training.precision import choose

    try:
        chosen = choose()
    except (ImportError, OSError) as error:  # torch is there and cannot be loaded, for example without its C++ runtime
        return "device", str(error).strip().splitlines()[0][:200], "fail"
    words = f"{chosen.device}, {chosen.dtype}: {chosen.why}"
    if chosen.device == "cpu" and has_nvidia():
        return (
            "device",
            f"{words}. The NVIDIA driver answers, but this torch finds no GPU: a CPU build, or an old driver",
            "warn",
        )
    return "device", words, "ok"


def _memory() -> Line:
    try:
        import psutil

        memory = psutil.virtual_memory()
        free, total = memory.available / 1e9, memory.total / 1e9
    except ImportError:
        return "memory", "not known before psutil is installed", "warn"
    return "memory", f"{free:.1f} of {total:.1f} GB free", "ok" if free > 1.2 else "warn"


def _disk() -> Line:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return "disk", f"{free:.1f} GB free here", "ok" if free > 1 else "warn"


def _threads() -> Line:
    policy = os.environ.get("OMP_WAIT_POLICY", "not set")
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return "cores", f"{os.cpu_count()}, OMP_NUM_THREADS {threads}, OMP_WAIT_POLICY {policy}", "ok"


def _bundled() -> Line:
    from workbench import catalog

    models = [c.name for c in catalog.models() if c.source == "bundled"]
    datasets = [c.name for c in catalog.datasets() if c.source == "bundled"]
    return (
        "bundled",
        f"models {', '.join(models) or 'none'}; datasets {', '.join(datasets) or 'none'}",
        "ok" if models else "fail",
    )


def _hub() -> Line:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "Hub", "switched off by HF_HUB_OFFLINE; bundled models and data work", "ok"
    try:
        address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=3):
            return "Hub", "reachable", "ok"
    except (OSError, ValueError, HTTPException):
        return "Hub", "not reachable; bundled models and data work without it", "warn"
