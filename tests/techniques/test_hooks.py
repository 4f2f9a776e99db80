"""What each technique does to a model: which weights learn, how fast, towards what, and what is left in the end."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny import batch, data, tiny_bert
from torch.nn import functional as F

import workbench as wb
from workbench.config import RunConfig
from workbench.models import zoo
from workbench.models.anatomy import blocks
from workbench.tasks import TASKS
from workbench.techniques import TECHNIQUES
from workbench.techniques.base import trained_parameters
from workbench.techniques.distillation import soft_loss
from workbench.techniques.feature_extraction import Remembering
from workbench.training.trainer import slanted_triangle


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def built(folder, **choices):
    """(model with a fresh head, as the technique leaves it; the config)."""
    config = RunConfig(model=folder, **choices)
    source, task = zoo.source(folder), TASKS["classification"]
    shell = type("Shell", (), {"labels": ["bad", "good"], "tokenizer": zoo.tokenizer(source)})
    torch.manual_seed(0)
    model = task.build(source, shell, config)
    return TECHNIQUES[config.technique].apply(model, config), config


def learning(model):
    return {name for name, p in model.named_parameters() if p.requires_grad}


def test_blocks_go_from_input_to_output_and_leave_nothing_out(folder):
    model, _ = built(folder, pooling="mean")
    found = blocks(model)
    assert [b.name for b in found] == ["embeddings", "layer 1", "layer 2", "head"]
    assert [n for b in found for n in b.parameters] == [n for n, _ in model.named_parameters()]


def test_the_pooler_that_only_the_head_reads_counts_as_head(folder):
    model, _ = built(folder, pooling="native")
    assert {"bert.pooler.dense.weight", "classifier.bias"} <= set(blocks(model)[-1].parameters)


def test_full_fine_tuning_trains_every_weight(folder):
    model, _ = built(folder, technique="full")
    learn, total = trained_parameters(model)
    assert learn == total


@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_feature_extraction_trains_the_head_alone(folder, pooling):
    model, _ = built(folder, technique="feature-extraction", pooling=pooling)
    names = {name.rpartition(".")[0].rpartition(".")[2] for name in learning(model)}
    assert names == ({"classifier"} if pooling == "mean" else {"classifier", "dense"})


def test_a_frozen_encoder_is_asked_once_per_text_whatever_stands_beside_it(folder):
    model, _ = built(folder, technique="full", pooling="mean")
    encoder, asked = model.encoder.eval(), []
    encoder.register_forward_hook(lambda m, a, k, out: asked.append(len(k["input_ids"])), with_kwargs=True)
    remembering, both = Remembering(encoder), batch()
    want = encoder(**both).last_hidden_state
    asked.clear()
    got = remembering(**both).last_hidden_state
    real = both["attention_mask"].bool()
    torch.testing.assert_close(got[real], want[real], atol=1e-5, rtol=1e-4)
    assert not got[~real].any()
    alone = {k: v[:1, :4] for k, v in both.items()}  # the first text without its padding
    torch.testing.assert_close(remembering(**alone).last_hidden_state, got[:1, :4])
    turned = {k: v.flip(0) for k, v in both.items()}
    torch.testing.assert_close(remembering(**turned).last_hidden_state, got.flip(0))
    assert asked == [2]


def test_what_exceeds_the_memory_is_computed_again(folder):
    model, _ = built(folder, pooling="mean")
    remembering = Remembering(model.encoder)
    remembering.left = 4 * 32 * 4  # room for the four tokens of the first text
    remembering(**batch())
    assert len(remembering.known) == 1


def test_a_frozen_encoder_has_no_dropout_while_its_head_trains(folder):
    model, _ = built(folder, technique="feature-extraction", dropout=0.5, pooling="native")
    model.train()
    assert not model.bert.inner.encoder.training and model.bert.inner.pooler.training and model.dropout.training


def test_unfreezing_opens_one_more_block_with_every_epoch(folder):
    model, config = built(folder, technique="unfreezing", pooling="mean")
    technique = TECHNIQUES["unfreezing"]
    found = []
    for epoch in (0.0, 0.9, 1.0, 2.0, 3.0, 9.0):
        technique.before_epoch(model, config, epoch)
        found.append([b.name for b in blocks(model) if set(b.parameters) <= learning(model)])
    assert found == [["head"], ["head"], ["layer 2", "head"], ["layer 1", "layer 2", "head"],
                     ["embeddings", "layer 1", "layer 2", "head"], ["embeddings", "layer 1", "layer 2", "head"]]  # fmt: skip


def test_discriminative_rates_fall_by_the_decay_from_block_to_block(folder):
    model, config = built(folder, technique="unfreezing", pooling="mean", learning_rate=0.8, rate_decay=2.0)
    groups = TECHNIQUES["unfreezing"].groups(model, config)
    assert sorted({g["lr"] for g in groups}, reverse=True) == [0.8, 0.4, 0.2, 0.1]
    assert groups[0]["lr"] == 0.8 and groups[0]["params"][0] is model.classifier.weight
    assert sum(p.numel() for g in groups for p in g["params"]) == trained_parameters(model)[1]
    assert all(p.ndim == 1 for g in groups if g["weight_decay"] == 0 for p in g["params"])


@pytest.mark.parametrize("technique", ["lora", "ia3"])
@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_an_adapter_starts_from_the_checkpoints_own_answers_and_trains_little(folder, technique, pooling):
    plain, _ = built(folder, technique="full", pooling=pooling)
    model, _ = built(folder, technique=technique, pooling=pooling)
    torch.testing.assert_close(model.eval()(**batch())["logits"], plain.eval()(**batch())["logits"])
    learn, total = trained_parameters(model)
    assert 0 < learn < total / 3


def test_the_rank_says_how_many_weights_learn(folder):
    """A linear layer from n to m has rank · (n + m) more: 2 layers of 4 x (32, 32), (32, 64) and (64, 32)."""
    model, _ = built(folder, technique="lora", pooling="mean", lora_rank=3)
    adapters = sum(p.numel() for n, p in model.named_parameters() if "lora_" in n and p.requires_grad)
    assert adapters == 2 * 3 * (4 * 64 + 2 * 96)


@pytest.mark.parametrize("technique", ["lora", "ia3"])
def test_merging_gives_back_a_plain_model_with_the_same_answers(folder, technique):
    model, _ = built(folder, technique=technique, pooling="mean")
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_B" in name or "ia3_l" in name:
                p.add_(torch.rand_like(p) * 0.2)
    want = model.eval()(**batch())["logits"]
    plain, _ = built(folder, technique="full", pooling="mean")
    assert not torch.allclose(want, plain.eval()(**batch())["logits"], atol=1e-4)
    merged = TECHNIQUES[technique].finish(model)
    torch.testing.assert_close(merged(**batch())["logits"], want, atol=1e-5, rtol=1e-4)
    assert {n for n, _ in merged.named_parameters()} == {n for n, _ in plain.named_parameters()}


def test_soft_loss_by_hand():
    student, teacher = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    p, q = np.exp([0, 1]) / np.exp([0, 1]).sum(), np.exp([1, 0]) / np.exp([1, 0]).sum()  # both divided by T = 2
    assert soft_loss(student, teacher, 2.0).item() == pytest.approx(4 * (p * np.log(p / q)).sum(), rel=1e-5)


def test_a_very_sure_teacher_is_the_label_itself():
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    sure = F.one_hot(labels, 3) * 1000.0
    assert soft_loss(logits, sure, 1.0).item() == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)


def test_distillation_weighs_hard_and_soft_targets_by_alpha():
    output = {"logits": torch.randn(4, 2)}
    given = {"labels": torch.tensor([0, 1, 1, 0]), "soft": torch.randn(4, 2)}
    loss = lambda alpha: TECHNIQUES["distillation"].loss(output, given, RunConfig(alpha=alpha, temperature=3.0)).item()  # noqa: E731
    assert loss(0.0) == pytest.approx(F.cross_entropy(output["logits"], given["labels"]).item())
    assert loss(1.0) == pytest.approx(soft_loss(output["logits"], given["soft"], 3.0).item())
    assert loss(0.25) == pytest.approx(0.75 * loss(0.0) + 0.25 * loss(1.0))


def test_distillation_without_a_teacher_says_how_to_get_one(folder):
    with pytest.raises(wb.WorkbenchError, match=r"without a teacher.*teacher=run"):
        wb.fit(data(), model=folder, technique="distillation").join()


@pytest.mark.parametrize(("name", "task"), [("distillation", "tagging"), ("feature-extraction", "translation")])
def test_a_technique_on_a_task_that_it_does_not_serve_says_which_it_serves(name, task):
    with pytest.raises(wb.WorkbenchError, match=f"technique '{name}' on data for {task}.*classification"):
        TECHNIQUES[name].check(RunConfig(technique=name, teacher="x"), task)


def test_an_unknown_technique_lists_those_there_are():
    with pytest.raises(wb.WorkbenchError, match="feature-extraction"):
        wb.fit(data(), technique="magic")


def test_layers_are_cut_off_from_the_top(folder):
    full, _ = built(folder, pooling="mean")
    cut, _ = built(folder, pooling="mean", layers=1)
    assert len(cut.encoder.encoder.layer) == 1
    mine, theirs = dict(cut.encoder.named_parameters()), dict(full.encoder.named_parameters())
    assert all(torch.equal(p, theirs[n]) for n, p in mine.items()) and len(mine) < len(theirs)
    with pytest.raises(wb.WorkbenchError, match="layers=7 of a model with 2"):
        built(folder, layers=7)


def test_the_slanted_triangle_peaks_at_its_cut_and_ends_at_a_thirty_second():
    shape = [slanted_triangle(step, 100, 0.1) for step in range(101)]
    assert max(shape) == shape[10] == 1.0 and shape[0] == pytest.approx(1 / 32) == pytest.approx(shape[100])
    assert all(a < b for a, b in pairwise(shape[:11]))
    assert all(a > b for a, b in pairwise(shape[10:]))
