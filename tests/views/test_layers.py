"""The map of moves and the blueprint: they say what the run does."""

import numpy as np
import pytest
import torch
from tiny import data, tiny_bert
from torch.utils._python_dispatch import TorchDispatchMode

import workbench as wb
from workbench.models.moves import Moves


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def test_a_distance_by_hand():
    """A weight of 3 and one of 4 have length 5; moved by 3 and 4 they are 100% away."""
    model = torch.nn.Module()
    model.encoder = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.encoder.weight.copy_(torch.tensor([[3.0, 4.0]]))
        moves = Moves(model)
        assert moves(model) == {"embeddings": 0.0}
        model.encoder.weight.mul_(2)
    assert moves(model) == {"embeddings": pytest.approx(1.0)}


@pytest.mark.parametrize(("weight", "kept"), [(0.75, torch.float16), (1 / 3, torch.float32), (1e6, torch.float32)])
def test_a_start_is_kept_in_half_precision_only_where_that_loses_nothing(weight, kept):
    model = torch.nn.Module()
    model.encoder = torch.nn.Linear(1, 300, bias=False)
    with torch.no_grad():
        model.encoder.weight.fill_(weight)
        moves = Moves(model)
        assert moves.start["encoder.weight"].dtype == kept and moves(model) == {"embeddings": 0.0}
        model.encoder.weight.mul_(1.5)
    assert moves(model) == {"embeddings": pytest.approx(0.5)}


class Made(TorchDispatchMode):
    """Counts the tensors of a certain size that operations make, those that work in place left out."""

    def __init__(self, size):
        super().__init__()
        self.size, self.count = size, 0

    def __torch_dispatch__(self, operation, types, given=(), named=None):
        answer = operation(*given, **(named or {}))
        self.count += isinstance(answer, torch.Tensor) and answer.numel() == self.size and answer is not given[0]
        return answer


def test_a_distance_is_measured_on_one_copy_of_a_weight():
    """An evaluation is where a run holds most, and embeddings are its largest weight."""
    model = torch.nn.Module()
    model.encoder = torch.nn.Linear(1, 300, bias=False)
    moves = Moves(model)
    with Made(300) as made:
        moves(model)
    assert made.count == 1


@pytest.mark.parametrize("technique", ["full", "feature-extraction", "lora", "ia3", "unfreezing"])
def test_what_is_frozen_does_not_move_and_what_learns_does(folder, technique):
    run = wb.fit(
        data(), model=folder, pooling="mean", technique=technique, learning_rate=1e-2, epochs=2, evaluations=2
    ).join()
    moves = run.moves()
    assert moves["step"].tolist() == run.frame()["step"].tolist()
    last = moves.iloc[-1]
    moving = {
        "full": "embeddings layer 1 layer 2",
        "unfreezing": "layer 2",
        "lora": "layer 1 layer 2",
        "ia3": "layer 1 layer 2",
    }
    for block in ("embeddings", "layer 1", "layer 2"):
        assert (last[block] > 0) == (block in moving.get(technique, ""))
    assert last["head"] > 0 and (moves.iloc[0].drop("step") == 0).all()


def test_an_adapters_move_is_that_of_the_merged_weights(folder):
    run = wb.fit(
        data(), model=folder, pooling="mean", technique="lora", learning_rate=1e-2, epochs=2, restore_best=False
    ).join()
    from safetensors.torch import load_file

    before = {k.removeprefix("bert."): v for k, v in load_file(f"{folder}/model.safetensors").items()}
    after = {k: v for k, v in run.predictor().model.encoder.state_dict().items() if k.startswith("encoder.layer.0.")}
    moved = sum(float((v - before[k]).square().sum()) for k, v in after.items())
    length = sum(float(before[k].square().sum()) for k in after)
    assert run.moves()["layer 1"].iloc[-1] == pytest.approx(np.sqrt(moved / length), rel=1e-3)


def test_the_map_has_words_and_a_run_without_one_says_so(folder):
    run = wb.fit(data(16, 8), model=folder, epochs=1, evaluations=1).join()
    shown = wb.layers(run)._repr_html_()
    assert 'alt="Map of how far each block has moved' in shown and "layer 2" in shown
    run.store.events.clear()
    with pytest.raises(wb.WorkbenchError, match="no map of moves"):
        wb.layers(run)


@pytest.mark.parametrize(
    ("technique", "states"),
    [
        ("full", ["new", "learns", "learns", "learns"]),
        ("feature-extraction", ["new", "frozen", "frozen", "frozen"]),
        ("unfreezing", ["new", "later", "later", "later"]),
        ("lora", ["new", "learns", "learns", "frozen"]),
    ],
)
def test_a_blueprint_says_head_first_what_learns(folder, technique, states):
    frame = wb.blueprint(data(16, 8), model=folder, pooling="mean", technique=technique).frame
    assert frame["block"].tolist() == ["head", "layer 2", "layer 1", "embeddings"]
    assert frame["state"].tolist() == states
    assert frame["weights"].iloc[0] == 2 * 32 + 2


def test_a_blueprint_agrees_with_the_run(folder):
    frame = wb.blueprint(data(16, 8), model=folder, technique="lora", layers=1).frame
    run = wb.fit(data(16, 8), model=folder, technique="lora", layers=1, epochs=1, evaluations=1).join()
    assert (frame["learning"].sum(), frame["weights"].sum()) == (
        run.store.facts["trained"],
        run.store.facts["parameters"],
    )
    assert "layer 2" not in frame["block"].tolist()
