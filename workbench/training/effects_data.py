"""What `python -m workbench effects` trains on: bundled data, labelled sets in a folder, texts to read, and questions of medicine.

Nothing is trained here. What is not bundled is looked for in two folders, of labelled sets and of corpora.
"""

from __future__ import annotations

import lzma
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PRACTICE = {"banking77": "banking77", "sms_spam": "sms_spam/messages.tsv", "wnut17": "wnut17"}
CORPORA = {  # file, our own sentences of the field, and words of the file that are read
    "legal_en": ("legal_en.txt.xz", "legal-sentences", 400_000),
    "medical_en": ("medical_en.txt.xz", "clinic-sentences", 10_000_000),
}
ASKED = {  # what is asked about an illness, by how the question is put
    "causes": r"^what causes|^what is the cause",
    "diagnosis": r"^how .*diagnos",
    "inheritance": r"^(is|are|how is|how are|can) .*inherited",
    "symptoms": r"^what (are|is) the .*(symptoms|signs)|^what symptoms",
    "treatment": r"^how .*treat|^what (is|are) the treatment|^what treatment",
}
TEMPLATE = "Human Phenotype Ontology"  # a table of signs, in the same words for thousands of illnesses
TESTED = 400


def dataset(name: str, practice: Path, corpora: Path | None = None) -> Any:
    """The data of a setting: a bundled name or a labelled set, or NAME:SOURCE+SOURCE for the texts of some sources of it, or
    "medical_en:answers"; validation stands in for a missing test split."""
    from datasets import DatasetDict

    from workbench.data import load

    base, _, sources = name.partition(":")
    if base in CORPORA and corpora is not None:
        return _with_test(load(answers(corpora / CORPORA[base][0])[0]))
    data = load(str(practice / PRACTICE[base]) if base in PRACTICE else base)
    if sources:
        some = sources.split("+")
        data = load(DatasetDict({k: part.filter(lambda row: row["source"] in some) for k, part in data.items()}))
    return _with_test(data)


def _with_test(data: Any) -> Any:
    if "test" not in data:
        data["test"] = data["validation"]
    return data


def answers(corpus: Path) -> tuple[pd.DataFrame, list[str]]:
    """Paragraphs that answer a question, without it: text, label (what was asked: one of ASKED), split; and all other paragraphs.

    The last in the corpus are for the test, so that what is said of one illness is on one side. Tables in template words are left out,
    and paragraphs that say mostly what an earlier one said.
    """
    found, others = [], []
    for line in _lines(corpus):
        question = re.match(r"([A-Z][^?.]{8,160})\? (\S.*)", line)
        kind = next((k for k, p in ASKED.items() if question and re.search(p, question[1].lower())), None)
        if kind is None or question is None:
            others.append(line)
        elif len(question[2].split()) > 11:
            found.append((question[2], kind))
    rows = pd.DataFrame([f for f in found if TEMPLATE not in f[0]], columns=["text", "label"])
    rows = rows[_new(rows["text"])].reset_index(drop=True)
    test = min(TESTED, len(rows) // 2)
    return rows.assign(split=["train"] * (len(rows) - test) + ["validation"] * test), others


def _new(texts: Any) -> list[bool]:
    """Of each text, whether fewer than a fifth of its runs of six words stand in those before it."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        runs = set(zip(*(words[i:] for i in range(6)), strict=False))
        found.append(5 * len(runs & seen) < len(runs))
        seen |= runs
    return found


def paragraphs(corpora: Path, corpus: str, folder: Path) -> Path:
    """A file in `folder` of single paragraphs: our sentences of the field twice, then a corpus's in random order up to its number of
    words, without those that `answers` takes as a labelled set."""
    from workbench.data import load

    name, own, words = CORPORA[corpus]
    lines = answers(corpora / name)[1] if corpus == "medical_en" else _lines(corpora / name)
    some = [line for line in lines if len(line.split()) > 12 and TEMPLATE not in line]
    random.Random(0).shuffle(some)
    ends = np.cumsum([len(p.split()) for p in some])
    texts = 2 * list(load(own)["train"]["text"]) + some[: int(np.searchsorted(ends, words)) + 1]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{corpus}.txt"
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return path


def _lines(corpus: Path) -> list[str]:
    with lzma.open(corpus, "rt", encoding="utf-8") as lines:
        return [line.strip() for line in lines]
