"""The row of tabs beneath a panel, and who is told that a tab was opened. What stands in a tab has a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

# ipywidgets shrinks tabs until their titles are cut, and writes those of closed ones in a grey that is faint on a dark page
STYLE = (
    ".wb-tabs>.lm-TabBar>.lm-TabBar-content{flex-wrap:wrap}"
    ".wb-tabs.jupyter-widget-tab>.lm-TabBar .lm-TabBar-tab{flex:0 0 auto;color:var(--jp-ui-font-color1)}"
)


def tabs(named: Mapping[str, Any]) -> widgets.Tab:
    """Tabs by their titles. Each has a `box`, and `open()`, which is called when it is opened; where it has `visible`, because it
    draws by itself while it is seen, that is False as long as another is open."""
    inside = list(named.values())

    def opened(index: int | None) -> None:
        for tab in inside:
            if hasattr(tab, "visible"):
                tab.visible = False
        if index is not None:
            inside[index].open()

    row = widgets.Tab(children=[tab.box for tab in inside], titles=tuple(named))
    row.observe(lambda change: opened(change["new"]), names="selected_index")
    row.add_class("wb-tabs")
    return row
