"""Labels that are flipped on purpose: how many, which, what is kept of them, and what is left alone."""

import numpy as np
import pandas as pd
import pytest
from tiny import data, tagged_data

import workbench as wb
from workbench.data.noise import true_labels


def changed(noisy):
    train = noisy["train"]
    return np.flatnonzero(np.array(train["label"]) != np.array(train["true_label"]))


def test_exactly_the_share_is_wrong_and_what_they_were_is_kept():
    plain = wb.load("headlines")
    noisy = wb.flip(plain, 0.2, seed=3)
    assert len(changed(noisy)) == round(0.2 * len(plain["train"]))
    assert noisy["train"]["true_label"] == plain["train"]["label"]
    assert noisy["train"]["text"] == plain["train"]["text"] and noisy.labels == plain.labels


def test_every_other_label_is_drawn_and_about_as_often():
    noisy = wb.flip("headlines", 0.9)["train"]
    shift = (np.array(noisy["label"]) - np.array(noisy["true_label"])) % 8
    counts = np.bincount(shift[shift > 0], minlength=8)[1:]
    assert counts.sum() == round(0.9 * len(noisy)) and counts.min() > 0.7 * counts.mean()


def test_validation_and_test_keep_their_labels():
    plain, noisy = wb.load("reviews"), wb.flip("reviews", 0.5)
    assert all(noisy[s]["label"] == plain[s]["label"] for s in ("validation", "test"))


def test_the_same_seed_draws_the_same_and_another_seed_others():
    one, same, other = (changed(wb.flip(data(), 0.25, seed=s)).tolist() for s in (1, 1, 2))
    assert one == same != other


def test_only_the_rows_that_are_named_are_flipped():
    rows = np.arange(10, 30)
    assert len(changed(wb.flip(data(), 0.5, rows=rows))) == 10
    assert set(changed(wb.flip(data(), 0.5, rows=rows))) <= set(rows)


def test_flipped_twice_the_first_labels_are_still_the_true_ones():
    plain = wb.load(data())
    assert wb.flip(wb.flip(plain, 0.3), 0.3, seed=1)["train"]["true_label"] == plain["train"]["label"]


def test_flipped_data_has_no_name_by_which_it_could_be_loaded_clean():
    assert not wb.flip("reviews", 0.1).is_named and wb.load("reviews").is_named


@pytest.mark.parametrize("share", [0, -0.1, 0.91, 1, True, "0.1", None, float("nan")])
def test_a_share_out_of_bounds_is_said(share):
    with pytest.raises(wb.WorkbenchError, match="share"):
        wb.flip(data(), share)


@pytest.mark.parametrize("seed", ["x", -1, True, 1.5, None])
def test_a_seed_that_is_none_is_said(seed):
    with pytest.raises(wb.WorkbenchError, match="seed is"):
        wb.flip(data(), 0.2, seed=seed)


@pytest.mark.parametrize("rows", [np.array([10**9]), [-1], [0, 0], "x", [0.5], [], 3, [[0, 1]], [True, False]])
def test_rows_that_are_none_are_said(rows):
    with pytest.raises(wb.WorkbenchError, match=r"rows (are|hold) .*numbers of training rows"):
        wb.flip(data(), 0.2, rows=rows)


def test_other_tasks_are_said():
    with pytest.raises(wb.WorkbenchError, match="data for tagging"):
        wb.flip(tagged_data(), 0.1)


@pytest.mark.parametrize(
    ("column", "expected"), [(["a", "b"] * 4, [0, 1] * 4), ([1] * 8, [1] * 8), (["a", "x"] * 4, [0, 0, 1, 1] * 2)]
)
def test_a_column_of_ones_own_is_read_where_it_names_labels(column, expected):
    frame = pd.DataFrame(
        {"text": [f"text {i}" for i in range(8)], "label": ["a", "a", "b", "b"] * 2, "true_label": column}
    )
    frame = pd.concat([frame.assign(split="train"), frame.assign(split="validation")])
    assert true_labels(wb.load(frame)).tolist() == expected
