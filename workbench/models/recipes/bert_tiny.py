"""bert-tiny: bert-mini's little sister, 2 layers x 128, the student of the lessons on distillation.

Same text, same budget, same objective and the very same tokenizer, so that teacher and student read the same pieces and
nothing but size lies between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from tokenizers import Tokenizer

from workbench.catalog import bundled_home
from workbench.errors import WorkbenchError
from workbench.models.recipes import bert_mini

HIDDEN, LAYERS, HEADS = 128, 2, 2


def sisters_tokenizer(lines: Iterable[str], vocabulary: int) -> Tokenizer:
    """bert-mini's tokenizer as it is shipped; the text is not looked at."""
    path = bundled_home() / "models" / "bert-mini" / "tokenizer.json"
    if not path.is_file():
        raise WorkbenchError("bert-mini has no tokenizer yet", "a bundled bert-mini", "pretrain bert-mini first")
    return Tokenizer.from_file(str(path))


RECIPE = replace(
    bert_mini.RECIPE,
    name="bert-tiny",
    title="bert-tiny: BERT, 2 layers x 128, lower-cased English",
    hidden=HIDDEN,
    tokens=50_000_000,
    rate=2e-3,
    train_tokenizer=sisters_tokenizer,
    build=partial(bert_mini.build, hidden=HIDDEN, layers=LAYERS, heads=HEADS),
)
