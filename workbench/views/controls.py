"""The panel's controls: one labelled, keyboard-reachable widget per field of RunConfig. No training, no drawing.

`CONTROLS` is the whole list; a widget's value and a field's value are the same thing except where `to_field` says otherwise.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from workbench import catalog
from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.views.fold import Fold, folds
from workbench.views.rate import Rate

WIDE = {"width": "292px"}
STYLE = {"description_width": "112px"}
QUIET = "opacity:.8;line-height:1.5;margin:4px 0"  # words beside the controls; ipywidgets' own lines are as high as a button


@dataclass(frozen=True)
class Control:
    """One field: how it is called, what it does in a sentence, and how its widget is made."""

    field: str
    label: str
    help: str
    make: Callable[..., Any]
    to_field: Callable[[Any], Any] = lambda v: v
    to_widget: Callable[[Any], Any] = lambda v: v


def _choice(cards: Callable[[], list[catalog.Card]]) -> Callable[..., Any]:
    def make(**common: Any) -> Any:
        names = [c.name for c in cards()]
        return widgets.Combobox(options=names, ensure_option=False, placeholder=" or ".join(names[:2]), **common)

    return make


def _slider(low: float, high: float, step: float, text: str = ".2f") -> Callable[..., Any]:
    return lambda **common: widgets.FloatSlider(
        min=low, max=high, step=step, readout_format=text, continuous_update=False, **common
    )


def _log(low: float, high: float) -> Callable[..., Any]:
    return lambda **common: Rate(low, high, **common)


def _whole(low: int, high: int) -> Callable[..., Any]:
    return lambda **common: widgets.BoundedIntText(min=low, max=high, **common)


def _finished() -> list[str]:
    """Ids of the runs that can be a teacher."""
    from workbench.training.run import runs

    return [run.id for run in runs() if run.status in ("finished", "stopped")]


def _unquoted(value: str) -> str:
    """A path as Windows copies it is in quotation marks."""
    return value.strip().strip('"')


def _none_is_zero(value: Any) -> Any:
    return value if value else None


def _zero_is_none(value: Any) -> Any:
    return value if value is not None else 0


CONTROLS: tuple[Control, ...] = (
    Control("model", "Model", "A bundled model, its random twin as the control, a Hub id, or a folder", _choice(catalog.models), _unquoted),
    Control("data", "Data", "A bundled dataset, hub:owner/name, or the path of a file", _choice(catalog.datasets), _unquoted),
    Control("technique", "Technique", "What is allowed to change in the model", lambda **c: widgets.Dropdown(
        options=[(t.title.split(":")[0], t.name) for t in catalog.techniques()], **c)),
    Control("teacher", "Teacher", "A finished run on the same data (its id), or the folder of a saved model",
            lambda **c: widgets.Combobox(options=_finished(), ensure_option=False, placeholder="id of a finished run", **c),
            _none_is_zero, lambda v: v or ""),
    Control("temperature", "Temperature", "How far the teacher's and the student's probabilities are flattened",
            _slider(0.5, 10, 0.5, ".1f"), lambda v: round(v, 4)),
    Control("alpha", "Soft share", "Weight of the teacher's soft targets; the right labels have the rest", _slider(0, 1, 0.05),
            lambda v: round(v, 4)),
    Control("reads", "Reads first", "Unlabelled texts of the field: a name or a file; empty: the texts of the data themselves",
            lambda **c: widgets.Combobox(options=[d.name for d in catalog.datasets() if d.tasks == ("language-modeling",)],
                                         ensure_option=False, placeholder="the texts of the data", **c),
            _none_is_zero, lambda v: v or ""),
    Control("reads_epochs", "Reads times", "How many times the language model reads them",
            lambda **c: widgets.BoundedFloatText(min=0.1, max=1000, step=1, **c)),
    Control("also", "Other data", "Data sets with one label per text that are learned at the same time, separated by commas",
            lambda **c: widgets.Text(placeholder="reviews, clinic", continuous_update=False, **c),
            lambda v: tuple(name.strip() for name in v.split(",") if name.strip()), ", ".join),
    Control("sampling", "Sampling", "How much is drawn from each: 1 in proportion to size, 0 from all alike", _slider(0, 1, 0.1, ".1f"),
            lambda v: round(v, 4)),
    Control("lora_rank", "Rank", "Columns of LoRA's thin matrices: how much may change", _whole(1, 256)),
    Control("rate_decay", "Rate decay", "By how much the rate falls from one block to the one below", _slider(1, 10, 0.1, ".1f"),
            lambda v: round(v, 4)),
    Control("learning_rate", "Learning rate", "The peak step size; can be moved while training runs", _log(-5.5, -1.5)),
    Control("batch_size", "Batch size", "Texts per optimiser step", lambda **c: widgets.Dropdown(options=[4, 8, 16, 32, 64, 128], **c)),
    Control("epochs", "Epochs", "How many times every training text is seen at most",
            lambda **c: widgets.BoundedFloatText(min=0.1, max=1000, step=1, **c)),
    Control("train_examples", "Training texts", "How many training texts to use; 0 stands for all", _whole(0, 10**9),
            _none_is_zero, _zero_is_none),
    Control("dropout", "Dropout", "Share of activations dropped while training", _slider(0, 0.6, 0.05),
            lambda v: round(v, 4), lambda v: 0.1 if v is None else v),
    Control("weight_decay", "Weight decay", "How strongly weights are pulled towards zero", _slider(0, 0.3, 0.01), lambda v: round(v, 4)),
    Control("label_smoothing", "Label smoothing", "Share of certainty taken from the right label", _slider(0, 0.4, 0.05),
            lambda v: round(v, 4)),
    Control("mixup", "Mixing", "Mixes the vectors and labels of pairs of texts: parameter of the Beta distribution; 0 is off",
            _slider(0, 2, 0.1, ".1f"), lambda v: round(v, 4)),
    Control("freeze", "Frozen blocks", "So many of the lowest blocks do not learn: 1 is the embeddings", _whole(0, 1000)),
    Control("warmup", "Warm-up", "Share of the steps over which the rate rises", _slider(0, 0.5, 0.05), lambda v: round(v, 4)),
    Control("patience", "Patience", "Evaluations without improvement before early stopping; 0 switches it off", _whole(0, 1000),
            _none_is_zero, _zero_is_none),
    Control("min_delta", "Min delta", "Nats by which validation loss must fall to count as improvement", _slider(0, 0.1, 0.005, ".3f"),
            lambda v: round(v, 4)),
    Control("stopping", "Other rule", "One more rule that may stop it, whichever comes first (Prechelt 1998)",
            lambda **c: widgets.Dropdown(options=[("none", ""), ("GL 2: 2% above the lowest", "GL 2"), ("GL 5: 5% above it", "GL 5"),
                                                  ("PQ 0.5: rise against progress", "PQ 0.5"), ("UP 2: two rises in a row", "UP 2"),
                                                  ("UP 3: three in a row", "UP 3")], **c), _none_is_zero, lambda v: v or ""),
    Control("seconds", "Time budget (s)", "Training stops after so many seconds; 0 stands for no limit",
            lambda **c: widgets.BoundedFloatText(min=0, max=10**7, step=10, **c), _none_is_zero, _zero_is_none),
    Control("ghost", "Ghost", "After early stopping, train on as a dashed ghost to see what it lost or saved",
            lambda **c: widgets.Checkbox(indent=True, **c)),
    Control("restore_best", "At the end", "Which weights the run keeps for its answers",
            lambda **c: widgets.Dropdown(options=[("lowest validation loss", True), ("last step", False)], **c)),
    Control("keep_states", "Kept states", "Training states kept on disk, to fork the run there later; 0 keeps none", _whole(0, 1000)),
    Control("schedule", "Schedule", "How the rate falls after the warm-up", lambda **c: widgets.Dropdown(
        options=[("linear to 0", "linear"), ("cosine to 0", "cosine"), ("constant", "constant"), ("slanted triangle", "slanted")], **c)),
    Control("max_length", "Max length", "Word pieces per text at most; what is longer is cut there", _whole(4, 8192)),
    Control("layers", "Layers", "So many layers, counted from the input; more than the checkpoint has are added on top; 0 stands for all",
            _whole(0, 1000), _none_is_zero, _zero_is_none),
    Control("pooling", "Head reads", "What the classifier looks at: all tokens, [CLS], or the model's own head",
            lambda **c: widgets.Dropdown(options=[("as the card advises", "auto"), ("mean of tokens", "mean"),
                                                  ("maximum of tokens", "max"), ("learned average", "attention"),
                                                  ("[CLS] token", "cls"), ("the model's own head", "native")], **c)),
    Control("head", "Head", "One linear layer, or something before it: a hidden layer, or for tags a BiLSTM",
            lambda **c: widgets.Dropdown(options=[("linear", "linear"), ("hidden layer + linear", "mlp"),
                                                  ("BiLSTM + linear, for tags", "bilstm")], **c)),
    Control("decoding", "Decoding", "For tags: every word by itself, or the best sequence without impossible neighbours",
            lambda **c: widgets.Dropdown(options=[("word by word", "free"), ("constrained, for tags", "constrained")], **c)),
    Control("add_tokens", "New tokens", "Words that the vocabulary gets as tokens of their own, separated by commas or spaces",
            lambda **c: widgets.Text(placeholder="bisoprolol, ECG", continuous_update=False, **c),
            lambda v: tuple(dict.fromkeys(v.replace(",", " ").split())), ", ".join),
    Control("watch", "Watch examples", "Keep what every evaluation says of single texts, for the tab Examples; costs some time",
            lambda **c: widgets.Checkbox(indent=True, **c)),
    Control("noise", "Flipped labels", "Share of the training labels that are made wrong in secret, to see whether they are memorised",
            _slider(0, 0.5, 0.05), lambda v: round(v, 4)),
    Control("seed", "Seed", "The same seed gives the same run", _whole(0, 2**31 - 1)),
)  # fmt: skip


class Controls:
    """The widgets and the RunConfig they stand for. Fields without a widget keep the value they came with."""

    def __init__(self, config: RunConfig) -> None:
        self.base = config
        self.widgets: dict[str, Any] = {}
        self.sections: list[Fold] = []
        for control in CONTROLS:
            common = {"description": control.label, "tooltip": control.help, "style": STYLE, "layout": WIDE}
            self.widgets[control.field] = control.make(**common)
        self.show(config)
        self._touched: set[str] = set()
        self.widgets["technique"].observe(lambda change: self._technique_chosen(), names="value")
        for name, widget in self.widgets.items():
            widget.observe(lambda change, name=name: self._touched.add(name), names="value")

    def show(self, config: RunConfig) -> None:
        """Put the values of a config into the widgets."""
        self.base = config
        for control in CONTROLS:
            value = control.to_widget(getattr(config, control.field))
            widget = self.widgets[control.field]
            if isinstance(widget, widgets.Dropdown):
                known = [o[1] if isinstance(o, tuple) else o for o in widget.options]
                if value not in known:
                    widget.options = [*widget.options, value]
            widget.value = value
        self._touched = set()
        self._show_what_applies()

    def change(self, values: dict[str, Any]) -> None:
        """Put some values into their widgets as if they had been moved by hand; a field without a widget changes the base."""
        for control in CONTROLS:
            if control.field in values:
                self.widgets[control.field].value = control.to_widget(values[control.field])
                self._touched.add(control.field)
        rest = set(values) - {control.field for control in CONTROLS}
        self.base = self.base.replace(**{name: values[name] for name in rest})

    def config(self) -> RunConfig:
        """The choices as they stand; raises WorkbenchError when one is out of bounds."""
        changed = {}
        for control in CONTROLS:
            if not self._applies(control):
                changed[control.field] = getattr(RunConfig, control.field)  # what cannot be seen is not chosen
            elif control.field in self._touched:
                value = control.to_field(self.widgets[control.field].value)
                changed[control.field] = _three_digits(value) if control.field == "learning_rate" else value
        return self.base.replace(**changed)

    def named(self) -> str:
        """What the data control names."""
        return _unquoted(self.widgets["data"].value) if "data" in self._touched else self.base.data

    def _technique_chosen(self) -> None:
        """Its own controls appear, and the rate goes to what suits it: the learner sees it move and may move it again."""
        self._show_what_applies()
        chosen = next((t for t in catalog.techniques() if t.name == self.widgets["technique"].value), None)
        if chosen is not None and "rate" in chosen.facts:
            self.widgets["learning_rate"].value = chosen.facts["rate"]

    def _show_what_applies(self) -> None:
        for control in CONTROLS:
            self.widgets[control.field].layout.display = None if self._applies(control) else "none"

    def _applies(self, control: Control) -> bool:
        return catalog.owner(control.field) in (None, self.widgets["technique"].value)

    def observe(self, callback: Callable[[], None]) -> None:
        """Call back whenever any control changes."""
        for widget in self.widgets.values():
            widget.observe(lambda change: callback(), names="value")

    def offer_models(self, names: list[str]) -> None:
        """Suggest these models; any other name can still be typed."""
        if list(self.widgets["model"].options) != names:
            self.widgets["model"].options = names

    def lock(self, locked: bool) -> None:
        """While a run trains only the learning rate may move."""
        for name, widget in self.widgets.items():
            widget.disabled = locked and name != "learning_rate"

    def main(self) -> Any:
        """The choices that every run begins with."""
        last = next(i for i, control in enumerate(CONTROLS) if control.field == "train_examples")
        return widgets.VBox([self.widgets[control.field] for control in CONTROLS[: last + 1]])

    def more(self) -> Any:
        """The other controls in sections that open, by mouse or keyboard."""
        sections = {
            "Early stopping": ("patience", "min_delta", "stopping", "seconds", "ghost", "restore_best", "keep_states"),
            "Regularisation and schedule": (
                "dropout",
                "weight_decay",
                "label_smoothing",
                "mixup",
                "freeze",
                "warmup",
                "schedule",
            ),
            "Single examples": ("watch", "noise"),
            "Architecture and seed": ("max_length", "layers", "pooling", "head", "decoding", "add_tokens", "seed"),
        }
        self.sections, box = folds(
            {title: widgets.VBox([self.widgets[field] for field in names]) for title, names in sections.items()},
            "318px",
        )
        return box


def _three_digits(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def code_html(code: str) -> str:
    """A line of code to be read and copied; what does not fit into one line wraps. Everything is escaped."""
    return (
        "<code style='display:block;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;padding:4px 8px;margin:2px 0 8px;"
        f"border-left:3px solid #BDC3CA'>{html.escape(code)}</code>"
    )


def note_html(words: str) -> str:
    """A sentence that is no problem, as a box in the place where problems stand. Everything is escaped."""
    return f'<div role="status" style="border-left:4px solid #0072B2;padding:4px 10px;line-height:1.5">{html.escape(words)}</div>'


def problem_html(error: WorkbenchError) -> str:
    """An error as a box that says what was found, expected, and what to try. Everything is escaped."""
    parts = [f"<b>{html.escape(error.found)}.</b>"]
    parts += [f"Expected: {html.escape(error.expected)}."] if error.expected else []
    parts += [f"Try: <code>{html.escape(error.try_)}</code>"] if error.try_ else []
    return f'<div role="alert" style="border-left:4px solid #D55E00;padding:4px 10px;line-height:1.5">{" ".join(parts)}</div>'
