"""The place in a passage that answers a question, or none: windows, head, scores, errors. Nothing is written, only pointed at.

The model says of every piece how well an answer could begin there and how well it could end there. Its first piece, [CLS],
stands for "the passage does not say".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from workbench.config import RunConfig
from workbench.data.text import well_formed
from workbench.errors import WorkbenchError
from workbench.metrics import answer_em, answer_f1, answer_f1_each
from workbench.models import zoo
from workbench.tasks.base import PROBE, Ask, Collate, Encoded, Prepared, cross_entropy
from workbench.tasks.windows import Found, Question, Window, best, cut

ANSWER, NONE = "an answer", "no answer"
SMALLER_PROBE = PROBE // 2  # passages are long


class SpanCollate(Collate):
    """As `Collate`, with two positions per window, and with segment ids where the model takes them."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer.pad_token_id, tokenizer.padding_side, tokenizer.model_max_length)
        self.segments = "token_type_ids" in tokenizer.model_input_names

    def __call__(self, items: list[tuple[np.ndarray, Window]]) -> dict[str, torch.Tensor]:
        batch = super().__call__(items)
        batch.pop("labels")
        windows = [window for _, window in items]
        if self.segments:
            batch["token_type_ids"] = self.padded([w.segments for w in windows], 0)
        width = batch["input_ids"].shape[1]
        before = [0 if self.side == "right" else width - len(w.offsets) for w in windows]
        for name in ("start", "end"):
            places = [getattr(w, name) + b for w, b in zip(windows, before, strict=True)]
            batch[f"{name}_positions"] = torch.tensor(places)
        return batch

    def labels(self, labels: list[Any]) -> torch.Tensor:
        return torch.zeros(len(labels))


class Answering:
    """Question and passage -> a span of the passage. Loss is the mean of the start's and the end's cross-entropy, in nats per
    question (the mean over its windows). `threshold` is how far "no answer" must score above the best span to be the answer."""

    name = "answering"
    metric = "f1"
    unit = "question"
    controls = ("no answer", "matching words")
    threshold = 0.0

    def prepare(self, data: Any, tokenizer: Any, config: RunConfig) -> Prepared:
        """Cut both splits into windows once; take some of the questions where the config asks for it."""
        _able(config, tokenizer)
        empty = any(not a["text"] for a in data["train"]["answers"])
        labels = [ANSWER, NONE] if empty else [ANSWER]
        train = self.encode(data["train"], tokenizer, config.max_length, labels)
        rng = np.random.default_rng(config.seed)
        questions = len(data["train"])
        if config.train_examples is not None and config.train_examples < questions:
            chosen = rng.permutation(questions)[: config.train_examples]
            train, questions = train.take(np.flatnonzero(np.isin(train.rows, chosen))), len(chosen)
        some = rng.permutation(np.unique(train.rows))[:SMALLER_PROBE]
        probe = train.take(np.flatnonzero(np.isin(train.rows, some)))
        validation = self.encode(data["validation"], tokenizer, config.max_length, labels)
        facts = {
            "n_train": questions,
            "n_valid": len(data["validation"]),
            "windows": len(train),
            "label_entropy": float(np.mean(np.log(train.lengths))),  # what knowing nothing costs: any piece may be it
            "tokens_per_epoch": int(train.lengths.sum()),
            "cut": 0,
        }
        return Prepared(train, validation, probe, labels, tokenizer, facts)

    def encode(self, split: Any, tokenizer: Any, max_length: int, labels: list[str]) -> Encoded:
        """The windows of every question of a split; `rows` are the questions' row numbers."""
        rows = zip(split["question"], split["context"], split["answers"], strict=True)
        return self.windows([Question(q, c, places(a)) for q, c, a in rows], tokenizer, max_length)

    def windows(self, questions: list[Question], tokenizer: Any, max_length: int) -> Encoded:
        ids, windows, rows = cut(questions, tokenizer, max_length)
        return Encoded(ids, windows, rows)

    def build(self, source: zoo.Source, prepared: Prepared, config: RunConfig) -> torch.nn.Module:
        """The checkpoint with two fresh numbers per piece: start and end."""
        from inspect import signature

        from transformers import AutoModelForQuestionAnswering

        tokenizer = prepared.tokenizer
        cfg = zoo.config(source, num_labels=2, pad_token_id=tokenizer.pad_token_id)
        zoo.set_dropout(cfg, config.dropout)
        zoo.set_layers(cfg, config.layers)
        model = zoo.build(AutoModelForQuestionAnswering, source, cfg, ignore_mismatched_sizes=True)
        takes = "token_type_ids" in signature(model.forward).parameters and getattr(cfg, "type_vocab_size", 2) > 1
        if not takes:  # DistilBERT, and models that know one kind of segment only
            tokenizer.model_input_names = [n for n in tokenizer.model_input_names if n != "token_type_ids"]
        return model

    def collate(self, tokenizer: Any) -> SpanCollate:
        return SpanCollate(tokenizer)

    def loss(self, output: Any, batch: Any) -> torch.Tensor:
        """Mean cross-entropy of start and end over the real pieces. transformers' own lets an answer begin in the padding as well."""
        ends = []
        for name in ("start", "end"):
            logits = output[f"{name}_logits"].float().masked_fill(batch["attention_mask"] == 0, -torch.inf)
            ends.append(torch.nn.functional.cross_entropy(logits, batch[f"{name}_positions"]))
        return (ends[0] + ends[1]) / 2

    def read(self, output: Any, batch: Any) -> list[np.ndarray]:
        """Per window its logits (pieces, 2) for start and end, without padding."""
        both = torch.stack([output["start_logits"], output["end_logits"]], -1).float().cpu().numpy()
        mask = batch["attention_mask"].cpu().numpy().astype(bool)
        return [row[real] for row, real in zip(both, mask, strict=True)]

    def losses(self, logits: list[np.ndarray], labels: list[Window]) -> np.ndarray:
        """Mean cross-entropy of start and end in nats, over the windows of each question, (questions,)."""
        each: dict[int, list[float]] = {}
        for one, w in zip(logits, labels, strict=True):
            each.setdefault(id(w.question), []).append(float(cross_entropy(one.T, np.array([w.start, w.end])).mean()))
        return np.array([np.mean(losses) for losses in each.values()])

    def metrics(self, logits: list[np.ndarray], labels: list[Window], names: list[str]) -> dict[str, float]:
        """F1 and exact match over all questions, as SQuAD's script has them; where some have no answer, both kinds apart."""
        answers, right = self._answers(logits, labels, names)
        each = answer_f1_each(answers, right)
        found = {"f1": float(each.mean()), "em": answer_em(answers, right)}
        empty = np.array([r == [""] for r in right])
        if NONE in names and empty.any() and not empty.all():
            found |= {"f1_answerable": float(each[~empty].mean()), "f1_unanswerable": float(each[empty].mean())}
        return found

    def pairs(self, logits: Any, labels: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """(right, answer, names): whether there is an answer and whether one was given, one entry per question."""
        answers, right = self._answers(logits, labels, names)
        return np.array([int(r == [""]) for r in right]), np.array([int(a == "") for a in answers]), [ANSWER, NONE]

    def _answers(self, logits: Any, labels: list[Window], names: list[str]) -> tuple[list[str], list[list[str]]]:
        """What is answered and what would be right, question by question."""
        found = best(logits, labels, NONE in names)
        questions = list({id(w.question): w.question for w in labels}.values())
        return [self.said(f, names) for f in found], [q.answers for q in questions]

    def said(self, found: Found, names: list[str]) -> str:
        """The span; "" where "no answer" is known and scores higher by more than the threshold."""
        return found.answer(self.threshold) if NONE in names else found.text

    def baselines(self, data: Any, rows: np.ndarray, labels: list[str]) -> tuple[float, float]:
        """F1 on validation of never answering, and of the words that match, tuned on these training rows."""
        from workbench.tasks.matching import Matcher

        train = data["train"].select([int(i) for i in rows])
        matcher = Matcher().fit(train, nothing=NONE in labels)
        validation = data["validation"]
        right = [a["text"] or [""] for a in validation["answers"]]
        said = [matcher(q, c)[0] for q, c in zip(validation["question"], validation["context"], strict=True)]
        return answer_f1([""] * len(right), right), answer_f1(said, right)

    def predict(self, ask: Ask, inputs: Any, tokenizer: Any, labels: list[str], config: RunConfig) -> pd.DataFrame:
        """One row per (question, passage): question, answer, probability, start, context, span and null_odds.

        `answer` is "" and `start` -1 where the passage does not say; `span` is the best place all the same, and `null_odds` how
        far "no answer" scores above it in nats (above 0: no answer).
        """
        questions = [_question(one) for one in _listed(inputs)]
        encoded = self.windows(questions, tokenizer, config.max_length)
        found = best(ask(encoded), encoded.labels, NONE in labels) if questions else []
        rows = []
        for question, one in zip(questions, found, strict=True):
            said = self.said(one, labels)
            nothing = not said
            rows.append({"question": question.text, "answer": said, "probability": one.p_null if nothing else one.p_span,
                         "start": -1 if nothing else one.start, "context": question.context, "span": one.text,
                         "null_odds": one.null_odds})  # fmt: skip
        columns = ["question", "answer", "probability", "start", "context", "span", "null_odds"]
        return pd.DataFrame(rows, columns=columns)

    def errors(
        self, ask: Ask, split: Any, n: int, tokenizer: Any, labels: list[str], config: RunConfig
    ) -> pd.DataFrame:
        """The `n` worst answers (lowest F1, then those the model is surest of): question, right, answer, f1, p_right, p_answer, text."""
        encoded = self.encode(split, tokenizer, config.max_length, labels)
        found = best(ask(encoded), encoded.labels, NONE in labels)
        rows = []
        for number, one in enumerate(found):
            right, said = split["answers"][number]["text"] or [""], self.said(one, labels)
            f1 = answer_f1([said], [right])
            if answer_em([said], [right]) < 1:
                rows.append({"row": number, "question": split["question"][number], "right": right[0] or NONE, "answer": said or NONE,
                             "f1": f1, "p_right": one.p_right, "p_answer": one.p_span if said else one.p_null,
                             "text": split["context"][number]})  # fmt: skip
        columns = ["row", "question", "right", "answer", "f1", "p_right", "p_answer", "text"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.sort_values(["f1", "p_answer"], ascending=[True, False], kind="stable").head(n).set_index("row")
        extra = [c for c in split.column_names if c not in ("question", "context", "answers", *frame.columns)]
        return frame.assign(**{c: [split[c][int(i)] for i in frame.index] for c in extra})


def places(answers: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """SQuAD's two lists as (first character, one past the last).

    >>> places({"text": ["Ann", "Ann Lee"], "answer_start": [4, 4]})
    ((4, 7), (4, 11))
    """
    return tuple((int(s), int(s) + len(t)) for t, s in zip(answers["text"], answers["answer_start"], strict=True))


def best_threshold(null_odds: Any, f1_of_span: Any, answerable: Any) -> tuple[float, float]:
    """(threshold, F1 there): where "no answer" should begin, found on questions whose answers are known, as SQuAD 2's script does.

    Answerable questions earn their span's F1 when it is given, the others 1 when nothing is.

    >>> best_threshold([-2.0, 1.0, 3.0], [1.0, 0.5, 0.0], [True, True, False])
    (1.0, 0.8333333333333334)
    """
    odds, f1, has = np.asarray(null_odds, float), np.asarray(f1_of_span, float), np.asarray(answerable, bool)
    order = np.argsort(odds, kind="stable")
    gain = np.where(has, f1, -1.0)[order].cumsum() + (~has).sum()  # the first k answered, all others left empty
    score = np.concatenate([[(~has).sum()], gain]) / len(odds)
    last = np.append(odds[order][1:] != odds[order][:-1], True)  # equal odds are answered together
    allowed = np.concatenate([[True], last])
    at = int(np.where(allowed, score, -1).argmax())
    return (float(odds[order][at - 1]) if at else float(odds.min() - 1)), float(score[at])


def _able(config: RunConfig, tokenizer: Any) -> None:
    """An error for models and tokenizers that cannot point at places in a text."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_QUESTION_ANSWERING_MAPPING

    kind = zoo.config(zoo.source(config.model))
    if type(kind) not in MODEL_FOR_QUESTION_ANSWERING_MAPPING or not getattr(tokenizer, "is_fast", False):
        raise WorkbenchError(
            f"model {config.model!r} ({kind.model_type}) cannot point at an answer in a passage",
            "a model that reads, such as BERT, RoBERTa, DistilBERT or ELECTRA, with a fast tokenizer", "model='bert-mini'",
        )  # fmt: skip
    if config.label_smoothing:
        raise WorkbenchError(f"label_smoothing={config.label_smoothing} with answering",
                             "none: a start and an end are places, not labels", "label_smoothing=0")  # fmt: skip


def _listed(inputs: Any) -> list[Any]:
    """One pair, one dict, a table or a list of pairs -> a list."""
    if isinstance(inputs, pd.DataFrame):
        return inputs.to_dict("records")
    if isinstance(inputs, Mapping) or (
        isinstance(inputs, tuple) and len(inputs) == 2 and all(isinstance(x, str) for x in inputs)
    ):
        return [inputs]
    if inputs is None or isinstance(inputs, str) or not hasattr(inputs, "__iter__"):
        raise WorkbenchError(f"{inputs!r:.60} instead of questions", "a question and its passage, or a list of such pairs",
                             'run.predict([("Who left?", "Ann left.")])')  # fmt: skip
    return list(inputs)


def _question(one: Any) -> Question:
    try:
        question, context = (one["question"], one["context"]) if isinstance(one, Mapping) else one
    except (KeyError, TypeError, ValueError):
        question = context = None
    if not (isinstance(question, str) and isinstance(context, str)) or not question.strip() or not context.strip():
        raise WorkbenchError(f"input {str(one)[:60]!r}", "a question and its passage, two texts that are not empty",
                             "run.predict([('Who left?', 'Ann left.')])")  # fmt: skip
    return Question(well_formed(question), well_formed(context))
