"""The files beside the lessons' sources, which are no package, as modules."""

import importlib.util
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "notebooks" / "src"


def beside_lessons(name):
    """build.py or measure.py, loaded anew."""
    spec = importlib.util.spec_from_file_location(name, SOURCE / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
