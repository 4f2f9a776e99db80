"""The pack in earnest: it installs into an empty environment with no index, and lesson 00 runs there with sockets blocked.

The lesson's trainings are cut off after some seconds, as in the routine check: what its curves say is tested elsewhere.

Making it needs a package index, so the one that lies at WORKBENCH_PACK is used where that is set:
`WORKBENCH_PACK=pack.tar.gz python3 -m workbench test tests/notebooks/test_outcomes_pack.py -m outcomes`.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from workbench import bootstrap

pytestmark = [pytest.mark.outcomes, pytest.mark.slow, pytest.mark.timeout(1500)]

LESSON = """
import sys, nbformat, workbench
from nbclient import NotebookClient
assert "site-packages" in workbench.__file__, workbench.__file__
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
outputs = [str(cell.get("outputs")) for cell in notebook.cells]
print(*(sum(words in text for text in outputs) for words in ('alt="Line chart', "Not attempted", "Which rule says so", "Traceback")))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    if there := os.environ.get("WORKBENCH_PACK"):
        return Path(there)
    made = tmp_path_factory.mktemp("made") / "pack.tar.gz"
    environ = {
        **os.environ,
        "PYTHONPATH": str(bootstrap.ROOT),
        "WORKBENCH_ENVIRONMENT": "this",
    }  # this step alone may leave the machine
    subprocess.run([sys.executable, "-m", "workbench", "pack", str(made)], env=environ, check=True, cwd=bootstrap.ROOT)
    return made


def test_it_installs_with_no_index_and_lesson_00_runs(archive, tmp_path):
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    folder = tmp_path / "finetuning-workbench"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull,
               "PYTHONPATH": str(bootstrap.ROOT / "tests" / "offline"), "OMP_NUM_THREADS": "1",
               "WORKBENCH_HOME": str(tmp_path / "home"), "WORKBENCH_SECONDS": "8"}  # fmt: skip
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}")
    done = subprocess.run([base, folder / "install.py"], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    python = folder / ".venv" / "bin" / "python"
    lesson = folder / "lessons" / "00-start-here.ipynb"
    done = subprocess.run([python, "-c", LESSON, lesson], env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pictures, asked, verdicts, broken = map(int, done.stdout.split())
    assert pictures >= 2 and asked >= 3 and verdicts >= 1 and broken == 0
    assert list((tmp_path / "home" / "runs").glob("*/best"))
