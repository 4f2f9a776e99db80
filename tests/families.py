"""Checkpoints of fourteen families, two layers of 32 hidden units, as transformers itself writes them: with what real folders lack
(a pooler, a language model's head) and with what they have besides (half precision, other formats, notes). No downloads."""

import functools
import json
from pathlib import Path

import torch
import transformers as hf
from tiny import PAIRS, texts, tiny_elmo, tiny_marian
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from workbench.config import RunConfig
from workbench.models import pairing, zoo
from workbench.tasks import TASKS
from workbench.techniques import TECHNIQUES

WORDS = [*texts(40)["text"], *PAIRS, *PAIRS.values()]
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 96,
}
DECODER = {**SIZES, "num_key_value_heads": 1, "pad_token_id": None, "bos_token_id": 0, "eos_token_id": 0}

# family -> (kind of tokenizer, class that is saved, its configuration, the precision of its weights)
FAMILIES = {
    "bert": ("wordpiece", hf.BertForMaskedLM, hf.BertConfig(**SIZES), torch.float16),  # no pooler
    "roberta": ("bytes-masked", hf.RobertaForMaskedLM, hf.RobertaConfig(**SIZES, type_vocab_size=1), torch.float32),
    "xlnet": ("unigram", hf.XLNetLMHeadModel, hf.XLNetConfig(d_model=32, n_layer=2, n_head=2, d_inner=64, pad_token_id=0), torch.float32),
    "distilbert": ("wordpiece", hf.DistilBertModel,  # no head at all
                   hf.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=96), torch.float32),
    "albert": ("wordpiece", hf.AlbertForMaskedLM, hf.AlbertConfig(**SIZES, embedding_size=16), torch.float32),
    "deberta-v2": ("wordpiece", hf.DebertaV2Model,
                   hf.DebertaV2Config(**SIZES, type_vocab_size=0, relative_attention=True, pos_att_type=["p2c", "c2p"], max_relative_positions=-1,
                                      position_buckets=16, position_biased_input=False, share_att_key=True, norm_rel_ebd="layer_norm"), torch.float16),
    "electra": ("wordpiece", hf.ElectraForPreTraining, hf.ElectraConfig(**SIZES, embedding_size=16), torch.float32),  # no words' head
    "modernbert": ("wordpiece", hf.ModernBertForMaskedLM, hf.ModernBertConfig(**SIZES, pad_token_id=0, cls_token_id=2, sep_token_id=3,
                                                                             global_attn_every_n_layers=2, local_attention=16), torch.float32),
    "gpt2": ("bytes", hf.GPT2LMHeadModel, hf.GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=96, bos_token_id=0, eos_token_id=0), torch.float16),
    "llama": ("bytes", hf.LlamaForCausalLM, hf.LlamaConfig(**DECODER), torch.bfloat16),
    "qwen2": ("bytes", hf.Qwen2ForCausalLM, hf.Qwen2Config(**DECODER), torch.bfloat16),
    "t5": ("t5", None, None, torch.float32),
    "marian": ("marian", None, None, torch.float16),
    "elmo": ("elmo", None, None, torch.float32),
}  # fmt: skip


def make(family, folder):
    """A folder of this family as somebody else might have published it."""
    folder = Path(folder)
    kind, saved, config, precision = FAMILIES[family]
    if saved is None:
        tiny_elmo(folder) if kind == "elmo" else tiny_marian(folder, kind=kind)
    else:
        tokenizer = TOKENIZERS[kind]()
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        config.vocab_size = len(tokenizer)
        saved(config).to(precision).save_pretrained(folder)
    extra(folder)
    return folder


def begun(folder, task_name, data, max_length, **choices):
    """(model as its technique leaves it, a batch of four, what it was prepared from), as a run has them when it begins."""
    task, source = TASKS[task_name], zoo.source(str(folder))
    config = RunConfig(model=str(folder), max_length=max_length, dropout=0.0, **choices)
    pairing.suits(source, task_name)
    prepared = task.prepare(data, pairing.tokenizer(source, task_name), config)
    torch.manual_seed(0)
    model = TECHNIQUES[config.technique].apply(task.build(source, prepared, config), config)
    return model, task.collate(prepared.tokenizer)([prepared.train[i] for i in range(4)]), prepared


def extra(folder):
    """What else lies in published folders: none of it is to be read."""
    for name in ("pytorch_model.bin", "tf_model.h5", "training_args.bin", "model.onnx"):
        (folder / name).write_bytes(b"\x80not for reading")
    (folder / "README.md").write_text("# A model\n", "utf-8")
    (folder / "vocab_extra.json").write_text("[", "utf-8")


def wrapped(core, takes, **names):
    return hf.PreTrainedTokenizerFast(tokenizer_object=core, model_input_names=takes, **names)


@functools.cache
def wordpiece():
    """BERT's kind: [CLS] text [SEP], small letters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    core = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    core.normalizer, core.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    core.train_from_iterator(WORDS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    core.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{s[1:-1].lower()}_token": s for s in special}
    return wrapped(core, ["input_ids", "token_type_ids", "attention_mask"], **names)


def byte_pairs(special):
    core = Tokenizer(models.BPE())
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    return core


@functools.cache
def bytes_alone():
    """GPT's kind: no special token around a text, none for padding, none for unknown words."""
    return wrapped(
        byte_pairs(["<|endoftext|>"]),
        ["input_ids", "attention_mask"],
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
    )


@functools.cache
def bytes_masked():
    """RoBERTa's kind: <s> text </s>, padding has number 1."""
    core = byte_pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    core.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)]
    )
    return wrapped(core, ["input_ids", "attention_mask"], bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
                   pad_token="<pad>", unk_token="<unk>", mask_token="<mask>")  # fmt: skip


@functools.cache
def unigram():
    """XLNet's kind: the special tokens stand behind the text, padding before it."""
    special = ["<pad>", "<unk>", "<cls>", "<sep>", "<mask>"]
    core = Tokenizer(models.Unigram())
    core.pre_tokenizer, core.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    core.train_from_iterator(
        WORDS, trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    core.post_processor = processors.TemplateProcessing(
        "$A:0 <sep>:0 <cls>:2", "$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2", [("<sep>", 3), ("<cls>", 2)]
    )
    return wrapped(core, ["input_ids", "token_type_ids", "attention_mask"], padding_side="left", pad_token="<pad>", unk_token="<unk>",
                   cls_token="<cls>", sep_token="<sep>", mask_token="<mask>", eos_token="<sep>")  # fmt: skip


TOKENIZERS = {"wordpiece": wordpiece, "bytes": bytes_alone, "bytes-masked": bytes_masked, "unigram": unigram}


def drop_weights(folder, name):
    """Weights whose name contains `name` are gone, as in checkpoints that were saved without them."""
    from safetensors.torch import load_file, save_file

    kept = {k: v for k, v in load_file(folder / "model.safetensors").items() if name not in k}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


def rename_class(folder, name):
    """The tokenizer says it is of a class of its own, as published ones do."""
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"tokenizer_class": name}), "utf-8")
