"""Mixing of examples and frozen blocks: losses that can be computed by hand, what learns, and where they are refused."""

import math

import pytest
import torch
from tiny import data, tagged_data, tiny_bert
from torch.nn import functional as F

import workbench as wb
from workbench.config import RunConfig
from workbench.techniques import TECHNIQUES
from workbench.techniques.base import freeze_lowest
from workbench.techniques.mixing import between, mixed_loss

LOGITS, LABELS = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def test_half_of_each_by_hand():
    """Both mixtures are [1, 0]; half the label is 0 with loss ln(1 + e^-1), half is 1 with ln(1 + e)."""
    want = 0.5 * math.log(1 + math.exp(-1)) + 0.5 * math.log(1 + math.e)
    got = between(LOGITS, LABELS, torch.tensor([0.5, 0.5]), torch.tensor([1, 0]))
    assert got.item() == pytest.approx(want)


def test_a_quarter_of_the_partner_by_hand():
    """The first text is mixed to [0.5, 0] and its own label 0 counts three quarters; the second is its own partner."""
    got = between(LOGITS, LABELS, torch.tensor([0.75, 0.5]), torch.tensor([1, 1]))
    first = 0.75 * math.log(1 + math.exp(-0.5)) + 0.25 * math.log(1 + math.exp(0.5))
    assert got.item() == pytest.approx((first + math.log(1 + math.exp(2))) / 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(("share", "partner"), [([1.0, 1.0], [1, 0]), ([0.3, 0.6], [0, 1])])
def test_no_partner_or_oneself_is_the_ordinary_loss(share, partner, smoothing):
    got = between(LOGITS, LABELS, torch.tensor(share), torch.tensor(partner), smoothing)
    assert got.item() == pytest.approx(F.cross_entropy(LOGITS, LABELS, label_smoothing=smoothing).item(), rel=1e-5)


def test_mixing_what_the_last_layer_reads_is_mixing_what_it_answers():
    """The equation on which the file rests, on a real layer."""
    layer, h = torch.nn.Linear(5, 3), torch.randn(2, 5)
    torch.testing.assert_close(layer(0.3 * h[0] + 0.7 * h[1]), 0.3 * layer(h[0]) + 0.7 * layer(h[1]))


def test_a_small_parameter_mixes_little_and_a_large_one_half_and_half():
    torch.manual_seed(0)
    logits, labels = torch.randn(4000, 3), torch.randint(0, 3, (4000,))
    plain = F.cross_entropy(logits, labels).item()
    assert mixed_loss(logits, labels, RunConfig(mixup=1e-3)).item() == pytest.approx(plain, rel=0.05)
    torch.manual_seed(1)
    mixed, half = mixed_loss(logits, labels, RunConfig(mixup=100)).item(), torch.full((4000,), 0.5)
    assert mixed == pytest.approx(between(logits, labels, half, torch.randperm(4000)).item(), rel=0.02)
    assert mixed < plain  # logits of chance are punished less where they cancel out


def test_the_run_learns_from_mixed_texts_and_is_the_same_for_the_same_seed(folder):
    runs = [wb.fit(data(), model=folder, epochs=2, evaluations=1, mixup=m, seed=3).join() for m in (0.0, 1.0, 1.0)]
    losses = [r.steps()["loss"].round(6).tolist() for r in runs]
    assert losses[1] == losses[2] != losses[0]


def test_mixing_is_refused_where_labels_are_no_single_label(folder):
    with pytest.raises(
        wb.WorkbenchError, match=r"mixup=0.4 with data for tagging.*one label for a whole text.*mixup=0"
    ):
        wb.fit(tagged_data(), model=folder, mixup=0.4).join()
    with pytest.raises(wb.WorkbenchError, match=r"technique 'distillation', which has a loss of its own"):
        TECHNIQUES["distillation"].check(RunConfig(technique="distillation", mixup=0.4, teacher="x"), "classification")


@pytest.mark.parametrize(("freeze", "still"), [(0, set()), (1, {"embeddings"}), (2, {"embeddings", "layer 1"})])
def test_frozen_blocks_have_not_moved_when_the_run_ends(folder, freeze, still):
    run = wb.fit(data(32, 16), model=folder, epochs=1, evaluations=1, freeze=freeze).join()
    moved = run.moves().iloc[-1].drop("step")
    assert {name for name, far in moved.items() if far == 0} == still
    assert (run.store.facts["trained"] < run.store.facts["parameters"]) == bool(freeze)


def test_more_blocks_than_there_are_and_techniques_that_freeze_by_themselves_say_so(folder):
    with pytest.raises(
        wb.WorkbenchError, match=r"freeze=4 of a model with 3 blocks below its head \(embeddings, layer 1, layer 2\)"
    ):
        wb.fit(data(), model=folder, freeze=4).join()
    with pytest.raises(wb.WorkbenchError, match="freeze=1 with technique 'lora', which says itself what learns"):
        wb.fit(data(), model=folder, technique="lora", freeze=1).join()
    assert {name for name, t in TECHNIQUES.items() if t.freezes} == {"full"} and callable(freeze_lowest)
