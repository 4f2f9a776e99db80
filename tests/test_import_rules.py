"""Which room may know which: the imports of every module, lazy ones included, are held against the design."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import workbench

PACKAGE = Path(workbench.__file__).resolve().parent
PLAIN = (
    "workbench.errors",
    "workbench.config",
    "workbench.meanings",
    "workbench.catalog",
    "workbench.card_tables",
    "workbench.families",
    "workbench.training.events",
)
LIGHT = ("workbench.training.store", "workbench.training.examples", "workbench.diagnosis", "workbench.views.figures",
         "workbench.views.run_picture", "workbench.views.example_figures")  # fmt: skip
HEAVY = ("torch", "transformers", "IPython")
KNOWS_PANEL = ("workbench", "workbench.__main__", "workbench.views.panel")


def module_name(path):
    parts = ["workbench", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = {module_name(path) for path in PACKAGE.rglob("__init__.py")}
SOURCES = {module_name(path): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def inside(module, room):
    return module == room or module.startswith(f"{room}.")


def imports(module, source):
    """Every module that `source` may import anywhere in it; `from a import b` counts as a and as a.b."""
    here = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = here[: len(here) - node.level + 1] if node.level else []
            origin = ".".join([*up, *filter(None, [node.module])])
            found |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    front_door = {f"workbench.{name}": f"workbench.{where}" for name, where in workbench._WHERE.items()}
    return found | {front_door[m] for m in found if m in front_door and module != "workbench"}


def violations(module, source):
    """The rules of DESIGN.md that `source`, as the text of `module`, breaks: one sentence each."""
    broken = []
    for known in sorted(imports(module, source)):
        top = known.partition(".")[0]
        plain = top in sys.stdlib_module_names or any(inside(known, room) for room in PLAIN)
        parent = any(room.startswith(f"{known}.") for room in PLAIN)
        if module in PLAIN and not plain and not parent:
            broken.append(f"{module} imports {known}: the standard library only")
        if any(inside(module, room) for room in LIGHT) and top in HEAVY:
            broken.append(f"{module} imports {known}: must be readable without it")
        shown = any(inside(module, f"workbench.{room}") for room in ("views", "lessons"))
        if top in ("IPython", "ipywidgets") and not shown:
            broken.append(f"{module} imports {known}: only views and lessons may")
        if inside(module, "workbench.tasks") and inside(known, "workbench.techniques"):
            broken.append(f"{module} imports {known}: tasks do not know techniques")
        task = any(inside(module, f"workbench.{room}") for room in ("tasks", "techniques"))
        if task and inside(known, "workbench.training"):
            broken.append(f"{module} imports {known}: tasks and techniques do not know training")
        if inside(known, "workbench.views.panel") and module not in KNOWS_PANEL:
            broken.append(f"{module} imports {known}: only the front door knows the panel")
    return broken


def reached(start):
    """`start` and every module of the package that it imports, at any depth."""
    seen, todo = set(), [start]
    while todo:
        module = todo.pop()
        if module in SOURCES and module not in seen:
            seen.add(module)
            todo += imports(module, SOURCES[module])
    return seen


def python(code):
    """The words that `code` prints in a Python of its own."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def loaded_by(*modules):
    """The top-level names that importing `modules` adds to a fresh Python."""
    code = f"import sys; before = set(sys.modules); import {', '.join(modules)}"
    return python(f"{code}; print(*{{name.partition('.')[0] for name in set(sys.modules) - before}})")


@pytest.mark.parametrize("module", SOURCES)
def test_the_module_knows_only_what_it_may(module):
    assert violations(module, SOURCES[module]) == []


@pytest.mark.parametrize("room", [*PLAIN, *LIGHT, *KNOWS_PANEL, "workbench.tasks.base", "workbench.techniques.base"])
def test_the_rules_speak_of_modules_that_exist(room):
    assert room in SOURCES


@pytest.mark.parametrize("module", [m for m in SOURCES if any(inside(m, room) for room in LIGHT)])
def test_what_must_be_light_reaches_nothing_heavy(module):
    tops = {known.partition(".")[0] for m in reached(module) for known in imports(m, SOURCES[m])}
    assert not tops & set(HEAVY)


MADE_UP = {
    "third party in a plain module": ("workbench.config", "import numpy as np", "standard library only"),
    "another room in a plain module": ("workbench.catalog", "from workbench.data import load", "standard library only"),
    "under TYPE_CHECKING": ("workbench.errors", "if TYPE_CHECKING:\n    import pandas", "standard library only"),
    "torch in a light module": ("workbench.diagnosis.rules", "import torch.nn", "without it"),
    "a lazy import": ("workbench.training.store", "def f():\n    from transformers import set_seed", "without it"),
    "an import by name": ("workbench.views.figures", "importlib.import_module('IPython.display')", "without it"),
    "widgets in the wrong room": ("workbench.training.run", "import ipywidgets as w", "only views and lessons"),
    "a task that knows a technique": ("workbench.tasks.tagging", "from workbench import techniques", "not know te"),
    "a relative import": ("workbench.tasks.tagging", "from ..techniques import full", "not know te"),
    "a task that knows training": ("workbench.tasks.base", "from workbench.training import run", "not know tr"),
    "a technique that knows training": (
        "workbench.techniques.lora",
        "import workbench.training.run",
        "not know training",
    ),
    "a view that knows the panel": ("workbench.views.live", "from workbench.views import panel", "front door"),
    "the panel by a relative import": ("workbench.views.live", "from . import panel", "front door"),
    "the panel by its public name": ("workbench.lessons.book", "from workbench import panel", "front door"),
}


@pytest.mark.parametrize(("module", "source", "rule"), MADE_UP.values(), ids=MADE_UP)
def test_a_made_up_violation_is_caught(module, source, rule):
    assert any(rule in sentence for sentence in violations(module, source))


ALLOWED = {
    "plain modules may know each other": ("workbench.config", "from workbench.errors import WorkbenchError"),
    "the store may use pandas": ("workbench.training.store", "import pandas as pd"),
    "views may use widgets": ("workbench.views.live", "import ipywidgets\nfrom IPython.display import display"),
    "a name that only begins alike": ("workbench.diagnosis.rules", "import torchless"),
    "the front door knows the panel": ("workbench", "from workbench.views.panel import panel"),
    "training may know tasks": ("workbench.training.worker", "from workbench.tasks import TASKS"),
}


@pytest.mark.parametrize(("module", "source"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_not_called_a_violation(module, source):
    assert violations(module, source) == []


def test_importing_workbench_loads_no_third_party_module():
    assert loaded_by("workbench") - {"workbench"} <= sys.stdlib_module_names


def test_the_plain_modules_load_no_third_party_module():
    assert loaded_by(*PLAIN) - {"workbench"} <= sys.stdlib_module_names


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_loads_nothing_heavy(module):
    loaded = loaded_by(module)
    assert "workbench" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("module", ["workbench.scale.launch", "workbench.training.run"])
def test_watching_a_launched_run_needs_neither_what_trains_nor_frames(module):
    """The watcher stays beside the training until its end: what it imports is held twice."""
    loaded = loaded_by(module)
    assert "workbench" in loaded
    assert not loaded & {*HEAVY, "accelerate", "datasets", "numpy", "pandas", "pyarrow"}


READ_AND_DRAWN = """
import sys
from workbench.config import RunConfig
from workbench.diagnosis import diagnose
from workbench.training.events import Evaluated
from workbench.training.store import Store
from workbench.views.figures import loss_curves, two_axes

store = Store.create(RunConfig(), {})
for n, loss in enumerate([0.7, 0.5, 0.4, 0.4], 1):
    store.append(Evaluated(n, float(n), float(n), loss, loss, {"accuracy": 0.8}, 1e-3, True))
frame = Store.open(store.folder).frame()
figure, ax, _ = two_axes()
loss_curves(frame, ax)
figure.canvas.draw()
print(diagnose(frame).verdict, *{name.partition(".")[0] for name in sys.modules})
"""


def test_a_saved_run_is_read_diagnosed_and_drawn_without_torch():
    words = python(READ_AND_DRAWN)
    assert "healthy" in words
    assert not words & set(HEAVY)
