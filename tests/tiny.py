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
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{s[1:-1].lower()}_token": s for s in SPECIAL}
    takes = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=64, model_input_names=takes, **names)
    tokenizer.save_pretrained(folder)
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


def batch() -> dict[str, torch.Tensor]:
    """Two texts of the tiny vocabulary as a model takes them, the shorter one padded."""
    ids = torch.tensor([[2, 7, 9, 3, 0, 0], [2, 11, 12, 13, 14, 3]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


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


PAIRS = {"the": "le", "cat": "chat", "dog": "chien", "sleeps": "dort", "eats": "mange", "here": "ici", "now": "maintenant",
         "big": "grand", "old": "vieux"}  # fmt: skip


def tiny_marian(folder: Path, seed: int = 0, hidden: int = 32, kind: str = "marian") -> Path:
    """As `tiny_bert`, an encoder-decoder of one layer each over whole words of English and French; `kind` marian or t5."""
    from transformers import MarianConfig, MarianMTModel, T5Config, T5ForConditionalGeneration

    folder = Path(folder)
    words = ["<pad>", "</s>", "<unk>", *PAIRS, *PAIRS.values(), *".!?"]
    core = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=64,
                                        model_input_names=["input_ids", "attention_mask"], **names)  # fmt: skip
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    if kind == "t5":
        model = T5ForConditionalGeneration(T5Config(vocab_size=len(words), d_model=hidden, d_kv=8, d_ff=2 * hidden, num_layers=1,
                                                    num_decoder_layers=1, num_heads=2, **ids))  # fmt: skip
    else:
        model = MarianMTModel(MarianConfig(vocab_size=len(words), d_model=hidden, encoder_layers=1, decoder_layers=1,
                                           encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=2 * hidden,
                                           decoder_ffn_dim=2 * hidden, max_position_embeddings=64, scale_embedding=True,
                                           forced_eos_token_id=1, **ids))  # fmt: skip
    model.save_pretrained(folder)
    return folder


def pairs(n: int, seed: int = 0) -> dict[str, list]:
    """`n` made-up sentences of known words with their word-by-word translation."""
    draw = random.Random(seed)
    rows = {"source": [], "target": []}
    for _ in range(n):
        english = ["the"] * draw.randint(0, 1) + draw.sample(list(PAIRS)[1:], draw.randint(2, 5))
        sign = draw.choice(".!?")
        rows["source"].append(" ".join(english) + sign)
        rows["target"].append(" ".join(PAIRS[w] for w in english) + sign)
    return rows


def parallel_data(train: int = 64, validation: int = 24):
    """A DataFrame of `pairs` with a split column: train, validation and test."""
    import pandas as pd

    sizes = {"train": train, "validation": validation, "test": validation}
    return pd.concat([pd.DataFrame(pairs(n, i)).assign(split=k) for i, (k, n) in enumerate(sizes.items())])


def tiny_gpt(folder: Path, seed: int = 0, hidden: int = 32) -> Path:
    """As `tiny_bert`, a causal model of two layers over whole words; what it does not know are letters."""
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = Path(folder)
    letters = sorted(set("abcdefghijklmnopqrstuvwxyz0123456789.,!?:'/-"))
    words = list(dict.fromkeys(["<end>", "<pad>", *GOOD, *BAD, *FILLER, *letters, *("##" + c for c in letters)]))
    core = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="<end>", max_input_chars_per_word=40)
    )
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = {"eos_token": "<end>", "bos_token": "<end>", "unk_token": "<end>", "pad_token": "<pad>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=128,
                                        model_input_names=["input_ids", "attention_mask"], **names)  # fmt: skip
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    ids = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 1}
    GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(words), n_embd=hidden, n_layer=2, n_head=2, n_positions=128, initializer_range=0.3, **ids
        )
    ).save_pretrained(folder)
    return folder


def tiny_elmo(folder: Path, seed: int = 0, hidden: int = 32) -> Path:
    """As `tiny_bert`, an ELMo of two layers over small words; all others are pieces, down to bytes."""
    import json

    from workbench.models.elmo import ElmoConfig, ElmoForPreTraining
    from workbench.models.recipes import elmo_mini

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    core = elmo_mini.train_tokenizer(texts(100)["text"], 780)
    core.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(elmo_mini.TOKENIZER_CONFIG | {"model_max_length": 96}), "utf-8"
    )
    torch.manual_seed(seed)
    config = ElmoConfig(vocab_size=780, words=elmo_mini.words_of(780), hidden_size=hidden, cell_size=24,
                        filters=[[1, 8], [2, 8], [3, 16]], hidden_dropout_prob=0.0)  # fmt: skip
    model = ElmoForPreTraining(config)
    elmo_mini.equip(model, folder)
    model.save_pretrained(folder)
    return folder
