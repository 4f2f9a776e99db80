"""Heads: what is pooled, worked out by hand, and that a head's loss is cross-entropy."""

import math
from types import SimpleNamespace

import pytest
import torch

from workbench.models.heads import PooledClassifier, pool

HIDDEN = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [100.0, -100.0]], [[5.0, 1.0], [7.0, 1.0], [0.0, 4.0]]])
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])


class Fixed(torch.nn.Module):
    """An encoder that says HIDDEN whatever it reads."""

    config = SimpleNamespace(hidden_size=2)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=HIDDEN)


def head(pooling, dropout=0.0):
    made = PooledClassifier(Fixed(), 2, pooling, dropout)
    with torch.no_grad():
        made.classifier.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        made.classifier.bias.copy_(torch.tensor([0.5, 0.0]))
    return made


def test_the_mean_leaves_out_padding():
    assert pool(HIDDEN, MASK, "mean").tolist() == [[2.0, 4.0], [4.0, 2.0]]


def test_the_mean_leaves_out_padding_on_the_left():
    assert pool(HIDDEN, torch.tensor([[0, 1, 1], [0, 0, 1]]), "mean").tolist() == [[51.5, -47.0], [0.0, 4.0]]


def test_the_mean_of_nothing_is_zero():
    assert pool(HIDDEN, torch.zeros(2, 3, dtype=torch.int64), "mean").tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_cls_is_the_first_token():
    assert pool(HIDDEN, MASK, "cls").tolist() == [[1.0, 2.0], [5.0, 1.0]]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_what_stands_in_the_padding_does_not_count(pooling):
    changed = HIDDEN.clone()
    changed[0, 2] = 1e6
    assert torch.equal(pool(HIDDEN, MASK, pooling), pool(changed, MASK, pooling))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_pooling_keeps_the_precision(kind):
    assert pool(HIDDEN.to(kind), MASK, "mean").dtype == kind


@pytest.mark.parametrize(("pooling", "logits"), [("mean", [[2.5, 4.0], [4.5, 2.0]]), ("cls", [[1.5, 2.0], [5.5, 1.0]])])
def test_logits_are_the_pooled_vector_through_the_linear_layer(pooling, logits):
    assert head(pooling)(torch.zeros(2, 3), MASK)["logits"].tolist() == logits


def test_the_loss_is_the_mean_cross_entropy_by_hand():
    loss = head("mean")(torch.zeros(2, 3), MASK, labels=torch.tensor([1, 1]))["loss"]
    by_hand = (math.log(1 + math.exp(2.5 - 4.0)) + math.log(1 + math.exp(4.5 - 2.0))) / 2
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)


def test_without_labels_there_is_no_loss():
    assert set(head("mean")(torch.zeros(2, 3), MASK)) == {"logits"}


def test_dropout_works_in_training_only():
    made = head("mean", dropout=0.9)
    made.classifier.weight.data.fill_(1.0)
    made.eval()
    assert torch.equal(made(None, MASK)["logits"], made(None, MASK)["logits"])
    made.train()
    drawn = [made(None, MASK)["logits"].tolist() for _ in range(30)]
    assert any(d != drawn[0] for d in drawn)


def test_a_new_head_is_small_and_without_bias():
    torch.manual_seed(0)
    made = PooledClassifier(SimpleModule(500), 40, "mean", 0.1)
    assert made.classifier.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert made.classifier.bias.abs().sum() == 0


class SimpleModule(torch.nn.Module):
    """An encoder of which only the size is asked."""

    def __init__(self, size):
        super().__init__()
        self.config = SimpleNamespace(hidden_size=size)


def test_the_heads_configuration_is_the_encoders():
    made = head("mean")
    assert made.config is made.encoder.config
