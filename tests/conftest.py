"""For all tests: no network beyond this machine (child processes included), run folders in a temporary place, two threads."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Every Python started from here on finds tests/offline/sitecustomize.py, which blocks sockets: kernels and scripts too.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(HERE / "offline"), str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
)
sys.path.insert(0, str(HERE / "offline"))

import pytest  # noqa: E402  (after the environment is set)
import sitecustomize  # noqa: E402

sitecustomize.block()
collect_ignore = [
    "pretend.py"
]  # its GPU can be registered once: by the tests that import it, not for its doctests as well
pytest.register_assert_rewrite("fakes")  # it holds tests that several lessons share


def pytest_collection_finish():
    """Test modules load torch before the engine does, which then leaves it to others to set it aside."""
    if "torch" in sys.modules:
        from workbench.training import engine

        engine.load()
        engine.set_aside()


@pytest.fixture(autouse=True, scope="module")
def earlier_files_cost_nothing():
    """What the tests of earlier files have left behind is looked through by no full collection any more, of which every training
    makes two: they took a third of all tests' time."""
    yield
    if "torch" in sys.modules:
        from workbench.training import engine

        engine.set_aside()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Each test has its own runs folder."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
