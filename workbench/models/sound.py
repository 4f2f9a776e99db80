"""Whether a checkpoint is what its folder says: weights of this model, words of this vocabulary. Nothing is loaded from disk here.

transformers makes anew whatever it does not find, and says so in a report that nobody in a notebook sees: a model whose weights have
other names would be trained from noise, a tokenizer without its files would read every word as unknown.
"""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import nn

from workbench.errors import WorkbenchError

LAYERS = (
    "num_hidden_layers",
    "n_layer",
    "n_layers",
    "num_layers",
    "num_decoder_layers",
    "encoder_layers",
    "decoder_layers",
)
MOST_LAYERS = 1000
FEW = 8  # tokens beside the special ones: fewer are no vocabulary
DISTANCES = (
    "bloom",
    "falcon",
    "mamba",
    "mamba2",
    "mpt",
    "opt",
    "xglm",
)  # or that count from the first piece that is no padding
PADDING_READ = {
    "canine": "joins every four characters",
    "funnel": "joins every two pieces",
}  # and what was joined with padding is taken apart again for one vector per piece
POINTER = b"version https://git-lfs"
READ = ("config.json", "tokenizer*.json", "vocab.*", "merges.txt", "*.model")  # beside the weights
ROLES = ("cls_token", "sep_token", "bos_token", "eos_token", "unk_token", "mask_token")


def body(model: nn.Module) -> tuple[str, Any]:
    """(what names begin with, the model without its head); a model that is nothing else is its own body."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    inside = getattr(model, prefix, None) if prefix else None
    return (f"{prefix}.", inside) if isinstance(inside, nn.Module) else ("", model)


def strange(model: nn.Module, missing: set[str], there: int) -> str:
    """What a checkpoint lacks below the head, if that is most of it or a whole layer; "" where it is sound. Layers behind the
    `there` that its configuration counts are not expected."""
    prefix, inside = body(model)
    sizes = {name: weight.numel() for name, weight in inside.named_parameters()}
    gone = {name for name in sizes if prefix + name in missing}
    if 2 * sum(sizes[name] for name in gone) > sum(sizes.values()):
        return f"{len(gone)} of the {len(sizes)} weights below its head"
    for path, part in inside.named_modules():
        if not isinstance(part, nn.ModuleList):
            continue
        for number, layer in enumerate(part):
            names = [f"{path}.{number}.{name}" for name, _ in layer.named_parameters()]
            if names and gone.issuperset(names) and number < there:
                return f"all weights of {path}.{number}"
    return ""


def renaming(model: nn.Module, names: Iterable[str]) -> dict[str, str]:
    """What to put in place of what, as `from_pretrained` takes it, where the files have every weight below the head under one other
    prefix: Llama's class for answers looks for `transformer.`, its checkpoints say `model.`. Empty where they do not."""
    prefix, inside = body(model)
    wanted = {name for name, _ in inside.named_parameters() if "pooler" not in name}
    found: Counter[str] = Counter()
    for name in names:
        for start in (0, *(dot.end() for dot in re.finditer(r"\.", name))):
            if name[start:] in wanted:
                found[name[:start]] += 1
    whole = [start for start, count in found.items() if count == len(wanted) and start != prefix]
    if len(whole) != 1:
        return {}
    theirs = whole[0].removesuffix(prefix)  # what stands before all names stands before those of the head as well
    return {f"^{re.escape(theirs)}": prefix if theirs == whole[0] else ""}


def files(name: str, place: str, weights: bool = False) -> None:
    """Raise a WorkbenchError for a folder of an adapter alone, of GGUF files, or of what stands for files that Git keeps elsewhere;
    where its `weights` are to be read, for parts of them that are missing too."""
    folder = Path(place)
    _honest(name, folder)
    for pattern in (*READ, *(("model*.safetensors",) if weights else ())):
        for path in filter(_is_pointer, sorted(folder.glob(pattern))):
            raise WorkbenchError(f"{path.name} of model {name!r} is a pointer of Git LFS, not the file that it stands for",
                                 "the files themselves", "git lfs pull, in the folder of the model")  # fmt: skip
    if weights:
        _parts(name, folder)
    if (folder / "adapter_config.json").is_file():
        made_for = _json(folder / "adapter_config.json").get("base_model_name_or_path") or "another model"
        raise WorkbenchError(f"model {name!r} is an adapter for {made_for!r}, not a model by itself",
                             "a whole model: peft's merge_and_unload() and save_pretrained() make one of both", f"model={made_for!r}")  # fmt: skip
    if any(folder.glob("*.gguf")) and not any(folder.glob("*.safetensors")):
        raise WorkbenchError(f"model {name!r} is here as GGUF, which is made for answering and cannot be fine-tuned",
                             "the model that it was made from, with config.json and safetensors", "model='gpt-mini'")  # fmt: skip


def _honest(name: str, folder: Path) -> None:
    """Raise a WorkbenchError for what a stranger's folder may hold: a device in the place of a file, attention that is code from the Hub,
    more layers than any memory has room for."""
    for path in (p for pattern in READ for p in sorted(folder.glob(pattern)) if p.exists() and not p.is_file()):
        raise WorkbenchError(
            f"{path.name} of model {name!r} is no file", "a folder with the files of a model", "model='bert-mini'"
        )
    settings = _json(folder / "config.json")
    if any(
        "/" in str(settings.get(k, ""))
        for k in ("attn_implementation", "_attn_implementation", "experts_implementation")
    ):
        raise WorkbenchError(f"config.json of model {name!r} asks for attention from a repository of the Hub, which is code",
                             "attention that transformers has", 'config.json without "attn_implementation"')  # fmt: skip
    if many := [k for k in LAYERS if isinstance(settings.get(k), int) and settings[k] > MOST_LAYERS]:
        raise WorkbenchError(
            f"{many[0]} in config.json of model {name!r} is {settings[many[0]]:,}",
            f"at most {MOST_LAYERS:,}",
            "model='bert-mini'",
        )


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:  # whoever reads it says what is wrong
        return False


def _parts(name: str, folder: Path) -> None:
    """Raise a WorkbenchError for weights in several files of which some, or the list of what stands where, are missing."""
    index, there = folder / "model.safetensors.index.json", {p.name for p in folder.glob("model-*-of-*.safetensors")}
    if there and not index.exists() and not (folder / "model.safetensors").exists():
        raise WorkbenchError(f"the weights of model {name!r} are in {len(there)} parts, and {index.name}, which says what stands where, is "
                             "missing", "all files of its folder", f"copying or fetching {index.name} as well")  # fmt: skip
    listed = _json(index).get("weight_map") if index.exists() and not (folder / "model.safetensors").exists() else None
    wanted = {str(part) for part in listed.values()} if isinstance(listed, dict) else set()
    if odd := sorted(part for part in wanted if not re.fullmatch(r"[^/\\]+\.safetensors", part)):
        raise WorkbenchError(f"{index.name} of model {name!r} has weights in {odd[0]!r:.80}", "safetensors in the folder itself: opening a "
                             "pickle may run what it holds", "model='bert-mini', or the same model with model.safetensors")  # fmt: skip
    if lost := sorted(part for part in wanted if not (folder / part).exists()):
        raise WorkbenchError(f"{len(lost)} of the {len(wanted)} parts of the weights of model {name!r} {'is' if len(lost) == 1 else 'are'} missing: {lost[0]}",
                             "all files of its folder", "copying or fetching the others as well")  # fmt: skip


def precision(name: str, cfg: Any) -> None:
    """Raise a WorkbenchError for weights of four or eight bits: a step of training would be lost in their rounding."""
    how = getattr(cfg, "quantization_config", None)
    if how:
        method = how.get("quant_method", "") if isinstance(how, dict) else getattr(how, "quant_method", "")
        raise WorkbenchError(f"the weights of model {name!r} are quantised ({getattr(method, 'value', method) or 'no method named'}), and "
                             "cannot be fine-tuned so", "the same model in whole precision (float32, bfloat16, float16)", "model='gpt-mini'")  # fmt: skip


def offsets(name: str, tok: Any) -> None:
    """Raise a WorkbenchError for a tokenizer that does not say where in a text its pieces stand."""
    if not tok.is_fast:
        raise WorkbenchError(f"the tokenizer of model {name!r} is written in Python, and does not say where in a text a piece stands",
                             "a model with a fast tokenizer (tokenizer.json)", "models=['bert-mini']")  # fmt: skip


def side(tok: Any, cfg: Any) -> None:
    """Pad on the right, whatever the tokenizer says, where a head reads the first place or places are counted from the left: a text's
    answer would depend on the longest one beside it. XLNet, and writers that know distances alone, pad where they say."""
    from transformers.models.auto import modeling_auto as auto

    writes = type(cfg) in auto.MODEL_FOR_CAUSAL_LM_MAPPING and type(cfg) not in auto.MODEL_FOR_MASKED_LM_MAPPING
    if cfg.model_type != "xlnet" and not (writes and (hasattr(cfg, "rope_parameters") or cfg.model_type in DISTANCES)):
        tok.padding_side = "right"


def one_half(name: str, cfg: Any) -> None:
    """Raise a WorkbenchError for a head of our own on a T5, which gives no vectors without a text to write."""
    if cfg.model_type in ("t5", "mt5", "umt5"):
        raise WorkbenchError(f"a head of our own on model {name!r} ({cfg.model_type}), which reads with one half and writes with the other",
                             "the head that transformers has for it", "pooling='native', head='linear'")  # fmt: skip


def padding(name: str, model: nn.Module) -> None:
    """Raise a WorkbenchError for a model that cannot tell padding from text, as FNet: its answer to a text would depend on which
    longer ones stand in the same batch."""
    if "attention_mask" not in inspect.signature(body(model)[1].forward).parameters:
        raise WorkbenchError(f"model {name!r} takes no mask, and would read the padding of a batch as part of its texts",
                             "a model that leaves padding out, such as BERT", "model='bert-mini'")  # fmt: skip


def reads_padding(model: Any) -> bool:
    """Whether a model's vectors depend on how far its texts are padded, mask or no mask."""
    return getattr(getattr(model, "config", None), "model_type", "") in PADDING_READ


def padding_words(cfg: Any) -> str:
    """A sentence on that for whoever trains such a model; "" for any other."""
    why = PADDING_READ.get(cfg.model_type, "")
    if not why:
        return ""
    return f"{cfg.model_type} {why}, padding among them: answers are computed without any; in training they depend on the batch's longest text."


def words(name: str, tok: Any, cfg: Any) -> None:
    """Raise a WorkbenchError for a tokenizer without a vocabulary or of another model; give one that lacks padding a token for it."""
    known = tok.get_vocab() if len(tok) < 1000 else {}
    if tok.is_fast and known and len(set(known) - set(tok.get_added_vocab()) - set(tok.all_special_tokens)) < FEW:
        raise WorkbenchError(f"the folder of model {name!r} has no vocabulary: every word would be unknown",
                             "tokenizer.json beside config.json, or vocab.txt, vocab.json and merges.txt as its family has them", "the "
                             "files of its tokenizer put there")  # fmt: skip
    rows = getattr(cfg, "vocab_size", None)
    size = rows if isinstance(rows, int) and 0 < rows < len(tok) else None
    beyond = {t: i for t, i in tok.get_vocab().items() if i >= size} if size else {}
    if tok.pad_token is None or tok.pad_token in beyond:
        others = (getattr(tok, role) for role in ("eos_token", "sep_token", "unk_token", "bos_token"))
        tok.pad_token = next((t for t in others if t is not None and t not in beyond), None)
    if tok.pad_token is None:
        raise WorkbenchError(f"the tokenizer of model {name!r} has no token for padding, nor one for the end of a text",
                             "a pad_token or an eos_token in its tokenizer_config.json", "tokenizer.pad_token = ... and save_pretrained()")  # fmt: skip
    special = {t.content for t in tok.added_tokens_decoder.values() if t.special} - {getattr(tok, r) for r in ROLES}
    if lost := sorted(beyond.keys() - special - {tok.pad_token}):
        raise WorkbenchError(f"the tokenizer of model {name!r} knows {len(lost)} tokens that the model has no vectors for, such as {lost[0]!r}",
                             f"a tokenizer of {size} tokens, saved together with the weights", "add_tokens=[...] for words of your own")  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
