"""The duel's arithmetic and words on runs that are made up, and one small duel that really trains."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.views.duel import Duel
from workbench.views.duel_figures import costs_words


def made_up(scores):
    """A finished duel with these scores; every run has taken 2 seconds."""
    duel = Duel("reviews", {name: {} for name in scores}, [0, 1, 2], "validation")
    for name, values in scores.items():
        duel.scores[name] = values
        store = SimpleNamespace(facts={"trained": 10, "majority": 0.5, "control": 0.6}, metric="accuracy")
        duel.runs[name] = [
            SimpleNamespace(store=store, frame=lambda: pd.DataFrame({"seconds": [1.0, 2.0]})) for _ in values
        ]
    return duel


def test_means_and_spreads_by_hand():
    frame = made_up({"a": [0.7, 0.8, 0.9], "b": [0.5, 0.5, 0.5]}).frame()
    assert frame["score"].tolist() == pytest.approx([0.8, 0.5]) and frame["sd"].tolist() == pytest.approx([0.1, 0.0])
    assert frame["seconds"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (
            {"a": [0.7, 0.72, 0.71], "b": [0.5, 0.52, 0.51]},
            "a is 20.0 points above b; the seeds spread by 1.0 and 1.0.",
        ),
        ({"a": [0.7, 0.6, 0.8], "b": [0.65, 0.75, 0.55]}, "No detectable difference between a and b: 5.0 points apart"),
        ({"a": [0.7], "b": [0.5]}, "one seed each: run more seeds"),
        ({"a": [0.7], "b": []}, "needs two contenders"),
    ],
)
def test_the_verdict_is_about_more_than_the_spread(scores, words):
    assert words in made_up(scores).verdict()


def test_names_are_escaped_and_the_picture_has_words():
    shown = made_up({"<script>x</script>": [0.7, 0.8], "b": [0.5, 0.6]})._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown and 'alt="Chart of scores' in shown


def test_the_bands_of_a_made_up_duel_are_where_the_numbers_say():
    duel = made_up({"a": [0.7, 0.8, 0.9], "b": [0.5, 0.6, 0.7]})
    for runs in duel.runs.values():
        for run in runs:
            run.frame = lambda: pd.DataFrame({"seconds": [1.0, 2.0], "accuracy": [0.5, 0.6]})
    figure = duel.cost_figure()
    left = figure.axes[0]
    bands = sorted((p.get_y(), p.get_y() + p.get_height()) for p in left.patches)
    np.testing.assert_allclose(bands, [(0.5, 0.7), (0.7, 0.9)])
    means = [line.get_ydata()[0] for line in left.lines if str(line.get_label()).endswith("seeds")]
    assert means == pytest.approx([0.8, 0.6]) and all(ax.get_xlabel() for ax in figure.axes) and left.get_ylabel()


def test_memory_is_the_process_s_and_on_a_gpu_that_of_its_tensors_too():
    """The table names both; the picture shows the GPU's once every run has one."""
    duel = made_up({"a": [0.7, 0.8], "b": [0.5, 0.6]})
    for run in (r for runs in duel.runs.values() for r in runs):
        run.frame = lambda: pd.DataFrame({"seconds": [1.0, 2.0], "accuracy": [0.5, 0.6]})
        run.store.facts |= {"memory_mb": 900, "gpu_memory_mb": None}
    assert "GPU" not in " ".join(duel.frame().columns) + duel.cost_figure().axes[2].get_xlabel()
    for name, held in (("a", 40), ("b", 70)):
        duel.runs[name][0].store.facts["gpu_memory_mb"] = held
    assert duel.frame()[["memory (MB)", "GPU memory (MB)"]].to_numpy().tolist() == [[900, 40], [900, 70]]
    figure = duel.cost_figure()
    assert figure.axes[2].get_xlabel() == "tensors in the GPU's memory (MB)" and figure.axes[2].get_xlim()[1] == 84
    assert (
        "GPU memory (MB)</th>" in duel._repr_html_() and "a 0.750" in costs_words(duel) and "40 MB" in costs_words(duel)
    )
    duel.runs["b"][0].store.facts["gpu_memory_mb"] = None
    assert duel.cost_figure().axes[2].get_xlabel() == "memory of the process (MB)" and "900 MB" in costs_words(duel)


def test_contenders_of_one_kind_are_refused():
    with pytest.raises(wb.WorkbenchError, match=r"^1 contender[.]"):
        wb.duel(data(), ["full"])
    with pytest.raises(wb.WorkbenchError, match="no technique is called 'magic'"):
        wb.duel(data(), ["full", "magic"])
    with pytest.raises(wb.WorkbenchError, match="unknown argument"):
        wb.duel(data(), {"a": {"pool": "mean"}, "b": {}})


def test_a_small_duel_trains_every_contender_with_every_seed_on_the_same_data(tmp_path):
    duel = wb.duel(data(32, 16), ["full", "feature-extraction"], seeds=(3, 4), model=str(tiny_bert(tmp_path / "m")),
                   epochs=1, evaluations=1).join()  # fmt: skip
    assert [[r.config.seed for r in runs] for runs in duel.runs.values()] == [[3, 4], [3, 4]]
    assert [r.config.learning_rate for runs in duel.runs.values() for r in runs] == [3e-4, 3e-4, 1e-2, 1e-2]
    frame = duel.frame()
    assert frame["weights that learn"].is_monotonic_decreasing and np.isfinite(frame["sd"]).all()


def test_a_budget_of_seconds_ends_a_run_with_its_weights(tmp_path):
    run = wb.fit(data(), model=str(tiny_bert(tmp_path / "m")), epochs=5000, evaluations=2, seconds=0.5).join()
    assert run.status == "finished" and run.context().stopped_by == "time"
    assert len(run.frame()) == 2 and run.predict("the kind room")["probability"].iloc[0] > 0
