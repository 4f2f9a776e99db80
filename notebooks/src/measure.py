"""Run a notebook whole, as Run All does, and say how long it took and how much memory: for `build.py --measure`.

The network is off, as in the tests, so that no download is measured. Memory is the kernel's, with what the processes that it
starts do not share. On Linux the kernel's own peak is what the system has noted, and exact; elsewhere, as for the other
processes, it is the highest of four samples a second.
"""

import math
import os
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from workbench import lab

ROOT = Path(__file__).resolve().parents[2]
FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError)
EVERY = 0.25  # seconds between two looks at the memory


def run(text: str, name: str) -> dict:
    """Seconds from the start of the first cell to the end of the last, and the peak in megabytes, of a notebook."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder, name).write_text(text, "utf-8")
        meter = Meter(nbformat.reads(text, 4), folder)
        meter.client.execute(env=environment(folder))
    seconds, peak = meter.ended - meter.began, max(meter.noted, meter.seen)
    return {"seconds": math.ceil(seconds), "megabytes": math.ceil(peak / 1e6)}


def environment(folder: str) -> dict:
    """A learner's, but for runs in a folder of their own, no network, and this checkout's workbench."""
    paths = [str(ROOT / "tests" / "offline"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    ours = {"WORKBENCH_HOME": str(Path(folder, "home")), "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}  # fmt: skip
    return {name: value for name, value in os.environ.items() if name != "WORKBENCH_SECONDS"} | lab.ENVIRON | ours


def cores() -> int:
    """How many cores a kernel may use here: those given to this process, or fewer where OMP_NUM_THREADS says so."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(given, int(os.environ.get("OMP_NUM_THREADS") or given))


class Meter:
    """Goes along with one execution of a notebook: when it began and ended, and the peaks that were noted and seen, in bytes."""

    def __init__(self, notebook: nbformat.NotebookNode, folder: str) -> None:
        self.began = self.ended = 0.0
        self.noted = self.seen = 0
        self.client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}},
                                     on_cell_execute=self._starts, on_cell_executed=self._ends)  # fmt: skip

    def _starts(self, **_: object) -> None:
        if not self.began:
            self.began = time.perf_counter()
            self.kernel = psutil.Process(self.client.km.provisioner.pid)
            threading.Thread(target=self._watch, daemon=True).start()

    def _ends(self, **_: object) -> None:
        self.ended = time.perf_counter()
        self.noted = noted_peak(self.kernel.pid)

    def _watch(self) -> None:
        """Until the kernel is gone."""
        while (now := memory(self.kernel)) is not None:
            self.seen = max(self.seen, now)
            time.sleep(EVERY)


def memory(kernel: psutil.Process) -> int | None:
    """Bytes that a process and its children hold now, what they share counted once; None when it has ended."""
    try:
        return kernel.memory_info().rss + sum(_own(child) for child in kernel.children(recursive=True))
    except psutil.NoSuchProcess:
        return None


def _own(child: psutil.Process) -> int:
    try:
        return child.memory_full_info().uss
    except psutil.Error:  # it has ended in between
        return 0


def noted_peak(pid: int) -> int:
    """The most that a process has ever held, in bytes, which only Linux tells of another process; 0 elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
