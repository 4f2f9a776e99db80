"""The number format of a run: bf16 where hardware multiplies it, and a finished model that answers in fp32."""

import os

import numpy as np
import pytest
import torch
from tiny import data, tiny_bert

import workbench as wb
from workbench.models import place, pretrain
from workbench.training import precision
from workbench.training.predictor import Predictor

TEXTS = ["our kind room", "this cruel film", "a slow, dim shop"]


@pytest.mark.parametrize("able, dtype", [({}, "fp32"), ({"avx512_f": True}, "fp32"), ({"avx512_bf16": True}, "bf16"),
                                         ({"avx512_bf16": True, "amx_bf16": True}, "bf16"), ({"amx_bf16": False}, "fp32")])  # fmt: skip
def test_a_cpu_computes_bf16_where_it_has_the_instruction(able, dtype, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    chosen = precision.choose()
    assert (chosen.device, chosen.dtype) == ("cpu", dtype)
    assert ("AMX" in chosen.why) == bool(able.get("amx_bf16"))


@pytest.mark.parametrize(("environ", "device"), [({}, "mps"), ({"WORLD_SIZE": "1"}, "mps"), ({"WORLD_SIZE": "2"}, "cpu"),
                                               ({"ACCELERATE_USE_CPU": "True"}, "cpu")])  # fmt: skip
def test_an_apple_gpu_is_left_alone_by_several_processes_and_where_the_cpu_was_asked_for(environ, device, monkeypatch):
    for name in ("WORLD_SIZE", "ACCELERATE_USE_CPU"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert precision.choose("fp32").device == device
    assert (place.gpu() is None) == (device == "cpu")  # a finished model is asked where runs train


@pytest.mark.parametrize(("able", "dtype"), [(True, "bf16"), (False, "fp16")])
def test_an_nvidia_gpu_is_asked_once_whether_it_computes_bf16(able, dtype, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: able and not including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA T4")
    assert (precision.choose().device, precision.choose().dtype) == ("cuda", dtype)
    assert pretrain.fast_bf16(torch.device("cuda")) is able


@pytest.mark.parametrize(
    ("system", "wanted", "words"), [(13, "bf16", "macOS before 14"), (14, "fp16", "fp16.* on mps"), (14, "bf16", "")]
)
def test_an_apple_gpu_computes_what_its_system_can(monkeypatch, system, wanted, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: system >= major)
    assert precision.choose().dtype == "fp32"
    if not words:
        assert precision.choose(wanted) == precision.Precision("mps", "bf16", "as asked for")
        return
    with pytest.raises(wb.WorkbenchError, match=words):
        precision.choose(wanted)


def test_what_an_apple_gpu_lacks_goes_to_the_cpu():
    assert (
        os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    )  # read when torch is imported, so set by the first import of ours


def test_a_torch_that_cannot_say_stays_with_fp32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert precision.cpu_bf16() is None


@pytest.mark.parametrize("technique", ["full", "lora", "feature-extraction"])
def test_what_was_trained_in_bf16_answers_in_fp32_and_the_same_when_opened_again(tmp_path, technique):
    run = wb.fit(data(), model=str(tiny_bert(tmp_path / "tiny")), technique=technique, precision="bf16", learning_rate=1e-2,
                 epochs=2).join()  # fmt: skip
    live, curve = run.predict(TEXTS), run.frame()["valid_loss"]
    assert run.store.facts["dtype"] == "bf16" and "forward" not in vars(run.predictor().model)
    assert {p.dtype for p in run.predictor().model.parameters()} == {torch.float32}
    again = Predictor.from_store(run.store).predict(TEXTS)
    assert run.evaluate("validation")["loss"] == pytest.approx(curve.min(), abs=1e-3)  # the curve was measured in bf16
    np.testing.assert_array_equal(live.filter(like="p("), again.filter(like="p("))
