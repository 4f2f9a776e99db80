"""The exercises of all lessons: task, judge, hints, solution. A judge looks at runs and predictions, never at code.

Each judge returns (passed, why) and says its numbers, so that a wrong answer teaches as much as a right one.
"""

from __future__ import annotations

from typing import Any

from workbench.config import RunConfig
from workbench.lessons import (
    answering,
    architecture,
    beyond,
    distillation,
    domains,
    entities,
    examples,
    fault_cases,
    how_much,
    little_data,
    meeting,
    new_language,
    prompting,
    regularisation,
    remote,
    representing,
    several,
    spam,
    stopping,
    tokens,
    topics,
    translation,
    under_over,
)
from workbench.lessons.exercise import Exercise
from workbench.lessons.pairs import beyond_noise, twins
from workbench.training import events as ev

OVER = ("overfitting", "watch: overfitting")
USUAL = RunConfig().learning_rate
HIGH = 10  # 00.2: times the usual rate; below, a run may be too short to learn
LESSON_00 = RunConfig(train_examples=400, epochs=15, learning_rate=1e-4)  # what the lessons have trained themselves
LESSON_01 = RunConfig(train_examples=660, epochs=6, evaluations=6, dropout=0.3, restore_best=False)


def _overfit(run: Any) -> tuple[bool, str]:
    finding, c = run.diagnosis, run.config
    if (c.data, c.model) != (LESSON_00.data, LESSON_00.model):
        return False, f"This is {c.model} on {c.data}; {LESSON_00.model} on {LESSON_00.data} is asked for."
    if finding.verdict in OVER:
        return True, f"{finding} You made it and the numbers show it."
    return (
        False,
        f"The verdict on this run is {finding.verdict!r}: {finding} Fewer texts or more epochs make overfitting easier.",
    )


def _too_fast(run: Any) -> tuple[bool, str]:
    majority, best = run.store.facts.get("majority", 0.5), run.best
    score = best.get(run.store.metric, 0.0)
    verdict, rate = run.diagnosis.verdict, _highest_rate(run)
    if verdict not in ("diverging", "not learning", "non-finite loss"):
        return False, f"At {rate:.2g} it still learned: {score:.1%} against {majority:.1%} for the majority class."
    words = f"At {rate:.2g} the verdict is {verdict!r}: accuracy {score:.1%}, majority class {majority:.1%}."
    if rate < HIGH * USUAL:
        return (
            False,
            f"{words} But that rate is not high: the usual one is {USUAL:g}, and {HIGH} times as much is asked for.",
        )
    return True, words


def _highest_rate(run: Any) -> float:
    """The rate that was chosen, or the highest one that it was moved to in mid-run."""
    moved = [e.after for e in run.store.events if isinstance(e, ev.RateChanged)]
    return float(max([run.config.learning_rate, *moved]))


def _stopped(run: Any) -> tuple[bool, str]:
    ended, begun = run.store.last(ev.Ended), run.store.last(ev.Started)
    if ended is None or begun is None:
        return False, "This run has not ended yet."
    share = ended.step / begun.planned_steps
    if ended.reason in ("user", "patience", "rule") and share < 0.75:
        who = "you" if ended.reason == "user" else "early stopping"
        return True, (
            f"{who.capitalize()} stopped it after {ended.step} of {begun.planned_steps} steps ({share:.0%}); the weights of step "
            f"{ended.best_step}, the best one, were put back."
        )
    return (
        False,
        f"It ran for {ended.step} of {begun.planned_steps} steps and ended by {ended.reason!r}: not stopped early.",
    )


def _beats_words(run: Any) -> tuple[bool, str]:
    tfidf, score, texts = run.store.facts["control"], run.evaluate("validation")["accuracy"], run.store.facts["n_valid"]
    margin = (tfidf * (1 - tfidf) / texts) ** 0.5
    if run.config.data != "reviews":
        return False, f"This run is on {run.config.data}, the exercise is about reviews."
    if score > tfidf:
        sure = "more than" if score - tfidf > 1.96 * margin else "less than"
        return (
            True,
            f"{score:.1%} against {tfidf:.1%} for TF-IDF + logistic regression: {sure} the noise of {texts} texts (±{1.96 * margin:.1%}).",
        )
    return (
        False,
        f"{score:.1%}, and TF-IDF + logistic regression has {tfidf:.1%}. More texts, more dropout, or other weights than those of the lowest loss.",
    )


def _fooled(run: Any, pairs: Any) -> tuple[bool, str]:
    texts, wanted = [str(t) for t, _ in pairs], [str(w) for _, w in pairs]
    labels = run.store.facts["labels"]
    odd = [w for w in wanted if w not in labels]
    if odd:
        return False, f"{odd[0]!r} is not a label; the labels are {', '.join(labels)}."
    if len({t.strip().lower() for t in texts}) < 2 or any(len(t.split()) < 3 for t in texts):
        return False, "Two different sentences of at least three words, please."
    table = run.predict(texts)
    right = [t for t, answer, w in zip(texts, table["label"], wanted, strict=True) if answer == w]
    if right:
        return False, f"The model got {right[0]!r} right ({len(texts) - len(right)} of {len(texts)} fooled it)."
    return (
        True,
        f"All {len(texts)} fooled it, most surely with probability {table['probability'].max():.0%}. What do they have in common?",
    )


def _twin(run: Any, twin: Any) -> tuple[bool, str]:
    run, twin, odd = twins(run, twin)
    if odd:
        return False, odd
    a, b = run.config, twin.config
    differ = a.differing(b, "model")
    if differ:
        return False, f"They differ in {', '.join(differ)} as well as in the model: change one thing at a time."
    if a.train_examples == LESSON_01.train_examples:
        return False, f"With {a.train_examples} texts the lesson has done it: take another number."
    right, wrong = (r.evaluate("validation")["accuracy"] for r in (run, twin))
    gap, n = right - wrong, run.store.facts["n_valid"]
    noise, word = beyond_noise(gap, n)
    texts = "all texts" if a.train_examples is None else f"{a.train_examples} texts"
    return True, (
        f"With {texts}: pretrained {right:.1%}, random twin {wrong:.1%}, {gap:+.1%}, {word} the noise of {n} texts (±{noise:.1%})."
    )


def _hardest(run: Any, case: Any) -> tuple[bool, str]:
    split = run.data()["validation"]
    answers = run.predict(list(split["text"]))["label"]
    right = [split.features["label"].names[i] for i in split["label"]]
    rate: dict[str, list[bool]] = {}
    for name, answer, label in zip(split["case"], answers, right, strict=True):
        rate.setdefault(name, []).append(answer == label)
    share = {k: sum(v) / len(v) for k, v in rate.items()}
    if case not in share:
        return False, f"{case!r} is not a case; the cases are {', '.join(sorted(share))}."
    order = sorted(share, key=lambda k: share[k])
    words = ", ".join(f"{k} {share[k]:.0%} of {len(rate[k])}" for k in order)
    return case in order[:2], f"Accuracy by case: {words}."


LESSON_00_01 = (
    Exercise(
        "00.1",
        "Make bert-mini overfit reviews on purpose, and let the verdict say so. Put the run into `answer`.",
        _overfit,
        ("A model overfits when it can learn its training texts by heart.",
         "Give it few texts (train_examples=64) and many epochs, and switch early stopping off.",
         "Try train_examples=128, epochs=30, patience=None."),
        "answer = wb.fit('reviews', train_examples=128, epochs=30, learning_rate=1e-3); await answer",
        own=(LESSON_00,),
    ),
    Exercise(
        "00.2",
        "Find a learning rate so high that training does not learn at all, at least ten times the usual one. Put the run into `answer`.",
        _too_fast,
        ("The rate multiplies every step: too far a step lands anywhere.",
         "Multiply the usual 3e-4 by a hundred.",
         "Try learning_rate=3e-2 with epochs=3."),
        "answer = wb.fit('reviews', learning_rate=3e-2, epochs=3); await answer",
    ),
    Exercise(
        "00.3",
        "End a run before three quarters of its steps, by hand (Stop) or by early stopping. Put the run into `answer`.",
        _stopped,
        ("Either press Stop while it trains, or give it patience.",
         "patience=2 ends a run after two evaluations without a lower validation loss.",
         "Early stopping needs a curve that turns: few texts, many epochs, patience=2."),
        "answer = wb.fit('reviews', train_examples=256, epochs=30, patience=2); await answer",
        own=(LESSON_00.replace(patience=3),),
    ),
    Exercise(
        "01.1",
        "Beat TF-IDF + logistic regression on the validation split of reviews. Put the run into `answer`.",
        _beats_words,
        ("The grey dash-dotted line in the lower picture is the one to beat.",
         "Use all training texts, a rate between 1e-4 and 1e-3, and more dropout than the usual 0.1.",
         "The lowest loss need not be the highest accuracy: try learning_rate=3e-4, epochs=6, dropout=0.3, restore_best=False."),
        "answer = wb.fit('reviews', learning_rate=3e-4, epochs=6, dropout=0.3, restore_best=False); await answer",
    ),
    Exercise(
        "01.2",
        "Write two sentences of your own that fool your model: a list of (sentence, right label). Check with the run and the list.",
        _fooled,
        ("Look at the worst errors: what kind of sentence are they?",
         "Say something good with words of complaint, or the other way round.",
         "Concessions and irony: 'Granted, the box was dented and the manual a joke, yet we use it every day.'"),
        "pairs = [(sentence, 'positive'), (another, 'negative')]; the worst errors in run.errors(20) show what works.",
    ),
    Exercise(
        "01.3",
        "What does pretraining bring with fewer texts than the lesson's 660, or with all of them? Train bert-mini and its random twin with the "
        "same settings, and check with both runs.",
        _twin,
        ("The twin is called bert-mini:random. train_examples says how many texts; without it a run takes all.",
         "Change only the model; keep data, rate, epochs, texts and seed.",
         "my_twin = wb.fit('reviews', model='bert-mini:random', **same)"),
        "same = dict(learning_rate=3e-4, epochs=6, dropout=0.3, restore_best=False); my_run = wb.fit('reviews', **same); await my_run; "
        "my_twin = wb.fit('reviews', model='bert-mini:random', **same); await my_twin",
        own=(LESSON_01, LESSON_01.replace(model="bert-mini:random")),
    ),
    Exercise(
        "01.4",
        "Which of the cases (plain, negation, concession, irony, mixed, domain) is among the two hardest for your model? "
        "Check with the run and your guess.",
        _hardest,
        ("Read run.errors(20): it has a column `case`.",
         "Shares, not counts: plain has the most errors because it has the most texts.",
         "data['validation'] has the column too: compare answers and labels case by case."),
        "errors = run.errors(1000); cases = pd.Series(run.data()['validation']['case']); "
        "case = (errors.case.value_counts() / cases.value_counts()).idxmax()",
    ),
)  # fmt: skip

LATER = (
    meeting,
    topics,
    spam,
    entities,
    stopping,
    answering,
    translation,
    how_much,
    distillation,
    several,
    little_data,
    new_language,
    prompting,
    remote,
    beyond,
    tokens,
    representing,
    regularisation,
    fault_cases,
    examples,
    under_over,
    architecture,
    domains,
)  # lessons with a file of their own
EXERCISES: dict[str, Exercise] = {e.id: e for e in (*LESSON_00_01, *(e for module in LATER for e in module.EXERCISES))}
