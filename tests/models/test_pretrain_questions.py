"""Machine-made questions: what they ask for, how they become batches, and a run that goes on from a finished BERT, in milliseconds."""

from __future__ import annotations

import dataclasses
import random
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from workbench.errors import WorkbenchError
from workbench.models import pretrain, pretrain_card, pretrain_text, recipes
from workbench.models.neighbours import nearest
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_loop import Loop
from workbench.models.pretrain_pairs import bounds
from workbench.models.pretrain_questions import ask, questions, rows
from workbench.models.pretrain_spans import Questions, held_out, laid_out
from workbench.models.recipes import bert_mini, bert_mini_spans
from workbench.models.recipes.bert_mini import CLS, MASK, PAD, SEP

WHO = ("Ann Berg", "Tom Olsen", "Maria Lopez", "John Hart", "Eva Klein")
WHERE = ("Rome", "Oslo", "Lisbon", "Vienna", "Dublin")
WHAT = ("the old mill", "a narrow bridge", "the long wall", "a stone tower")


def document(number: int) -> list[str]:
    """A title and nine sentences; names come again."""
    draw = random.Random(number)

    def one() -> str:
        who, what, where, other = (draw.choice(some) for some in (WHO, WHAT, WHERE, WHO))
        return f"In {draw.randint(1800, 1950)} {who} sold {what} in {where} to the miller {other}."

    return [f"Mills {number}", " ".join(one() for _ in range(5)), " ".join(one() for _ in range(4))]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "mills.txt"
    path.write_text("\n\n\n".join("\n".join(document(n)) for n in range(200)) + "\n", encoding="utf-8")
    return path


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


# --- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hard", [0.0, 0.5, 1.0])
def test_an_answer_stands_where_it_is_said_to_stand(hard: float) -> None:
    made = [q for n in range(60) for q in questions(document(n), hard, 60, random.Random(n))]
    assert len(made) > 100 and {q.question[-1] for q in made} == {"?"}
    for one in made:
        assert one.context[one.start : one.start + len(one.answer)] == one.answer if one.answer else one.start == -1
        assert len(one.context.split()) <= 60 + 18  # a sentence is never cut
    assert 0.04 < sum(not q.answer for q in made) / len(made) < 0.25


def test_an_easy_question_is_a_sentence_of_its_passage_with_a_gap() -> None:
    for n in range(20):
        for one in questions(document(n), 0.0, 40, random.Random(n)):
            if one.answer:
                before, after = one.context[: one.start], one.context[one.start + len(one.answer) :]
                around = words(before.rsplit(". ", 1)[-1]), words(after.split(".", 1)[0])
                asked = words(one.question)
                assert asked[: len(around[0])] == around[0] and asked[len(asked) - len(around[1]) :] == around[1]


def test_a_hard_one_may_be_about_another_sentence_and_does_not_show_the_one_it_was_made_of() -> None:
    text = " ".join(f"Later the house{i} of town{i} was sold to Anna Berg by mister{i} for gold{i}." for i in range(12))
    other = []
    for n in range(200):
        for one in questions(["T", text], 1.0, 40, random.Random(n)):
            numbers = set(re.findall(r"\d+", one.question))
            if one.answer == "Anna Berg" and numbers:
                other.append(not numbers & set(re.findall(r"\d+", one.context)))
    assert len(other) > 100 and 0.3 < sum(other) / len(other) < 0.6  # ELSEWHERE, where there is another place


def test_no_answer_means_that_the_passage_does_not_have_it() -> None:
    """With a text whose names are all different, a passage without an answer lacks the words that were taken out."""
    sentences = [f"The number{i} of town{i} was painted by Artist{i} for a thousand guilders." for i in range(12)]
    made = [q for n in range(80) for q in questions(["T", " ".join(sentences)], 0.0, 40, random.Random(n))]
    empty = [q for q in made if not q.answer]
    assert len(empty) > 10
    for one in empty:
        number = re.search(r"(?:number|town|Artist)(\d+)", one.question)
        assert number and not re.search(rf"\b(number|town|Artist){number[1]}\b", one.context)


def test_the_words_in_front_go_when_the_question_word_takes_their_place() -> None:
    made = {ask("They sold the mill in Rome for little money.", 22, 26, 1.0, random.Random(n)) for n in range(300)}
    first = [q for q in made if q.startswith("where")]
    assert first and not [q for q in first if "where sold the mill in for" in q]
    assert len(made) > 100 and all("Rome" not in q for q in made)


def test_neighbours_take_the_place_of_words_now_and_then() -> None:
    at = nearest(torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), ["mill", "factory", "sold"])
    made = [ask("They sold the mill in Rome for little money.", 22, 26, 1.0, random.Random(n), at) for n in range(300)]
    assert 0.05 < sum("factory" in q for q in made) / len(made) < 0.3
    assert not [q for q in made if "factory" in q and "mill" in q]


def test_rows_go_from_easy_to_hard_and_are_the_same_each_time(corpus: Path) -> None:
    made = [line for [line] in rows(corpus)]
    assert made == [line for [line] in rows(corpus)] and len(made) > 400
    length = [len(line.split("[SEP]")[1].split()) for line in made]
    third = len(made) // 3
    assert np.mean(length[:40]) + 15 < np.mean(length[third:-third]) + 8 < np.mean(length[-third:])
    begins = [line.split("[SEP]")[0].split()[0] in ("who", "what", "where", "when", "in", "which", "whose", "how") for line in made]  # fmt: skip
    assert sum(begins[:20]) == 0 and sum(begins[-third:]) > 0.3 * third
    assert {line.count("[MASK]") for line in made} == {0, 2} and {line.count("[SEP]") for line in made} == {1}
    hard = [line for [line] in rows(corpus, curriculum=False)]
    assert np.mean([len(line) for line in hard]) > np.mean([len(line) for line in made])


# --- batches ----------------------------------------------------------------------------------------------------------


def flat(count: int, seed: int = 0) -> np.ndarray:
    """Ids of made-up rows, every second one with an answer of two pieces."""
    draw, parts = np.random.default_rng(seed), []
    for i in range(count):
        question, left, right = (draw.integers(10, 90, draw.integers(2, 9)) for _ in range(3))
        answer = [MASK, 100 + i, 100 + i, MASK] if i % 2 else []
        parts += [question, [SEP], left, answer, right, [SEP]]
    return np.concatenate(parts).astype(np.uint16)


def feed(ids: np.ndarray, steps: int, batch: int = 200, longest: int = 64, seed: int = 0) -> Questions:
    return Questions(ids, Plan(steps * batch, batch, 1.0, seed, ((longest, 1.0),)), torch.device("cpu"))


def test_marks_are_gone_and_their_places_kept() -> None:
    ids = flat(40)
    for number, row in enumerate(laid_out(ids, bounds(ids, SEP))):
        (start, end), pieces = row[:2].tolist(), row[2:].tolist()
        assert pieces[0] == CLS and MASK not in pieces and pieces.count(SEP) == 2
        assert pieces[start : end + 1] == ([100 + number] * 2 if number % 2 else [CLS])


def test_no_question_twice_few_left_out_and_no_batch_over_the_plan_or_nearly_empty() -> None:
    ids = flat(300)
    steps = len(feed(ids, 1).batches)
    batches = [feed(ids, steps)(step) for step in range(steps)]
    assert max(b[:, 2:].numel() for b in batches) <= 200 and min((b[:, 2:] != PAD).sum() for b in batches) >= 100
    seen = [tuple(r[r != PAD].tolist()) for b in batches for r in b[:, 2:]]
    right = {tuple(r[r != PAD].tolist()) for r in laid_out(ids, bounds(ids, SEP))[:, 2:]}
    assert len(seen) == len(set(seen)) >= 0.97 * len(right) and set(seen) <= right
    assert [len(b) for b in batches] != [len(feed(ids, steps, seed=1)(step)) for step in range(steps)]


def test_a_short_budget_goes_through_the_whole_of_it_and_a_long_one_is_refused() -> None:
    ids = flat(4000)
    some = feed(ids, 10)
    first = [int(some(step)[:, 2:].max()) for step in range(10)]  # the answers' ids count the rows
    assert np.corrcoef(first, range(10))[0, 1] > 0.9 and first[-1] > 3000
    with pytest.raises(WorkbenchError, match="at most one pass over them"):
        feed(ids, 100_000)


def test_rows_that_are_too_long_are_left_out() -> None:
    ids = flat(100)
    assert max(len(row) - 2 for step in range(3) for row in feed(ids, 3, longest=20)(step)) <= 20
    assert held_out(ids, length=20, rows=9).shape[0] == 9 and held_out(ids, length=20, rows=9).shape[1] <= 22


# --- the model --------------------------------------------------------------------------------------------------------


def test_padding_is_never_an_answer_and_ends_are_labels() -> None:
    torch.manual_seed(0)
    model = bert_mini_spans.build(300).eval()
    rows_ = laid_out(flat(6), bounds(flat(6), SEP))
    inputs, segments, ends = bert_mini_spans.corrupt(rows_, torch.Generator())
    with torch.no_grad():
        logits = bert_mini_spans.predict(model, inputs, segments)
    assert logits.shape == (12, inputs.shape[1])
    padding = (inputs == PAD).repeat_interleave(2, 0)
    assert (logits[padding] == -1e4).all() and (logits[~padding] > -100).all()
    by_hand = -torch.log_softmax(logits, 1)[torch.arange(12), ends.flatten()].mean()
    assert bert_mini_spans.loss(logits, ends) == pytest.approx(by_hand.item(), rel=1e-5)
    length = int((inputs[0] != PAD).sum())
    alone = bert_mini_spans.predict(model, inputs[:1, :length], segments[:1, :length])
    assert torch.allclose(alone, logits[:2, :length], atol=1e-5)


def test_it_goes_on_from_a_finished_bert_and_is_shipped_with_its_head(corpus: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForQuestionAnswering

    small: dict[str, Any] = {"hidden": 16, "vocabulary": 300, "batch": 512, "tokens": 512 * 8}
    build = lambda vocabulary: bert_mini.build(vocabulary, hidden=16, layers=1, heads=2)  # noqa: E731
    first = dataclasses.replace(recipes.find("bert-mini"), **small, build=build, phases=((32, 1.0),),
                                corrupt=partial(bert_mini.corrupt, vocabulary=300))  # fmt: skip
    begin, work = tmp_path / "begin", tmp_path / "work"
    pretrain.encode(first, corpus, corpus, tmp_path / "first")
    plan = Plan(first.tokens, first.batch, 1e-3, 0, first.phases)
    ids, valid = (pretrain_text.load_ids(tmp_path / "first", f"{stem}-*.npy.xz") for stem in ("ids", "valid"))
    model = pretrain.fresh_model(first, tmp_path / "first", 0)
    assert Loop(first, model, plan, ids, valid, tmp_path / "first", bf16=False).train()
    pretrain_card.write(first, tmp_path / "first", begin)

    second = dataclasses.replace(
        recipes.find("bert-mini-spans"), **small, read=rows, read_held_out=rows,
        build=lambda vocabulary: bert_mini_spans.BertForQuestionAnswering(build(vocabulary).config),
    )  # fmt: skip
    pretrain.encode(second, corpus, corpus, work, begin=begin)
    started = pretrain.begun_model(second, begin)
    again = pretrain.begun_model(second, begin)
    assert torch.equal(started.bert.encoder.layer[0].output.dense.weight, model.bert.encoder.layer[0].output.dense.weight.half().float())  # fmt: skip
    assert torch.equal(started.qa_outputs.weight, again.qa_outputs.weight)  # the fresh head is seeded
    ids, valid = (pretrain_text.load_ids(work, f"{stem}-*.npy.xz") for stem in ("ids", "valid"))
    plan = Plan(second.tokens, second.batch, 1e-3, 0, second.phases)
    loop = Loop(second, started, plan, ids, valid, work, bf16=False, begin=pretrain.begun(begin))
    loop.note_hardware("CPU, 1 thread")
    assert loop.train()
    card = pretrain_card.write(second, work, tmp_path / "out")
    shipped, info = AutoModelForQuestionAnswering.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and shipped.config.hidden_dropout_prob == 0.1
    assert card["tokens_seen"] == 2 * first.tokens and card["tasks"] == ["answering"]
    assert (
        card["command"].split(" --corpus ")[0].endswith("--seed 0")
        and "from its weights python -m workbench pretrain bert-mini-spans" in card["command"]
    )
    assert "questions made from its documents" in (tmp_path / "out" / "README.md").read_text("utf-8")
