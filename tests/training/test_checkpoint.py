"""What is written to disk is what the model holds; only what safetensors cannot write as it is gets copied."""

from pathlib import Path
from types import SimpleNamespace

import torch
import windows

from workbench.training import checkpoint
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


class Plain(SimpleNamespace):
    """A trainer's state as far as it is written."""

    def save_to_json(self, path):
        Path(path).write_text("{}")


def trained():
    """(model, its optimiser with moments, schedule) after one step."""
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return model, optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer)


def test_a_training_that_goes_on_from_a_state_can_write_it_again_and_again(tmp_path, monkeypatch):
    """The moments that were read from the file must not lie in it: Windows would keep the old folder, and refuse the new one."""
    refused = []
    place, state = tmp_path / "last", Plain(global_step=1)
    model, optimizer, schedule = trained()
    checkpoint.save(place, model, optimizer, schedule, state, {})
    checkpoint.restore(place, optimizer, schedule)
    checkpoint.restore_rng(place)
    load_weights(model, place / "model.safetensors")
    windows.refuse(monkeypatch, refused)
    for _ in range(2):
        checkpoint.save(place, model, optimizer, schedule, state, {})
    assert refused == [] and [p.name for p in tmp_path.iterdir()] == ["last"]


def test_the_random_numbers_of_an_apple_gpu_are_part_of_a_state(tmp_path, monkeypatch):
    put_back = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: torch.tensor([7, 8], dtype=torch.uint8))
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: put_back.append(state.tolist()))
    checkpoint.save(tmp_path / "last", *trained(), Plain(global_step=1), {})
    checkpoint.restore_rng(tmp_path / "last")
    assert put_back == [[7, 8]]
