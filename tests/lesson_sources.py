"""The sources of the lessons: their code cells and settings as they stand there, and the files beside them, which are no package."""

import importlib.util
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "notebooks" / "src"


def beside_lessons(name):
    """build.py or measure.py, loaded anew."""
    spec = importlib.util.spec_from_file_location(name, SOURCE / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def code(lesson, first, last):
    """The code cells of a lesson from the heading `first` up to the heading `last`, waiting as a script waits."""
    text = lesson.read_text("utf-8")
    cells = re.split(r"(?m)^# %%", text[text.index(first) : text.index(last)])
    plain = "\n".join(c for c in cells[1:] if not c.startswith(" [markdown]"))
    return re.sub(r"(?m)^await (\w+)$", r"\1.join()", plain)


def same_settings(lesson):
    """What a lesson's `same = dict(...)` holds."""
    return eval(f"dict({re.search(r'same = dict[(](.*)[)]', lesson.read_text('utf-8'))[1]})")


def run_cell(code, names):
    """A solution as a cell would run it: `await x` joins what x is."""
    for line in re.split(r"\n|; (?=await )", code):
        match = re.fullmatch(r"await (.*)", line.strip())
        eval(f"({match[1]}).join()", names) if match else exec(line, names)
    return names
