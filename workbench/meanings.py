"""What each choice of a run means, in a sentence: for `help(wb.RunConfig)` and the table in docs/reference.md. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

GROUPS: dict[str, dict[str, str]] = {
    "What is trained": {
        "data": "a bundled name, `hub:owner/name`, or a file; `wb.fit` also takes a frame or a `DatasetDict`",
        "model": "a bundled name (`bert-mini:random` is its twin with fresh weights), a Hub id or a folder; `wb.fit` also takes a finished run",
        "technique": "what may change in the model: one of `wb.techniques()`",
        "task": "what the data is for; `auto` reads it off the columns",
        "train_examples": "so many training texts, drawn alike from every label; None: all of them",
        "seed": "of everything that is drawn: the texts, the head's first weights, the order, dropout",
    },
    "How it learns": {
        "learning_rate": "the highest rate of AdamW, per step; every technique has one that suits it (`wb.techniques()`)",
        "batch_size": "texts per step",
        "epochs": "passes over the training texts, parts of one too",
        "warmup": "share of all steps in which the rate rises from 0",
        "schedule": "how the rate falls after that: in a straight line, as a half wave, not at all, or as Howard & Ruder's slanted triangle (to a 32nd)",
        "max_length": "word pieces of a text; longer ones are cut, questions are asked in windows of that length",
        "precision": "number format of training; `auto`: bf16 or fp16 where the hardware is faster with it",
        "seconds": "a budget of training time after which it stops; None: no limit",
    },
    "Against learning by heart": {
        "dropout": "share of values that are put to 0 while training; None: as the checkpoint says",
        "weight_decay": "how much AdamW shrinks matrices, as a share of the rate; biases and layer norms stay",
        "label_smoothing": "share of each target that is dealt out evenly over all labels",
        "mixup": "texts are mixed in pairs, by shares from a Beta distribution with these two parameters; 0: none",
        "freeze": "so many of the lowest blocks do not learn: 1 is the embeddings, 2 the first layer as well",
    },
    "Looking and stopping": {
        "evaluations": "looks at the validation split over the whole run, evenly spread; the last step is always one",
        "patience": "stops after so many evaluations without a lower validation loss; None: never",
        "min_delta": "nats by which validation loss must fall to count as lower",
        "stopping": 'one more rule (Prechelt 1998): `"GL 5"` stops when the loss is 5% above its lowest, `"PQ 0.5"` when that percentage is above '
        'half of what training still gains, in thousandths; `"UP 3"` after three rises in a row',
        "ghost": "goes on after a rule has stopped it, to see what would have come; the kept weights do not change",
        "restore_best": "at the end the weights of the lowest validation loss are put back; else the last ones are kept",
        "keep_states": "so many training states are kept to fork from, evenly spread, and the best one beside them",
        "watch": "keeps what every evaluation says of single texts: of training up to 1,000, of validation all",
        "noise": "share of the training labels that are flipped in secret, to see whether they are learned by heart",
        "mistake": 'a deliberate mistake of `wb.mistakes()`, perhaps at one place alone: `"no-mask:serving"`',
    },
    "The architecture": {
        "pooling": "what a head for whole texts reads: the tokens' mean, maximum or learned average, the first one, or `native`, the model's own head",
        "head": "what stands on the vectors: one linear layer, a hidden layer before it (mlp), or for tags a BiLSTM",
        "decoding": "for tags: every word by itself, or the likeliest sequence without impossible neighbours",
        "layers": "so many layers, counted from the input; more than the checkpoint has are added; None: as it is",
        "add_tokens": "words that the vocabulary gets as tokens of their own",
    },
    "Single techniques": {
        "lora_rank": "lora: columns of the two thin matrices",
        "rate_decay": "unfreezing: by how much the rate falls from one block to the one below",
        "teacher": "distillation: a finished run, or the folder that its `save` made",
        "temperature": "distillation: how far both distributions are flattened",
        "alpha": "distillation: weight of the teacher's soft targets; the right labels have the rest",
        "reads": "domain-adaptation: unlabelled texts that the language model reads first; None: those of the data itself",
        "reads_epochs": "domain-adaptation: how many times it reads them",
        "also": "multi-task: names or paths of the other data sets that are learned at the same time",
        "sampling": "multi-task: how much is drawn from each, ∝ size^sampling; 1: as large as they are, 0: all alike",
    },
}
MEANINGS = {name: words for group in GROUPS.values() for name, words in group.items()}


def docstring(rows: Iterable[tuple[str, Any, str]]) -> str:
    """(choice, default, what it may be) row by row, with its meaning: for a docstring."""
    return "".join(f"\n    {name} = {default!r}: {MEANINGS[name]} ({takes})." for name, default, takes in rows)


def table(rows: Iterable[tuple[str, Any, str]]) -> str:
    """The same as Markdown, a part for every group."""
    known = {name: (default, takes) for name, default, takes in rows}
    lines = ["| choice | default | takes | what it is |", "|---|---|---|---|"]
    for group, names in GROUPS.items():
        lines.append(f"| **{group}** | | | |")
        for name, words in names.items():
            default, takes = known[name]
            lines.append(f"| `{name}` | {default!r} | {takes} | {words} |")
    return "\n".join(lines)
