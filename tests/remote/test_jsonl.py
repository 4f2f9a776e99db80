"""The lines that are sent: written, checked, counted. No network, no model."""

import json
from dataclasses import replace

import pytest

from workbench.errors import WorkbenchError
from workbench.remote import jsonl

GOOD = jsonl.line("It rains.", "weather", jsonl.instruction(["weather", "sport"]))


def test_a_line_is_a_conversation_that_ends_with_the_label():
    assert GOOD == {"messages": [
        {"role": "system", "content": "Answer with one label: weather, sport."},
        {"role": "user", "content": "It rains."},
        {"role": "assistant", "content": "weather"},
    ]}  # fmt: skip
    assert len(jsonl.line("It rains.", None, "x")["messages"]) == 2


def test_what_is_written_is_what_is_read():
    rows = [
        jsonl.line(text, "weather", "s")
        for text in ("a\nb", '"quoted"', "日本 🙂", "<script>", "half \ud800", *"abcdefgh")
    ]
    good, problems = jsonl.check(jsonl.write(rows))
    assert problems == [] and len(good) == len(rows)
    assert good[2] == rows[2] and good[0]["messages"][1]["content"] == "a\nb"
    assert good[4]["messages"][1]["content"] == "half ?"


def changed(**fields):
    return json.dumps({**GOOD, **fields})


@pytest.mark.parametrize(("raw", "words"), [
    ("not json", "not JSON"),
    ("[1]", "not an object"),
    (changed(extra=1), "nothing else"),
    (changed(messages=GOOD["messages"][:1]), "at least two"),
    (changed(messages=GOOD["messages"][:2]), "not the assistant's"),
    (changed(messages=[{"role": "robot", "content": "x"}, GOOD["messages"][2]]), "role 'robot'"),
    (changed(messages=[{"role": "user", "content": " "}, GOOD["messages"][2]]), "user's message is empty"),
    (changed(messages=[{"role": "user"}, GOOD["messages"][2]]), "'role' and 'content'"),
    (changed(messages=[{"role": "user", "content": "x" * 300_000}, GOOD["messages"][2]]), "longer than"),
    ("[" * 100_000, "not JSON"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(raw, words):
    content = jsonl.write([GOOD] * 10) + raw.encode() + b"\n"
    good, problems = jsonl.check(content)
    assert len(good) == 10 and [p.line for p in problems] == [11] and words in str(problems[0])


def test_too_few_lines_and_bytes_that_are_no_text():
    assert "at least 10" in str(jsonl.check(jsonl.write([GOOD] * 9))[1][0])
    assert str(jsonl.check(b"\xff\xfe")[1][0]) == "not UTF-8 at byte 0"


def test_tokens_and_cost_by_hand():
    # 38 + 9 + 7 characters in one line: 54, twice 108, a quarter of it 27
    about = jsonl.estimate([GOOD] * 2, epochs=3, price=10.0)
    assert about.tokens == 27 and about.cost == pytest.approx(27 * 3 * 10 / 1e6)
    assert "about 27 tokens × 3 epochs" in str(about)
    assert str(replace(about, epochs=1, price=None)).endswith("tokens × 1 epoch")
    exact = jsonl.estimate([GOOD], epochs=1, count=lambda text: len(text.split()))
    assert exact.tokens == 6 + 2 + 1 and exact.cost is None and "about" not in str(exact)
    with pytest.raises(WorkbenchError, match="price"):
        jsonl.estimate([GOOD], 1, price=-1)


def test_balance_counts_the_answers():
    assert jsonl.balance([GOOD, GOOD, jsonl.line("x", "sport", "s")]) == {"weather": 2, "sport": 1}
