"""What is written to disk is what the model holds; only what safetensors cannot write as it is gets copied."""

import torch

from workbench.training.checkpoint import load_weights, save_weights, unshared


def tied():
    """Two names for one matrix, as where a language model's output layer is its table of words."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    return model


def test_the_second_name_of_a_shared_tensor_alone_is_copied():
    state = tied().state_dict()
    written = unshared(state)
    places = [written[name].data_ptr() == state[name].data_ptr() for name in ("0.weight", "1.weight")]
    assert places == [True, False] and torch.equal(written["1.weight"], state["1.weight"])


def test_a_matrix_that_lies_the_other_way_round_is_written_as_it_reads():
    turned = torch.arange(6.0).view(2, 3).T
    written = unshared({"a": turned})["a"]
    assert written.is_contiguous() and written.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


def test_tied_weights_come_back_as_they_were(tmp_path):
    model, other = tied(), tied()
    save_weights(model, tmp_path / "best" / "model.safetensors")
    load_weights(other, tmp_path / "best" / "model.safetensors")
    assert torch.equal(other[0].weight, model[0].weight) and other[1].weight is other[0].weight
