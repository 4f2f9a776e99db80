"""The lines that a hosted service learns from: one conversation each, with the label as the assistant's answer. No network.

The format is that of OpenAI's fine-tuning API, which others have taken over: {"messages": [{"role", "content"}, ...]}.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import WorkbenchError

ROLES = ("system", "user", "assistant")
FEWEST = 10  # lines below which services refuse a file
MOST_TOKENS = 65_536  # of one line


def instruction(labels: Sequence[str], what: str = "label") -> str:
    """The system message: what is asked, and the answers there are.

    >>> instruction(["spam", "ham"])
    'Answer with one label: spam, ham.'
    """
    return f"Answer with one {what}: {', '.join(labels)}."


def line(text: str, label: str | None, system: str) -> dict[str, Any]:
    """One conversation; without a label it is a question."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    return {"messages": messages + ([{"role": "assistant", "content": label}] if label is not None else [])}


def write(rows: Iterable[dict[str, Any]]) -> bytes:
    """UTF-8, one JSON object per line. Lone surrogates become question marks, as no service takes them."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace")


@dataclass(frozen=True)
class Problem:
    """Something wrong with a line (counted from 1; 0 for the whole file)."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


def check(content: bytes) -> tuple[list[dict[str, Any]], list[Problem]]:
    """(the good lines, everything that is wrong): what a service would refuse, and what would teach nothing.

    >>> check(b'{"messages": []}')[1][0]
    Problem(line=1, text="'messages' is not a list of at least two")
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Problem(0, f"not UTF-8 at byte {error.start}")]
    rows, problems = [], []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip():
            problems.append(Problem(number, "empty"))
            continue
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            problems.append(Problem(number, "not JSON"))
            continue
        wrong = _wrong(row)
        if wrong:
            problems.append(Problem(number, wrong))
        else:
            rows.append(row)
    if len(rows) < FEWEST:
        problems.append(Problem(0, f"{len(rows)} good lines: services ask for at least {FEWEST}"))
    return rows, problems


def _wrong(row: Any) -> str:
    """What is wrong with one line, or nothing."""
    if not isinstance(row, dict) or set(row) - {"messages"}:
        return "not an object with 'messages' and nothing else"
    messages = row.get("messages")
    if not isinstance(messages, list) or len(messages) < 2:
        return "'messages' is not a list of at least two"
    for message in messages:
        if not isinstance(message, dict) or set(message) != {"role", "content"}:
            return "a message is not an object with 'role' and 'content'"
        if message["role"] not in ROLES:
            return f"role {str(message['role'])[:20]!r} is none of {', '.join(ROLES)}"
        if not isinstance(message["content"], str) or not message["content"].strip():
            return f"the {message['role']}'s message is empty"
    if messages[-1]["role"] != "assistant":
        return "the last message is not the assistant's"
    if len(json.dumps(row)) > 4 * MOST_TOKENS:
        return f"longer than {MOST_TOKENS:,} tokens or so"
    return ""


@dataclass(frozen=True)
class Estimate:
    """What will be sent and what it will cost. `price` is what the service asks per million trained tokens, if it was said."""

    examples: int
    tokens: int
    epochs: int
    exact: bool  # counted by the model's own tokenizer, not by characters
    price: float | None = None

    @property
    def cost(self) -> float | None:
        """In the currency of the price."""
        return None if self.price is None else self.tokens * self.epochs * self.price / 1e6

    def __str__(self) -> str:
        about = "" if self.exact else "about "
        words = (
            f"{self.examples:,} examples, {about}{self.tokens:,} tokens × {self.epochs} epoch{'s' * (self.epochs != 1)}"
        )
        return words + ("" if self.cost is None else f": {self.cost:.2f} at {self.price:g} per million tokens")


def estimate(rows: Sequence[dict[str, Any]], epochs: int, price: float | None = None, count: Callable[[str], int] | None = None) -> Estimate:  # fmt: skip
    """Tokens of all messages; without a tokenizer one token for every four characters, as English has them."""
    if price is not None and not (math.isfinite(price) and price >= 0):
        raise WorkbenchError(f"price={price}", "what the service asks per million tokens, 0 or more", "price=3.0")
    texts = [m["content"] for row in rows for m in row["messages"]]
    tokens = sum(map(count, texts)) if count else math.ceil(sum(map(len, texts)) / 4)
    return Estimate(len(rows), tokens, epochs, count is not None, price)


def balance(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How often each answer occurs, the commonest first."""
    return dict(Counter(row["messages"][-1]["content"] for row in rows).most_common())
