"""What a finished run may be asked for: texts however they come, and never the name of a column or the word None."""

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset

from workbench.errors import WorkbenchError
from workbench.tasks.inputs import items, texts

TWO = ["a b", "c"]


@pytest.mark.parametrize(
    "given",
    [
        TWO,
        tuple(TWO),
        (t for t in TWO),
        np.array(TWO),
        pd.Series(TWO),
        pd.DataFrame({"label": [0, 1], "text": TWO}),
        pd.DataFrame({"id": [0, 1], "Sentence": TWO}),
        {"text": TWO},
        [{"text": t, "label": 0} for t in TWO],
        Dataset.from_dict({"label": [0, 1], "text": TWO}),
        Dataset.from_dict({"text": TWO})["text"],
    ],
    ids=lambda given: type(given).__name__,
)
def test_two_texts_in_whatever_they_come(given):
    assert texts(given) == TWO


@pytest.mark.parametrize("given", ["a b", {"text": "a b"}, ["a b"]])
def test_one_text(given):
    assert texts(given) == ["a b"]


def test_half_of_a_sign_is_replaced_since_no_table_of_answers_could_hold_it():
    found = texts(["a b", "half \ud83d", "\ud83d\ude00"])
    assert found == ["a b", "half \ufffd", "😀"] and list(pd.DataFrame({"text": found})["text"]) == found


def test_nothing_is_nothing():
    assert texts([]) == [] == texts(pd.DataFrame({"text": []}))


def test_a_task_has_its_own_column_first():
    table = pd.DataFrame({"text": ["x"], "source": ["y"]})
    assert texts(table, "source") == ["y"] and texts(table) == ["x"]
    assert items(Dataset.from_dict({"tokens": [["Ada", "left"]]}), "tokens") == [["Ada", "left"]]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, "None to predict for"),
        (5, "5 to predict for"),
        ([None], "number 0 is None, not a text"),
        (["a", float("nan")], "number 1 is nan, not a text"),
        ([["a"]], "number 0 is .* not a text"),
        (pd.DataFrame({"x": ["a"], "y": ["b"]}), "a table with the columns x, y"),
        ([{"x": "a"}], "a table with the columns x"),
    ],
)
def test_what_is_no_text_is_refused_in_a_sentence(given, found):
    with pytest.raises(WorkbenchError, match=found):
        texts(given)
