"""A pretraining watched from a notebook through the files of its work folder: `await wb.follow(".pretrain/bert-mini")`. Nothing is trained here.

The command writes a line into `curve.jsonl` at every measurement; the picture is drawn anew when there is one more.
"""

from __future__ import annotations

import asyncio
import html
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.views.once import Once

CURVE, LOOK = "curve.jsonl", 1.0  # the file, and seconds between two looks at it
COLUMNS = ["step", "tokens", "train_loss", "valid_loss", "valid_accuracy", "seconds"]


class Pretraining(Once):
    """One work folder of `python -m workbench pretrain`. It ends at the last planned step; an interrupt ends the watching alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def frame(self) -> pd.DataFrame:
        """One row per measurement: step, tokens, train_loss, valid_loss, valid_accuracy (0 to 1), seconds."""
        lines = (self.folder / CURVE).read_text("utf-8").splitlines(keepends=True)
        rows = [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be on its way
        return pd.DataFrame(rows, columns=COLUMNS).astype(float)

    @property
    def planned(self) -> int | None:
        """Steps of the whole run; None before there is a checkpoint."""
        for place in ("checkpoint", "checkpoint-old"):
            try:
                plan = json.loads((self.folder / place / "state.json").read_text("utf-8"))["plan"]
                return int(plan["tokens"]) // int(plan["batch"])
            except (OSError, ValueError, KeyError):
                continue
        return None

    def _look(self) -> tuple[pd.DataFrame, int | None]:
        """The measurements and the planned steps as they stand: all that is said of one moment is said of one reading."""
        return self.frame(), self.planned

    @property
    def done(self) -> bool:
        return _ended(*self._look())

    def __str__(self) -> str:
        return self._words(*self._look())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._page(*self._look())

    def figure(self) -> Any:
        """Both losses above, what is guessed right below."""
        return _drawing(*self._look())

    def _words(self, frame: pd.DataFrame, planned: int | None) -> str:
        if frame.empty:
            return f"pretraining in {self.folder}: nothing measured yet"
        last = frame.iloc[-1]
        of = f" of {planned:,}" if planned else ""
        return (f"pretraining in {self.folder}: step {int(last['step']):,}{of}, {last['tokens'] / 1e6:.1f} M tokens, validation loss "
                f"{last['valid_loss']:.3f} (at the start {frame['valid_loss'].iloc[0]:.3f}), {last['valid_accuracy']:.1%} guessed right")  # fmt: skip

    def _page(self, frame: pd.DataFrame, planned: int | None) -> str:
        from workbench.views.tables import image_html

        words = self._words(frame, planned)
        alt = f"Line chart of a pretraining. {words}"
        picture = "" if frame.empty else image_html(_drawing(frame, planned), alt, 760)
        return f"{picture}<p>{html.escape(words)}.</p>"

    def __await__(self) -> Generator[Any, None, Pretraining]:
        return self.watch().__await__()

    async def watch(self) -> Pretraining:
        """Draw until the last step is there, or until the cell is interrupted."""
        from IPython.display import HTML, display

        frame, planned = self._look()
        handle = display(HTML(self._page(frame, planned)), display_id=True)
        try:
            while not _ended(frame, planned):
                await asyncio.sleep(LOOK)
                seen, (frame, planned) = len(frame), self._look()
                if len(frame) != seen:
                    handle.update(HTML(self._page(frame, planned)))
        except asyncio.CancelledError:
            pass
        self._drawn()
        return self

    def join(self) -> Pretraining:
        """Wait in a plain script; Ctrl-C ends the waiting alone."""
        try:
            while not self.done:
                time.sleep(LOOK)
        except KeyboardInterrupt:
            pass
        return self


def _ended(frame: pd.DataFrame, planned: int | None) -> bool:
    return bool(planned and len(frame) and frame["step"].iloc[-1] >= planned)


def _drawing(frame: pd.DataFrame, planned: int | None) -> Any:
    from workbench.views import figures as fig

    figure, above, below = fig.two_axes()
    fig.loss_curves(frame, above, planned=planned, unit="guess")
    fig.metric_curve(frame.rename(columns={"valid_accuracy": "accuracy"}), below, planned=planned)
    return figure


def found(place: Any) -> Pretraining | None:
    """The pretraining in a folder; None where it is none."""
    try:
        folder = Path(str(place)).expanduser()
        return Pretraining(folder) if (folder / CURVE).is_file() else None
    except (OSError, RuntimeError, ValueError):  # a name that cannot be a path
        return None
