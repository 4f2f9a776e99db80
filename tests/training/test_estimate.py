"""The estimate before a run, where there is a GPU: its own memory, and only what ran on it before counts for the time."""

from types import SimpleNamespace

from workbench.config import RunConfig
from workbench.training import events as ev
from workbench.training.estimate import estimate

FACTS = {"parameters": 5_000_000, "hidden": 256, "layers": 4, "vocabulary": 8192}


def ran(device, seconds):
    stepped = ev.Stepped(100, seconds, 1.0, 0.5, 1e-4)
    return SimpleNamespace(
        config=RunConfig(), facts={"tokens_per_epoch": 30_000, "device": device}, last=lambda kind: stepped
    )


def test_of_earlier_runs_those_on_the_same_device_count():
    past = [ran("cpu", 300.0), ran("cuda", 3.0)]
    config = RunConfig(epochs=1)
    cpu, gpu = (estimate(config, 1000, 30.0, FACTS, past, device) for device in ("cpu", "cuda"))
    assert (round(cpu.seconds), round(gpu.seconds)) == (300, 3)
    assert "MB of main memory (from earlier runs here)" in str(cpu)
    assert "MB of the GPU's memory, 480 of them for its context (from earlier runs here)" in str(gpu)


def test_before_the_first_run_on_a_gpu_the_cores_are_all_there_is_to_guess_from():
    assert "the first run on the GPU will tell" in str(
        estimate(RunConfig(), 1000, 30.0, FACTS, [ran("cpu", 300.0)], "cuda")
    )
