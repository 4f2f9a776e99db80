"""The cards that leave with a run: a model card, a data card, the README of an exported script. Text only; nothing is computed again."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from workbench import catalog
from workbench.errors import visible

PIPELINES = {"classification": "text-classification", "tagging": "token-classification", "answering": "question-answering",
             "translation": "translation", "language-modeling": "fill-mask"}  # fmt: skip
_SHARES = ("accuracy", "f1", "precision", "recall", "exact_match", "bleu", "chrf")


def short(name: str) -> str:
    """A name as others may see it: of a path its last part, without the folders of this machine.

    >>> short("/home/ada/secret/reviews.csv"), short("reviews"), short("google/bert_uncased")
    ('reviews.csv', 'reviews', 'google/bert_uncased')
    """
    path = Path(name)
    return (
        path.name if path.is_absolute() or name.startswith(("~", ".", "\\")) or re.match(r"[A-Za-z]:", name) else name
    )


def plain(text: object) -> str:
    """Words of a stranger for a page of Markdown: nothing in them is a tag, a link, a table's edge or a sign that cannot be seen.

    >>> print(plain("<b>a|b</b> [x](y) `z`"))
    &lt;b&gt;a\\|b&lt;/b&gt; \\[x\\](y) \\`z\\`
    """
    return re.sub(r"([\[\]|`*_\\])", r"\\\1", html.escape(visible(" ".join(str(text).split())), quote=False))


def code_of(run: Any) -> str:
    """The line of code that makes the run, without the folders of this machine."""
    config = run.config
    names: dict[str, Any] = {}
    for field in ("data", "model", "teacher"):
        value = getattr(config, field)
        names[field] = value if value is None else short(value)
    names["also"] = tuple(map(short, config.also))
    return config.replace(**names).to_code()


def model_card(run: Any, code: str, warning: str = "") -> str:
    """README.md of a saved model: how to use it, data, scores beside their controls, what the curve says, limits."""
    facts = run.store.facts
    data, model = short(run.config.data), short(run.config.model)
    head = [f"library_name: transformers\npipeline_tag: {PIPELINES.get(str(facts.get('task')), 'text-classification')}",
            *([f"base_model: {json.dumps(model)}"] if "/" in model and model == run.config.model else [])]  # fmt: skip
    return "\n".join([
        "---", *head, "---", f"# {plain(model)} on {plain(data)}: {plain(facts.get('task', 'classification'))}\n",
        f"Made by `{code_of(run)}` with the Fine-tuning Workbench (run {run.id}).\n",
        "## How to use it\n", f"In this folder, with transformers and torch:\n\n```python\n{code}\n```\n", *([warning + "\n"] if warning else []),
        "## Data\n", data_words(run), "", "## Scores\n", scores(run), "", "## What the curve says\n", f"{run.diagnosis}\n",
        "## Limits\n", *(f"- {line}" for line in limits(run)), ""])  # fmt: skip


def data_words(run: Any) -> str:
    """Where the texts came from and how many there were, in a few lines."""
    facts = run.store.facts
    labels = facts.get("labels") or []
    shown = ", ".join(map(plain, labels[:20])) + (f" and {len(labels) - 20} more" if len(labels) > 20 else "")
    some = " (a subset of the split)" if run.config.train_examples is not None else ""
    unit = "examples" if facts.get("task") != "language-modeling" else "pieces of text"
    lines = [f"{plain(short(run.config.data))}: {facts.get('n_train', '?')} training {unit}{some}, {facts.get('n_valid', '?')} for validation.",
             *([f"Labels: {shown}."] if labels else []),
             f"Fingerprint of all texts and labels: `{facts.get('fingerprint', 'not noted')}`."]  # fmt: skip
    return "\n".join(lines)


def scores(run: Any) -> str:
    """A table: the kept weights on validation beside the two controls that need no network."""
    facts, kept, metric = run.store.facts, run.kept, run.store.metric
    names = facts.get("controls") or ("majority class", "TF-IDF + LR")
    rows = [(f"**this model**, step {int(kept['step'])}" if kept else "**this model**", kept.get(metric))]
    rows += [(names[1], facts.get("control")), (names[0], facts.get("majority"))]
    table = [f"| on validation | {metric} |", "|---|---|", *(f"| {name} | {_share(value)} |" for name, value in rows)]
    others = [f"{k} {_share(kept[k])}" for k in _SHARES if k in kept and k != metric]
    loss = [f"loss {kept['valid_loss']:.3f} nats per {facts.get('unit', 'text')}"] if kept else []
    return "\n".join([*table, "", f"Also on validation: {', '.join(loss + others)}." if loss else ""]).rstrip()


def _share(value: Any) -> str:
    return f"{float(value):.1%}" if isinstance(value, int | float) and float(value) == float(value) else "not measured"


def limits(run: Any) -> list[str]:
    """What the scores do not say, one sentence each; for bundled data also what its own card says."""
    facts, kept, metric = run.store.facts, run.kept, run.store.metric
    chosen = (
        "The step was chosen on the same validation split that is scored here, which flatters the scores a little; the"
    )
    found = [f"{chosen if run.config.restore_best else 'The'} test split was not looked at."]
    n, value, control = facts.get("n_valid"), kept.get(metric), facts.get("control")
    if metric == "accuracy" and facts.get("unit") == "text" and n and value is not None:
        found.append(
            f"{n} validation texts: the accuracy is known to about ±{1.96 * (value * (1 - value) / n) ** 0.5:.1%}."
        )
    if isinstance(control, int | float) and value is not None and value <= control:
        names = facts.get("controls") or ("", "TF-IDF + LR")
        found.append(f"It does not beat {names[1]} on this split, which is smaller and faster.")
    if facts.get("cut"):
        found.append(
            f"{facts['cut']} training texts were longer than {run.config.max_length} word pieces and were cut; so will yours be."
        )
    if facts.get("labels"):
        found.append(
            "It always answers with one of the labels above, also for texts that have nothing to do with them."
        )
    found.append("Nobody has looked for unfair differences between groups of people, or tried texts from elsewhere.")
    return found + [f"Of the data: {line}" for line in data_limits(run.config.data)]


def card_of(name: str) -> Path | None:
    """The data card that comes with a bundled dataset."""
    found = next((c for c in catalog.datasets() if c.source == "bundled" and c.name == name), None)
    path = found.folder / "README.md" if found is not None else None
    return path if path is not None and path.is_file() else None


def data_limits(name: str) -> list[str]:
    """The bullets under "Limits" in a bundled dataset's card."""
    card = card_of(name)
    part = re.search(r"\*\*Limits\.\*\*\n((?:- .*\n)+)", card.read_text("utf-8")) if card else None
    return [line[2:] for line in part[1].splitlines()] if part else []


def data_card(run: Any, data: Any) -> str:
    """data/README.md of an export: what lies there, counts by label, and the card that the data came with."""
    lines = [f"# The data of run {run.id}\n", data_words(run), "",
             "One JSON object per line, in the order in which the run read them. `watched.json` has the numbers of the training rows (from 0) "
             "whose loss in eval mode is the training curve.\n", "| split | rows |", "|---|---|"]  # fmt: skip
    lines += [
        f"| {split} | {run.store.facts.get('n_train', len(data[split])) if split == 'train' else len(data[split])} |"
        for split in data
    ]
    card = card_of(run.config.data)
    if card is None:
        return "\n".join(
            [*lines, "", "Who wrote these texts and what may be done with them is for you to add here.", ""]
        )
    return "\n".join(
        [*lines, "", f"## The card of `{run.config.data}`\n", re.sub(r"^# ", "### ", card.read_text("utf-8")), ""]
    )


def export_readme(run: Any, parts: Any) -> str:
    """README.md of an exported run."""
    start = (
        "`start/` is the checkpoint it begins with. "
        if parts.local
        else f"It begins with `{parts.source.location}` from the Hub. "
    )
    device, dtype = run.store.facts.get("device", "cpu"), run.store.facts.get("dtype", "fp32")
    return f"""# {plain(short(run.config.model))} on {plain(short(run.config.data))}, as a plain script

```
pip install -r requirements.txt
python train.py          # trains, prints the curve, writes result/
python train.py --test   # and looks at the test split once, at the very end
```

`train.py` is made to be read from top to bottom: data, model, looking, training, afterwards. `config.toml` holds every choice, `data/` the rows
that the run saw, in its order. {start}Nothing here needs the workbench, which made the run with

```python
{code_of(run)}
```

## What to expect

{scores(run)}

{run.diagnosis}

The script ends by saying how far its losses are from those of the run (`original.json`): about 1e-6 nats on the same machine with the
versions in `requirements.txt`. Another device, number of threads or version adds up differently, and after some hundred steps two curves
may differ visibly without either being wrong. The run used {dtype} on {device}; `[training]` in `config.toml` says so, and on a machine
with a GPU `use_cpu = false` and `bf16 = true` are the first things to change.

## Limits

""" + "".join(f"- {line}\n" for line in limits(run))
