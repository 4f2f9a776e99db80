"""The judges of lesson 15 on made-up runs: right, wrong in every way that they speak of, and nothing at all."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fakes import Judges

import workbench as wb
from workbench.config import RunConfig

TEXTS = 50


def run(flipped=10, given=(0.1, 0.1, 0.4, 0.9), kept=1, accuracy=0.6, **choices):
    """Rows 100 to 149: the first ones have flipped labels, the last five vary most."""
    wrong = np.arange(TEXTS) < flipped
    frame = pd.DataFrame({
        "row": np.arange(100, 100 + TEXTS), "label": "sport", "flipped": wrong,
        "variability": np.where(np.arange(TEXTS) >= TEXTS - 5, 0.4, 0.1) + np.where(np.arange(TEXTS) == 0, 0.5, 0),
    })  # fmt: skip
    shares = pd.DataFrame(
        {"step": [0, 10, 20, 30], "given": given, "true": 1 - np.array(given), "expected": 0.1, "flipped": flipped}
    )
    row = {"step": 10 * kept, "accuracy": accuracy}
    return SimpleNamespace(config=RunConfig(**choices), best=row, kept=row, dynamics=lambda **how: frame, noise=lambda: shares,
                           store=SimpleNamespace(facts={"majority": 0.2, "n_train": TEXTS}))  # fmt: skip


class TestJudges(Judges):
    RIGHT = {  # noqa: RUF012
        "15.1": (run(), [100, 101, 102, 103, 120]),
        "15.2": (run(), 20),
        "15.3": (run(), [145, 146, 147]),
        "15.4": (run(),),
    }
    WRONG = {  # noqa: RUF012
        "15.1": ((run(), [100, 101, 102, 120, 121]), "3 of the 5"),
        "15.2": ((run(), 0), "not within one evaluation"),
        "15.3": ((run(), [110, 146, 147]), "further to the right"),
        "15.4": ((run(kept=3),), "90% of the flipped texts"),
    }


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("15.1", (run(flipped=2), [100, 101, 102, 103, 104]), "noise of at least 10%"),
        ("15.1", (run(), [100, 101, 102, 103]), "4 different rows; 5"),
        ("15.1", (run(), [100] * 9), "1 different rows"),
        ("15.1", (run(), [100, 101, 102, 103, 7]), "Row 7 was not watched"),
        ("15.2", (run(given=(0.1, 0.1, 0.1, 0.1)), 20), "nothing is memorised"),
        ("15.3", (run(), [145, 146]), "2 different rows; 3"),
        ("15.3", (run(), [100, 146, 147]), "its label is wrong"),
        ("15.4", (run(flipped=4),), "at least 10%"),
        ("15.4", (run(accuracy=0.3),), "learned too little"),
    ],
)
def test_what_is_wrong_is_said(id, answer, words):
    outcome = wb.exercise(id).check(*answer)
    assert not outcome and words in outcome.text, outcome


@pytest.mark.parametrize(("step", "passes"), [(0, False), (10, True), (20, True), (30, True), (31, False)])
def test_a_step_within_one_evaluation_will_do(step, passes):
    assert bool(wb.exercise("15.2").check(run(), step)) == passes
