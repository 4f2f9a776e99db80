"""One server and one browser for all browser tests; a fresh page and no kernels for each."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from lab import Page, Server, browser_of, sync_playwright
from tiny import tiny_bert


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("lab"))
    tiny_bert(made.folder / "tiny-bert")
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
