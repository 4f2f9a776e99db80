"""How well a translator writes: BLEU and chrF on held-out pairs of its corpus and on the bundled phrases. Nothing is trained.

A sentence counts once, with all its translations as references; the controls are the source copied and a dictionary.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from workbench import catalog
from workbench.models.pretrain_pairs import pairs

SENTENCES = 500  # of the corpus's test part
LEARNED = 20_000  # training pairs of the dictionary
BUNDLED = ("phrases-en-fr", "hotel-en-fr")


def score(folder: Path, corpus: Path) -> dict[str, Any]:
    """{"translation": {"rows": [...], "words": ...}} for the card, measured on the files as they are shipped."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from workbench.metrics import signature
    from workbench.tasks.dictionary import WordByWord
    from workbench.tasks.translation import translate

    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    train = list(pairs(corpus, "train"))
    dictionary = WordByWord(train, largest=LEARNED)
    sets = test_sets(corpus)
    heard = {target for _, target in train}
    held_out = sets["Tatoeba, held out"]
    new = {s: refs for s, refs in held_out.items() if not heard & set(refs)}
    rows = []
    for name, some in sets.items():
        sources, references = list(some), list(some.values())
        ways = {"beam 4": translate(model, sources, tokenizer), "greedy": translate(model, sources, tokenizer, beams=1),
                "dictionary": [dictionary(s) for s in sources], "source copied": sources}  # fmt: skip
        rows += [row(name, how, said, references) for how, said in ways.items()]
        if some is held_out:
            said = dict(zip(sources, ways["beam 4"], strict=True))
            rows.append(row("of these, no translation seen", "beam 4", [said[s] for s in new], list(new.values())))
    several = max(len(refs) for refs in held_out.values())
    words = (
        f"Signatures of sacrebleu: BLEU `{signature('bleu', several)}`, chrF `{signature('chrf', several)}` (a sentence of Tatoeba has 1 "
        f"to {several} references, each of the bundled phrases 1). Of {len(held_out):,} held-out sentences {len(held_out) - len(new):,} have a "
        f"translation that training showed beside another English sentence. The dictionary (IBM model 1) learned from {LEARNED:,} "
        "training pairs."
    )
    return {"translation": {"rows": rows, "words": words}}


def test_sets(corpus: Path) -> dict[str, dict[str, list[str]]]:
    """Source -> its translations, for every test set that is there: an even sample of the held-out sentences, bundled phrases."""
    whole: dict[str, list[str]] = {}
    for source, target in pairs(corpus, "test"):
        whole.setdefault(source, []).append(target)
    step = max(1, len(whole) // SENTENCES)
    sets = {"Tatoeba, held out": dict(list(whole.items())[::step][:SENTENCES])}
    for name in BUNDLED:
        if (catalog.bundled_home() / "datasets" / name).is_dir():
            from workbench.data import load

            split = load(name)["test"]
            sets[f"{name}, test"] = {s: [t] for s, t in zip(split["source"], split["target"], strict=True)}
    return sets


def row(name: str, how: str, said: list[str], references: list[list[str]]) -> dict[str, Any]:
    """One line of the card's table."""
    from workbench.metrics import bleu, chrf

    return {"data": name, "sentences": len(said), "how": how, "bleu": round(bleu(said, references), 4),
            "chrf": round(chrf(said, references), 4)}  # fmt: skip
