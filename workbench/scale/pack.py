"""`python -m workbench pack [FILE]`: one archive that installs the workbench where there is no network. No installer of its own
beyond pip: the archive has wheels, their hashes, the lessons, and a script that calls pip with them.

The wheels are those of this environment, version by version, so the archive is for the same system and Python as this one.
Written beside the target and renamed: there is a whole archive or none.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from workbench import bootstrap
from workbench.errors import WorkbenchError
from workbench.files import patiently, portable, to_be_made
from workbench.lab import copy_lessons
from workbench.scale.arguments import Parser

PROJECT = "finetuning-workbench"
KINDS = (".tar.gz", ".tgz", ".tar", ".zip")
INSTALL = Path(__file__).with_name("install.py.template")  # goes into the archive as it is
SHARE = 0.35  # of their installed size is what wheels need: 0.30 was measured with the CPU build of torch
BYTE_CODE = 1.35  # times their size is what an environment takes once pip has compiled it, as measured

README = """The Fine-tuning Workbench, for machines without a network
=========================================================

Made for {system} {machine} and Python {python}; {gb:.1f} GB of packages, the models, the data and the lessons.

1. Unpack this archive.
2. In its folder:   {command} install.py
   It makes .venv beside this file from the wheels in wheelhouse/, and asks no package index for anything.
   install.py FOLDER makes the environment in another place, for example one that a whole class shares.
3. Start:           {start}

Runs are written to runs/ in the folder of the notebook; WORKBENCH_HOME=FOLDER puts them elsewhere.
The lessons as notebooks are in lessons/ too; models that were added lie in models/ (model="models/NAME").
"""


def main(arguments: list[str]) -> int:
    """Make the archive and say where it is."""
    parser = Parser(prog="python -m workbench pack", description="One archive that installs without a network.")
    parser.add_argument(
        "file", nargs="?", help=f"ends in {', '.join(KINDS)}; by default it is named after version and system"
    )
    parser.add_argument("--add", action="append", default=[], metavar="FOLDER", help="a saved model that goes with it")
    chosen = parser.parse_args(arguments)
    target = pack(chosen.file or default_name(), chosen.add)
    print(
        f"{target}: {target.stat().st_size / 1e9:.2f} GB. Unpack it on a machine without a network and run install.py there."
    )
    return 0


def default_name() -> str:
    """Named after what it is for."""
    from workbench import __version__

    end = ".zip" if os.name == "nt" else ".tar.gz"
    python = f"py{sys.version_info[0]}{sys.version_info[1]}"
    return f"{PROJECT}-{__version__}-{platform.system().lower()}-{platform.machine().lower()}-{python}{end}"


def pack(file: str | Path, add: list[str] | tuple[str, ...] = (), fetch: Callable[[Path], None] | None = None) -> Path:
    """Write the archive and return its path. `fetch` fills a folder with wheels: by default pip does.

    Raises WorkbenchError when there is no room (with what is needed), when a package cannot be had, and for a name that
    stands for no archive; nothing is left behind then.
    """
    target = to_be_made(file).resolve()
    if not target.name.endswith(KINDS):
        raise WorkbenchError(f"{target.name} is no archive", f"a name that ends in {', '.join(KINDS)}", default_name())
    if not target.parent.is_dir() or target.is_dir():
        raise WorkbenchError(f"{target} cannot be made", "a file in a folder that exists", default_name())
    for folder in map(Path, add):
        if not (folder / "config.json").is_file():
            raise WorkbenchError(f"{folder} is not a saved model", "a folder with config.json", "run.save('my-model')")
    check_names([folder.resolve().name for folder in map(Path, add)])
    needed = packages()
    bytes_needed = room_needed(needed, add)
    check_room(target.parent, bytes_needed)
    part = target.with_name(target.name + ".part")
    try:
        with tempfile.TemporaryDirectory(prefix=".pack-", dir=target.parent) as scratch:
            root = Path(scratch) / PROJECT
            fill(root, needed, add, fetch or fetch_with_pip)
            check_room(target.parent, sum(path.stat().st_size for path in root.rglob("*") if path.is_file()))
            print("[4/4] the archive", flush=True)
            write(root, part)
        patiently(lambda: os.replace(part, target))
    except OSError as error:
        raise _disk(target.parent, bytes_needed, error) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def check_names(names: list[str]) -> None:
    """In the archive models lie side by side, for systems that may not tell capitals from small letters."""
    for name in names:
        if [other.lower() for other in names].count(name.lower()) > 1:
            raise WorkbenchError(
                f"two models called {name}", "a name of its own for each", "renaming one of the folders"
            )
        if not portable(name):
            raise WorkbenchError(f"a model called {name!r}, which Windows cannot have", "another name", "renaming it")


def packages() -> dict[str, metadata.Distribution]:
    """What the workbench needs, all the way down, as it is installed here: canonical name -> distribution."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, metadata.Distribution] = {}
    todo: list[tuple[str, frozenset[str]]] = [(PROJECT, frozenset())]
    seen = set()
    while todo:
        name, extras = todo.pop()
        if (canonicalize_name(name), extras) in seen:
            continue
        seen.add((canonicalize_name(name), extras))
        found[canonicalize_name(name)] = installed = _installed(name)
        for line in requirements_of(installed):
            wanted = Requirement(line)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in extras | {""}):
                todo.append((wanted.name, frozenset(wanted.extras)))
    return found


def requirements_of(installed: metadata.Distribution) -> list[str]:
    """Of the project itself what pyproject.toml says now: an editable install may be older."""
    import tomllib

    if installed.metadata["Name"] == PROJECT and bootstrap.in_checkout():
        project = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        return list(project["dependencies"])
    return installed.requires or []


def _installed(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise WorkbenchError(f"{name} is not installed here", "an environment with everything in it",
                             f"{bootstrap.called()} lab once, then pack") from error  # fmt: skip


def room_needed(needed: dict[str, metadata.Distribution], add: list[str] | tuple[str, ...] = ()) -> int:
    """Bytes for the wheels and, once more, for the archive of them."""
    added = sum(path.stat().st_size for folder in add for path in Path(folder).rglob("*") if path.is_file())
    return int(2 * (SHARE * installed_size(needed) + added)) + 60_000_000


def installed_size(needed: dict[str, metadata.Distribution]) -> int:
    """Bytes of these packages as they are installed, without byte code."""
    return sum(file.size or 0 for d in needed.values() for file in d.files or [])


def check_room(folder: Path, needed: int) -> None:
    """A sentence with both numbers where the disk is too full."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WorkbenchError(f"{free / 1e9:.2f} GB are free in {folder}", f"{needed / 1e9:.2f} GB for the pack",
                             "making room, or a file on another disk")  # fmt: skip


def _disk(folder: Path, needed: int, error: OSError) -> WorkbenchError:
    if error.errno == errno.ENOSPC:
        return WorkbenchError(f"the disk of {folder} is full", f"{needed / 1e9:.2f} GB for the pack", "making room")
    return WorkbenchError(f"the pack cannot be written in {folder} ({error.strerror or error})", "a folder to write to")


def fill(root: Path, needed: dict[str, metadata.Distribution], add: list[str] | tuple[str, ...],
         fetch: Callable[[Path], None]) -> None:  # fmt: skip
    """Everything that goes into the archive, as a folder."""
    wheels = root / "wheelhouse"
    wheels.mkdir(parents=True)
    print(f"[1/4] {len(needed)} packages of this environment", flush=True)
    fetch(wheels)
    print("[2/4] the lessons, and what was added", flush=True)
    copy_lessons(lessons(), lessons().with_name("docs"), root / "lessons")
    for folder in map(Path, add):
        shutil.copytree(folder, root / "models" / folder.resolve().name)
    print("[3/4] the list of wheels with their hashes", flush=True)
    lines = list(pinned(wheels))
    missing = sorted(set(needed) - {line.partition("==")[0] for line in lines})
    if missing:
        raise WorkbenchError(
            f"there is no wheel of {', '.join(missing)}", "a wheel of every package", "the same command again"
        )
    (root / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    shutil.copyfile(INSTALL, root / "install.py")
    facts = {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "system": platform.system(),
        "machine": platform.machine(),
    }
    room = round(BYTE_CODE * installed_size(needed) / 1e9, 1)
    (root / "pack.json").write_text(json.dumps({**facts, "room": room}, indent=1), "utf-8")
    start = r".venv\Scripts\python -m workbench lab" if os.name == "nt" else ".venv/bin/python -m workbench lab"
    command = f"{'py -' if os.name == 'nt' else 'python'}{facts['python']}"
    gb = sum(path.stat().st_size for path in wheels.iterdir()) / 1e9
    (root / "README.txt").write_text(README.format(**facts, gb=gb, start=start, command=command), "utf-8")


def lessons() -> Path:
    """Where the notebooks lie: in the checkout, or in the installed package."""
    inside = Path(__file__).resolve().parents[1] / "bundled" / "notebooks"
    return bootstrap.ROOT / "notebooks" if bootstrap.in_checkout() else inside


def pinned(wheels: Path) -> Iterator[str]:
    """One line per wheel, as pip's --require-hashes wants it."""
    from packaging.utils import canonicalize_name

    for path in sorted(wheels.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield f"{canonicalize_name(name)}=={version} --hash=sha256:{digest}"


def fetch_with_pip(wheels: Path) -> None:
    """pip's wheels of every package, in the version that is installed here, and the project's own."""
    if not bootstrap.in_checkout():
        raise WorkbenchError("this is an installed package", "a checkout: its wheel is a part of the pack", "git clone")
    pins = sorted(f"{name}=={d.version}" for name, d in packages().items() if name != PROJECT)
    index: list[str] = []
    if any(re.match(r"torch==.*\+cpu$", pin) for pin in pins) and bootstrap.url_answers(bootstrap.CPU_INDEX):
        index = ["--extra-index-url", bootstrap.CPU_INDEX]
    _pip_wheel(wheels, [*index, *pins])
    _pip_wheel(wheels, [str(bootstrap.ROOT)])


def _pip_wheel(wheels: Path, what: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-input", "--no-deps", "--wheel-dir",
               str(wheels), *what]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        words = done.stdout.decode("utf-8", "replace").strip().splitlines()
        if any("No space left" in line for line in words):
            raise OSError(errno.ENOSPC, "No space left on device")
        told = [line for line in words if "ERROR" in line] or words or ["no word"]
        raise WorkbenchError(f"pip could not make the wheels: {told[-1].strip()[:300]}",
                             "a package index that has what this environment has", "the same command with a network")  # fmt: skip


def write(root: Path, part: Path) -> None:
    """The folder as one file. Wheels are packed already: the lightest compression will do."""
    kind = part.name.removesuffix(".part")
    if kind.endswith(".zip"):
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(root.rglob("*")):
                archive.write(path, path.relative_to(root.parent))
        return
    if kind.endswith(".tar"):
        with tarfile.open(part, "w") as plain:
            plain.add(root, root.name)
        return
    with tarfile.open(part, "w:gz", compresslevel=1) as packed:
        packed.add(root, root.name)
