"""Every lesson runs from top to bottom with the network off, and every notebook is what its source makes."""

import itertools
import re
import shutil

import nbformat
import pytest
from lesson_sources import beside_lessons
from nbclient import NotebookClient

build = beside_lessons("build")
LESSONS = build.sources()
WHOLE = (
    "13-under-and-overfitting",
    "15-reading-single-examples",
)  # they name steps, so their runs must not be cut short
LONG = (
    "13-under-and-overfitting",
    "21-beyond-the-laptop",
    "15-reading-single-examples",
    "14-regularisation",
    "22-domain-adaptation",
    "17-tokens-gone-wrong",
    "18-data-that-represents",
)  # they come first, so that two processes end at about the same time


def long_first(source):
    """What lessons are sorted by: the long ones, then the rest by number."""
    return LONG.index(source.stem) if source.stem in LONG else len(LONG)


def texts(cell):
    """Everything a code cell put out, as text."""
    return "\n".join(str(o.get("text", "") or o.get("data", {})) for o in cell.get("outputs", []))


@pytest.mark.parametrize("source", LESSONS, ids=lambda p: p.stem)
def test_notebook_is_what_its_source_makes(source):
    assert build.target(source).read_text("utf-8") == build.build(source), "run: python notebooks/src/build.py"


@pytest.mark.parametrize("source", LESSONS, ids=lambda p: p.stem)
def test_notebook_carries_no_output(source):
    cells = nbformat.read(build.target(source), 4).cells
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in cells)


def test_lessons_that_need_care_exist():
    assert {*WHOLE, *LONG} <= {source.stem for source in LESSONS}


def test_lessons_have_three_exercises_each():
    for source in LESSONS:
        assert source.read_text("utf-8").count("= wb.exercise(") >= 3


def test_where_a_lesson_names_the_next_one_it_is_the_next_one():
    for source, after in itertools.pairwise(LESSONS):
        for title, file in re.findall(r"(?m)^# Next: \[(.*?)\]\((.*?)\)", source.read_text("utf-8")):
            assert file == f"{after.stem}.ipynb"
            assert re.search(rf"(?m)^# # {re.escape(title)}", after.read_text("utf-8")), title


@pytest.mark.notebooks
@pytest.mark.slow
@pytest.mark.parametrize("source", sorted(LESSONS, key=long_first), ids=lambda p: p.stem)
def test_lesson_runs(source, tmp_path, home, monkeypatch):
    if source.stem in WHOLE:
        monkeypatch.delenv("WORKBENCH_SECONDS", raising=False)
    path = tmp_path / build.target(source).name
    shutil.copy(build.target(source), path)
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [texts(c) for c in notebook.cells if c.cell_type == "code"]
    assert sum("Not attempted" in t for t in outputs) >= 3  # exercises are neither right nor wrong before the learner
    assert sum('alt="Line chart' in t for t in outputs) >= 2  # the pictures of the runs stay in the notebook
    assert "Traceback" not in "".join(outputs)
