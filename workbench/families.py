"""Which family of models does which task, and by what means: one table for `wb.models()`, the panel and the zoo.

Standard library only: what does not fit can be said before anything heavy is loaded. The classes are found in `models/pairing.py`.
"""

from __future__ import annotations

from workbench.errors import WorkbenchError

READER, WRITER, BOTH, TRANSLATOR = "reader", "writer", "reader and writer", "translator"

KINDS: dict[str, tuple[str, ...]] = {
    READER: ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "albert", "deberta", "deberta-v2", "electra", "modernbert",
             "xlnet", "elmo"),  # hears a whole text at once, from both sides
    WRITER: ("gpt2", "gpt_neo", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "gemma2", "phi3"),  # goes on from left to right
    BOTH: ("t5", "mt5", "bart", "mbart"),
    TRANSLATOR: ("marian", "encoder-decoder"),
}  # fmt: skip

_LABELS = {"classification": "new head", "multi-label": "new head", "tagging": "new head", "answering": "new head"}

WAYS: dict[str, dict[str, str]] = {
    #           labels, tags, answers   translation                  language-modeling
    READER:     {**_LABELS, "translation": "new decoder", "language-modeling": "hidden words"},
    WRITER:     {**_LABELS, "translation": "prompt",      "language-modeling": "next word"},
    BOTH:       {**_LABELS, "translation": "as it is"},
    TRANSLATOR: {           "translation": "as it is"},
}  # fmt: skip

OWN = {  # where a family differs from its kind
    ("xlnet", "language-modeling"): "shuffled words",
    ("elmo", "language-modeling"): "words from either side",
}


UNFIT = {  # technique -> families in which peft does not find what it changes; a test holds this against peft's own lists
    "lora": ("elmo",),
    "ia3": ("albert", "camembert", "distilbert", "electra", "elmo", "encoder-decoder", "marian", "mbart", "modernbert", "phi3", "xlm-roberta",
            "xlnet"),
}  # fmt: skip


def kind(family: str) -> str:
    """reader, writer, reader and writer, or translator; "" for a family that is not in the table.

    >>> kind("roberta"), kind("gpt2"), kind("mamba")
    ('reader', 'writer', '')
    """
    return next((name for name, families in KINDS.items() if family in families), "")


def way(family: str, task: str) -> str:
    """By what means a family does a task; "" where it does not, or where the family is not in the table.

    >>> way("bert", "translation"), way("gpt2", "translation"), way("marian", "tagging")
    ('new decoder', 'prompt', '')
    """
    return OWN.get((family, task), WAYS.get(kind(family), {}).get(task, ""))


def tasks(family: str) -> tuple[str, ...]:
    """The tasks that a family of the table can be fine-tuned for."""
    return tuple(task for task in WAYS[READER] if way(family, task))


def refusal(name: str, family: str, task: str) -> WorkbenchError | None:
    """Why a model of this family cannot do a task, and what to choose instead; None where it can or the table does not know it."""
    if not kind(family) or way(family, task):
        return None
    if kind(family) == TRANSLATOR:
        return WorkbenchError(
            f"model {name!r} translates; this is data for {task}",
            "a model that reads, such as BERT",
            "model='bert-mini'",
        )
    return no_words(name, family)


def technique_refusal(name: str, family: str, technique: str) -> WorkbenchError | None:
    """Why a technique cannot change a model of this family, and what to choose instead; None where it can or nobody knows.

    >>> print(technique_refusal("elmo-mini", "elmo", "lora").found)
    lora beside the LSTMs of 'elmo-mini'
    """
    if technique == "domain-adaptation" and kind(family) and not way(family, "language-modeling"):
        return no_words(name, family)
    if family not in UNFIT.get(technique, ()):
        return None
    if family == "elmo":
        return WorkbenchError(
            f"{technique} beside the LSTMs of {name!r}",
            "a model of linear layers, such as BERT or GPT-2",
            "technique='full'",
        )
    return WorkbenchError(f"{technique} does not know where to act in a model of the family {family}",
                          "a family that peft has a list of places for, such as BERT or RoBERTa", "technique='lora'")  # fmt: skip


def no_words(name: str, family: str) -> WorkbenchError:
    """What is said of a model that cannot be a language model here."""
    return WorkbenchError(f"model {name!r} ({family}) neither fills in blanks nor goes on",
                          "an encoder such as BERT, or a decoder such as GPT-2", "model='bert-mini'")  # fmt: skip
