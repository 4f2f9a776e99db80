"""Where the keyboard goes on when a button that was pressed disables itself: to the control that is wanted next. No buttons here.

A browser drops the focus of a control that is disabled or hidden: the next Tab begins at the top of the page. Only the page knows where
its user is, so the page decides: a script moves the focus when it was lost in this way, and not when the user has gone elsewhere.
"""

from __future__ import annotations

from typing import Any

SCRIPT = """<script>(() => {
  if (window.workbenchFocus) return;
  let last = null;  // had the focus last, as long as nobody left it by hand
  const gone = e => e.disabled || !e.isConnected || e.offsetParent === null;
  const reached = view => view.matches('button') ? view : view.querySelector('[role=slider],input,select,button');
  const next = e => {
    const names = [...e.classList].filter(c => c.startsWith('wb-then-')).map(c => '.wb-is-' + c.slice(8));
    const found = names.flatMap(name => [...document.querySelectorAll(name)]).map(reached);
    return found.find(control => control && !gone(control));
  };
  document.addEventListener('focusin', event => { last = event.target; });
  document.addEventListener('pointerdown', event => { if (last && !last.contains(event.target)) last = null; }, true);
  window.workbenchFocus = setInterval(() => {
    const now = document.activeElement;
    if (!last || (now && now !== document.body && now !== last)) return;
    if (!gone(last)) { if (now !== last) last = null; return; }
    const control = next(last);
    if (control) control.focus({preventScroll: true});
  }, 100);
})()</script>"""


def then(button: Any, *controls: Any) -> None:
    """When the button is disabled while it has the focus, the first of these that is enabled gets it."""
    for control in controls:
        control.add_class(f"wb-is-{control.model_id}")
        button.add_class(f"wb-then-{control.model_id}")
