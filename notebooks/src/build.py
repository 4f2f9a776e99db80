"""Make notebooks/NN-name.ipynb from notebooks/src/NN-name.py: `python notebooks/src/build.py`. No outputs, steady ids.

The .py files (py:percent) are what is edited and reviewed; a test fails when a notebook is not what its source makes.
`--measure [NN ...]` first runs lessons whole and writes to measured.json how long each takes and how much memory; from
there the numbers get into the head of each notebook and into the table in README.md, so that these cannot differ.
"""

import argparse
import json
import re
from pathlib import Path

import jupytext
import nbformat

SOURCE = Path(__file__).resolve().parent
MEASURED = SOURCE / "measured.json"
README = SOURCE.parents[1] / "README.md"
REFERENCE = SOURCE.parents[1] / "docs" / "reference.md"


def build(path: Path) -> str:
    """The notebook that a source file stands for, as text, with what was measured in its head."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{path.stem[:2]}-{number:03d}"
        cell["metadata"] = {}
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{title}\n{head(path.stem[:2], measured())}{rest}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.writes(notebook, version=4) + "\n"


def head(number: str, known: dict) -> str:
    """What stands between a lesson's title and its text; nothing for a lesson that was never measured."""
    if number not in known["lessons"]:
        return ""
    seconds, memory = _words(known["lessons"][number])
    return f"\n*Run All: {seconds} on {known['cores']} cores, {memory} of memory.*\n"


def readme(text: str, known: dict) -> str:
    """README.md with the measured columns of its table of lessons, the last two, filled in anew."""
    return re.sub(r"^\| \[(\d\d) ·.*$", lambda row: _row(*row.group(1, 0), known["lessons"]), text, flags=re.M)


def _row(number: str, line: str, lessons: dict) -> str:
    lesson, what, minutes, *_ = line.strip("| ").split(" | ")
    words = _words(lessons[number]) if number in lessons else ("–", "–")
    return f"| {' | '.join((lesson, what, minutes, *words))} |"


def _words(numbers: dict) -> tuple[str, str]:
    return f"{numbers['seconds']} s", f"{numbers['megabytes'] / 1000:.1f} GB"


def reference(text: str) -> str:
    """docs/reference.md with its table of choices as the code explains them."""
    from workbench import meanings
    from workbench.config import explained

    around = r"(?s)(?<=<!-- choices -->\n).*(?=<!-- /choices -->)"
    return re.sub(around, lambda _: meanings.table(explained()) + "\n", text)


def measured() -> dict:
    """On how many cores the lessons were measured, and by lesson the seconds and megabytes."""
    return json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {"cores": None, "lessons": {}}


def target(path: Path) -> Path:
    """Where the notebook of a source file lies."""
    return SOURCE.parent / f"{path.stem}.ipynb"


def sources() -> list[Path]:
    """Every lesson's source, in order."""
    return sorted(SOURCE.glob("[0-9]*.py"))


def write() -> None:
    """All notebooks, the table of lessons in README.md and that of choices in docs/reference.md."""
    for source in sources():
        target(source).write_text(build(source), "utf-8", newline="\n")
        print(target(source).name)
    README.write_text(readme(README.read_text("utf-8"), measured()), "utf-8", newline="\n")
    REFERENCE.write_text(reference(REFERENCE.read_text("utf-8")), "utf-8", newline="\n")


def measure(chosen: list[Path]) -> list[str]:
    """Run lessons one after another and note at once what each took; those that broke off keep their numbers and are returned."""
    import measure as meter  # only here: who only builds needs no kernel

    known, failed = {**measured(), "cores": meter.cores()}, []
    if measured()["cores"] not in (None, known["cores"]):
        raise SystemExit(
            f"{MEASURED.name} is of {measured()['cores']} cores, and here are {known['cores']}: delete it first"
        )
    for source in chosen:
        try:
            known["lessons"][source.stem[:2]] = numbers = meter.run(build(source), target(source).name)
        except meter.FAILURES as error:
            failed.append(source.stem)
            print(f"{source.stem}: broke off\n{error}", flush=True)
        else:
            MEASURED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
            print(f"{source.stem}: {numbers['seconds']} s, {numbers['megabytes']} MB", flush=True)
    return failed


def main() -> int:
    """The command line; 1 when a lesson that was to be measured broke off."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--measure", nargs="*", metavar="NN", help="run these lessons whole first, all without numbers")
    numbers = parser.parse_args().measure
    there = {source.stem[:2]: source for source in sources()}
    if unknown := set(numbers or ()) - there.keys():
        parser.error(f"no such lesson: {', '.join(sorted(unknown))}")
    failed = measure([there[number] for number in numbers or there]) if numbers is not None else []
    write()
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
