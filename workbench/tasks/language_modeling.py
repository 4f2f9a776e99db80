"""Language modelling: guess the words of a text from the others. What pretraining does, and domain adaptation does again.

Models with a mask token guess 15% hidden word pieces from both sides (Devlin et al. 2019), XLNet guesses them in a shuffled order
(see `permutation.py`), ELMo each word that is one piece, from either side (see `two_way.py`), the others the next piece from those
before it. Which pieces are hidden changes with every batch in training and stays the same in every evaluation.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError
from workbench.models import zoo
from workbench.models.blanks import BLANK, not_one
from workbench.models.elmo_words import whole_words
from workbench.tasks.base import PROBE, Ask, Collate, Encoded, Prepared, entropy
from workbench.tasks.inputs import texts as texts_of
from workbench.tasks.permutation import order, views
from workbench.tasks.two_way import fills, in_blank, two_way
from workbench.tasks.where_asked import NOT_ASKED, only_where_asked

HIDDEN_SHARE = 0.15
CHOICES = 5  # words that `predict` offers for a blank
CONTINUATION = 20  # word pieces that `predict` goes on for


class LanguageModeling:
    """Text -> its own words. Loss is cross-entropy in nats per piece that is asked for; perplexity is its exponential."""

    name = "language-modeling"
    metric = "accuracy"
    unit = "word piece"
    controls = ("commonest piece", "piece before it")

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Texts as pieces, longer ones in several parts; validation and probe with their hidden pieces already chosen."""
        if config.label_smoothing and (shuffles(tokenizer) or two_way(tokenizer)):
            name = "XLNet" if shuffles(tokenizer) else "ELMo"
            raise WorkbenchError(f"label_smoothing={config.label_smoothing} with {name} as a language model", "none: Trainer would "
                                 "look for its labels in other places", "label_smoothing=0")  # fmt: skip
        texts = list(data["train"]["text"])
        rows = np.arange(len(texts))
        if config.train_examples is not None and config.train_examples < len(texts):
            rows = np.sort(np.random.default_rng(config.seed).permutation(len(texts))[: config.train_examples])
        train = self.parts([texts[i] for i in rows], tokenizer, config.max_length)
        train.rows = rows[train.rows]
        some = np.sort(np.random.default_rng(config.seed + 1).permutation(len(train))[:PROBE])
        probe, validation = (
            asked(train.take(some), tokenizer),
            self.encode(data["validation"], tokenizer, config.max_length),
        )
        facts = {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": entropy(np.concatenate(train.ids)),
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": 0,
        }
        return Prepared(train, validation, probe, [], tokenizer, facts)

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str] | None = None) -> Encoded:
        """Every part of every text, with the pieces that are asked for already chosen (the same every time)."""
        return asked(self.parts(list(split["text"]), tokenizer, max_length), tokenizer)

    def parts(self, texts: list[str], tokenizer: Any, max_length: int) -> Encoded:
        """Nothing is cut off: a text that is too long becomes several examples. `rows` says from which text each part is."""
        longest, sound = min(max_length, tokenizer.model_max_length), [well_formed(t) for t in texts]
        if tokenizer.is_fast:
            batch = tokenizer(sound, truncation=True, max_length=longest, return_overflowing_tokens=True)
            cut, rows = batch["input_ids"], np.array(batch["overflow_to_sample_mapping"])
        else:  # written in Python, as those of BERTweet and Japanese BERT: it tells what overflows of one text only
            room = max(1, longest - tokenizer.num_special_tokens_to_add())
            whole = tokenizer(sound, add_special_tokens=False, verbose=False)["input_ids"]
            both = [(row, w[at : at + room]) for row, w in enumerate(whole) for at in range(0, len(w), room)]
            cut, rows = (
                [tokenizer.build_inputs_with_special_tokens(part) for _, part in both],
                np.array([r for r, _ in both]),
            )
        ids = [np.array(i, dtype=np.int64) for i in cut]
        kept = [i for i, piece in enumerate(ids) if len(piece) > 1]  # from one piece nothing can be guessed
        labels = [np.zeros(0, dtype=np.int64)] * len(ids)
        if two_way(
            tokenizer
        ):  # asked for the same words every time; of a text of rare words alone, which are in no list, for none
            labels = [whole_words(i, tokenizer.begins, tokenizer.all_special_ids, NOT_ASKED) for i in ids]
            kept = [i for i in kept if (labels[i] != NOT_ASKED).any()]
        return Encoded([ids[i] for i in kept], [labels[i] for i in kept], rows[kept])

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with the language model's head that it was pretrained with, or a fresh one."""
        from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

        cfg = zoo.config(source)
        zoo.set_dropout(cfg, config.dropout)
        zoo.set_layers(cfg, config.layers)
        masks = prepared.tokenizer.mask_token is not None and not shuffles(prepared.tokenizer)
        model: torch.nn.Module = zoo.build(AutoModelForMaskedLM if masks else AutoModelForCausalLM, source, cfg)
        return only_where_asked(model) if masks else model

    def collate(self, tokenizer: Any) -> LanguageCollate:
        return PermutationCollate(tokenizer) if shuffles(tokenizer) else LanguageCollate(tokenizer)

    def read(self, output: Any, batch: Any) -> list[np.ndarray]:
        """Per example (2, pieces asked for): their losses in nats, and whether the likeliest piece was right."""
        labels = batch["labels"].to(output["logits"].device)
        where = labels != NOT_ASKED
        all_places = output["logits"].shape[:2] == labels.shape
        chosen, right = output["logits"][where if all_places else 0].float(), labels[where]
        guesses = chosen.shape[1] if chosen.ndim == 3 else 1  # two of ELMo, which answers from either side
        chosen, right = chosen.reshape(-1, chosen.shape[-1]), right.repeat_interleave(guesses)
        losses = torch.nn.functional.cross_entropy(chosen, right, reduction="none")
        both = torch.stack([losses, (chosen.argmax(-1) == right).float()]).cpu().numpy()
        return np.split(both, np.cumsum(guesses * where.sum(1).cpu().numpy())[:-1], axis=1)

    def losses(self, logits: Any, labels: Any) -> np.ndarray:
        """Loss of every piece that was asked for, in nats."""
        return np.concatenate([answer[0] for answer in logits])

    def metrics(self, logits: Any, labels: Any, names: list[str] | None = None) -> dict[str, float]:
        hits = np.concatenate([answer[1] for answer in logits])
        return {"accuracy": float(hits.mean()), "perplexity": float(np.exp(self.losses(logits, labels).mean()))}

    def pairs(self, logits: Any, labels: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        raise WorkbenchError(
            "a language model has no table of confusions", "a task that chooses among labels", "run.errors(10)"
        )

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str]) -> tuple[float, float]:
        """Share of validation words guessed right by always saying the commonest, and by the commonest after the one before."""
        words = lambda texts: [t.lower().split() for t in texts]  # noqa: E731
        train, valid = words([data["train"]["text"][int(i)] for i in rows]), words(data["validation"]["text"])
        counts = Counter(w for text in train for w in text)
        after: dict[str, Counter[str]] = {}
        for text in train:
            for left, right in pairwise(text):
                after.setdefault(left, Counter())[right] += 1
        commonest = counts.most_common(1)[0][0] if counts else ""
        pairs = [(left, right) for text in valid for left, right in pairwise(text)]
        guess = {left: found.most_common(1)[0][0] for left, found in after.items()}
        share = lambda hits: float(np.mean(hits)) if pairs else 0.0  # noqa: E731
        return share([commonest == r for _, r in pairs]), share([guess.get(left, commonest) == r for left, r in pairs])

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per text. With a mask token, or from ELMo: `text` with a blank (`___` or the mask) -> `answer`, `probability` and
        the other `choices`; without: `text` -> `answer`, the likeliest words that go on from it."""
        texts = texts_of(inputs)
        one = self._fill if fills(tokenizer) else self._go_on
        return pd.DataFrame([one(ask.model, text, tokenizer) for text in texts])

    def _fill(self, model: Any, text: str, tokenizer: Any) -> dict[str, Any]:
        answer = in_blank if two_way(tokenizer) else _at_mask
        p = answer(model, tokenizer, text)
        best = p.topk(CHOICES)
        words = [tokenizer.decode([int(i)]).strip() for i in best.indices]
        others = ", ".join(f"{w} {v:.1%}" for w, v in zip(words[1:], best.values[1:].tolist(), strict=True))
        return {"text": text, "answer": words[0], "probability": float(best.values[0]), "choices": others}

    def _go_on(self, model: Any, text: str, tokenizer: Any) -> dict[str, Any]:
        ids = tokenizer(text, truncation=True)["input_ids"] or [tokenizer.eos_token_id]
        device = next(model.parameters()).device
        given = torch.tensor([ids[-tokenizer.model_max_length + CONTINUATION :]], device=device)
        with torch.inference_mode():
            out = model.generate(given, attention_mask=torch.ones_like(given), max_new_tokens=CONTINUATION, do_sample=False,
                                 repetition_penalty=1.2, pad_token_id=tokenizer.pad_token_id)  # fmt: skip
        return {"text": text, "answer": tokenizer.decode(out[0, given.shape[1] :], skip_special_tokens=True)}

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` texts that surprise the model most: text and perplexity, most surprising first."""
        encoded = self.encode(split, tokenizer, config.max_length)
        found: dict[int, list[np.ndarray]] = {}
        for row, answer in zip(encoded.rows, ask(encoded), strict=True):
            found.setdefault(int(row), []).append(answer[0])
        mean = {row: float(np.concatenate(parts).mean()) for row, parts in found.items()}
        worst = sorted(mean, key=lambda row: -mean[row])[:n]
        rows = {"text": [split["text"][i] for i in worst], "perplexity": [float(np.exp(mean[i])) for i in worst]}
        return pd.DataFrame(rows, index=pd.Index(worst, name="row"))


def _at_mask(model: Any, tokenizer: Any, text: str) -> torch.Tensor:
    """Probabilities (V,) of the piece behind the mask."""
    shown = text.replace(BLANK, tokenizer.mask_token)
    batch = tokenizer(shown, truncation=True, return_tensors="pt").to(next(model.parameters()).device)
    where = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten()
    if len(where) != 1:
        raise not_one(len(where), text)
    batch.pop("token_type_ids", None)  # training has none
    if shuffles(tokenizer):
        batch = {**batch, **views((batch["input_ids"] == tokenizer.mask_token_id).long() - 1)}
    with torch.inference_mode():
        logits: torch.Tensor = model(**batch)["logits"][0, where[0]]
    return logits.float().softmax(-1)


class LanguageCollate(Collate):
    """Pads; examples without labels get theirs here, new ones every time: transformers' models shift a causal model's own."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer.pad_token_id, tokenizer.padding_side, tokenizer.model_max_length)
        self.tokenizer = tokenizer

    def __call__(self, items: list[tuple[np.ndarray, Any]]) -> dict[str, torch.Tensor]:
        return super().__call__(self.asked(items))

    def asked(self, items: list[tuple[np.ndarray, Any]]) -> list[tuple[np.ndarray, Any]]:
        """The examples with labels: those that they came with, or new ones."""
        if all(len(labels) for _, labels in items):
            return items
        if self.tokenizer.mask_token is None:
            return [(ids, ids) for ids, _ in items]
        random = np.random.default_rng(int(torch.randint(2**31, (1,))))  # torch's state is what a resumed run restores
        return [hide(ids, self.tokenizer, random) for ids, _ in items]

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return self.padded(labels, NOT_ASKED)


class PermutationCollate(LanguageCollate):
    """The same for XLNet: beside the pieces, which place may look at which."""

    def __call__(self, items: list[tuple[np.ndarray, Any]]) -> dict[str, torch.Tensor]:
        items = self.asked(items)
        turns = self.padded([order(ids, labels, NOT_ASKED) for ids, labels in items], -1)
        return {**super().__call__(items), **views(turns)}


def shuffles(tokenizer: Any) -> bool:
    """Whether its model guesses in a shuffled order (`pairing.tokenizer` says so)."""
    return bool(getattr(tokenizer, "shuffles", False))


def asked(encoded: Encoded, tokenizer: Any) -> Encoded:
    """The same examples with labels at the places that answer for them: for hidden pieces, chosen from each example's own
    ids so that the choice never changes, or without a mask token at every place the piece that comes next. ELMo's have theirs."""
    if two_way(tokenizer):
        return encoded
    if tokenizer.mask_token is None:
        return Encoded(encoded.ids, [np.append(ids[1:], NOT_ASKED) for ids in encoded.ids], encoded.rows)
    both = [hide(ids, tokenizer, np.random.default_rng((20, *map(int, ids)))) for ids in encoded.ids]
    return Encoded([ids for ids, _ in both], [labels for _, labels in both], encoded.rows)


def hide(ids: np.ndarray, tokenizer: Any, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ids with 15% of the pieces hidden, at least one (80% as the mask, 10% as another piece, 10% left), and labels.

    Both (length,); labels are -100 where nothing is asked.
    """
    special = np.isin(ids, tokenizer.all_special_ids)
    places = np.flatnonzero(~special)
    labels = np.full(len(ids), NOT_ASKED, dtype=np.int64)
    if not len(places):
        labels[-1] = ids[-1]  # nothing but special tokens: something has to be asked
        return ids, labels
    chosen = random.choice(places, max(1, round(HIDDEN_SHARE * len(places))), replace=False)
    labels[chosen] = ids[chosen]
    if shuffles(tokenizer):
        return ids, labels  # XLNet's two streams hide them
    shown, fate = ids.copy(), random.random(len(chosen))
    shown[chosen[fate < 0.8]] = tokenizer.mask_token_id
    other = chosen[(fate >= 0.8) & (fate < 0.9)]
    shown[other] = random.integers(len(tokenizer.all_special_ids), len(tokenizer), len(other))
    return shown, labels
