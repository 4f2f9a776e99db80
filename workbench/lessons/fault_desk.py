"""The desk of the fault lab: evidence as tables and pictures, the list of causes, and what is shown once a cause is found."""

from __future__ import annotations

import html
import inspect
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML, display
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.lessons.evidence import as_served, reading
from workbench.lessons.exercise import Outcome
from workbench.lessons.faults import CAUSES, plain
from workbench.views import figures as fig
from workbench.views import labels
from workbench.views.inks import PANE
from workbench.views.run_picture import alt_text, run_figure
from workbench.views.tables import image_html, shortened, table_html

ROWS = 8
LOOKS = {
    "curve": "the curves again",
    "data": "training texts with their labels",
    "audit": "counts, duplicates, texts in two splits",
    "errors": "the worst errors on validation",
    "training errors": "the worst errors on the training texts, by their own labels",
    "words": "what counting words achieves with the same labels",
    "service": "new texts as the service hands them to the model",
    "reading": "what the model reads when it gets a text",
    "layers": "how far each block has moved",
    "rates": "learning rate and loss of every step",
}


@dataclass(frozen=True)
class Shown:
    """A piece of evidence: HTML in a notebook, words elsewhere."""

    words: str
    html: str

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True, repr=False)
class Diagnosis(Outcome):
    """An outcome with what is shown when the cause is known."""

    more: str = ""

    def _repr_html_(self) -> str:
        return super()._repr_html_() + self.more


def look(case: Any, what: str) -> Shown:
    """One of `LOOKS`."""
    if what not in LOOKS:
        raise WorkbenchError(f"no evidence is called {what!r}", f"one of {', '.join(LOOKS)}", "case.look('audit')")
    setup, data, (broken, _) = case.trained()
    if what == "audit":
        from workbench.data.audit import audit

        found = audit(_two(data))
        return Shown(str(found), found._repr_html_())
    if what == "curve":
        return _picture(run_figure(_noted(case, broken)), alt_text(broken))
    if what == "layers":
        return _picture(*_layers(broken))
    if what == "rates":
        return _picture(*_rates(broken))
    rows, caption = _rows(case, what, setup, data, broken)
    return Shown("\n".join(str(r) for r in rows), table_html(rows, caption))


def _rows(case: Any, what: str, setup: Any, data: Any, broken: Any) -> tuple[list[dict[str, Any]], str]:
    names = data.labels
    if what == "data":
        rows = [{"row": i + 1, "label": names[data["train"]["label"][i]], "text": shortened(data["train"]["text"][i], 150)}
                for i in range(0, len(data["train"]), len(data["train"]) // (2 * ROWS))]  # fmt: skip
        return sorted(
            rows, key=lambda r: str(r["text"]).lower()
        ), f"Some of {len(data['train'])} training texts, sorted"
    if what == "words":
        return _words(case.evidence), "TF-IDF + logistic regression, trained on the same texts and labels"
    if what == "reading":
        table = reading(data["validation"]["text"][: ROWS // 2], broken.config.model)
        return table.to_dict("records"), (
            f"What is written, and what the checkpoint's own vocabulary reads in the ids: {case.evidence.read:.0%} of the words "
            f"are the same"
        )
    if what == "service":
        served = as_served(data["test"], setup)
        e = case.evidence
        caption = (
            f"New texts, labelled by hand a week later: accuracy {e.served:.0%} in service, {e.valid:.0%} on validation"
        )
        answers = broken.predict(served["text"][:ROWS])
        return [{"right": names[y], "answer": a, "text as the model got it": shortened(t, 150)}
                for t, y, a in zip(served["text"], served["label"], answers["label"], strict=False)], caption  # fmt: skip
    split = "train" if what == "training errors" else "validation"
    wrong = broken.predictor().errors(data[split], ROWS)
    e = case.evidence
    caption = f"Worst errors; accuracy on the {len(data[split])} texts {e.train if split == 'train' else e.valid:.0%}"
    return [{"label": r.right, "answer": f"{r.answer} ({r.p_answer:.0%})", "text": shortened(r.text, 170)}
            for r in wrong.itertuples()], caption  # fmt: skip


def _words(e: Any) -> list[dict[str, Any]]:
    named = {"majority class on validation": e.majority, "counting words on validation": e.words, "the model on validation": e.valid,
             "counting words on new texts": e.words_new, "the model on new texts": e.whole,
             "counting words on training texts held out of its training": e.words_held}  # fmt: skip
    return [{"what": name, "accuracy": f"{share:.0%}"} for name, share in named.items()]


def _two(data: Any) -> Any:
    """Training and validation alone: new texts were not there when it was trained."""
    from workbench.data.load import Data

    return Data({split: data[split] for split in ("train", "validation")})


def _noted(case: Any, run: Any) -> Any:
    from workbench.lessons.fault_lab import AsNoted

    return AsNoted(run, case.noted)


def _picture(figure: Figure, alt: str) -> Shown:
    return Shown(alt, image_html(figure, alt, 700))


def _layers(run: Any) -> tuple[Figure, str]:
    from workbench.views.layers import moves_map

    figure = Figure(figsize=(7.6, 2.6), dpi=110, layout="constrained")
    moves_map(run.moves(), figure.subplots())
    last = run.moves().iloc[-1]
    return figure, "Map of moves: " + ", ".join(
        f"{n} {last[n]:.1%}" for n in last.index if n != "step"
    ) + " from its start."


def _rates(run: Any) -> tuple[Figure, str]:
    steps = run.steps()
    figure = Figure(figsize=(7.6, 3.6), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(steps["step"], steps["loss"], color=fig.TRAIN, lw=1)
    above.set_ylabel("loss of each batch\n(nats per text)")
    below.plot(steps["step"], steps["learning_rate"], color=fig.VALID, lw=1.4)
    below.set_ylabel("learning rate")
    below.set_ylim(bottom=0)
    below.set_xlabel("optimiser steps")
    for ax in (above, below):
        ax.grid(True, color="#E3E6EA", lw=0.7)
    rate, loss = steps["learning_rate"], steps["loss"]
    above.set_title(f"loss: first batch {loss.iloc[0]:.2f}, highest {loss.max():.2f}", fontsize=9.5, loc="left")
    below.set_title(f"rate: first step {rate.iloc[0]:.2g}, highest {rate.max():.2g}", fontsize=9.5, loc="left")
    return figure, (
        f"Line chart of batch loss and learning rate over {len(steps)} steps. The rate begins at {rate.iloc[0]:.2g}, its highest value "
        f"is {rate.max():.2g}; the loss begins at {loss.iloc[0]:.2f} and its highest value is {loss.max():.2f}."
    )


def reveal_html(case: Any, because: str) -> str:
    """The code of the fault, how it is mended, and the repaired run over the broken one."""
    setup, _, (broken, repaired) = case.trained()
    fault = case._fault
    code = (
        inspect.getsource(fault.spoil)
        if setup.serve is plain
        else inspect.getsource(setup.serve) + "\n\n" + inspect.getsource(fault.spoil)
    )
    yours = f"<p>Your evidence: {html.escape(because)}</p>" if because else ""
    figure, alt = repaired_over(broken, repaired, case.evidence)
    return (
        f'{yours}<p>What happened:</p><pre style="{PANE};padding:8px 14px;max-width:900px;overflow-x:auto">{html.escape(code)}</pre>'
        f"<p><b>What mends it:</b> {html.escape(fault.mend)}</p>" + image_html(figure, alt, 760)
    )


def repaired_over(broken: Any, repaired: Any, e: Any) -> tuple[Figure, str]:
    """Loss and accuracy on validation, of the run with the fault and of the repaired one; the words name the new texts as well."""
    new = repaired.predictor().evaluate(repaired.data()["test"])["accuracy"]
    figure = Figure(figsize=(9.2, 3.0), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    for run, name, colour, style, mark in (
        (broken, "with the fault", fig.VALID, "--", "s"),
        (repaired, "repaired", fig.BEST, "-", "o"),
    ):
        frame = run.frame()
        left.plot(frame["step"], frame["valid_loss"], color=colour, ls=style, marker=mark, ms=4, label=name)
        right.plot(frame["step"], frame["accuracy"], color=colour, ls=style, marker=mark, ms=4, label=name)
    left.set_ylabel("validation loss (nats per text)")
    right.set_ylabel("validation accuracy (share)")
    right.set_ylim(0, 1.03)
    for ax in (left, right):
        ax.set_xlabel("optimiser steps")
        ax.grid(True, color="#E3E6EA", lw=0.7)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncol=2, fontsize=8.5, frameon=False)
    figure.suptitle(f"New texts in service: {e.served:.0%} with the fault, {new:.0%} repaired", fontsize=9.5, x=0.7)
    ends = ", ".join(
        f"{n} {r.frame()['valid_loss'].min():.2f}" for n, r in (("with the fault", broken), ("repaired", repaired))
    )
    return figure, (
        f"Line charts of validation loss and accuracy of the run with the fault and of the repaired one. Lowest loss: {ends}. Accuracy on "
        f"new texts in service: {e.served:.0%} with the fault, {new:.0%} repaired."
    )


class Desk:
    """Evidence to choose, causes to choose from, a line for the grounds, and an answer."""

    def __init__(self, case: Any) -> None:
        self.case = case
        wide = {"description_width": "90px"}
        self.what = widgets.Dropdown(options=[("choose …", ""), *((words, key) for key, words in LOOKS.items())], description="Look at",
                                     tooltip="Choose a piece of evidence", style=wide, layout={"width": "520px"})  # fmt: skip
        self.seen = widgets.HTML()
        self.cause = widgets.RadioButtons(options=CAUSES, value=None, description="Cause", tooltip="What is wrong with this run?",
                                          style=wide, layout={"width": "420px"})  # fmt: skip
        self.because = widgets.Text(description="Evidence", placeholder="the numbers that say so", continuous_update=False, style=wide,
                                    tooltip="What makes you think so? It is shown beside ours", layout={"width": "620px"})  # fmt: skip
        self.answer = widgets.Button(description="That is it", icon="check", tooltip="Judge this diagnosis")
        self.help = widgets.Button(description="Hint", icon="lightbulb-o", tooltip="Where to look")
        self.judged = widgets.HTML()
        self.what.observe(lambda change: self._look(), names="value")
        self.answer.on_click(lambda _: self._judge())
        self.help.on_click(lambda _: self._say(f'<p role="status">{html.escape(self.case.hint())}</p>'))
        self.box = widgets.VBox(
            [self.what, self.seen, self.cause, self.because, widgets.HBox([self.answer, self.help]), self.judged]
        )

    def _look(self) -> None:
        self.seen.value = self.case.look(self.what.value).html if self.what.value else ""

    def _judge(self) -> None:
        self._say(self.case.diagnose(self.cause.value, self.because.value)._repr_html_())

    def _say(self, words: str) -> None:
        self.judged.value = words


def show(case: Any) -> None:
    """The story, and the desk once the case has been trained."""
    display(HTML(f'<p style="max-width:760px;line-height:1.5">{html.escape(case.story)}</p>'))
    if case._runs is None:
        display(HTML("<p>Not trained yet: <code>await case</code>.</p>"))
        return
    display(HTML(labels.SCRIPT))
    labels.show(
        Desk(case).box,
        "The desk needs a kernel: run the cell. Without widgets: case.look('audit'), case.diagnose('...').",
    )
