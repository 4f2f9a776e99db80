"""What lesson 22 says, with its own settings: reading helps on documentation beyond the spread, in medicine perplexity falls, solutions pass."""

import ast
import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "22-domain-adaptation.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("domains")]
READING = {"learning_rate": 1e-3, "batch_size": 32, "epochs": 4, "evaluations": 4}


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert eval(f"dict({re.search(r'^reading = dict[(](.*)[)]$', source, re.M)[1]})") == READING


def test_on_documentation_reading_helps_beyond_the_spread_and_something_is_forgotten():
    made = wb.adapt("docstrings-sentences", "docstrings", seeds=4, reading=READING).join()
    (a, b), (c, d) = made.perplexity.values()
    assert b < 0.6 * a and d > 1.1 * c
    assert made.detectable and sum(made.changes()) > 0, made.verdict()


def test_in_medicine_perplexity_falls():
    made = wb.adapt("clinic-sentences", reading=READING).join()
    a, b = made.perplexity["the field"]
    assert b < 0.8 * a


@pytest.mark.parametrize(("name", "asked"), [("22.1", ("answer",)), ("22.2", ("answer",)), ("22.3", ("made", "helps"))])
def test_the_solution_passes_its_judge(name, asked):
    names = {"wb": wb}
    code = re.sub(r"; await (\w+)", r"; \1.join()", wb.exercise(name).solution())
    ast.parse(code)
    exec(code, names)
    outcome = wb.exercise(name).check(*(names[key] for key in asked))
    assert outcome, outcome
