"""A tuned model that stays with its service and is asked through the API, with the methods of a Predictor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.remote import jsonl, service
from workbench.tasks.inputs import texts as texts_of


class Asker:
    """The tuned model behind the API, with the methods of a Predictor. Answers that are no label count as wrong."""

    def __init__(self, base_url: str | None, model: str, labels: Sequence[str], instruction: str) -> None:
        self.client, self.model = service.client(base_url), model
        self.labels, self.instruction = list(labels), instruction
        self._plain = {label.strip().lower(): i for i, label in enumerate(labels)}

    def answers(self, texts: Sequence[str]) -> list[str]:
        """What the model writes, text by text."""
        found = []
        for text in texts:
            with service.in_words("asking the model"):
                said = self.client.chat.completions.create(
                    model=self.model,
                    messages=jsonl.line(text, None, self.instruction)["messages"],
                    temperature=0,
                    max_tokens=16,
                )
            found.append((said.choices[0].message.content or "").strip())
        return found

    def _index(self, answer: str) -> int:
        """Which label an answer is, or -1 for none."""
        return self._plain.get(answer.lower().rstrip("."), -1)

    def _guess(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._index(a) for a in self.answers(texts)], dtype=np.int64)

    def predict(self, inputs: Any) -> pd.DataFrame:
        """One row per text: text, label (empty where the answer is none), and the answer as it was written."""
        texts = texts_of(inputs)
        written = self.answers(texts)
        known = [self._index(a) for a in written]
        return pd.DataFrame(
            {"text": texts, "label": [self.labels[i] if i >= 0 else "" for i in known], "answer": written}
        )

    def evaluate(self, split: Any) -> dict[str, float]:
        """Accuracy and macro F1 as for every classifier, and the share of answers that are no label."""
        from workbench.metrics import accuracy, f1_macro

        guess, right = self._guess(list(split["text"])), np.array(split["label"])
        return {"accuracy": accuracy(guess, right), "f1": f1_macro(guess, right), "no label": float((guess < 0).mean())}

    def errors(self, split: Any, n: int) -> pd.DataFrame:
        """Up to `n` texts that were answered wrong: text, right, answer."""
        return self._wrong(split, n, self.answers(list(split["text"])))

    def _wrong(self, split: Any, n: int, written: list[str]) -> pd.DataFrame:
        texts, right = list(split["text"]), list(split["label"])
        wrong = [i for i, a in enumerate(written) if self._index(a) != right[i]][:n]
        rows = {
            "text": [texts[i] for i in wrong],
            "right": [self.labels[right[i]] for i in wrong],
            "answer": [written[i] for i in wrong],
        }
        return pd.DataFrame(rows, index=pd.Index(wrong, name="row"))

    def confusion(self, split: Any) -> pd.DataFrame:
        """Counts: rows are what is right, columns what was answered; the last column is for answers that are no label."""
        return self._counts(split, self._guess(list(split["text"])))

    def review(self, split: Any, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """`errors` and `confusion` of a split, which the service is asked once."""
        written = self.answers(list(split["text"]))
        return self._wrong(split, n, written), self._counts(
            split, np.array([self._index(a) for a in written], dtype=np.int64)
        )

    def _counts(self, split: Any, guess: np.ndarray) -> pd.DataFrame:
        right = np.array(split["label"])
        names = [*self.labels, "(no label)"]
        counts = np.zeros((len(self.labels), len(names)), dtype=int)
        np.add.at(counts, (right, np.where(guess < 0, len(self.labels), guess)), 1)
        frame = pd.DataFrame(counts, index=pd.Index(self.labels, name="right"), columns=pd.Index(names, name="answer"))
        frame.attrs["unit"] = "text"
        return frame
