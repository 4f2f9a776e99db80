"""One tag for every word: names of people, places and organisations found in a text. Alignment with word pieces, head, scores.

Tags are IOB2: `B-PER` opens a name, `I-PER` goes on with it, `O` is outside. A word of several pieces is judged by its first
piece; the others carry no label (-100), in training as in scoring. Scores are of whole names, as `seqeval` counts them.
"""

from __future__ import annotations

from collections import Counter
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import entities, entity_scores
from workbench.models import pairing, relabelled, zoo
from workbench.models.tagger import WordTagger
from workbench.tasks.base import PROBE, Ask, Collate, Encoded, Prepared, cross_entropy, entropy, softmax
from workbench.tasks.decoding import transitions, viterbi
from workbench.tasks.inputs import items
from workbench.tasks.words import split_words

SILENT = -100  # PyTorch's cross-entropy passes over it
OUTSIDE = "O"


def _words(given: Any) -> list[str]:
    """A text as a list of words."""
    words = items(given)
    for word in words:
        if not isinstance(word, str | Number) or word != word:
            raise WorkbenchError(
                f"{word!r:.60} among the words of a text", "texts, or lists of words", 'run.predict([["Ann", "left"]])'
            )
    return [well_formed(str(w)) for w in words]


class TagCollate(Collate):
    """As `Collate`, with one label per word piece."""

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return self.padded(labels, SILENT)


class Tagging:
    """Words -> one IOB2 tag each. Loss is cross-entropy in nats per word. `decoding` says how tags are chosen: "free" takes the likeliest
    of every word, "constrained" the likeliest sequence that IOB2 allows (see `decoding.py`); training is the same."""

    name = "tagging"
    metric = "f1"
    unit = "word"
    controls = ("nothing marked", "known names")

    def __init__(self, decoding: str = "free") -> None:
        self.decoding = decoding

    def decide(self, logits: np.ndarray, names: list[str]) -> np.ndarray:
        """Numbers of the tags of one sentence, from the logits (words, tags) of its words. A constant per word changes no decision, so
        logits serve as log-probabilities."""
        return logits.argmax(1) if self.decoding == "free" else viterbi(logits, *transitions(names))

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Cut the words of both splits into pieces once; take a random subset where the config asks for one."""
        labels = list(data.labels)
        train = self.encode(data["train"], tokenizer, config.max_length, labels)
        rng = np.random.default_rng(config.seed)
        if config.train_examples is not None and config.train_examples < len(train):
            train = train.take(np.sort(rng.permutation(len(train))[: config.train_examples]))
        probe = train.take(np.sort(rng.permutation(len(train))[: min(PROBE, len(train))]))
        validation = self.encode(data["validation"], tokenizer, config.max_length, labels)
        facts = {
            "n_train": len(train),
            "n_valid": len(validation),
            "label_entropy": entropy(np.concatenate([x[x != SILENT] for x in train.labels])),
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": self.cut(data["train"], train, tokenizer, config.max_length),
        }
        return Prepared(train, validation, probe, labels, tokenizer, facts)

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str]) -> Encoded:
        """Word pieces of every sentence and, at the first piece of each word, its tag's number."""
        ids, firsts = self.pieces(list(split["tokens"]), tokenizer, max_length)
        tags = []
        for first, row in zip(firsts, split["tags"], strict=True):
            tag = np.full(len(first), SILENT)
            tag[first >= 0] = [int(row[w]) for w in first[first >= 0]]
            tags.append(tag)
        return Encoded(ids, tags, np.arange(len(ids)))

    def cut(self, split: Any, encoded: Encoded, tokenizer: Any, max_length: int) -> int:
        """How many of the encoded sentences were longer than the limit: those at the limit are counted again, uncut."""
        longest = min(max_length, tokenizer.model_max_length)
        full = [split[int(i)]["tokens"] for i in encoded.rows[encoded.lengths >= longest]]
        return sum(len(i) > longest for i in self.pieces(full, tokenizer, None)[0])

    def pieces(self, sentences: list[list[str]], tokenizer: Any, max_length: int | None) -> tuple[list[Any], list[Any]]:
        """(ids, first) for every sentence: `first[p]` is the word that begins at piece p, or -1. Without a limit nothing is cut.

        Every word is cut by itself, so a word can never melt into its neighbour; one without any piece becomes [UNK].
        """
        before, after = _ends(tokenizer)
        room = None if max_length is None else max(1, min(max_length, tokenizer.model_max_length) - len(after))
        unknown = tokenizer.unk_token_id if tokenizer.unk_token_id is not None else tokenizer.pad_token_id
        different = list(dict.fromkeys(w for words in sentences for w in words))  # most words come again and again
        space = " " if spaces(tokenizer) else ""
        plain = [space + well_formed(w) for w in different]
        cut = tokenizer(plain, add_special_tokens=False, verbose=False)["input_ids"] if plain else []
        known = dict(zip(different, cut, strict=True))
        ids, firsts = [], []
        for words in sentences:
            row, first = list(before), [-1] * len(before)
            for number, word in enumerate(words):
                some = known[word] or [unknown]
                row += some
                first += [number] + [-1] * (len(some) - 1)
            if not row + after:  # no words, and a tokenizer without special tokens
                row, first = [unknown], [-1]
            ids.append(np.array(row[:room] + after, dtype=np.int64))
            firsts.append(np.array(first[:room] + [-1] * len(after), dtype=np.int64))
        return ids, firsts

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with a head over every piece: transformers' own linear layer, or a `WordTagger`, also where its family has no
        such layer there. It is fresh, unless it is transformers' own and was trained for the same tags."""
        from transformers import AutoModelForTokenClassification

        names = dict(enumerate(prepared.labels))
        cfg = zoo.config(source, num_labels=len(names), id2label=names, label2id={v: k for k, v in names.items()},
                         pad_token_id=prepared.tokenizer.pad_token_id)  # fmt: skip
        zoo.set_dropout(cfg, config.dropout)
        zoo.set_layers(cfg, config.layers)
        if config.head == "linear" and pairing.native(cfg, self.name):
            return relabelled.with_labels(AutoModelForTokenClassification, source, cfg)
        encoder = zoo.encoder(source, cfg)
        dropout = getattr(cfg, "hidden_dropout_prob", 0.1) if config.dropout is None else config.dropout
        return WordTagger(encoder, len(names), dropout, config.head)

    def collate(self, tokenizer: Any) -> TagCollate:
        return TagCollate(tokenizer.pad_token_id, tokenizer.padding_side, tokenizer.model_max_length)

    def read(self, output: Any, batch: Any) -> list[np.ndarray]:
        """Per sentence its logits (pieces, tags), without padding."""
        logits, mask = output["logits"].float().cpu().numpy(), batch["attention_mask"].numpy().astype(bool)
        return [row[real] for row, real in zip(logits, mask, strict=True)]

    def losses(self, logits: list[np.ndarray], labels: list[np.ndarray]) -> np.ndarray:
        """Cross-entropy per word in nats, (words,)."""
        flat, right = np.concatenate(logits), np.concatenate(labels)
        return cross_entropy(flat[right != SILENT], right[right != SILENT])

    def metrics(self, logits: list[np.ndarray], labels: list[np.ndarray], names: list[str]) -> dict[str, float]:
        """Entity precision, recall and F1 (micro), and the share of words with the right tag."""
        decided = [self.decide(row[tag != SILENT], names) for row, tag in zip(logits, labels, strict=True)]
        guess = [[names[i] for i in row] for row in decided]
        right = [[names[i] for i in tag[tag != SILENT]] for tag in labels]
        hits = [g == r for a, b in zip(guess, right, strict=True) for g, r in zip(a, b, strict=True)]
        return {**entity_scores(guess, right), "accuracy": float(np.mean(hits)) if hits else 0.0}

    def pairs(self, logits: Any, labels: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """(right, answer, names): what a confusion matrix counts, one entry per word, by type of name whatever its place in it."""
        types = list(dict.fromkeys(n.partition("-")[2] or n for n in names))
        kind = np.array([types.index(n.partition("-")[2] or n) for n in names])
        right = np.concatenate(labels)
        found = [self.decide(row[tag != SILENT], names) for row, tag in zip(logits, labels, strict=True)]
        return kind[right[right != SILENT]], kind[np.concatenate(found)], types

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str]) -> tuple[float, float]:
        """Entity F1 on validation of tagging nothing (0) and of giving every name seen in training its commonest type there."""
        some = data["train"].select([int(i) for i in rows])
        lookup = NameLookup(words_and_tags(some, labels))
        validation = words_and_tags(data["validation"], labels)
        found = entity_scores([lookup(words) for words, _ in validation], [tags for _, tags in validation])
        return 0.0, found["f1"]

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per text (or list of words): text, tokens, tags, and entities as (type, words)."""
        given = [well_formed(t) if isinstance(t, str) else t for t in items(inputs, "tokens")]
        words = [split_words(t) if isinstance(t, str) else _words(t) for t in given]
        columns = ["text", "tokens", "tags", "entities"]
        if not words:
            return pd.DataFrame(columns=columns)
        tags = self._tags(ask, words, tokenizer, labels, config)
        rows = [
            (" ".join(w) if not isinstance(t, str) else t, w, g, [(k, " ".join(w[a:b])) for k, a, b in entities(g)])
            for t, w, g in zip(given, words, tags, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    def _tags(
        self, ask: Ask, words: list[list[str]], tokenizer: Any, labels: list[str], config: RunConfig
    ) -> list[list[str]]:
        """One tag per word; words beyond `max_length` are outside."""
        ids, firsts = self.pieces(words, tokenizer, config.max_length)
        answers = ask(Encoded(ids, [np.full(len(i), SILENT) for i in ids], np.arange(len(ids))))
        found = []
        for row, first, sentence in zip(answers, firsts, words, strict=True):
            tags = [OUTSIDE] * len(sentence)
            for word, tag in zip(first[first >= 0], self.decide(row[first >= 0], labels), strict=True):
                tags[word] = labels[int(tag)]
            found.append(tags)
        return found

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` names that are wrong, those the model is surest about first: text, words, right, answer, p_right, p_answer.

        A name is missed (answer O), invented (right O), of the wrong type, or cut in another way.
        """
        encoded = self.encode(split, tokenizer, config.max_length, labels)
        _, firsts = self.pieces(list(split["tokens"]), tokenizer, config.max_length)
        rows: list[dict[str, Any]] = []
        for number, (logits, first) in enumerate(zip(ask(encoded), firsts, strict=True)):
            words = list(split["tokens"][number])
            right = [labels[int(i)] for i in split["tags"][number]]
            p = softmax(logits[first >= 0])  # cut words, if any, are at the end
            guess = [labels[int(i)] for i in self.decide(logits[first >= 0], labels)] + [OUTSIDE] * (
                len(words) - len(p)
            )
            rows += [{"row": number, "text": " ".join(words), **e} for e in _wrong(words, right, guess, p, labels)]
        frame = pd.DataFrame(rows, columns=["row", "text", "words", "right", "answer", "p_right", "p_answer"])
        frame = frame.sort_values("p_right", kind="stable").head(n).set_index("row")
        extra = [c for c in split.column_names if c not in ("tokens", "tags", *frame.columns)]
        return frame.assign(**{c: [split[c][int(i)] for i in frame.index] for c in extra})


def _wrong(
    words: list[str], right: list[str], guess: list[str], p: np.ndarray, labels: list[str]
) -> list[dict[str, Any]]:
    """The names in one sentence that `guess` and `right` do not share, one row per place."""
    true, found = set(entities(right)), set(entities(guess))
    rows = []
    for kind, a, b in sorted(true - found, key=lambda e: e[1]):
        other = next((k for k, c, d in sorted(found - true, key=lambda e: e[1]) if c < b and a < d), OUTSIDE)
        rows.append((kind, other, a, b))
    for kind, a, b in sorted(found - true, key=lambda e: e[1]):
        if not any(c < b and a < d for _, c, d in true - found):
            rows.append((OUTSIDE, kind, a, b))
    at = {name: i for i, name in enumerate(labels)}
    made = []
    for kind, other, a, b in rows:
        inside = range(a, min(b, len(p)))
        p_right = float(np.mean([p[w, at[right[w]]] for w in inside])) if inside else 0.0
        p_answer = float(np.mean([p[w, at[guess[w]]] for w in inside])) if inside else 1.0
        made.append(
            {"words": " ".join(words[a:b]), "right": kind, "answer": other, "p_right": p_right, "p_answer": p_answer}
        )
    return made


class NameLookup:
    """The control: a list of the names in the training texts, each with its commonest type; the longest match wins."""

    def __init__(self, sentences: list[tuple[list[str], list[str]]]) -> None:
        seen: dict[tuple[str, ...], Counter[str]] = {}
        for words, tags in sentences:
            for kind, a, b in entities(tags):
                seen.setdefault(tuple(words[a:b]), Counter())[kind] += 1
        self.names = {words: kinds.most_common(1)[0][0] for words, kinds in seen.items()}
        self.longest = max(map(len, self.names), default=0)

    def __call__(self, words: list[str]) -> list[str]:
        tags, at = [OUTSIDE] * len(words), 0
        while at < len(words):
            for size in range(min(self.longest, len(words) - at), 0, -1):
                kind = self.names.get(tuple(words[at : at + size]))
                if kind:
                    tags[at : at + size] = [f"B-{kind}"] + [f"I-{kind}"] * (size - 1)
                    break
            else:
                size = 1
            at += size
        return tags


def words_and_tags(split: Any, labels: list[str]) -> list[tuple[list[str], list[str]]]:
    """A split as plain words and tag names."""
    return [(list(w), [labels[int(i)] for i in t]) for w, t in zip(split["tokens"], split["tags"], strict=True)]


def _ends(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that stand before and behind a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next((i for i in range(len(whole)) if whole[i : i + len(plain)] == plain), 0)
    return whole[:at], whole[at + len(plain) :]


def spaces(tokenizer: Any) -> bool:
    """Whether a word with a space before it is cut in another way than without: byte-level BPE marks the space."""
    return (
        tokenizer("a", add_special_tokens=False)["input_ids"] != tokenizer(" a", add_special_tokens=False)["input_ids"]
    )
