"""Exercises of lesson 20, Training somewhere else. Judges look at lines, estimates and jobs; they send nothing."""

from __future__ import annotations

from typing import Any

from workbench.lessons.exercise import Exercise

PRICE, PURSE, ENOUGH = 8.0, 0.10, 100
ABOVE = 0.20
LESSON = (160, 4, 0, None)  # examples, epochs, seed and multiplier of the lesson's own job


def _mended(content: Any) -> tuple[bool, str]:
    from workbench.remote import jsonl

    if not isinstance(content, bytes):
        return False, f"A file is bytes; this is {type(content).__name__}."
    rows, problems = jsonl.check(content)
    if problems:
        return False, f"{len(problems)} problems are left, the first: {problems[0]}."
    counts = jsonl.balance(rows)
    if len(rows) < 20:
        return False, f"{len(rows)} lines: mend what is broken instead of leaving it out."
    if len(counts) > 2:
        return (
            False,
            f"Two labels, but {len(counts)} different answers: {', '.join(map(repr, counts))}. A model learns every spelling.",
        )
    return True, f"{len(rows)} lines, answers {counts}."


def _affordable(run: Any) -> tuple[bool, str]:
    found = run.estimate
    if found is None or found.cost is None:
        return False, f"There is no cost in the estimate: price={PRICE:g}."
    words = str(found)
    if found.price != PRICE:
        return False, f"{words}. The service asks {PRICE:g} per million tokens."
    if found.cost > PURSE:
        return False, f"{words}. Your purse holds {PURSE:.2f}."
    if found.examples < ENOUGH:
        return False, f"{words}. Keep {ENOUGH} examples or more: what else costs?"
    return True, words


def _tuned(run: Any) -> tuple[bool, str]:
    if not run.store.facts.get("tuned"):
        return False, f"The job is {run.status}: there is no tuned model yet."
    score, majority = float(run.frame()["accuracy"].iloc[-1]), float(run.store.facts["majority"])
    words = (
        f"{run.store.facts['n_train']} examples, {score:.1%} of the answers right; the commonest class: {majority:.1%}."
    )
    if score < majority + ABOVE:
        return False, f"{words} Twenty points above is the aim: more examples, more epochs, a larger multiplier."
    return True, words


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "20.1",
        "Mend the broken file: every line as a service wants it, no line left out, one spelling for each label. Put its bytes into `answer`.",
        _mended,
        ("jsonl.check(broken) says which lines are wrong and why.",
         "Read the lines as JSON where they are JSON; the answer is the last message of each.",
         "Strip and lower the answers, turn the role 'bot' into 'assistant', put the missing bracket back."),
        "text = broken.decode('utf-8-sig').replace('\"bot\"', '\"assistant\"').replace('\"}]\\n', '\"}]}\\n')\n"
        "rows = [json.loads(line) for line in text.splitlines() if line.strip()]\n"
        "for row in rows: row['messages'][-1]['content'] = row['messages'][-1]['content'].strip().lower()\n"
        "answer = jsonl.write(rows)",
    ),
    Exercise(
        "20.2",
        "A service asks 8.00 per million trained tokens and you have 0.10 to spend. Prepare a job on headlines with at least 100 examples that you can "
        "afford. Put the run, not yet started, into `answer`.",
        _affordable,
        ("What is paid for is tokens times epochs.",
         "The instruction is sent with every example: how long is it?",
         "wb.hosted('headlines', base_url=server.url, train_examples=100, epochs=1, price=8.0)"),
        "answer = wb.hosted('headlines', base_url=server.url, train_examples=100, epochs=1, price=8.0, instruction='Topic?')",
    ),
    Exercise(
        "20.3",
        "Let the service train a model that is at least twenty points above the commonest class. Put the finished run into `answer`.",
        _tuned,
        ("How many examples did the lesson's job have?",
         "200 examples, four epochs, multiplier=1.",
         "wb.hosted('headlines', base_url=server.url, train_examples=200, epochs=4)"),
        "answer = wb.hosted('headlines', base_url=server.url, train_examples=200, epochs=4); await answer.start()",
        lessons=lambda run: (run.config.train_examples, run.config.epochs, run.config.seed, run.store.facts["multiplier"]) == LESSON,
    ),
)  # fmt: skip
