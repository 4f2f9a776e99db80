"""Names for what ipywidgets leaves nameless: slider handles and the live picture. A style for hidden text and one script.

ipywidgets 8.1 puts no label on the handle of a slider (role=slider) and offers no alt text for an Image. The script copies the
words that stand beside them: a slider's label and read-out, and the hidden description beneath a picture; and it says of a fold whether it is open. It also keeps the arrow
keys in a list from moving the notebook's cells, which is what JupyterLab does with them. With it comes the script of `focus`. It runs where the cell was run; a
notebook that is opened untrusted drops it, and then shows static pictures with their own alt text.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from workbench.views import focus

SCRIPT = (
    """<style>button.wb-fold{text-align:left}</style><script>(() => {
  if (window.workbenchLabels) return;
  const name = () => {
    document.querySelectorAll('.widget-slider').forEach(w => {
      const label = w.querySelector('label'), out = w.querySelector('.widget-readout'), handle = w.querySelector('[role=slider]');
      if (label && handle) handle.setAttribute('aria-label', label.textContent);
      if (out && handle) handle.setAttribute('aria-valuetext', out.textContent);
    });
    document.querySelectorAll('.wb-rate').forEach(w => {
      const field = w.querySelector('input'), handle = w.querySelector('[role=slider]');
      if (field && handle) { field.setAttribute('aria-label', field.title); handle.setAttribute('aria-valuetext', field.value); }
    });
    document.querySelectorAll('.jupyter-widgets select').forEach(list => list.setAttribute('data-lm-suppress-shortcuts', 'true'));
    document.querySelectorAll('button.wb-fold').forEach(b => b.setAttribute('aria-expanded', String(b.classList.contains('mod-active'))));
    document.querySelectorAll('.wb-picture').forEach(w => {
      const words = w.querySelector('.wb-alt'), image = w.querySelector('img');
      if (words && image && image.alt !== words.textContent) image.alt = words.textContent;
    });
  };
  window.workbenchLabels = setInterval(name, 500);
})()</script>"""
    + focus.SCRIPT
)


def show(box: widgets.Widget, words: str, **how: Any) -> Any:
    """Display a widget; `words` stand in its place where no kernel keeps it alive (instead of its Python form)."""
    bundle = dict(box._repr_mimebundle_(include=None, exclude=None))
    return display({**bundle, "text/plain": words}, raw=True, **how)


HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"


class Picture:
    """An Image widget with a description in words; `box` is what to display."""

    def __init__(self) -> None:
        self.image = widgets.Image(
            format="png", layout={"width": "760px", "max_width": "calc(100% - 4px)", "display": "none"}
        )
        self.words = widgets.HTML()
        self.box = widgets.VBox([self.image, self.words], layout={"overflow": "visible"})
        self.box.add_class("wb-picture")

    def show(self, picture: bytes, alt: str | None = None) -> None:
        """New bytes, PNG or JPEG, and a new description where there is one."""
        with self.image.hold_sync():
            self.image.format = "png" if picture.startswith(b"\x89PNG") else "jpeg"
            self.image.value = picture
        if self.image.layout.display:
            self.image.layout.display = ""
        if alt is not None:
            self.words.value = f'<span class="wb-alt" aria-hidden="true" style="{HIDDEN}">{html.escape(alt)}</span>'

    def close(self) -> None:
        """Close the widgets: their place in the page is taken by something else."""
        for widget in (self.image, self.words, self.box):
            widget.close()
