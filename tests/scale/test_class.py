"""A class shares one folder of package, models and data that nobody may write to; what a learner makes goes to WORKBENCH_HOME."""

import ctypes
import json
import os
import shutil
import subprocess
import sys

import pytest

from workbench import bootstrap

pytestmark = pytest.mark.slow

LEARNER = """
import json, pathlib, sys
import workbench as wb
shared = pathlib.Path(wb.__file__).parents[1]
for folder in (shared, shared / "data" / "models", pathlib.Path.cwd()):
    try:
        (folder / "mine").write_text("x")
        sys.exit(f"{folder} can be written")
    except PermissionError:
        pass
small = dict(train_examples=16, epochs=1, evaluations=1)
named = wb.fit("headlines", model="bert-tiny", **small).join()
path = wb.fit("headlines", model=str(shared / "data" / "models" / "bert-tiny"), **small).join()
named.model_folder()
found = wb.search("headlines", {"learning_rate": (1e-4, 1e-2)}, trials=1, model="bert-tiny", **small).join()
ended = [named.status, path.status, found.best.status]
judged = wb.exercise("00.3").check(None).state
print(json.dumps({"ended": ended, "folders": [str(r.folder) for r in (named, path)], "search": found.where,
                  "notes": named.notes + path.notes, "judged": judged}))
"""


def without_roots_right():
    """Root may write anywhere, so that right is given up; for anybody else this changes nothing."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="gives up root's rights as Linux does")
def test_a_read_only_checkout_and_data_serve_a_learner_with_a_home(tmp_path):
    shared, learner = tmp_path / "shared", tmp_path / "learner"
    shutil.copytree(bootstrap.ROOT / "workbench", shared / "workbench", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("models/bert-tiny", "datasets/headlines"):
        shutil.copytree(bootstrap.ROOT / "data" / part, shared / "data" / part)
    shutil.copy(bootstrap.ROOT / "pyproject.toml", shared)
    learner.mkdir()
    for path in [shared, *shared.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    environ = {**os.environ, "WORKBENCH_HOME": str(learner), "HOME": str(learner), "WORKBENCH_ENVIRONMENT": "this",
               "PYTHONPATH": os.pathsep.join([str(shared), str(bootstrap.ROOT / "tests" / "offline")])}  # fmt: skip
    try:
        done = subprocess.run([sys.executable, "-c", LEARNER], env=environ, cwd=shared, capture_output=True, text=True, timeout=200,
                              preexec_fn=without_roots_right)  # fmt: skip
    finally:
        for path in [shared, *shared.rglob("*")]:
            path.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (
        said["ended"] == ["finished"] * 3
        and said["judged"] == "not attempted"
        and not [n for n in said["notes"] if "memory" in n]
    )
    assert all(folder.startswith(str(learner / "runs")) for folder in [*said["folders"], said["search"]])
    assert not list(shared.rglob("*.pyc")) and not list(shared.rglob("runs"))
