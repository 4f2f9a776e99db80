"""From a bare Python to an environment, on a pretended machine: no process is started, nothing is installed."""

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import workbench
from workbench import __main__ as front
from workbench import bootstrap

PYPROJECT = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NO_VENV = """The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.

    apt install python3.11-venv

Failing command: /somewhere/.venv/bin/python3"""
RETRY = "WARNING: Retrying (Retry(total=4, connect=None, read=None)) after connection broken by '%s': /simple/torch/\n"
NOT_FOUND = (
    "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
    "ERROR: No matching distribution found for torch==2.13.0"
)
UNPLUGGED = RETRY % "NewConnectionError('HTTPSConnection: [Errno -3] Temporary failure in name resolution')" + NOT_FOUND


class Machine:
    """Stands in for the subprocess module: notes every command, makes at most the files that a real one would leave."""

    PIPE = STDOUT = DEVNULL = None
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self):
        self.commands = []
        self.venv = (0, "")  # exit status and words of `python -m venv`
        self.pip = (0, "")  # the same of `pip install`
        self.pip_is_there = True
        self.planned = ["torch"]  # what a dry run of pip would fetch
        self.smi = 0  # exit status of nvidia-smi, or an exception

    def run(self, command, **_):
        self.commands.append(command)
        if "nvidia-smi" in command[0]:
            if isinstance(self.smi, Exception):
                raise self.smi
            return subprocess.CompletedProcess(command, self.smi)
        if "venv" in command:
            if self.venv[0] == 0:
                fake_python(Path(command[-1]))
            return subprocess.CompletedProcess(command, self.venv[0], self.venv[1].encode())
        return subprocess.CompletedProcess(command, 0 if self.pip_is_there else 1)

    def Popen(self, command, **_):
        self.commands.append(command)
        if "--report" in command:
            report = {"install": [{"metadata": {"name": name}} for name in self.planned]}
            Path(command[command.index("--report") + 1]).write_text(json.dumps(report), "utf-8")
        status, words = self.pip
        return SimpleNamespace(stdout=io.BytesIO(words.encode()), wait=lambda: status)

    @property
    def installs(self):
        return [c for c in self.commands if "install" in c and "--dry-run" not in c]

    @property
    def environments(self):
        return [c for c in self.commands if "venv" in c]


def fake_python(folder):
    python = bootstrap.python_in(folder)
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text("#!/bin/sh\n", "utf-8")
    python.chmod(0o755)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def boot(tmp_path, monkeypatch, machine):
    """A copy of bootstrap.py in a checkout of its own: on Linux, without a GPU, while PyTorch's CPU index answers."""
    package = tmp_path / "checkout" / "workbench"
    package.mkdir(parents=True)
    shutil.copy(bootstrap.__file__, package)
    (package.parent / "pyproject.toml").write_text("[project]\n", "utf-8")
    spec = importlib.util.spec_from_file_location("bootstrap_copy", package / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.subprocess = machine
    for name in ("WORKBENCH_TORCH", "WORKBENCH_TORCH_INDEX", "WORKBENCH_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    gpu(module, False)
    cpu_index(module, True)
    return module


def gpu(boot, there):
    boot.torch_kind.__defaults__ = (None, lambda: there)


def cpu_index(boot, answers):
    boot.torch_arguments.__defaults__ = ("linux", None, lambda url: answers)


def python_is(boot, *version):
    known = {name: getattr(sys, name) for name in ("version", "executable", "stdout", "platform", "prefix")}
    boot.sys = SimpleNamespace(version_info=(*version, 0, "final", 0), **known)


def start(boot, monkeypatch):
    """`python -m workbench lab` up to where it would go on inside .venv: (exit status, interpreter or None)."""
    went = []
    monkeypatch.setattr(workbench, "bootstrap", boot)
    monkeypatch.setattr(front, "_go_on", lambda python, argv: went.append(python) or 0)
    return front.main(["lab"]), went[0] if went else None


def assert_one_sentence_for_the_user(capsys, *words):
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said
    assert ". Expected: " in said and ". Try: " in said
    for word in words:
        assert word in said


# Sentences


@pytest.mark.parametrize("version", [(3, 7), (3, 10), (3, 14), (4, 0)])
def test_another_python_gets_a_sentence_and_no_install(boot, machine, monkeypatch, capsys, version):
    python_is(boot, *version)
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, f"This is Python {version[0]}.{version[1]}.", "Expected: 3.11 to 3.13.")
    assert machine.commands == []


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_in_range_goes_on(boot, monkeypatch, version):
    python_is(boot, *version)
    assert start(boot, monkeypatch) == (0, boot.python_in(boot.ROOT / ".venv"))


def test_the_range_is_the_one_in_pyproject():
    range_ = SpecifierSet(PYPROJECT["requires-python"])
    accepted = [(3, minor) for minor in range(7, 20) if f"3.{minor}.1" in range_]
    assert (accepted[0], accepted[-1]) == (bootstrap.OLDEST, bootstrap.NEWEST)


def test_a_missing_venv_module_gets_a_sentence(boot, machine, monkeypatch, capsys):
    machine.venv = (1, NO_VENV)
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "could not make an environment", "the venv module", "python3-venv")


def test_a_folder_without_write_permission_is_not_blamed_on_the_venv_module(boot, machine, monkeypatch, capsys):
    machine.venv = (1, "Error: [Errno 13] Permission denied: '/somewhere/.venv'")
    assert start(boot, monkeypatch) == (2, None)
    assert "a folder that you may write to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("here", "words"),
    [
        ({"bits": 32}, "a Python of 32 bits"),
        ({"system": "darwin", "machine": "x86_64"}, "Macs with an Intel processor"),
    ],
)
def test_where_there_is_no_torch_a_sentence_comes_before_the_download(here, words):
    with pytest.raises(bootstrap.Trouble, match=f"{words}, for which there is no torch.*Expected: .*Try: "):
        bootstrap.check_machine(**here)


@pytest.mark.parametrize("here", [("darwin", "arm64"), ("linux", "x86_64"), ("win32", "AMD64"), ("linux", "aarch64")])
def test_other_machines_of_64_bits_go_on(here):
    assert bootstrap.check_machine(*here, bits=64) is None


def test_the_machine_is_looked_at_before_anything_is_made(boot, machine, monkeypatch, capsys):
    boot.check_machine.__defaults__ = ("darwin", "x86_64", 64)
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "Apple silicon")
    assert machine.commands == []


@pytest.mark.parametrize(
    ("version", "windows", "launcher", "words"),
    [
        ((3, 12), False, None, "python3 -m workbench"),
        ((3, 9), False, None, "python3.11 -m workbench"),
        ((3, 12), True, "py.exe", "py -3.12 -m workbench"),
        ((3, 12), True, None, "python -m workbench"),
        ((3, 14), True, "py.exe", "py -3.11 -m workbench"),
    ],
)
def test_every_system_is_told_the_command_that_it_has(monkeypatch, version, windows, launcher, words):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: launcher)
    assert bootstrap.called(version, windows) == words


@pytest.mark.parametrize("code", [5, 32])
def test_files_that_a_running_jupyterlab_holds_on_windows_get_a_sentence(boot, machine, monkeypatch, capsys, code):
    held = f"[WinError {code}] Access is denied: 'C:\\workbench\\.venv\\c10.dll'"
    machine.pip = (1, f"ERROR: Could not install packages due to an OSError: {held}")
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "in use", "closing JupyterLab")
    shutil.rmtree(boot.ROOT / ".venv")
    machine.venv = (1, f"Error: {held}")
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "in use", "closing JupyterLab")


def test_a_path_that_is_too_long_for_windows_gets_a_sentence(boot):
    words = """ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\a\\\\long\\\\path'
HINT: This error might have occurred since this system does not have Windows Long Path support enabled."""
    assert "too long for Windows" in boot.pip_sentence(words.splitlines())


def test_a_full_disk_of_windows_is_one_too(boot):
    assert "The disk is full" in boot.pip_sentence(["ERROR: [WinError 112] There is not enough space on the disk"])


def test_a_full_disk_gets_a_sentence_before_anything_is_made(boot, machine, monkeypatch, capsys):
    monkeypatch.setattr(boot.shutil, "disk_usage", lambda path: SimpleNamespace(free=1.2e9))
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "1.2 GB are free", "Expected: 3 GB")
    assert machine.commands == []


def test_a_disk_that_fills_up_on_the_way_gets_a_sentence(boot, machine, monkeypatch, capsys):
    machine.pip = (1, "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "The disk is full")


def test_no_network_gets_a_sentence(boot, machine, monkeypatch, capsys):
    machine.pip = (1, UNPLUGGED)
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "No package index answers", "network connection")


@pytest.mark.parametrize(
    "words",
    [
        RETRY % "ConnectTimeoutError('Connection to index.example.org timed out. (connect timeout=15)')" + NOT_FOUND,
        "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool: Max retries exceeded",
        RETRY % "NewConnectionError('[Errno 101] Network is unreachable')" + NOT_FOUND,
    ],
)
def test_other_words_for_no_network_are_known_too(boot, words):
    assert "network connection" in boot.pip_sentence(words.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        RETRY % "NameResolutionError(\"Failed to resolve 'index.example.org' ([Errno 11001] getaddrinfo failed)\")"
        + NOT_FOUND,
        RETRY % "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))"
        + NOT_FOUND,
        RETRY % "RemoteDisconnected('Remote end closed connection without response')" + NOT_FOUND,
    ],
    ids=["names on Windows", "proxy", "closed"],
)
def test_any_connection_that_pip_calls_broken_is_a_matter_of_the_network(boot, words):
    assert "network connection" in boot.pip_sentence(words.splitlines())


def test_a_download_that_breaks_off_names_the_reason(boot):
    words = """ERROR: Exception:
Traceback (most recent call last):
  File "/x/pip/_vendor/urllib3/response.py", line 438, in _error_catcher
pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='files.example.org'): Read timed out."""
    said = boot.pip_sentence(words.splitlines())
    assert "Read timed out" in said or "network" in said


def test_another_failure_of_pip_is_told_in_its_own_words(boot):
    lines = ["Collecting torch", "ERROR: No matching distribution found for torch==2.13.0", "a last line"]
    assert boot.pip_sentence(lines).startswith("pip failed: ERROR: No matching distribution found for torch==2.13.0.")


def test_everything_that_pip_wrote_is_kept_when_it_fails(boot, machine, monkeypatch):
    machine.pip = (1, "Collecting torch\nERROR: no")
    start(boot, monkeypatch)
    assert (boot.ROOT / ".venv" / "pip.log").read_text("utf-8") == "Collecting torch\nERROR: no"


def test_a_silent_failure_of_pip_is_a_sentence_too(boot):
    assert "no message" in boot.pip_sentence([])


# Which torch


def test_without_a_gpu_torch_comes_from_the_cpu_index(boot, machine):
    boot.ensure([])
    assert machine.installs[0][-3:] == [boot.TORCH, "--index-url", "https://download.pytorch.org/whl/cpu"]


def test_torch_is_installed_before_anything_that_needs_it(boot, machine):
    boot.ensure([])
    first, second = machine.installs
    assert "--editable" not in first and "--editable" in second


def test_what_comes_after_torch_cannot_replace_it(boot, machine):
    boot.ensure([])
    assert machine.installs[-1][-1] == boot.TORCH


def test_with_a_gpu_torch_comes_from_the_default_index(boot, machine):
    gpu(boot, True)
    boot.ensure([])
    assert machine.installs[0][-1] == boot.TORCH and "--index-url" not in machine.installs[0]


@pytest.mark.parametrize("name", ["nvidia-cudnn-cu13", "cuda-toolkit", "triton"])
def test_without_a_gpu_and_without_the_cpu_index_no_cuda_is_installed(boot, machine, monkeypatch, capsys, name):
    cpu_index(boot, False)
    machine.planned = ["torch", name]
    assert start(boot, monkeypatch) == (2, None)
    assert "1 CUDA packages" in capsys.readouterr().err
    assert machine.installs == []


def test_without_the_cpu_index_a_mirror_that_serves_cpu_builds_will_do(boot, machine):
    cpu_index(boot, False)
    boot.ensure([])
    assert "--dry-run" in machine.commands[-3] and len(machine.installs) == 2


def test_an_index_of_ones_own_is_asked_instead(boot, machine, monkeypatch):
    monkeypatch.setenv("WORKBENCH_TORCH_INDEX", "https://mirror.example/cpu")
    boot.ensure([])
    assert machine.installs[0][-2:] == ["--index-url", "https://mirror.example/cpu"]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_the_default_index_serves_cpu_builds(platform):
    assert bootstrap.torch_arguments("cpu", platform, {}) == ([bootstrap.TORCH], False)


def test_on_windows_a_cuda_build_comes_from_an_index_that_has_one():
    assert "--index-url" in bootstrap.torch_arguments("cuda", "win32", {})[0]


@pytest.mark.parametrize(("there", "wanted"), [(True, "cpu"), (False, "cuda")])
def test_the_users_word_counts_more_than_the_machine(there, wanted):
    assert bootstrap.torch_kind({"WORKBENCH_TORCH": wanted}, lambda: there) == wanted


def test_a_word_that_is_neither_cpu_nor_cuda_gets_a_sentence(boot, monkeypatch, capsys):
    monkeypatch.setenv("WORKBENCH_TORCH", "gpu")
    assert start(boot, monkeypatch) == (2, None)
    assert_one_sentence_for_the_user(capsys, "WORKBENCH_TORCH is 'gpu'", "cpu or cuda")


@pytest.fixture
def no_driver_file(boot, monkeypatch):
    monkeypatch.setattr(boot.Path, "exists", lambda self: False)


@pytest.mark.usefixtures("no_driver_file")
@pytest.mark.parametrize(
    ("program", "smi", "expected"),
    [
        (None, 0, False),
        ("/usr/bin/nvidia-smi", 0, True),
        ("/usr/bin/nvidia-smi", 9, False),
        ("/usr/bin/nvidia-smi", OSError("exec format error"), False),
        ("/usr/bin/nvidia-smi", subprocess.TimeoutExpired("nvidia-smi", 20), False),
    ],
)
def test_a_gpu_is_there_when_its_driver_answers(boot, machine, monkeypatch, program, smi, expected):
    monkeypatch.setattr(boot.shutil, "which", lambda name: program)
    machine.smi = smi
    assert boot.has_nvidia() is expected


def test_the_kernels_driver_file_is_enough(boot, monkeypatch):
    monkeypatch.setattr(boot.Path, "exists", lambda self: self.as_posix() == "/proc/driver/nvidia/version")
    assert boot.has_nvidia() is True


def test_the_pinned_torch_lies_in_pyprojects_range():
    wanted = next(r for r in map(Requirement, PYPROJECT["dependencies"]) if r.name == "torch")
    assert bootstrap.TORCH.removeprefix("torch==") in wanted.specifier


def test_an_index_that_cannot_be_reached_does_not_answer():
    assert bootstrap.url_answers("https://download.pytorch.org/whl/cpu") is False


def test_an_index_that_answers_nonsense_does_not_answer(monkeypatch):
    def nonsense(*_, **__):
        raise bootstrap.urllib.request.http.client.BadStatusLine("<html>")

    monkeypatch.setattr(bootstrap.urllib.request, "urlopen", nonsense)
    assert bootstrap.url_answers("https://download.pytorch.org/whl/cpu") is False


def test_asking_for_the_other_build_later_is_not_ignored(boot, machine, monkeypatch):
    boot.ensure([])
    machine.commands.clear()
    monkeypatch.setenv("WORKBENCH_TORCH", "cuda")
    boot.ensure([])
    assert machine.installs


# The stamp


def test_a_second_start_installs_nothing(boot, machine):
    boot.ensure([])
    machine.commands.clear()
    assert boot.ensure([]) == boot.python_in(boot.ROOT / ".venv")
    assert machine.commands == []


def test_a_start_with_another_python_in_range_installs_nothing(boot, machine):
    boot.ensure([])
    machine.commands.clear()
    python_is(boot, 3, 12)
    boot.sys.version = "3.12.1 (another one)"
    boot.ensure([])
    assert machine.installs == []


def test_a_changed_pyproject_installs_again_in_the_same_environment(boot, machine):
    boot.ensure([])
    machine.commands.clear()
    (boot.ROOT / "pyproject.toml").write_text("[project]\nversion = '2'\n", "utf-8")
    boot.ensure([])
    assert len(machine.installs) == 2 and machine.environments == []


def test_the_tests_extra_is_added_to_what_is_there(boot, machine):
    boot.ensure([])
    machine.commands.clear()
    boot.ensure(["test"])
    assert any(argument.endswith("[test]") for argument in machine.installs[-1])


def test_an_environment_with_more_will_do_for_less(boot, machine):
    boot.ensure(["test"])
    machine.commands.clear()
    boot.ensure([])
    assert machine.commands == []


def test_a_later_install_keeps_the_extras(boot, machine):
    boot.ensure(["test"])
    (boot.ROOT / "pyproject.toml").write_text("[project]\nversion = '2'\n", "utf-8")
    boot.ensure([])
    assert any(argument.endswith("[test]") for argument in machine.installs[-1])


def test_a_moved_checkout_is_installed_again(boot):
    elsewhere = boot.ROOT.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(boot.ROOT / "pyproject.toml", elsewhere)
    assert boot.stamp([], elsewhere) != boot.stamp([], boot.ROOT)


def test_a_failed_install_is_not_stamped_and_the_next_start_finishes_it(boot, machine, monkeypatch):
    machine.pip = (1, UNPLUGGED)
    assert start(boot, monkeypatch) == (2, None)
    machine.pip = (0, "")
    machine.commands.clear()
    assert start(boot, monkeypatch)[0] == 0
    assert len(machine.installs) == 2 and machine.environments == []


def test_an_environment_without_pip_is_made_anew(boot, machine):
    fake_python(boot.ROOT / ".venv")
    machine.pip_is_there = False
    boot.ensure([])
    assert "--clear" in machine.environments[0]


def test_an_environment_without_an_interpreter_is_made_anew(boot, machine):
    boot.ensure([])
    machine.commands.clear()
    boot.python_in(boot.ROOT / ".venv").unlink()
    boot.ensure([])
    assert len(machine.environments) == 1


def test_an_environment_whose_interpreter_cannot_be_started_is_made_anew(boot, machine, monkeypatch):
    python = boot.python_in(boot.ROOT / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    run = machine.run

    def refuses(command, **options):
        if command[0] == str(python) and not machine.environments:
            raise PermissionError(13, "Permission denied", command[0])
        return run(command, **options)

    machine.run = refuses
    boot.ensure([])
    assert len(machine.environments) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"extras": ["te',
        "{}",
        "[]",
    ],
)
def test_a_spoilt_stamp_is_written_anew(boot, text):
    boot.ensure([])
    stamp = boot.ROOT / ".venv" / "workbench.json"
    good = stamp.read_text("utf-8")
    stamp.write_text(text, "utf-8")
    boot.ensure([])
    assert stamp.read_text("utf-8") == good


@pytest.mark.parametrize("command", ["lab", "test", "pretrain", "models", "datasets", "runs", "doctor"])
def test_workbench_environment_this_skips_all(boot, machine, monkeypatch, command):
    monkeypatch.setenv("WORKBENCH_ENVIRONMENT", "this")
    monkeypatch.setattr(workbench, "bootstrap", boot)
    ran = []
    monkeypatch.setattr(front, "_run", lambda name, rest: ran.append((name, rest)) or 0)
    assert front.main([command, "--more"]) == 0
    assert ran == [(command, ["--more"])] and machine.commands == []


def test_an_installed_wheel_makes_no_environment(boot, machine, monkeypatch):
    (boot.ROOT / "pyproject.toml").unlink()
    monkeypatch.setattr(workbench, "bootstrap", boot)
    monkeypatch.setattr(front, "_run", lambda name, rest: 0)
    assert front.main(["lab"]) == 0 and machine.commands == []


def test_the_first_start_says_what_it_is_doing(boot, capsys):
    boot.ensure([])
    said = capsys.readouterr().out
    assert [line[:5] for line in said.splitlines()] == ["[1/3]", "[2/3]", "[3/3]", "Ready"]
    assert "torch (cpu build)" in said
