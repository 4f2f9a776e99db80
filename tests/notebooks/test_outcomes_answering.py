"""What lesson 07 says of answers: its own cells are run on its own two trainings, and its solutions pass their judges."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lesson_sources import code

import workbench as wb

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "07-question-answering.py"
pytestmark = [
    pytest.mark.outcomes,
    pytest.mark.notebooks,
    pytest.mark.slow,
    pytest.mark.xdist_group("answering"),
]  # one worker trains for all


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The names that the lesson's cells define, from the top to the panel. Evaluations do not change a training: one saves time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        cells = code(LESSON, "# # 07", "# ## 10 ·")
        cells = re.sub(r"evaluations=\d+", "evaluations=1", cells).replace('"evaluations": 4', '"evaluations": 1')
        names = {}
        exec(cells, names)
        yield names


def test_the_scores_of_the_lesson_are_those_of_the_workbench(lesson):
    from workbench.metrics import answer_em, answer_f1

    for answer in ("widow on gull rock", "the Widow", "in 1811", ""):
        by_hand = lesson["score"](answer, "The Widow, on Gull Rock")
        assert by_hand["F1"] == pytest.approx(answer_f1([answer], [["The Widow, on Gull Rock"]]))
        assert by_hand["exact"] == answer_em([answer], [["The Widow, on Gull Rock"]])


def test_the_small_windows_are_several_and_one_or_two_hold_the_answer(lesson):
    windows = lesson["windows"]
    assert len(windows) >= 4 and 1 <= sum(w.whole for w in windows) <= 2 and all(len(i) <= 64 for i in lesson["ids"])


def test_bert_mini_learns_to_fill_gaps_and_is_no_better_at_it_than_counting(lesson):
    gaps = lesson["filler"].kept["f1"]
    assert (
        0.25 < gaps < lesson["filler"].store.facts["control"] - 0.15
        and lesson["filler"].store.facts["control"] == pytest.approx(0.9, abs=0.03)  # "has an F1 of 0.9 from the start"
    )


def test_it_does_not_learn_the_questions_that_people_wrote(lesson):
    f1 = {who: row["F1"] for who, row in lesson["scores"].items()}
    facts = lesson["run"].store.facts
    assert f1["no answer ever"] == pytest.approx(facts["majority"], abs=1e-9) == pytest.approx(23 / 119)
    assert f1["matching words"] == pytest.approx(facts["control"], abs=1e-9)
    assert f1["gaps, then questions"] < f1["no answer ever"] + 0.02 < f1["matching words"]
    with_answer = lesson["scores"]["gaps, then questions"]["with an answer"]
    assert with_answer < 0.25  # wrong four times in five


def test_a_gap_shares_its_words_with_the_passage_and_a_question_does_not(lesson):
    gaps, questions = lesson["overlap"]["gaps"], lesson["overlap"]["questions"]
    assert gaps["shared words"] > 0.99 and questions["shared words"] == pytest.approx(1 / 6, abs=0.03)
    assert gaps["F1"] > questions["F1"] + 0.1


def test_practice_passes_both_controls_and_most_answers_are_still_wrong(lesson):
    scores = lesson["scores"]
    practised = scores["practice, then questions"]
    assert practised["F1"] > max(scores["no answer ever"]["F1"], scores["matching words"]["F1"]) + 0.02
    assert 0.2 < practised["with an answer"] < 0.5
    assert practised["F1"] > scores["gaps, then questions"]["F1"] + 0.1


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [1, 2])
def test_practice_passes_both_controls_with_other_seeds(lesson, seed, home):
    settings = {**lesson["real"], "model": "bert-mini-spans", "seed": seed, "evaluations": 1}
    run = wb.fit(lesson["real_data"], **settings).join()
    assert run.kept["f1"] > max(run.store.facts["majority"], run.store.facts["control"]) + 0.02


def test_silence_is_worth_nearly_as_much_as_what_the_first_says_and_less_than_what_the_second_does(lesson):
    by = {row["threshold"]: row for row in lesson["rows"]}
    for name in ("gaps", "practice"):
        assert by[-99][f"{name}: answered"] == 0 and by[99][f"{name}: answered"] == 119
    silence = by[-99]["gaps: F1"]
    assert max(row["gaps: F1"] for row in lesson["rows"]) <= silence + 0.05
    best = max(row["practice: F1"] for row in lesson["rows"])
    assert best > silence + 0.1 and best > max(by[t]["practice: F1"] for t in (-99, 99))


@pytest.mark.parametrize("name", ["07.1", "07.2", "07.3"])
def test_the_solution_passes_its_judge(name, lesson, home):
    exercise, made = wb.exercise(name), {**lesson, "np": np, "pd": pd}
    exec(exercise.solution(), made)
    answer = {
        "07.1": ("run", "number", "answer"),
        "07.2": ("practised", "best_threshold"),
        "07.3": ("filler", "practised", "context", "answer_in_it", "easy", "hard"),
    }
    outcome = exercise.check(*(made[k] for k in answer[name]))
    assert outcome, outcome
