"""The verdict at half-time of real runs of the bundled models against what the second half brought, and what stopping rules cost."""

import csv
import re

import pytest
import real_truth
from real_runs import FILE, plan
from real_truth import DOC, HELD_OUT, sum_of, table


@pytest.fixture(scope="module")
def judged():
    return real_truth.judged()


def test_the_runs_are_those_of_the_plan():
    planned = {str(p["run"]): p for p in plan()}
    rows = list(csv.DictReader(FILE.open(encoding="utf-8")))
    assert len({row["run"] for row in rows}) == len(rows) > HELD_OUT > 60
    for row in rows:
        assert all(row[name] == str(value) for name, value in planned[row["run"]].items())
    assert {row["data"] for row in rows} == {"reviews", "headlines", "messages", "clauses"}
    assert {row["model"] for row in rows} == {"bert-tiny", "bert-mini"}


def test_the_verdict_at_half_time_agrees_with_the_second_half(judged):
    clear = judged[judged["agrees"].notna()]
    assert len(clear) >= 0.6 * len(judged)
    assert clear["agrees"].astype(float).mean() >= 0.9
    agree, of = sum_of(clear[clear["run"] >= HELD_OUT])
    assert of >= 10 and agree >= 0.9 * of


def test_the_labels_are_not_all_the_same(judged):
    assert (judged["truth"].value_counts() >= 3).sum() >= 4


def test_the_document_says_what_was_counted(judged):
    clear = judged[judged["agrees"].notna()]
    found = re.search(
        r"([0-9]+) of ([0-9]+) runs have a clear label, and the verdict agrees with ([0-9]+)", DOC.read_text("utf-8")
    )
    assert tuple(map(int, found.groups())) == (len(clear), len(judged), sum_of(clear)[0])
    held = re.search(r"agrees with \*\*([0-9]+) of ([0-9]+)\*\*", DOC.read_text("utf-8"))
    assert tuple(map(int, held.groups())) == sum_of(clear[clear["run"] >= HELD_OUT])


def test_the_table_of_half_times_is_what_is_counted():
    assert table("Real runs at half-time") == real_truth.agreement().to_dict("index")


def test_the_table_of_stopping_rules_is_what_is_measured():
    measured, written = real_truth.stopping().to_dict("index"), table("What stopping rules cost on real runs")
    assert list(written) == list(measured)
    for rule, numbers in written.items():
        assert numbers == pytest.approx(measured[rule], abs=0.11), rule


def test_patience_that_waits_longer_costs_more_and_loses_less():
    rules = real_truth.stopping()
    waits = [f"patience {k}" for k in (1, 2, 3, 5)]
    assert rules.loc[waits, "steps used (%)"].is_monotonic_increasing
    assert rules.loc[waits, "mean regret (%)"].is_monotonic_decreasing
