"""A sentence in, its translation out: pairs to tensors, an encoder-decoder, scores while it learns and scores of what it writes.

While it trains, the model is told the right words so far and asked for the next piece only: loss and `token_accuracy` are of
those guesses, one forward pass for a whole batch. Writing by itself takes as many passes as the translation has pieces; BLEU and
chrF are therefore measured by `run.evaluate()`. Any checkpoint of `AutoModelForSeq2SeqLM` will do (Marian, T5, BART); prefixes
and language codes that some want belong into the data. How others translate, an encoder such as BERT and a causal model such as
GPT-2, is arranged in `models/pairing.py`; here it shows in the tokenizer (two sides, or a prompt to be completed) and the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from workbench.config import RunConfig
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import bleu, chrf, chrf_each
from workbench.models import pairing, zoo
from workbench.tasks.base import PROBE, Ask, Collate, Encoded, Prepared, entropy
from workbench.tasks.dictionary import NextPiece, WordByWord
from workbench.tasks.inputs import texts as texts_of

SILENT = -100  # PyTorch's cross-entropy passes over it
BEAMS = 4
BATCH = 32  # sentences written at once
DECODED = 200  # of a larger split only so many pairs, those with the highest loss, are written out to find the worst


class PairCollate(Collate):
    """Source ids, target ids and what the decoder is shown: the target moved one place to the right behind a start token."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer.pad_token_id, limit=tokenizer.model_max_length)
        self.start = getattr(tokenizer, "decoder_start", tokenizer.pad_token_id)
        self.target_pad = getattr(tokenizer, "target_pad", tokenizer.pad_token_id)

    def __call__(self, items: list[tuple[np.ndarray, Any]]) -> dict[str, torch.Tensor]:
        batch = super().__call__(items)
        shown = F.pad(batch["labels"][:, :-1], (1, 0), value=self.start)
        return {**batch, "decoder_input_ids": shown.masked_fill(shown == SILENT, self.target_pad)}

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return self.padded(labels, SILENT)


class PromptCollate(Collate):
    """Prompt and completion in one row, for a causal model; the loss is on the completion alone."""

    def __call__(self, items: list[tuple[np.ndarray, Any]]) -> dict[str, torch.Tensor]:
        return super().__call__([
            (np.concatenate([ids, target]), np.concatenate([np.full(len(ids), SILENT), target])) for ids, target in items
        ])  # fmt: skip

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return self.padded(labels, SILENT)


class Translation:
    """Sentence -> sentence. Loss is cross-entropy in nats per target piece, the closing token among them."""

    name = "translation"
    metric = "token_accuracy"
    unit = "token"
    controls = ("piece before", "dictionary")

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Cut both sides of both splits into pieces once; take a random subset where the config asks for one."""
        if config.technique == "feature-extraction":
            raise WorkbenchError("feature extraction for translation", "a technique that changes the checkpoint: it has no new head "
                                 "that could learn alone", "technique='lora'")  # fmt: skip
        train = self.encode(data["train"], tokenizer, config.max_length)
        rng = np.random.default_rng(config.seed)
        if config.train_examples is not None and config.train_examples < len(train):
            train = train.take(np.sort(rng.permutation(len(train))[: config.train_examples]))
        probe = train.take(np.sort(rng.permutation(len(train))[: min(PROBE, len(train))]))
        validation = self.encode(data["validation"], tokenizer, config.max_length)
        facts = {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": entropy(np.concatenate(train.labels)),
            "tokens_per_epoch": int(train.lengths.sum() + sum(map(len, train.labels))),
            "cut": self.cut(data["train"], train, tokenizer, config.max_length),
            "baselines": self.guesses(train, validation),
        }
        return Prepared(train, validation, probe, [], tokenizer, facts)

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str] | None = None) -> Encoded:
        """Pieces of every source (`ids`) and of every target (`labels`), each with its closing token."""
        ids = self.pieces(list(split["source"]), tokenizer, max_length)
        targets = self.pieces(list(split["target"]), tokenizer, max_length, side="text_target")
        return Encoded(ids, targets, np.arange(len(ids)))

    def pieces(self, texts: list[str], tokenizer: Any, max_length: int, side: str = "text") -> list[np.ndarray]:
        """A list of int arrays, one per sentence; `side` says whether the tokenizer reads them as source or target."""
        if not texts:
            return []
        how: dict[str, Any] = {"truncation": True, "max_length": min(max_length, tokenizer.model_max_length)}
        ids = tokenizer(**{side: [well_formed(t) for t in texts]}, **how)["input_ids"]
        return [np.array(i or [tokenizer.pad_token_id], dtype=np.int64) for i in ids]

    def cut(self, split: Any, encoded: Encoded, tokenizer: Any, max_length: int) -> int:
        """How many of the encoded pairs had a side longer than the limit: those at the limit are counted again, uncut."""
        longest = min(max_length, tokenizer.model_max_length)
        sides = {"text": ("source", encoded.ids), "text_target": ("target", encoded.labels)}
        rows: set[int] = set()
        for side, (column, pieces) in sides.items():
            for row, some in zip(encoded.rows, pieces, strict=True):
                if (
                    len(some) >= longest
                    and len(tokenizer(**{side: split[int(row)][column]}, verbose=False)["input_ids"]) > longest
                ):
                    rows.add(int(row))
        return len(rows)

    def guesses(self, train: Encoded, validation: Encoded) -> tuple[float, float]:
        """Token accuracy of the two controls: the piece that usually follows, and that times a dictionary (IBM model 1)."""
        pairs = [list(zip(map(list, part.ids), map(list, part.labels), strict=True)) for part in (train, validation)]
        return NextPiece(pairs[0]).shares(pairs[1][:PROBE])

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """A checkpoint that writes as it is: its output layer has learned already. Others with what they lack."""
        model, tokenizer = pairing.translator(source, config), prepared.tokenizer
        start = getattr(model.config, "decoder_start_token_id", None)
        if model.config.is_encoder_decoder:
            known = model.generation_config.decoder_start_token_id if start is None else start
            start = _language(model, tokenizer, tokenizer.pad_token_id if known is None else known)
            model.config.decoder_start_token_id = model.generation_config.decoder_start_token_id = start
        tokenizer.decoder_start = tokenizer.pad_token_id if start is None else start
        return with_constants(model)

    def collate(self, tokenizer: Any) -> Collate:
        if not completes(tokenizer):
            return PairCollate(tokenizer)
        return PromptCollate(tokenizer.pad_token_id, limit=2 * tokenizer.model_max_length)  # both halves in one row

    def read(self, output: Any, batch: Any) -> list[np.ndarray]:
        """Per pair (pieces, 2): minus log probability of each right piece, and 1 where it was the first guess.

        Logits are (pairs, pieces, vocabulary): too many to be kept for a whole split.
        """
        guesses, labels = output["logits"], batch["labels"].to(output["logits"].device)
        if (
            labels[:, 0] == SILENT
        ).all():  # rows that begin with a prompt: a causal model says at each place what comes next
            guesses, labels = guesses[:, :-1], labels[:, 1:]
        found = []
        for logits, right in zip(guesses, labels, strict=True):
            logits, right = logits[right != SILENT].float(), right[right != SILENT]
            hits = (logits.argmax(-1) == right).float()
            found.append(torch.stack([F.cross_entropy(logits, right, reduction="none"), hits], 1).cpu().numpy())
        return found

    def losses(self, logits: list[np.ndarray], labels: Any) -> np.ndarray:
        """Cross-entropy per target piece in nats, (pieces,)."""
        return np.concatenate(logits)[:, 0].astype(np.float64)

    def metrics(self, logits: list[np.ndarray], labels: Any, names: list[str] | None = None) -> dict[str, float]:
        """The share of target pieces that are the first guess, given the right ones before them."""
        return {"token_accuracy": float(np.concatenate(logits)[:, 1].mean())}

    def written(self, ask: Ask, split: Any, tokenizer: Any, config: RunConfig) -> dict[str, float]:
        """BLEU and chrF of what the model writes by itself, beam search, over a whole split."""
        said = translate(ask.model, list(split["source"]), tokenizer, config.max_length)
        return {"bleu": bleu(said, list(split["target"])), "chrf": chrf(said, list(split["target"]))}

    def pairs(self, logits: Any, labels: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        raise WorkbenchError(
            "translation has no table of confusions", "a task that chooses among labels", "run.errors(10)"
        )

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str]) -> tuple[float, float]:
        """chrF on validation of copying the source, and of a word-by-word dictionary learned from these training rows."""
        train, validation = data["train"].select([int(i) for i in rows]), data["validation"]
        dictionary = WordByWord(list(zip(train["source"], train["target"], strict=True)))
        sources, right = list(validation["source"]), list(validation["target"])
        return chrf(sources, right), chrf([dictionary(s) for s in sources], right)

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per text: text, translation (beam search)."""
        texts = texts_of(inputs, "source")
        return pd.DataFrame({"text": texts, "translation": translate(ask.model, texts, tokenizer, config.max_length)})

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` translations that share least with their reference (chrF): source, reference, output, chrf, loss.

        `loss` is what the reference costs in nats per piece: low beside a low chrF, the model knew the reference as well.
        """
        encoded = self.encode(split, tokenizer, config.max_length)
        losses = np.array([part[:, 0].mean() for part in ask(encoded)])
        rows = np.sort(np.argsort(-losses, kind="stable")[:DECODED])
        some = split.select(rows)
        said = translate(ask.model, list(some["source"]), tokenizer, config.max_length)
        frame = pd.DataFrame({"source": list(some["source"]), "reference": list(some["target"]), "output": said,
                              "chrf": chrf_each(said, list(some["target"])), "loss": losses[rows]},
                             index=pd.Index(rows, name="row"))  # fmt: skip
        frame = frame[frame["output"] != frame["reference"]].sort_values("chrf", kind="stable").head(n)
        extra = [c for c in split.column_names if c not in ("target", *frame.columns)]
        return frame.assign(**{c: [split[c][int(i)] for i in frame.index] for c in extra})


def _language(model: Any, tokenizer: Any, start: int) -> int:
    """Where a decoder begins, `start` for most. Of those that know many languages NLLB writes the name of one first of all, which the
    model is then made to do; mBART has it behind the end of what it has learned, and goes round from there to the beginning."""
    lang = getattr(tokenizer, "tgt_lang", None)
    if not lang:
        return start
    there = tokenizer.get_vocab()
    names = [there[name] for name in (lang, f"__{lang}__") if name in there]  # the second is M2M100's way
    pieces = tokenizer(text_target="a")["input_ids"]
    model.generation_config.forced_bos_token_id = pieces[0] if pieces[0] in names else None
    return int(pieces[-1]) if pieces[-1] in names and pieces[0] not in names else start


def with_constants(model: torch.nn.Module) -> torch.nn.Module:
    """Weights that a family never trains (sinusoidal positions) as buffers, so that no technique can set them free.

    transformers does not save them: had they learned something, a saved model would give other answers.
    """
    unsaved = set(getattr(model, "_keys_to_ignore_on_save", None) or ())
    for path, weight in list(model.named_parameters()):
        if path in unsaved or not weight.requires_grad:
            owner, _, name = path.rpartition(".")
            part = model.get_submodule(owner)
            delattr(part, name)
            part.register_buffer(name, weight.data)
    return model


def completes(tokenizer: Any) -> bool:
    """Whether what is translated is the prompt of a causal model."""
    return bool(getattr(tokenizer, "completes", False))


def translate(model: Any, texts: list[str], tokenizer: Any, max_length: int = 128, beams: int = BEAMS) -> list[str]:
    """What the model writes for each text. One beam is greedy: always the likeliest next piece. Shortest texts first."""
    ids = Translation().pieces(texts, tokenizer, max_length)
    order, said = np.argsort([len(i) for i in ids], kind="stable"), [""] * len(ids)
    prompt = completes(tokenizer)
    device = next(model.parameters()).device
    collate = Collate(tokenizer.pad_token_id, "left" if prompt else "right", tokenizer.model_max_length)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                some = order[start : start + BATCH]
                batch = collate([(ids[i], 0) for i in some])
                width = batch["input_ids"].shape[1]
                limit = min(max_length, tokenizer.model_max_length, 2 * width + 16)
                inputs = {k: batch[k].to(device) for k in ("input_ids", "attention_mask")}
                ends = {k: getattr(tokenizer, k) for k in ("pad_token_id", "eos_token_id")}
                how = {"max_new_tokens": limit, **ends} if prompt else {"max_length": limit}
                out = model.generate(**inputs, num_beams=beams, do_sample=False, **how)
                out = out[:, width:] if prompt else out
                for i, text in zip(some, tokenizer.batch_decode(out, skip_special_tokens=True), strict=True):
                    said[i] = text.strip()
    finally:
        model.train(was_training)
    return said
