"""Whether a checkpoint is what its folder says: weights of this model, words of this vocabulary. Nothing is loaded from disk here.

transformers makes anew whatever it does not find, and says so in a report that nobody in a notebook sees: a model whose weights have
other names would be trained from noise, a tokenizer without its files would read every word as unknown.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from torch import nn

from workbench.errors import WorkbenchError


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


def padding(name: str, model: nn.Module) -> None:
    """Raise a WorkbenchError for a model that cannot tell padding from text, as FNet: its answer to a text would depend on which
    longer ones stand in the same batch."""
    if "attention_mask" not in inspect.signature(body(model)[1].forward).parameters:
        raise WorkbenchError(f"model {name!r} takes no mask, and would read the padding of a batch as part of its texts",
                             "a model that leaves padding out, such as BERT", "model='bert-mini'")  # fmt: skip
