"""What draws itself while it is awaited, or when it is called, is not drawn a second time as the last line of the same cell."""

from __future__ import annotations

from typing import Any


class Once:
    """A base of what `await` shows and returns. `_drawn()` says that it has just been shown in this cell; later cells show it as
    they show anything."""

    _drawn_in: int | None = None

    def _drawn(self) -> None:
        self._drawn_in = _cell()

    def _repr_html_(self) -> str:
        return ""

    def _again(self) -> None:
        """Show it in a cell that has not shown it."""
        from IPython.display import display

        display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)

    def _ipython_display_(self) -> None:
        from workbench.views import in_notebook

        if not in_notebook():
            print(repr(self))
        elif self._drawn_in is None or self._drawn_in != _cell():
            self._again()
        self._drawn_in = None


class ShownBox(Once):
    """A base of what shows its widgets when it is called and returns itself: its name in a later cell shows the same widgets there."""

    box: Any

    def _again(self) -> None:
        from workbench.views import labels

        labels.show(self.box, repr(self))


def _cell() -> int | None:
    """The number of the cell that is running; None outside IPython."""
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)
