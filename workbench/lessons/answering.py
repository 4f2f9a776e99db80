"""The exercises of lesson 07, question answering: task, judge, hints, solution. Judges look at what a model answers, never at code."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from workbench.data.gaps import sentences
from workbench.lessons.exercise import Exercise, as_number, as_whole
from workbench.metrics import answer_em, answer_f1, answer_f1_each
from workbench.tasks.answering import best_threshold
from workbench.tasks.matching import content

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


def _only_words(run: Any, other: Any, context: Any, answer: Any, easy: Any, hard: Any) -> tuple[bool, str]:
    """`other` is a witness: a run that may know what the second question asks for."""
    context, answer, easy, hard = (str(part) for part in (context, answer, easy, hard))
    if answer not in context:
        return False, f"{answer!r} is not a part of the passage."
    if len(hard.split()) < 3 or easy == hard:
        return False, "Two different questions of at least three words, please."
    if same := _said_there(hard, context, answer):
        return (
            False,
            f"The second question has {', '.join(same)} from the sentence with the answer: say it in other words.",
        )
    said = list(run.predict([(easy, context), (hard, context)])["answer"])
    words = f"The first is answered with {said[0]!r}, the second with {said[1]!r}; right is {answer!r}."
    if [answer_em([s], [[answer]]) for s in said] != [1, 0]:
        return False, words
    if _asked_by_people(hard, answer):
        return True, f"{words} The people who wrote the second one meant {answer!r}."
    found = str(other.predict([(hard, context)])["answer"].iloc[0])
    if answer_em([found], [[answer]]) != 1:
        return False, (
            f"{words} But does the second one ask for that? The other model says {found!r}, and nobody has written it for this answer."
        )
    return True, f"{words} The other model finds it by the second one, too."


def _said_there(question: str, context: str, answer: str) -> list[str]:
    """The words of a question that mean something and stand in a sentence of the passage that has the answer; in all of the passage
    where the answer goes over the end of a sentence."""
    places = [context[a:b] for a, b in sentences(context) if answer in context[a:b]] or [context]
    there = content(" ".join(places))
    return [word for word in dict.fromkeys(re.findall(r"\w[\w'’-]*", question)) if content(word) & there]


def _asked_by_people(question: str, answer: str) -> bool:
    """Whether this is a question of the bundled passages, with this answer."""
    from workbench.data import load

    rows = (row for split in load("passages").values() for row in split)
    asked = [row["answers"]["text"] for row in rows if row["question"].strip() == question.strip()]
    return any(texts and answer_em([answer], [texts]) == 1 for texts in asked)


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
        "Show that the gap model matches words: one passage, one answer, and two questions for it. The first it answers rightly. The second asks "
        "for the same thing with no word of the sentence that has the answer, and it does not. A witness is needed that it asks for the same "
        "thing: the practised model that answers it rightly, or the people who wrote it. Check with both runs, the passage, the answer and both "
        "questions.",
        _only_words,
        ("The gap model was trained on sentences of the passage with a gap called 'what'.",
         "First question: the sentence with the answer, word for word, with 'what' in the answer's place.",
         "Second question: small words such as who or was may be shared, no others. In real_data are many that people wrote so: take one, and make "
         "the first question of the sentence that has its answer."),
        "from workbench.data.gaps import sentences; rows = [(r['question'], r['context'], r['answers']['text'][0]) for r in "
        "real_data['validation'] if r['answers']['text']]; tries = [(c[a:b].replace(w, 'what').strip(), c, w, q) for q, c, w in rows "
        "for a, b in sentences(c) if w in c[a:b] and not content(q) & content(c[a:b])]; "
        "first, second = (list(filler.predict([(t[i], t[1]) for t in tries])['answer']) for i in (0, 3)); "
        "easy, context, answer_in_it, hard = next(t for t, f, s in zip(tries, first, second) if f == t[2] and t[2] not in s)",
    ),
)  # fmt: skip
