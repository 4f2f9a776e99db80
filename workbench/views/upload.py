"""The panel's upload control: a file from the learner's own machine becomes data, as `wb.load(path)` makes it. No training here.

What arrives is bytes from outside: they are written to a file of their own beside the runs and read by the same readers as any
other file; nothing in them is executed or unpickled. What is wrong with them is said in sentences with row numbers.
"""

from __future__ import annotations

import hashlib
import html
import re
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.training.store import runs_home, write_aside
from workbench.views.controls import problem_html

ENDINGS = (".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".txt", ".conll")
LIMIT = 8 * 1024 * 1024  # bytes: what Jupyter's connection takes in one message, with room to spare
WORDS = f"{', '.join(e[1:] for e in ENDINGS)}; at most {LIMIT // 1024**2} MB. For larger files put the path into the Data field."


class Upload:
    """The button, two fields for column names that cannot be guessed, and what came of the last file. How it was read, the tab says."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.button = widgets.FileUpload(description="Upload data", accept=",".join(ENDINGS), multiple=False, icon="upload",
                                         tooltip=f"Choose a file of your own: {WORDS}", layout={"width": "160px"})  # fmt: skip
        wide = {"layout": {"width": "250px"}, "style": {"description_width": "96px"}}
        self.text = widgets.Text(description="Text column", placeholder="guessed", tooltip="The name of the column of texts, if it is not guessed",
                                 continuous_update=False, **wide)  # fmt: skip
        self.label = widgets.Text(description="Label column", placeholder="guessed", tooltip="The name of the column of labels, if it is not guessed",
                                  continuous_update=False, **wide)  # fmt: skip
        self.said = widgets.HTML(f"<span style='color:#444'>{html.escape(WORDS)}</span>")
        self.box = widgets.VBox(
            [widgets.Box([self.button, self.text, self.label], layout={"flex_flow": "row wrap"}), self.said]
        )
        self._last: tuple[str, bytes] | None = None
        self.button.observe(lambda change: self._arrived(), names="value")
        for field in (self.text, self.label):
            field.observe(lambda change: self._again(), names="value")

    def _arrived(self) -> None:
        if self.button.value:
            file = self.button.value[0]
            self.take(str(file["name"]), bytes(file["content"]))

    def _again(self) -> None:
        """The same file once more with other columns."""
        if self._last is not None:
            self.take(*self._last)

    def take(self, name: str, content: bytes) -> None:
        """Keep a file, load it, choose it in the Data field; a problem is shown, not raised."""
        self._last = (name, content)
        columns = {k: v for k, v in (("text", self.text.value.strip()), ("label", self.label.value.strip())) if v}
        try:
            path = kept(name, content)
            data = self._loaded(path, columns)
        except WorkbenchError as error:
            self.said.value = problem_html(error)
            return
        self.panel.take_data(data, str(path) if data.is_named else None)
        counts = ", ".join(f"{len(data[split]):,} {split}" for split in data)
        self.said.value = f"<div role='status'><b>{html.escape(name)}</b>: {html.escape(data.task)}, {counts}.</div>"

    @staticmethod
    def _loaded(path: Path, columns: dict[str, Any]) -> Any:
        """The data; a file that is none is not kept."""
        import warnings

        from workbench.data import load

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what load mends is in the data's own words
                return load(path, **columns)
        except WorkbenchError:
            path.unlink(missing_ok=True)
            raise


def kept(name: str, content: bytes) -> Path:
    """The file with these bytes beside the runs, under a name of plain letters; the same bytes have the same name again."""
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise WorkbenchError(f"a file ending in {ending[:12]!r}", f"one of {', '.join(ENDINGS)}", "saving it as csv")
    if len(content) > LIMIT:
        raise WorkbenchError(f"a file of {len(content) / 1024**2:.1f} MB", f"at most {LIMIT // 1024**2} MB through the browser",
                             "its path in the Data field, or wb.load(path)")  # fmt: skip
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name.replace("\\", "/")).stem).strip("-")[:40] or "data"
    path = runs_home() / "uploads" / f"{plain}-{hashlib.sha256(content).hexdigest()[:8]}{ending}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, content)
    except OSError as error:
        raise WorkbenchError(f"the file could not be kept: {error.strerror or error}", "a folder that can be written to",
                             "its path in the Data field") from error  # fmt: skip
    return path
