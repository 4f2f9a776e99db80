"""A solution can be pasted into the lesson's cell and run: it sets what is checked, and needs nothing that the lesson does not have."""

import ast
import builtins
import re

import pytest
from lesson_sources import SOURCE

import workbench as wb

CELLS = re.compile(
    r'^(\w+) = wb\.exercise\("([\d.]+)"\)\n.*?^(.*?) = (?:None|\[\]|passage).*?^\1\.check\((.*?)\)$', re.M | re.S
)
UP_TO = "24"


def asked():
    """(exercise, names that its cell leaves open, names that the lesson has)."""
    for path in sorted(p for p in SOURCE.glob("[0-9]*.py") if p.name[:2] <= UP_TO):
        source = path.read_text("utf-8")
        known = set(re.findall(r"\w+", " ".join(re.findall(r"(?m)^(?:from .* )?import (.*)$", source))))
        known |= {n for line in re.findall(r"(?m)^([\w, ()]+?) (?:\|)?= ", source) for n in re.findall(r"\w+", line)}
        known |= set(re.findall(r"(?m)^(?:def|for|with .* as) (\w+)", source))
        handles = set(re.findall(r"(?m)^(\w+) = wb\.exercise", source))
        for _, id, names, checked in CELLS.findall(source):
            left = set(re.findall(r"\w+", names.splitlines()[-1])) & set(re.findall(r"\w+", checked))
            yield pytest.param(id, left, known | handles, handles, id=id)


def code(id):
    """The solution as a tree; None where it is told in words."""
    try:
        return ast.parse(wb.exercise(id).solution())
    except SyntaxError:
        return None


@pytest.mark.parametrize(("id", "left", "known", "handles"), list(asked()))
def test_a_solution_runs_in_its_lesson(id, left, known, handles):
    tree = code(id)
    if tree is None:
        pytest.skip("told in words")
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    made = {n.id for n in names if not isinstance(n.ctx, ast.Load)} | {
        a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)
    }
    made |= {
        a.asname or a.name.split(".")[0]
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
        for a in n.names
    }
    assert left <= made, "what is checked is not set"
    assert not made & handles, "it would write over the exercise itself"
    assert {n.id for n in names} - made - known - set(dir(builtins)) == set(), "the lesson has no such name"
