"""What draws itself while it is awaited is not drawn a second time as the last line of the same cell. Nothing is drawn here."""

from __future__ import annotations


class Once:
    """A base of what `await` shows and returns. `_drawn()` says that it has just been shown in this cell; later cells show it as
    they show anything."""

    _drawn_in: int | None = None

    def _drawn(self) -> None:
        self._drawn_in = _cell()

    def _repr_html_(self) -> str:
        return ""

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from workbench.views import in_notebook

        if not in_notebook():
            print(repr(self))
        elif self._drawn_in is None or self._drawn_in != _cell():
            display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)
        self._drawn_in = None


def _cell() -> int | None:
    """The number of the cell that is running; None outside IPython."""
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)
