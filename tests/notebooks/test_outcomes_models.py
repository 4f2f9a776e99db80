"""What docs/models.md says of clinic, measured again: where counting words is ahead of bert-mini, and that more words do not mend it."""

import numpy as np
import pytest

import workbench as wb
from workbench.data.audit import bag_of_words
from workbench.lessons.architecture import broken_words
from workbench.models.score import RATE, epochs

pytestmark = [
    pytest.mark.outcomes,
    pytest.mark.notebooks,
    pytest.mark.slow,
    pytest.mark.xdist_group("models"),
    pytest.mark.timeout(1800),
]
SEEDS = range(3)


@pytest.fixture(scope="module")
def clinic():
    """(data, texts of validation and test, their labels by name, whether each is a clinician's note)."""
    data = wb.load("clinic")
    rows = [row for split in ("validation", "test") for row in data[split]]
    right = np.array([data.labels[row["label"]] for row in rows])
    return data, [row["text"] for row in rows], right, np.array([row["kind"] == "note" for row in rows])


def points(answers, right, where):
    return 100 * float((np.asarray(answers) == right)[where].mean())


def test_the_gap_to_counting_words_is_in_the_notes_and_words_of_their_own_do_not_close_it(clinic, home):
    data, texts, right, note = clinic
    train = data["train"]
    counted = bag_of_words().fit(list(train["text"]), np.array(data.labels)[train["label"]]).predict(texts)
    same = {
        "model": "bert-mini",
        "learning_rate": RATE,
        "epochs": epochs(len(train)),
        "evaluations": 1,
        "restore_best": False,
    }
    ways = {"pieces": {}, "words": {"add_tokens": broken_words("clinic", "bert-mini", most=2000)}}
    said = {
        way: [wb.fit(data, seed=s, **same, **more).join().predict(texts)["label"] for s in SEEDS]
        for way, more in ways.items()
    }
    gap = {
        way: {where: np.mean([points(counted, right, w) - points(a, right, w) for a in answers])
              for where, w in (("notes", note), ("rest", ~note))}
        for way, answers in said.items()
    }  # fmt: skip
    for way in ways:
        assert gap[way]["notes"] > 15 > 10 > gap[way]["rest"]
