"""The exercises of lesson 07, question answering: task, judge, hints, solution. Judges look at what a model answers, never at code."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.lessons.exercise import Exercise, as_number, as_whole
from workbench.metrics import answer_em, answer_f1, answer_f1_each
from workbench.tasks.answering import best_threshold

CLOSE = 0.005  # 07.2: how far below the best F1 a threshold may be


def _almost_right(run: Any, number: Any, answer: Any) -> tuple[bool, str]:
    split = run.data()["validation"]
    at = as_whole(number)
    if at is None or not 0 <= at < len(split):
        return False, f"There is no question {number!r}; they are numbered from 0 to {len(split) - 1}."
    row, said = split[at], str(answer)
    if not row["answers"]["text"]:
        return False, f"Question {number} has no answer: for such a question F1 is 1 or 0, as is exact match."
    if said not in row["context"]:
        return False, f"{said!r} is not a part of the passage."
    f1, em = answer_f1([said], [row["answers"]["text"]]), answer_em([said], [row["answers"]["text"]])
    words = f"{said!r} against {row['answers']['text'][0]!r}: F1 {f1:.2f}, exact match {em:.0f}."
    return f1 >= 0.5 and em == 0, words


def _threshold(run: Any, threshold: Any) -> tuple[bool, str]:
    split = run.data()["validation"]
    table = run.predict(split)
    right = [a["text"] or [""] for a in split["answers"]]
    odds, has = np.array(table["null_odds"]), np.array([r != [""] for r in right])
    if has.all():
        return False, "Every question of this data has an answer: take the run on real questions."
    if (asked := as_number(threshold)) is None:
        return False, f"A threshold is a number, not {threshold!r}."
    said = [text if o <= asked else "" for text, o in zip(table["span"], odds, strict=True)]
    score = answer_f1(said, right)
    at, best = best_threshold(odds, answer_f1_each(list(table["span"]), right), has)
    empty = sum(not s for s in said)
    words = f"With a threshold of {asked:.2f} F1 is {score:.3f}, and {empty} of {len(said)} questions get no answer."
    if score < best - CLOSE:
        return False, f"{words} There is a threshold with {best:.3f}."
    return True, f"{words} The best is {best:.3f}, at {at:.2f}."


def _only_words(run: Any, context: Any, answer: Any, easy: Any, hard: Any) -> tuple[bool, str]:
    context, answer, easy, hard = (str(part) for part in (context, answer, easy, hard))
    if answer not in context:
        return False, f"{answer!r} is not a part of the passage."
    if len(hard.split()) < 3 or easy == hard:
        return False, "Two different questions of at least three words, please."
    said = list(run.predict([(easy, context), (hard, context)])["answer"])
    right = [answer_em([s], [[answer]]) == 1 for s in said]
    return right == [
        True,
        False,
    ], f"The first is answered with {said[0]!r}, the second with {said[1]!r}; right is {answer!r}."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "07.1",
        "Find an answer that is nearly right: a part of the passage of a validation question with F1 of at least 0.5, though it is no "
        "exact match. Check with the run, the number of the question, and your answer.",
        _almost_right,
        ("Exact match wants the same words but for case, signs and articles; F1 counts the words that both have.",
         "Take a right answer of two words or more, and one word less; or take in one word that stands beside it.",
         "wb.load('passages') and run.data() have other rows: look at run.data()['validation'][0] and the next ones."),
        "rows = run.data()['validation']; number = next(i for i, r in enumerate(rows) if r['answers']['text'] and "
        "len(r['answers']['text'][0].split()) == 2 and r['answers']['text'][0].split()[0].lower() not in ('a', 'an', 'the')); "
        "answer = rows[number]['answers']['text'][0].split()[1]",
    ),
    Exercise(
        "07.2",
        "At which threshold is F1 on the validation questions as high as it can be? Check with the run on real questions and your "
        "threshold.",
        _threshold,
        ("A question gets no answer where its null_odds are above the threshold.",
         "Try a threshold below all null_odds (never an answer), one above all of them (always one), and some between.",
         "Compute F1 for every value of null_odds as threshold and take the best one."),
        "tried = [answered['null_odds'].min() - 1, *answered['null_odds']]; best_threshold = max(tried, key=lambda t: answer_f1("
        "[s if o <= t else '' for s, o in zip(answered['span'], answered['null_odds'])], right))",
    ),
    Exercise(
        "07.3",
        "Show that the gap model matches words: one passage, one answer, and two questions for it. The first it answers rightly, the "
        "second, in other words, not. Check with the run on gaps, the passage, the answer and both questions.",
        _only_words,
        ("It was trained on sentences of the passage with a gap called 'what'.",
         "First question: the sentence with the answer, word for word, with 'what' in the answer's place.",
         "Second question: ask for the same thing without any word of that sentence."),
        "easy, context, answer_in_it = next((q, c, a) for q, c, a in zip(filled['question'], filled['context'], filled['answer']) if a and "
        "q.replace('what', a) in c); hard = 'Which thing is it all about here?'",
    ),
)  # fmt: skip
