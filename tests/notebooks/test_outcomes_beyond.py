"""What lesson 21 says: the default rate is far too low for few steps, a search finds a better one, some trials are pruned."""

import re
from pathlib import Path

import pytest

import workbench as wb
from workbench.lessons.beyond import SPACE as THEIRS
from workbench.lessons.beyond import STOPPED
from workbench.lessons.exercise import NOT_ATTEMPTED

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "21-beyond-the-laptop.py"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow]
SAME = {"model": "bert-tiny", "train_examples": 160, "epochs": 3, "evaluations": 4}
SPACE = {"learning_rate": (1e-5, 3e-2), "batch_size": [8, 16, 32]}


def test_the_settings_are_those_of_the_lesson():
    text = LESSON.read_text("utf-8")
    assert eval(re.search(r"^same = (dict\(.*\))$", text, re.M)[1]) == SAME
    assert eval(re.search(r"^space = (\{.*\})$", text, re.M)[1]) == SPACE == THEIRS and f'name="{STOPPED}"' in text
    assert 'wb.search("headlines", space, trials=12, **same)' in text and "The best of twelve" in text


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.seeds) for s in (1, 2))])
def test_the_search_beats_the_default_and_prunes_what_is_hopeless(home, seed):
    default = wb.fit("headlines", seed=seed, **SAME).join()
    found = wb.search("headlines", SPACE, trials=12, seed=seed, **SAME).join()
    assert wb.exercise("21.1").check(found, default).state == NOT_ATTEMPTED  # the lesson has found it, not the learner
    duel = wb.duel("headlines", {"default": {}, "found": found.choices}, seeds=(seed + 1, seed + 2), **SAME).join()
    scores = duel.frame().set_index("contender")["score"]
    assert scores["found"] > scores["default"] + 0.08  # whether beyond the spread of two seeds, the duel says itself
    assert len(found.importance()) == 2  # enough has finished for the right half of the picture
    pruned = found.frame().query("state == 'pruned'")
    assert len(pruned) >= 1 and pruned["reason"].str.len().min() > 20
    assert wb.exercise("21.3").check(found, pruned["verdict"].value_counts().index[0])


def test_the_solutions_pass_their_judges(home):
    default = wb.fit("headlines", **SAME).join()
    found = wb.search("headlines", {"learning_rate": (1e-3, 2e-2)}, trials=5, **SAME).join()
    assert "{'learning_rate': (1e-3, 2e-2)}, trials=5" in wb.exercise("21.1").solution()
    assert (outcome := wb.exercise("21.1").check(found, default)), outcome
    ask = {"trials": 2, "name": "mine", **SAME}
    wb.search("headlines", SPACE, within=1, **ask).join()
    answer = wb.search("headlines", SPACE, **ask).join()
    assert (outcome := wb.exercise("21.2").check(answer)), outcome
