"""Files that nobody would write: whatever bytes stand in them, `wb.load` gives data or a WorkbenchError, and nothing else.

The routine check reads 500 of them; `-m benchmark` reads ten thousand.
"""

import random

import pytest
from odd_files import data_or_a_sentence

from workbench.data import stream
from workbench.data.read import READERS

PIECES = [b",", b";", b"\t", b"\n", b"\r\n", b"\r", b'"', b'""', b"'", b"|", b"text", b"label", b"labels", b"tokens", b"tags", b"split", b"train",
          b"B-PER", b"I-LOC", b"O", b"-DOCSTART-", b"# a = b", b"{", b"}", b"[", b"]", b":", b"[[[[", b'{"text": "a", "label": "b"}\n', b"null",
          b"NaN", b"1e999", b"-1", b"0", b"\x00", b"\xff", b"\xfe", b"\xef\xbb\xbf", b"\xff\xfe", b"caf\xe9", "é".encode(), "🙂".encode(), b"\\ud83d",
          b"question", b"context", b"answers", b"source", b"target", b"translation", b"en", b"fr", b"data", b"paragraphs", b"qas", b"PAR1", b" ",
          b"a good day for all of us", b"yes", b"no", b"\x1a", b"\x0c", b"\x85", b"\xe2\x80\xa8"]  # fmt: skip
STARTS = [
    b"",
    b"text,label\n",
    b"text\tlabel\n",
    b"text;labels\n",
    b'{"data": [{"title": "t", "paragraphs": [',
    b"[",
    b"PAR1",
    b"en\tfr\n",
    b"tokens,tags\n",
]


def content(draw):
    """Plain noise, or pieces of real formats in a wild order, sometimes line by line like a table."""
    kind = draw.randrange(4)
    if kind == 0:
        return draw.randbytes(draw.randrange(400))
    if kind == 1:
        return draw.choice(STARTS) + b"".join(draw.choices(PIECES, k=draw.randrange(80)))
    sign, columns = draw.choice([b",", b";", b"\t", b" "]), draw.randrange(1, 4)
    rows = [
        sign.join(b"".join(draw.choices(PIECES[:12] + PIECES[10:], k=draw.randrange(4))) for _ in range(columns))
        for _ in range(draw.randrange(20))
    ]
    return draw.choice(STARTS) + draw.choice([b"\n", b"\r\n"]).join(rows)


def read(folder, seeds):
    """How many files were data; anything but data and a WorkbenchError comes out."""
    good = 0
    for seed in seeds:
        draw = random.Random(seed)
        path = folder / f"odd{draw.choice(list(READERS))}"
        path.write_bytes(content(draw))
        good += data_or_a_sentence(path, seed)
        path.unlink()
    return good


def test_five_hundred_odd_files_are_data_or_a_sentence(tmp_path):
    assert read(tmp_path, range(500)) > 5  # some of them are


def test_odd_files_that_are_read_in_pieces_are_data_or_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(stream, "PIECE", 3)
    monkeypatch.setattr(stream, "_cache", lambda: str(tmp_path))
    assert read(tmp_path, range(20_000, 20_250)) > 2


@pytest.mark.benchmark
@pytest.mark.parametrize("start", range(0, 10_000, 1000))
def test_ten_thousand_odd_files_are_data_or_a_sentence(tmp_path, start):
    read(tmp_path, range(start, start + 1000))
