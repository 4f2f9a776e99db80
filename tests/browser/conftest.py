"""One server and one browser for all browser tests of a process; a fresh page and no kernels for each."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from lab import Page, Server, browser_of, sync_playwright


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    # Elsewhere: torch would stay in this process, and two of them with a kernel and a browser each share the memory.
    words = ["-c", "import sys, tiny; tiny.tiny_bert(sys.argv[1])", str(folder / "tiny-bert")]
    model = subprocess.Popen([sys.executable, *words])
    made = Server(folder)
    assert model.wait() == 0
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as play:
        made = browser_of(play)
        yield made
        made.close()


@pytest.fixture
def page(server, browser, request):
    made = Page(server, browser)
    yield made
    made.shot(f"end-{request.node.name.removeprefix('test_')}")
    errors = made.errors
    made.close()
    server.kernels_off()
    assert errors == [], "the browser's console shows errors"
