"""What Binder reads agrees with pyproject.toml, and its scripts can be run."""

import os
import re
import stat
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workbench import bootstrap, lab

BINDER = bootstrap.ROOT / "binder"
PROJECT = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = [line.split("#")[0].strip() for line in (BINDER / "requirements.txt").read_text("utf-8").splitlines()]
OPTIONS = [line for line in LINES if line.startswith("-")]
REQUIREMENTS = [Requirement(line) for line in LINES if line and not line.startswith("-")]
PINS = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in REQUIREMENTS}
NEEDED = {canonicalize_name(r.name): r.specifier for r in map(Requirement, PROJECT["dependencies"])}
EXTRA = {canonicalize_name(r.name): r.specifier for r in map(Requirement, PROJECT["optional-dependencies"]["test"])}
NAMED_BY_BOTH = sorted({**EXTRA, **NEEDED}.keys() & PINS.keys())


def test_every_line_is_one_exact_pin():
    assert REQUIREMENTS and all([s.operator for s in r.specifier] == ["=="] for r in REQUIREMENTS)
    assert not any("*" in version for version in PINS.values())


def test_nothing_is_pinned_twice():
    assert len(PINS) == len(REQUIREMENTS)


@pytest.mark.parametrize("name", NEEDED)
def test_everything_that_pyproject_needs_is_pinned(name):
    assert name in PINS


@pytest.mark.parametrize("name", NAMED_BY_BOTH)
def test_the_pin_lies_in_pyprojects_range(name):
    assert {**EXTRA, **NEEDED}[name].contains(PINS[name], prereleases=False)


def test_torch_is_the_cpu_build_of_the_pinned_version():
    assert f"torch=={PINS['torch']}" == f"{bootstrap.TORCH}+cpu"


def test_the_index_that_serves_this_build_is_named():
    (option,) = OPTIONS
    assert option == f"--extra-index-url {bootstrap.CPU_INDEX}"


def test_no_cuda_package_comes_along():
    assert not [name for name in PINS if name.startswith(bootstrap.CUDA_WORDS)]


def test_python_is_311():
    assert (BINDER / "runtime.txt").read_text("utf-8").strip() == "python-3.11"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_are_executable_with_a_shebang(name):
    assert (BINDER / name).stat().st_mode & stat.S_IXUSR
    assert (BINDER / name).read_bytes().startswith(b"#!/usr/bin/env bash\n")


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_bash_can_parse_the_scripts(name):
    assert subprocess.run(["bash", "-n", str(BINDER / name)]).returncode == 0


def test_start_ends_by_becoming_the_server():
    assert (BINDER / "start").read_text("utf-8").splitlines()[-1] == 'exec "$@"'


def test_start_hands_its_arguments_on_and_skips_the_bootstrap(tmp_path):
    environ = {name: value for name, value in os.environ.items() if name != "WORKBENCH_ENVIRONMENT"}
    command = ["bash", str(BINDER / "start"), "bash", "-c", 'echo "$WORKBENCH_ENVIRONMENT,$1,$2"', "-", "a b", "c"]
    assert subprocess.run(command, env=environ, capture_output=True, text=True).stdout == "this,a b,c\n"


def test_start_gives_kernels_what_the_lab_command_gives_them():
    environ = {name: value for name, value in os.environ.items() if name not in lab.ENVIRON}
    told = subprocess.run(["bash", str(BINDER / "start"), "env"], env=environ, capture_output=True, text=True).stdout
    assert {f"{name}={value}" for name, value in lab.ENVIRON.items()} <= set(told.splitlines())


def test_every_module_that_post_build_names_is_there():
    names = re.findall(r"workbench(?:\.\w+)+", (BINDER / "postBuild").read_text("utf-8"))
    assert names and all((bootstrap.ROOT / name.replace(".", "/")).with_suffix(".py").is_file() for name in names)
