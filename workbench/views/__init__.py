"""Pictures, the live view, the panel: everything that a person looks at. Names are loaded when first used.

`fit`, `runs` and `compare` are here because in a notebook they come with a view; in a plain script they do not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and shell.__class__.__name__ == "ZMQInteractiveShell"


def figures_as_pictures() -> None:
    """Let a Figure that ends a cell, as `duel.cost_figure()`, be seen: without pyplot IPython shows its size in words."""
    from IPython import get_ipython

    formatter = get_ipython().display_formatter.formatters["image/png"]
    if ("matplotlib.figure", "Figure") not in formatter.deferred_printers:
        formatter.for_type_by_name("matplotlib.figure", "Figure", _png)


def _png(figure: Any) -> bytes:
    from workbench.views.figures import png

    return png(figure)


def viewer() -> Any:
    """The live picture that a run gets in a notebook; None in a plain script."""
    if not in_notebook():
        return None
    from workbench.views.live import follow

    return follow


def fit(data: Any = "reviews", **choices: Any) -> Any:
    """Start fine-tuning in the background and return the Run.

    `data`: a bundled name, "hub:owner/name", a file, a DataFrame or a DatasetDict. `choices`: the fields of `RunConfig`
    (model, technique, task, learning_rate, batch_size, epochs, train_examples, dropout, weight_decay, label_smoothing, mixup, freeze,
    warmup, schedule, patience, min_delta, stopping, ghost, seconds, watch, noise, keep_states, evaluations, restore_best, max_length,
    pooling, head, layers, decoding, add_tokens, mistake, precision, seed; for single techniques lora_rank, rate_decay, teacher,
    temperature, alpha, reads, reads_epochs, also, sampling). `model` and `teacher` also take a finished run. In a notebook
    `await run` shows the live picture; in a script `run.join()` waits. Raises WorkbenchError for a choice that does not exist.
    """
    from workbench.training.run import fit as start

    return start(data, viewer=viewer(), **choices)


def hosted(data: Any = "headlines", **choices: Any) -> Any:
    """Prepare a fine-tuning job for a hosted service: see `workbench.remote.job.hosted`. In a notebook it comes with the live picture."""
    import inspect

    from workbench.config import check_names
    from workbench.remote.job import hosted as prepare

    check_names(choices, [name for name in inspect.signature(prepare).parameters if name not in ("data", "viewer")])
    return prepare(data, viewer=viewer(), **choices)


def follow(run: Any) -> Any:
    """The run of an id, a folder or a Run, while another process trains it: `await` draws it live from its files, Stop works.

    The work folder of a pretraining is followed, too: `await` draws its curve. Raises WorkbenchError where there is no such run.
    """
    from workbench.scale.follow import follow as found
    from workbench.views import pretraining

    if isinstance(run, str | Path) and (going := pretraining.found(run)) is not None:
        return going
    if not in_notebook():
        return found(run)
    from workbench.views.live import follow_elsewhere

    return found(run, follow_elsewhere)


def runs() -> Any:
    """Every run of this folder, newest first, as a list that shows itself as a table."""
    from workbench.views.compared import runs as table

    return table()


def compare(*several: Any) -> Any:
    """Runs side by side: what differs in their settings, their best scores, and their curves in one picture."""
    from workbench.views.compared import Comparison

    return Comparison(several)


def diagnose(run_or_frame: Any, **context: Any) -> Any:
    """The Finding for a run (or its id or folder), a frame of evaluations, a Trainer or its log history, a Keras history, or a
    file of one of these: trainer_state.json, a checkpoint folder, Keras' or Lightning's csv.

    `context` says what the curve does not: n_valid, majority, label_entropy, finished ... (the fields of `Context`).
    """
    from dataclasses import replace

    from workbench.diagnosis import Context
    from workbench.diagnosis import diagnose as judge
    from workbench.views.asked import stored_run

    if isinstance(run_or_frame, str | os.PathLike) and (found := stored_run(run_or_frame)) is not None:
        run_or_frame = found
    _check_context(context)
    if hasattr(run_or_frame, "diagnosis"):
        return (
            judge(run_or_frame.frame(), replace(run_or_frame.context(), **context))
            if context
            else run_or_frame.diagnosis
        )
    return judge(run_or_frame, Context(**context) if context else None)


def _check_context(context: dict[str, Any]) -> None:
    """Raise a WorkbenchError where a field is not of `Context`, or a number is none."""
    from dataclasses import fields
    from numbers import Real

    from workbench.config import check_names
    from workbench.diagnosis import Context
    from workbench.errors import WorkbenchError

    defaults = {f.name: f.default for f in fields(Context)}
    check_names(context, defaults)
    for name, value in context.items():
        number = defaults[name] is None and name != "stopped_by"
        if number and value is not None and not (isinstance(value, Real) and 0 <= float(value) < float("inf")):
            raise WorkbenchError(f"{name} is {value!r:.60}", "a number from 0 up, or None", f"{name}=None")
        if name == "majority" and value is not None and value > 1:
            raise WorkbenchError(f"majority is {value!r:.60}", "a share from 0 to 1", f"majority={value / 100:.3g}")
        if isinstance(defaults[name], bool) and not isinstance(value, bool):
            raise WorkbenchError(f"{name} is {value!r:.60}", "True or False", f"{name}=True")


if in_notebook():
    figures_as_pictures()
