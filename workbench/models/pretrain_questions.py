"""Questions that a program makes of running text, for a pretraining that prepares question answering. No ids, no batches, no training.

A sentence of a document loses some words, the answer, and what is left of it becomes the question; the passage is a stretch of the
same document. Where the answer stands a second time, the passage may be the one around that other place, so that question and
passage say different things of the same one; some passages do not hold the answer at all. Span selection of this kind prepares a
model for questions that people ask (Glass et al. 2020, arXiv:1909.04120; Ram et al. 2021, arXiv:2101.00438); words that are dropped
and moved make a statement more like a question (Lewis et al. 2019, arXiv:1906.04980).

It begins with easy questions: on short passages a whole sentence with a gap. Word by word they become harder, since a small model
that is given the hard ones at once does not find out for a long time that the same words can be looked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from workbench.data.gaps import sentences
from workbench.models.pretrain_text import documents

EACH = 7  # questions of a document, at most one for three sentences
EASY, HARD = 0.04, 0.24  # shares of the text: up to the first all is easy, from the second on nothing is
SIZES = ((0.2, 40), (0.65, 80), (1.0, 130))  # up to this share of the text, passages of so many words at most
NOWHERE, ELSEWHERE = 0.15, 0.45  # of the hard ones: answers that the passage lacks, passages around another place

_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")
_STOP = frozenset(re.findall(r"\w+", """
    a an the of in on at to for and or but is was were are be been has had have did do does what who whom whose which when where why how
    many much it its by with from that this their his her they he she as not there than then so if no one would could can may will also
    into during after before over under between about such these those other some all each more most only very him them we i you your
    our my me us
"""))  # fmt: skip
_MONTHS = frozenset(
    re.findall(r"\w+", "January February March April May June July August September October November December")
)
_ASKED = {
    "time": ("when", "when", "when", "in what year", "what year", "what"),
    "number": ("how many", "how many", "how many", "how much", "what"),
    "place": ("where", "where", "where", "what", "which", "what place"),
    "person": ("who", "who", "who", "whom", "what", "which"),
    "name": ("who", "who", "what", "what", "which", "where", "whose"),
    "thing": ("what", "what", "what", "which", "how", "why"),
}
_HELPING = ("did", "was", "is", "does", "were", "are", "has", "had")
Neighbour = Callable[[str, random.Random], str]


@dataclass(frozen=True)
class Made:
    """One question on one passage; `start` is -1 and `answer` empty where the passage does not hold it."""

    question: str
    context: str
    answer: str
    start: int


def spans(sentence: str, draw: random.Random) -> list[tuple[int, int, float]]:
    """Places of words that could be an answer, (first character, one past the last, weight): names, numbers, and runs of words.

    >>> found = spans("In 1903 the mill was sold to Anna Berg.", random.Random(0))
    >>> ["In 1903 the mill was sold to Anna Berg."[a:b] for a, b, weight in found if weight == 3]
    ['1903', 'Anna Berg']
    """
    words = [m.span() for m in _WORD.finditer(sentence)]
    between = [sentence[a[1] : b[0]] for a, b in pairwise(words)] + [""]
    strong = [sentence[a].isdigit() or (sentence[a].isupper() and i > 0) for i, (a, _) in enumerate(words)]
    found, at = [], 0
    while at < len(words):
        if not strong[at]:
            at += 1
            continue
        last = at
        while between[last] == " " and _joins(sentence, words, between, strong, last + 1):
            last += 1
        found.append((words[at][0], words[last][1], 3.0))
        if sentence[words[at][0]].isdigit() and between[last] == " " and _heavy(sentence, words[last + 1]):
            found.append((words[at][0], words[last + 1][1], 1.0))  # with its unit
        at = last + 1
    for _ in range(3):
        size = draw.choice((1, 1, 2, 2, 3, 4, 5, 7))
        if len(words) <= size:
            continue
        first = draw.randrange(1, len(words) - size + 1)
        start, end = words[first][0], words[first + size - 1][1]
        article = sentence[slice(*words[first])].lower() in ("a", "an", "the") and size > 1
        whole = not re.search(r"[,.;:()\"“”]", sentence[start:end])
        if whole and _heavy(sentence, words[first + size - 1]) and (article or _heavy(sentence, words[first])):
            found.append((start, end, 1.2))
    return found


def _joins(sentence: str, words: list[tuple[int, int]], between: list[str], strong: list[bool], at: int) -> bool:
    """Whether a word goes on with a name or a date: another name, the number of a month, the "of" of "Bank of Ceylon"."""
    if strong[at]:
        pair = [sentence[slice(*words[i])] for i in (at - 1, at)]
        return not any(word[0].isdigit() for word in pair) or any(word in _MONTHS for word in pair)
    small = sentence[slice(*words[at])] in ("of", "de", "von", "van")
    return small and between[at] == " " and at + 1 < len(words) and strong[at + 1]


def _heavy(sentence: str, word: tuple[int, int]) -> bool:
    return sentence[slice(*word)].lower() not in _STOP


def kind(sentence: str, start: int, end: int) -> str:
    """What an answer is, as far as capitals, digits and the word before it tell: a key of `_ASKED`.

    >>> [kind("He sold it to Ann in Rome in 1903", *place) for place in ((14, 17), (21, 25), (29, 33))]
    ['name', 'place', 'time']
    """
    answer = sentence[start:end]
    before = (_WORD.findall(sentence[:start]) or [""])[-1].lower()
    if re.fullmatch(r"1[0-9]\d\d|20\d\d", answer) or _MONTHS & set(answer.split()):
        return "time"
    if answer[0].isdigit():
        return "number" if answer.count(" ") <= 1 else "thing"
    if answer[0].isupper():
        return "place" if before in ("in", "at", "near") else "person" if before in ("by", "with") else "name"
    return "thing"


def ask(
    sentence: str, start: int, end: int, hard: float, draw: random.Random, neighbour: Neighbour | None = None
) -> str:
    """What remains of a sentence without its answer, as a question; "" where nothing is left to go by.

    `hard` from 0 (the sentence, with a question word in the gap) to 1: often only the words around it, the question word in front,
    small words and some others dropped, some replaced by a `neighbour`.

    >>> ask("In 1903 the mill was sold to Anna Berg.", 29, 38, 0, random.Random(1))
    'In 1903 the mill was sold to who?'
    """
    before, after = _WORD.findall(sentence[:start]), _WORD.findall(sentence[end:])
    of = kind(sentence, start, end)
    word = draw.choice(_ASKED[of]).split()
    in_place = draw.random() >= 0.65 * hard
    if draw.random() < 0.75 * hard:  # the words around it
        before, after = before[-draw.randint(1, 9) :], after[: draw.randint(1, 9)]
    if (
        not in_place
        and before
        and (word[0] in ("where", "when") or word[0] == "in")
        and before[-1].lower() in ("in", "at", "on")
    ):
        before = before[:-1]
    dropped = draw.choice((0, 0, 0.15, 0.3)) * hard
    before, after = (
        [
            _changed(w, hard, draw, neighbour)
            for w in side
            if draw.random() >= dropped + (0.15 * hard if w.lower() in _STOP else 0)
        ]
        for side in (before, after)
    )
    if in_place:
        words = [*before, *word, *after]
    else:
        rest = [*after, *before] if of == "number" or draw.random() < 0.5 else [*before, *after]
        if draw.random() < 0.1:
            draw.shuffle(rest)
        helping = [draw.choice(_HELPING)] if of != "number" and draw.random() < 0.5 else []
        words = [*word, *helping, *rest]
    return " ".join(words) + "?" if sum(w.lower() not in _STOP for w in words) >= 2 else ""


def _changed(word: str, hard: float, draw: random.Random, neighbour: Neighbour | None) -> str:
    """Now and then another form of the word, or another word."""
    if word.lower() in _STOP or draw.random() >= 0.25 * hard:
        return word
    if neighbour and draw.random() < 0.7:
        return neighbour(word.lower(), draw)
    return re.sub(r"(?<=\w{4})(ed|s)$", "", word)


def questions(
    lines: list[str], hard: float, size: int, draw: random.Random, neighbour: Neighbour | None = None
) -> list[Made]:
    """Questions on one document, whose first line is its title; passages of at most `size` words."""
    text = [line[a:b].strip() for line in lines[1:] if len(line) > 60 and "[" not in line for a, b in sentences(line)]
    made: list[Made] = []
    wanted = min(EACH, len(text) // 3)
    for _ in range(4 * wanted):
        if len(made) == wanted:
            break
        number = draw.randrange(len(text))
        if one := _one(text, number, hard, size, draw, neighbour):
            made.append(one)
    return made


def _one(
    text: list[str], number: int, hard: float, size: int, draw: random.Random, neighbour: Neighbour | None
) -> Made | None:
    sentence = text[number]
    places = spans(sentence, draw) if 6 <= len(sentence.split()) <= 60 else []
    if not places:
        return None
    start, end, _ = draw.choices(places, [weight for *_, weight in places])[0]
    answer, about, hidden = sentence[start:end], number, -1
    question = ask(sentence, start, end, hard, draw, neighbour)
    if not question:
        return None
    if len(answer) > 3 and draw.random() < ELSEWHERE * hard:
        again = [i for i, other in enumerate(text) if i != number and _place(answer, other) >= 0]
        if again:
            about, hidden = draw.choice(again), number  # the sentence that was made a question does not show itself
            start = _place(answer, text[about])
    first, last = _stretch(text, about, hidden, draw.randint(size // 3, size), draw)
    if draw.random() < NOWHERE:
        rest = [s for i, s in enumerate(text[first:last], first) if i != about and answer not in s]
        return Made(question, " ".join(rest), "", -1) if rest else None
    before = "".join(f"{s} " for s in text[first:about])
    return Made(question, before + " ".join(text[about:last]), answer, len(before) + start)


def _place(answer: str, sentence: str) -> int:
    """Where an answer stands in a sentence as words of its own; -1 where it does not."""
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", sentence) if answer in sentence else None
    return found.start() if found else -1


def _stretch(text: list[str], about: int, hidden: int, size: int, draw: random.Random) -> tuple[int, int]:
    """The sentences around one, up to so many words, never the hidden one: (first, one past the last)."""
    first, last, count = about, about + 1, len(text[about].split())
    while True:
        sides = [i for i in (first - 1, last) if 0 <= i < len(text) and i != hidden]
        if not sides:
            return first, last
        at = draw.choice(sides)
        count += len(text[at].split())
        if count > size:
            return first, last
        first, last = min(first, at), max(last, at + 1)


def rows(path: Path, neighbour: Neighbour | None = None, curriculum: bool = True) -> Iterator[list[str]]:
    """The questions of all documents of a file, from easy to hard, each one line: question[SEP]passage, its answer between two [MASK].

    A line is what `pretrain_text.encode` closes with a separator, so that ids alternate as those of sentence pairs do.
    """
    total = sum(1 for _ in documents(path))
    for number, lines in enumerate(documents(path)):
        share = number / total if curriculum else 1.0
        hard = min(1.0, max(0.0, (share - EASY) / (HARD - EASY)))
        size = next(size for end, size in SIZES if share <= end)
        for made in questions(lines, hard, size, random.Random(number), neighbour):
            end = made.start + len(made.answer)
            passage = (f"{made.context[: made.start]}[MASK]{made.answer}[MASK]{made.context[end:]}" if made.answer else made.context)  # fmt: skip
            yield [f"{made.question}[SEP]{passage}"]
