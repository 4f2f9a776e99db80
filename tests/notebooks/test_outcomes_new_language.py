"""What lesson 24 says, with its own settings: the ceiling without letters, the head start, the forgetting, the rehearsal, the solutions."""

import ast
import re
from pathlib import Path

import pytest

import workbench as wb
from workbench.data.language import languages
from workbench.lessons import new_language as lesson
from workbench.metrics import chrf
from workbench.models import zoo
from workbench.models.letters import with_letters
from workbench.tasks.dictionary import WordByWord
from workbench.training.predictor import Predictor

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "24-a-new-language.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("new-language")]
SAME = {"learning_rate": 1e-3, "epochs": 4, "evaluations": 1, "restore_best": False}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The names of the lesson: spanish, french, start, run, twin, both, rehearsed. The cells that mix the data are run as they stand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        names = {"wb": wb, "spanish": wb.load("phrases-en-es"), "french": wb.load("phrases-en-fr"), "same": SAME}
        names["start"] = with_letters(
            "en-fr-mini", names["spanish"]["train"]["target"], tmp_path_factory.mktemp("start")
        )
        mixing = re.search(r"(from datasets import .*?)\n\n# %%\n", LESSON.read_text("utf-8"), re.S)
        exec(mixing[1], names)
        names["french_lines"] = lesson.lines(lesson.FRENCH)
        for name in ("run", "twin", "rehearsed"):
            code = re.search(rf"^{name} = (wb[.]fit.*)$", LESSON.read_text("utf-8"), re.M)[1]
            names[name] = eval(code, names).join()
        yield names


def answers(model, asked):
    return list(model.predict(list(asked["source"]))["translation"])


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert eval(f"dict({re.search(r'^same = dict[(](.*)[)]$', source, re.M)[1]})") == SAME
    assert f"range({lesson.LINES}))" in source and f'"{lesson.MARK}"' in source


def test_a_perfect_model_without_the_letters_would_lose_points():
    tokenizer, references = zoo.tokenizer(zoo.source("en-fr-mini")), list(lesson.lines(lesson.SPANISH)["target"])
    again = [tokenizer.decode(ids, skip_special_tokens=True) for ids in tokenizer(references)["input_ids"]]
    assert 0.91 < chrf(again, references) < 0.95


def test_french_is_a_head_start_for_spanish(made):
    spanish, lines = made["spanish"], lesson.lines(lesson.SPANISH)
    dictionary = WordByWord(list(zip(spanish["train"]["source"], spanish["train"]["target"], strict=True)))
    scores = {"dictionary": chrf([dictionary(s) for s in lines["source"]], list(lines["target"]))}
    scores |= {name: chrf(answers(made[name], lines), list(lines["target"])) for name in ("run", "twin")}
    assert scores["run"] > scores["twin"] + 0.12 and scores["twin"] < 0.12, scores
    assert scores["dictionary"] > scores["run"], scores  # letters flatter the dictionary, and the lesson says so
    assert made["twin"].frame()["valid_loss"].iloc[-1] > made["run"].frame()["valid_loss"].iloc[-1] + 0.5
    assert languages(answers(made["run"], lines)).get("Spanish", 0) >= 25


def test_the_french_is_forgotten_and_rehearsal_keeps_it(made):
    asked = lesson.lines(lesson.FRENCH)
    before = Predictor.untouched("en-fr-mini").predict(list(asked["source"]))["translation"]
    said = {"before": list(before), "run": answers(made["run"], asked), "rehearsed": answers(made["rehearsed"], asked)}
    scores = {name: chrf(texts, list(asked["target"])) for name, texts in said.items()}
    spoken = {name: languages(texts) for name, texts in said.items()}
    assert abs(scores["before"] - 0.57) < 0.02, scores
    assert scores["before"] - scores["run"] > 0.2 and spoken["run"].get("French", 0) <= 5 < spoken["run"]["Spanish"], (
        scores
    )
    assert scores["rehearsed"] - scores["run"] > 0.2 and spoken["rehearsed"].get("French", 0) > 20, scores
    assert scores["before"] - scores["rehearsed"] > 0.05, scores  # not the French from before
    right = list(lesson.lines(lesson.SPANISH)["target"])
    marked = answers(made["rehearsed"], lesson.lines(lesson.SPANISH, lesson.MARK))
    plain = answers(made["run"], lesson.lines(lesson.SPANISH))
    assert languages(marked).get("Spanish", 0) >= 20 and chrf(marked, right) < chrf(plain, right)


@pytest.mark.parametrize(
    ("name", "asked"), [("24.1", ("sentence",)), ("24.2", ("few", "twin")), ("24.3", ("rehearsed", "sentence"))]
)
def test_the_solution_passes_its_judge(made, name, asked):
    code = re.sub(r"; await (\w+)", r"; \1.join()", wb.exercise(name).solution())
    ast.parse(code)
    exec(code, made)
    outcome = wb.exercise(name).check(*(made[a] for a in asked))
    assert outcome, outcome
