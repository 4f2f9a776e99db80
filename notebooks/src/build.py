"""Make notebooks/NN-name.ipynb from notebooks/src/NN-name.py: `python notebooks/src/build.py`. No outputs, steady ids.

The .py files (py:percent) are what is edited and reviewed; a test fails when a notebook is not what its source makes.

`build.py --measure [NN ...]` runs lessons (all, or those with these numbers) from top to bottom in a kernel of their own, one
after the other, and writes seconds and peak memory to measured.json, from where they come into the head of each lesson and
the README's table. On a machine that does nothing else.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat

SOURCE = Path(__file__).resolve().parent
MEASURED = SOURCE / "measured.json"
README = SOURCE.parents[1] / "README.md"
PEAK = "import resource; print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"


def build(path: Path) -> str:
    """The notebook that a source file stands for, as text."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{path.stem[:2]}-{number:03d}"
        cell["metadata"] = {}
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{title}\n\n{headline(path.stem)}\n{rest}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.writes(notebook, version=4) + "\n"


def headline(lesson: str) -> str:
    """What a learner should plan for: "*About 25 minutes. All its cells run in 71 s and 0.9 GB on two cores.*" """
    minutes = row(lesson).split(" | ")[2]
    seconds, memory = measured()[lesson]
    return f"*About {minutes} minutes. All its cells run in {seconds} s and {memory / 1000:.1f} GB on two cores.*"


def row(lesson: str) -> str:
    """The lesson's row of the README's table: lesson, what one does, minutes, seconds, memory."""
    return next(line for line in README.read_text("utf-8").splitlines() if f"](notebooks/{lesson}.ipynb)" in line)


def measured() -> dict[str, tuple[int, int]]:
    """Lesson -> seconds of wall time, peak of the kernel's (or its largest child's) resident memory in MB."""
    return {name: tuple(pair) for name, pair in json.loads(MEASURED.read_text("utf-8")).items()}


def measure(path: Path) -> tuple[int, int]:
    """Run a lesson as a learner does who presses "Run All" in a fresh kernel."""
    from nbclient import NotebookClient

    notebook = nbformat.reads(build(path), 4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_HOME"] = folder
        began = time.monotonic()
        NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": folder}}).execute()
    kilobytes = int(notebook.cells[-1].outputs[-1]["text"])
    return round(time.monotonic() - began), round(kilobytes * 1.024 / 1000)


def readme() -> str:
    """The README with the measured columns of its table."""
    text = README.read_text("utf-8")
    for lesson, (seconds, memory) in measured().items():
        old = row(lesson)
        text = text.replace(old, re.sub(r"\| [^|]* \| [^|]* \|$", f"| {seconds} s | {memory / 1000:.1f} GB |", old))
    return text


def target(path: Path) -> Path:
    """Where the notebook of a source file lies."""
    return SOURCE.parent / f"{path.stem}.ipynb"


def sources() -> list[Path]:
    """Every lesson's source, in order."""
    return sorted(SOURCE.glob("[0-9]*.py"))


def main(arguments: list[str]) -> None:
    """Measure if asked to, then write every notebook and the README's table."""
    if arguments[:1] == ["--measure"]:
        for source in sources():
            if len(arguments) == 1 or source.stem[:2] in arguments:
                numbers = measured() | {source.stem: measure(source)}
                MEASURED.write_text(json.dumps(dict(sorted(numbers.items())), indent=1) + "\n", "utf-8")
                print(source.stem, *numbers[source.stem], flush=True)
    README.write_text(readme(), "utf-8")
    for source in sources():
        target(source).write_text(build(source), "utf-8")
        print(target(source).name)


if __name__ == "__main__":
    main(sys.argv[1:])
