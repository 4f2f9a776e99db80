"""The shipped folder: half-precision weights, tokenizer, card.json, README.md. Measures what it ships; trains nothing.

Every number comes from the run's own checkpoint or is measured here on the weights as they are shipped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from workbench.errors import WorkbenchError
from workbench.models import checkpoints, pretrain_text
from workbench.models.pretrain_batches import VALIDATION_LENGTH, Validation
from workbench.models.recipes import Recipe

LICENCES = {
    "general_en.train.txt.xz": {
        "text": "English Wikipedia (about 2014, long-tail topics), 19th and 20th century novels, Wikinews",
        "licence": "CC BY-SA 3.0 (Wikipedia), public domain (novels), CC BY 2.5 (Wikinews)",
    },
    "tatoeba_en_fr.tsv.xz": {
        "text": "English sentences with their French translations from Tatoeba, by its contributors (tatoeba.org)",
        "licence": "CC BY 2.0 (tatoeba.org)",
        "unit": "sentences, two to a pair",
    },
}
WEIGHTS = "Apache-2.0"  # the licence of the weights: that of the project that they come with
UNSTATED = {"text": "not described", "licence": "not stated: that of the corpus it was trained on"}
ANOTHER = "The limits below were written for the bundled model, which has read another text: see which of them hold for this one."
START = (
    "The word embeddings, tied to the output layer, start from co-occurrence counts of the first 20 M tokens at most (window "
    "of 5, a pair at distance d counting 1/d; positive pointwise mutual information with context counts to the power "
    "0.75; randomised SVD, U times the square root of S, centred, standard deviation 0.05; Levy & Goldberg 2014, Levy, "
    "Goldberg & Dagan 2015), the output bias from word frequencies. All other weights start at random. The random twin "
    "has none of this."
)
LIMITS = [
    "English only, lower-cased, without accents; about the world until 2014 and much of its prose older than 1930.",
    "It repeats the biases of its sources: who has a Wikipedia page, and what novels of their time took for granted.",
    "No next-sentence task: [CLS] was never trained as a summary, so pool the mean over tokens instead.",
    "Segment B was never seen: its embedding is a copy of segment A's and is learned in fine-tuning.",
    "Texts up to 256 tokens; positions beyond 128 were trained in the last tenth of the budget only. No emoji and hardly any non-Latin script in the vocabulary: they become [UNK].",
    "Encyclopaedia, old novels and news are far from how customers write; what the pretraining is worth on which data, the table below shows.",
    "Small on purpose: for learning how fine-tuning behaves, not for use on people.",
]


def write(recipe: Recipe, work: Path, out: Path, corpus: Path | None = None) -> dict[str, Any]:
    """Export, reload what was exported, measure it, and write the cards. Returns card.json's content."""
    state = checkpoints.read_state(work / "checkpoint")
    planned = state["plan"]["tokens"] // state["plan"]["batch"]
    if state["step"] < planned:
        raise WorkbenchError(f"The run stands at step {state['step']} of {planned}", "a finished run", "--resume")
    out.mkdir(parents=True, exist_ok=True)
    model = recipe.fresh(work / "tokenizer")
    checkpoints.load(work / "checkpoint", model)
    recipe.finish(model).half().save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # safetensors writes for the owner alone
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(work / "tokenizer" / file, out / file)
    measured = _measure(recipe, out, work)
    if recipe.score and corpus:
        measured |= recipe.score(out, corpus)
    card = _card(recipe, state, pretrain_text.read_json(work / "corpus.json"), measured, out)
    pretrain_text.write_json(out / "card.json", card)
    (out / "README.md").write_text(_readme(card), encoding="utf-8")
    return card


def _measure(recipe: Recipe, out: Path, work: Path) -> dict[str, Any]:
    """Vocabulary, validation loss and the share of right guesses of the files as a user loads them."""
    shipped = type(recipe.build(recipe.vocabulary)).from_pretrained(out, dtype=torch.float32)
    length = min(recipe.phases[-1][0], VALIDATION_LENGTH)
    validation = Validation(pretrain_text.load_ids(work, "valid-*.npy.xz"), recipe, length)
    loss, accuracy = validation(shipped)
    pieces = shipped.config.vocab_size  # a tokenizer may have found fewer than the recipe asks for
    return {
        "vocabulary": pieces,
        "validation_loss": round(loss, 4),
        recipe.guessed.replace(" ", "_"): round(accuracy, 4),
    }


def _card(
    recipe: Recipe, state: dict[str, Any], corpus: dict[str, Any], measured: dict[str, Any], out: Path
) -> dict[str, Any]:
    plan, begin = state["plan"], state["plan"].get("begin") or {}
    command = f"python -m workbench pretrain {recipe.name} --tokens {plan['tokens']} --batch {plan['batch']} "
    command += f"--rate {plan['rate']:g} --seed {plan['seed']}"
    own = recipe.initialisation or START
    start = own if recipe.begin else begin.get("initialisation", own)
    if plan["phases"] != json.loads(json.dumps(recipe.phases)):
        command += " --lengths " + ",".join(f"{length}:{100 * share:g}" for length, share in plan["phases"])
    if begin:
        command = f"{begin['command']}, and from its weights {command}" + ("" if recipe.begin else " --begin FOLDER")
        start += f" The curve below goes on from weights (SHA-256 {begin['sha256'][:16]}…) that had read {begin['tokens_seen']:,} tokens."
    if not (known := corpus["file"] in LICENCES):
        command += f" --corpus {corpus['file']}"
    files = ("model.safetensors", "tokenizer.json")
    model = recipe.build(recipe.vocabulary)
    return {
        "title": recipe.title,
        "licence": WEIGHTS if known else "not stated: whoever made them says",
        "family": recipe.family,
        "tasks": list(recipe.tasks),
        "pooling": "mean" if "classification" in recipe.tasks else "native",
        "parameters": sum(p.numel() for p in model.parameters()),
        "vocabulary": recipe.vocabulary,
        "hidden": recipe.hidden,
        "layers": model.config.num_hidden_layers,
        "corpus": {"unit": recipe.counted} | corpus | LICENCES.get(corpus["file"], UNSTATED),
        "objective": recipe.objective,
        "unit": recipe.unit,
        "guessed": recipe.guessed,
        "initialisation": start,
        "tokens_seen": state["step"] * plan["batch"] + begin.get("tokens_seen", 0),
        "sequence_lengths": plan["phases"],
        **measured,
        "seconds": round(state["seconds"]) + begin.get("seconds", 0),
        "hardware": ", then ".join(state["hardware"]),
        "seed": plan["seed"],
        "command": command,
        "limits": ([] if known else [ANOTHER]) + (list(recipe.limits) or LIMITS),
        "curve": _thinned([p | {"tokens": p["tokens"] + begin.get("tokens_seen", 0)} for p in state["curve"]]),
        "sha256": {file: hashlib.sha256((out / file).read_bytes()).hexdigest() for file in files},
    }


def score_table(measured: dict[str, Any]) -> str:
    """BLEU and chrF of what a translator writes, as Markdown: the way of writing, then one row per test set."""
    rows = [
        f"| {r['data']} | {r['sentences']:,} | {r['how']} | {100 * r['bleu']:.1f} | {100 * r['chrf']:.1f} |"
        for r in measured["rows"]
    ]
    head = ["| test set | sentences | how | BLEU | chrF |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, "", measured["words"]])


def _thinned(curve: list[dict[str, Any]], points: int = 25) -> list[dict[str, Any]]:
    """About so many lines of the curve, the first and the last among them, rounded."""
    last = len(curve) - 1
    chosen = sorted({round(i * last / max(1, points - 1)) for i in range(points)}) if last > points else range(last + 1)
    return [{key: round(v, 4) if isinstance(v, float) else v for key, v in curve[i].items()} for i in chosen]


def _readme(card: dict[str, Any]) -> str:
    """The card in prose."""
    corpus = card["corpus"]
    rows = "\n".join(
        f"| {p['tokens'] / 1e6:,.1f} M | {'' if p['train_loss'] is None else format(p['train_loss'], '.3f')} "
        f"| {p['valid_loss']:.3f} | {p['valid_accuracy']:.1%} |"
        for p in card["curve"]
    )
    limits = "\n".join(f"- {limit}" for limit in card["limits"])
    sums = "\n".join(f"- `{file}` `{digest}`" for file, digest in card["sha256"].items())
    lengths = ", ".join(f"{length} tokens for {share:.0%} of the budget" for length, share in card["sequence_lengths"])
    guessed, measured = card["guessed"], card.get("translation")
    further = f"\n{score_table(measured)}\n" if measured else ""
    return f"""# {card["title"]}

{card["parameters"] / 1e6:.2f} M parameters, shipped in half precision: load it with `dtype=torch.float32`.

**Text.** {corpus["text"]}: {corpus["documents"]:,} {corpus["unit"]}, {corpus["tokens"]:,} tokens of this vocabulary.
Licence of the text: {corpus["licence"]}. Licence of the weights: {card["licence"]}{", as the code" if card["licence"] == WEIGHTS else ""}.

**Objective.** {card["objective"][0].upper()}{card["objective"][1:]}. Sequences of {lengths}.

**Start.** {card["initialisation"]}

**Run.** {card["tokens_seen"]:,} tokens in {card["seconds"]:,} seconds on {card["hardware"]}, seed {card["seed"]}:
`{card["command"]}`. Several cores are used best by several processes that share each batch: `torchrun --nproc-per-node 3 -m
workbench.models.pretrain` with the same arguments.

**Measured on the shipped weights**, on held-out text: loss {card["validation_loss"]:.3f} nats per {card["unit"]},
{guessed} {card[guessed.replace(" ", "_")]:.1%}.
{further}
| tokens seen | training loss | validation loss | {guessed} |
|---|---|---|---|
{rows}

**Limits.**
{limits}

**Checksums (SHA-256).**
{sums}
"""
