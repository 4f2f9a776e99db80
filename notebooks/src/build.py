"""Make notebooks/NN-name.ipynb from notebooks/src/NN-name.py: `python notebooks/src/build.py`. No outputs, steady ids.

The .py files (py:percent) are what is edited and reviewed; a test fails when a notebook is not what its source makes.
"""

from pathlib import Path

import jupytext
import nbformat

SOURCE = Path(__file__).resolve().parent


def build(path: Path) -> str:
    """The notebook that a source file stands for, as text."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{path.stem[:2]}-{number:03d}"
        cell["metadata"] = {}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.writes(notebook, version=4) + "\n"


def target(path: Path) -> Path:
    """Where the notebook of a source file lies."""
    return SOURCE.parent / f"{path.stem}.ipynb"


def sources() -> list[Path]:
    """Every lesson's source, in order."""
    return sorted(SOURCE.glob("[0-9]*.py"))


if __name__ == "__main__":
    for source in sources():
        target(source).write_text(build(source), "utf-8")
        print(target(source).name)
