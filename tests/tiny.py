"""A BERT small enough for unit tests (2 layers × 32 hidden) and texts on which it can be trained in a second."""

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

GOOD = ["kind", "warm", "bright", "swift", "clean", "calm", "fresh", "crisp", "neat", "merry"]
BAD = ["cruel", "cold", "dim", "slow", "dirty", "harsh", "stale", "limp", "messy", "grim"]
FILLER = [
    "the",
    "room",
    "a",
    "meal",
    "our",
    "train",
    "this",
    "film",
    "that",
    "shop",
    "was",
    "felt",
    "seemed",
    "looked",
    "and",
    "but",
    "quite",
    "rather",
    "on",
    "at",
    "in",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tiny_bert(folder: Path, seed: int = 0, hidden: int = 32) -> Path:
    """Write model.safetensors, config.json and tokenizer files into `folder` and return it: `model=str(folder)` works."""
    folder = Path(folder)
    letters = sorted(set("abcdefghijklmnopqrstuvwxyz0123456789.,!?'<>/()="))
    words = SPECIAL + GOOD + BAD + FILLER + letters + ["##" + c for c in letters]
    words = list(dict.fromkeys(words))
    core = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]", max_input_chars_per_word=40)
    )
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", [("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{s[1:-1].lower()}_token": s for s in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=64, **names).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(words), hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=2 * hidden, max_position_embeddings=64)  # fmt: skip
    model = BertForMaskedLM(config)
    model.save_pretrained(folder)
    return folder


def texts(n: int, seed: int = 0, noise: float = 0.0) -> dict[str, list]:
    """`n` made-up texts with labels 0 and 1 in turn; a share `noise` of the labels is wrong."""
    draw = random.Random(seed)
    rows = {"text": [], "label": []}
    for i in range(n):
        label = i % 2
        middle = draw.sample(FILLER, draw.randint(3, 8))
        middle.insert(draw.randrange(len(middle)), draw.choice((BAD, GOOD)[label]))
        rows["text"].append(" ".join(middle) + f" {i}")
        rows["label"].append(label if draw.random() >= noise else 1 - label)
    return rows


def data(train: int = 64, validation: int = 32, noise: float = 0.0):
    """A DatasetDict with train, validation and test."""
    from datasets import Dataset, DatasetDict

    sizes = {"train": train, "validation": validation, "test": validation}
    return DatasetDict({k: Dataset.from_dict(texts(n, i, noise)) for i, (k, n) in enumerate(sizes.items())})


def sentences(n: int, seed: int = 0) -> dict[str, list]:
    """`n` made-up sentences with tags: GOOD words are people of one or two words, BAD words places of one."""
    draw = random.Random(seed)
    rows = {"tokens": [], "tags": []}
    for i in range(n):
        person, place = draw.sample(GOOD, 1 + i % 2), [draw.choice(BAD)]
        parts = [(person, "PER"), (place, "LOC"), *(([w], "") for w in draw.sample(FILLER, draw.randint(2, 6)))]
        draw.shuffle(parts)
        rows["tokens"].append([w for words, _ in parts for w in words])
        rows["tags"].append(
            [f"{'I' if at else 'B'}-{kind}" if kind else "O" for words, kind in parts for at in range(len(words))]
        )
    return rows


def tagged_data(train: int = 64, validation: int = 32):
    """The same as `wb.Data` would have it: train, validation and test of `sentences`."""
    import pandas as pd

    sizes = {"train": train, "validation": validation, "test": validation}
    return pd.concat([pd.DataFrame(sentences(n, i)).assign(split=k) for i, (k, n) in enumerate(sizes.items())])
