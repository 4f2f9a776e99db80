"""What lesson 22 says, with its own settings: perplexity falls, something is forgotten, classifiers gain nothing beyond the spread, solutions pass."""

import ast
import re
from pathlib import Path

import pytest

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "22-domain-adaptation.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("domains")]
READING = {"learning_rate": 1e-3, "batch_size": 16, "epochs": 2, "evaluations": 4}


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert eval(f"dict({re.search(r'^reading = dict[(](.*)[)]$', source, re.M)[1]})") == READING


@pytest.fixture(scope="module")
def documentation(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield wb.adapt("docstrings-sentences", "docstrings", seeds=3, reading=READING).join()


def test_on_documentation_perplexity_falls_something_is_forgotten_and_classifiers_gain_nothing_beyond_the_spread(
    documentation,
):
    (a, b), (c, d) = documentation.perplexity.values()
    assert b < 0.5 * a < 0.5 * c and d > 1.1 * c
    assert not documentation.detectable, documentation.verdict()
    words = min(r.store.facts["control"] for runs in documentation.duel.runs.values() for r in runs)
    assert max(max(scores) for scores in documentation.duel.scores.values()) < words


def test_in_medicine_perplexity_falls_less_less_is_forgotten_and_words_are_the_foreign_ones(documentation):
    made = wb.adapt("clinic-sentences", reading=READING).join()
    (field, elsewhere), (field_of_docs, elsewhere_of_docs) = (
        [b / a for a, b in m.perplexity.values()] for m in (made, documentation)
    )
    assert field_of_docs < field < 0.8 and elsewhere < elsewhere_of_docs
    clinic, news = made.vocabulary()["pieces per word"]
    assert clinic > news > documentation.vocabulary()["pieces per word"].iloc[0]


@pytest.mark.parametrize(("name", "asked"), [("22.1", ("answer",)), ("22.2", ("answer",)), ("22.3", ("made", "helps"))])
def test_the_solution_passes_its_judge(name, asked):
    names = {"wb": wb}
    code = re.sub(r"; await (\w+)", r"; \1.join()", wb.exercise(name).solution())
    ast.parse(code)
    exec(code, names)
    outcome = wb.exercise(name).check(*(names[key] for key in asked))
    assert outcome, outcome
