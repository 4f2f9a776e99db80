"""What outlasts a panel: the record of its run in the saved notebook, and a run that a restart of the kernel has interrupted."""

from __future__ import annotations

import html

from workbench.config import RunConfig
from workbench.training import events as ev
from workbench.training.run import Run, runs
from workbench.views import live

RECORD = '<div class="wb-record">'  # hidden by a style as long as a panel is alive


def record_html(run: Run) -> str:
    """The finished run as static HTML: what the saved notebook shows where no panel is alive (its style hides this)."""
    return f"{RECORD}<p>Run {html.escape(run.id)}, kept with this notebook:</p>{live.final_html(run)}</div>"


def going_html(run: Run) -> str:
    """The same of a run that is still training."""
    words = f"Run {html.escape(run.id)} was in training when this notebook was saved: <code>wb.runs()</code> lists it."
    return f"{RECORD}<p>{words}</p></div>"


def interrupted(config: RunConfig) -> Run | None:
    """The newest run of this folder, if its process ended before it did, it can go on, and it is of these data and this model."""
    newest = next(iter(runs(most=1)), None)
    if newest is None or newest.status != "interrupted" or not newest.can_resume:
        return None
    return newest if (newest.config.data, newest.config.model) == (config.data, config.model) else None


def reached(run: Run) -> int:
    """The last step that a run has reported."""
    last = run.store.last(ev.Stepped)
    return last.step if last is not None else 0
