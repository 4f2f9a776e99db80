"""The ablation's arithmetic and words on runs that are made up, and one small ablation that really trains."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.views.ablation import BASE, NO_DIFFERENCE, Ablation, band_of, in_words


def made_up(losses, verdict="healthy"):
    """A finished ablation: name -> lowest validation loss by seed; every curve starts at 1, ends 10% above its lowest value, and its
    training loss ends at 0.1."""
    ablation = Ablation("reviews", {name: {} for name in losses}, [0, 1, 2], "validation")
    for name, values in losses.items():
        for seed, low in enumerate(values):
            frame = pd.DataFrame(
                {"step": [1, 2, 3], "train_loss": [1.0, 0.5, 0.1], "valid_loss": [1.0, low, 1.1 * low]}
            )
            ablation.runs[name].append(SimpleNamespace(
                frame=lambda frame=frame: frame, config=SimpleNamespace(seed=seed), best={"valid_loss": low},
                diagnosis=SimpleNamespace(verdict=verdict), store=SimpleNamespace(metric="accuracy", facts={})))  # fmt: skip
            ablation.scores[name].append(0.5)
    return ablation


STEADY = {BASE: [0.5, 0.6, 0.7], "lower": [0.4, 0.5, 0.6], "rough": [0.3, 0.9, 0.65], "higher": [0.6, 0.71, 0.8]}


def test_means_gaps_and_rebounds_by_hand():
    base = made_up(STEADY).frame().iloc[0]
    assert (base["change"], base["runs"], base["loss"], base["sd"]) == (BASE, 3, pytest.approx(0.6), pytest.approx(0.1))
    assert base["gap"] == pytest.approx(0.66 - 0.1) and base["GL"] == pytest.approx(10) and np.isnan(base["difference"])


def test_the_band_is_students():
    """Differences 1, 2, 3: sd 1, so 4.303 / sqrt(3) with two degrees of freedom."""
    mean, half = band_of([1.0, 2.0, 3.0])
    assert mean == 2 and half == pytest.approx(4.3027 / 3**0.5, abs=1e-3)
    assert np.isnan(band_of([1.0])[1])


@pytest.mark.parametrize(
    ("difference", "band", "words"),
    [
        (-0.1, 0.05, "lower"),
        (0.1, 0.05, "higher"),
        (-0.1, 0.1, NO_DIFFERENCE),
        (0.1, float("nan"), "one seed: no verdict"),
    ],
)
def test_a_difference_counts_only_beyond_its_band(difference, band, words):
    assert in_words(difference, band) == words


def test_runs_are_paired_by_their_seed_so_a_steady_shift_is_seen_through_the_spread():
    """The bands of base and 'lower' overlap (0.6 and 0.5, sd 0.1 each), but each seed is lower by exactly 0.1."""
    found = made_up(STEADY)
    assert found.frame().set_index("change")["against the base"].to_dict() == {
        BASE: "", "lower": "lower", "rough": NO_DIFFERENCE, "higher": "higher"
    }  # fmt: skip
    words = found.verdict()
    assert "Lower: lower (-0.100 ± 0.000)." in words and "No detectable difference: rough (+0.017 ± " in words


def test_a_seed_without_a_partner_is_left_out():
    found = made_up({BASE: [0.5, 0.6], "a": [0.4, 0.5, 9.0]})
    assert found.difference("a")[0] == pytest.approx(-0.1)
    assert "needs the base" in made_up({BASE: [0.5]}).verdict()


def test_pictures_have_words_and_names_are_escaped():
    shown = made_up({BASE: [0.5, 0.6], "<script>x</script>": [0.4, 0.7]})._repr_html_()
    assert (
        "<script>" not in shown
        and "&lt;script&gt;" in shown
        and shown.count("alt=") == 2
        and 'alt="Line charts' in shown
    )
    figure = made_up(STEADY).curves()
    assert [ax.get_title(loc="left") for ax in figure.axes if ax.get_visible()] == ["lower", "rough", "higher"]
    assert len(figure.axes[0].lines) == 4 and figure.legends


def test_a_table_of_wishes_becomes_contenders():
    made = wb.ablate("reviews", {"dropout": [0.2, 0.4], "less capacity": {"layers": 1}}, seeds=2, epochs=3)
    assert made.contenders == {BASE: {"epochs": 3}, "dropout=0.2": {"epochs": 3, "dropout": 0.2},
                               "dropout=0.4": {"epochs": 3, "dropout": 0.4}, "less capacity": {"epochs": 3, "layers": 1}}  # fmt: skip
    assert "await" in made._repr_html_() and made.seeds == [0, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [(None, "no changes"), ({"drop": 0.3}, "unknown argument 'drop'"), ({"dropout": 5}, "dropout is 5"),
     ({"epochs": 3}, "epochs=3 is what the base has")],
)  # fmt: skip
def test_wishes_that_make_no_sense_say_so_before_anything_is_trained(changes, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.ablate("reviews", changes, epochs=3)


def test_a_small_ablation_trains_the_base_and_each_change_and_one_on_other_data(tmp_path):
    other = wb.load(data(16, 16))
    made = wb.ablate(data(32, 16), {"freeze": 2, "half the data": {"data": other}}, seeds=(3, 4),
                     model=str(tiny_bert(tmp_path / "m")), epochs=1, evaluations=2).join()  # fmt: skip
    assert [[r.config.seed for r in runs] for runs in made.runs.values()] == [[3, 4]] * 3
    assert [runs[0].store.facts["n_train"] for runs in made.runs.values()] == [32, 32, 16]
    assert made.runs["freeze=2"][0].config.freeze == 2
    frame = made.frame()
    assert list(frame["change"]) == [BASE, "freeze=2", "half the data"] and np.isfinite(frame["band"].iloc[1:]).all()
