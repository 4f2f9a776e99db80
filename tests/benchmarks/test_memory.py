"""Peak memory of every lesson's kernel against the table in README.md, which counts what it starts as well: `python3 -m workbench test -m benchmark tests/benchmarks/test_memory.py -s`.

With WORKBENCH_SECONDS=8 each training is cut off after eight seconds, which a peak does not mind: steps, evaluations and
writing are the same from the first on. Numbers are written to artifacts/benchmarks.json.
"""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
ROOT = Path(__file__).resolve().parents[2]
PEAK = "print('PEAK', next(x for x in open('/proc/self/status') if x.startswith('VmHWM')).split()[1])"
ROWS = re.findall(
    r"^\| \[(\d\d) .*\(notebooks/(.*?)\).*\| ([\d.]+ GB|–) \|$", (ROOT / "README.md").read_text("utf-8"), re.M
)


@pytest.mark.parametrize(("number", "notebook", "written"), ROWS, ids=[row[0] for row in ROWS])
def test_a_lesson_needs_no_more_than_the_readme_says(number, notebook, written, home, tmp_path):
    lesson = nbformat.read(ROOT / "notebooks" / notebook, 4)
    lesson.cells.append(nbformat.v4.new_code_cell(PEAK))
    NotebookClient(lesson, timeout=900, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    peak = int(lesson.cells[-1].outputs[0]["text"].split()[1]) * 1024 / 1e9
    path = ROOT / "artifacts" / "benchmarks.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, f"lesson_{number}_gb": round(peak, 2)}, indent=1))
    print(f"\nlesson {number}: {peak:.2f} GB")
    assert written == "–" or peak - float(written.split()[0]) < 0.16
