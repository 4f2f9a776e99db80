"""What the doctor says: what is installed and what will be used. Never a token."""

import http.client
import importlib.metadata
import io
import json
import os
import platform
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import psutil
import pytest

import workbench as wb
from workbench import bootstrap, doctor
from workbench.training import precision

TOKEN = "hf_secret123"


def run(*arguments, flags=(), **environ):
    """The doctor in a process of its own, with a token at hand and the Hub not switched off."""
    environ = {**os.environ, "WORKBENCH_ENVIRONMENT": "this", "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", **environ}
    environ["HUGGING_FACE_HUB_TOKEN"] = TOKEN
    command = [sys.executable, *flags, "-m", "workbench", "doctor", *arguments]
    return subprocess.run(
        command, env=environ, cwd=bootstrap.ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


@pytest.fixture(scope="module")
def said():
    """One whole report."""
    return run()


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def value(said, what):
    """The rest of the line on `what`."""
    return next(line[2:] for line in said.stdout.splitlines() if line[2:].startswith(what)).removeprefix(what).strip()


# In a process of its own


def test_nothing_is_missing_here(said):
    assert said.returncode == 0 and "✗" not in said.stdout


def test_no_token_is_printed(said):
    assert said.stdout and "hf_" not in said.stdout + said.stderr


def test_python_is_named(said):
    assert value(said, "Python").startswith(platform.python_version()) and sys.prefix in value(said, "Python")


@pytest.mark.parametrize("name", doctor.PACKAGES)
def test_each_package_is_named_with_its_version(said, name):
    assert value(said, name) == importlib.metadata.version(name)


def test_device_and_number_format_are_those_that_a_run_would_use(said):
    chosen = precision.choose()
    assert value(said, "device").startswith(f"{chosen.device}, {chosen.dtype}: {chosen.why}")


def test_free_memory_is_a_part_of_all_memory(said):
    free, _, total, *_ = value(said, "memory").split()
    assert 0 < float(free) <= float(total) == pytest.approx(psutil.virtual_memory().total / 1e9, abs=0.06)


def test_bundled_things_are_named(said):
    models, datasets = ([c.name for c in listed if c.source == "bundled"] for listed in (wb.models(), wb.datasets()))
    assert "bert-mini" in models and "reviews" in datasets
    assert value(said, "bundled") == f"models {', '.join(models)}; datasets {', '.join(datasets)}"


def test_a_hub_out_of_reach_is_told_and_is_no_failure(said):
    line = next(line for line in said.stdout.splitlines() if line[2:].startswith("Hub"))
    assert "not reachable" in line and line.startswith("!")


def test_before_the_install_the_doctor_tells_what_is_missing():
    bare = run("--json", flags=["-S"], HF_HUB_OFFLINE="1")  # -S: a Python without site-packages
    lines = {line["what"]: line for line in json.loads(bare.stdout)}
    assert bare.returncode == 1
    assert all(lines[name]["state"] == "fail" and "workbench lab" in lines[name]["value"] for name in doctor.PACKAGES)
    assert lines["device"]["state"] == lines["memory"]["state"] == "warn"


# One line each


def test_json_holds_every_line(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "report", lambda: [("Hub", "reachable", "ok"), ("disk", "0.5 GB", "warn")])
    assert doctor.main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"what": "Hub", "value": "reachable", "state": "ok"},
        {"what": "disk", "value": "0.5 GB", "state": "warn"},
    ]


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_only_what_is_missing_is_a_failure(monkeypatch, state, status):
    monkeypatch.setattr(doctor, "report", lambda: [("torch", "?", state)])
    assert doctor.main([]) == status


def test_a_console_without_unicode_is_enough(monkeypatch):
    monkeypatch.setattr(doctor, "report", lambda: [("torch", "not installed", "fail")])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert doctor.main([]) == 1


def test_a_torch_that_cannot_be_loaded_is_a_line_and_not_a_traceback(monkeypatch):
    def broken():
        raise ImportError("libtorch_cpu.so: cannot open shared object file")

    monkeypatch.setattr(precision, "choose", broken)
    assert doctor._accelerator()[2] == "fail"


@pytest.mark.parametrize(
    ("device", "driver", "state"), [("cpu", True, "warn"), ("cpu", False, "ok"), ("cuda", True, "ok")]
)
def test_a_driver_whose_gpu_torch_does_not_see_is_told(monkeypatch, device, driver, state):
    monkeypatch.setattr(precision, "choose", lambda: precision.Precision(device, "fp32", "so it is"))
    monkeypatch.setattr(doctor, "has_nvidia", lambda: driver)
    _, words, found = doctor._accelerator()
    assert found == state and ("finds no GPU" in words) == (state == "warn")


def test_without_torch_the_device_is_not_known(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    assert doctor._accelerator() == ("device", "not known before torch is installed", "warn")


@pytest.mark.parametrize(("gigabytes", "state"), [(0.8, "warn"), (6.0, "ok")])
def test_little_memory_is_a_warning(monkeypatch, gigabytes, state):
    memory = SimpleNamespace(available=gigabytes * 1e9, total=8e9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert doctor._memory() == ("memory", f"{gigabytes} of 8.0 GB free", state)


@pytest.mark.parametrize(("gigabytes", "state"), [(0.4, "warn"), (40.0, "ok")])
def test_a_full_disk_is_a_warning(monkeypatch, gigabytes, state):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=gigabytes * 1e9))
    assert doctor._disk() == ("disk", f"{gigabytes} GB free here", state)


def test_the_settings_of_threads_are_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert doctor._threads()[1].endswith("OMP_NUM_THREADS 7, OMP_WAIT_POLICY not set")


def test_no_bundled_model_is_a_failure(monkeypatch):
    monkeypatch.setattr("workbench.catalog.models", list)
    assert doctor._bundled()[2] == "fail"


# The Hub


def test_a_hub_that_is_switched_off_is_not_asked(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(doctor.urllib.request, "urlopen", lambda *_, **__: pytest.fail("asked"))
    assert doctor._hub()[1].startswith("switched off by HF_HUB_OFFLINE")


@pytest.mark.usefixtures("online")
def test_a_hub_that_answers_is_reachable(monkeypatch):
    monkeypatch.setattr(doctor.urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    assert doctor._hub() == ("Hub", "reachable", "ok")


@pytest.mark.usefixtures("online")
def test_the_hub_is_asked_without_the_token(monkeypatch):
    asked = []
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(doctor.urllib.request, "urlopen", lambda request, **_: asked.append(request) or io.BytesIO())
    doctor._hub()
    assert len(asked) == 1 and TOKEN not in asked[0].full_url + str(asked[0].header_items())


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        ConnectionResetError("reset"),
        http.client.BadStatusLine("<html>"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_the_hub_is_not_reachable(monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(doctor.urllib.request, "urlopen", fails)
    assert doctor._hub()[1].startswith("not reachable")


@pytest.mark.parametrize("word", ["false", "no", "off"])
def test_the_hub_is_switched_off_by_the_words_that_huggingface_hub_knows(monkeypatch, word):
    monkeypatch.setenv("HF_HUB_OFFLINE", word)
    assert doctor._hub()[1].startswith("not reachable")


@pytest.fixture
def mirror():
    """The address of a server on this machine that answers every HEAD."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.usefixtures("online")
def test_a_mirror_in_hf_endpoint_is_the_hub_that_is_asked(monkeypatch, mirror):
    monkeypatch.setenv("HF_ENDPOINT", mirror)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert doctor._hub() == ("Hub", "reachable", "ok")
