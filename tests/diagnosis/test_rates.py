"""The error rates of the diagnosis on simulated curves whose truth is known, and the table in docs/diagnosis.md."""

import re

import numpy as np
import pandas as pd
import pytest
from real_truth import DOC, table

from workbench.diagnosis import Context, Thresholds
from workbench.diagnosis.rates import CURVES, OURS, main, measure
from workbench.diagnosis.simulate import KINDS, curves, onset, simulate, verdicts
from workbench.errors import WorkbenchError


@pytest.fixture(scope="module")
def rates():
    return measure()


def mean(valid, train=None):
    n = len(valid)
    train = np.linspace(0.6, 0.1, n) if train is None else train
    return pd.DataFrame({"step": range(10, 10 * n + 1, 10), "train_loss": train, "valid_loss": valid})


# What is promised -----------------------------------------------------------------------------------------------------


def test_at_least_95_percent_of_the_verdicts_are_right(rates):
    assert CURVES >= 2000 and int(rates.verdicts["curves"].sum()) == CURVES
    assert rates.summary["verdict accuracy"] >= 0.95


def test_at_most_2_percent_of_the_curves_that_do_not_overfit_ever_raise_an_alarm(rates):
    assert rates.summary["false alarms"] <= 0.02


def test_the_median_delay_after_the_true_onset_is_at_most_2_evaluations(rates):
    assert rates.summary["median delay"] <= 2
    assert rates.alarms.loc[OURS, "onsets found (%)"] >= 80


def test_no_plain_rule_has_as_few_false_alarms(rates):
    plain = rates.alarms.drop(OURS)["false alarms (%)"]
    assert plain.min() > 5 * rates.alarms.loc[OURS, "false alarms (%)"]


def test_no_kind_of_curve_is_given_up(rates):
    assert rates.verdicts["right (%)"].min() >= 75


@pytest.mark.parametrize("title", ["Verdicts by kind of curve", "Alarms of overfitting"])
def test_the_tables_of_the_document_are_what_is_measured(rates, title):
    measured = (rates.verdicts if title.startswith("Verdicts") else rates.alarms).to_dict("index")
    written = table(title)
    assert list(written) == list(measured)
    for row, numbers in written.items():
        assert numbers == pytest.approx(measured[row], abs=0.11), row


def test_the_summary_of_the_document_is_what_is_measured(rates):
    written = dict(re.findall(r"\*\*([a-z ,]+)\*\* ([0-9.]+)", DOC.read_text("utf-8")))
    for name in ("verdict accuracy", "verdict accuracy, strict", "false alarms", "median delay"):
        assert float(written[name]) == pytest.approx(rates.summary[name], abs=0.0051), name


# The truth itself -----------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_curves_and_another_seed_others():
    one, same, other = (list(curves(14, seed)) for seed in (3, 3, 4))
    assert [s.kind for s in one] == list(KINDS)
    assert all(a.frame.equals(b.frame) for a, b in zip(one, same, strict=True))
    assert not any(a.frame.equals(b.frame) for a, b in zip(one, other, strict=True))


def test_the_onset_is_where_the_noiseless_rise_passes_the_threshold():
    assert onset(mean([0.8, 0.6, 0.5, 0.5, 0.52, 0.526, 0.6])) == 5  # 4%, then 5.2%
    assert onset(mean([0.8, 0.6, 0.5, 0.5, 0.52, 0.524, 0.52])) is None


def test_a_rise_of_both_losses_has_no_onset():
    assert onset(mean([0.8, 0.6, 0.5, 0.6, 0.7], [0.8, 0.5, 0.3, 0.5, 0.6])) is None


@pytest.mark.parametrize(
    ("valid", "train", "verdict"),
    [([0.8, 0.6, 0.5, 0.5, 0.6], [0.8, 0.6, 0.5, 0.45, 0.4], "overfitting"), ([0.8, 0.6, 0.5, 0.5, 0.515], [0.8, 0.6, 0.5, 0.45, 0.4], "watch: overfitting"),
     ([0.8, *[0.5] * 6], [0.8, 0.5, *[0.2] * 5], "memorising without harm"), ([0.8, *[0.5] * 6], [0.8, 0.5, *[0.4] * 5], "healthy"),
     ([0.8, 0.7, 0.6, 0.5, 0.4], [0.8, 0.7, 0.6, 0.5, 0.4], "underfitting"), ([0.7] * 5, [0.7] * 5, "not learning"),
     ([0.7, 0.6, 0.8, 0.9, 1.0], [0.7, 0.4, 0.8, 0.9, 1.0], "diverging"), ([0.7, 0.6, 0.5], [0.7, 0.6, 0.5], "not enough evidence")],
)  # fmt: skip
def test_the_true_verdict_of_a_curve_without_noise(valid, train, verdict):
    assert verdicts(mean(valid, train), Context(), Thresholds(), 0.0) == [verdict]


def test_near_a_threshold_both_answers_are_right():
    curve = mean([0.8, 0.6, 0.5, 0.5, 0.527], [0.8, 0.6, 0.5, 0.45, 0.4])  # 5.4%, and 1.96 · 0.004 / 0.5 = 1.6%
    assert verdicts(curve, Context(), Thresholds(), 0.004) == ["overfitting", "watch: overfitting"]


def test_the_truth_of_the_mean_is_always_among_the_right_answers():
    assert all(s.truth in s.right for s in curves(280, 5))


def test_the_noise_is_that_of_the_stated_validation_set():
    drawn = [simulate("flat", np.random.default_rng([9, i])) for i in range(60)]
    seen = [(s.frame["valid_loss"] - s.mean["valid_loss"]).abs().median() / 0.6745 / s.noise for s in drawn]
    assert np.mean(seen) == pytest.approx(1, abs=0.1)
    assert all(0.03 <= s.noise * s.context.n_valid**0.5 <= 0.3 for s in drawn)


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_prints_all_tables(capsys):
    assert main(["28", "5"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("double descent", "gap > 10%", "verdict accuracy"))


@pytest.mark.parametrize("words", [["many"], ["0"], ["1", "2", "3"]])
def test_the_command_says_what_it_takes(words):
    with pytest.raises(WorkbenchError, match="how many curves"):
        main(words)
