"""int8 weights: predictions stay near those of the run, the file is smaller and holds no pickle, and comes back as it was."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from tiny import data, tiny_bert

import workbench as wb

TOLERANCE = 0.05  # in probability


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        model = str(tiny_bert(tmp_path_factory.mktemp("tiny"), hidden=64))
        yield wb.fit(data(), model=model, pooling="mean", learning_rate=3e-3, epochs=4, evaluations=2).join()


def test_int8_answers_as_the_run_does_within_the_tolerance(run):
    texts = list(run.data()["validation"]["text"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that torch will move it elsewhere is no news for a learner
        small = run.quantized()
    whole, rounded = run.predict(texts)["p(0)"], small.predict(texts)["p(0)"]
    assert 0 < np.abs(whole - rounded).max() < TOLERANCE
    assert small.evaluate(run.data()["validation"])["loss"] == pytest.approx(
        run.evaluate("validation")["loss"], abs=TOLERANCE
    )
    assert list(small.errors(run.data()["validation"], 5).columns) == list(run.errors(5).columns)
    assert run.predict(texts)["p(0)"].equals(whole)  # the run itself is as it was


def test_it_says_what_it_is(run):
    assert repr(run.quantized()).startswith("Quantized: ") and " for classification. It has" in repr(run.quantized())


def test_every_weight_of_a_linear_layer_is_one_byte_within_half_a_step_of_what_it_was(run):
    whole, small = run.predictor().model, run.quantized().state()
    before = whole.encoder.encoder.layer[0].attention.self.query.weight.detach()
    name = "encoder.encoder.layer.0.attention.self.query"
    kept = small[f"{name}.weight"]
    assert kept.dtype == torch.int8 and kept.shape == before.shape
    scale, zero = small[f"{name}.scale"].item(), small[f"{name}.zero"].item()
    assert ((kept - zero) * scale - before).abs().max() <= scale / 2 + 1e-6
    floats = {k for k, v in whole.state_dict().items() if v.ndim == 2 and "embeddings" not in k}
    assert {k for k, v in small.items() if v.dtype == torch.int8} == floats


def test_the_file_is_plain_tensors_and_comes_back_as_it_was(run, tmp_path):
    small = run.quantized()
    want = small.predict(["the kind room", "a cruel meal"])["p(0)"]
    folder = small.save(tmp_path / "small")
    with safe_open(folder / "int8.safetensors", "pt") as file:
        assert set(file.keys()) == set(small.state())
    other = run.quantized()
    for part in other.model.modules():
        if isinstance(part, torch.ao.nn.quantized.dynamic.Linear):
            weight = torch._make_per_tensor_quantized_tensor(
                torch.zeros(part.out_features, part.in_features, dtype=torch.int8), 1.0, 0
            )
            part.set_weight_bias(weight, part.bias())
    assert not np.allclose(other.predict(["the kind room", "a cruel meal"])["p(0)"], want)
    assert other.load(folder).predict(["the kind room", "a cruel meal"])["p(0)"].equals(want)


def test_what_it_costs_to_serve_stands_side_by_side(run):
    table = wb.serving({"whole": run, "int8": run.quantized()})
    assert table.index.tolist() == ["whole", "int8"] and (table["ms per text"] > 0).all()
    assert table["weights"].nunique() == 1 and table["weights"].iloc[0] == run.store.facts["parameters"]
    best = (run.folder / "best" / "model.safetensors").stat().st_size / 1e6
    assert table.loc["whole", "MB on disk"] == pytest.approx(best, rel=0.02)
    shape = {
        k: v.numel() for k, v in run.predictor().model.state_dict().items() if v.ndim == 2 and "embeddings" not in k
    }
    saved = table.loc["whole", "MB on disk"] - table.loc["int8", "MB on disk"]
    assert saved == pytest.approx(3 * sum(shape.values()) / 1e6, rel=0.1)  # three bytes of four for every such weight
    assert table["accuracy"].iloc[0] == pytest.approx(run.kept["accuracy"])
    with pytest.raises(wb.WorkbenchError, match="no run among the models"):
        wb.serving({"int8": run.quantized()})


@pytest.mark.parametrize(("there", "taken"), [(["qnnpack", "none"], "qnnpack"), (["none"], None)])
def test_a_torch_that_has_kernels_and_chose_none_takes_them(there, taken, monkeypatch):
    """As torch for Apple silicon."""
    from workbench.training import quantized

    engines = SimpleNamespace(engine="none", supported_engines=there)
    monkeypatch.setattr(torch.backends, "quantized", engines)
    if taken is None:
        with pytest.raises(wb.WorkbenchError, match="without int8 kernels"):
            quantized._take_kernels()
    else:
        quantized._take_kernels()
        assert engines.engine == taken
