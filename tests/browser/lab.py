"""A real JupyterLab on a free port and Chromium in front of it, for tests. Screenshots go to artifacts/, outside git."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from workbench.scale import launch

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
ELSEWHERE = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
             r"C:\Program Files\Google\Chrome\Application\chrome.exe", r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe")  # fmt: skip
TOKEN = "only-for-this-test"
# Nothing is measured here: a condition that holds in a second may take a minute where other work has the machine.
PATIENCE = 4
# Messages of JupyterLab and Chromium that say nothing about the workbench.
NOT_OURS = ("favicon", "workspaces", "ResizeObserver", "Download the React DevTools", "/lsp/", "api/lsp")


def chromium() -> str:
    """The browser of the system; Chrome and Edge are Chromium too."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", *ELSEWHERE))), None)
    assert found, "Chromium is needed for these tests: apt install chromium, or Chrome"
    return found


class Server:
    """JupyterLab started by the workbench's own command on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environ = {**os.environ, "WORKBENCH_HOME": str(folder), "WORKBENCH_ENVIRONMENT": "this", "HOME": str(folder / "home"),
                   "JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(folder / "home" / "ipython")}  # fmt: skip
        (folder / "home").mkdir()
        command = [sys.executable, "-m", "workbench", "lab", "--no-browser", f"--port={self.port}", "--ServerApp.port_retries=0",
                   f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={TOKEN}"]  # fmt: skip
        self.log = (folder / "lab.log").open("wb")
        self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)  # fmt: skip
        self.wait()

    def wait(self) -> None:
        end = time.monotonic() + PATIENCE * 120
        while True:
            try:
                return self.api("status")
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (self.folder / "lab.log").read_text()
                time.sleep(0.2)

    def api(self, path: str, method: str = "GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/{path}", method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        with urllib.request.urlopen(request, timeout=PATIENCE * 20) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def has_kernel(self) -> bool:
        """Whether a page is connected to a kernel that has started. The server answers with an error while one is on its way out."""
        try:
            return any(k["execution_state"] != "starting" and k["connections"] for k in self.api("kernels"))
        except OSError:
            return False

    def kernels_off(self) -> None:
        """Shut every kernel down."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells and return its name."""
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, self.folder / name)
        return name

    def close(self) -> None:
        if os.name == "nt":
            launch._end_each(self.process.pid)
        else:
            import signal

            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE * 30)
        self.log.close()


class Page:
    """One browser page with a notebook in it, and what a learner does there."""

    def __init__(self, server: Server, browser) -> None:
        self.server, self.context = server, browser.new_context(viewport={"width": 1400, "height": 1000})
        self.context.set_default_timeout(PATIENCE * 30_000)  # of a click on what is not there yet
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda e: self.errors.append(f"uncaught: {e}"))

    def _heard(self, message) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(word in text for word in NOT_OURS):
            self.errors.append(text)

    def open(self, name: str) -> "Page":
        self.page.goto(f"http://127.0.0.1:{self.server.port}/lab/tree/{name}?reset&token={TOKEN}")
        self.ready()
        return self

    def ready(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait(self.server.has_kernel, 120, "a kernel that answers: the page says idle before there is one")
        self.idle()

    def idle(self, seconds: float = 120) -> None:
        """Wait until the kernel has nothing to do."""
        idle = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
        self.page.wait_for_selector(idle, timeout=PATIENCE * seconds * 1000)

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def cell(self, number: int):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def run(self, number: int) -> None:
        """Run one cell as a learner does: click into it, Shift + Enter; again where the kernel was not there yet."""
        for _ in range(5):
            before = self.cell(number).locator(".jp-InputPrompt").inner_text()
            self.cell(number).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Shift+Enter")
            if self._accepted(number, before):
                return
        raise AssertionError(f"cell {number} does not run")

    def _accepted(self, number: int, before: str) -> bool:
        """Whether a cell got its number, or is still at work after three seconds: JupyterLab takes a star back where the kernel
        was not connected, and the cell has not run."""
        prompt, began = self.cell(number).locator(".jp-InputPrompt"), 0.0
        end = time.monotonic() + 6
        while time.monotonic() < end:
            self.page.wait_for_timeout(50)
            now = prompt.inner_text()
            if "*" in now:
                began = began or time.monotonic()
                if time.monotonic() - began > 3:
                    return True
            elif now != before and now != "[ ]:":
                return True
            elif began:
                return False
        return False

    def output(self, number: int) -> str:
        return self.cell(number).locator(".jp-OutputArea").inner_text()

    def run_all(self) -> None:
        for _ in range(5):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            if self._accepted(0, "[ ]:"):
                return
        raise AssertionError("Run All does nothing")

    def saved(self, name: str, text: str) -> int:
        """How often a text stands in the cells of a notebook on disk; 0 while JupyterLab is still writing it."""
        try:
            return json.dumps(nbformat.read(self.server.folder / name, 4).cells).count(text)
        except nbformat.reader.NotJSONError:
            return 0

    def button(self, name: str, which: int = 0):
        return self.page.locator(".jupyter-widgets.jupyter-button", has_text=name).nth(which)

    def fold(self, title: str):
        """The button that opens and closes a part of the panel."""
        return self.page.locator("button.wb-fold", has_text=title)

    def wait(self, condition, seconds: float = 90, what: str = "") -> None:
        """Wait until a Python condition about the page holds: some seconds on a machine of its own, more on a busy one."""
        end = time.monotonic() + PATIENCE * seconds
        while not condition():
            assert time.monotonic() < end, f"waited too long{': ' + what if what else ''}"
            self.page.wait_for_timeout(50)

    def status(self) -> str:
        found = self.page.locator('[role="status"] b')
        return found.first.inner_text() if found.count() else ""

    def picture(self):
        return self.page.locator("img.widget-image:visible").first

    def trained(self, seconds: float = 120) -> None:
        """Wait until the live picture shows evaluations."""
        words = self.page.locator('[role="status"]').first
        self.wait(lambda: words.count() and "validation loss" in words.inner_text(), seconds, "first evaluation")

    def shot(self, name: str) -> None:
        (ROOT / "artifacts").mkdir(exist_ok=True)
        self.page.screenshot(path=ROOT / "artifacts" / f"{name}.png")

    def close(self) -> None:
        self.context.close()


def browser_of(play):
    """Chromium without a screen and without talk to the outside."""
    return play.chromium.launch(executable_path=chromium(), args=FLAGS)


__all__ = ["ROOT", "Page", "Server", "browser_of", "sync_playwright"]
