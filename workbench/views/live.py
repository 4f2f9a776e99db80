"""The live picture: an Agg canvas redrawn by blitting into one Image widget, three times a second. No controls here.

Everything happens in the tick of the awaiting coroutine on the main thread. What stands still (axes, grid, legend, baselines)
is drawn when a limit must move, which takes 50 to 100 ms; the curves are drawn over a copy of it, which takes a few.
"""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML, display

from workbench.training import events as ev
from workbench.views import figures as fig
from workbench.views.buttons import NARROW, button
from workbench.views.ghost import GhostArtists
from workbench.views.labels import SCRIPT, Picture, show
from workbench.views.run_picture import alt_text, fork_mark, rate_changes, title
from workbench.views.tables import image_html

PERIOD = 1 / 3  # seconds between updates
BEGINNING = '<div role="status" style="line-height:1.5"><b>preparing</b> the run …</div>'  # before there is one


class LiveFigure:
    """Draws one run while it trains. `update()` returns JPEG bytes, or None when nothing is new."""

    def __init__(self, run: Any) -> None:
        self.run, self.seen, self.planned, self.top = run, 0, 1, 0.0
        self.figure, self.above, self.below = fig.two_axes()
        self.canvas: Any = self.figure.canvas
        self.background: Any = None
        self.still: tuple[Any, ...] = ()  # what the background shows

    def update(self) -> bytes | None:
        """Look at the events that came since the last call and draw what they change."""
        events = self.run.store.events
        fresh, self.seen = events[self.seen :], len(events)
        if not fresh and self.background is not None:
            return None
        started = self.run.store.last(ev.Started)
        self.planned = started.planned_steps if started else self.planned
        frame, steps = self.run.frame(), [e for e in events if isinstance(e, ev.Stepped) and e.loss < 50]
        facts, rates = self.run.store.facts, sum(isinstance(e, ev.RateChanged) for e in events)
        still = (self.planned, facts.get("majority"), facts.get("control"), rates)
        ghost = self.run.ghost() if self.run.config.ghost else frame.iloc[:0]
        top = max(
            fig.loss_top(frame, 1.1),
            fig.loss_top(ghost, 1.1) if len(ghost) else 0.0,
            max((e.loss for e in steps), default=0.1) * 1.05,
        )
        if self.background is None or still != self.still or top > self.top:
            self.still, self.top = still, top * 1.2  # some room, so that it seldom has to move
            self._draw_still()
        self._draw_moving(frame, steps, ghost)
        return fig.jpeg(self.canvas)

    def _draw_still(self) -> None:
        run, facts = self.run, self.run.store.facts
        for ax in (self.above, self.below):
            ax.clear()
        self.above.tick_params(labelbottom=False)
        (self.batches,) = self.above.plot(
            [], [], color=fig.TRAIN, lw=0.8, alpha=0.35, label="each batch", animated=True
        )
        self.losses = fig.LossArtists(self.above, animated=True)
        self.ghost = GhostArtists(self.above, animated=True) if run.config.ghost else None
        self.patience = self.above.text(1.02, 0.02, "", transform=self.above.transAxes, fontsize=9, va="bottom",
                                        color="#333333", animated=True)  # fmt: skip
        fig.style_loss(self.above, self.planned, self.top, facts.get("unit", "text"))
        rate_changes(run.store.events, self.above)
        fork_mark(facts, self.above)
        nothing = run.frame().iloc[:0].assign(**{run.store.metric: 0.0})
        fig.metric_curve(nothing, self.below, name=run.store.metric, majority=facts.get("majority"),
                         control=facts.get("control"), planned=self.planned, controls=fig.controls(facts))  # fmt: skip
        self.metric = self.below.get_lines()[0]
        self.metric.set_animated(True)
        self.above.set_title(title(run.config), loc="left", fontsize=10, color="#222222")
        fig.legend_outside(self.above)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def _draw_moving(self, frame: Any, steps: list[ev.Stepped], ghost: Any) -> None:
        stride = max(1, len(steps) // 400)
        self.batches.set_data([e.step for e in steps[::stride]], [e.loss for e in steps[::stride]])
        self.losses.update(frame)
        if self.run.store.metric in frame:
            self.metric.set_data(frame["step"], frame[self.run.store.metric])
        self.patience.set_text(self._patience())
        self.canvas.restore_region(self.background)
        self.above.draw_artist(self.batches)
        self.losses.draw()
        if self.ghost is not None:
            self.ghost.update(ghost)
            self.ghost.draw()
        self.above.draw_artist(self.patience)
        self.below.draw_artist(self.metric)

    def _patience(self) -> str:
        last, total = self.run.store.last(ev.Evaluated), self.run.config.patience
        if last is None or last.patience_left is None or not total:
            return ""
        left = max(0, last.patience_left)
        return f"patience {left} of {total}\n" + "■" * min(left, 12) + "□" * min(total - left, 12)


class View:
    """The live picture with buttons in an awaiting cell; at the end it is replaced by picture, verdict and code."""

    def __init__(self, run: Any) -> None:
        self.run, self.live, self.last = run, LiveFigure(run), 0.0
        self.picture, self.described = Picture(), -1
        self.words = widgets.HTML()
        words = "End training after this step; history and best weights stay"
        self.stop = button("Stop", "stop", words, run.stop, NARROW)
        self.pause = button("Pause", "pause", "Wait after this step, or go on", self._toggle, NARROW)
        display(HTML(SCRIPT))
        box = widgets.VBox([widgets.HBox([self.pause, self.stop]), self.picture.box, self.words])
        self.handle = show(
            box, "This run was not finished when the notebook was saved: wb.runs() lists it.", display_id=True
        )

    def _toggle(self) -> None:
        if self.run.status == "paused":
            self.run.proceed()
        elif not self.run.done:
            self.run.pause()

    def tick(self) -> None:
        """Draw when it is time; called often from the awaiting coroutine."""
        now = time.monotonic()
        if now - self.last < PERIOD:
            return
        self.last = now
        picture = self.live.update()
        if picture is not None:
            evaluations = len(self.run.frame())
            self.picture.show(picture, alt_text(self.run) if evaluations != self.described else None)
            self.described = evaluations
            self.words.value = status_html(self.run)
        self.pause.description = "Continue" if self.run.status == "paused" else "Pause"

    def close(self) -> None:
        """Put the finished picture where the live one was, so that the saved notebook shows it."""
        if self.handle is not None:
            self.handle.update(HTML(final_html(self.run)))
        for widget in (self.picture, self.words, self.stop, self.pause):
            widget.close()


def follow(run: Any) -> View:
    """The viewer that `wb.fit` gives to a run in a notebook."""
    return View(run)


def follow_elsewhere(run: Any) -> View:
    """The same view of a run that another process trains: Stop goes through its folder, Pause is not offered."""
    view = View(run)
    view.pause.layout.display = "none"
    return view


def status_html(run: Any) -> str:
    """One line while training: status, step, seconds, newest numbers."""
    started, last, step = run.store.last(ev.Started), run.store.last(ev.Evaluated), run.store.last(ev.Stepped)
    parts = [f"<b>{html.escape(run.status)}</b>"]
    if started and step:
        parts.append(f"step {step.step} of {started.planned_steps} · {step.seconds:.0f} s")
    if last:
        parts.append(f"training loss {last.train_loss:.3f} · validation loss {last.valid_loss:.3f}")
        name = run.store.metric
        parts.append(f"{fig.METRICS.get(name, name)} {last.metrics.get(name, float('nan')):.1%}")
    fired = run.store.fired
    if fired is not None and not run.done:
        parts.append(
            f"<b>early stopping fired at step {fired.step}</b>, step {fired.best_step} is kept; the ghost goes on"
        )
    notes = "".join(f"<br>{html.escape(n)}" for n in run.notes)
    return f'<div role="status" style="line-height:1.5">{" · ".join(parts)}{notes}</div>'


def final_html(run: Any, width: int = 760) -> str:
    """Picture, verdict with numbers and advice, and the line of code: static HTML that needs no kernel."""
    if run.frame().empty:
        words = f"{run.status}: {run.store.last(ev.Ended).text if run.store.last(ev.Ended) else ''}"
        return f"<p>{html.escape(words)}</p>" + verdict_notes(run)
    return (
        image_html(run.figure(), alt_text(run), width)
        + verdict_html(run)
        + verdict_notes(run)
        + f"<p><code>{html.escape(run.to_code())}</code></p>"
    )


def verdict_html(run: Any) -> str:
    """The verdict in words with its numbers, the rule behind it, and what to try. Every text is escaped."""
    finding = run.diagnosis
    words = str(finding)
    end = min((i for i in (words.find(":"), words.find(" since ")) if i > 0), default=len(words))
    first, rest = words[:end], words[end:]
    advice = "".join(f"<li><b>{html.escape(a.label)}</b>: {html.escape(a.why)}</li>" for a in finding.advice)
    ended = run.store.last(ev.Ended)
    how = f"<br>{html.escape(ended.text)}" if ended and ended.text and run.done else ""
    return (
        f'<div style="max-width:760px;line-height:1.5;border-left:4px solid {colour(finding.verdict)};padding:2px 0 2px 12px">'
        f"<b>{html.escape(first)}</b>{html.escape(rest)}{how}"
        f"<details><summary>Which rule says so{', and what to try' if advice else ''}</summary>"
        f'<p style="margin:4px 0">Rule {html.escape(finding.rule)} '
        f"<i>{html.escape(finding.source)}</i></p><ul style='margin:4px 0'>{advice}</ul>"
        f"<p style='margin:4px 0'>What would change its mind: {html.escape(finding.revise)}</p></details></div>"
    )


def verdict_notes(run: Any) -> str:
    """Sentences about what the run had to change, and disk trouble."""
    return "".join(f"<p>{html.escape(n)}</p>" for n in run.notes)


def colour(verdict: str) -> str:
    """The bar beside a verdict; the words carry the meaning, the colour repeats it."""
    bad = ("overfitting", "diverging", "non-finite loss", "not learning")
    return fig.VALID if verdict in bad else fig.BEST if verdict in ("healthy", "memorising without harm") else "#E69F00"
