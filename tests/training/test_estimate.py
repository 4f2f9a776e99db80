"""The estimate before a run, where there is a GPU: its own memory, and only what ran on it before counts for the time."""

from types import SimpleNamespace

import pytest

from workbench.config import RunConfig
from workbench.training import events as ev
from workbench.training.estimate import estimate

FACTS = {"parameters": 5_000_000, "hidden": 256, "layers": 4, "vocabulary": 8192}


def ran(device, seconds):
    stepped = ev.Stepped(100, seconds, 1.0, 0.5, 1e-4)
    return SimpleNamespace(
        config=RunConfig(), facts={"tokens_per_epoch": 30_000, "device": device}, last=lambda kind: stepped, events=[]
    )


def test_of_earlier_runs_those_on_the_same_device_count():
    past = [ran("cpu", 300.0), ran("cuda", 3.0)]
    config = RunConfig(epochs=1)
    cpu, gpu = (
        estimate(config.replace(evaluations=1), 1000, 30.0, FACTS, past, device, looked_at=0)
        for device in ("cpu", "cuda")
    )
    assert (round(cpu.seconds), round(gpu.seconds)) == (320, 3)  # 1,000 texts thrice, and 200 looked at once
    assert "MB of main memory (from earlier runs here)" in str(cpu)
    assert "MB of the GPU's memory, 480 of them for its context (from earlier runs here)" in str(gpu)


def test_looking_at_many_texts_for_few_takes_its_time():
    """60 texts of 10 pieces, one epoch: 3 · 600; twenty looks at 1,000 + 60 of them: 212,000."""
    seconds = [
        estimate(RunConfig(epochs=1, evaluations=n), 60, 10.0, FACTS, [], looked_at=1000).seconds for n in (1, 20)
    ]
    assert seconds[1] / seconds[0] == pytest.approx((1800 + 20 * 10_600) / (1800 + 10_600))


def test_the_speed_of_an_earlier_run_counts_what_it_looked_at():
    """One epoch of 1,000 texts of 30 pieces, four looks at 800 + 200: 3 · 30,000 + 4 · 30,000 in 210 s."""
    past = ran("cpu", 210.0)
    past.facts.update(n_train=1000, n_valid=800)
    past.events = [ev.Evaluated(n, 1.0, 1.0, 0.5, 0.5, {}, 1e-3, False) for n in range(4)]
    found = estimate(RunConfig(epochs=1, evaluations=4), 1000, 30.0, FACTS, [past], looked_at=800)
    assert found.seconds == pytest.approx(210)


def test_before_the_first_run_on_a_gpu_the_cores_are_all_there_is_to_guess_from():
    assert "the first run on the GPU will tell" in str(
        estimate(RunConfig(), 1000, 30.0, FACTS, [ran("cpu", 300.0)], "cuda")
    )


def test_an_evaluation_looks_at_as_many_training_texts_as_the_tasks_say():
    from workbench.tasks import base
    from workbench.training import estimate as module

    assert module.PROBE == base.PROBE
