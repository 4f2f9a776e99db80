"""What lesson 09 says of copies: what they lose, what they bring and what they do not, and solutions that pass their judges."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench.data.synonyms import protected
from workbench.lessons.little_data import EXERCISES, covered
from workbench.tasks.base import stratified

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "src" / "09-little-data.py"
EDA = ("deletion", "insertion", "substitution", "swap")
SAME = 'model="bert-mini", learning_rate=5e-4, evaluations=5, seed=0'
FEW, COPIED, MANY = "train_examples=64, epochs=20, **same", "epochs=4, **same", "train_examples=256, epochs=5, **same"
COPIES = "eda, copies=4, train_examples=64"
BOOK = {e.id: e for e in EXERCISES}
SEEDS = [0, pytest.param(1, marks=pytest.mark.seeds)]
pytestmark = [
    pytest.mark.outcomes,
    pytest.mark.notebooks,
    pytest.mark.slow,
    pytest.mark.xdist_group("little data"),
]  # one worker trains for all


@functools.cache
def trained(settings, seed):
    """A run with the settings of the lesson, and the data it read; the number of evaluations changes no weight."""
    same = eval(f"dict({SAME})") | {"seed": seed, "evaluations": 5 if settings == FEW else 1}
    topics = wb.load("headlines")
    names = {"wb": wb, "topics": topics, "eda": EDA, "seed": seed}
    data = eval(f"wb.augment(topics, {COPIES}, seed=seed)", names) if settings == COPIED else topics
    return eval(f"wb.fit(data, {settings}).join()", {"wb": wb, "data": data, "same": same})


def last(run):
    """(accuracy, loss) on validation at the last step: what the lesson's table shows."""
    end = run.frame().iloc[-1]
    return float(end["accuracy"]), float(end["valid_loss"])


def hand_made():
    """The lesson's own two operations."""
    source = LESSON.read_text("utf-8")
    names = {}
    exec(
        "import random\n" + source[source.index("def thinned") : source.index("# %%", source.index("def reordered"))],
        names,
    )
    return names


def telling(text):
    return sum(protected(word.strip(".,;:!?'\"()")) for word in text.split())


def test_the_settings_are_those_of_the_lesson():
    source = LESSON.read_text("utf-8")
    assert source.count(f"same = dict({SAME})") == 1 and source.count(f"wb.augment(topics, {COPIES})") == 1
    assert all(source.count(f"wb.fit({data}, {settings})") == 1
               for data, settings in (("topics", FEW), ("more", COPIED), ("topics", MANY)))  # fmt: skip
    assert f"eda = {EDA}".replace("'", '"') in source


def test_plain_deletion_turns_a_complaint_round_and_loses_opinions_where_augment_keeps_them():
    names = hand_made()
    names["random"].seed(0)
    draws = [names["thinned"]("The room was not clean and the lift did not work.") for _ in range(200)]
    assert any("was clean" in draw for draw in draws)
    texts = list(wb.load("reviews")["train"]["text"])
    assert 0.08 < np.mean([telling(names["thinned"](text, 0.1)) < telling(text) for text in texts]) < 0.2
    safe = wb.augment("reviews", "deletion")["train"]
    assert not any(
        telling(copy) < telling(safe["text"][at]) for copy, at in zip(safe["text"], safe["copy_of"], strict=True)
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_copies_bring_hardly_a_new_word_and_new_labels_bring_many(seed):
    topics = wb.load("headlines")
    texts = wb.augment(topics, EDA, copies=4, train_examples=64, seed=seed)["train"]["text"]
    rows = stratified(np.array(topics["train"]["label"]), 256, seed)
    asked = topics["validation"]["text"]
    few, copied, many = (covered(some, asked) for some in (texts[:64], texts, topics["train"].select(rows)["text"]))
    assert 0 < copied - few < 0.02 and many > 2 * few


@pytest.mark.parametrize("seed", SEEDS)
def test_copies_lower_the_loss_and_not_the_number_of_errors_and_labels_win(home, seed):
    few, copied, many = (trained(settings, seed) for settings in (FEW, COPIED, MANY))
    assert [int(r.frame()["step"].iloc[-1]) for r in (few, copied, many)] == [80, 80, 80]
    noise = 1.96 * (2 * 0.25 / few.store.facts["n_valid"]) ** 0.5
    assert abs(last(copied)[0] - last(few)[0]) < noise
    assert last(copied)[1] < last(few)[1] - 0.03
    assert last(many)[0] > max(last(few)[0], last(copied)[0]) + noise
    assert last(many)[1] < last(copied)[1] - 0.2
    curve = few.frame()
    assert curve["valid_loss"].idxmin() < len(curve) - 1  # it turns
    assert curve["train_loss"].iloc[-1] < 0.1  # and the texts are known by heart


@pytest.mark.parametrize(("id", "name"), [("09.1", "turned"), ("09.2", "wordy")])
def test_the_solution_passes_its_judge(id, name):
    names = {"wb": wb, "reviews": wb.load("reviews")}
    exec(BOOK[id].solution(), names)
    outcome = BOOK[id].check(names[name])
    assert outcome, outcome


def test_the_solution_with_a_training_passes_its_judge(home):
    same = eval(f"dict({SAME})") | {"evaluations": 1}
    names = {"wb": wb, "topics": wb.load("headlines"), "same": same}
    control = trained(FEW, 0)
    exec(re.sub(r"; await single$", ".join()", BOOK["09.3"].solution()), names)
    outcome = BOOK["09.3"].check(control, names["single"])
    assert outcome, outcome
