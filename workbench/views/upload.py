"""The panel's upload control: files from the learner's own machine become data, as `wb.load(path)` makes them. No training here.

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

from workbench.data import codes, split_files
from workbench.data.endings import PACKED
from workbench.data.read import READERS
from workbench.errors import WorkbenchError
from workbench.training.store import runs_home, write_aside
from workbench.views.controls import problem_html

ENDINGS = tuple(READERS)
LIMIT = 8 * 1024 * 1024  # bytes: what Jupyter's connection takes in one message, with room to spare
WORDS = (
    f"{', '.join(e[1:] for e in ENDINGS)}, or one of them as {', '.join(e[1:] for e in PACKED)}; several at once where they belong together (train and test, or train.en and "
    f"train.fr); of another ending where the lines say what it is; at most {LIMIT // 1024**2} MB. For larger files and folders put the path into the Data field."
)


class Upload:
    """The button, two fields for column names that cannot be guessed, and what came of the last file. How it was read, the tab says."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.button = widgets.FileUpload(description="Upload data", multiple=True, icon="upload", tooltip=f"Choose files of your own: {WORDS}",
                                         layout={"width": "160px"})  # fmt: skip
        wide = {"layout": {"width": "250px"}, "style": {"description_width": "96px"}}
        self.text = widgets.Text(description="Text column", placeholder="guessed", tooltip="The name of the column of texts, if it is not guessed",
                                 continuous_update=False, **wide)  # fmt: skip
        self.label = widgets.Text(description="Label column", placeholder="guessed", tooltip="The name of the column of labels, if it is not guessed",
                                  continuous_update=False, **wide)  # fmt: skip
        self.said = widgets.HTML(f"<span style='opacity:.8'>{html.escape(WORDS)}</span>")
        self.box = widgets.VBox(
            [widgets.Box([self.button, self.text, self.label], layout={"flex_flow": "row wrap"}), self.said]
        )
        self._last: dict[str, bytes] = {}
        self.button.observe(lambda change: self._arrived(), names="value")
        for field in (self.text, self.label):
            field.observe(lambda change: self._again(), names="value")

    def _arrived(self) -> None:
        if self.button.value:
            self.take({str(file["name"]): bytes(file["content"]) for file in self.button.value})

    def _again(self) -> None:
        """The same files once more with other columns."""
        if self._last:
            self.take(self._last)

    def lock(self, locked: bool) -> None:
        """While a run trains its data stay chosen."""
        for widget in (self.button, self.text, self.label):
            widget.disabled = locked

    def take(self, files: dict[str, bytes]) -> None:
        """Keep files, load them as one dataset, choose it in the Data field; a problem is shown, not raised."""
        self._last = files
        columns = {k: v for k, v in (("text", self.text.value.strip()), ("label", self.label.value.strip())) if v}
        try:
            path = kept(files)
            data = self._loaded(path, columns, ", ".join(files))
        except WorkbenchError as error:
            self.said.value = problem_html(error)
            return
        self.panel.take_data(data, str(path) if data.is_named else None)
        counts = ", ".join(f"{len(data[split]):,} {split}" for split in data)
        self.said.value = (
            f"<div role='status'><b>{html.escape(', '.join(files))}</b>: {html.escape(data.task)}, {counts}.</div>"
        )

    @staticmethod
    def _loaded(path: Path, columns: dict[str, Any], name: str) -> Any:
        """The data; what is none is not kept, and an error calls the file what its owner does."""
        import shutil
        import warnings

        from workbench.data import load

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what load mends is in the data's own words
                data = load(path, **columns)
                if path.is_dir():
                    together(path)
                return data
        except WorkbenchError as error:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            called = error.found.replace(f"folder {path.name!r}", "the files chosen").replace(path.name, name)
            words = (called, error.expected, error.try_)
            raise WorkbenchError(*words) from error  # nobody knows the folder that they were put into


def together(folder: Path) -> None:
    """Refuse files of which some were not read with the others: who chose them would believe that they were."""
    if split_files.texts_and_labels(folder, []):  # train_text.txt and train_labels.txt
        return
    files = split_files.of_folder(folder, ENDINGS)
    chosen = {path for path in folder.iterdir() if not path.name.startswith(".")}
    if "train" in files:
        read = {path for some in files.values() for path in some}
    else:
        read = {path for path in chosen if codes.of_file(codes.turned(path))}
    beside = {path for path in chosen if path.suffix.lower() in (".txt", ".json")}  # names of labels, cards, readmes
    if left := sorted(path.name for path in chosen - read - beside if read):
        raise WorkbenchError(f"{', '.join(left)} does not go with {', '.join(sorted(path.name for path in read))}",
                             "files of one dataset: one for each split, as train.csv and test.csv, or one text in two languages, as train.en "
                             "and train.fr", "each by itself, or with the word train, validation or test in its name")  # fmt: skip


def kept(files: dict[str, bytes]) -> Path:
    """The file with these bytes beside the runs, or a folder with several, under names of plain letters; the same bytes have the same
    name again."""
    size = sum(map(len, files.values()))
    if size > LIMIT:
        raise WorkbenchError(f"{size / 1024**2:.1f} MB", f"at most {LIMIT // 1024**2} MB through the browser",
                             "the path in the Data field, or wb.load(path)")  # fmt: skip
    marks = b"".join(
        name.encode() * (len(files) > 1) + hashlib.sha256(content).digest() for name, content in files.items()
    )
    digest, home = hashlib.sha256(marks).hexdigest()[:8], runs_home() / "uploads"
    folder = home / f"files-{digest}"
    if len(files) > 1:
        places = {folder / _plain(name): content for name, content in files.items()}
    else:
        places = {home / _plain(name, f"-{digest}"): content for name, content in files.items()}
    if len(places) < len(files):
        raise WorkbenchError(
            "files with the same name", "a name of its own for each", "renaming them, as train.csv and test.csv"
        )
    try:
        for path, content in places.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, content)
    except OSError as error:
        raise WorkbenchError(f"the file could not be kept: {error.strerror or error}", "a folder that can be written to",
                             "its path in the Data field") from error  # fmt: skip
    return folder if len(files) > 1 else next(iter(places))


def _plain(name: str, mark: str = "") -> str:
    """A name of plain letters with `mark` behind it and the ending as it was, of mine.csv.gz both endings.

    >>> _plain("../my texts.csv.gz", "-1a"), _plain("train.zho_Hans")
    ('my-texts-1a.csv.gz', 'train.zho_Hans')
    """
    path = Path(name.replace("\\", "/"))
    stem, ending = path.stem, path.suffix
    if ending.lower() in (".gz", ".zip") and Path(stem).suffix.lower() in (*ENDINGS, ".tar"):
        stem, ending = Path(stem).stem, Path(stem).suffix + ending
    letters = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:40] or "data"
    return f"{letters}{mark}{re.sub(r'[^A-Za-z0-9_.-]+', '', ending)}"
