"""Gap questions and shortened passages: every answer is at its place, and nothing depends on chance but the seed."""

import pandas as pd
import pytest

from workbench.data.gaps import GAP, around, gap_questions, sentences
from workbench.data.load import load


@pytest.fixture(scope="module")
def split():
    return load("passages")["validation"]


def test_a_gap_question_with_its_answer_in_the_gap_is_a_sentence_of_the_passage(split):
    rows = gap_questions(split["context"], 3)
    assert 60 < len(rows) <= 3 * 24
    for question, context, answers in rows.itertuples(index=False):
        (text,), (start,) = answers["text"], answers["answer_start"]
        assert context[start:].startswith(text) and 1 <= len(text.replace("-", "").split()) <= 4
        before = context[:start]
        assert any(question == f"{before[-n:] if n else ''}{GAP}{context[start + len(text):][:m]}"
                   for n in range(len(before) + 1) for m in [len(question) - n - len(GAP)] if m >= 0)  # fmt: skip


def test_the_same_seed_makes_the_same_questions(split):
    assert gap_questions(split["context"], 2, 1).equals(gap_questions(split["context"], 2, 1))
    assert not gap_questions(split["context"], 2, 1).equals(gap_questions(split["context"], 2, 2))


def test_a_passage_without_a_sentence_that_is_long_enough_has_no_gaps():
    assert len(gap_questions(["Ann left.", ""], 3)) == 0


def test_a_shortened_passage_is_a_part_of_the_whole_and_holds_the_answer(split):
    rows = around(split, 3, seed=1)
    assert len(rows) == len(split) and list(rows["question"]) == list(split["question"])
    for short, row in zip(rows.itertuples(), split, strict=True):
        assert short.context in row["context"] and len(short.context) < len(row["context"])
        assert short.answers["text"] == row["answers"]["text"]
        for text, start in zip(short.answers["text"], short.answers["answer_start"], strict=True):
            assert short.context[start:].startswith(text)


def test_a_passage_that_is_short_already_stays_whole():
    rows = pd.DataFrame([{"question": "Who?", "context": "Ann left.", "answers": {"text": [], "answer_start": []}}])
    assert around(rows)["context"][0] == "Ann left."


def test_what_is_made_can_be_loaded(split):
    data = load(
        pd.concat([around(split).assign(split="train"), gap_questions(split["context"], 2).assign(split="validation")])
    )
    assert data.task == "answering" and len(data["train"]) == 119


def test_sentences_leave_nothing_out():
    text = "One 1.5 mile; two! Three"
    assert "".join(text[a:b] for a, b in sentences(text)) == text
