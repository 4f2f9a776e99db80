"""The README of a saved model: the lines of code by which transformers and torch alone use it. Text only; no model is loaded here."""

from __future__ import annotations

from typing import Any

from workbench.models.heads import PooledClassifier
from workbench.models.tagger import WordTagger
from workbench.scale.card import model_card
from workbench.tasks.tagging import spaces
from workbench.tasks.two_way import fills, two_way


def readme(run: Any, model: Any, tokenizer: Any) -> str:
    """README.md of a folder with this model and this tokenizer, which `run` has trained."""
    return model_card(run, code(run, model, tokenizer), "\n\n".join(filter(None, _warnings(run, model))))


def code(run: Any, model: Any, tokenizer: Any) -> str:
    """Lines that load the model from the folder they are run in, ask it and read its answer."""
    lines = _heads_own(run, model, tokenizer) or _of_transformers(run.store.facts.get("task"), tokenizer)
    known = "import workbench.models.elmo_heads  # transformers alone knows no ELMo\n"
    sets = "\nprobabilities = logits.sigmoid()  # a yes-or-no question per label"
    return (
        (known if getattr(model.config, "model_type", "") == "elmo" else "")
        + lines
        + (sets if run.store.facts.get("task") == "multi-label" else "")
    )


def _heads_own(run: Any, model: Any, tokenizer: Any) -> str:
    """The lines for a model with a head of ours; "" for one of transformers' own."""
    if isinstance(model, WordTagger):
        return _OWN_TAGS % {"words": _words(tokenizer), "hidden": _OWN_HEADS[model.head]}
    if isinstance(model, PooledClassifier) and model.pooling in _FEATURES:
        return _POOLED % {"features": _FEATURES[model.pooling] + (_MLP if run.config.head == "mlp" else "")}
    return ""


def _of_transformers(task: str | None, tokenizer: Any) -> str:
    if task == "tagging":
        return _TAGGED % {"words": _words(tokenizer)}
    if task == "translation":
        return str(getattr(tokenizer, "usage", _WRITES))
    if task == "language-modeling" and not fills(tokenizer):
        return _GOES_ON
    if task == "language-modeling" and two_way(tokenizer):
        return _TWO_WAY
    if task == "language-modeling":
        return _SHUFFLED if getattr(tokenizer, "shuffles", False) else _FILLS
    return _ANSWERS if task == "answering" else _PLAIN


def _words(tokenizer: Any) -> str:
    """The words of a sentence as the run has cut them."""
    return '[" " + w for w in words]' if spaces(tokenizer) else "words"


def _warnings(run: Any, model: Any) -> list[str]:
    """What the lines do not do by themselves, in whole sentences."""
    pooled = isinstance(model, PooledClassifier) and model.pooling in _FEATURES
    own = _POOLED_WARNING if pooled else _OWN_WARNING if isinstance(model, WordTagger) else ""
    return [own, _CONSTRAINED if run.config.decoding == "constrained" else ""]


_PLAIN = """from transformers import AutoModelForSequenceClassification, AutoTokenizer
model, tokenizer = AutoModelForSequenceClassification.from_pretrained("."), AutoTokenizer.from_pretrained(".")
logits = model(**tokenizer(["Not bad at all"], return_tensors="pt")).logits
probability, number = logits.softmax(-1).max(-1)
print(model.config.id2label[number.item()], f"{probability.item():.0%}")"""

_TAGGED = """from transformers import AutoModelForTokenClassification, AutoTokenizer
model, tokenizer = AutoModelForTokenClassification.from_pretrained("."), AutoTokenizer.from_pretrained(".")
words = ["Ada", "Lovelace", "left", "London"]
batch = tokenizer(%(words)s, is_split_into_words=True, return_tensors="pt")
answers = [model.config.id2label[int(i)] for i in model(**batch).logits[0].argmax(-1)]
first = [batch.word_ids().index(i) for i in range(len(words))]  # a word is judged by its first piece
tags = [answers[i] for i in first]"""

_OWN_TAGS = """import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer
encoder, tokenizer, head = AutoModel.from_pretrained("."), AutoTokenizer.from_pretrained("."), load_file("head.safetensors")
words = ["Ada", "Lovelace", "left", "London"]
batch = tokenizer(%(words)s, is_split_into_words=True, return_tensors="pt")
vectors = encoder(**batch).last_hidden_state%(hidden)s
logits = (vectors @ head["classifier.weight"].T + head["classifier.bias"])[0]
first = [batch.word_ids().index(i) for i in range(len(words))]  # a word is judged by its first piece
tags = [encoder.config.id2label[int(i)] for i in logits[first].argmax(-1)]"""

_OWN_HEADS = {
    "linear": "",
    "mlp": """
vectors = torch.tanh(vectors @ head["hidden.weight"].T + head["hidden.bias"])""",
    "bilstm": """
lstm = torch.nn.LSTM(vectors.shape[-1], (vectors.shape[-1] + 1) // 2, batch_first=True, bidirectional=True)
lstm.load_state_dict({name.removeprefix("lstm."): w for name, w in head.items() if name.startswith("lstm.")})
vectors = lstm(vectors)[0]""",
}

_OWN_WARNING = (
    "The head is in `head.safetensors`, as transformers has none of this kind: `AutoModelForTokenClassification` would load the "
    "encoder and put an untrained head on it."
)

_CONSTRAINED = (
    "The scores below are those of constrained decoding: of all sequences of tags in which `I-X` stands behind `B-X` or `I-X` alone, the one "
    "with the highest sum of log-probabilities (Viterbi). The lines above take the likeliest tag of every word by itself."
)

_WRITES = """from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer(["Good morning"], return_tensors="pt")
print(tokenizer.batch_decode(model.generate(**batch, num_beams=4, max_length=128), skip_special_tokens=True))"""

_ANSWERS = """from transformers import AutoModelForQuestionAnswering, AutoTokenizer
model, tokenizer = AutoModelForQuestionAnswering.from_pretrained("."), AutoTokenizer.from_pretrained(".")
question, passage = "Who left London?", "Ada Lovelace left London in 1835."
batch = tokenizer(question, passage, return_offsets_mapping=True, return_tensors="pt")
places, inside = batch.pop("offset_mapping")[0], [s == 1 for s in batch.sequence_ids(0)]
output = model(**batch)
start, end = (s[0].masked_fill(s.new_tensor(inside) == 0, -100) for s in (output.start_logits, output.end_logits))
scores = (start[:, None] + end[None, :] + 200).triu().tril(29)  # an end is not before its start, nor far behind it
first, last = divmod(int(scores.argmax()), len(start))
answer = passage[places[first, 0] : places[last, 1]].strip()
# A model that has learned to say "the passage does not say" means it where [CLS] scores higher than the best span."""

_FILLS = """from transformers import AutoModelForMaskedLM, AutoTokenizer
model, tokenizer = AutoModelForMaskedLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer("The " + tokenizer.mask_token + " was cold.", return_tensors="pt")
place = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero().item()
answer = tokenizer.decode(model(**batch).logits[0, place].argmax())"""

_SHUFFLED = """import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
ids = tokenizer("The " + tokenizer.mask_token + " was cold.", return_tensors="pt")["input_ids"]
blank = (ids == tokenizer.mask_token_id).float()  # nobody sees it, and it alone is asked for
logits = model(ids, perm_mask=blank[:, None, :].repeat(1, ids.shape[1], 1), target_mapping=blank[:, None, :]).logits
answer = tokenizer.decode(logits[0, 0].argmax())"""

_TWO_WAY = """import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
before, behind = tokenizer(["The", "was cold."], add_special_tokens=False)["input_ids"]
blank = tokenizer.unk_token_id  # neither side looks at it
ids = torch.tensor([[tokenizer.cls_token_id, *before, blank, *behind, tokenizer.sep_token_id]])
left, right = model(ids).logits[0, :, 1 + len(before)].log_softmax(-1)
answer = tokenizer.decode((left + right).argmax())"""

_GOES_ON = """from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
batch = tokenizer("The room", return_tensors="pt", return_token_type_ids=False)
answer = tokenizer.decode(model.generate(**batch, max_new_tokens=20)[0], skip_special_tokens=True)"""

_POOLED = """import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer
encoder, tokenizer = AutoModel.from_pretrained("."), AutoTokenizer.from_pretrained(".")
head, batch = load_file("head.safetensors"), tokenizer(["Not bad at all"], return_tensors="pt")
tokens, mask = encoder(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
features = %(features)s
logits = features @ head["classifier.weight"].T + head["classifier.bias"]
probability, number = logits.softmax(-1).max(-1)
print(encoder.config.id2label[number.item()], f"{probability.item():.0%%}")"""

_POOLED_WARNING = (
    "The head is in `head.safetensors` and reads a pooled vector that transformers' own heads do not have: "
    "`AutoModelForSequenceClassification` would load the encoder and put an untrained head on it."
)

_FEATURES = {
    "mean": "(tokens * mask).sum(1) / mask.sum(1)",
    "max": "tokens.masked_fill(mask == 0, -torch.inf).amax(1)",
    "cls": "tokens[:, 0]",
    "attention": """(tokens * (tokens @ head["attend.weight"].T + head["attend.bias"])
            .masked_fill(mask == 0, -torch.inf).softmax(1)).sum(1)""",
}
_MLP = """
features = torch.tanh(features @ head["hidden.weight"].T + head["hidden.bias"])"""
