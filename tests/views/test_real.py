"""Is it real? Intervals that can be computed by hand, and the check of one run and of two on a model that trains in a second."""

import numpy as np
import pandas as pd
import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.diagnosis import Context, bands
from workbench.training import losses
from workbench.views.real import again

TURNS = [1.0, 0.8, 0.6, 0.5, 0.6, 0.7, 0.8, 0.9]


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    import torch

    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        rows = wb.load(data(128, 32, noise=0.1))
        model = str(tiny_bert(tmp_path_factory.mktemp("tiny")))
        run = wb.fit(
            rows, model=model, train_examples=64, epochs=12, evaluations=6, learning_rate=5e-3, keep_states=6
        ).join()
        yield run, run.fork(16, learning_rate=1e-5).join(), home


@pytest.fixture(autouse=True)
def at_home(setting, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(setting[2]))


def test_texts_that_are_all_alike_leave_no_doubt_and_others_do():
    alike = bands.resampled(np.full((3, 50), 0.7))
    assert alike.std() == pytest.approx(0)
    spread = bands.resampled(np.array([[0.0] * 50 + [1.0] * 50]), n=4000)[:, 0]
    assert spread.mean() == pytest.approx(0.5, abs=0.01) and spread.std() == pytest.approx(
        0.5 / 10, rel=0.05
    )  # sd / √n


def test_an_interval_of_seeds_is_students():
    got = bands.of_seeds([0.1, 0.2, 0.3])
    assert (got.mean, got.high - got.mean) == pytest.approx((0.2, 4.303 * 0.1 / np.sqrt(3))) and not got.clear
    assert bands.of_seeds([0.1, 0.11, 0.12]).clear and not bands.of_seeds([0.1]).clear


def test_a_band_is_drawn_where_all_runs_have_been():
    a, b = (
        pd.DataFrame({"step": [0, 5, 10], "valid_loss": [1, 2, 3]}),
        pd.DataFrame({"step": [0, 5], "valid_loss": [2, 1]}),
    )
    assert bands.band([a, b]).to_dict("list") == {"step": [0, 5], "low": [1, 1], "high": [2, 2]}


@pytest.mark.parametrize(("noise", "sure"), [(0.01, True), (1.0, False)])
def test_a_rebound_is_sure_on_quiet_texts_and_not_on_noisy_ones(noise, sure):
    """The rebound is carried by all texts alike, or each evaluation has noise of its own on every text."""
    draw = np.random.default_rng(0)
    texts = np.array(TURNS)[:, None] + draw.normal(0, noise, (8, 100))
    frame = pd.DataFrame({"step": range(8), "train_loss": np.linspace(1, 0.1, 8), "valid_loss": TURNS})
    shares = bands.verdicts(frame, bands.resampled(texts, 60), Context(finished=True))
    assert (shares["overfitting"] / 60 >= 0.95) == sure, shares


def test_every_text_has_its_loss_at_every_evaluation(setting):
    run, fork, _ = setting
    kept = losses.read(run.folder)
    assert kept.shape == (7, 32) and list(kept.index) == run.frame()["step"].tolist()
    np.testing.assert_allclose(kept.mean(axis=1), run.frame()["valid_loss"], atol=1e-4)
    np.testing.assert_array_equal(losses.read(fork.folder).loc[:16], kept.loc[:16])


def test_torn_lines_and_odd_losses_are_passed_over(tmp_path):
    losses.append(tmp_path, 1, [0.5, 0.25])
    losses.append(tmp_path, 2, [float("nan"), 1.0])
    (tmp_path / losses.NAME).open("a").write('{"step": 3, "los')
    assert losses.read(tmp_path).to_dict("index") == {1: {0: 0.5, 1: 0.25}} and losses.read(tmp_path / "none").empty


def test_the_check_of_one_run_trains_fresh_seeds_and_says_how_many_agree(setting):
    run, _, _ = setting
    check = wb.is_it_real(run, seeds=2)
    assert check.holds is None and "Not enough seeds" in check.verdict()
    check.join()
    assert [r.config.seed for r in check.runs["this run"]] == [1, 2] and run not in check.runs["this run"]
    assert all(not r.config.keep_states and r.store.facts["check_of"] == run.id for r in check.runs["this run"])
    same, total = check.agreeing("this run")
    assert (
        total == 2 and f"{same} of 2 other seeds" in check.verdict() and "resampled validation sets" in check.verdict()
    )
    assert check.holds == (same == 2 and check.share("this run") >= 0.95)
    assert check.verdict().endswith("It holds.") == check.holds
    html = check._repr_html_()
    assert "Line chart of validation loss over its band" in html and 'role="status"' in html
    assert len(wb.lineage(run).members) == 2  # checks are no kin


def test_a_run_against_its_fork_branches_both_again_from_the_same_state(setting):
    run, fork, _ = setting
    check = wb.is_it_real(run, fork, seeds=[5, 6]).join()
    mine, theirs = check.runs.values()
    for r in (*mine, *theirs):
        assert r.store.facts["fork"]["parent"] == run.id and r.store.facts["fork"]["step"] == 16
        assert r.steps()["loss"][:16].tolist() == run.steps()["loss"][:16].tolist()
    assert [r.config.learning_rate for r in theirs] == [1e-5, 1e-5] and len(check.differences()) == 2
    assert check.difference == pytest.approx(fork.best["valid_loss"] - run.best["valid_loss"])
    assert ("It holds." in check.verdict()) == check.holds and (
        "No detectable difference" in check.verdict()
    ) != check.holds
    figure = check.figure()
    assert "difference (nats)" in figure.axes[1].get_xlabel() and "nats per text" in figure.axes[0].get_ylabel()


def test_a_difference_of_zero_is_none(setting):
    run, _, _ = setting
    twin = run.fork(16).join()
    check = wb.is_it_real(run, twin, seeds=2).join()
    assert check.holds is False and check.differences() == [0, 0] and "No detectable difference" in check.verdict()


def test_stop_ends_it_with_what_there_is(setting):
    check = wb.is_it_real(setting[0], seeds=3)
    check.stop()
    assert check.join().runs == {"this run": []} and check.holds is None


@pytest.mark.parametrize(("seeds", "message"), [([0], "has not had"), ([], "a list of different ones")])
def test_seeds_must_be_fresh(setting, seeds, message):
    with pytest.raises(wb.WorkbenchError, match=message):
        wb.is_it_real(setting[0], seeds=seeds)


def test_what_is_no_run_is_refused():
    with pytest.raises(wb.WorkbenchError, match="instead of a run"):
        wb.is_it_real(42)


def test_a_fork_without_its_parent_says_so(setting, monkeypatch):
    monkeypatch.setattr("workbench.views.real.runs", list)
    with pytest.raises(wb.WorkbenchError, match="is gone"):
        again(setting[1], 9)


def test_runs_of_other_labels_are_not_compared_and_their_models_not_served_side_by_side(setting):
    run = setting[0]
    other = wb.fit(wb.load("headlines"), model=run.config.model, train_examples=32, epochs=1, evaluations=1).join()
    with pytest.raises(wb.WorkbenchError, match=r"runs of different data: .* and headlines"):
        wb.is_it_real(run, other)
    with pytest.raises(wb.WorkbenchError, match="other answers with other labels than mine"):
        wb.serving({"mine": run, "other": other})
    with pytest.raises(wb.WorkbenchError, match="a dict of names and runs"):
        wb.serving([run])


@pytest.mark.parametrize("asking", ["save", "export"])
@pytest.mark.parametrize("folder", [None, 3, "", b"x"], ids=repr)
def test_what_is_no_folder_is_said(setting, asking, folder):
    with pytest.raises(wb.WorkbenchError, match=rf"instead of a folder.*run\.{asking}"):
        getattr(setting[0], asking)(folder)


def test_a_fork_looks_at_its_choices_first(setting):
    run = setting[0]
    for changes, said in (({"learning_rate": "x"}, "learning_rate is 'x'"), ({"step": "x"}, "step 'x'"), ({"step": 1.5}, "step 1.5"),
                          ({"data": "reviews"}, "a state of this run would not fit")):  # fmt: skip
        with pytest.raises(wb.WorkbenchError, match=said):
            run.fork(**changes)


@pytest.mark.parametrize("seeds", [-1, "x", [1, 1], []], ids=repr)
def test_seeds_that_are_none_train_nothing(setting, seeds):
    with pytest.raises(wb.WorkbenchError, match="how many seeds"):
        wb.is_it_real(setting[0], seeds=seeds)


def test_a_run_goes_by_its_id_and_by_its_folder(setting):
    run, gentle, _ = setting
    assert wb.compare(run.id, str(gentle.folder)).runs == [run, gentle]
    assert wb.lineage(gentle.id).run is gentle
    assert wb.layers(run.id).moves.equals(run.moves()) and wb.is_it_real(run.id).judged["this run"] is run
    with pytest.raises(wb.WorkbenchError, match="no run 'nonsense'"):
        wb.compare(run, "nonsense")


def test_a_diagnosis_takes_what_is_known_beside_the_curve(setting):
    run = setting[0]
    assert wb.diagnose(run) == run.diagnosis and wb.diagnose(run, n_valid=8, finished=False).verdict
    for wrong, said in (
        ({"n_vaild": 3}, "n_valid="),
        ({"n_valid": "many"}, "n_valid is"),
        ({"majority": float("nan")}, "a number"),
    ):
        for curve in (run, run.frame()):
            with pytest.raises(wb.WorkbenchError, match=said):
                wb.diagnose(curve, **wrong)
