"""Scores that need no network: plain functions, and `evaluate.Metric`s over the same functions.

`evaluate.load(name)` fetches a script from the Hub; these are subclasses kept here instead. The plain functions serve the
training loop, which must not wait for `evaluate` to import.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError


def half_width(differences: Sequence[float] | np.ndarray) -> float:
    """Half the width of the 95% interval of the mean of paired differences (Student's t): wide with few seeds, as it should be.

    >>> round(half_width([1.0, 2.0, 3.0]), 3)
    2.484
    """
    from scipy.stats import t

    n = len(differences)
    return float(t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))


def accuracy(predictions: Any, references: Any) -> float:
    """Share of equal entries.

    >>> accuracy([1, 0, 1, 1], [1, 1, 1, 1])
    0.75
    """
    guess, right = _pair(predictions, references)
    return float((guess == right).mean())


def f1(predictions: Any, references: Any, positive: Any = 1) -> float:
    """F1 of one class: 2·TP / (2·TP + FP + FN); 0 where the class never occurs.

    >>> f1([1, 0, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    guess, right = (x == positive for x in _pair(predictions, references))
    hits, either = int((guess & right).sum()), int(guess.sum() + right.sum())
    return 2 * hits / either if either else 0.0


def f1_macro(predictions: Any, references: Any) -> float:
    """The plain mean of F1 over the classes that occur in either list."""
    classes = np.union1d(*_pair(predictions, references))
    return float(np.mean([f1(predictions, references, c) for c in classes]))


def f1_labels(predictions: Any, references: Any, average: str = "micro") -> float:
    """F1 of rows of zeros and ones, (texts, labels): micro counts every label of every text alike, macro every label alike.

    A label that is neither given nor right anywhere is left out of the macro mean.

    >>> f1_labels([[1, 0], [1, 1]], [[1, 1], [0, 1]])
    0.6666666666666666
    """
    guess, right = (x.astype(bool) for x in _pair(predictions, references))
    hits, either = (guess & right).sum(0), guess.sum(0) + right.sum(0)
    if average == "micro":
        return float(2 * hits.sum() / either.sum()) if either.sum() else 0.0
    seen = either > 0
    return float((2 * hits[seen] / either[seen]).mean()) if seen.any() else 0.0


def entities(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """(type, first word, one past the last word) of every name in a row of tags: IOB1, IOB2, IO, BIOES and BILOU alike.

    >>> entities(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [('PER', 0, 2), ('LOC', 3, 4), ('LOC', 4, 5)]

    A tag that is no more than its prefix (B, I) stands for a NAME; BMES says M where the others say I.
    """
    found: list[tuple[str, int, int]] = []
    kind, start, closed = "", 0, True
    for at, tag in enumerate([*tags, "O"]):
        prefix, name = _prefix_and_type(tag)
        opens = name and (closed or name != kind or prefix in "BSU")
        if kind and (not name or opens):
            found.append((kind, start, at))
        if opens:
            start = at
        kind, closed = name, not name or prefix in "ESLU"
    return found


def _prefix_and_type(tag: str) -> tuple[str, str]:
    """A tag's two parts. Without a prefix (IO) it is a type, outside it has none."""
    prefix, dash, kind = tag.partition("-")
    if prefix == "O":
        return "O", ""
    if prefix in ("B", "I", "E", "S", "L", "U") or (prefix == "M" and dash):
        return prefix, kind or "NAME"
    return "I", tag


def entity_scores(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """Precision, recall and F1 over whole names (type and both ends right), all types together, as CoNLL-2003 defines them.

    >>> entity_scores([["B-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "B-LOC"]])
    {'precision': 0.5, 'recall': 0.5, 'f1': 0.5}
    """
    if len(predictions) != len(references) or not len(references):
        raise WorkbenchError(
            f"{len(predictions)} predictions and {len(references)} references", "one of each per text, at least one"
        )
    for row, (guessed, given) in enumerate(zip(predictions, references, strict=True), 1):
        if len(guessed) != len(given):
            raise WorkbenchError(f"{len(guessed)} predicted tags and {len(given)} right ones in text {row}",
                                 "one of each per word")  # fmt: skip
    guess = {(i, *e) for i, tags in enumerate(predictions) for e in entities(tags)}
    right = {(i, *e) for i, tags in enumerate(references) for e in entities(tags)}
    hits = len(guess & right)
    precision, recall = hits / len(guess) if guess else 0.0, hits / len(right) if right else 0.0
    f = 2 * hits / (len(guess) + len(right)) if guess or right else 0.0
    return {"precision": precision, "recall": recall, "f1": f}


def _pair(predictions: Any, references: Any) -> tuple[np.ndarray, np.ndarray]:
    guess, right = np.asarray(predictions), np.asarray(references)
    if guess.shape != right.shape or not guess.size:
        raise WorkbenchError(
            f"{guess.size} predictions and {right.size} references", "one of each per text, at least one"
        )
    return guess, right


def entity_f1(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """F1 over whole names, all types together.

    >>> entity_f1([["B-PER", "O"]], [["B-PER", "B-LOC"]])
    0.6666666666666666
    """
    return entity_scores(predictions, references)["f1"]


_ARTICLE, _SIGNS = re.compile(r"\b(a|an|the)\b"), frozenset(string.punctuation)


def plain_answer(text: str) -> str:
    """An answer as SQuAD's script compares it: lower case, without signs and articles, one space between words.

    >>> plain_answer("  The U.S. and an  'Apple' ")
    'us and apple'
    """
    bare = "".join(letter for letter in text.lower() if letter not in _SIGNS)
    return " ".join(_ARTICLE.sub(" ", bare).split())


def answer_f1_each(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """F1 of the words of every answer against the reference that fits best, (answers,). "" is "no answer": right or wrong.

    >>> answer_f1_each(["the red house", ""], [["a red door", "red house"], ["Ann"]]).tolist()
    [1.0, 0.0]
    """
    return np.array(
        [max(_word_f1(guess, right) for right in rights) for guess, rights in _answers(predictions, references)]
    )


def _word_f1(guess: str, right: str) -> float:
    a, b = plain_answer(guess).split(), plain_answer(right).split()
    if not a or not b:
        return float(a == b)
    return 2 * (Counter(a) & Counter(b)).total() / (len(a) + len(b))


def answer_f1(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """The mean of `answer_f1_each`.

    >>> answer_f1(["in the old mill"], [["old mill"]])
    0.8
    """
    return float(answer_f1_each(predictions, references).mean())


def answer_em(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Exact match: the share of answers that are, but for case, signs and articles, one of their references.

    >>> answer_em(["The Mill", "mill"], [["mill."], ["old mill"]])
    0.5
    """
    pairs = _answers(predictions, references)
    return float(
        np.mean([any(plain_answer(guess) == plain_answer(right) for right in rights) for guess, rights in pairs])
    )


def _answers(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """Pairs of an answer and its references; without one that has any word in it "no answer" is right."""
    if len(predictions) != len(references) or not len(references):
        raise WorkbenchError(
            f"{len(predictions)} answers and {len(references)} lists of references",
            "one of each per question, at least one",
        )
    if any(isinstance(right, str) for right in references):
        raise WorkbenchError("a reference that is one text", "a list of right answers per question", "[['mill']]")
    kept = [[r for r in right if plain_answer(r)] or [""] for right in references]
    return list(zip(predictions, kept, strict=True))


def bleu(predictions: Sequence[str], references: Sequence[Any]) -> float:
    """BLEU of a corpus (Papineni et al. 2002) as sacrebleu computes it, as a share. A reference is a text or a list of texts.

    >>> bleu(["the cat sat on the mat"], [["the cat sat on the mat", "a cat sat there"]])
    1.0
    """
    return _corpus_score("bleu", predictions, references)[0]


def chrf(predictions: Sequence[str], references: Sequence[Any]) -> float:
    """chrF of a corpus (Popović 2015): F2 of the letter sequences that both have, 1 to 6 letters long, as a share.

    >>> chrf(["the cat"], ["the cat"])
    1.0
    """
    return _corpus_score("chrf", predictions, references)[0]


def chrf_each(predictions: Sequence[str], references: Sequence[Any]) -> np.ndarray:
    """chrF of every sentence by itself, (sentences,)."""
    from sacrebleu.metrics import CHRF

    scorer = CHRF()
    pairs = zip(predictions, references, strict=True)
    return np.array([scorer.sentence_score(p, [r] if isinstance(r, str) else list(r)).score / 100 for p, r in pairs])


def signature(name: str, references: int = 1) -> str:
    """How sacrebleu names the exact way in which `bleu` or `chrf` is computed; scores with other signatures do not compare."""
    lists = [["a b c d"] * references, ["a b c d"]][
        : 1 + (references > 1)
    ]  # a second sentence with fewer of them: nrefs:var
    return _corpus_score(name, ["a b c d"] * len(lists), lists)[1]


def _corpus_score(name: str, predictions: Sequence[str], references: Sequence[Any]) -> tuple[float, str]:
    from sacrebleu.metrics import BLEU, CHRF

    lists = [[r] if isinstance(r, str) else list(r) for r in references]
    if len(predictions) != len(lists) or not lists or not all(lists):
        raise WorkbenchError(f"{len(predictions)} translations and {len(lists)} references",
                             "one or more references for each translation, at least one translation")  # fmt: skip
    streams = [[r[i] if i < len(r) else None for r in lists] for i in range(max(map(len, lists)))]
    scorer: Any = BLEU() if name == "bleu" else CHRF()
    score = scorer.corpus_score(list(predictions), streams).score / 100
    return min(1.0, float(score)), str(scorer.get_signature())


FUNCTIONS: dict[str, Callable[..., float]] = {
    "accuracy": accuracy,
    "f1": f1,
    "f1_macro": f1_macro,
    "entity_f1": entity_f1,
    "answer_f1": answer_f1,
    "answer_em": answer_em,
    "bleu": bleu,
    "chrf": chrf,
}


def metric(name: str) -> Any:
    """An `evaluate.Metric` for one of the functions above, with `compute(predictions=..., references=...)`."""
    import datasets
    import evaluate

    if name not in FUNCTIONS:
        raise WorkbenchError(f"no metric is called {name!r}", f"one of {', '.join(FUNCTIONS)}", "metric('accuracy')")
    function = FUNCTIONS[name]

    class Local(evaluate.Metric):
        def _info(self) -> Any:
            one: Any = [datasets.Value("string")] if name == "entity_f1" else datasets.Value("int64")
            features: Any = datasets.Features({"predictions": one, "references": one})
            text = datasets.Value("string")
            if name.startswith("answer_"):
                features = datasets.Features({"predictions": text, "references": [text]})
            if name in ("bleu", "chrf"):
                features = [datasets.Features({"predictions": text, "references": r}) for r in (text, [text])]
            return evaluate.MetricInfo(description=function.__doc__ or "", citation="", features=features)

        def _compute(self, predictions: Any, references: Any, **options: Any) -> dict[str, float]:
            return {name: function(predictions, references, **options)}

    return Local(keep_in_memory=True)
